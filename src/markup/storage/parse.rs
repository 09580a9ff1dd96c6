//! Storage format into the document.

mod inlines;
mod links;
mod lists;
mod macros;
mod tables;

use std::cell::Cell;
use std::ops::Range;

use serde_json::Map;
use serde_json::Value;

use super::super::document::Block;
use super::super::document::Extra;
use super::super::document::Format;
use super::super::document::Inline;
use super::super::document::MAX_DEPTH;
use super::super::document::Notes;
use super::names;
use super::safety;
use super::tree;
use super::tree::Child;
use super::tree::Element;
use super::tree::Node;
use super::tree::children;

pub(super) use lists::first_number;
pub(super) use macros::status_colour as status_word;
pub(super) use tables::span;

type Values = Map<String, Value>;

/// Parses a body. One that is not well-formed is kept whole, as its source.
pub(in super::super) fn parse(storage: &str, notes: &mut Notes) -> Vec<Block> {
    // XML has no form for them, and a null has none in Markdown.
    let is_none = |letter: char| !safety::is_allowed(letter);
    let allowed = storage.contains(is_none).then(|| storage.replace(is_none, "\u{FFFD}"));
    let storage = allowed.as_deref().unwrap_or(storage);
    let tree = match tree::read(storage) {
        Ok(tree) => tree,
        Err(error) => {
            notes.add(format!("the body is kept as its source: {error}"));
            return vec![Block::Source { format: Format::Storage, text: storage.to_owned() }];
        }
    };
    let parser = Parser { source: storage, is_cut: Cell::new(false) };
    let blocks = parser.blocks(&tree.nodes, Place::default());
    if parser.is_cut.get() {
        notes.add(format!("what nests deeper than {MAX_DEPTH} is kept as its source"));
    }
    blocks
}

struct Parser<'a> {
    source: &'a str,
    is_cut: Cell<bool>,
}

/// Where a node stands.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    depth: usize,
    /// The marks around it, a bit for each kind.
    marks: u8,
    in_link: bool,
    /// Whether it stands right inside a layout.
    in_layout: bool,
}

impl Place {
    fn deeper(self) -> Self {
        Self { depth: self.depth + 1, in_layout: false, ..self }
    }
}

impl Parser<'_> {
    /// Blocks, with the running text between them as lines.
    fn blocks(&self, nodes: &[Node<'_>], place: Place) -> Vec<Block> {
        let mut blocks = Vec::new();
        let mut run = 0..0;
        let mut after_macro = false;
        for (range, child) in children(nodes) {
            match child {
                Child::Element(element) if element.tag.is_block => {
                    let is_macro = is_open_macro(&element);
                    self.run(nodes, run, [after_macro, is_macro], place, &mut blocks);
                    blocks.push(self.block(element, place));
                    run = range.end..range.end;
                    after_macro = is_macro;
                }
                _ => run.end = range.end,
            }
        }
        self.run(nodes, run, [after_macro, false], place, &mut blocks);
        blocks
    }

    /// Text that stands beside blocks; or what is a block although it could be a piece of text.
    fn run(
        &self,
        nodes: &[Node<'_>],
        run: Range<usize>,
        beside_macro: [bool; 2],
        place: Place,
        blocks: &mut Vec<Block>,
    ) {
        let nodes = nodes.get(run).unwrap_or_default();
        let shown = |child: &Child<'_, '_>| !matches!(child, Child::Text(text) if tree::is_blank(text));
        let mut pieces = children(nodes).map(|(_, child)| child).filter(shown).peekable();
        if pieces.peek().is_none() {
            return;
        }
        let are_macros =
            pieces.clone().all(|piece| matches!(piece, Child::Element(element) if is_macro_alone(&element)));
        if are_macros {
            let elements = pieces.filter_map(|piece| match piece {
                Child::Element(element) => Some(self.block(element, place)),
                Child::Text(_) => None,
            });
            return blocks.extend(elements);
        }
        if let (Some(Child::Element(element)), None) = (pieces.next(), pieces.next())
            && let Some(block) = self.lone_piece(&element, place)
        {
            return blocks.push(block);
        }
        if let Some(found) = self.beside_macros(nodes, place) {
            return blocks.extend(found);
        }
        let mut line = self.line(nodes, place);
        keep_edges(&mut line, nodes, beside_macro);
        if !line.is_empty() {
            blocks.push(Block::Line(line));
        }
    }

    /// Macros, and images and cards among them, with nothing between them: each is a block.
    fn beside_macros(&self, nodes: &[Node<'_>], place: Place) -> Option<Vec<Block>> {
        let is_macro = |child| matches!(child, Child::Element(element) if is_macro_alone(&element));
        if !children(nodes).any(|(_, child)| is_macro(child)) {
            return None;
        }
        let block = |(_, child)| match child {
            Child::Element(element) if is_macro_alone(&element) => Some(self.block(element, place)),
            Child::Element(element) => self.lone_piece(&element, place),
            Child::Text(_) => None,
        };
        children(nodes).map(block).collect()
    }

    /// An element that is a block, or a macro.
    fn block(&self, element: Element<'_, '_>, place: Place) -> Block {
        if element.tag.is_live || self.is_too_deep(&element, place) {
            return self.source(&element);
        }
        let known = match element.tag.name {
            "p" => self.paragraph(&element, place),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => self.heading(&element, place),
            "ul" | "ol" => self.list(&element, place),
            "ac:task-list" => self.tasks(&element, place),
            "blockquote" if !element.inner.is_empty() => {
                let blocks = self.blocks(element.inner, place.deeper());
                Some(Block::Quote(blocks).with(extra(&element, &[])))
            }
            "pre" => preformatted(&element),
            "hr" if element.inner.is_empty() => Some(Block::Rule.with(extra(&element, &[]))),
            "table" => self.table(&element, place),
            "ac:layout-section" if place.in_layout => self.columns(&element, place),
            "ac:structured-macro" | "ac:macro" => return self.macro_block(&element, place),
            _ => None,
        };
        known.unwrap_or_else(|| self.container(&element, place))
    }

    fn paragraph(&self, element: &Element<'_, '_>, place: Place) -> Option<Block> {
        Some(Block::Paragraph(self.line_of(element, place)?).with(extra(element, &[])))
    }

    fn heading(&self, element: &Element<'_, '_>, place: Place) -> Option<Block> {
        let level = element.tag.name.as_bytes().get(1).copied()?.checked_sub(b'0')?;
        let content = self.line_of(element, place)?;
        Some(Block::Heading { level, content }.with(extra(element, &[])))
    }

    /// The text of an element that has text and no blocks.
    fn line_of(&self, element: &Element<'_, '_>, place: Place) -> Option<Vec<Inline>> {
        let has_blocks = children(element.inner)
            .any(|(_, child)| matches!(child, Child::Element(inner) if inner.tag.is_block));
        let line = (!has_blocks).then(|| self.line(element.inner, place.deeper()))?;
        (!line.is_empty()).then_some(line)
    }

    /// An element that means nothing elsewhere, with the blocks inside.
    fn container(&self, element: &Element<'_, '_>, place: Place) -> Block {
        if !is_container(element) {
            return self.source(element);
        }
        let name = element.tag.name.to_owned();
        let extra = Extra { format: Format::Storage, values: attributes(element, &[]) };
        let place = Place { in_layout: name == "ac:layout", ..place.deeper() };
        Block::Container { name, extra, blocks: self.blocks(element.inner, place) }
    }

    fn source(&self, element: &Element<'_, '_>) -> Block {
        Block::Source { format: Format::Storage, text: self.source_of(element).to_owned() }
    }

    fn source_of(&self, element: &Element<'_, '_>) -> &str {
        self.source.get(element.tag.source.clone()).unwrap_or_default()
    }

    fn is_too_deep(&self, element: &Element<'_, '_>, place: Place) -> bool {
        let is_cut = place.depth >= MAX_DEPTH && !element.inner.is_empty();
        self.is_cut.set(self.is_cut.get() || is_cut);
        is_cut
    }
}

/// Preformatted text. With elements inside it stays as it is, because all of its white space is shown.
fn preformatted(element: &Element<'_, '_>) -> Option<Block> {
    let text = element.only_text()?.to_owned();
    let mut values = attributes(element, &[]);
    set(&mut values, "#tag", "pre");
    let code = super::super::document::Code { text, ..Default::default() };
    Some(Block::Code(code).with(Extra::new(Format::Storage, values)))
}

/// Whether the element is a macro without a body, which is a block where it stands alone.
fn is_macro_alone(element: &Element<'_, '_>) -> bool {
    matches!(element.tag.name, "ac:structured-macro" | "ac:macro")
        && !names::is_inline_macro(element.attribute("ac:name"))
}

/// Whether the element is a macro that may be shown within a line, for all that is known.
fn is_open_macro(element: &Element<'_, '_>) -> bool {
    is_macro_alone(element) && !names::is_block_macro(element.attribute("ac:name"))
}

/// Keeps the space between a text and a macro that may be shown within the line.
fn keep_edges(line: &mut Vec<Inline>, nodes: &[Node<'_>], [before, after]: [bool; 2]) {
    let is_space = |byte: Option<u8>| byte.is_some_and(tree::is_space);
    let space = || Inline::Source { format: Format::Storage, text: " ".to_owned() };
    if before && matches!(nodes.first(), Some(Node::Text(text)) if is_space(text.bytes().next())) {
        line.insert(0, space());
    }
    if after && matches!(nodes.last(), Some(Node::Text(text)) if is_space(text.bytes().last())) {
        line.push(space());
    }
}

/// Whether Markdown has a form for this element as a container.
fn is_container(element: &Element<'_, '_>) -> bool {
    names::is_container(element.tag.name)
        && element.tag.attributes.iter().all(|(name, _)| names::is_plain_name(name))
}

/// The attributes, but for those named.
fn attributes(element: &Element<'_, '_>, except: &[&str]) -> Values {
    let kept = element.tag.attributes.iter().filter(|(name, _)| !except.contains(name));
    kept.map(|(name, value)| ((*name).to_owned(), Value::from(value.as_ref()))).collect()
}

/// The attributes as what storage says besides, but for those named.
fn extra(element: &Element<'_, '_>, except: &[&str]) -> Option<Extra> {
    Extra::new(Format::Storage, attributes(element, except))
}

fn set(values: &mut Values, key: &str, value: &str) {
    values.insert(key.to_owned(), Value::from(value));
}
