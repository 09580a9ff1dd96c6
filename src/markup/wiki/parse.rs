//! Wiki markup into the document: the blocks.

use std::iter::Peekable;
use std::vec::IntoIter;

use super::super::document::{Block, Cell, Inline, Item, List, Table, trim};
use super::finder::Finder;
use super::inlines::{inlines, opaque_length};

/// How deep lists may nest.
const DEEPEST_LIST: usize = 32;

/// Parses wiki markup. Macros other than code and quotes stay as text.
pub(in super::super) fn parse(wiki: &str) -> Vec<Block> {
    let wiki = wiki.replace("\r\n", "\n").replace('\r', "\n");
    blocks(&wiki, Quotes::Read)
}

/// Quotes cannot nest: inside one, its tag is text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quotes {
    Read,
    Text,
}

fn blocks(wiki: &str, quotes: Quotes) -> Vec<Block> {
    let mut parser = Parser::default();
    let mut finder = Finder::new(wiki);
    let mut at = 0;
    while at < wiki.len() {
        let end = finder.find("\n", at).unwrap_or(wiki.len());
        let line = wiki.get(at..end).unwrap_or_default();
        let found = next_macro(line, at, &mut finder).and_then(|found| {
            let body = at + found.end;
            let (close, after) = match (found.name, quotes) {
                ("panel", _) => (body, body),
                ("quote", Quotes::Text) => return None,
                (name, _) => {
                    let tag = closing_tag(name);
                    let close = finder.find(tag, body)?;
                    (close, close + tag.len())
                }
            };
            Some((found, wiki.get(body..close)?, after))
        });
        let Some((found, body, after)) = found else {
            parser.line(line);
            at = end + 1;
            continue;
        };
        let before = line.get(..found.start).unwrap_or_default();
        if !before.trim().is_empty() {
            parser.line(before);
        }
        match found.name {
            "panel" => parser.block_apart(Block::text(line.get(found.start..found.end).unwrap_or_default())),
            "quote" => parser.block(Block::Quote(blocks(body, Quotes::Text))),
            _ => parser.block(code(found.parameters, body)),
        }
        at = after;
        let rest = finder.find("\n", at).unwrap_or(wiki.len());
        if wiki.get(at..rest).is_some_and(|rest| rest.trim().is_empty()) {
            at = rest + 1;
        }
    }
    parser.finish()
}

struct Macro<'a> {
    name: &'static str,
    parameters: &'a str,
    start: usize,
    end: usize,
}

fn closing_tag(name: &str) -> &'static str {
    match name {
        "code" => "{code}",
        "noformat" => "{noformat}",
        _ => "{quote}",
    }
}

/// The first macro that makes a block, in a line that starts at `line_at`.
fn next_macro<'a>(line: &'a str, line_at: usize, page: &mut Finder<'_>) -> Option<Macro<'a>> {
    let mut at = 0;
    while let Some(offset) = line.get(at..)?.find(['{', '\\']) {
        let start = at + offset;
        let rest = line.get(start..)?;
        if rest.starts_with('\\') {
            let escaped = rest.chars().nth(1).map_or(0, char::len_utf8);
            at = start + 1 + escaped;
            continue;
        }
        if let Some(length) = opaque_length(rest, line_at + start, page) {
            at = start + length;
            continue;
        }
        let inside = rest.strip_prefix('{')?;
        for name in ["code", "noformat", "quote", "panel"] {
            let Some(after) = inside.strip_prefix(name) else { continue };
            let close = after.bytes().take(1024).position(|byte| byte == b'}');
            let Some(parameters) = close.and_then(|close| after.get(..close)) else { continue };
            if parameters.is_empty() || parameters.starts_with(':') {
                let end = start + 1 + name.len() + parameters.len() + 1;
                return Some(Macro { name, parameters: parameters.trim_start_matches(':'), start, end });
            }
        }
        at = start + 1;
    }
    None
}

fn code(parameters: &str, body: &str) -> Block {
    let mut language = "";
    let mut title = "";
    for parameter in parameters.split('|') {
        match parameter.split_once('=') {
            None if !parameter.trim().is_empty() => language = parameter.trim(),
            Some(("title", value)) => title = value.trim(),
            _ => {}
        }
    }
    let info = match language {
        "none" | "" => title,
        named => named,
    };
    let body = body.strip_prefix('\n').unwrap_or(body);
    let body = body.strip_suffix('\n').unwrap_or(body);
    Block::Code { info: info.to_owned(), text: body.to_owned() }
}

/// What has been read of the page, and the block that is still open.
#[derive(Default)]
struct Parser {
    done: Vec<Block>,
    paragraph: String,
    list: Vec<Entry>,
    rows: Vec<String>,
}

/// One item with its marks, such as `*#`.
struct Entry {
    depth: usize,
    is_ordered: bool,
    text: String,
    blocks: Vec<Block>,
}

impl Parser {
    fn line(&mut self, line: &str) {
        let text = line.trim();
        if text.is_empty() {
            self.close();
        } else if let Some((depth, is_ordered, rest)) = list_marks(text) {
            self.close_paragraph();
            self.close_table();
            self.list.push(Entry { depth, is_ordered, text: rest.to_owned(), blocks: Vec::new() });
        } else if let Some(block) = single_line(text) {
            self.close();
            self.done.push(block);
        } else if text.starts_with('|') && text.len() > 1 {
            self.close_paragraph();
            self.close_list();
            self.rows.push(text.to_owned());
        } else if let Some(row) = self.rows.last_mut().filter(|row| !row.ends_with('|')) {
            add_line(row, text);
        } else if let Some(entry) = self.list.last_mut() {
            add_line(&mut entry.text, text);
        } else {
            self.close_table();
            add_line(&mut self.paragraph, text);
        }
    }

    fn block(&mut self, block: Block) {
        if let Some(entry) = self.list.last_mut() {
            entry.close_text();
            entry.blocks.push(block);
            return;
        }
        self.block_apart(block);
    }

    fn block_apart(&mut self, block: Block) {
        self.close();
        self.done.push(block);
    }

    fn finish(mut self) -> Vec<Block> {
        self.close();
        self.done
    }

    fn close(&mut self) {
        self.close_paragraph();
        self.close_list();
        self.close_table();
    }

    fn close_paragraph(&mut self) {
        if !self.paragraph.is_empty() {
            self.done.push(Block::Paragraph(inlines(&std::mem::take(&mut self.paragraph))));
        }
    }

    fn close_list(&mut self) {
        let mut entries = std::mem::take(&mut self.list);
        entries.iter_mut().for_each(Entry::close_text);
        self.done.extend(nest(&mut entries.into_iter().peekable(), 1));
    }

    fn close_table(&mut self) {
        let rows = std::mem::take(&mut self.rows);
        if !rows.is_empty() {
            self.done.push(Block::Table(Table { rows: rows.iter().map(|row| cells(row)).collect() }));
        }
    }
}

impl Entry {
    fn close_text(&mut self) {
        let content = inlines(&std::mem::take(&mut self.text));
        // Two breaks are how paragraphs are kept apart inside an item.
        for (index, part) in content.split(|piece| *piece == Inline::Break).enumerate() {
            let part = trim(part.to_vec());
            match self.blocks.last_mut() {
                Some(Block::Paragraph(before)) if index > 0 && !part.is_empty() => {
                    if !before.is_empty() {
                        before.push(Inline::Break);
                    }
                    before.extend(part);
                }
                Some(Block::Paragraph(before)) if index > 0 && !before.is_empty() => {
                    self.blocks.push(Block::Paragraph(Vec::new()));
                }
                _ if !part.is_empty() => self.blocks.push(Block::Paragraph(part)),
                _ => {}
            }
        }
    }

    fn into_item(mut self) -> Item {
        let mut item = Item::default();
        if let Some(Block::Paragraph(content)) = self.blocks.first_mut()
            && let Some(Inline::Text(text)) = content.first_mut()
        {
            for (mark, done) in [("[ ] ", false), ("[x] ", true), ("[X] ", true)] {
                if let Some(rest) = text.strip_prefix(mark) {
                    item.done = Some(done);
                    *text = rest.to_owned();
                    break;
                }
            }
        }
        item.blocks = self.blocks;
        item
    }
}

fn nest(entries: &mut Peekable<IntoIter<Entry>>, depth: usize) -> Vec<Block> {
    let mut lists: Vec<List> = Vec::new();
    while let Some(entry) = entries.next_if(|entry| entry.depth >= depth) {
        let start = entry.is_ordered.then_some(1);
        if lists.last().is_none_or(|list| entry.depth == depth && list.start != start) {
            lists.push(List { start, items: Vec::new() });
        }
        let Some(list) = lists.last_mut() else { break };
        if entry.depth == depth {
            list.items.push(entry.into_item());
        } else {
            // An item that is deeper than its neighbours allow belongs to an item nobody wrote.
            let mut deeper = vec![entry];
            while let Some(next) = entries.next_if(|next| next.depth > depth) {
                deeper.push(next);
            }
            let blocks = nest(&mut deeper.into_iter().peekable(), depth + 1);
            list.items.push(Item { done: None, blocks });
        }
        let inner = nest(entries, depth + 1);
        if let Some(item) = list.items.last_mut() {
            item.blocks.extend(inner);
        }
    }
    lists.into_iter().map(Block::List).collect()
}

fn list_marks(text: &str) -> Option<(usize, bool, &str)> {
    let marks = text.bytes().take_while(|byte| b"*#-".contains(byte)).count();
    let (run, rest) = text.split_at_checked(marks)?;
    let is_list = run == "-" || run.ends_with(['*', '#']);
    if !is_list || !(rest.is_empty() || rest.starts_with([' ', '\t'])) || (rest.is_empty() && marks > 3) {
        return None;
    }
    Some((marks.min(DEEPEST_LIST), run.ends_with('#'), rest.trim_start()))
}

/// A heading, a short quote or a rule.
fn single_line(text: &str) -> Option<Block> {
    if text.len() >= 4 && text.bytes().all(|byte| byte == b'-') {
        return Some(Block::Rule);
    }
    if let Some(quote) = text.strip_prefix("bq.") {
        return Some(Block::Quote(vec![Block::Paragraph(inlines(quote.trim()))]));
    }
    let (level, content) = text.strip_prefix('h')?.split_once('.')?;
    let level = level.parse::<u8>().ok().filter(|level| (1..=6).contains(level))?;
    let is_heading = content.is_empty() || content.starts_with([' ', '\t']);
    is_heading.then(|| Block::Heading { level, content: inlines(content.trim()) })
}

fn cells(row: &str) -> Vec<Cell> {
    let mut cells = Vec::new();
    let mut finder = Finder::new(row);
    let mut at = 0;
    while let Some(rest) = row.get(at..).filter(|rest| !rest.is_empty()) {
        let header = rest.starts_with("||");
        let bars = if header { 2 } else { 1 };
        let content = rest.get(bars..).unwrap_or_default();
        let length = cell_length(content, at + bars, &mut finder);
        at += bars + length;
        let text = content.get(..length).unwrap_or_default().trim();
        if content.is_empty() {
            break;
        }
        let content = inlines(text);
        let blocks = if content.is_empty() { Vec::new() } else { vec![Block::Paragraph(content)] };
        cells.push(Cell { header, blocks });
    }
    cells
}

/// Where a cell ends: at the next bar that is not part of a link, an image, code or an escape.
fn cell_length(content: &str, content_at: usize, row: &mut Finder<'_>) -> usize {
    let mut at = 0;
    while let Some(rest) = content.get(at..) {
        let Some(letter) = rest.chars().next() else { break };
        if letter == '|' {
            break;
        }
        at += match letter {
            '\\' => 1 + rest.chars().nth(1).map_or(0, char::len_utf8),
            '{' | '[' | '!' => opaque_length(rest, content_at + at, row).unwrap_or(1),
            other => other.len_utf8(),
        };
    }
    at
}

fn add_line(text: &mut String, line: &str) {
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(line);
}
