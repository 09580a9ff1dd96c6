//! When two documents are the same.

use proptest::test_runner::TestCaseError;
use serde_json::Map;
use serde_json::Value;

/// The first place in which the two documents differ, as the failure of a test.
pub(super) fn check_same(found: &Value, wanted: &Value) -> Result<(), TestCaseError> {
    match difference("", &normal(found), &normal(wanted)) {
        Some(difference) => Err(TestCaseError::fail(format!("{difference}\nof {wanted}"))),
        None => Ok(()),
    }
}

fn difference(path: &str, found: &Value, wanted: &Value) -> Option<String> {
    match (found, wanted) {
        (Value::Object(one), Value::Object(other)) if one.keys().all(|key| other.contains_key(key)) => other
            .iter()
            .find_map(|(key, value)| {
                difference(&format!("{path}/{key}"), found.get(key).unwrap_or(&Value::Null), value)
            })
            .or_else(|| (one.len() != other.len()).then(|| format!("{path}: {found} is not {wanted}"))),
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            let pairs = one.iter().zip(other).enumerate();
            pairs.into_iter().find_map(|(at, (one, other))| difference(&format!("{path}/{at}"), one, other))
        }
        _ => (found != wanted).then(|| format!("{path}: {found} is not {wanted}")),
    }
}

/// Attributes that mean the same as none.
fn without_defaults(node: &mut Map<String, Value>) {
    let kind = node.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    let Some(Value::Object(attributes)) = node.get_mut("attrs") else { return };
    attributes.retain(|name, value| match (kind.as_str(), name.as_str()) {
        ("orderedList", "order") => *value != 1,
        ("table", "isNumberColumnEnabled") => *value != false,
        ("table", "layout") => value != "default",
        ("mediaSingle" | "embedCard", "layout") => value != "center",
        ("expand" | "nestedExpand", "title") => value != "",
        ("decisionItem", "state") => value != "DECIDED",
        _ => true,
    });
    if attributes.is_empty() {
        node.remove("attrs");
    }
}

/// The node without what makes no difference: the order of marks, empty lists, and where text is cut in pieces.
fn normal(node: &Value) -> Value {
    let Some(map) = node.as_object() else { return node.clone() };
    let mut normal = map.clone();
    without_defaults(&mut normal);
    if let Some(Value::Array(marks)) = normal.get_mut("marks") {
        marks.sort_by_key(ToString::to_string);
    }
    if let Some(Value::Array(content)) = map.get("content") {
        let mut joined: Vec<Value> = Vec::new();
        for node in content.iter().map(self::normal) {
            match joined.last_mut() {
                Some(last) if is_one_text(last, &node) => {
                    let text =
                        format!("{}{}", last["text"].as_str().unwrap(), node["text"].as_str().unwrap());
                    last["text"] = Value::from(text);
                }
                _ => joined.push(node),
            }
        }
        normal.insert("content".to_owned(), Value::Array(joined));
    }
    for name in ["content", "marks"] {
        if normal.get(name).and_then(Value::as_array).is_some_and(Vec::is_empty) {
            normal.remove(name);
        }
    }
    Value::Object(normal)
}

fn is_one_text(before: &Value, after: &Value) -> bool {
    let keys = |node: &Value| {
        node.as_object()
            .is_some_and(|map| map.keys().all(|key| matches!(key.as_str(), "type" | "text" | "marks")))
    };
    let is_text = |node: &Value| node["type"] == "text" && node["text"].is_string() && keys(node);
    is_text(before) && is_text(after) && before.get("marks") == after.get("marks")
}
