//! Documents without what says nothing about a converter.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

/// A document without what says nothing about a converter: the order of marks and of keys, and values that are the
/// default anyway.
pub(crate) fn plain(node: &Value) -> Value {
    let Value::Object(node) = node else { return node.clone() };
    let mut plainer = Map::new();
    let kind = node.get("type").and_then(Value::as_str).unwrap_or_default();
    let mut keys: Vec<&String> = node.keys().filter(|key| *key != "version").collect();
    keys.sort();
    for key in keys {
        let value = match (key.as_str(), &node[key]) {
            ("content", Value::Array(nodes)) if kind == "codeBlock" => {
                joined(nodes.iter().map(plain).collect())
            }
            ("content", Value::Array(nodes)) => {
                joined(nodes.iter().map(plain).flat_map(with_breaks).collect())
            }
            ("marks", Value::Array(marks)) => {
                let mut marks: Vec<Value> = marks.iter().map(plain).collect();
                marks.sort_by_key(ToString::to_string);
                Value::Array(marks)
            }
            ("attrs", Value::Object(attrs)) => attributes(kind, attrs),
            (_, other) => other.clone(),
        };
        let is_empty =
            value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(Map::is_empty);
        if !is_empty {
            plainer.insert(key.clone(), value);
        }
    }
    Value::Object(plainer)
}

fn attributes(kind: &str, attrs: &Map<String, Value>) -> Value {
    let mut keys: Vec<&String> = attrs.keys().filter(|key| *key != "localId").collect();
    keys.sort();
    let is_default = |key: &str, value: &Value| match (kind, key, value) {
        (_, _, Value::Null) => true,
        (_, _, Value::String(text)) => {
            text.is_empty()
                || matches!((kind, text.as_str()), ("table", "default") | ("mediaSingle", "center"))
        }
        ("table", "isNumberColumnEnabled", Value::Bool(false)) => true,
        ("orderedList", "order", order) => order.as_f64() == Some(1.0),
        _ => false,
    };
    keys.into_iter()
        .filter(|key| !is_default(key, &attrs[*key]))
        .map(|key| (key.clone(), attrs[key].clone()))
        .collect::<Map<String, Value>>()
        .into()
}

/// Jira shows a line feed in text as it shows a break.
fn with_breaks(node: Value) -> Vec<Value> {
    let Some(text) = node["text"].as_str().filter(|text| text.contains('\n')) else { return vec![node] };
    let mut nodes = Vec::new();
    for (index, line) in text.split('\n').enumerate() {
        if index > 0 {
            nodes.push(json!({ "type": "hardBreak" }));
        }
        if !line.is_empty() {
            let mut part = node.clone();
            part["text"] = line.into();
            nodes.push(part);
        }
    }
    nodes
}

/// Neighbouring texts of the same marks are one text.
pub(crate) fn joined(nodes: Vec<Value>) -> Value {
    let mut joined: Vec<Value> = Vec::new();
    for node in nodes {
        let is_text = |node: &Value| node["type"] == "text";
        match joined.last_mut() {
            Some(before) if is_text(before) && is_text(&node) && before.get("marks") == node.get("marks") => {
                let text = format!("{}{}", before["text"].as_str().unwrap(), node["text"].as_str().unwrap());
                before["text"] = text.into();
            }
            _ => joined.push(node),
        }
    }
    Value::Array(joined)
}
