//! Whether a node that was written elsewhere may stand where it is to stand.

use serde_json::Map;
use serde_json::Value;

use super::attributes::Attribute;
use super::marks;
use super::nodes;
use super::nodes::Node;
use super::nodes::Place;

/// What became of attributes or marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Kept {
    All,
    Some,
    /// What is left does not do for the node.
    TooFew,
}

/// Removes the attributes that the schema forbids; what it does not know stays.
pub(in super::super) fn kept_attributes(node: &Node, attributes: &mut Map<String, Value>) -> Kept {
    if attributes_fit(node.attributes, attributes) {
        return Kept::All;
    }
    attributes.retain(|name, value| {
        let mut known = node.attributes.iter().flat_map(|set| set.iter()).filter(|one| one.name == name);
        known.clone().next().is_none() || known.any(|attribute| attribute.takes(value))
    });
    if attributes_fit(node.attributes, attributes) { Kept::Some } else { Kept::TooFew }
}

/// Removes the marks that the node may not have there; what the schema does not know stays.
pub(in super::super) fn kept_marks(kind: &str, place: Place, found: &mut Vec<Value>) -> Kept {
    let before = found.len();
    let Some(sets) = marks::sets(kind, place) else {
        return Kept::All;
    };
    found.retain(mark_fits);
    let known = |mark: &Value| kind_of(mark).filter(|kind| marks::is_mark(kind)).map(str::to_owned);
    let wanted: Vec<String> = found.iter().filter_map(known).collect();
    let has = |set: &&&[&str], kind: &String| set.contains(&kind.as_str());
    let set = sets
        .iter()
        .find(|set| wanted.iter().all(|kind| has(set, kind)))
        .or_else(|| sets.iter().find(|set| wanted.iter().any(|kind| has(set, kind))));
    found.retain(|mark| known(mark).is_none_or(|kind| set.is_some_and(|set| set.contains(&kind.as_str()))));
    if found.len() == before { Kept::All } else { Kept::Some }
}

/// Whether the node may stand there as it is. What the schema does not know is not looked into.
pub(in super::super) fn fits(value: &Value, place: Place) -> bool {
    let Some(kind) = kind_of(value) else { return false };
    let Some(node) = nodes::node(kind) else { return true };
    let Some(map) = value.as_object() else { return false };
    place == Place::Unknown
        || nodes::allowed(kind, place)
            && node_attributes_fit(node, map)
            && node_marks_fit(kind, place, map)
            && content_fits(node, place, map)
}

fn node_attributes_fit(node: &Node, map: &Map<String, Value>) -> bool {
    match map.get("attrs") {
        None => !node.needs_attributes,
        Some(Value::Object(attributes)) => {
            attributes_fit(node.attributes, attributes)
                && (!node.attributes.is_empty() || !attributes.is_empty())
        }
        Some(_) => false,
    }
}

fn node_marks_fit(kind: &str, place: Place, map: &Map<String, Value>) -> bool {
    match map.get("marks") {
        None => true,
        Some(Value::Array(found)) => {
            let has_none = !matches!(kind, "text" | "paragraph" | "heading" | "codeBlock" | "expand")
                && marks::sets(kind, place).is_some_and(<[_]>::is_empty);
            !(has_none && found.is_empty()) && kept_marks(kind, place, &mut found.clone()) == Kept::All
        }
        Some(_) => false,
    }
}

fn content_fits(node: &Node, place: Place, map: &Map<String, Value>) -> bool {
    if node.kind == "text" {
        return map.get("text").and_then(Value::as_str).is_some_and(|text| !text.is_empty())
            && !map.contains_key("content");
    }
    if node.kind == "mediaSingle" && place == Place::Sync {
        // There the schema says nothing of what is in it.
        return true;
    }
    let content = match map.get("content") {
        None => return !node.needs_content,
        Some(Value::Array(content)) => content.as_slice(),
        Some(_) => return false,
    };
    let all = |content: &[Value]| content.iter().all(|child| fits(child, node.holds));
    match node.kind {
        "mediaSingle" => single_fits(content),
        "layoutSection" if place == Place::Document => {
            let known = content.iter().filter(|node| is_known(node)).count();
            content.len() >= 2 && known <= 3 && all(content)
        }
        // The schema names what stands first and second, and nothing after it.
        "blockTaskItem" => !content.is_empty() && all(content.get(..2).unwrap_or(content)),
        _ => node.holds != Place::Leaf && content.len() >= node.least && all(content),
    }
}

fn single_fits(content: &[Value]) -> bool {
    let is = |node: &Value, wanted: &str| kind_of(node) == Some(wanted) && fits(node, Place::MediaSingle);
    match content {
        [media] if is_known(media) => is(media, "media"),
        [media, caption] if is_known(media) && is_known(caption) => {
            is(media, "media") && is(caption, "caption")
        }
        // Where there is an unknown one, so may be more than the schema knows.
        _ => {
            content.iter().any(|node| !is_known(node))
                && content.iter().all(|node| fits(node, Place::MediaSingle))
        }
    }
}

fn is_known(node: &Value) -> bool {
    kind_of(node).is_none_or(|kind| nodes::node(kind).is_some())
}

fn attributes_fit(sets: &[&[Attribute]], attributes: &Map<String, Value>) -> bool {
    let has = |name: &str| sets.iter().any(|set| set.iter().any(|one| one.name == name));
    sets.is_empty()
        || sets.iter().any(|set| {
            let has_all = set.iter().all(|one| !one.needed || attributes.contains_key(one.name));
            has_all
                && attributes.iter().all(|(name, value)| match set.iter().find(|one| one.name == name) {
                    Some(attribute) => attribute.takes(value),
                    None => !has(name),
                })
        })
}

/// Whether the mark has the attributes that it needs; one that the schema does not know always has.
pub(in super::super) fn mark_fits(mark: &Value) -> bool {
    let Some(kind) = kind_of(mark) else { return false };
    let Some(known) = marks::attributes(kind) else { return true };
    match mark.get("attrs") {
        None => known.iter().all(|attribute| !attribute.needed),
        Some(Value::Object(attributes)) => {
            attributes_fit(&[known], attributes) && (!known.is_empty() || !attributes.is_empty())
        }
        Some(_) => false,
    }
}

fn kind_of(value: &Value) -> Option<&str> {
    value.get("type").and_then(Value::as_str).filter(|kind| !kind.is_empty())
}
