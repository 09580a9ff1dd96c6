//! Issues in the shape the tools give: the reference server's keys, Markdown text, nothing that was not asked for.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::Fields;
use super::Texts;
use super::epics;
use super::parts;
use super::parts::copy;
use super::parts::named;
use super::parts::person;
use super::parts::present;
use super::parts::text;
use super::sprints::sprint_of_text;
use crate::atlassian::conversion;
use crate::atlassian::times;
use crate::ids::IssueKey;
use crate::markup::Detail;

/// One issue to show.
#[derive(Debug)]
pub struct IssueView<'a> {
    /// The base URL, for links.
    pub base: &'a str,
    /// The fields that were asked for.
    pub fields: &'a Fields,
    /// Display names of fields by id: where there is one for a custom field, it becomes the key.
    pub names: Option<&'a Map<String, Value>>,
    /// How many comments to show at most, the newest.
    pub comment_limit: usize,
    /// How texts are shown.
    pub texts: Texts,
}

impl IssueView<'_> {
    /// The issue in the tools' shape.
    pub fn show(&self, issue: &Value) -> Map<String, Value> {
        let mut view = Map::new();
        let key = issue.get("key").and_then(Value::as_str).unwrap_or_default();
        let empty = Value::Object(Map::new());
        let fields = issue.get("fields").unwrap_or(&empty);
        copy(issue, "id", &mut view, "id");
        view.insert("key".into(), key.into());
        copy(fields, "summary", &mut view, "summary");
        if self.fields.all() {
            copy(issue, "self", &mut view, "url");
        }
        view.insert("browse_url".into(), format!("{}/browse/{key}", self.base).into());
        if let Some(text) = text(fields.get("description"), self.texts) {
            view.insert("description".into(), text.into());
        }
        self.project(fields, &mut view);
        system_fields(fields, &mut view);
        self.comments(fields, &mut view);
        if let Some(worklog) = present(fields, "worklog") {
            view.insert("worklog".into(), parts::worklogs(worklog, self.texts));
        }
        parts::attachments(fields, &mut view);
        parts::changelog(issue, self.texts, &mut view);
        self.expanded(issue, &mut view);
        self.other_fields(fields, &mut view);
        view
    }

    /// The project comes along for the decision: it is shown to who asked for it.
    fn project(&self, fields: &Value, view: &mut Map<String, Value>) {
        if let Some(project) = present(fields, "project").filter(|_| self.fields.wants("project")) {
            view.insert("project".into(), parts::project(project));
        }
    }

    /// What Jira adds for `expand` and `properties`.
    fn expanded(&self, issue: &Value, view: &mut Map<String, Value>) {
        if let Some(Value::Array(transitions)) = issue.get("transitions") {
            view.insert("transitions".into(), transitions.iter().map(parts::transition).collect());
        }
        for (source, target) in EXPANDED {
            // Where the names stand as keys, the list of them says nothing more.
            if source != "names"
                || self.names.is_none()
                || self.names != issue.get("names").and_then(Value::as_object)
            {
                copy(issue, source, view, target);
            }
        }
    }

    /// The newest comments; when some are left out, how many there are.
    fn comments(&self, fields: &Value, view: &mut Map<String, Value>) {
        let Some(comments) = fields.pointer("/comment/comments").and_then(Value::as_array) else { return };
        let here = comments.len();
        let shown = here.min(self.comment_limit);
        view.insert(
            "comments".into(),
            comments.iter().skip(here - shown).map(|comment| parts::comment(comment, self.texts)).collect(),
        );
        let total = fields.pointer("/comment/total").and_then(Value::as_u64).unwrap_or(0).max(here as u64);
        if total > shown as u64 {
            view.insert("comments_total".into(), total.into());
            view.insert("comments_next".into(), older_comments(total).into());
        }
    }

    /// Every remaining field that was asked for by name, and all custom fields when everything was.
    fn other_fields(&self, fields: &Value, view: &mut Map<String, Value>) {
        let Some(fields) = fields.as_object() else { return };
        for (id, value) in fields {
            if SHOWN.contains(&id.as_str()) {
                continue;
            }
            let custom = id.starts_with("customfield_");
            if !custom {
                if !value.is_null() && !view.contains_key(id) && self.fields.named(id) {
                    let shown = if id == "environment" {
                        text(Some(value), self.texts).map(Value::from)
                    } else {
                        None
                    };
                    view.insert(id.clone(), shown.unwrap_or_else(|| plain(value)));
                }
                continue;
            }
            let name = self.names.and_then(|names| names.get(id)).and_then(Value::as_str);
            match name {
                Some(name) if !view.contains_key(name) => {
                    view.insert(name.to_owned(), json!({"value": plain(value), "field_id": id}));
                }
                _ => {
                    view.insert(id.clone(), json!({"value": plain(value)}));
                }
            }
        }
    }
}

/// How to get at comments that are not shown.
fn older_comments(total: u64) -> String {
    match total {
        ..=MOST_COMMENTS => format!("call jira_get_issue with comment_limit = {total}"),
        _ => {
            format!("call jira_get_issue with comment_limit = {MOST_COMMENTS}; older ones are at browse_url")
        }
    }
}

/// How many comments `jira_get_issue` shows at most.
const MOST_COMMENTS: u64 = 100;

/// An issue as Jira gives it, with its texts in Markdown.
pub fn readable(issue: &Value, texts: Texts) -> Value {
    let mut issue = issue.clone();
    let Some(fields) = issue.get_mut("fields") else { return issue };
    for name in ["description", "environment"] {
        if let Some(shown) = text(fields.get(name), texts)
            && let Some(field) = fields.get_mut(name)
        {
            *field = shown.into();
        }
    }
    let comments = fields.pointer_mut("/comment/comments").and_then(Value::as_array_mut);
    for comment in comments.into_iter().flatten() {
        if let Some(shown) = text(comment.get("body"), texts)
            && let Some(body) = comment.get_mut("body")
        {
            *body = shown.into();
        }
    }
    issue
}

/// What `expand` and `properties` add to an issue, with the key in the result.
const EXPANDED: [(&str, &str); 7] = [
    ("properties", "properties"),
    ("renderedFields", "rendered_fields"),
    ("names", "names"),
    ("schema", "schema"),
    ("operations", "operations"),
    ("editmeta", "editmeta"),
    ("versionedRepresentations", "versioned_representations"),
];

/// Fields with a key of their own in the result.
const SHOWN: [&str; 23] = [
    "summary",
    "description",
    "status",
    "issuetype",
    "priority",
    "project",
    "duedate",
    "parent",
    "subtasks",
    "worklog",
    "assignee",
    "reporter",
    "labels",
    "components",
    "fixVersions",
    "versions",
    "timetracking",
    "comment",
    "attachment",
    "issuelinks",
    "resolution",
    "resolutiondate",
    epics::NAME,
];

fn system_fields(fields: &Value, view: &mut Map<String, Value>) {
    if let Some(status) = present(fields, "status") {
        view.insert("status".into(), parts::status(status));
    }
    for (name, key) in [("issuetype", "issue_type"), ("priority", "priority")] {
        if let Some(value) = present(fields, name) {
            view.insert(key.into(), named(value));
        }
    }
    if let Some(resolution) = present(fields, "resolution") {
        view.insert("resolution".into(), json!({"name": resolution.get("name"), "id": resolution.get("id")}));
    }
    if let Some(time) = fields.get("resolutiondate").and_then(Value::as_str) {
        view.insert("resolutiondate".into(), times::iso(time).into());
    }
    copy(fields, epics::NAME, view, "epic_name");
    for name in ["duedate", "parent", "subtasks"] {
        copy(fields, name, view, name);
    }
    for name in ["assignee", "reporter"] {
        match fields.get(name) {
            Some(Value::Null) => {
                view.insert(name.into(), json!({"display_name": "Unassigned"}));
            }
            Some(user) => {
                view.insert(name.into(), person(user));
            }
            None => {}
        }
    }
    copy(fields, "labels", view, "labels");
    for (name, key) in
        [("components", "components"), ("fixVersions", "fix_versions"), ("versions", "versions")]
    {
        if let Some(Value::Array(values)) = fields.get(name) {
            view.insert(key.into(), values.iter().filter_map(|value| value.get("name").cloned()).collect());
        }
    }
    if let Some(times) = present(fields, "timetracking").and_then(parts::timetracking) {
        view.insert("timetracking".into(), times);
    }
    for name in ["created", "updated"] {
        if let Some(time) = fields.get(name).and_then(Value::as_str) {
            view.insert(name.into(), times::spaced(time).into());
        }
    }
    if let Some(Value::Array(links)) = fields.get("issuelinks") {
        view.insert("issuelinks".into(), links.iter().map(parts::link).collect());
    }
}

/// A field's value without Jira's wrapping, where nothing is lost by it.
fn plain(value: &Value) -> Value {
    match value {
        Value::Array(values) => values.iter().map(element).collect(),
        Value::String(text) => sprint_of_text(text).unwrap_or_else(|| value.clone()),
        Value::Object(object) if object.get("type").and_then(Value::as_str) == Some("doc") => {
            conversion::adf_to_markdown(value, Detail::All).value.into()
        }
        // Another issue or project, such as an epic, stays what it is, so that it is shown only to who may view it.
        Value::Object(object) if object.contains_key("child") || names_other(object) => value.clone(),
        Value::Object(object) => {
            let inner = ["value", "displayName", "name"].iter().find_map(|name| object.get(*name));
            inner.cloned().unwrap_or_else(|| value.clone())
        }
        other => other.clone(),
    }
}

fn names_other(object: &Map<String, Value>) -> bool {
    if object.contains_key("projectTypeKey") {
        return true;
    }
    // A user of Data Center has a key of the same form, a name to log in with and a name to show.
    let has = |names: &[&str]| names.iter().any(|name| object.contains_key(*name));
    let is_person = has(&["displayName", "emailAddress"]) && has(&["name", "accountId"]);
    let key = object.get("key").and_then(Value::as_str);
    key.is_some_and(|key| IssueKey::parse(key).is_ok()) && !is_person
}

/// An element of a list: what has a name alone, such as a sprint, says more than its name.
fn element(value: &Value) -> Value {
    let unwrapped = ["value", "displayName"].iter().any(|name| value.get(*name).is_some());
    if value.is_object() && !unwrapped { value.clone() } else { plain(value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(fields: &str, issue: &Value) -> Value {
        let fields = Fields::parse(fields);
        let base = "https://jira.example.com";
        let view = IssueView { base, fields: &fields, names: None, comment_limit: 1, texts: Texts::Markdown };
        Value::Object(view.show(issue))
    }

    #[test]
    fn what_jira_sends_is_shown_and_what_came_for_the_decision_is_not() {
        let fields = json!({
            "description": "h1. T", "project": {"key": "OPS"}, "environment": "lab", "votes": {"votes": 3},
            "comment": {"comments": [{"id": "1", "body": "a"}, {"id": "2", "body": "b"}], "total": 40},
        });
        let issue = json!({
            "key": "OPS-1", "fields": fields, "transitions": [
                {"id": "11", "name": "Start", "to": {"name": "In Progress"}, "fields": {}},
                {"id": "31", "name": "Finish", "to": {"name": "Done"}, "fields": {"resolution": {"required": true}}},
            ],
            "schema": {"votes": {"type": "votes"}}, "properties": {"p": 1},
        });
        let named = shown("environment", &issue);
        let table = [
            ("/description", Some(json!("# T"))),
            ("/project", None),
            ("/environment", Some(json!("lab"))),
            ("/votes", None),
            ("/comments/0/id", Some(json!("2"))),
            ("/comments_total", Some(json!(40))),
            ("/transitions/0", Some(json!({"id": 11, "name": "Start", "to": "In Progress"}))),
            ("/transitions/1/fields/resolution/required", Some(json!(true))),
            ("/schema/votes/type", Some(json!("votes"))),
            ("/properties/p", Some(json!(1))),
            ("/browse_url", Some(json!("https://jira.example.com/browse/OPS-1"))),
        ];
        for (pointer, wanted) in table {
            assert_eq!(named.pointer(pointer), wanted.as_ref(), "{pointer}");
        }
        for asked in ["project", "*all", "-votes", "summary,project"] {
            assert_eq!(shown(asked, &issue)["project"]["key"], "OPS", "{asked}");
        }
        assert_eq!(shown("*all,-project", &issue).get("project"), None);
    }

    #[test]
    fn how_an_issue_ended_is_told() {
        let done = json!({"id": "10000", "name": "Done", "self": "x", "description": "y"});
        let fields =
            json!({"resolution": done, "resolutiondate": "2026-11-02T09:00:00.000+0000", "epic_name": "Big"});
        let issue = json!({"key": "OPS-1", "fields": fields});
        for asked in ["*all", "resolution", "resolution,resolutiondate"] {
            let issue = shown(asked, &issue);
            assert_eq!(issue["resolution"], json!({"name": "Done", "id": "10000"}), "{asked}");
            assert_eq!(issue["resolutiondate"], "2026-11-02T09:00:00+00:00", "{asked}");
            assert_eq!(issue["epic_name"], "Big", "{asked}");
        }
        let open = json!({"key": "OPS-1", "fields": {"resolution": null, "resolutiondate": null}});
        assert_eq!(shown("*all", &open).get("resolution"), None);
    }

    #[test]
    fn an_issue_of_a_queue_has_its_texts_in_markdown() {
        let document = json!({"type": "doc", "content": [{"type": "paragraph", "content": [{"type": "text", "text": "hi"}]}]});
        let issue = json!({"key": "SD-1", "fields": {
            "description": "h1. T", "summary": "h1. no text", "environment": null,
            "comment": {"comments": [{"id": "1", "body": document}]},
        }});
        let shown = readable(&issue, Texts::Markdown);
        let table = [
            ("/key", json!("SD-1")),
            ("/fields/description", json!("# T")),
            ("/fields/summary", json!("h1. no text")),
            ("/fields/environment", Value::Null),
            ("/fields/comment/comments/0/body", json!("hi")),
        ];
        for (pointer, wanted) in table {
            assert_eq!(shown.pointer(pointer), Some(&wanted), "{pointer}");
        }
    }

    #[test]
    fn a_value_is_unwrapped_where_nothing_is_lost() {
        let sprint = json!({"id": 1, "name": "Sprint 1", "state": "active", "boardId": 1});
        let cascading = json!({"value": "Europe", "child": {"value": "Oslo"}});
        let table = [
            (json!({"self": "", "value": "Red", "id": "1"}), json!("Red")),
            (json!([{"value": "X", "id": "1"}, {"value": "Y", "id": "2"}]), json!(["X", "Y"])),
            (json!([sprint]), json!([sprint])),
            (json!([cascading]), json!([cascading])),
            (json!({"name": "v1"}), json!("v1")),
            (json!(["a", 1, null]), json!(["a", 1, null])),
        ];
        for (value, wanted) in table {
            assert_eq!(plain(&value), wanted, "{value}");
        }
    }
}
