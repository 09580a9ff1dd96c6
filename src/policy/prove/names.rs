//! What policies name: entities, attributes; and readable names they do not name.

use std::collections::BTreeSet;

use cedar_policy::EntityUid;
use cedar_policy::Policy;
use serde_json::Value;

use crate::ids::InstanceName;
use crate::policy::check::within_instance;

/// The instance an id is of, and the id within it.
pub(super) fn split(id: &str) -> (&str, &str) {
    let (instance, id) = within_instance(id);
    match instance.strip_suffix('/') {
        Some(instance) => (instance, id),
        None => (InstanceName::DEFAULT, id),
    }
}

/// The id as entities have it.
pub(super) fn join(instance: &str, id: &str) -> String {
    if instance == InstanceName::DEFAULT { id.to_owned() } else { format!("{instance}/{id}") }
}

/// Every attribute that the policies look at.
pub(super) fn mentioned<'a>(policies: impl IntoIterator<Item = &'a Policy>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for policy in policies {
        if let Ok(json) = policy.to_json() {
            collect(&json, &mut names);
        }
    }
    names
}

fn collect(json: &Value, names: &mut BTreeSet<String>) {
    match json {
        Value::Object(fields) => {
            if let Some(Value::String(name)) = fields.get("attr") {
                names.insert(name.clone());
            }
            fields.values().for_each(|value| collect(value, names));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// An attribute of an entity that the policy names, such as `Jira::Project::"OPS".key`. The store has such an entity in
/// calls on it alone, so elsewhere the policy errs; the solver takes every entity to be there.
pub(super) fn far_attribute(policy: &Policy) -> Option<String> {
    far(&policy.to_json().ok()?)
}

fn far(json: &Value) -> Option<String> {
    let children: Vec<&Value> = match json {
        Value::Object(fields) => {
            let entity =
                fields.get("left").and_then(|left| left.get("Value")).and_then(|value| value.get("__entity"));
            if let (Some(entity), Some(name)) = (entity, fields.get("attr").and_then(Value::as_str)) {
                let part = |part| entity.get(part).and_then(Value::as_str).unwrap_or_default();
                return Some(format!("{}::\"{}\".{name}", part("type"), part("id")));
            }
            fields.values().collect()
        }
        Value::Array(items) => items.iter().collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return None,
    };
    children.into_iter().find_map(far)
}

/// The first of these ids that no policy names as an entity of this type.
pub(super) fn unnamed(
    kind: &str,
    literals: &[EntityUid],
    mut ids: impl Iterator<Item = String>,
) -> Option<String> {
    ids.find(|id| !is_named(kind, id, literals))
}

/// Whether a policy names this entity.
pub(super) fn is_named(kind: &str, id: &str, literals: &[EntityUid]) -> bool {
    literals.iter().any(|uid| uid.id().unescaped() == id && uid.type_name().to_string() == kind)
}
