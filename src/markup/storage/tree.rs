//! Storage format as a tree of elements.
//!
//! The tree is one list of nodes in the order of the source, where an element says how many of the nodes after it are
//! inside. So nothing that walks or drops it needs a stack as deep as the source nests.

use std::borrow::Cow;
use std::ops::Range;

use quick_xml::Reader;
use quick_xml::events::Event;
use quick_xml::events::attributes::Attributes;

use super::super::entity::Entities;
use super::names;
use super::safety;

/// An element, or the text between elements.
#[derive(Debug)]
pub(in super::super) enum Node<'a> {
    Element(Tag<'a>),
    Text(Cow<'a, str>),
}

/// What an element says of itself, and where it stands in the source.
#[derive(Debug)]
pub(in super::super) struct Tag<'a> {
    pub(in super::super) name: &'a str,
    pub(in super::super) attributes: Vec<(&'a str, Cow<'a, str>)>,
    /// From the first byte of its opening tag to the last of its closing one.
    pub(in super::super) source: Range<usize>,
    /// How many of the nodes after this one are inside of it.
    pub(super) size: usize,
    /// Whether it is a block, or has blocks inside.
    pub(in super::super) is_block: bool,
    /// Whether the element or one of its attributes could run a script.
    pub(in super::super) is_live: bool,
}

/// One element with what is inside.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Element<'t, 'a> {
    pub(in super::super) tag: &'t Tag<'a>,
    pub(in super::super) inner: &'t [Node<'a>],
}

/// One of the nodes directly inside an element.
#[derive(Debug, Clone, Copy)]
pub(in super::super) enum Child<'t, 'a> {
    Element(Element<'t, 'a>),
    Text(&'t str),
}

/// Everything that was read.
#[derive(Debug, Default)]
pub(in super::super) struct Tree<'a> {
    pub(in super::super) nodes: Vec<Node<'a>>,
    /// Whether all of it is XML as it stands: no lone `&`, no unknown entity, no instruction.
    pub(in super::super) is_strict: bool,
    /// Whether an element or an attribute could run a script.
    pub(in super::super) is_live: bool,
}

/// Why there is no tree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// What is wrong with it as XML.
    #[error("not well-formed: {0}")]
    Malformed(String),
    /// An element or attribute has a name that XML does not allow.
    #[error("not well-formed: `{0}` is not a name")]
    Name(String),
    /// An element is open at the end.
    #[error("not well-formed: `<{0}>` is not closed")]
    Unclosed(String),
    /// Entities of its own could grow without end.
    #[error("document types are not read: remove the `<!DOCTYPE>`")]
    DocumentType,
}

/// The nodes directly among these, each with its place in the list.
pub(in super::super) fn children<'t, 'a>(nodes: &'t [Node<'a>]) -> Children<'t, 'a> {
    Children { nodes, at: 0 }
}

/// Walks over siblings.
#[derive(Debug, Clone)]
pub(in super::super) struct Children<'t, 'a> {
    nodes: &'t [Node<'a>],
    at: usize,
}

impl<'t, 'a> Iterator for Children<'t, 'a> {
    type Item = (Range<usize>, Child<'t, 'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.at;
        let child = match self.nodes.get(start)? {
            Node::Text(text) => {
                self.at = start + 1;
                Child::Text(text)
            }
            Node::Element(tag) => {
                self.at = start + 1 + tag.size;
                let inner = self.nodes.get(start + 1..self.at).unwrap_or_default();
                Child::Element(Element { tag, inner })
            }
        };
        Some((start..self.at, child))
    }
}

impl<'t, 'a> Element<'t, 'a> {
    /// The value of an attribute; empty when it is not set.
    pub(in super::super) fn attribute(&self, name: &str) -> &'t str {
        self.find(name).unwrap_or_default()
    }

    /// The value of an attribute.
    pub(in super::super) fn find(&self, name: &str) -> Option<&'t str> {
        let found = self.tag.attributes.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| value.as_ref())
    }

    /// The elements directly inside, if there is no text between them.
    pub(in super::super) fn only_elements(&self) -> Option<Vec<Element<'t, 'a>>> {
        let mut elements = Vec::new();
        for (_, child) in children(self.inner) {
            match child {
                Child::Element(element) => elements.push(element),
                Child::Text(text) if is_blank(text) => {}
                Child::Text(_) => return None,
            }
        }
        Some(elements)
    }

    /// The text inside, if there is nothing else.
    pub(in super::super) fn only_text(&self) -> Option<&'t str> {
        match self.inner {
            [] => Some(""),
            [Node::Text(text)] => Some(text),
            _ => None,
        }
    }
}

/// The text of the nodes as it is shown, without what macros are told.
pub(in super::super) fn text(nodes: &[Node<'_>]) -> String {
    let mut text = String::new();
    let mut rest = nodes;
    while let Some((node, after)) = rest.split_first() {
        rest = match node {
            Node::Text(part) => {
                text.push_str(part);
                after
            }
            Node::Element(tag) if matches!(tag.name, "ac:structured-macro" | "ac:macro") => {
                after.get(tag.size..).unwrap_or_default()
            }
            Node::Element(_) => after,
        };
    }
    text
}

/// Whether the text is nothing but the white space that XHTML does not show.
pub(in super::super) fn is_blank(text: &str) -> bool {
    text.bytes().all(is_space)
}

/// White space of XML, which the no-break space is not.
pub(in super::super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// Reads a fragment; it may have any number of elements at its top.
pub(in super::super) fn read(source: &str) -> Result<Tree<'_>, TreeError> {
    let mut reader = Reader::from_str(source);
    reader.config_mut().allow_dangling_amp = true;
    reader.config_mut().check_comments = true;
    let mut builder = Builder::new(source);
    loop {
        let start = position(&reader);
        let event = reader.read_event().map_err(|error| TreeError::Malformed(error.to_string()))?;
        let end = position(&reader);
        match event {
            Event::Start(tag) => builder.open(tag.name().as_ref().len(), start..end)?,
            Event::Empty(tag) => {
                builder.open(tag.name().as_ref().len(), start..end)?;
                builder.close(end);
            }
            Event::End(_) => builder.close(end),
            Event::Text(text) => builder.text(text.into_inner()),
            Event::CData(data) => builder.characters(lines(data.into_inner())),
            Event::GeneralRef(reference) => builder.reference(&reference.into_inner()),
            Event::Comment(_) => {}
            Event::Decl(_) | Event::PI(_) => builder.tree.is_strict = false,
            Event::DocType(_) => return Err(TreeError::DocumentType),
            Event::Eof => return builder.finish(),
        }
    }
}

fn position(reader: &Reader<&[u8]>) -> usize {
    usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX)
}

struct Builder<'a> {
    source: &'a str,
    tree: Tree<'a>,
    /// The places of the elements that are open.
    open: Vec<usize>,
    /// Whether the last node is text right before what comes.
    after_text: bool,
    entities: Entities,
}

impl<'a> Builder<'a> {
    fn new(source: &'a str) -> Self {
        let tree = Tree { is_strict: true, ..Tree::default() };
        Self { source, tree, open: Vec::new(), after_text: false, entities: Entities::default() }
    }

    fn open(&mut self, name_length: usize, place: Range<usize>) -> Result<(), TreeError> {
        let inside = self.source.get(place.start + 1..place.end.saturating_sub(1)).unwrap_or_default();
        let name = named(inside.get(..name_length).unwrap_or_default())?;
        let mut attributes = Vec::new();
        // The `/` of an empty element is no part of the attributes.
        let inside =
            if place.len() > name_length + 2 { inside.strip_suffix('/').unwrap_or(inside) } else { inside };
        for attribute in Attributes::new(inside, name_length) {
            let attribute = attribute.map_err(|error| TreeError::Malformed(error.to_string()))?;
            attributes.push((named(attribute.key.into_inner())?, self.value(attribute.value)?));
        }
        let is_live = safety::is_live(name, &attributes);
        self.tree.is_live |= is_live;
        let is_block = names::is_block(name);
        self.open.push(self.tree.nodes.len());
        self.after_text = false;
        self.tree.nodes.push(Node::Element(Tag {
            name,
            attributes,
            source: place,
            size: 0,
            is_block,
            is_live,
        }));
        Ok(())
    }

    fn close(&mut self, end: usize) {
        let Some(at) = self.open.pop() else { return };
        let size = self.tree.nodes.len() - at - 1;
        let mut is_block = false;
        if let Some(Node::Element(tag)) = self.tree.nodes.get_mut(at) {
            tag.size = size;
            tag.source.end = end;
            is_block = tag.is_block;
        }
        if is_block {
            self.contain_block();
        }
        self.after_text = false;
    }

    /// What holds a block is one, unless it is one thing whatever it holds, such as a link.
    fn contain_block(&mut self) {
        let Some(Node::Element(parent)) = self.open.last().and_then(|at| self.tree.nodes.get_mut(*at)) else {
            return;
        };
        parent.is_block |= !names::is_one_thing(parent.name);
    }

    fn value(&mut self, value: Cow<'a, str>) -> Result<Cow<'a, str>, TreeError> {
        if value.contains('<') {
            return Err(TreeError::Malformed("`<` in the value of an attribute".to_owned()));
        }
        if !value.bytes().any(|byte| matches!(byte, b'&' | b'\t' | b'\n' | b'\r')) {
            return Ok(value);
        }
        let line = value.replace("\r\n", " ").replace(['\t', '\n', '\r'], " ");
        let mut decoded = String::with_capacity(line.len());
        let mut rest = line.as_str();
        while let Some((before, after)) = rest.split_once('&') {
            decoded.push_str(before);
            rest = after;
            let known = after.split_once(';').and_then(|(name, tail)| Some((self.resolved(name)?, tail)));
            if let Some((text, tail)) = known {
                decoded.push_str(&text);
                rest = tail;
            } else {
                self.tree.is_strict = false;
                decoded.push('&');
            }
        }
        decoded.push_str(rest);
        Ok(Cow::Owned(decoded))
    }

    fn resolved(&mut self, name: &str) -> Option<String> {
        let is_name = name.len() <= 32 && !name.is_empty() && !name.contains('&');
        let text = is_name.then(|| self.entities.resolve(name)).flatten()?;
        text.chars().all(safety::is_allowed).then_some(text)
    }

    fn reference(&mut self, name: &str) {
        match self.resolved(name) {
            Some(text) => self.characters(Cow::Owned(text)),
            None => {
                self.tree.is_strict = false;
                self.characters(Cow::Owned(format!("&{name};")));
            }
        }
    }

    fn text(&mut self, text: Cow<'a, str>) {
        // A lone `&` comes as text that begins with it.
        self.tree.is_strict &= !text.starts_with('&') && !text.contains("]]>");
        self.characters(lines(text));
    }

    fn characters(&mut self, text: Cow<'a, str>) {
        match self.tree.nodes.last_mut() {
            _ if text.is_empty() => return,
            Some(Node::Text(before)) if self.after_text => before.to_mut().push_str(&text),
            _ => self.tree.nodes.push(Node::Text(text)),
        }
        self.after_text = true;
    }

    fn finish(mut self) -> Result<Tree<'a>, TreeError> {
        match self.open.pop().and_then(|at| self.tree.nodes.get(at)) {
            Some(Node::Element(tag)) => Err(TreeError::Unclosed(tag.name.to_owned())),
            _ => Ok(self.tree),
        }
    }
}

/// The text with the line ends of XML, which a carriage return has to be a reference to escape.
fn lines(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.contains('\r') { Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n")) } else { text }
}

fn named(name: &str) -> Result<&str, TreeError> {
    if names::is_name(name) { Ok(name) } else { Err(TreeError::Name(name.to_owned())) }
}
