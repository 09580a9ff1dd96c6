//! Identifiers of tasks and decisions that have none: numbers, so that the same text gives the same document.

use std::collections::HashSet;

use serde_json::Value;

use super::depth::is_shallow;

/// These stand for identifiers that are to be found: what comes before the number, behind a character that no
/// identifier has.
pub(super) const NEW_TASK_LIST: &str = "\0task-list";
pub(super) const NEW_TASK: &str = "\0task";
pub(super) const NEW_DECISION_LIST: &str = "\0decision-list";
pub(super) const NEW_DECISION: &str = "\0decision";

/// The same, as JSON has it.
const NEW_IN_JSON: &str = "\"localId\":\"\\u0000";

/// How JSON begins an identifier.
const IN_JSON: &str = "\"localId\":\"";

/// Whether an identifier is still to be found.
pub(super) fn is_new(identifier: &str) -> bool {
    identifier.starts_with('\0')
}

/// Numbers for the names, none of which is taken.
#[derive(Default)]
struct Numbers {
    taken: HashSet<String>,
    counts: [usize; 4],
}

impl Numbers {
    fn next(&mut self, name: &str) -> String {
        let [task_lists, tasks, decision_lists, decisions] = &mut self.counts;
        let count = match name {
            "task-list" => task_lists,
            "decision-list" => decision_lists,
            "decision" => decisions,
            _ => tasks,
        };
        loop {
            *count += 1;
            let identifier = format!("{name}-{count}");
            if !self.taken.contains(&identifier) {
                return identifier;
            }
        }
    }
}

/// Gives every task, decision and list of them an identifier that no other one in the document has.
pub(super) fn number(content: &mut [Value]) {
    let mut numbers = Numbers::default();
    for node in content.iter() {
        collect(node, &mut numbers.taken);
    }
    for node in content {
        fill(node, &mut numbers);
    }
}

/// The same for a document that is written already.
pub(super) fn numbered(json: &str) -> String {
    let mut numbers = Numbers::default();
    for rest in json.split(IN_JSON).skip(1) {
        // One with an escape in it is no number.
        numbers.taken.extend(rest.split_once('"').map(|(identifier, _)| identifier.to_owned()));
    }
    let mut parts = json.split(NEW_IN_JSON);
    let mut written = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once('"').unwrap_or((part, ""));
        written.extend([IN_JSON, &numbers.next(name), "\"", rest]);
    }
    written
}

/// Whether the identifiers are the numbers that these tasks and decisions would get anyway.
pub(super) fn are_numbers(content: &[Value]) -> bool {
    if !content.iter().any(has_first) || !content.iter().all(is_shallow) {
        return false;
    }
    let mut anew = content.to_vec();
    anew.iter_mut().for_each(clear);
    number(&mut anew);
    anew == content
}

fn has_first(node: &Value) -> bool {
    let mut open = vec![node];
    while let Some(node) = open.pop() {
        let identifier = node.pointer("/attrs/localId").and_then(Value::as_str);
        if matches!(identifier, Some("task-list-1" | "decision-list-1")) {
            return true;
        }
        open.extend(node.get("content").and_then(Value::as_array).into_iter().flatten());
    }
    false
}

fn clear(node: &mut Value) {
    let name = match node.get("type").and_then(Value::as_str).unwrap_or_default() {
        "taskList" => Some(NEW_TASK_LIST),
        "taskItem" | "blockTaskItem" => Some(NEW_TASK),
        "decisionList" => Some(NEW_DECISION_LIST),
        "decisionItem" => Some(NEW_DECISION),
        _ => None,
    };
    if let (Some(name), Some(identifier)) = (name, node.pointer_mut("/attrs/localId")) {
        *identifier = name.into();
    }
    node.get_mut("content").and_then(Value::as_array_mut).into_iter().flatten().for_each(clear);
}

fn collect(value: &Value, taken: &mut HashSet<String>) {
    match value {
        Value::Object(map) => {
            taken.extend(map.get("localId").and_then(Value::as_str).map(str::to_owned));
            map.values().for_each(|value| collect(value, taken));
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, taken)),
        _ => {}
    }
}

fn fill(node: &mut Value, numbers: &mut Numbers) {
    if let Some(Value::String(identifier)) = node.pointer_mut("/attrs/localId")
        && let Some(name) = identifier.strip_prefix('\0')
    {
        *identifier = numbers.next(name);
    }
    for child in node.get_mut("content").and_then(Value::as_array_mut).into_iter().flatten() {
        fill(child, numbers);
    }
}
