//! The document as Markdown: the blocks.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde_json::Value;
use serde_json::json;

use super::super::clean::clean;
use super::super::document::Block;
use super::super::document::Body;
use super::super::document::Cell;
use super::super::document::Code;
use super::super::document::Column;
use super::super::document::Extra;
use super::super::document::Inline;
use super::super::document::Item;
use super::super::document::List;
use super::super::document::Look;
use super::super::document::Macro;
use super::super::document::Panel;
use super::super::document::Row;
use super::super::document::Table;
use super::super::document::flat;
use super::super::document::task_mark;
use super::super::document::tidy;
use super::super::document::trim;
use super::Detail;
use super::escape;
use super::escape::Place;
use super::escape::Within;
use super::escape::longest_run;
use super::layout;
use super::layout::Shape;
use super::tags::attributes_of;
use super::tags::plain_json;
use super::tags::tag_of;
use super::tags::write_comment;
use super::tags::write_extra;
use super::tags::write_tag;
use super::text;

/// Renders the document, without a final line break.
///
/// `lines`: whether it matters that text has no paragraph of its own, as in the storage format.
pub(in super::super) fn render(blocks: &[Block], detail: Detail, lines: bool) -> String {
    let mut writer =
        Writer { lines, out: String::new(), code_end: 0, prefix: String::new(), detail, in_task: false };
    writer.blocks(blocks, Shape::Loose);
    writer.out
}

pub(super) struct Writer {
    pub(super) out: String,
    /// How long the output was when a span of code ended.
    pub(super) code_end: usize,
    /// What every new line starts with: the marks of quotes and the indent of lists.
    prefix: String,
    pub(super) detail: Detail,
    lines: bool,
    /// Right after the box of a task only text can stand, comments among it.
    in_task: bool,
}

impl Writer {
    pub(super) fn line_break(&mut self) {
        self.out.push('\n');
        self.out.push_str(&self.prefix);
    }

    fn blank_line(&mut self) {
        self.out.push('\n');
        self.out.push_str(self.prefix.trim_end());
        self.line_break();
    }

    fn nested(&mut self, prefix: &str, write: impl FnOnce(&mut Self)) {
        let length = self.prefix.len();
        self.prefix.push_str(prefix);
        write(self);
        self.prefix.truncate(length);
    }

    fn is_whole(&self) -> bool {
        self.detail == Detail::All
    }

    /// Whether it is said of text that it has no paragraph of its own.
    fn shows_lines(&self) -> bool {
        self.lines && self.is_whole()
    }

    fn blocks(&mut self, blocks: &[Block], shape: Shape) {
        let mut before: Option<&Block> = None;
        // Two lists in a row are told apart by their markers only.
        let mut alternate = false;
        let is_whole = self.is_whole();
        for block in blocks {
            let (plain, _) = block.parts();
            if layout::is_nothing(plain) || (!is_whole && layout::is_empty(plain)) {
                continue;
            }
            alternate = !alternate && before.is_some_and(|before| layout::is_same_list(before, plain));
            match before {
                None => {}
                Some(_) if shape == Shape::Tight => self.line_break(),
                Some(_) => self.blank_line(),
            }
            self.block(block, shape, alternate);
            before = Some(plain);
        }
    }

    fn comment(&mut self, word: &str, value: &Value) {
        write_comment(&mut self.out, word, value);
        if !self.in_task {
            self.line_break();
        }
    }

    fn block(&mut self, block: &Block, shape: Shape, alternate: bool) {
        match block {
            Block::With { extra, block } => {
                if self.is_whole() {
                    write_extra(&mut self.out, extra, if self.in_task { "block" } else { "" });
                    if !self.in_task {
                        self.line_break();
                    }
                }
                self.block(block, shape, alternate);
            }
            Block::Heading { level, content } => {
                self.out.push_str(&"#".repeat(usize::from(*level).clamp(1, 6)));
                self.out.push(' ');
                self.line(content, Place { within: Within::Heading, ..Place::default() });
            }
            Block::Paragraph(content) => self.paragraph(content, shape != Shape::Loose, "paragraph"),
            Block::Line(content) => self.paragraph(content, shape != Shape::Tight, "line"),
            Block::List(list) => self.list(list, alternate),
            Block::Code(code) => self.code(code),
            Block::Quote(inner) => self.quote(inner),
            Block::Panel(panel) => self.panel(panel),
            Block::Expand { title, blocks } => {
                self.out.push_str("<details>");
                self.line_break();
                self.out.push_str("<summary>");
                text::entities(&mut self.out, title);
                self.out.push_str("</summary>");
                self.inside(blocks, "details");
            }
            Block::Table(table) => self.table(table),
            Block::Columns(columns) => self.columns(columns),
            // Dashes at the top would open front matter, and after the mark of an item make one long rule.
            Block::Rule if self.prefix.is_empty() && !self.out.is_empty() => self.out.push_str("---"),
            Block::Rule => self.out.push_str("___"),
            Block::Picture { image, caption } if caption.is_empty() => {
                self.inlines(&[Inline::Image(image.clone())], Place { line_start: true, ..Place::default() });
            }
            Block::Picture { image, caption } => {
                let picture = Block::Picture { image: image.clone(), caption: Vec::new() };
                self.out.push_str("<figure>");
                self.inside(&[picture, Block::Paragraph(caption.clone())], "figure");
            }
            Block::Card { url, embed } => {
                let title = if *embed { "smart-embed" } else { "smart-card" };
                let content = vec![Inline::Text(url.clone())];
                let link = Inline::Link { url: url.clone(), title: title.to_owned(), content };
                self.inlines(&[link], Place { line_start: true, ..Place::default() });
            }
            Block::Macro(call) => self.call(call),
            Block::Container { blocks, .. } if !self.is_whole() => self.blocks(blocks, Shape::Loose),
            Block::Container { name, extra, blocks } => {
                let (name, named) = tag_of(extra.format, name);
                let attributes: Vec<_> = named.into_iter().chain(attributes_of(extra)).collect();
                let attributes: Vec<_> = pairs(&attributes).collect();
                write_tag(&mut self.out, &name, &attributes, false);
                self.inside(blocks, &name);
            }
            Block::Source { format, text } => self.fence(&format!("{} source", format.as_str()), text),
        }
    }

    /// Text as a block. `is_odd`: that it has a paragraph of its own, or none, does not show by itself.
    fn paragraph(&mut self, content: &[Inline], is_odd: bool, word: &str) {
        let content = self.shown(content);
        if content.is_empty() {
            if self.is_whole() && word == "paragraph" {
                write_comment(&mut self.out, "empty", &Value::Null);
            }
            return;
        }
        let would_be_a_block = layout::looks_like_a_block(&content);
        if (is_odd && self.shows_lines()) || (would_be_a_block && self.is_whole()) {
            self.comment(word, &Value::Null);
        }
        self.in_task = false;
        self.inlines(&content, Place { line_start: true, ..Place::default() });
    }

    /// The blocks between two tags, with a blank line around them, and the closing tag.
    fn inside(&mut self, blocks: &[Block], name: &str) {
        if blocks.is_empty() {
            self.line_break();
        } else {
            self.blank_line();
            self.blocks(blocks, Shape::Loose);
            self.blank_line();
        }
        self.out.extend(["</", name, ">"]);
    }

    fn quote(&mut self, inner: &[Block]) {
        self.out.push_str("> ");
        self.nested("> ", |writer| writer.blocks(inner, Shape::Loose));
    }

    fn panel(&mut self, panel: &Panel) {
        let word = match panel.look {
            Look::Info => "INFO",
            Look::Note => "NOTE",
            Look::Tip => "TIP",
            Look::Success => "SUCCESS",
            Look::Warning => "WARNING",
            Look::Error => "ERROR",
            Look::Plain => "PANEL",
        };
        self.out.extend(["> [!", word, "]"]);
        let title = panel.title.trim();
        if !title.is_empty() {
            self.out.push(' ');
            text::plain(&mut self.out, title);
        }
        self.nested("> ", |writer| {
            match panel.blocks.first() {
                None => return,
                // A new line in the same paragraph is enough.
                Some(Block::Paragraph(content)) if layout::is_simple(content) => writer.line_break(),
                Some(Block::Line(content)) if !writer.shows_lines() && layout::is_simple(content) => {
                    writer.line_break();
                }
                Some(_) => writer.blank_line(),
            }
            writer.blocks(&panel.blocks, Shape::Loose);
        });
    }

    fn list(&mut self, list: &List, alternate: bool) {
        if list.decisions && self.is_whole() {
            self.comment("decisions", &Value::Null);
        }
        let shape = layout::shape(list);
        for (index, item) in list.items.iter().enumerate() {
            match (index, shape) {
                (0, _) => {}
                (_, Shape::Tight) => self.line_break(),
                _ => self.blank_line(),
            }
            let marker = match (list.start, alternate) {
                (None, false) => "- ".to_owned(),
                (None, true) => "* ".to_owned(),
                (Some(start), false) => format!("{}. ", layout::number(start, index)),
                (Some(start), true) => format!("{}) ", layout::number(start, index)),
            };
            self.out.push_str(&marker);
            self.nested(&" ".repeat(marker.len()), |writer| writer.item(item, shape));
        }
    }

    fn item(&mut self, item: &Item, shape: Shape) {
        self.out.push_str(task_mark(item.done));
        let text_first = item.done.is_some() && layout::is_text(item.blocks.first());
        if let Some(extra) = item.extra.as_ref().filter(|_| self.is_whole()) {
            write_extra(&mut self.out, extra, "item");
            if !text_first && !item.blocks.is_empty() {
                self.line_break();
            }
        }
        if item.done.is_some() && !text_first && !item.blocks.is_empty() {
            self.blank_line();
        }
        self.in_task = text_first;
        self.blocks(&item.blocks, shape);
        self.in_task = false;
        if item.blocks.iter().all(layout::is_nothing) && layout::is_rule(&self.out) {
            // Two, because one would be HTML; they say nothing.
            self.out.push_str("<wbr><wbr>");
        }
    }

    fn code(&mut self, code: &Code) {
        let is_plain = |text: &str| {
            text.chars().all(|c| c.is_alphanumeric() || "+#-._/".contains(c)) && !text.starts_with(['-', '.'])
        };
        let mut info = String::new();
        if is_plain(&code.language) {
            info.push_str(&code.language);
        } else if self.is_whole() {
            self.comment("language", &json!(code.language));
        }
        let title = code.title.as_str();
        if !title.is_empty() {
            let is_simple = title.chars().all(|c| c.is_alphanumeric() || " +-._/:()".contains(c))
                && !info.is_empty()
                && title.trim() == title;
            if is_simple {
                // INVARIANT: writing to a String cannot fail.
                let _ = write!(info, " title=\"{title}\"");
            } else if self.is_whole() {
                self.comment("title", &json!(title));
            }
        }
        self.fence(&info, &code.text);
    }

    /// A code block; where it would be shown otherwise than it is, the exact text comes before it.
    fn fence(&mut self, info: &str, code: &str) {
        let shown = clean(code);
        let is_exact = shown == code && !code.contains('\r');
        if !is_exact && self.is_whole() {
            self.comment("text", &json!(code));
        }
        let fence = "`".repeat(longest_run(&shown, '`').max(2) + 1);
        self.out.push_str(&fence);
        self.out.push_str(info);
        for line in shown.lines() {
            self.line_break();
            self.out.push_str(line);
        }
        if shown.ends_with('\n') {
            self.line_break();
        }
        self.line_break();
        self.out.push_str(&fence);
    }

    fn call(&mut self, call: &Macro) {
        match &call.body {
            Body::Text(text) => {
                if self.is_whole() {
                    self.comment("macro", &json!([call.name, call.parameters]));
                }
                self.fence("", text);
            }
            Body::None => self.macro_tag(call, true),
            Body::Blocks(blocks) if !self.is_whole() => self.blocks(blocks, Shape::Loose),
            Body::Blocks(blocks) => {
                self.macro_tag(call, false);
                self.inside(blocks, "macro");
            }
        }
    }

    pub(super) fn macro_tag(&mut self, call: &Macro, is_void: bool) {
        let json;
        let mut attributes = vec![("name", call.name.as_str())];
        let text = match &call.body {
            Body::Text(text) => Some(text.as_str()),
            _ => None,
        };
        if text.is_none() && layout::are_attributes(&call.parameters) {
            attributes.extend(pairs(&call.parameters));
        } else {
            json = plain_json(&json!(call.parameters));
            attributes.push(("parameters", json.as_str()));
            attributes.extend(text.map(|text| ("text", text)));
        }
        write_tag(&mut self.out, "macro", &attributes, is_void);
    }

    fn columns(&mut self, columns: &[Column]) {
        self.out.push_str("<columns>");
        for column in columns {
            self.line_break();
            let width = [("width", column.width.as_str())];
            let attributes = if column.width.is_empty() { &[][..] } else { &width[..] };
            write_tag(&mut self.out, "column", attributes, false);
            self.extra_inside(column.extra.as_ref(), "column");
            self.inside(&column.blocks, "column");
        }
        self.line_break();
        self.out.push_str("</columns>");
    }

    fn extra_inside(&mut self, extra: Option<&Extra>, about: &str) {
        if let Some(extra) = extra.filter(|_| self.is_whole()) {
            self.line_break();
            write_extra(&mut self.out, extra, about);
        }
    }

    fn table(&mut self, table: &Table) {
        if let Some(pipes) = layout::pipes(table, self.shows_lines()) {
            if pipes.lines && self.shows_lines() {
                self.comment("lines", &Value::Null);
            }
            return self.pipe_table(table, pipes.has_header);
        }
        if !self.is_whole() {
            return self.pipe_table(table, layout::has_header(table));
        }
        self.out.push_str("<table>");
        for row in &table.rows {
            self.line_break();
            self.out.push_str("<tr>");
            self.extra_inside(row.extra.as_ref(), "row");
            for cell in &row.cells {
                self.line_break();
                self.cell_tag(cell);
                self.extra_inside(cell.extra.as_ref(), "cell");
                self.inside(&cell.blocks, if cell.header { "th" } else { "td" });
            }
            self.line_break();
            self.out.push_str("</tr>");
        }
        self.line_break();
        self.out.push_str("</table>");
    }

    fn cell_tag(&mut self, cell: &Cell) {
        let (columns, rows) = (cell.columns.to_string(), cell.rows.to_string());
        let mut attributes = Vec::new();
        if cell.columns > 0 {
            attributes.push(("colspan", columns.as_str()));
        }
        if cell.rows > 0 {
            attributes.push(("rowspan", rows.as_str()));
        }
        write_tag(&mut self.out, if cell.header { "th" } else { "td" }, &attributes, false);
    }

    fn pipe_table(&mut self, table: &Table, has_header: bool) {
        let width = table.rows.iter().map(|row| row.cells.len()).max().unwrap_or_default();
        let sides: Vec<_> = (0..width).map(|column| layout::side(table, column)).collect();
        if !has_header {
            self.row(None, &sides);
            self.line_break();
            self.delimiter_row(&sides);
        }
        for (index, row) in table.rows.iter().enumerate() {
            if index > 0 || !has_header {
                self.line_break();
            }
            self.row(Some(row), &sides);
            if index == 0 && has_header {
                self.line_break();
                self.delimiter_row(&sides);
            }
        }
    }

    fn delimiter_row(&mut self, sides: &[Option<&str>]) {
        self.out.push('|');
        for side in sides {
            self.out.push_str(match side {
                Some("left") => ":--|",
                Some("center") => ":-:|",
                Some("right") => "--:|",
                _ => "---|",
            });
        }
    }

    fn row(&mut self, row: Option<&Row>, sides: &[Option<&str>]) {
        self.out.push('|');
        for (column, side) in sides.iter().enumerate() {
            self.out.push(' ');
            let extra = row.and_then(|row| row.extra.as_ref());
            if let Some(extra) = extra.filter(|_| column == 0 && self.is_whole()) {
                write_extra(&mut self.out, extra, "row");
            }
            if let Some(cell) = row.and_then(|row| row.cells.get(column)) {
                if let Some(extra) = cell.extra.as_ref().filter(|_| side.is_none() && self.is_whole()) {
                    write_extra(&mut self.out, extra, "cell");
                }
                let content = flat(&cell.blocks, &mut super::super::document::Notes::default());
                self.line(&content, Place { within: Within::Table, ..Place::default() });
            }
            self.out.push_str(" |");
        }
    }

    /// Text that is all of a line, but for what opens it.
    fn line(&mut self, content: &[Inline], place: Place) {
        let start = self.out.len();
        self.inlines(&self.shown(content), place);
        let written = self.out.get(start..).unwrap_or_default();
        if let Some(space) = written.chars().next().filter(|first| escape::is_dropped(*first)) {
            self.out.replace_range(start..start + space.len_utf8(), &escape::reference(space));
        }
    }

    /// The text as it is written: all of it, or without the white space that only its format sees.
    fn shown<'c>(&self, content: &'c [Inline]) -> Cow<'c, [Inline]> {
        if self.is_whole() { Cow::Borrowed(content) } else { Cow::Owned(trim(tidy(content))) }
    }
}

fn pairs(attributes: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    attributes.iter().map(|(name, value)| (name.as_str(), value.as_str()))
}
