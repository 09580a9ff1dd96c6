//! Values that are nested without end: how deep one is, and what can be read in it.

use serde_json::Value;

/// How deep a value may be to be copied and written; `serde_json` reads no more than 127 levels back.
const DEEPEST: usize = 100;

/// Whether the value can be copied and written without a deep stack.
pub(super) fn is_shallow(value: &Value) -> bool {
    if !value.is_array() && !value.is_object() {
        return true;
    }
    let mut open = vec![(value, 1)];
    while let Some((value, depth)) = open.pop() {
        if depth > DEEPEST {
            return false;
        }
        match value {
            Value::Array(values) => open.extend(values.iter().map(|value| (value, depth + 1))),
            Value::Object(values) => open.extend(values.values().map(|value| (value, depth + 1))),
            _ => {}
        }
    }
    true
}

/// The text of all the nodes inside, in order, a space between two of them.
pub(super) fn readable(node: &Value) -> String {
    let mut text = String::new();
    let mut open = vec![node];
    while let Some(node) = open.pop() {
        if let Some(piece) = node.get("text").and_then(Value::as_str) {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(piece);
        }
        if let Some(content) = node.get("content").and_then(Value::as_array) {
            open.extend(content.iter().rev());
        }
    }
    text
}
