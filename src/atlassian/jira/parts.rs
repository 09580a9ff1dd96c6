//! What hangs on an issue, in the shape the tools give: people, comments, attachments, links, history.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::Texts;
use crate::atlassian::conversion;
use crate::atlassian::times;
use crate::markup::Detail;

/// The files attached to an issue.
pub(super) fn attachments(fields: &Value, view: &mut Map<String, Value>) {
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
        if let Some(created) = time(file, "created") {
            shown.insert("created".into(), created.into());
        }
        Value::Object(shown)
    };
    view.insert("attachments".into(), files.iter().map(show).collect());
}

/// The history of an issue.
pub(super) fn changelog(issue: &Value, texts: Texts, view: &mut Map<String, Value>) {
    let Some(histories) = issue.pointer("/changelog/histories").and_then(Value::as_array) else { return };
    view.insert("changelogs".into(), histories.iter().map(|history| change(history, texts)).collect());
    let total = issue.pointer("/changelog/total").and_then(Value::as_u64).unwrap_or(0);
    if total > histories.len() as u64 {
        view.insert("changelogs_total".into(), total.into());
    }
}

/// Fields whose old and new values are texts with markup; a history has them in wiki markup on every deployment.
const MARKUP: [&str; 3] = ["description", "environment", "comment"];

/// One change in the history of an issue: who, when, and what of which fields.
pub fn change(history: &Value, texts: Texts) -> Value {
    let item = |item: &Value| {
        let field = item.get("field").and_then(Value::as_str).unwrap_or_default();
        let is_text = MARKUP.iter().any(|known| known.eq_ignore_ascii_case(field));
        let shown = |name: &str, value: &Value| match name {
            "fromString" | "toString" if is_text => text(Some(value), texts).unwrap_or_default().into(),
            _ => value.clone(),
        };
        let named = [
            ("field", "field"),
            ("fieldtype", "fieldtype"),
            ("fromString", "from_string"),
            ("toString", "to_string"),
            ("from", "from_id"),
            ("to", "to_id"),
        ];
        let kept = named
            .iter()
            .filter_map(|(name, key)| Some(((*key).to_owned(), shown(name, present(item, name)?))));
        Value::Object(kept.collect())
    };
    let items = history.get("items").and_then(Value::as_array).into_iter().flatten().map(item);
    let created = history.get("created").map(|created| match created {
        Value::Number(milliseconds) => {
            milliseconds.as_i64().map_or(Value::Null, |time| times::of_epoch(time).into())
        }
        created => created.as_str().map_or(Value::Null, |text| times::iso(text).into()),
    });
    json!({
        "items": items.collect::<Vec<_>>(),
        "author": history.get("author").map(person),
        "created": created,
    })
}

/// A comment inside an issue.
pub(super) fn comment(comment: &Value, texts: Texts) -> Value {
    json!({
        "id": comment.get("id"),
        "body": text(comment.get("body"), texts).unwrap_or_default(),
        "author": comment.get("author").map(person),
        "created": time(comment, "created"),
        "updated": time(comment, "updated"),
    })
}

/// The work logged that comes along with an issue: a few entries, and how many there are.
pub(super) fn worklogs(field: &Value, texts: Texts) -> Value {
    let entries = field.get("worklogs").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let total = field.get("total").and_then(Value::as_u64).unwrap_or(0);
    let mut shown = Map::new();
    for name in ["startAt", "maxResults", "total"] {
        copy(field, name, &mut shown, name);
    }
    shown.insert(
        "worklogs".into(),
        entries.iter().map(|entry| Value::Object(shown_worklog(entry, texts))).collect(),
    );
    if total > entries.len() as u64 {
        shown.insert("next".into(), "call jira_get_worklog, which gives all".into());
    }
    Value::Object(shown)
}

/// A moment in the one form of results, RFC 3339.
fn time(value: &Value, name: &str) -> Option<String> {
    value.get(name).and_then(Value::as_str).map(times::iso)
}

/// A link to another issue.
pub(super) fn link(link: &Value) -> Value {
    let mut shown = Map::new();
    copy(link, "id", &mut shown, "id");
    copy(link, "type", &mut shown, "type");
    for (name, key) in [("inwardIssue", "inward_issue"), ("outwardIssue", "outward_issue")] {
        let Some(issue) = present(link, name) else { continue };
        let mut brief = Map::new();
        for name in ["id", "key", "self"] {
            copy(issue, name, &mut brief, name);
        }
        let name_of = |field: &str| issue.pointer(&format!("/fields/{field}")).map(named);
        brief.insert(
            "fields".into(),
            json!({
                "summary": issue.pointer("/fields/summary"),
                "status": issue.pointer("/fields/status").map(status),
                "priority": name_of("priority"),
                "issuetype": name_of("issuetype"),
            }),
        );
        shown.insert(key.into(), Value::Object(brief));
    }
    Value::Object(shown)
}

/// A status with its category.
pub(super) fn status(status: &Value) -> Value {
    let category = |name: &str| status.pointer(&format!("/statusCategory/{name}"));
    json!({"name": status.get("name"), "category": category("name"), "color": category("colorName")})
}

/// A project.
pub fn project(project: &Value) -> Value {
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

/// What is shown by its name alone.
pub(super) fn named(value: &Value) -> Value {
    json!({"name": value.get("name")})
}

/// A transition: its number and name, where it leads, and the fields it asks for.
pub fn transition(transition: &Value) -> Value {
    let id = transition.get("id").and_then(Value::as_str).and_then(|id| id.parse::<i64>().ok());
    let mut shown = Map::new();
    shown.insert("id".into(), id.into());
    shown.insert("name".into(), transition.get("name").cloned().unwrap_or_default());
    if let Some(to) = transition.pointer("/to/name") {
        shown.insert("to".into(), to.clone());
    }
    if let Some(fields) = present(transition, "fields").filter(|fields| **fields != json!({})) {
        shown.insert("fields".into(), fields.clone());
    }
    Value::Object(shown)
}

/// Estimates and the time spent; nothing when there are none.
pub(super) fn timetracking(times: &Value) -> Option<Value> {
    let times = times.as_object().filter(|times| !times.is_empty())?;
    let named = [
        ("originalEstimate", "original_estimate"),
        ("remainingEstimate", "remaining_estimate"),
        ("timeSpent", "time_spent"),
    ];
    let tracked = named.iter().filter_map(|(name, key)| Some(((*key).to_owned(), times.get(*name)?.clone())));
    Some(Value::Object(tracked.collect()))
}

/// A person: account id on Cloud; name and key on Data Center.
pub fn person(user: &Value) -> Value {
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
pub(super) fn text(value: Option<&Value>, texts: Texts) -> Option<String> {
    match value? {
        Value::Null => None,
        Value::String(wiki) if texts == Texts::Raw => Some(wiki.clone()),
        Value::String(wiki) => Some(conversion::wiki_to_markdown(wiki, Detail::All).value),
        document => Some(conversion::adf_to_markdown(document, Detail::All).value),
    }
}

/// An entry that is there and not null.
pub(super) fn present<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    value.get(name).filter(|value| !value.is_null())
}

/// Takes an entry over under another key, if it is there.
pub(super) fn copy(source: &Value, name: &str, target: &mut Map<String, Value>, key: &str) {
    if let Some(value) = present(source, name) {
        target.insert(key.to_owned(), value.clone());
    }
}

/// A comment that was just added, in the tools' shape.
pub fn added_comment(comment: &Value, texts: Texts) -> Map<String, Value> {
    let mut shown = Map::new();
    copy(comment, "id", &mut shown, "id");
    shown.insert("body".into(), text(comment.get("body"), texts).unwrap_or_default().into());
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

/// A comment that was just changed, in the tools' shape.
pub fn edited_comment(comment: &Value, texts: Texts) -> Map<String, Value> {
    let mut shown = added_comment(comment, texts);
    shown.remove("created");
    if let Some(updated) = comment.get("updated").and_then(Value::as_str) {
        shown.insert("updated".into(), times::offset(updated).into());
    }
    shown
}

/// A worklog, in the tools' shape.
pub fn shown_worklog(worklog: &Value, texts: Texts) -> Map<String, Value> {
    let mut view = Map::new();
    let time = |name: &str| {
        worklog.get(name).and_then(Value::as_str).map_or(Value::Null, |text| times::offset(text).into())
    };
    view.insert("id".into(), worklog.get("id").cloned().unwrap_or_default());
    view.insert("comment".into(), text(worklog.get("comment"), texts).unwrap_or_default().into());
    view.insert("created".into(), time("created"));
    view.insert("updated".into(), time("updated"));
    view.insert("started".into(), time("started"));
    view.insert("time_spent".into(), worklog.get("timeSpent").cloned().unwrap_or_default());
    view.insert("time_spent_seconds".into(), worklog.get("timeSpentSeconds").cloned().unwrap_or_default());
    view.insert("author".into(), worklog.pointer("/author/displayName").cloned().unwrap_or_default());
    view
}
