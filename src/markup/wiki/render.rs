//! The document as wiki markup.

mod code;
mod inlines;
mod tables;

use super::super::document::Block;
use super::super::document::Body;
use super::super::document::Code;
use super::super::document::Extra;
use super::super::document::Format;
use super::super::document::Inline;
use super::super::document::Item;
use super::super::document::List;
use super::super::document::Look;
use super::super::document::Macro;
use super::super::document::Notes;
use super::super::document::Panel;
use super::super::document::flat;
use super::super::document::task_mark;
use super::escape::Place;
use super::escape::Within;
use super::parameters;

/// Renders the document, without a final line break.
pub(in super::super) fn render(blocks: &[Block], notes: &mut Notes) -> String {
    let mut writer = Writer { out: String::new(), open: Vec::new(), notes };
    writer.blocks(blocks);
    writer.out
}

struct Writer<'n> {
    out: String,
    /// The macros and marks that are open: they begin as they end, so none can stand in itself.
    open: Vec<String>,
    notes: &'n mut Notes,
}

impl Writer<'_> {
    fn blocks(&mut self, blocks: &[Block]) {
        let mut is_first = true;
        for block in blocks {
            let start = self.out.len();
            if !is_first {
                self.out.push_str("\n\n");
            }
            let written = self.out.len();
            self.block(block, None);
            if self.out.len() == written {
                self.out.truncate(start);
            } else {
                is_first = false;
            }
        }
    }

    fn block(&mut self, block: &Block, extra: Option<&Extra>) {
        match block {
            Block::With { extra, block } => {
                if extra.format != Format::Wiki {
                    self.notes
                        .add(format!("what {} says of a block besides was left out", extra.format.as_str()));
                }
                self.block(block, Some(extra));
            }
            Block::Heading { level, content } => {
                self.notes.at(content);
                self.out.extend(["h", &level.clamp(&1, &6).to_string(), ". "]);
                self.line(content, Place { within: Within::Line, ..Place::default() });
            }
            Block::Paragraph(content) | Block::Line(content) => {
                self.line(content, Place { line_start: true, ..Place::default() });
            }
            Block::List(list) => self.outer_list(list),
            Block::Code(code) => self.code_block(code, extra),
            Block::Quote(inner) => self.quote(inner),
            Block::Panel(panel) => self.panel(panel, extra),
            Block::Expand { title, blocks } => {
                let title = [("title", title.as_str())];
                let pairs =
                    if title.iter().all(|(_, title)| title.is_empty()) { &[][..] } else { &title[..] };
                self.body("expand", pairs, extra, |writer| writer.blocks(blocks));
            }
            Block::Table(table) => self.table(table),
            Block::Columns(columns) => {
                self.notes.add("columns became one below the other");
                let all: Vec<Block> = columns.iter().flat_map(|column| column.blocks.clone()).collect();
                self.blocks(&all);
            }
            Block::Rule => self.out.push_str("----"),
            Block::Picture { image, caption } => {
                self.image(image, extra);
                if !caption.is_empty() {
                    self.notes.add("a caption became a line below its image");
                    self.out.push('\n');
                    self.line(caption, Place { line_start: true, ..Place::default() });
                }
            }
            Block::Card { url, embed } => {
                let kind = if *embed { "smart-embed" } else { "smart-card" };
                self.smart(url, kind);
            }
            Block::Macro(call) => self.call(call),
            Block::Container { name, blocks, .. } => {
                self.notes.add(format!("`{name}` was left out, what is in it stays"));
                self.blocks(blocks);
            }
            Block::Source { format: Format::Wiki, text } => self.out.push_str(text),
            Block::Source { format, text } => {
                self.notes.add(format!("what only {} can say became a code block", format.as_str()));
                self.code_block(&Code { text: text.clone(), ..Code::default() }, None);
            }
        }
    }

    /// A macro with something in it. In itself it cannot stand: its tags are left out then.
    fn body(
        &mut self,
        name: &str,
        pairs: &[(&str, &str)],
        extra: Option<&Extra>,
        write: impl FnOnce(&mut Self),
    ) {
        if self.open.iter().any(|open| open == name) {
            self.notes.add(format!("`{name}` cannot stand in itself and was left out there"));
            return write(self);
        }
        let mut written = String::new();
        parameters::write(&mut written, pairs, extra, '|');
        self.out.extend(["{", name]);
        if !written.is_empty() {
            self.out.extend([":", &written]);
        }
        self.out.push_str("}\n");
        self.open.push(name.to_owned());
        write(self);
        self.open.pop();
        self.out.extend(["\n{", name, "}"]);
    }

    fn quote(&mut self, inner: &[Block]) {
        match inner {
            [Block::Paragraph(content) | Block::Line(content)] if !content.contains(&Inline::Break) => {
                self.out.push_str("bq. ");
                self.line(content, Place { within: Within::Line, ..Place::default() });
            }
            _ => self.body("quote", &[], None, |writer| writer.blocks(inner)),
        }
    }

    fn panel(&mut self, panel: &Panel, extra: Option<&Extra>) {
        let (name, color) = match panel.look {
            Look::Plain => ("panel", ""),
            Look::Info => ("info", ""),
            Look::Note => ("note", ""),
            Look::Tip => ("tip", ""),
            Look::Warning => ("warning", ""),
            Look::Success => ("panel", "#e3fcef"),
            Look::Error => ("panel", "#ffebe6"),
        };
        let pairs = [("title", panel.title.as_str()), ("bgColor", color)];
        let pairs: Vec<_> = pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        self.body(name, &pairs, extra, |writer| writer.blocks(&panel.blocks));
    }

    fn call(&mut self, call: &Macro) {
        match &call.body {
            Body::None => self.void(call),
            Body::Text(text) => {
                self.tag(call);
                self.out.extend([text, "{", &call.name, "}"]);
            }
            Body::Blocks(blocks) => {
                let pairs: Vec<_> =
                    call.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
                self.body(&call.name, &pairs, None, |writer| writer.blocks(blocks));
            }
        }
    }

    fn tag(&mut self, call: &Macro) {
        let pairs: Vec<_> =
            call.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let mut written = String::new();
        parameters::write(&mut written, &pairs, None, '|');
        let name: String = call.name.chars().filter(|c| !"{}:|\n".contains(*c)).collect();
        self.out.extend(["{", &name]);
        if !written.is_empty() {
            self.out.extend([":", &written]);
        }
        self.out.push('}');
    }

    fn void(&mut self, call: &Macro) {
        self.tag(call);
    }

    /// Jira counts from 1: where another number is meant, it is written as text.
    fn outer_list(&mut self, list: &List) {
        let numbers = list.start.filter(|start| *start != 1).zip(lines(list));
        let Some((start, lines)) = numbers else { return self.list(list, "") };
        self.notes
            .add(format!("a list that begins at {start} became lines with its numbers: Jira counts from 1"));
        for (number, content) in (start..).zip(lines) {
            if number > start {
                self.out.push('\n');
            }
            self.out.extend([&number.to_string(), ". "]);
            self.line(content, Place { within: Within::Line, ..Place::default() });
        }
    }

    fn list(&mut self, list: &List, outer: &str) {
        if let Some(start) = list.start.filter(|start| *start != 1) {
            self.notes.add(format!("a list that begins at {start} begins at 1: Jira knows no other"));
        }
        let marks = format!("{outer}{}", if list.start.is_some() { '#' } else { '*' });
        for (index, item) in list.items.iter().enumerate() {
            if index > 0 {
                self.out.push('\n');
            }
            self.out.extend([&marks, " ", task_mark(item.done)]);
            self.item(item, &marks);
        }
    }

    fn item(&mut self, item: &Item, marks: &str) {
        let mut follows_text = false;
        for (index, block) in item.blocks.iter().enumerate() {
            let (block, extra) = block.parts();
            match block {
                Block::List(list) => {
                    self.out.push('\n');
                    self.list(list, marks);
                }
                Block::Paragraph(content) | Block::Line(content) if index == 0 => {
                    self.line(content, Place { within: Within::Line, ..Place::default() });
                }
                Block::Paragraph(content) | Block::Line(content) => {
                    self.out.push_str(if follows_text { "\n\\\\ " } else { "\n" });
                    self.line(content, Place { within: Within::Line, line_start: true, ..Place::default() });
                }
                Block::Code(_)
                | Block::Panel(_)
                | Block::Macro(_)
                | Block::Expand { .. }
                | Block::Source { .. } => {
                    self.out.push('\n');
                    self.block(block, extra);
                }
                // The short form would have to begin the line of the item.
                Block::Quote(inner) => {
                    self.out.push('\n');
                    self.body("quote", &[], None, |writer| writer.blocks(inner));
                }
                other => {
                    if index > 0 {
                        self.out.push_str(if follows_text { "\n\\\\ " } else { "\n" });
                    }
                    let content = flat(std::slice::from_ref(other), self.notes);
                    self.line(
                        &content,
                        Place { within: Within::Line, line_start: index > 0, ..Place::default() },
                    );
                }
            }
            // What cannot stand in an item was written as text.
            follows_text = !matches!(
                block,
                Block::List(_)
                    | Block::Code(_)
                    | Block::Panel(_)
                    | Block::Macro(_)
                    | Block::Quote(_)
                    | Block::Expand { .. }
                    | Block::Source { .. }
            );
        }
    }
}

/// The items of a list, if each is a line of text.
fn lines(list: &List) -> Option<Vec<&[Inline]>> {
    fn line(item: &Item) -> Option<&[Inline]> {
        match item.blocks.as_slice() {
            _ if item.done.is_some() => None,
            [Block::Paragraph(content) | Block::Line(content)] => Some(content.as_slice()),
            _ => None,
        }
    }
    list.items.iter().map(line).collect()
}
