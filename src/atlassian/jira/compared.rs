//! What the fields of a query are compared with: issues, projects, what projects have, or nothing that could be hidden.

use serde_json::Value;

use super::Catalogue;
use super::Field;

/// What the values of a field name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compared {
    /// Issues, by key or number.
    Issues,
    /// Projects, by key, name or number.
    Projects,
    /// What a project has, by name or number: versions, components, sprints.
    Owned,
    /// Nothing that policies hide.
    Others,
    /// Nobody says: a field of an app or of a newer Jira, which may take issues by key.
    Unlisted,
}

/// The fields that are the key of an issue itself.
const KEYS: &[&str] = &["key", "issuekey", "issue", "id"];

/// Fields whose values are issues.
const OF_ISSUES: &[&str] = &[
    "key",
    "issuekey",
    "issue",
    "id",
    "parent",
    "epic link",
    "parent link",
    "parent issue",
    "linkedissue",
    "parentepic",
    "issuelink",
    "workitem",
    "workitemkey",
];

/// Fields whose values belong to projects.
const OWNED: &[&str] = &[
    "affectedversion",
    "category",
    "component",
    "components",
    "customer request type",
    "fixversion",
    "level",
    "request type",
    "sprint",
];

/// Other fields of Jira's own.
const OF_OTHERS: &[&str] = &[
    "assignee",
    "comment",
    "created",
    "creator",
    "description",
    "due",
    "duedate",
    "environment",
    "filter",
    "issuetype",
    "labels",
    "lastviewed",
    "originalestimate",
    "priority",
    "remainingestimate",
    "reporter",
    "resolution",
    "resolved",
    "status",
    "statuscategory",
    "summary",
    "text",
    "timespent",
    "type",
    "updated",
    "voter",
    "votes",
    "watcher",
    "watchers",
    "workratio",
];

impl Compared {
    /// What a field of Jira's own is compared with, by its name in small letters; nothing for other fields.
    pub(super) fn known(field: &str) -> Option<Self> {
        let table = [(OF_ISSUES, Self::Issues), (OWNED, Self::Owned), (OF_OTHERS, Self::Others)];
        if field == "project" {
            return Some(Self::Projects);
        }
        table.into_iter().find(|(names, _)| names.contains(&field)).map(|(_, compared)| compared)
    }

    /// Whether a field, by its name in small letters, is the key of an issue itself, and not of another.
    pub(super) fn is_key(field: &str) -> bool {
        KEYS.contains(&field)
    }

    /// The same for a field of the site. Several may have one name.
    pub(super) fn told(field: &str, catalogue: &Catalogue) -> Self {
        let number = field.strip_prefix("cf[").and_then(|number| number.strip_suffix(']'));
        let id = number.map_or_else(|| field.to_owned(), |number| format!("customfield_{number}"));
        let is_it = |known: &Field<'_>| known.id == id || known.name.eq_ignore_ascii_case(field);
        let found: Vec<Self> = catalogue.fields().filter(is_it).map(Self::of).collect();
        let first = [Self::Issues, Self::Projects, Self::Owned];
        let otherwise = if found.is_empty() { Self::Unlisted } else { Self::Others };
        first.into_iter().find(|compared| found.contains(compared)).unwrap_or(otherwise)
    }

    fn of(field: Field<'_>) -> Self {
        let is = |kind: &str| {
            ["type", "items"].iter().any(|name| field.schema.get(*name).and_then(Value::as_str) == Some(kind))
        };
        match field.kind() {
            _ if field.names_issues() => Self::Issues,
            _ if field.names_projects() => Self::Projects,
            Some("gh-sprint" | "vp-origin") => Self::Owned,
            _ if is("version") || is("component") => Self::Owned,
            _ => Self::Others,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_field_is_compared_with_is_known_or_told_by_the_site() {
        let field = |id: &str, name: &str, schema: Value| json!({"id": id, "name": name, "schema": schema});
        let catalogue = Catalogue::read(Arc::new(json!([
            field("customfield_1", "Sprint", json!({"type": "array", "custom": "com.x:gh-sprint"})),
            field("customfield_2", "Epic Link", json!({"type": "any", "custom": "com.x:gh-epic-link"})),
            field("customfield_3", "Target", json!({"type": "array", "items": "version"})),
            field("customfield_4", "Origin", json!({"type": "project"})),
            field("customfield_5", "Team", json!({"type": "option"})),
            field("customfield_6", "team", json!({"type": "version"})),
        ])))
        .unwrap();
        let table = [
            ("cf[1]", Compared::Owned),
            ("customfield_2", Compared::Issues),
            ("target", Compared::Owned),
            ("origin", Compared::Projects),
            ("cf[5]", Compared::Others),
            ("team", Compared::Owned),
            ("nowhere", Compared::Unlisted),
        ];
        for (name, wanted) in table {
            assert_eq!(Compared::known(name), None, "{name}");
            assert_eq!(Compared::told(name, &catalogue), wanted, "{name}");
        }
        assert_eq!(Compared::known("project"), Some(Compared::Projects));
        assert_eq!(Compared::known("fixversion"), Some(Compared::Owned));
    }
}
