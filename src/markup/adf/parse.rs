//! Atlassian Document Format into the document.

mod blocks;
mod inlines;
mod lists;
mod media;
mod tables;

use serde_json::Map;
use serde_json::Value;

use super::super::document::Block;
use super::super::document::Extra;
use super::super::document::Format;
use super::super::document::Notes;
use super::depth::is_shallow;
use super::depth::readable;
use super::identifiers;
use super::schema::Place;
use super::words::Values;
use super::words::Words;

pub(super) use media::is_web;

/// Parses a document, a node or a list of nodes. What the model has no words for is kept as it is.
pub(in super::super) fn parse(adf: &Value, notes: &mut Notes) -> Vec<Block> {
    let mut reader = Reader { notes, is_numbered: false };
    match adf {
        Value::Null => Vec::new(),
        Value::String(text) => text
            .replace('\0', "\u{FFFD}")
            .lines()
            .filter(|line| !line.trim().is_empty())
            .map(Block::text)
            .collect(),
        Value::Array(nodes) => reader.blocks(nodes, Place::Document, 0),
        node if kind(node) == "doc" => reader.document(node),
        node => reader.blocks(std::slice::from_ref(node), Place::Document, 0),
    }
}

/// Reads nodes.
struct Reader<'notes> {
    notes: &'notes mut Notes,
    /// The identifiers of tasks and decisions are numbers that say nothing.
    is_numbered: bool,
}

impl Reader<'_> {
    fn document(&mut self, node: &Value) -> Vec<Block> {
        let (Some(map), Some(content)) = (node.as_object(), node.as_object().and_then(children)) else {
            return vec![self.source(node)];
        };
        self.is_numbered = identifiers::are_numbers(content);
        let blocks = self.blocks(content, Place::Document, 0);
        let is_usual = |name: &str, value: &Value| {
            matches!(name, "type" | "content") || name == "version" && value.as_u64() == Some(1)
        };
        let mut values = Map::new();
        for (name, value) in map.iter().filter(|(name, value)| !is_usual(name, value)) {
            if RESERVED.contains(&name.as_str()) {
                self.notes.add(format!("the {name} of the document was left out"));
            } else if is_shallow(value) {
                values.insert(name.clone(), value.clone());
            } else {
                self.notes.add(TOO_DEEP);
            }
        }
        match Extra::new(Format::Adf, values) {
            Some(extra) => vec![Block::Container { name: "doc".to_owned(), extra, blocks }],
            None => blocks,
        }
    }

    /// The identifier that a task or decision has where nothing is said of it.
    fn usual_identifier<'map>(&self, map: &'map Values) -> &'map str {
        if self.is_numbered { text(map, "localId") } else { identifiers::NEW_TASK }
    }

    /// The node as it was written, or its text if it is too deep to be written.
    fn source(&mut self, node: &Value) -> Block {
        if is_shallow(node) {
            return Block::Source { format: Format::Adf, text: node.to_string() };
        }
        self.notes.add(TOO_DEEP);
        Block::text(readable(node))
    }
}

const TOO_DEEP: &str = "a node that is nested too deep became its text";

/// Keys of an extra that mean more than a key of the node.
const RESERVED: [&str; 5] = ["media", "caption", "cells", "text", "version"];

fn kind(node: &Value) -> &str {
    node.get("type").and_then(Value::as_str).unwrap_or_default()
}

/// What the node holds; `None` if it cannot be told.
fn children(map: &Values) -> Option<&[Value]> {
    match map.get("content") {
        None => Some(&[]),
        Some(Value::Array(nodes)) => Some(nodes),
        Some(_) => None,
    }
}

fn attribute<'a>(map: &'a Values, name: &str) -> Option<&'a Value> {
    map.get("attrs")?.get(name)
}

/// A text that Markdown has a form for; empty where there is none.
fn text<'a>(map: &'a Values, name: &str) -> &'a str {
    let text = attribute(map, name).and_then(Value::as_str).filter(|text| !text.contains('\0'));
    text.unwrap_or_default()
}

fn attributes(map: &Values) -> Option<&Values> {
    map.get("attrs").and_then(Value::as_object)
}

/// What the node says besides its content and these words; `None` if no extra can say it.
fn besides(map: &Values, words: &Words) -> Option<Values> {
    let mut values = words.besides(map.get("attrs"))?;
    for (name, value) in map {
        match name.as_str() {
            "type" | "content" | "attrs" => continue,
            "marks" if value.as_array().is_some_and(Vec::is_empty) => continue,
            name if RESERVED.contains(&name) => return None,
            _ if !is_shallow(value) => return None,
            _ => values.insert(name.to_owned(), value.clone()),
        };
    }
    Some(values)
}

/// What a node says besides its kind and content, with the kind where the schema has another one.
fn besides_of_kind(map: &Values, words: &Words, name: &str) -> Option<Values> {
    let mut values = Map::new();
    values.insert("type".to_owned(), Value::from(name));
    values.extend(besides(map, words)?);
    Some(values)
}

/// The same as an extra.
fn extra(values: Values) -> Option<Extra> {
    Extra::new(Format::Adf, values)
}
