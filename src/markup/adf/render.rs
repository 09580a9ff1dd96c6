//! The document as Atlassian Document Format, within what its schema allows to stand where.

mod blocks;
mod foreign;
mod inlines;
mod lists;
mod macros;
mod media;
mod tables;

use serde_json::Map;
use serde_json::Value;

use super::super::document::Block;
use super::super::document::Format;
use super::super::document::MAX_DEPTH;
use super::super::document::Notes;
use super::identifiers;
use super::schema;
use super::schema::Kept;
use super::schema::Place;
use super::words::Values;
use super::words::Words;

/// How a document begins.
const START: &[u8] = br#"{"type":"doc","content":["#;

/// How deep blocks and pieces of text are written; parsers count differently, and all of them stay far below.
const DEEPEST: usize = 2 * MAX_DEPTH;

/// Keys that say something of the node itself, or of one inside of it.
const RESERVED: [&str; 9] =
    ["type", "version", "text", "content", "attrs", "marks", "media", "caption", "cells"];

/// The document as JSON, to which its blocks are added: of the nodes only those of one block are there at a time.
pub(in super::super) struct Json {
    out: Vec<u8>,
    has_new: bool,
    /// The first block, as long as it is the only one and may be the document itself.
    lone: Option<Block>,
}

impl Json {
    pub(in super::super) fn new() -> Self {
        Self { out: START.to_vec(), has_new: false, lone: None }
    }

    /// Adds the next blocks of the document.
    pub(in super::super) fn add(&mut self, blocks: Vec<Block>, notes: &mut Notes) -> serde_json::Result<()> {
        let mut blocks = blocks;
        if blocks.is_empty() {
            return Ok(());
        }
        if let Some(lone) = self.lone.take() {
            self.write(&[lone], notes)?;
        } else if self.out.len() == START.len() && matches!(*blocks, [Block::Container { .. }]) {
            self.lone = blocks.pop();
        }
        self.write(&blocks, notes)
    }

    fn write(&mut self, blocks: &[Block], notes: &mut Notes) -> serde_json::Result<()> {
        let mut writer = Writer { notes, has_new: self.has_new };
        let mut nodes = Vec::new();
        for block in blocks {
            writer.add(&mut nodes, block, Place::Document, 0);
            for node in nodes.drain(..) {
                if self.out.len() > START.len() {
                    self.out.push(b',');
                }
                serde_json::to_writer(&mut self.out, &node)?;
            }
        }
        self.has_new = writer.has_new;
        Ok(())
    }

    /// The whole document.
    pub(in super::super) fn finish(mut self, notes: &mut Notes) -> serde_json::Result<String> {
        if let Some(lone) = self.lone {
            return serde_json::to_string(&render(&[lone], notes));
        }
        self.out.extend_from_slice(br#"],"version":1}"#);
        let text = String::from_utf8(self.out).map_err(serde::ser::Error::custom)?;
        Ok(if self.has_new { identifiers::numbered(&text) } else { text })
    }
}

/// Renders the document as JSON.
pub(in super::super) fn write(blocks: Vec<Block>, notes: &mut Notes) -> serde_json::Result<String> {
    let mut json = Json::new();
    json.add(blocks, notes)?;
    json.finish(notes)
}

/// Renders the document.
pub(in super::super) fn render(blocks: &[Block], notes: &mut Notes) -> Value {
    let (blocks, extra) = match blocks {
        [Block::Container { name, extra, blocks }] if name == "doc" && extra.of(Format::Adf).is_some() => {
            (blocks.as_slice(), extra.of(Format::Adf))
        }
        blocks => (blocks, None),
    };
    let mut writer = Writer { notes, has_new: false };
    let mut content = writer.blocks(blocks, Place::Document, 0);
    if writer.has_new {
        identifiers::number(&mut content);
    }
    let mut document = writer.node(Draft::new("doc", Words::none(), extra).holding(content), Place::Document);
    if let Some(document) = document.as_object_mut() {
        document.insert("version".to_owned(), Value::from(1));
    }
    document
}

/// Writes nodes.
struct Writer<'notes> {
    notes: &'notes mut Notes,
    /// Whether there are tasks or decisions without an identifier yet.
    has_new: bool,
}

/// One node before it is put together.
struct Draft<'extra> {
    kind: &'extra str,
    words: Words,
    besides: Option<&'extra Values>,
    content: Option<Vec<Value>>,
}

impl<'extra> Draft<'extra> {
    fn new(kind: &'extra str, words: Words, besides: Option<&'extra Values>) -> Self {
        Self { kind, words, besides, content: None }
    }

    fn holding(mut self, content: Vec<Value>) -> Self {
        self.content = Some(content);
        self
    }
}

impl Writer<'_> {
    /// The node with its words and what was said besides, as far as the schema allows it there.
    fn node(&mut self, draft: Draft<'_>, place: Place) -> Value {
        let Draft { kind, words, besides, content } = draft;
        let mut node = Map::with_capacity(2);
        node.insert("type".to_owned(), Value::from(kind));
        let attributes = besides.and_then(|values| values.get("attrs"));
        if let Some(attributes) = self.attributes(kind, words, attributes) {
            self.has_new |=
                attributes.get("localId").and_then(Value::as_str).is_some_and(identifiers::is_new);
            node.insert("attrs".to_owned(), Value::Object(attributes));
        }
        for (name, value) in besides.into_iter().flatten() {
            if let ("marks", Value::Array(marks)) = (name.as_str(), value) {
                let marks = self.marks(kind, place, marks.clone());
                if !marks.is_empty() {
                    node.insert("marks".to_owned(), Value::Array(marks));
                }
            } else if !RESERVED.contains(&name.as_str()) {
                node.insert(name.to_owned(), value.clone());
            }
        }
        let is_needed = schema::node(kind).is_some_and(|node| node.needs_content);
        if let Some(content) = content.filter(|content| is_needed || !content.is_empty()) {
            node.insert("content".to_owned(), Value::Array(content));
        }
        Value::Object(node)
    }

    fn attributes(&mut self, kind: &str, words: Words, besides: Option<&Value>) -> Option<Values> {
        let (Some(node), Some(_)) = (schema::node(kind), besides) else { return words.attributes(besides) };
        let alone = words.alone();
        let Some(mut attributes) = words.clone().attributes(besides) else {
            return alone.filter(|_| node.needs_attributes);
        };
        let written: Vec<String> = attributes.keys().cloned().collect();
        match schema::kept_attributes(node, &mut attributes) {
            Kept::All => {}
            Kept::Some => {
                self.notes.add(format!("an attribute of a {kind} was left out: it cannot have it"));
                // What stood in the place of a default leaves the default.
                let is_left_out = |name: &String| written.contains(name) && !attributes.contains_key(name);
                let mut valid = besides.and_then(Value::as_object).cloned().unwrap_or_default();
                valid.retain(|name, _| !is_left_out(name));
                attributes = words.attributes(Some(&Value::Object(valid))).unwrap_or_default();
            }
            Kept::TooFew => {
                self.notes.add(format!("the attributes of a {kind} were left out: it cannot have them"));
                return alone;
            }
        }
        Some(attributes).filter(|attributes| node.has_attributes() || !attributes.is_empty())
    }

    fn marks(&mut self, kind: &str, place: Place, mut marks: Vec<Value>) -> Vec<Value> {
        if schema::kept_marks(kind, place, &mut marks) != Kept::All {
            self.notes.add(format!("a mark of a {kind} was left out: it cannot have it there"));
        }
        marks
    }
}
