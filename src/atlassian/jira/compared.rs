//! What the fields of a query are compared with: issues, projects, what projects have, or nothing that could be hidden.

use serde_json::Value;

use super::Catalogue;
use super::Field;
use super::catalogue::CUSTOM;

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
    /// Nobody says: a field of an app or of a newer Jira, which may take issues.
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
    "rank",
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
    "approvals",
    "archived",
    "archivedby",
    "archiveddate",
    "assignee",
    "attachments",
    "comment",
    "created",
    "createddate",
    "creator",
    "description",
    "due",
    "duedate",
    "environment",
    "filter",
    "hierarchylevel",
    "issuelinktype",
    "issuetype",
    "labels",
    "lastviewed",
    "organizations",
    "originalestimate",
    "priority",
    "projecttype",
    "remainingestimate",
    "reporter",
    "request",
    "request-channel-type",
    "request-last-activity-time",
    "resolution",
    "resolutiondate",
    "resolved",
    "savedfilter",
    "searchrequest",
    "status",
    "statuscategory",
    "statuscategorychangeddate",
    "summary",
    "text",
    "timeestimate",
    "timeoriginalestimate",
    "timespent",
    "type",
    "updated",
    "updateddate",
    "voter",
    "votes",
    "watcher",
    "watchers",
    "worklogauthor",
    "worklogcomment",
    "worklogdate",
    "workratio",
    "worktype",
];

/// What hangs on issues for apps, `issue.property[name].path`: values of which no query says whether they name anything.
const PROPERTIES: &str = "issue.property[";

/// Types of values that are no issues, whoever brings the field.
const PLAIN: &[&str] = &[
    "date",
    "datetime",
    "group",
    "number",
    "option",
    "option-with-child",
    "priority",
    "resolution",
    "sd-approvals",
    "sd-servicelevelagreement",
    "status",
    "team",
    "user",
];

/// Who brings fields of which all are known that take issues. Another's text may be the key of an issue.
const OWN: &[&str] = &[
    "com.atlassian.jira.plugin.system.customfieldtypes:",
    "com.atlassian.servicedesk:",
    "com.atlassian.teams:",
    "com.pyxis.greenhopper.jira:",
];

impl Compared {
    /// What a field of Jira's own is compared with, by its name in small letters; nothing for other fields.
    pub(super) fn known(field: &str) -> Option<Self> {
        if field.starts_with(PROPERTIES) {
            return Some(Self::Others);
        }
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

    /// The same for a field of the site. Several may have one name, and a query means all of them.
    pub(super) fn told(field: &str, catalogue: &Catalogue) -> Vec<Self> {
        let mut found: Vec<Self> = Vec::new();
        for compared in catalogue.meant_by(field).filter_map(Field::read).map(Self::of) {
            if !found.contains(&compared) {
                found.push(compared);
            }
        }
        if found.is_empty() { vec![Self::Unlisted] } else { found }
    }

    fn of(field: Field<'_>) -> Self {
        let text = |name: &str| field.schema.get(name).and_then(Value::as_str);
        let is = |kind: &str| text("type") == Some(kind) || text("items") == Some(kind);
        let of_jira = match text("custom") {
            Some(custom) => OWN.iter().any(|own| custom.starts_with(own)),
            None => !field.id.starts_with(CUSTOM),
        };
        match field.kind() {
            _ if field.names_issues() => Self::Issues,
            Some("gh-lexo-rank") => Self::Issues,
            _ if field.names_projects() => Self::Projects,
            Some("gh-sprint" | "vp-origin") => Self::Owned,
            _ if is("version") || is("component") => Self::Owned,
            _ if of_jira || PLAIN.iter().any(|plain| is(plain)) => Self::Others,
            _ => Self::Unlisted,
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
        let jira = "com.atlassian.jira.plugin.system.customfieldtypes:";
        let catalogue = Catalogue::read(Arc::new(json!([
            field("customfield_1", "Sprint", json!({"type": "array", "custom": "com.x:gh-sprint"})),
            field("customfield_2", "Epic Link", json!({"type": "any", "custom": "com.x:gh-epic-link"})),
            field("customfield_3", "Target", json!({"type": "array", "items": "version"})),
            field("customfield_4", "Origin", json!({"type": "project"})),
            field("customfield_5", "Team", json!({"type": "option", "custom": "com.x:team"})),
            field("customfield_6", "team", json!({"type": "version"})),
            field(
                "customfield_7",
                "Depends",
                json!({"type": "array", "items": "string", "custom": "com.x:issues"})
            ),
            field("customfield_8", "Note", json!({"type": "string", "custom": format!("{jira}textfield")})),
            field("customfield_9", "Serial", json!({"type": "string", "custom": "com.x:textfield"})),
            field("customfield_10", "Ordnung", json!({"type": "any", "custom": "com.x:gh-lexo-rank"})),
            field("customfield_11", "Weight", json!({"type": "number", "custom": "com.x:weight"})),
            field("customfield_12", "Bare", Value::Null),
            field("progress", "Progress", json!({"type": "progress", "system": "progress"})),
            json!({"id": "customfield_13", "name": "Größe", "clauseNames": ["cf[13]", "Größe[Number]"],
                "schema": {"type": "number"}}),
        ])))
        .unwrap();
        let table = [
            ("cf[1]", vec![Compared::Owned]),
            ("customfield_2", vec![Compared::Issues]),
            ("target", vec![Compared::Owned]),
            ("origin", vec![Compared::Projects]),
            ("cf[5]", vec![Compared::Others]),
            ("team", vec![Compared::Others, Compared::Owned]),
            ("depends", vec![Compared::Unlisted]),
            ("note", vec![Compared::Others]),
            ("serial", vec![Compared::Unlisted]),
            ("ordnung", vec![Compared::Issues]),
            ("weight", vec![Compared::Others]),
            ("bare", vec![Compared::Unlisted]),
            ("progress", vec![Compared::Others]),
            ("größe[number]", vec![Compared::Others]),
            ("nowhere", vec![Compared::Unlisted]),
        ];
        for (name, wanted) in table {
            assert_eq!(Compared::known(name), None, "{name}");
            assert_eq!(Compared::told(name, &catalogue), wanted, "{name}");
        }
        assert_eq!(Compared::known("rank"), Some(Compared::Issues));
        assert_eq!(Compared::known("issue.property[a].b"), Some(Compared::Others));
        assert_eq!(Compared::known("project"), Some(Compared::Projects));
        assert_eq!(Compared::known("fixversion"), Some(Compared::Owned));
    }
}
