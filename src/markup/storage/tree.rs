//! Storage format as a tree of elements.

use std::ops::Range;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::super::entity::Entities;

/// How deep elements may nest.
const MAX_DEPTH: usize = 256;

/// An element, or the text between elements.
#[derive(Debug)]
pub(super) enum Node {
    Element(Element),
    Text(String),
}

/// One element; `source` is where it stands in the text that was read.
#[derive(Debug)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) children: Vec<Node>,
    pub(super) source: Range<usize>,
}

/// Why there is no tree.
#[derive(Debug, thiserror::Error)]
pub(super) enum TreeError {
    #[error("not well-formed: {0}")]
    Malformed(#[from] quick_xml::Error),
    #[error("not well-formed: {0}")]
    Attribute(#[from] quick_xml::events::attributes::AttrError),
    #[error("`<{0}>` is not closed")]
    Unclosed(String),
    #[error("document types are not read: remove the `<!DOCTYPE>`")]
    DocumentType,
    #[error("elements nest deeper than {MAX_DEPTH}")]
    TooDeep,
}

impl Element {
    /// The value of an attribute; empty when it is not set.
    pub(super) fn attribute(&self, name: &str) -> &str {
        let found = self.attributes.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// The elements directly inside this one.
    pub(super) fn elements(&self) -> impl Iterator<Item = &Element> {
        self.children.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// The first element of that name directly inside this one.
    pub(super) fn element(&self, name: &str) -> Option<&Element> {
        self.elements().find(|element| element.name == name)
    }

    /// All text inside, as it was written.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for node in &self.children {
            match node {
                Node::Text(part) => text.push_str(part),
                Node::Element(element) => text.push_str(&element.text()),
            }
        }
        text
    }
}

/// Reads a fragment; it may have any number of elements at its top.
pub(super) fn read(source: &str) -> Result<Vec<Node>, TreeError> {
    let mut reader = Reader::from_str(source);
    reader.config_mut().allow_dangling_amp = true;
    let mut builder = Builder::default();
    loop {
        let start = position(&reader);
        let event = reader.read_event()?;
        let end = position(&reader);
        match event {
            Event::Start(tag) => builder.open(&tag, start..end)?,
            Event::Empty(tag) => {
                builder.open(&tag, start..end)?;
                builder.close(end);
            }
            Event::End(_) => builder.close(end),
            Event::Text(text) => builder.text(&text.into_inner()),
            Event::CData(data) => builder.text(&data.into_inner()),
            Event::GeneralRef(reference) => builder.reference(&reference.into_inner()),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::DocType(_) => return Err(TreeError::DocumentType),
            Event::Eof => return builder.finish(),
        }
    }
}

#[derive(Default)]
struct Builder {
    done: Vec<Node>,
    open: Vec<Element>,
    entities: Entities,
}

impl Builder {
    fn open(&mut self, tag: &BytesStart<'_>, source: Range<usize>) -> Result<(), TreeError> {
        if self.open.len() >= MAX_DEPTH {
            return Err(TreeError::TooDeep);
        }
        let mut attributes = Vec::new();
        for attribute in tag.attributes() {
            let attribute = attribute?;
            attributes.push((attribute.key.as_ref().to_owned(), self.entities.decode(&attribute.value)));
        }
        let name = tag.name().as_ref().to_owned();
        self.open.push(Element { name, attributes, children: Vec::new(), source });
        Ok(())
    }

    fn close(&mut self, end: usize) {
        if let Some(mut element) = self.open.pop() {
            element.source.end = end;
            self.siblings().push(Node::Element(element));
        }
    }

    fn text(&mut self, text: &str) {
        match self.siblings().last_mut() {
            Some(Node::Text(before)) => before.push_str(text),
            _ => self.siblings().push(Node::Text(text.to_owned())),
        }
    }

    fn reference(&mut self, name: &str) {
        let text = self.entities.resolve(name).unwrap_or_else(|| format!("&{name};"));
        self.text(&text);
    }

    fn siblings(&mut self) -> &mut Vec<Node> {
        match self.open.last_mut() {
            Some(parent) => &mut parent.children,
            None => &mut self.done,
        }
    }

    fn finish(mut self) -> Result<Vec<Node>, TreeError> {
        match self.open.pop() {
            Some(element) => Err(TreeError::Unclosed(element.name)),
            None => Ok(self.done),
        }
    }
}

fn position(reader: &Reader<&[u8]>) -> usize {
    usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX)
}
