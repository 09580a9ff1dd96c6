//! The document as Markdown.

use super::super::document::{Block, Cell, Inline, Item, List, Table, flat, plain, task_mark, tidy, trim};
use super::escape::{Place, Within, code, destination, is_autolink, longest_run, text};

/// Renders the document, without a final line break.
pub(in super::super) fn render(blocks: &[Block]) -> String {
    let mut writer = Writer::default();
    writer.blocks(blocks);
    writer.out
}

#[derive(Default)]
struct Writer {
    out: String,
    /// What every new line starts with: the marks of quotes and the indent of lists.
    prefix: String,
}

impl Writer {
    fn line_break(&mut self) {
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

    fn blocks(&mut self, blocks: &[Block]) {
        let mut before: Option<&Block> = None;
        // Two lists in a row are told apart by their markers only.
        let mut alternate = false;
        for block in blocks.iter().filter(|block| !is_empty(block)) {
            alternate = !alternate && before.is_some_and(|before| is_same_list(before, block));
            match (before, block) {
                (None, _) => {}
                (Some(Block::Paragraph(_)), Block::List(list))
                    if !self.prefix.is_empty() && interrupts(list) =>
                {
                    self.line_break();
                }
                _ => self.blank_line(),
            }
            self.block(block, alternate);
            before = Some(block);
        }
    }

    fn block(&mut self, block: &Block, alternate: bool) {
        match block {
            Block::Heading { level, content } => {
                self.out.push_str(&"#".repeat(usize::from(*level).clamp(1, 6)));
                self.out.push(' ');
                self.line(content, Place { within: Within::Heading, ..Place::default() });
            }
            Block::Paragraph(content) => self.line(content, Place { line_start: true, ..Place::default() }),
            Block::List(list) => self.list(list, alternate),
            Block::Code { info, text } => self.code_block(info, text),
            Block::Quote(inner) => {
                self.out.push_str("> ");
                self.nested("> ", |writer| writer.blocks(inner));
            }
            Block::Table(table) => self.table(table),
            Block::Rule if self.prefix.is_empty() => self.out.push_str("---"),
            // After the `- ` of an item dashes would make the whole line one rule.
            Block::Rule => self.out.push_str("___"),
        }
    }

    fn list(&mut self, list: &List, alternate: bool) {
        for (index, item) in list.items.iter().enumerate() {
            if index > 0 {
                self.line_break();
            }
            let marker = match (list.start, alternate) {
                (None, false) => "- ".to_owned(),
                (None, true) => "* ".to_owned(),
                (Some(start), false) => format!("{}. ", number(start, index)),
                (Some(start), true) => format!("{}) ", number(start, index)),
            };
            self.out.push_str(&marker);
            self.nested(&" ".repeat(marker.len()), |writer| writer.item(item));
        }
    }

    fn item(&mut self, item: &Item) {
        self.out.push_str(task_mark(item.done));
        let opens_with_text = matches!(item.blocks.first(), Some(Block::Paragraph(_)));
        if item.done.is_some() && !opens_with_text && !item.blocks.iter().all(is_empty) {
            self.blank_line();
        }
        self.blocks(&item.blocks);
    }

    fn code_block(&mut self, info: &str, text: &str) {
        let info = info.replace(['\n', '\r'], " ").replace('\\', "\\\\").replace('&', "&amp;");
        let mark = if info.contains('`') { '~' } else { '`' };
        let fence = mark.to_string().repeat(longest_run(text, mark).max(2) + 1);
        self.out.push_str(&fence);
        self.out.push_str(info.trim());
        for line in text.lines() {
            self.line_break();
            self.out.push_str(line);
        }
        if text.ends_with('\n') {
            self.line_break();
        }
        self.line_break();
        self.out.push_str(&fence);
    }

    fn table(&mut self, table: &Table) {
        let width = table.rows.iter().map(Vec::len).max().unwrap_or_default();
        let has_header = table.rows.first().is_some_and(|row| row.iter().any(|cell| cell.header));
        if !has_header {
            self.row(&[], width);
            self.line_break();
            self.delimiter_row(width);
        }
        for (index, row) in table.rows.iter().enumerate() {
            if index > 0 || !has_header {
                self.line_break();
            }
            self.row(row, width);
            if index == 0 && has_header {
                self.line_break();
                self.delimiter_row(width);
            }
        }
    }

    fn delimiter_row(&mut self, width: usize) {
        self.out.push('|');
        self.out.push_str(&"---|".repeat(width));
    }

    fn row(&mut self, row: &[Cell], width: usize) {
        self.out.push('|');
        for column in 0..width {
            self.out.push(' ');
            if let Some(cell) = row.get(column) {
                self.line(&flat(&cell.blocks), Place { within: Within::Table, ..Place::default() });
            }
            self.out.push_str(" |");
        }
    }

    fn line(&mut self, content: &[Inline], place: Place) {
        self.inlines(&trim(tidy(content)), place);
    }

    fn inlines(&mut self, content: &[Inline], place: Place) {
        let mut place = place;
        let end = place.followed;
        for (index, piece) in content.iter().enumerate() {
            let next = content.get(index + 1);
            place.followed = end || next.is_some();
            self.inline(piece, next, place);
            place.line_start = matches!(piece, Inline::Break) && place.within == Within::Paragraph;
        }
    }

    fn inline(&mut self, piece: &Inline, next: Option<&Inline>, place: Place) {
        match piece {
            Inline::Text(part) => text(&mut self.out, part, place),
            Inline::Code(part) => code(&mut self.out, part, place.within),
            Inline::Strong(inner) => self.marked("**", inner, next, place),
            Inline::Strike(inner) => self.marked("~~", inner, next, place),
            Inline::Emphasis(inner) => {
                let beside_stars = self.out.ends_with('*')
                    || matches!(next, Some(Inline::Strong(_)))
                    || matches!(inner.first(), Some(Inline::Strong(_)))
                    || matches!(inner.last(), Some(Inline::Strong(_)));
                self.marked(if beside_stars { "_" } else { "*" }, inner, next, place);
            }
            Inline::Link { content, .. } if place.in_link => self.inlines(content, place),
            Inline::Link { url, content }
                if place.within != Within::Table && is_autolink(url) && plain(content) == *url =>
            {
                self.out.extend(["<", url, ">"]);
            }
            Inline::Link { url, content } => {
                self.out.push('[');
                let inside = Place { in_link: true, followed: false, line_start: false, ..place };
                self.inlines(&trim(content.clone()), inside);
                self.out.push(']');
                destination(&mut self.out, url, place.within);
            }
            Inline::Image { url, alt } => {
                self.out.push_str("![");
                text(
                    &mut self.out,
                    alt,
                    Place { in_link: true, followed: false, line_start: false, ..place },
                );
                self.out.push(']');
                destination(&mut self.out, url, place.within);
            }
            Inline::Mention { id, name: Some(name) }
                if id.starts_with("accountid:") && name.starts_with('@') =>
            {
                self.out.push('[');
                text(
                    &mut self.out,
                    name,
                    Place { in_link: true, followed: false, line_start: false, ..place },
                );
                self.out.push(']');
                destination(&mut self.out, id, place.within);
            }
            Inline::Mention { id, .. } => {
                // Before a parenthesis it would be the text of a link.
                let is_ambiguous = next.and_then(first_letter).is_some_and(|letter| "([:".contains(letter));
                self.out.push_str(if is_ambiguous { "\\[~" } else { "[~" });
                text(&mut self.out, id, Place { in_link: true, followed: false, line_start: false, ..place });
                self.out.push(']');
            }
            Inline::Break if place.within == Within::Table => self.out.push_str("<br>"),
            Inline::Break if place.within == Within::Heading => self.out.push(' '),
            Inline::Break => {
                self.out.push('\\');
                self.line_break();
            }
        }
    }

    /// Writes marked text, or only the text where Markdown would not see the marks.
    fn marked(&mut self, mark: &str, inner: &[Inline], next: Option<&Inline>, place: Place) {
        let start = self.out.len();
        let before = self.out.chars().next_back().filter(|_| !place.line_start);
        self.out.push_str(mark);
        self.inlines(inner, Place { followed: true, ..place });
        let written = self.out.get(start + mark.len()..).unwrap_or_default();
        let after = next.and_then(first_letter);
        let (first, last) = (written.chars().next(), written.chars().next_back());
        if opens(mark, before, first) && opens(mark, after, last) {
            self.out.push_str(mark);
            return;
        }
        self.out.replace_range(start..start + mark.len(), "");
    }
}

/// Whether a mark between an outer and an inner character is seen as one.
fn opens(mark: &str, outer: Option<char>, inner: Option<char>) -> bool {
    let Some(inner) = inner.filter(|inner| !inner.is_whitespace()) else { return false };
    let Some(outer) = outer.filter(|outer| !outer.is_whitespace()) else { return true };
    let is_mark = mark.starts_with(outer) && outer != '*';
    !is_mark && (is_punctuation(outer) || (!is_punctuation(inner) && mark != "_"))
}

fn is_punctuation(letter: char) -> bool {
    !letter.is_alphanumeric() && !letter.is_whitespace()
}

fn first_letter(piece: &Inline) -> Option<char> {
    match piece {
        Inline::Text(text) => text.chars().next(),
        Inline::Code(_) => Some('`'),
        Inline::Strong(_) | Inline::Emphasis(_) => Some('*'),
        Inline::Strike(_) => Some('~'),
        Inline::Link { .. } | Inline::Mention { .. } => Some('['),
        Inline::Image { .. } => Some('!'),
        Inline::Break => None,
    }
}

fn number(start: u64, index: usize) -> u64 {
    // Markdown reads no more than nine digits.
    start.saturating_add(index as u64).min(999_999_999)
}

fn is_same_list(before: &Block, block: &Block) -> bool {
    match (before, block) {
        (Block::List(before), Block::List(list)) => before.start.is_some() == list.start.is_some(),
        _ => false,
    }
}

/// Whether a list may follow a paragraph without a blank line.
fn interrupts(list: &List) -> bool {
    let opens_with_text = list.items.first().is_some_and(|item| !item.blocks.iter().all(is_empty));
    opens_with_text && list.start.is_none_or(|start| start == 1)
}

fn is_empty(block: &Block) -> bool {
    match block {
        Block::Paragraph(content) => trim(tidy(content)).is_empty(),
        Block::List(list) => list.items.is_empty(),
        Block::Table(table) => table.rows.iter().all(Vec::is_empty),
        Block::Quote(inner) => inner.iter().all(is_empty),
        Block::Heading { .. } | Block::Code { .. } | Block::Rule => false,
    }
}
