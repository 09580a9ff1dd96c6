//! Atlassian Document Format into the document.

use jiff::Timestamp;
use serde_json::Value;

use super::super::document::{Block, Cell, Inline, Item, List, MAX_DEPTH, Table, push};

/// Parses a document or a single node. Nodes the model has no place for are kept as code.
pub(in super::super) fn parse(adf: &Value) -> Vec<Block> {
    match adf {
        Value::Null => Vec::new(),
        Value::String(text) => text.lines().filter(|line| !line.trim().is_empty()).map(Block::text).collect(),
        Value::Array(nodes) => blocks(nodes, 0),
        node => blocks(std::slice::from_ref(node), 0),
    }
}

fn blocks(nodes: &[Value], depth: usize) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut line = Vec::new();
    for node in nodes {
        if let Some(piece) = inline(node) {
            push(&mut line, piece);
            continue;
        }
        close_line(&mut blocks, &mut line);
        if depth > MAX_DEPTH {
            blocks.push(verbatim(node));
        } else {
            block(&mut blocks, node, depth);
        }
    }
    close_line(&mut blocks, &mut line);
    blocks
}

fn close_line(blocks: &mut Vec<Block>, line: &mut Vec<Inline>) {
    if !line.is_empty() {
        blocks.push(Block::Paragraph(std::mem::take(line)));
    }
}

fn block(blocks: &mut Vec<Block>, node: &Value, depth: usize) {
    let inner = |node| self::blocks(children(node), depth + 1);
    match kind(node) {
        "doc" | "layoutSection" | "layoutColumn" => blocks.extend(inner(node)),
        "paragraph" => blocks.push(Block::Paragraph(inlines(children(node)))),
        "heading" => {
            let level = attr(node, "level").and_then(Value::as_u64).unwrap_or(1).clamp(1, 6);
            let level = u8::try_from(level).unwrap_or(6);
            blocks.push(Block::Heading { level, content: inlines(children(node)) });
        }
        "bulletList" | "taskList" | "decisionList" => blocks.push(list(node, None, depth)),
        "orderedList" => {
            let start = attr(node, "order").and_then(Value::as_u64).unwrap_or(1);
            blocks.push(list(node, Some(start), depth));
        }
        "codeBlock" => {
            let text: String = children(node).iter().map(|node| string(node.get("text"))).collect();
            blocks.push(Block::Code { info: string(attr(node, "language")).to_owned(), text });
        }
        "blockquote" => blocks.push(Block::Quote(inner(node))),
        "panel" => blocks.push(titled(string(attr(node, "panelType")), inner(node))),
        "expand" | "nestedExpand" => blocks.push(titled(string(attr(node, "title")), inner(node))),
        "rule" => blocks.push(Block::Rule),
        "table" => blocks.push(table(node, depth)),
        "mediaSingle" => match children(node) {
            [media] if string(attr(media, "type")) == "external" => {
                blocks.push(Block::Paragraph(vec![picture(media)]));
            }
            _ => blocks.push(verbatim(node)),
        },
        "blockCard" | "embedCard" if attr(node, "url").is_some() => {
            blocks.push(Block::Paragraph(vec![card(node)]));
        }
        _ => blocks.push(verbatim(node)),
    }
}

fn list(node: &Value, start: Option<u64>, depth: usize) -> Block {
    let mut items: Vec<Item> = Vec::new();
    for child in children(node) {
        match (kind(child), items.last_mut()) {
            ("taskItem", _) => {
                let done = Some(string(attr(child, "state")) == "DONE");
                items.push(Item { done, blocks: blocks(children(child), depth + 1) });
            }
            // Task lists nest beside the item they belong to.
            ("taskList", Some(item)) => item.blocks.extend(blocks(std::slice::from_ref(child), depth + 1)),
            ("listItem" | "decisionItem", _) => {
                items.push(Item { done: None, blocks: blocks(children(child), depth + 1) });
            }
            _ => items.push(Item { done: None, blocks: blocks(std::slice::from_ref(child), depth + 1) }),
        }
    }
    Block::List(List { start, items })
}

fn titled(title: &str, mut blocks: Vec<Block>) -> Block {
    if !title.is_empty() {
        blocks.insert(0, Block::Paragraph(vec![Inline::Strong(vec![Inline::Text(title.to_owned())])]));
    }
    Block::Quote(blocks)
}

fn table(node: &Value, depth: usize) -> Block {
    let cell = |node: &Value| Cell {
        header: kind(node) == "tableHeader",
        blocks: blocks(children(node), depth + 1),
    };
    let rows = children(node).iter().map(|row| children(row).iter().map(cell).collect());
    Block::Table(Table { rows: rows.collect() })
}

fn inlines(nodes: &[Value]) -> Vec<Inline> {
    let mut content = Vec::new();
    for node in nodes {
        push(&mut content, inline(node).unwrap_or_else(|| Inline::Code(source(node))));
    }
    content
}

/// A node of running text; `None` for blocks and for what is unknown.
fn inline(node: &Value) -> Option<Inline> {
    Some(match kind(node) {
        "text" => marked(node),
        "hardBreak" => Inline::Break,
        "mention" => {
            let name = string(attr(node, "text"));
            let name = (!name.is_empty()).then(|| format!("@{}", name.trim_start_matches('@')));
            Inline::Mention { id: format!("accountid:{}", string(attr(node, "id"))), name }
        }
        "emoji" => {
            let shown = string(attr(node, "text"));
            Inline::Text(if shown.is_empty() { string(attr(node, "shortName")) } else { shown }.to_owned())
        }
        "status" => Inline::Strong(vec![Inline::Text(string(attr(node, "text")).to_owned())]),
        "date" => Inline::Text(date(node)),
        "inlineCard" if attr(node, "url").is_some() => card(node),
        "media" | "mediaInline" if string(attr(node, "type")) == "external" => picture(node),
        _ => return None,
    })
}

fn marked(node: &Value) -> Inline {
    let text = string(node.get("text")).to_owned();
    let marks = node.get("marks").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let has = |wanted: &str| marks.iter().any(|mark| kind(mark) == wanted);
    let mut piece = if has("code") { Inline::Code(text) } else { Inline::Text(text) };
    if has("strike") {
        piece = Inline::Strike(vec![piece]);
    }
    if has("em") {
        piece = Inline::Emphasis(vec![piece]);
    }
    if has("strong") {
        piece = Inline::Strong(vec![piece]);
    }
    match marks.iter().find(|mark| kind(mark) == "link") {
        Some(link) => Inline::Link { url: string(attr(link, "href")).to_owned(), content: vec![piece] },
        None => piece,
    }
}

fn card(node: &Value) -> Inline {
    let url = string(attr(node, "url")).to_owned();
    Inline::Link { content: vec![Inline::Text(url.clone())], url }
}

fn picture(node: &Value) -> Inline {
    Inline::Image { url: string(attr(node, "url")).to_owned(), alt: string(attr(node, "alt")).to_owned() }
}

fn date(node: &Value) -> String {
    let written = attr(node, "timestamp");
    let milliseconds = written.and_then(|value| value.as_i64().or_else(|| value.as_str()?.parse().ok()));
    match milliseconds.and_then(|milliseconds| Timestamp::from_millisecond(milliseconds).ok()) {
        Some(timestamp) => timestamp.strftime("%Y-%m-%d").to_string(),
        None => written.map(ToString::to_string).unwrap_or_default(),
    }
}

fn verbatim(node: &Value) -> Block {
    let text = serde_json::to_string_pretty(node).unwrap_or_default();
    let name = kind(node);
    Block::Code { info: format!("adf:{}", if name.is_empty() { "unknown" } else { name }), text }
}

fn source(node: &Value) -> String {
    format!("adf:{} {node}", kind(node))
}

fn kind(node: &Value) -> &str {
    string(node.get("type"))
}

fn attr<'a>(node: &'a Value, name: &str) -> Option<&'a Value> {
    node.get("attrs")?.get(name)
}

fn children(node: &Value) -> &[Value] {
    node.get("content").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn string(value: Option<&Value>) -> &str {
    value.and_then(Value::as_str).unwrap_or_default()
}
