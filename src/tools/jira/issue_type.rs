//! The type of a new issue, by what people call it.

use serde_json::Value;
use serde_json::json;

use crate::atlassian::jira::Jira;
use crate::atlassian::jira::says_epic;
use crate::audit::Permit;
use crate::ids::ProjectKey;
use crate::policy::Write;
use crate::tools::ToolError;

/// The type that a name means in a project, as Jira takes it. Only epics and sub-tasks are asked for: their names differ
/// between sites and languages, and what they are does not.
pub(super) async fn meant(
    jira: &Jira<'_>,
    permit: &Permit<Write>,
    project: &ProjectKey,
    name: &str,
) -> Result<Value, ToolError> {
    let name = name.trim();
    if !is_epic(name) && !is_subtask(name) {
        return Ok(json!({"name": name}));
    }
    let types = jira.issue_types(permit, project).await?;
    choose(&types, name).map_err(|problem| {
        ToolError::Arguments(format!("`issue_type`: project {project} has several types of {problem}"))
    })
}

/// Whether this is what people call an epic.
pub(super) fn is_epic(name: &str) -> bool {
    folded(name) == "epic"
}

fn is_subtask(name: &str) -> bool {
    folded(name) == "subtask"
}

/// `Sub-Task`, `sub task` and `Subtask` are one.
fn folded(name: &str) -> String {
    name.chars().filter(|letter| !matches!(letter, ' ' | '-' | '_')).flat_map(char::to_lowercase).collect()
}

/// The type of this name, or else the only one that is what the name says. Where there is none, Jira says so.
fn choose(types: &[Value], name: &str) -> Result<Value, String> {
    let text = |kind: &Value, key: &str| kind.get(key).and_then(Value::as_str).map(str::to_owned);
    let whole = |kind: &Value| json!({"id": text(kind, "id"), "name": text(kind, "name")});
    let named = |fits: &dyn Fn(&str) -> bool| {
        types.iter().find(|kind| text(kind, "name").is_some_and(|name| fits(&name)))
    };
    let known = named(&|known| known == name).or_else(|| named(&|known| folded(known) == folded(name)));
    if let Some(kind) = known {
        return Ok(whole(kind));
    }
    let is_it = |kind: &&Value| {
        if is_subtask(name) {
            kind.get("subtask").and_then(Value::as_bool) == Some(true)
        } else {
            says_epic(kind)
        }
    };
    match types.iter().filter(is_it).collect::<Vec<_>>().as_slice() {
        [] => Ok(json!({"name": name})),
        [one] => Ok(whole(one)),
        several => {
            let names: Vec<String> = several.iter().filter_map(|kind| text(kind, "name")).collect();
            Err(format!("`{name}`; name one of {}", names.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_found_by_its_name_and_by_what_it_is() {
        let kind = |id: &str, name: &str, subtask: bool, level: i64| json!({"id": id, "name": name, "subtask": subtask, "hierarchyLevel": level});
        let usual =
            [kind("1", "Epic", false, 1), kind("2", "Sub-task", true, -1), kind("3", "Task", false, 0)];
        let german = [kind("1", "Thema", false, 1), kind("2", "Unteraufgabe", true, -1)];
        let many = [kind("2", "Build step", true, -1), kind("3", "Review step", true, -1)];
        let table: [(&[Value], &str, Result<Value, &str>); 8] = [
            (&usual, "Subtask", Ok(json!({"id": "2", "name": "Sub-task"}))),
            (&usual, "sub task", Ok(json!({"id": "2", "name": "Sub-task"}))),
            (&usual, "Sub-Task", Ok(json!({"id": "2", "name": "Sub-task"}))),
            (&usual, "EPIC", Ok(json!({"id": "1", "name": "Epic"}))),
            (&german, "Subtask", Ok(json!({"id": "2", "name": "Unteraufgabe"}))),
            (&german, "Epic", Ok(json!({"id": "1", "name": "Thema"}))),
            (&many, "Epic", Ok(json!({"name": "Epic"}))),
            (&many, "Subtask", Err("`Subtask`; name one of Build step, Review step")),
        ];
        for (types, name, wanted) in table {
            assert_eq!(choose(types, name), wanted.map_err(str::to_owned), "{name}");
        }
    }
}
