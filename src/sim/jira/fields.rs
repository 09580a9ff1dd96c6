//! The fields of issues and which of them a request wants.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::super::answer::extend;
use super::super::call::Call;
use super::super::call::parts;
use super::super::data;

/// Id, name, schema type, item or custom type, whether lists show it.
pub(crate) type Field = (&'static str, &'static str, &'static str, &'static str, bool);

const FLOAT: &str = "com.atlassian.jira.plugin.system.customfieldtypes:float";
const SELECT: &str = "com.atlassian.jira.plugin.system.customfieldtypes:select";

/// Every field of every issue, in the order of answers.
pub(crate) const FIELDS: [Field; 34] = [
    ("summary", "Summary", "string", "", true),
    ("issuetype", "Issue Type", "issuetype", "", true),
    ("project", "Project", "project", "", true),
    ("status", "Status", "status", "", true),
    ("priority", "Priority", "priority", "", true),
    ("resolution", "Resolution", "resolution", "", true),
    ("assignee", "Assignee", "user", "", true),
    ("reporter", "Reporter", "user", "", true),
    ("creator", "Creator", "user", "", true),
    ("labels", "Labels", "array", "string", true),
    ("components", "Component/s", "array", "component", true),
    ("fixVersions", "Fix Version/s", "array", "version", true),
    ("versions", "Affects Version/s", "array", "version", true),
    ("created", "Created", "datetime", "", true),
    ("updated", "Updated", "datetime", "", true),
    ("resolutiondate", "Resolved", "datetime", "", true),
    ("duedate", "Due date", "date", "", true),
    ("description", "Description", "string", "", true),
    ("environment", "Environment", "string", "", true),
    ("parent", "Parent", "issuelink", "", true),
    ("subtasks", "Sub-Tasks", "array", "issuelinks", true),
    ("issuelinks", "Linked Issues", "array", "issuelinks", true),
    ("watches", "Watchers", "watches", "", true),
    ("votes", "Votes", "votes", "", true),
    ("security", "Security Level", "securitylevel", "", true),
    ("timetracking", "Time Tracking", "timetracking", "", false),
    ("attachment", "Attachment", "array", "attachment", false),
    ("comment", "Comment", "comments-page", "", false),
    ("worklog", "Log Work", "array", "worklog", false),
    (data::EPIC_LINK, "Epic Link", "any", "com.pyxis.greenhopper.jira:gh-epic-link", true),
    (data::EPIC_NAME, "Epic Name", "string", "com.pyxis.greenhopper.jira:gh-epic-label", true),
    (data::STORY_POINTS, "Story Points", "number", FLOAT, true),
    (data::SPRINT, "Sprint", "array", "com.pyxis.greenhopper.jira:gh-sprint", true),
    (data::TEAM, "Team", "option", SELECT, true),
];

/// Which fields of an issue to answer.
#[derive(Debug)]
pub(crate) struct Wanted(Vec<&'static Field>);

impl Wanted {
    /// Reads `fields`: names, `*all`, `*navigable`, and `-name` to leave one out.
    pub(crate) fn parse(names: &[&str], absent: &str) -> Self {
        let only_exclusions = names.iter().all(|name| name.starts_with('-'));
        let find = |name: &str| match name {
            "*all" => FIELDS.iter().collect::<Vec<_>>(),
            "*navigable" => FIELDS.iter().filter(|field| field.4).collect(),
            _ => FIELDS.iter().filter(|field| field.0 == name).collect(),
        };
        let mut wanted = if only_exclusions { find(absent) } else { Vec::new() };
        for name in names {
            match name.strip_prefix('-') {
                Some(excluded) => wanted.retain(|field| field.0 != excluded),
                None => wanted.extend(find(name)),
            }
        }
        let mut seen = std::collections::HashSet::new();
        wanted.retain(|field| seen.insert(field.0));
        Self(wanted)
    }

    pub(crate) fn from_call(call: &Call, absent: &str) -> Self {
        Self::parse(&parts(call.parameter("fields")), absent)
    }

    pub(crate) fn list(&self) -> &[&'static Field] {
        &self.0
    }

    /// Ids to names, as `expand=names` answers.
    pub(crate) fn names(&self) -> Value {
        self.0.iter().map(|field| (field.0.to_owned(), Value::from(field.1))).collect::<Map<_, _>>().into()
    }
}

/// The schema of a field as `field` and `createmeta` have it.
pub(crate) fn schema(field: &Field) -> Value {
    let mut schema = json!({"type": field.2});
    if let Some(id) = field.0.strip_prefix("customfield_") {
        let number: u64 = id.parse().unwrap_or_default();
        extend(&mut schema, json!({"custom": field.3, "customId": number}));
        if field.2 == "array" {
            extend(&mut schema, json!({"items": "string"}));
        }
        return schema;
    }
    if !field.3.is_empty() {
        extend(&mut schema, json!({"items": field.3}));
    }
    extend(&mut schema, json!({"system": field.0}));
    schema
}
