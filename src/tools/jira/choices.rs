//! What Jira offers to choose from in a field, without what policies may hide.

use serde_json::Value;

use crate::ids::ProjectKey;

/// Kinds of values that are objects with a place of their own, or people.
const NOT_LISTED: [&str; 5] = ["project", "issuelink", "issuelinks", "user", "group"];

/// The choices of a field of createmeta, none if it has none. Of other projects, of issues and of people nothing is
/// listed: policies may hide some of them.
pub(super) fn of(field: &Value, project: &ProjectKey) -> Option<Vec<Value>> {
    let choices = field.get("allowedValues")?.as_array()?;
    if field.get("schema").is_none_or(are_listed) {
        return Some(choices.clone());
    }
    let is_itself = |value: &&Value| value.get("key").and_then(Value::as_str) == Some(project.as_str());
    let open: Vec<Value> = choices.iter().filter(is_itself).cloned().collect();
    (!open.is_empty()).then_some(open)
}

/// Whether the choices of fields with this schema are listed.
pub(super) fn are_listed(schema: &Value) -> bool {
    let kinds = ["type", "items"].map(|part| schema.get(part).and_then(Value::as_str));
    !kinds.iter().flatten().any(|kind| NOT_LISTED.contains(kind))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn choices_are_listed_but_not_other_projects() {
        let project = ProjectKey::parse("OPS").unwrap();
        let choices = |kind: &str, allowed: Value| {
            of(&json!({"schema": {"type": kind}, "allowedValues": allowed}), &project).map(Value::from)
        };
        let projects = json!([{"id": "1", "key": "OPS"}, {"id": "2", "key": "SECRET"}]);
        assert_eq!(choices("project", projects), Some(json!([{"id": "1", "key": "OPS"}])));
        assert_eq!(choices("project", json!([{"id": "2", "key": "SECRET"}])), None);
        let priorities = json!([{"id": "1", "name": "High"}]);
        assert_eq!(choices("priority", priorities.clone()), Some(priorities));
        assert_eq!(choices("priority", json!([])), Some(json!([])));
        assert_eq!(of(&json!({"schema": {"type": "string"}}), &project), None);
    }
}
