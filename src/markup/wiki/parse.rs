//! Wiki markup into the document: the blocks.

use super::super::document::Block;
use super::super::document::Inline;
use super::super::document::Notes;
use super::super::document::Table;
use super::Reading;
use super::calls::next_call;
use super::editor;
use super::finder::Finder;
use super::finder::Wanted;
use super::inlines::inlines;
use super::lists::Entry;
use super::lists::lists;
use super::lists::marks;
use super::tables;

/// How deep macros and cells may nest; deeper ones stay text.
const DEEPEST: usize = 16;

/// Where in the document text is read, and how.
#[derive(Clone, Copy)]
pub(super) struct Level {
    pub(super) reading: Reading,
    depth: usize,
    in_cell: bool,
}

impl Level {
    pub(super) fn deeper(self) -> Self {
        Self { depth: self.depth + 1, in_cell: false, ..self }
    }

    pub(super) fn in_cell(self) -> Self {
        Self { in_cell: true, ..self.deeper() }
    }

    pub(super) fn is_deepest(self) -> bool {
        self.depth >= DEEPEST
    }
}

/// Parses wiki markup. What is no macro, or is not closed, stays text.
pub(in super::super) fn parse(wiki: &str, reading: Reading, notes: &mut Notes) -> Vec<Block> {
    let wiki = wiki.replace("\r\n", "\n").replace('\r', "\n").replace('\0', "\u{FFFD}");
    let blocks = blocks(&wiki, Level { reading, depth: 0, in_cell: false });
    for block in &blocks {
        if let Block::Heading { content, .. } = block {
            notes.at(content);
        }
    }
    match reading {
        Reading::Jira => blocks,
        Reading::Editor => editor::document(blocks, notes),
    }
}

pub(super) fn blocks(wiki: &str, level: Level) -> Vec<Block> {
    let mut parser = Parser::new(level);
    let mut finder = Finder::new(wiki);
    let mut at = 0;
    while at < wiki.len() {
        let end = finder.find(Wanted::LineEnd, at).unwrap_or(wiki.len());
        let line = wiki.get(at..end).unwrap_or_default();
        let found = next_call(line, at, &mut finder, level.reading).filter(|_| !level.is_deepest());
        let Some(found) = found else {
            parser.line(line);
            at = end + 1;
            continue;
        };
        let before = line.get(..found.start).unwrap_or_default();
        if parser.is_in_row(before) {
            parser.row(wiki.get(at..found.after).unwrap_or_default());
            parser.goes_on = true;
        } else {
            if !before.trim().is_empty() {
                parser.line(before);
            }
            parser.block(found.block(wiki, level));
            parser.is_within_line = true;
        }
        at = found.after;
        let rest = finder.find(Wanted::LineEnd, at).unwrap_or(wiki.len());
        if wiki.get(at..rest).is_some_and(|rest| rest.trim().is_empty()) {
            parser.goes_on = false;
            parser.is_within_line = false;
            at = rest + 1;
        }
    }
    parser.close();
    parser.done
}

/// What has been read of the page, and the block that is still open.
struct Parser {
    level: Level,
    done: Vec<Block>,
    paragraph: String,
    list: Vec<Entry>,
    rows: Vec<String>,
    /// What comes next belongs to the row, on the same line: a macro stood there.
    goes_on: bool,
    /// A macro stood before, on the same line.
    is_within_line: bool,
}

impl Parser {
    fn new(level: Level) -> Self {
        Self {
            level,
            done: Vec::new(),
            paragraph: String::new(),
            list: Vec::new(),
            rows: Vec::new(),
            goes_on: false,
            is_within_line: false,
        }
    }

    /// Whether text at the beginning of a line, or behind a macro, belongs to a row.
    fn is_in_row(&self, text: &str) -> bool {
        let is_open = |row: &String| self.goes_on || !is_closed(row);
        text.trim_start().starts_with('|') || self.rows.last().is_some_and(is_open)
    }

    /// Begins a row, or adds to the one that is open.
    fn row(&mut self, text: &str) {
        if self.goes_on
            && let Some(row) = self.rows.last_mut()
        {
            row.push_str(text);
        } else if text.trim_start().starts_with('|') {
            self.close_paragraph();
            self.close_list();
            self.rows.push(text.trim_start().to_owned());
        } else if let Some(row) = self.rows.last_mut() {
            add_line(row, text);
        }
        self.goes_on = false;
    }

    fn line(&mut self, line: &str) {
        let text = line.trim();
        let reading = self.level.reading;
        if self.goes_on {
            self.row(line.trim_end());
        } else if text.is_empty() {
            self.close();
        } else if text.starts_with('|') && text.bytes().any(|byte| byte != b'|') || self.is_in_row(text) {
            // The space behind them makes an item without text of marks.
            let is_item = line.ends_with([' ', '\t']) && text.bytes().all(|byte| b"*#-".contains(&byte));
            if is_item { self.row(&format!("{text} ")) } else { self.row(text) }
        } else if let Some((depth, is_ordered, rest)) = self.marks(line) {
            self.close_paragraph();
            self.close_table();
            self.list.push(Entry { depth, is_ordered, text: String::new(), blocks: Vec::new() });
            self.item_text(rest);
        } else if reading == Reading::Editor && !self.list.is_empty() {
            self.item_text(line);
        } else if let Some(block) = self.single_line(text) {
            self.close();
            self.done.push(block);
        } else if !self.list.is_empty() {
            self.item_text(text);
        } else {
            self.close_table();
            let text = match reading {
                Reading::Editor if self.is_within_line => line,
                Reading::Editor => line.trim_start(),
                Reading::Jira => text,
            };
            add_line(&mut self.paragraph, text);
        }
        self.is_within_line = false;
    }

    fn marks<'a>(&self, line: &'a str) -> Option<(usize, bool, &'a str)> {
        let reading = self.level.reading;
        // The space behind the marks of an item without text tells it from a row of them.
        marks(line.trim_start(), !self.list.is_empty(), reading)
    }

    /// Adds a line to the last item. Where the editor reads, it may be a block.
    fn item_text(&mut self, line: &str) {
        let reading = self.level.reading;
        let block = if reading == Reading::Editor { self.single_line(line.trim()) } else { None };
        let Some(entry) = self.list.last_mut() else { return };
        match block {
            Some(block) => {
                entry.close_text(reading);
                entry.blocks.push(block);
            }
            None => add_line(&mut entry.text, line),
        }
    }

    /// A heading, a short quote or a rule.
    fn single_line(&self, text: &str) -> Option<Block> {
        if text.len() >= 4 && text.bytes().all(|byte| byte == b'-') {
            return (!self.level.in_cell).then_some(Block::Rule);
        }
        if let Some(quote) = text.strip_prefix("bq.") {
            let (quote, reading) = (quote.trim(), self.level.reading);
            let item = marks(quote, false, reading).filter(|_| reading == Reading::Editor);
            return Some(Block::Quote(match item {
                Some((depth, is_ordered, text)) => lists(
                    vec![Entry { depth, is_ordered, text: text.to_owned(), blocks: Vec::new() }],
                    reading,
                ),
                None => vec![Block::Paragraph(inlines(quote, reading))],
            }));
        }
        let (level, content) = text.strip_prefix('h')?.split_once('.')?;
        let level = level.parse::<u8>().ok().filter(|level| (1..=6).contains(level))?;
        Some(Block::Heading { level, content: inlines(content.trim(), self.level.reading) })
    }

    fn block(&mut self, block: Block) {
        if let Some(entry) = self.list.last_mut() {
            entry.close_text(self.level.reading);
            entry.blocks.push(block);
            return;
        }
        self.close();
        self.done.push(block);
    }

    fn close(&mut self) {
        self.close_paragraph();
        self.close_list();
        self.close_table();
    }

    fn close_paragraph(&mut self) {
        if !self.paragraph.is_empty() {
            let content = inlines(&std::mem::take(&mut self.paragraph), self.level.reading);
            self.done.push(single(&content).unwrap_or(Block::Paragraph(content)));
        }
    }

    fn close_list(&mut self) {
        self.done.extend(lists(std::mem::take(&mut self.list), self.level.reading));
    }

    fn close_table(&mut self) {
        self.goes_on = false;
        let texts = std::mem::take(&mut self.rows);
        let mut rows: Vec<_> = texts.iter().map(|row| tables::row(row, self.level)).collect();
        if self.level.reading == Reading::Jira {
            rows.retain(|row| !row.cells.is_empty());
        }
        if !rows.is_empty() {
            self.done.push(Block::Table(Table { rows }));
        } else if !texts.is_empty() {
            // Bars around nothing are what they are.
            self.done.push(Block::text(texts.join(" ")));
        }
    }
}

/// A paragraph that is one image or one card is a block of that kind.
fn single(content: &[Inline]) -> Option<Block> {
    match content {
        [Inline::Image(image)] => Some(Block::Picture { image: image.clone(), caption: Vec::new() }),
        [Inline::With { extra, piece }] => match piece.as_ref() {
            Inline::Image(image) => {
                let picture = Block::Picture { image: image.clone(), caption: Vec::new() };
                Some(picture.with(Some(extra.clone())))
            }
            _ => None,
        },
        [Inline::Link { url, title, .. }] => match title.as_str() {
            "smart-card" | "block-link" => Some(Block::Card { url: url.clone(), embed: false }),
            "smart-embed" => Some(Block::Card { url: url.clone(), embed: true }),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a row ends in a bar, which a backslash did not make text.
fn is_closed(row: &str) -> bool {
    let bar = row.strip_suffix('|');
    bar.is_some_and(|before| (before.len() - before.trim_end_matches('\\').len()).is_multiple_of(2))
}

fn add_line(text: &mut String, line: &str) {
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(line);
}
