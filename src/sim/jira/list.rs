//! The lists that belong to an issue: change log and transitions.

use serde_json::Value;
use serde_json::json;

use super::super::answer::Answer;
use super::super::answer::Reply;
use super::super::call::Call;
use super::super::data::RESOLUTIONS;
use super::super::data::TRANSITIONS;
use super::super::world::Change;
use super::super::world::Issue;
use super::super::world::Status;
use super::super::world::World;
use super::refusal;
use super::render;

pub(crate) fn change(call: &Call, change: &Change) -> Value {
    let id = |pair: &Option<(String, String)>| pair.as_ref().map(|(id, _)| id.clone());
    let name = |pair: &Option<(String, String)>| pair.as_ref().map(|(_, name)| name.clone());
    let mut item = json!({"field": change.field, "fieldtype": "jira", "from": id(&change.from),
        "fromString": name(&change.from), "to": id(&change.to), "toString": name(&change.to)});
    if call.is_cloud() {
        render::extend(&mut item, json!({"fieldId": change.field}));
    }
    json!({"id": change.id.to_string(), "author": render::user(call, change.author),
        "created": render::time(change.created), "items": [item]})
}

pub(crate) fn changes(call: &Call, issue: &Issue) -> Value {
    let histories: Vec<Value> = issue.history.iter().map(|entry| change(call, entry)).collect();
    let count = histories.len();
    json!({"startAt": 0, "maxResults": count, "total": count, "histories": histories})
}

pub(crate) fn transitions(call: &Call, issue: &Issue) -> Value {
    let expands = call.parameter("expand").is_some_and(|expand| expand.contains("transitions.fields"));
    let fields = |to: &Status| {
        if !expands || to.category.key != "done" {
            return json!({});
        }
        let allowed: Vec<Value> = RESOLUTIONS.iter().map(|item| render::resolution(call, item)).collect();
        json!({"resolution": {"required": false, "schema": {"type": "resolution", "system": "resolution"},
            "name": "Resolution", "operations": ["set"], "allowedValues": allowed}})
    };
    TRANSITIONS
        .iter()
        .filter(|transition| transition.to != issue.status)
        .map(|transition| {
            json!({"id": transition.id, "name": transition.name, "to": render::status(call, transition.to),
                "hasScreen": false, "isGlobal": true, "isInitial": false, "isConditional": false, "fields": fields(transition.to)})
        })
        .collect()
}

/// The change logs of many issues at once: Cloud only.
pub(crate) fn bulk_changes(world: &World, call: &Call) -> Reply {
    if !call.is_cloud() {
        return Err(super::not_found());
    }
    let body = call.json().unwrap_or_default();
    let Some(names) = body.get("issueIdsOrKeys").and_then(Value::as_array) else {
        return Err(refusal(400, "issueIdsOrKeys must be given."));
    };
    let logs =
        names.iter().filter_map(Value::as_str).filter_map(|name| world.issue(call.user, name)).map(|issue| {
            let histories = issue.history.iter().map(|entry| {
                let mut shown = change(call, entry);
                render::extend(&mut shown, json!({"created": entry.created.as_millisecond()}));
                shown
            });
            json!({"issueId": issue.id.to_string(), "changeHistories": histories.collect::<Vec<_>>()})
        });
    Ok(Answer::json(&json!({"issueChangeLogs": logs.collect::<Vec<_>>()})))
}
