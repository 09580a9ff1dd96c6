//! What a service desk gives, in the tools' shape.

use serde_json::Map;
use serde_json::Value;

use super::choices;
use crate::ids::QueueId;
use crate::ids::ServiceDeskId;
use crate::net::UpstreamError;
use crate::policy::Product;

/// The values of a page.
pub(super) fn values(page: &Value) -> Result<&Vec<Value>, UpstreamError> {
    let missing = || UpstreamError::malformed(Product::Jira, "the page has no values");
    page.get("values").and_then(Value::as_array).ok_or_else(missing)
}

/// What is said of a page besides its values.
pub(super) fn envelope(page: &Value, desk: &ServiceDeskId) -> Map<String, Value> {
    let mut shown = Map::new();
    shown.insert("service_desk_id".into(), desk.as_str().into());
    for (name, key) in [
        ("start", "start"),
        ("limit", "limit"),
        ("size", "size"),
        ("isLastPage", "is_last_page"),
        ("_links", "links"),
    ] {
        if let Some(value) = page.get(name) {
            shown.insert(key.into(), value.clone());
        }
    }
    shown
}

/// How to go on, if there is more.
pub(super) fn next(page: &Value, start: u64, here: usize) -> Option<String> {
    let is_last = page.get("isLastPage").and_then(Value::as_bool).unwrap_or(here == 0);
    (!is_last).then(|| format!("call again with start_at = {}", start + here as u64))
}

/// A page of things that lie in the desk.
pub(super) fn page(
    page: &Value,
    desk: &ServiceDeskId,
    queue: Option<&QueueId>,
    field: &str,
    show: impl Fn(&Value) -> Value,
) -> Result<Value, UpstreamError> {
    let listed = values(page)?;
    let mut shown = envelope(page, desk);
    if let Some(queue) = queue {
        shown.insert("queue_id".into(), queue.as_str().into());
    }
    shown.insert(field.into(), listed.iter().map(show).collect());
    let start = page.get("start").and_then(Value::as_u64).unwrap_or(0);
    if let Some(next) = next(page, start, listed.len()) {
        shown.insert("next".into(), next.into());
    }
    Ok(Value::Object(shown))
}

fn renamed(object: &Value, names: &[(&str, &str)]) -> Value {
    let kept = names.iter().filter_map(|(name, key)| Some(((*key).to_owned(), object.get(*name)?.clone())));
    Value::Object(kept.collect())
}

/// Takes the number of issues out of a queue.
pub(super) fn without_count(queue: &mut Value) {
    if let Some(queue) = queue.as_object_mut() {
        queue.remove("issue_count");
    }
}

/// A queue.
pub(super) fn queue(queue: &Value) -> Value {
    let names = [
        ("id", "id"),
        ("name", "name"),
        ("issueCount", "issue_count"),
        ("jql", "jql"),
        ("fields", "fields"),
        ("_links", "links"),
    ];
    renamed(queue, &names)
}

/// A type of request.
pub(super) fn request_type(kind: &Value) -> Value {
    let names = [
        ("id", "id"),
        ("name", "name"),
        ("description", "description"),
        ("helpText", "help_text"),
        ("issueTypeId", "issue_type_id"),
        ("groupIds", "group_ids"),
        ("icon", "icon"),
    ];
    renamed(kind, &names)
}

/// A field of a type of request.
pub(super) fn field(field: &Value) -> Value {
    let names = [
        ("fieldId", "field_id"),
        ("name", "name"),
        ("description", "description"),
        ("required", "required"),
        ("jiraSchema", "jira_schema"),
        ("visible", "visible"),
        ("validValues", "valid_values"),
        ("defaultValues", "default_values"),
    ];
    let mut shown = renamed(field, &names);
    if let Value::Object(shown) = &mut shown {
        let kind = field.pointer("/jiraSchema/type").and_then(Value::as_str);
        if !field.get("jiraSchema").is_none_or(choices::are_listed) {
            shown.retain(|name, _| name != "valid_values" && name != "default_values");
        }
        shown.insert("supports_multiple".into(), (kind == Some("array")).into());
        shown.retain(|name, value| {
            let is_nothing = value.is_null() || value.as_array().is_some_and(Vec::is_empty) || value == "";
            !(is_nothing && matches!(name.as_str(), "description" | "valid_values" | "default_values"))
        });
    }
    shown
}
