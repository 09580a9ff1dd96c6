//! The document as Atlassian Document Format, within what its schema allows to stand where.

mod blocks;
mod foreign;
mod inlines;
mod lists;
mod macros;
mod media;
mod node;
mod tables;

use std::borrow::Cow;

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
use node::Element;
use node::Node;

/// How a document begins.
const START: &[u8] = br#"{"type":"doc","content":["#;

/// How many nodes may stand in each other: `serde_json` reads no more than 127 levels back, a node is two of them, and
/// what is too deep becomes a paragraph with its marks, at most three nodes deeper.
const DEEPEST: usize = 56;

/// How deep pieces of text may stand in each other; ADF has their marks side by side.
const DEEPEST_TEXT: usize = 2 * MAX_DEPTH;

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
                node.write(&mut self.out)?;
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
    let content = writer.blocks(blocks, Place::Document, 0);
    let draft = Draft::new("doc", Words::none(), extra).holding(content);
    let mut document = writer.node(draft, Place::Document).into_value();
    if let Some(document) = document.as_object_mut() {
        let content = document.get_mut("content").and_then(Value::as_array_mut);
        if let Some(content) = content.filter(|_| writer.has_new) {
            identifiers::number(content);
        }
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
    content: Option<Vec<Node>>,
}

impl<'extra> Draft<'extra> {
    fn new(kind: &'extra str, words: Words, besides: Option<&'extra Values>) -> Self {
        Self { kind, words, besides, content: None }
    }

    fn holding(mut self, content: Vec<Node>) -> Self {
        self.content = Some(content);
        self
    }
}

impl Writer<'_> {
    /// The node with its words and what was said besides, as far as the schema allows it there.
    fn node(&mut self, draft: Draft<'_>, place: Place) -> Node {
        let Draft { kind, words, besides, content } = draft;
        let known = schema::node(kind);
        let attributes = self.attributes(kind, words, besides.and_then(|values| values.get("attrs")));
        let identifier = attributes.as_ref().and_then(|attributes| attributes.get("localId"));
        self.has_new |= identifier.and_then(Value::as_str).is_some_and(identifiers::is_new);
        let mut more = Map::new();
        for (name, value) in besides.into_iter().flatten() {
            if let ("marks", Value::Array(marks)) = (name.as_str(), value) {
                let marks = self.marks(kind, place, marks.clone());
                if !marks.is_empty() {
                    more.insert("marks".to_owned(), Value::Array(marks));
                }
            } else if !RESERVED.contains(&name.as_str()) {
                more.insert(name.to_owned(), value.clone());
            }
        }
        let is_needed = known.is_some_and(|node| node.needs_content);
        let content = content.filter(|content| is_needed || !content.is_empty());
        let kind = known.map_or_else(|| Cow::Owned(kind.to_owned()), |node| Cow::Borrowed(node.kind));
        Node::Element(Box::new(Element { kind, attributes, more, content }))
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
