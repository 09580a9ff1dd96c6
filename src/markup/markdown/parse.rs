//! Markdown into the document, by way of comrak: the blocks.

use comrak::Arena;
use comrak::Options;
use comrak::nodes::ListType;
use comrak::nodes::Node;
use comrak::nodes::NodeCodeBlock;
use comrak::nodes::NodeList;
use comrak::nodes::NodeValue;
use comrak::nodes::TableAlignment;
use comrak::parse_document;

use super::super::document::Block;
use super::super::document::Cell;
use super::super::document::Code;
use super::super::document::Extra;
use super::super::document::Format;
use super::super::document::Inline;
use super::super::document::Item;
use super::super::document::List;
use super::super::document::Look;
use super::super::document::MAX_DEPTH;
use super::super::document::Notes;
use super::super::document::Panel;
use super::super::document::Row;
use super::super::document::Table;
use super::super::document::push;
use super::fold::Fold;
use super::inlines;
use super::inlines::Level;
use super::inlines::Lines;
use super::inlines::deep_text;
use super::pieces::PIECE;
use super::pieces::Pieces;
use super::surplus::Source;
use super::surplus::surplus;
use super::tags;
use super::tags::Token;

/// Parses Markdown. HTML that is none of the dialect's tags stays text.
pub(in super::super) fn parse(markdown: &str, lines: Lines, notes: &mut Notes) -> Vec<Block> {
    let mut all = Vec::new();
    parse_each(markdown, lines, notes, |_, blocks| all.extend(blocks));
    all
}

/// Parses Markdown, and hands over blocks as they are complete.
pub(in super::super) fn parse_each(
    markdown: &str,
    lines: Lines,
    notes: &mut Notes,
    done: impl FnMut(&mut Notes, Vec<Block>),
) {
    parse_by(PIECE, markdown, lines, notes, done);
}

/// Parses Markdown by pieces of so many bytes.
fn parse_by(
    piece: usize,
    markdown: &str,
    lines: Lines,
    notes: &mut Notes,
    mut done: impl FnMut(&mut Notes, Vec<Block>),
) {
    let options = options();
    // CommonMark wants it so, and comrak leaves some.
    let without_null = markdown.contains('\0').then(|| markdown.replace('\0', "\u{FFFD}"));
    let mut pieces = Pieces::of(without_null.as_deref().unwrap_or(markdown), piece);
    let mut fold = Fold::new("", 0);
    while !pieces.is_empty() {
        let arena = Arena::new();
        let source = Source::new(pieces.next());
        let root = parse_document(&arena, source.text(), &options);
        let count = pieces.take(&source, root);
        let mut parser = Parser { notes: &mut *notes, source, lines };
        for node in root.children().take(count) {
            parser.add(&mut fold, node, false, 0);
        }
        done(notes, fold.complete());
    }
    done(notes, fold.finish().0);
}

/// How comrak reads.
pub(super) fn options() -> Options<'static> {
    let mut options = Options::default();
    options.extension.strikethrough = true;
    options.extension.table = true;
    options.extension.autolink = true;
    options.extension.tasklist = true;
    options.extension.front_matter_delimiter = Some("---".to_owned());
    // What was escaped is text, whatever it looks like.
    options.render.escaped_char_spans = true;
    options
}

struct Parser<'n> {
    notes: &'n mut Notes,
    source: Source<'n>,
    lines: Lines,
}

impl Parser<'_> {
    /// The blocks inside a node, and what is said of the node itself.
    fn contained(
        &mut self,
        parent: Node<'_>,
        about: &'static str,
        depth: usize,
    ) -> (Vec<Block>, Option<Extra>) {
        let mut fold = Fold::new(about, depth);
        for node in parent.children() {
            self.add(&mut fold, node, false, depth);
        }
        fold.finish()
    }

    fn level(&self, depth: usize) -> Level {
        Level { depth, lines: self.lines }
    }

    fn add(&mut self, fold: &mut Fold, node: Node<'_>, is_tight: bool, depth: usize) {
        let depth = depth.max(fold.depth());
        if depth > MAX_DEPTH {
            self.notes.add("what was nested too deep became plain text");
            let text = deep_text(node);
            if !text.is_empty() {
                fold.block(Block::text(text));
            }
            return;
        }
        let data = node.data();
        match &data.value {
            NodeValue::HtmlBlock(html) => {
                let html = html.literal.trim_end_matches('\n');
                if let Some(piece) = inlines::lone(html) {
                    fold.paragraph(vec![piece], is_tight);
                } else if !fold.html(&tags::tokens(html)) {
                    fold.block(Block::Paragraph(html_lines(html)));
                }
            }
            NodeValue::CodeBlock(code) => fold.block(code_block(code)),
            NodeValue::FrontMatter(text) => fold.block(Block::Code(front_matter(text))),
            NodeValue::Heading(heading) => {
                let content = inlines::all(node, self.level(depth));
                self.notes.at(&content);
                fold.block(Block::Heading { level: heading.level, content });
            }
            NodeValue::BlockQuote => {
                let block = self.quote(node, depth);
                fold.block(block);
            }
            NodeValue::List(list) => {
                let list = self.list(node, *list, depth);
                fold.block(Block::List(list));
            }
            NodeValue::Table(_) => {
                let table = self.table(node, depth);
                fold.block(Block::Table(table));
            }
            NodeValue::ThematicBreak => fold.block(Block::Rule),
            _ => {
                let text = inlines::cell(node, self.level(depth));
                for comment in text.outer {
                    fold.comment(comment);
                }
                if !text.content.is_empty() {
                    fold.paragraph(text.content, is_tight);
                }
            }
        }
    }

    /// A quote, or a panel if it begins with `[!INFO]` or the like.
    fn quote(&mut self, node: Node<'_>, depth: usize) -> Block {
        let Some((look, title, rest)) = node.first_child().and_then(|first| panel_title(first)) else {
            return Block::Quote(self.contained(node, "", depth + 1).0);
        };
        let mut fold = Fold::new("", depth + 1);
        if let Some(rest) = rest {
            fold.paragraph(inlines::from(rest, self.level(depth + 1)), false);
        }
        for inner in node.children().skip(1) {
            self.add(&mut fold, inner, false, depth + 1);
        }
        Block::Panel(Panel { look, title, blocks: fold.finish().0 })
    }

    fn list(&mut self, node: Node<'_>, list: NodeList, depth: usize) -> List {
        let start = (list.list_type == ListType::Ordered).then_some(list.start as u64);
        let mut items = Vec::new();
        for item in node.children() {
            let done = match &item.data().value {
                NodeValue::TaskItem(task) => Some(task.symbol.is_some()),
                _ => None,
            };
            let mut fold = Fold::new("item", depth + 1);
            for inner in item.children() {
                self.add(&mut fold, inner, list.tight, depth + 1);
            }
            let (blocks, extra) = fold.finish();
            items.push(Item { done, blocks, extra });
        }
        List { start, decisions: false, items }
    }

    /// What a row has too much goes into its last cell.
    fn keep_surplus(&mut self, row: Node<'_>, cells: &mut [Cell]) {
        let start = row.data().sourcepos.start;
        let surplus = surplus(self.source.line(start.line, start.column), cells.len());
        let Some(last) = cells.last_mut().filter(|_| !surplus.is_empty()) else { return };
        self.notes.add("a row of a table has more cells than its head: the rest is in its last cell");
        match last.blocks.last_mut() {
            Some(Block::Paragraph(content)) => push(content, Inline::Text(format!(" | {surplus}"))),
            _ => last.blocks.push(Block::text(surplus)),
        }
    }

    fn table(&mut self, node: Node<'_>, depth: usize) -> Table {
        let mut rows: Vec<Row> = Vec::new();
        let sides = sides(node);
        for row in node.children() {
            let header = matches!(row.data().value, NodeValue::TableRow(true));
            let mut extra = None;
            let mut cells: Vec<Cell> = row
                .children()
                .map(|cell| {
                    let content = inlines::cell(cell, self.level(depth));
                    extra = extra.take().or(content.row);
                    let blocks = if content.content.is_empty() {
                        Vec::new()
                    } else {
                        vec![Block::Paragraph(content.content)]
                    };
                    Cell { header, blocks, extra: content.cell, ..Cell::default() }
                })
                .collect();
            self.keep_surplus(row, &mut cells);
            // A header without any text is how Markdown writes a table that has none.
            let is_absent = header && cells.iter().all(|cell| cell.blocks.is_empty() && cell.extra.is_none());
            if !is_absent {
                for (cell, side) in cells.iter_mut().zip(&sides) {
                    cell.extra = cell.extra.take().or_else(|| side.map(Extra::aligned));
                }
                rows.push(Row { cells, extra });
            }
        }
        Table { rows }
    }
}

/// At which side the text in each column of a table stands.
fn sides(table: Node<'_>) -> Vec<Option<&'static str>> {
    let NodeValue::Table(table) = &table.data().value else { return Vec::new() };
    let side = |alignment: &TableAlignment| match alignment {
        TableAlignment::None => None,
        TableAlignment::Left => Some("left"),
        TableAlignment::Center => Some("center"),
        TableAlignment::Right => Some("right"),
    };
    table.alignments.iter().map(side).collect()
}

/// What a quote's first paragraph says of a panel: how it looks, its title, and the first node after that line.
fn panel_title(first: Node<'_>) -> Option<(Look, String, Option<Node<'_>>)> {
    if !matches!(first.data().value, NodeValue::Paragraph) {
        return None;
    }
    let mut line = String::new();
    let mut rest = None;
    for (index, node) in first.children().enumerate() {
        match &node.data().value {
            NodeValue::SoftBreak => {
                rest = node.next_sibling();
                break;
            }
            NodeValue::Text(text) => line.push_str(text),
            NodeValue::Escaped if index > 0 => line.push_str(&deep_text(node)),
            _ if line.starts_with("[!") => line.push_str(&deep_text(node)),
            _ => return None,
        }
    }
    let (word, title) = line.strip_prefix("[!")?.split_once(']')?;
    let look = match word.to_ascii_uppercase().as_str() {
        "INFO" => Look::Info,
        "NOTE" | "IMPORTANT" => Look::Note,
        "TIP" => Look::Tip,
        "SUCCESS" => Look::Success,
        "WARNING" => Look::Warning,
        "ERROR" | "CAUTION" => Look::Error,
        "PANEL" => Look::Plain,
        _ => return None,
    };
    Some((look, title.trim().to_owned(), rest))
}

/// A code block with its words; a source if that is what it says.
fn code_block(code: &NodeCodeBlock) -> Block {
    let text = code.literal.strip_suffix('\n').unwrap_or(&code.literal).to_owned();
    let info = code.info.trim();
    let format =
        info.strip_suffix(" source").and_then(Format::parse).filter(|format| *format != Format::Markdown);
    if let Some(format) = format {
        return Block::Source { format, text };
    }
    let (language, rest) = info.split_once(char::is_whitespace).unwrap_or((info, ""));
    let title =
        rest.split_once("title=\"").and_then(|(_, title)| title.split_once('"')).map(|(title, _)| title);
    Block::Code(Code { language: language.to_owned(), title: title.unwrap_or_default().to_owned(), text })
}

fn front_matter(text: &str) -> Code {
    let text = text.trim().trim_start_matches("---").trim_end_matches("---").trim_matches('\n');
    Code { language: "yaml".to_owned(), title: String::new(), text: text.to_owned() }
}

fn html_lines(html: &str) -> Vec<Inline> {
    let mut content = Vec::new();
    for line in html.lines() {
        if !content.is_empty() {
            content.push(Inline::Break);
        }
        push(&mut content, Inline::Text(line.to_owned()));
    }
    content
}

/// Whether a piece of HTML is of the dialect.
pub(super) fn is_known(token: &Token<'_>) -> bool {
    let known = |name: &str| {
        matches!(
            name,
            "details" | "summary" | "table" | "tr" | "th" | "td" | "columns" | "column" | "figure" | "macro"
        ) || format_of(name).is_some()
    };
    match token {
        Token::Open(tag) | Token::Void(tag) => known(&tag.name),
        Token::Close(name) => known(name),
        Token::Comment(_) | Token::Text(_) => true,
    }
}

/// The format and the name in it, of a tag such as `storage-div`.
pub(super) fn format_of(name: &str) -> Option<(Format, &str)> {
    let (format, name) = name.split_once('-')?;
    let format = Format::parse(format).filter(|format| *format != Format::Markdown)?;
    (!name.is_empty()).then_some((format, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by(piece: usize, markdown: &str) -> Vec<Block> {
        let mut all = Vec::new();
        parse_by(piece, markdown, Lines::Joined, &mut Notes::default(), |_, blocks| all.extend(blocks));
        all
    }

    #[test]
    fn pieces_of_any_size_are_the_whole() {
        let documents = [
            "# One\n\ntext\n# Two\ntext\n\n   # Three\n\n    # code\n\ntext\n===\n\nmore\n",
            "- item\n\n  in it\n\n  # in it\n\nafter\n\n- item\n# ends it\n\n1. one\n\n2. two\n\ntext\n",
            "```\n# no heading\n\ntext\n```\n\n~~~\n\n# none\n\ntext\n\n# open to the end\n",
            "<!-- \n\n# none\n\ntext -->\n\ntext\n\n<div>\n# none\n\n# one\n\n<pre>\n\n# none\n\n</pre>\n\ntext\n",
            "<details>\n<summary>t</summary>\n\n# in it\n\ntext\n\n</details>\n\ntext\n\n</details>\n\n<details>\n\nx\n",
            "> quote\nlazy\n\n> # in it\n\ntext\n\n| a | b |\n|---|---|\n| c | d | e |\n\ntext\n\n| a |\n|---|\n# x\n",
            "---\na: 1\n\n# no heading\n---\n\n# one\n\ntext\n",
            "text\n\n---\na: 1\n\n---\n\n# one\n",
            "[a]\n\n# one\n\ntext [b] [c]\n\n[a]: https://a.example\n[b]: <b> 'title'\n\n> [c]:\n> x\n",
            "# one\r\n\r\ntext\r\n\r\n```\r\n\r\n# none\r\n```\r\n",
            "a\rb\n\nc\n\nd\n",
            "text\n\n\u{FEFF}text\n\n\u{FEFF}# text\n",
            "\u{FEFF}---\na\n\nb\n---\n\nc\n",
            "text\n \t\nmore\n\u{A0}\nmore\n\u{B}\nmore\n\u{C}\nmore\n\u{2028}\nmore\n",
            "<!-- adf:{\"attrs\":{\"localId\":\"1\"}} -->\n\ntext\n\n<macro name=\"a\">\n\n# in it\n\ntext\n\n</macro>\n\nx",
            "\n\n\ntext\n\n\n",
            "",
        ];
        for document in documents {
            let whole = by(usize::MAX, document);
            for piece in 1..=document.len() {
                assert_eq!(by(piece, document), whole, "{piece}: {document:?}");
            }
        }
    }
}
