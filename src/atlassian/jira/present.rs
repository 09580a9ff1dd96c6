//! Issues in the shape the tools give: the reference server's keys, Markdown text, nothing that was not asked for.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::atlassian::times;
use crate::markup;

/// The fields a caller asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fields(Vec<String>);

/// The short set that is given when no fields are named.
const DEFAULT: [&str; 11] = [
    "assignee",
    "created",
    "description",
    "issuetype",
    "labels",
    "priority",
    "reporter",
    "status",
    "summary",
    "updated",
    "versions",
];

impl Fields {
    /// The default as the contract writes it: one comma-separated text.
    pub fn default_text() -> String {
        DEFAULT.join(",")
    }

    /// Reads a comma-separated list; an empty one is the default.
    pub fn parse(text: &str) -> Self {
        let names: Vec<String> =
            text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
        if names.is_empty() { Self::default() } else { Self(names) }
    }

    /// Whether a field was asked for.
    pub fn wants(&self, field: &str) -> bool {
        self.all() || self.0.iter().any(|name| name == field)
    }

    /// Whether everything was asked for.
    pub fn all(&self) -> bool {
        self.0.iter().any(|name| name == "*all")
    }

    /// Whether this is the short default set, in any order.
    pub fn is_default(&self) -> bool {
        self.0.len() == DEFAULT.len() && DEFAULT.iter().all(|name| self.0.iter().any(|given| given == name))
    }

    /// The same with one more.
    #[must_use]
    pub fn with(mut self, field: &str) -> Self {
        if !self.wants(field) {
            self.0.push(field.to_owned());
        }
        self
    }

    /// As a query value.
    pub fn to_query(&self) -> String {
        self.0.join(",")
    }

    /// The names, in order.
    pub fn names(&self) -> &[String] {
        &self.0
    }
}

impl Default for Fields {
    fn default() -> Self {
        Self(DEFAULT.iter().map(|name| (*name).to_owned()).collect())
    }
}

/// One issue to show.
#[derive(Debug)]
pub struct IssueView<'a> {
    /// The base URL, for links.
    pub base: &'a str,
    /// The fields that were asked for.
    pub fields: &'a Fields,
    /// Display names of custom fields: when given, they become the keys.
    pub names: Option<&'a Value>,
    /// How many comments to show at most, the newest.
    pub comment_limit: usize,
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
        if self.fields.wants("description")
            && let Some(text) = text(fields.get("description"))
        {
            view.insert("description".into(), text.into());
        }
        system_fields(fields, &mut view);
        self.comments(fields, &mut view);
        attachments(fields, &mut view);
        changelog(issue, &mut view);
        for (source, target) in [
            ("transitions", "transitions"),
            ("properties", "properties"),
            ("renderedFields", "rendered_fields"),
        ] {
            if self.fields.all() || source != "transitions" {
                copy(issue, source, &mut view, target);
            }
        }
        self.other_fields(fields, &mut view);
        view
    }

    fn comments(&self, fields: &Value, view: &mut Map<String, Value>) {
        let Some(comments) = fields.pointer("/comment/comments").and_then(Value::as_array) else { return };
        let newest = comments.iter().skip(comments.len().saturating_sub(self.comment_limit));
        view.insert("comments".into(), newest.map(comment).collect());
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
                if !value.is_null() && !view.contains_key(id) && self.fields.names().contains(id) {
                    view.insert(id.clone(), plain(value));
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

/// Fields with a key of their own in the result.
const SHOWN: [&str; 20] = [
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
];

fn system_fields(fields: &Value, view: &mut Map<String, Value>) {
    if let Some(status) = present(fields, "status") {
        view.insert("status".into(), status_of(status));
    }
    if let Some(kind) = present(fields, "issuetype") {
        view.insert("issue_type".into(), json!({"name": kind.get("name")}));
    }
    if let Some(priority) = present(fields, "priority") {
        view.insert("priority".into(), json!({"name": priority.get("name")}));
    }
    if let Some(project) = present(fields, "project") {
        view.insert("project".into(), project_of(project));
    }
    for name in ["duedate", "parent"] {
        if let Some(value) = present(fields, name) {
            view.insert(name.into(), value.clone());
        }
    }
    for (name, key) in [("subtasks", "subtasks"), ("worklog", "worklog")] {
        if let Some(value) = present(fields, name) {
            view.insert(key.into(), value.clone());
        }
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
    if let Some(times) = present(fields, "timetracking").and_then(Value::as_object)
        && !times.is_empty()
    {
        let named = [
            ("originalEstimate", "original_estimate"),
            ("remainingEstimate", "remaining_estimate"),
            ("timeSpent", "time_spent"),
        ];
        let tracked =
            named.iter().filter_map(|(name, key)| Some(((*key).to_owned(), times.get(*name)?.clone())));
        view.insert("timetracking".into(), Value::Object(tracked.collect()));
    }
    for name in ["created", "updated"] {
        if let Some(time) = fields.get(name).and_then(Value::as_str) {
            view.insert(name.into(), times::spaced(time).into());
        }
    }
    if let Some(Value::Array(links)) = fields.get("issuelinks") {
        view.insert("issuelinks".into(), links.iter().map(link).collect());
    }
}

fn attachments(fields: &Value, view: &mut Map<String, Value>) {
    let Some(Value::Array(files)) = fields.get("attachment") else { return };
    let show = |file: &Value| {
        let mut shown = Map::new();
        for (name, key) in
            [("filename", "filename"), ("size", "size"), ("content", "url"), ("mimeType", "content_type")]
        {
            copy(file, name, &mut shown, key);
        }
        if let Some(author) = present(file, "author") {
            shown.insert("author".into(), person(author));
        }
        copy(file, "thumbnail", &mut shown, "thumbnail_url");
        copy(file, "created", &mut shown, "created");
        Value::Object(shown)
    };
    view.insert("attachments".into(), files.iter().map(show).collect());
}

fn changelog(issue: &Value, view: &mut Map<String, Value>) {
    let Some(histories) = issue.pointer("/changelog/histories").and_then(Value::as_array) else { return };
    let item = |item: &Value| {
        let named = [
            ("field", "field"),
            ("fieldtype", "fieldtype"),
            ("fromString", "from_string"),
            ("toString", "to_string"),
            ("from", "from_id"),
            ("to", "to_id"),
        ];
        let kept =
            named.iter().filter_map(|(name, key)| Some(((*key).to_owned(), present(item, name)?.clone())));
        Value::Object(kept.collect())
    };
    let history = |history: &Value| {
        let items = history.get("items").and_then(Value::as_array).into_iter().flatten().map(item);
        json!({
            "items": items.collect::<Vec<_>>(),
            "author": history.get("author").map(person),
            "created": history.get("created").and_then(Value::as_str).map(times::iso),
        })
    };
    view.insert("changelogs".into(), histories.iter().map(history).collect());
    let total = issue.pointer("/changelog/total").and_then(Value::as_u64).unwrap_or(0);
    if total > histories.len() as u64 {
        view.insert("changelogs_total".into(), total.into());
    }
}

/// A comment inside an issue.
pub(super) fn comment(comment: &Value) -> Value {
    json!({
        "id": comment.get("id"),
        "body": text(comment.get("body")).unwrap_or_default(),
        "author": comment.get("author").map(person),
        "created": comment.get("created"),
        "updated": comment.get("updated"),
    })
}

fn link(link: &Value) -> Value {
    let mut shown = Map::new();
    copy(link, "id", &mut shown, "id");
    copy(link, "type", &mut shown, "type");
    for (name, key) in [("inwardIssue", "inward_issue"), ("outwardIssue", "outward_issue")] {
        let Some(issue) = present(link, name) else { continue };
        let mut brief = Map::new();
        for name in ["id", "key", "self"] {
            copy(issue, name, &mut brief, name);
        }
        let name_of =
            |field: &str| issue.pointer(&format!("/fields/{field}/name")).map(|name| json!({"name": name}));
        brief.insert(
            "fields".into(),
            json!({
                "summary": issue.pointer("/fields/summary"),
                "status": issue.pointer("/fields/status").map(status_of),
                "priority": name_of("priority"),
                "issuetype": name_of("issuetype"),
            }),
        );
        shown.insert(key.into(), Value::Object(brief));
    }
    Value::Object(shown)
}

fn status_of(status: &Value) -> Value {
    let category = |name: &str| status.pointer(&format!("/statusCategory/{name}"));
    json!({"name": status.get("name"), "category": category("name"), "color": category("colorName")})
}

fn project_of(project: &Value) -> Value {
    let mut shown = Map::new();
    copy(project, "key", &mut shown, "key");
    copy(project, "name", &mut shown, "name");
    if let Some(avatar) = project.pointer("/avatarUrls/48x48") {
        shown.insert("avatar_url".into(), avatar.clone());
    }
    if let Some(lead) = present(project, "lead") {
        shown.insert("lead".into(), person(lead));
    }
    Value::Object(shown)
}

/// A person: account id on Cloud; name and key on Data Center.
pub(super) fn person(user: &Value) -> Value {
    let mut shown = Map::new();
    let cloud = user.get("accountId").is_some();
    shown.insert("account_id".into(), user.get("accountId").cloned().unwrap_or_default());
    shown.insert("display_name".into(), user.get("displayName").cloned().unwrap_or_default());
    let name = if cloud { user.get("displayName") } else { user.get("name") };
    shown.insert("name".into(), name.cloned().unwrap_or_default());
    shown.insert("email".into(), user.get("emailAddress").cloned().unwrap_or_default());
    shown.insert("avatar_url".into(), user.pointer("/avatarUrls/48x48").cloned().unwrap_or_default());
    copy(user, "key", &mut shown, "key");
    Value::Object(shown)
}

/// A text field as Markdown: ADF on version 3, wiki markup on version 2. `None` when it is empty.
pub(super) fn text(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::Null => None,
        Value::String(wiki) => Some(markup::wiki_to_markdown(wiki)),
        document => Some(markup::adf_to_markdown(document)),
    }
}

/// A field's value without Jira's wrapping, where nothing is lost by it.
fn plain(value: &Value) -> Value {
    match value {
        Value::Array(values) => values.iter().map(element).collect(),
        Value::Object(object) if object.get("type").and_then(Value::as_str) == Some("doc") => {
            markup::adf_to_markdown(value).into()
        }
        Value::Object(object) if object.contains_key("child") => value.clone(),
        Value::Object(object) => {
            let inner = ["value", "displayName", "name"].iter().find_map(|name| object.get(*name));
            inner.cloned().unwrap_or_else(|| value.clone())
        }
        other => other.clone(),
    }
}

/// An element of a list: what has a name alone, such as a sprint, says more than its name.
fn element(value: &Value) -> Value {
    let unwrapped = ["value", "displayName"].iter().any(|name| value.get(*name).is_some());
    if value.is_object() && !unwrapped { value.clone() } else { plain(value) }
}

fn present<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    value.get(name).filter(|value| !value.is_null())
}

fn copy(source: &Value, name: &str, target: &mut Map<String, Value>, key: &str) {
    if let Some(value) = present(source, name) {
        target.insert(key.to_owned(), value.clone());
    }
}

/// A comment that was just added, in the tools' shape.
pub fn added_comment(comment: &Value) -> Map<String, Value> {
    let mut shown = Map::new();
    copy(comment, "id", &mut shown, "id");
    shown.insert("body".into(), text(comment.get("body")).unwrap_or_default().into());
    // A service desk gives its times as an object.
    let created = comment.get("created").map(|created| created.get("iso8601").unwrap_or(created));
    if let Some(created) = created.and_then(Value::as_str) {
        shown.insert("created".into(), times::offset(created).into());
    }
    if let Some(author) = comment.pointer("/author/displayName") {
        shown.insert("author".into(), author.clone());
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

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
