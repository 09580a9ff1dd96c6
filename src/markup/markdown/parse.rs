//! Markdown into the document, by way of comrak.

use comrak::nodes::{ListType, Node, NodeList, NodeValue};
use comrak::{Arena, Options, parse_document};

use super::super::document::{
    Block, Cell, Inline, Item, List, MAX_DEPTH, Table, is_script, push, push_all, with_mentions,
};

/// Parses Markdown. HTML stays text, except `<br>`, the only way to break a line inside a table cell.
pub(in super::super) fn parse(markdown: &str) -> Vec<Block> {
    let mut options = Options::default();
    options.extension.strikethrough = true;
    options.extension.table = true;
    options.extension.autolink = true;
    options.extension.tasklist = true;
    let arena = Arena::new();
    blocks(parse_document(&arena, markdown, &options), 0)
}

fn blocks(parent: Node<'_>, depth: usize) -> Vec<Block> {
    parent.children().filter_map(|node| block(node, depth)).collect()
}

fn block(node: Node<'_>, depth: usize) -> Option<Block> {
    if depth > MAX_DEPTH {
        let text = deep_text(node);
        return (!text.is_empty()).then(|| Block::text(text));
    }
    let data = node.data();
    Some(match &data.value {
        NodeValue::Heading(heading) => Block::Heading { level: heading.level, content: inlines(node, depth) },
        NodeValue::CodeBlock(code) => Block::Code {
            info: code.info.clone(),
            text: code.literal.strip_suffix('\n').unwrap_or(&code.literal).to_owned(),
        },
        NodeValue::BlockQuote => Block::Quote(blocks(node, depth + 1)),
        NodeValue::List(list) => Block::List(items(node, *list, depth)),
        NodeValue::Table(_) => Block::Table(table(node, depth)),
        NodeValue::ThematicBreak => Block::Rule,
        NodeValue::HtmlBlock(html) => Block::Paragraph(html_lines(&html.literal)),
        _ => Block::Paragraph(inlines(node, depth)),
    })
}

fn items(node: Node<'_>, list: NodeList, depth: usize) -> List {
    let start = (list.list_type == ListType::Ordered).then_some(list.start as u64);
    let items = node.children().map(|item| {
        let done = match &item.data().value {
            NodeValue::TaskItem(task) => Some(task.symbol.is_some()),
            _ => None,
        };
        Item { done, blocks: blocks(item, depth + 1) }
    });
    List { start, items: items.collect() }
}

fn table(node: Node<'_>, depth: usize) -> Table {
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    for row in node.children() {
        let header = matches!(row.data().value, NodeValue::TableRow(true));
        let cells: Vec<Cell> = row.children().map(|cell| table_cell(cell, header, depth)).collect();
        // A header without any text is how Markdown writes a table that has none.
        let is_absent = header && cells.iter().all(|cell| cell.blocks.is_empty());
        if !is_absent {
            rows.push(cells);
        }
    }
    Table { rows }
}

fn table_cell(node: Node<'_>, header: bool, depth: usize) -> Cell {
    let content = inlines(node, depth);
    let blocks = if content.is_empty() { Vec::new() } else { vec![Block::Paragraph(content)] };
    Cell { header, blocks }
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

fn inlines(parent: Node<'_>, depth: usize) -> Vec<Inline> {
    let mut joined = Vec::new();
    for node in parent.children() {
        match inline(node, depth + 1) {
            Inline::Link { url, content } if is_script(&url) => {
                push_all(&mut joined, content);
                push(&mut joined, Inline::Text(format!(" ({url})")));
            }
            // Jira Cloud's document has no image by address: it would become a link.
            Inline::Image { url, alt } if is_script(&url) => {
                push(&mut joined, Inline::Text(format!("{alt} ({url})")));
            }
            piece => push(&mut joined, piece),
        }
    }
    let mut content = Vec::with_capacity(joined.len());
    for piece in joined {
        match piece {
            Inline::Text(text) if text.contains("[~") => push_all(&mut content, with_mentions(&text)),
            other => push(&mut content, other),
        }
    }
    content
}

fn inline(node: Node<'_>, depth: usize) -> Inline {
    if depth > MAX_DEPTH {
        return Inline::Text(deep_text(node));
    }
    match &node.data().value {
        NodeValue::Text(text) => Inline::Text(text.to_string()),
        NodeValue::SoftBreak => Inline::Text(" ".to_owned()),
        NodeValue::LineBreak => Inline::Break,
        NodeValue::Code(code) => Inline::Code(code.literal.clone()),
        NodeValue::HtmlInline(html) if is_break(html) => Inline::Break,
        NodeValue::HtmlInline(html) => Inline::Text(html.clone()),
        NodeValue::Emph => Inline::Emphasis(inlines(node, depth)),
        NodeValue::Strong => Inline::Strong(inlines(node, depth)),
        NodeValue::Strikethrough => Inline::Strike(inlines(node, depth)),
        NodeValue::Link(link) => self_or_mention(&link.url, inlines(node, depth)),
        NodeValue::Image(link) => Inline::Image { url: link.url.clone(), alt: deep_text(node) },
        _ => Inline::Text(deep_text(node)),
    }
}

fn self_or_mention(url: &str, content: Vec<Inline>) -> Inline {
    let url = url.to_owned();
    match content.as_slice() {
        [Inline::Text(name)] if url.starts_with("accountid:") && name.starts_with('@') => {
            Inline::Mention { id: url, name: Some(name.clone()) }
        }
        _ => Inline::Link { url, content },
    }
}

fn is_break(html: &str) -> bool {
    ["<br>", "<br/>", "<br />"].iter().any(|tag| html.eq_ignore_ascii_case(tag))
}

/// The text below a node, gathered without recursion.
fn deep_text(node: Node<'_>) -> String {
    let mut text = String::new();
    for inner in node.descendants() {
        match &inner.data().value {
            NodeValue::Text(part) => text.push_str(part),
            NodeValue::Code(code) => text.push_str(&code.literal),
            NodeValue::CodeBlock(code) => text.push_str(&code.literal),
            NodeValue::HtmlInline(html) => text.push_str(html),
            NodeValue::HtmlBlock(html) => text.push_str(&html.literal),
            NodeValue::SoftBreak | NodeValue::LineBreak | NodeValue::Item(_) | NodeValue::TableCell
                if !text.is_empty() =>
            {
                text.push(' ');
            }
            _ => {}
        }
    }
    text
}
