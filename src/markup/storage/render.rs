//! The document as storage format.

mod inlines;
mod links;
mod lists;
mod macros;
mod markup;
mod tables;

use serde_json::Map;
use serde_json::Value;

use super::super::document::Block;
use super::super::document::Code;
use super::super::document::Extra;
use super::super::document::Format;
use super::super::document::Image;
use super::super::document::Inline;
use super::super::document::Notes;
use super::super::document::is_script;
use super::names;
use super::safety;
use super::tree;
use super::tree::Child;

pub(super) use macros::status_colour;

/// Renders the document as well-formed XHTML.
pub(in super::super) fn render(blocks: &[Block], notes: &mut Notes) -> String {
    let mut writer = Writer { out: String::new(), notes, next_task: lists::next_task(blocks) };
    if blocks.iter().any(|block| matches!(block.parts().0, Block::Columns(_))) {
        writer.within("ac:layout", |writer| writer.sections(blocks));
    } else {
        writer.blocks(blocks);
    }
    writer.out
}

/// What storage says of a node besides.
type Said<'a> = Option<&'a Map<String, Value>>;

struct Writer<'a> {
    out: String,
    notes: &'a mut Notes,
    /// The number of the next task that has none.
    next_task: u64,
}

impl Writer<'_> {
    fn blocks(&mut self, blocks: &[Block]) {
        let mut is_after_line = false;
        for block in blocks {
            match block {
                // Two lines would become one.
                Block::Line(content) if is_after_line => self.within("p", |writer| writer.inlines(content)),
                block => self.block(block),
            }
            is_after_line = matches!(block.parts().0, Block::Line(_));
        }
    }

    fn block(&mut self, block: &Block) {
        let (block, extra) = block.parts();
        let said = self.said(extra);
        match block {
            Block::Heading { level, content } => {
                self.notes.at(content);
                let name =
                    ["h1", "h1", "h2", "h3", "h4", "h5", "h6"].get(usize::from(*level)).unwrap_or(&"h6");
                self.element(name, said, |writer| writer.inlines(content));
            }
            Block::Paragraph(content) => self.element("p", said, |writer| writer.inlines(content)),
            Block::Line(content) => self.inlines(content),
            Block::List(list) => self.list(list, said),
            Block::Code(code) => self.code(code, said),
            Block::Quote(inner) => self.element("blockquote", said, |writer| writer.blocks(inner)),
            Block::Panel(panel) => self.panel(panel, said),
            Block::Expand { title, blocks } => {
                self.macro_with("expand", &[("title", title)], said, |writer| writer.rich_body(blocks));
            }
            Block::Table(table) => self.table(table, said),
            Block::Columns(columns) => {
                self.notes.add("columns became blocks one after the other where no columns can stand");
                for column in columns {
                    self.blocks(&column.blocks);
                }
            }
            Block::Rule => self.empty("hr", &[], said),
            Block::Card { url, .. } | Block::Picture { image: Image { url, .. }, .. } if is_script(url) => {
                self.notes.add("an address that runs a script became text");
                self.within("p", |writer| writer.text(url));
            }
            Block::Picture { image, caption } => self.picture(image, Some(caption), said),
            Block::Card { url, embed } => self.card(url, if *embed { "embed" } else { "block" }, said),
            Block::Macro(call) => self.macro_call(call, said),
            Block::Container { name, extra, blocks } => self.container(name, extra, blocks),
            Block::Source { format, text } => self.source_block(*format, text),
            Block::With { block, .. } => self.block(block),
        }
    }

    /// What storage says besides; what other formats say is left out, with a note.
    fn said<'e>(&mut self, extra: Option<&'e Extra>) -> Said<'e> {
        let extra = extra?;
        if extra.format != Format::Storage {
            let format = extra.format.as_str();
            self.notes.add(format!("what only {format} says of a piece (colours, widths, ids) was left out"));
        }
        extra.of(Format::Storage)
    }

    fn container(&mut self, name: &str, extra: &Extra, blocks: &[Block]) {
        if !self.may_contain(name, extra) {
            return self.blocks(blocks);
        }
        let said = extra.of(Format::Storage);
        self.element(name, said, |writer| match name {
            "ac:layout" => writer.layout(blocks),
            _ => writer.blocks(blocks),
        });
    }

    /// Whether the element may be written; if not only what is inside of it is.
    fn may_contain(&mut self, name: &str, extra: &Extra) -> bool {
        let may =
            extra.format == Format::Storage && names::is_container(name) && !safety::is_live_element(name);
        if !may {
            self.notes.add(format!(
                "`{name}` of {} was left out, what is inside of it is kept",
                extra.format.as_str()
            ));
        }
        may
    }

    fn source_block(&mut self, format: Format, text: &str) {
        if let Some(reason) = self.source(format, text, |_| true) {
            self.notes.add(format!("source of {} is shown as code: {reason}", format.as_str()));
            let language = if format == Format::Storage { "xml" } else { "" };
            self.code(
                &Code { language: language.to_owned(), text: text.to_owned(), ..Code::default() },
                None,
            );
        }
    }

    fn source_piece(&mut self, format: Format, text: &str) {
        let is_inline = |name: &str| name.starts_with("ac:") || !names::is_block(name);
        if let Some(reason) = self.source(format, text, is_inline) {
            self.notes.add(format!("source of {} is shown as code: {reason}", format.as_str()));
            self.within("code", |writer| writer.code_text(text));
        }
    }

    /// Writes source that was kept of a part of an element, if it is what it should be.
    fn raw(&mut self, text: &str, is_fitting: impl Fn(&str) -> bool) {
        if let Some(reason) = self.source(Format::Storage, text, is_fitting) {
            self.notes.add(format!("a part of an element was left out: {reason}"));
        }
    }

    /// Writes source as it is; the answer is why it cannot be.
    fn source(&mut self, format: Format, text: &str, is_fitting: impl Fn(&str) -> bool) -> Option<String> {
        if format != Format::Storage {
            return Some("Confluence does not read it".to_owned());
        }
        let tree = match tree::read(text) {
            Ok(tree) => tree,
            Err(error) => return Some(error.to_string()),
        };
        if tree.is_live {
            return Some("it has a script, a frame, a form or something else that runs".to_owned());
        }
        let is_fitting =
            |child: Child<'_, '_>| !matches!(child, Child::Element(element) if !is_fitting(element.tag.name));
        if !tree::children(&tree.nodes).all(|(_, child)| is_fitting(child)) {
            return Some("no block can stand in a line".to_owned());
        }
        if tree.is_strict && text.chars().all(safety::is_allowed) {
            self.out.push_str(text);
        } else {
            self.nodes(&tree.nodes);
        }
        None
    }
}

fn get<'a>(said: Said<'a>, key: &str) -> Option<&'a str> {
    said?.get(key)?.as_str()
}

/// Whether the pieces are one text, which is then the whole of it.
fn only_text(content: &[Inline]) -> Option<&str> {
    match content {
        [Inline::Text(text)] => Some(text),
        _ => None,
    }
}
