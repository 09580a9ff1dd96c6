//! Identifiers of tasks and decisions that have none: numbers, so that the same text gives the same document.

use std::collections::HashSet;

use serde_json::Value;

use super::depth::is_shallow;
use super::words::NEW_IDENTIFIER;

/// Gives every task, decision and list of them an identifier that no other one in the document has.
pub(super) fn number(content: &mut [Value]) {
    let mut taken = HashSet::new();
    for node in content.iter() {
        collect(node, &mut taken);
    }
    let mut counts = [0; 4];
    for node in content {
        fill(node, &taken, &mut counts);
    }
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
    let kind = node.get("type").and_then(Value::as_str).unwrap_or_default();
    if matches!(kind, "taskList" | "taskItem" | "blockTaskItem" | "decisionList" | "decisionItem")
        && let Some(identifier) = node.pointer_mut("/attrs/localId")
    {
        *identifier = NEW_IDENTIFIER.into();
    }
    node.get_mut("content").and_then(Value::as_array_mut).into_iter().flatten().for_each(clear);
}

fn collect(node: &Value, taken: &mut HashSet<String>) {
    if let Some(identifier) = node.pointer("/attrs/localId").and_then(Value::as_str) {
        taken.insert(identifier.to_owned());
    }
    for child in node.get("content").and_then(Value::as_array).into_iter().flatten() {
        collect(child, taken);
    }
}

fn fill(node: &mut Value, taken: &HashSet<String>, counts: &mut [usize; 4]) {
    let kind = node.get("type").and_then(Value::as_str).unwrap_or_default();
    let [task_lists, tasks, decision_lists, decisions] = counts;
    let (name, count) = match kind {
        "taskList" => ("task-list", task_lists),
        "decisionList" => ("decision-list", decision_lists),
        "decisionItem" => ("decision", decisions),
        _ => ("task", tasks),
    };
    if let Some(Value::String(identifier)) = node.pointer_mut("/attrs/localId")
        && identifier == NEW_IDENTIFIER
    {
        *identifier = next(name, count, taken);
    }
    for child in node.get_mut("content").and_then(Value::as_array_mut).into_iter().flatten() {
        fill(child, taken, counts);
    }
}

fn next(name: &str, count: &mut usize, taken: &HashSet<String>) -> String {
    loop {
        *count += 1;
        let identifier = format!("{name}-{count}");
        if !taken.contains(&identifier) {
            return identifier;
        }
    }
}
