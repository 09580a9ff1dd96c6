//! What policies look at of an item besides its place: which attributes they name, and what Atlassian says of them.
//!
//! Only what a policy names is asked for. What is named and not known is no reason to decide as if it were absent: the
//! item is denied. "Known to be empty", such as an issue without a security level, is a value of its own.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;

use cedar_policy::Policy;
use cedar_policy::RestrictedExpression;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use crate::policy::Product;
use crate::policy::Resource;
use crate::policy::ResourceKind;

/// An attribute of an item that Atlassian has to be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Attribute {
    /// `issue_type` of an issue: the name of its type.
    IssueType,
    /// `status` of an issue: its name.
    Status,
    /// `security_level` of an issue, by name; absent where it has none.
    SecurityLevel,
    /// `labels` of an issue.
    IssueLabels,
    /// `category` of a project, by name; absent where it has none.
    Category,
    /// `labels` of a page.
    PageLabels,
    /// `restricted` of a page: whether only some may read it, by itself or by a page above it.
    Restricted,
    /// The pages above a page, which it is `in`.
    Ancestors,
}

/// What is known of an attribute.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Known {
    /// It has this value.
    Text(String),
    /// It is so, or not.
    Flag(bool),
    /// It has these values; for [`Attribute::Ancestors`], these are ids.
    Texts(BTreeSet<String>),
    /// There is none.
    Absent,
}

impl Attribute {
    /// Every attribute.
    pub const ALL: [Self; 8] = [
        Self::IssueType,
        Self::Status,
        Self::SecurityLevel,
        Self::IssueLabels,
        Self::Category,
        Self::PageLabels,
        Self::Restricted,
        Self::Ancestors,
    ];

    /// Its name in policies. The pages above a page are no attribute there: it is in them.
    pub fn name(self) -> &'static str {
        match self {
            Self::IssueType => "issue_type",
            Self::Status => "status",
            Self::SecurityLevel => "security_level",
            Self::IssueLabels | Self::PageLabels => "labels",
            Self::Category => "category",
            Self::Restricted => "restricted",
            Self::Ancestors => "ancestors",
        }
    }

    /// What it is an attribute of.
    pub fn of(self) -> ResourceKind {
        match self {
            Self::IssueType | Self::Status | Self::SecurityLevel | Self::IssueLabels => ResourceKind::Issue,
            Self::Category => ResourceKind::Project,
            Self::PageLabels | Self::Restricted | Self::Ancestors => ResourceKind::Page,
        }
    }

    /// The attribute of this name of such a resource.
    pub fn named(kind: ResourceKind, name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|attribute| attribute.of() == kind && attribute.name() == name)
    }

    /// Whether a value is one that it can have.
    pub fn takes(self, value: &Known) -> bool {
        match self {
            Self::SecurityLevel | Self::Category => matches!(value, Known::Text(_) | Known::Absent),
            Self::IssueType | Self::Status => matches!(value, Known::Text(_)),
            Self::IssueLabels | Self::PageLabels | Self::Ancestors => matches!(value, Known::Texts(_)),
            Self::Restricted => matches!(value, Known::Flag(_)),
        }
    }

    fn bit(self) -> u16 {
        1 << self as u16
    }
}

impl Known {
    /// As Cedar has it; nothing where there is none.
    pub(super) fn expression(&self) -> Option<RestrictedExpression> {
        let text = |text: &String| RestrictedExpression::new_string(text.clone());
        Some(match self {
            Self::Text(one) => text(one),
            Self::Flag(flag) => RestrictedExpression::new_bool(*flag),
            Self::Texts(several) => RestrictedExpression::new_set(several.iter().map(text)),
            Self::Absent => return None,
        })
    }
}

/// A set of attributes: those that some policies name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Needs(u16);

impl Needs {
    /// Whether nothing is named.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether this is one of them.
    pub fn contains(self, attribute: Attribute) -> bool {
        self.0 & attribute.bit() != 0
    }

    /// The same with one more.
    #[must_use]
    pub fn with(self, attribute: Attribute) -> Self {
        Self(self.0 | attribute.bit())
    }

    /// What one or the other names.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those of one kind of resource.
    #[must_use]
    pub fn of(self, kind: ResourceKind) -> Self {
        self.filter(|attribute| attribute.of() == kind)
    }

    /// Those of one product.
    #[must_use]
    pub fn of_product(self, product: Product) -> Self {
        self.filter(|attribute| match attribute.of() {
            ResourceKind::Instance(of) => of == product,
            ResourceKind::Project | ResourceKind::Issue => product == Product::Jira,
            ResourceKind::Space | ResourceKind::Page => product == Product::Confluence,
        })
    }

    /// This one, if it is among them.
    #[must_use]
    pub fn only(self, attribute: Attribute) -> Self {
        Self(self.0 & attribute.bit())
    }

    /// The attributes, in order.
    pub fn iter(self) -> impl Iterator<Item = Attribute> {
        Attribute::ALL.into_iter().filter(move |attribute| self.contains(*attribute))
    }

    fn filter(self, keep: impl Fn(Attribute) -> bool) -> Self {
        self.iter().filter(|attribute| keep(*attribute)).fold(Self::default(), Self::with)
    }

    /// Every attribute.
    pub(super) fn all() -> Self {
        Attribute::ALL.into_iter().fold(Self::default(), Self::with)
    }

    /// What a policy names. What cannot be read may name anything.
    pub(super) fn of_policy(policy: &Policy) -> Self {
        policy.to_json().map_or_else(|_| Self::all(), |json| Self::named_in(&json))
    }

    /// The same of a policy as Cedar writes it in JSON.
    pub(super) fn named_in(policy: &Value) -> Self {
        let mut needs = Self::default();
        needs.look(policy);
        if asks_below(policy) {
            needs = needs.with(Attribute::Ancestors);
        }
        needs
    }

    fn look(&mut self, node: &Value) {
        match node {
            Value::Object(fields) => {
                if let (Some(left), Some(path)) = (fields.get("left"), fields.get("attr"))
                    && !is_of_the_call(left)
                {
                    let names = path.as_array().map_or(std::slice::from_ref(path), Vec::as_slice);
                    for name in names.iter().filter_map(Value::as_str) {
                        let named = Attribute::ALL.into_iter().filter(|one| one.name() == name);
                        *self = named.fold(*self, Self::with);
                    }
                }
                fields.values().for_each(|field| self.look(field));
            }
            Value::Array(items) => items.iter().for_each(|item| self.look(item)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}

/// Whether something is asked to be in a page: it may be one above the resource.
fn asks_below(node: &Value) -> bool {
    match node {
        Value::Object(fields) => {
            let is_in = fields.get("op").and_then(Value::as_str) == Some("in");
            (is_in && names_page(node))
                || fields.get("in").is_some_and(names_page)
                || fields.values().any(asks_below)
        }
        Value::Array(items) => items.iter().any(asks_below),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn names_page(node: &Value) -> bool {
    match node {
        Value::Object(fields) => {
            let kind = fields.get("type").and_then(Value::as_str);
            kind == Some(ResourceKind::Page.type_name()) || fields.values().any(names_page)
        }
        Value::Array(items) => items.iter().any(names_page),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Whether an expression is the context, the principal or a part of one: they have attributes of such names as well.
fn is_of_the_call(mut expression: &Value) -> bool {
    while let Some(left) = expression.get(".").and_then(|access| access.get("left")) {
        expression = left;
    }
    matches!(expression.get("Var").and_then(Value::as_str), Some("context" | "principal"))
}

/// What Atlassian said of items in one call, the last word on each attribute.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observed {
    items: HashMap<(ResourceKind, String), BTreeMap<Attribute, Known>>,
}

impl Observed {
    /// Notes what an attribute of a resource is. What the attribute cannot be is as good as not known.
    pub fn note(&mut self, resource: &Resource, attribute: Attribute, value: Known) {
        let kind = resource.kind();
        if attribute.of() == kind && attribute.takes(&value) {
            self.items.entry((kind, resource.id().to_owned())).or_default().insert(attribute, value);
        }
    }

    /// Takes over what was said later.
    pub fn update(&mut self, later: Self) {
        for (item, known) in later.items {
            self.items.entry(item).or_default().extend(known);
        }
    }

    /// What is known of a resource, or of what a part lies in.
    pub fn of(&self, resource: &Resource) -> Option<&BTreeMap<Attribute, Known>> {
        // Most calls have none: no text is made for them.
        if self.items.is_empty() {
            return None;
        }
        self.items.get(&(resource.kind(), resource.id().to_owned()))
    }

    /// The first of these attributes that is not known of a resource which has it.
    pub fn lacks(&self, resource: &Resource, needs: Needs) -> Option<Attribute> {
        let known = self.of(resource);
        needs.of(resource.kind()).iter().find(|one| known.is_none_or(|known| !known.contains_key(one)))
    }

    /// The first of these attributes that is not known of a resource, or of the project or space it lies in.
    pub fn lacks_around(&self, resource: &Resource, needs: Needs) -> Option<Attribute> {
        self.lacks(resource, needs).or_else(|| self.lacks(&resource.around()?, needs))
    }

    /// The pages above a page, as far as they are known.
    pub(super) fn ancestors(&self, page: &Resource) -> impl Iterator<Item = &str> {
        let known = self.of(page).and_then(|known| known.get(&Attribute::Ancestors));
        let ids = match known {
            Some(Known::Texts(ids)) => Some(ids),
            _ => None,
        };
        ids.into_iter().flatten().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_policy_names_is_told_by_its_tree() {
        use Attribute::*;
        let table: [(&str, &[Attribute]); 13] = [
            ("resource has category && resource.category == \"Secret\"", &[Category]),
            ("resource.project has category && resource.project.category like \"S*\"", &[Category]),
            ("true", &[]),
            ("resource has status && resource.status == \"Done\"", &[Status]),
            ("resource.project.key == \"OPS\"", &[]),
            ("resource has labels && resource.labels.contains(\"public\")", &[IssueLabels, PageLabels]),
            ("context.input.issue_type == \"Bug\" && context has input.status", &[]),
            ("(if resource has security_level then true else false)", &[SecurityLevel]),
            ("resource in Confluence::Page::\"7\"", &[Ancestors]),
            ("resource in [Confluence::Page::\"7\", Confluence::Space::\"A\"]", &[Ancestors]),
            ("resource is Confluence::Page in Confluence::Page::\"7\"", &[Ancestors]),
            ("resource == Confluence::Page::\"7\" || resource in Confluence::Space::\"A\"", &[]),
            ("[resource].contains(resource) && {\"status\": resource}.status.key == \"x\"", &[Status]),
        ];
        for (condition, named) in table {
            let text = format!("permit (principal, action, resource) when {{ {condition} }};");
            let needs = Needs::of_policy(&text.parse().unwrap());
            assert_eq!(needs.iter().collect::<Vec<_>>(), named, "{condition}");
        }
        for (scope, below) in [("in", true), ("==", false), ("is Confluence::Page in", true)] {
            let text = format!("forbid (principal, action, resource {scope} Confluence::Page::\"7\");");
            assert_eq!(!Needs::of_policy(&text.parse().unwrap()).is_empty(), below, "{scope}");
        }
    }
}
