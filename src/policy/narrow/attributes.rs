//! What attributes of items are in queries: one row each.

use crate::policy::ResourceKind;

/// What a query can say of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The project or space the item lies in, as an entity.
    Place,
    /// The key of the project or space.
    PlaceKey,
    /// The item's own key.
    Key,
    /// A text, or a set of them, in a field. Queries compare without case and know names that are no longer in use, so
    /// they find more than the policy means: such a condition narrows, but is never exact.
    Field {
        /// The field, as queries name it.
        name: &'static str,
        /// Whether there are items without one. Of the others policies that ask are told that it is there: an item of
        /// which it is not known is denied.
        optional: bool,
    },
}

/// The attribute of a kind of item, by its path, and what it means.
struct Attribute(ResourceKind, &'static [&'static str], Meaning);

const fn field(name: &'static str, optional: bool) -> Meaning {
    Meaning::Field { name, optional }
}

/// The attributes of the schema that queries know.
const ATTRIBUTES: &[Attribute] = &[
    Attribute(ResourceKind::Issue, &["project"], Meaning::Place),
    Attribute(ResourceKind::Issue, &["project", "key"], Meaning::PlaceKey),
    Attribute(ResourceKind::Issue, &["key"], Meaning::Key),
    Attribute(ResourceKind::Issue, &["issue_type"], field("issuetype", false)),
    Attribute(ResourceKind::Issue, &["status"], field("status", false)),
    Attribute(ResourceKind::Issue, &["labels"], field("labels", false)),
    Attribute(ResourceKind::Issue, &["security_level"], field("level", true)),
    Attribute(ResourceKind::Page, &["space"], Meaning::Place),
    Attribute(ResourceKind::Page, &["space", "key"], Meaning::PlaceKey),
    Attribute(ResourceKind::Page, &["labels"], field("label", false)),
    Attribute(ResourceKind::Space, &["key"], Meaning::PlaceKey),
];

/// What an attribute of an item means in a query; nothing if no query can say it.
pub(super) fn meaning(kind: ResourceKind, path: &[&str]) -> Option<Meaning> {
    ATTRIBUTES.iter().find(|row| row.0 == kind && row.1 == path).map(|row| row.2)
}
