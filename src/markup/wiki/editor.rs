//! What the editor of Jira Cloud makes of wiki markup that ADF has no word for: what it cannot hold is lifted out of
//! lists, quotes and panels, and a few things get another look.

mod media;
mod text;

use super::super::adf;
use super::super::document::Block;
use super::super::document::Body;
use super::super::document::Cell;
use super::super::document::Code;
use super::super::document::Inline;
use super::super::document::Item;
use super::super::document::List;
use super::super::document::Look;
use super::super::document::Notes;
use super::super::document::Panel;
use super::super::document::Table;

/// What a block stands in, as far as it matters to what may stand there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Page,
    Item,
    Quote,
    Panel,
    Cell,
}

/// The document as the editor has it.
pub(super) fn document(blocks: Vec<Block>, notes: &mut Notes) -> Vec<Block> {
    flow(blocks, Place::Page, notes)
}

fn flow(blocks: Vec<Block>, place: Place, notes: &mut Notes) -> Vec<Block> {
    blocks.into_iter().flat_map(|block| converted(block, place, notes)).collect()
}

/// What becomes of a block: none, itself, or several where it is split.
fn converted(block: Block, place: Place, notes: &mut Notes) -> Vec<Block> {
    let (block, extra) = match block {
        Block::With { extra, block } => (*block, Some(extra)),
        block => (block, None),
    };
    match block {
        Block::Paragraph(content) | Block::Line(content) => {
            let content = if place == Place::Cell { text::known(content) } else { text::dashed(content) };
            media::paragraphs(content, notes)
        }
        Block::Heading { level, content } => heading(level, content, place, notes),
        Block::List(list) => lists(list, notes),
        Block::Code(code) => titled(code),
        Block::Quote(inner) => quotes(inner, place, notes),
        Block::Panel(panel) => {
            let look =
                extra.as_ref().and_then(|extra| extra.values.get("bgColor")).and_then(|color| color.as_str());
            panels(panel, look, notes)
        }
        Block::Expand { title, blocks } => {
            vec![Block::Expand { title, blocks: flow(blocks, Place::Page, notes) }.with(extra)]
        }
        Block::Table(table) => vec![Block::Table(cells(table, notes))],
        Block::Picture { image, .. } => vec![media::picture(image)],
        Block::Card { url, embed } => vec![media::card(url, embed)],
        Block::Macro(call) if call.name == "adf" => match call.body {
            Body::Text(text) => nodes(&text, notes),
            _ => Vec::new(),
        },
        other => vec![other.with(extra)],
    }
}

/// The nodes in `{adf}`; what cannot be read is code that says so.
fn nodes(text: &str, notes: &mut Notes) -> Vec<Block> {
    let blocks = serde_json::from_str(text).map(|node| adf::parse(&node, notes)).unwrap_or_default();
    let is_known = |block: &Block| !matches!(block, Block::Source { .. });
    if !blocks.is_empty() && blocks.iter().all(is_known) {
        return blocks;
    }
    let text = if text.is_empty() { String::new() } else { format!("Invalid ADF Macro: {text}") };
    vec![Block::Code(Code { text, ..Code::default() })]
}

/// Code below its title; the editor writes the names of languages in small letters.
fn titled(code: Code) -> Vec<Block> {
    let Code { language, title, text } = code;
    let title = (!title.is_empty()).then(|| text::title(title));
    let code = Code { language: language.to_lowercase(), title: String::new(), text };
    title.into_iter().chain([Block::Code(code)]).collect()
}

fn heading(level: u8, content: Vec<Inline>, place: Place, notes: &mut Notes) -> Vec<Block> {
    let mut parts = media::paragraphs(text::known(content), notes);
    match (place, parts.pop()) {
        (_, Some(part)) if !parts.is_empty() || !matches!(part, Block::Paragraph(_)) => {
            parts.push(part);
            parts
        }
        (Place::Item | Place::Quote, Some(Block::Paragraph(content))) => {
            notes.add("a heading became strong text where no heading can stand");
            let level = if place == Place::Item { 1 } else { level };
            vec![Block::Paragraph(text::headed(level, content))]
        }
        (_, Some(Block::Paragraph(content))) => vec![Block::Heading { level, content }],
        (_, _) => vec![Block::Heading { level, content: Vec::new() }],
    }
}

/// A list, and what stood in it and cannot: the list goes on behind it.
fn lists(list: List, notes: &mut Notes) -> Vec<Block> {
    let List { start, decisions, items } = list;
    let whole = |items: Vec<Item>| Block::List(List { start, decisions, items });
    let mut parts = Vec::new();
    let mut open = Vec::new();
    for Item { done, blocks, extra } in items {
        let marked = |blocks: Vec<Block>| Item { done, blocks, extra: extra.clone() };
        let mut current: Vec<Block> = Vec::new();
        let mut is_split = false;
        for block in flow(blocks, Place::Item, notes) {
            match block.parts().0 {
                Block::Code(_) if current.is_empty() => current.extend([Block::Line(Vec::new()), block]),
                Block::Paragraph(_)
                | Block::Line(_)
                | Block::List(_)
                | Block::Code(_)
                | Block::Picture { .. } => {
                    current.push(block);
                }
                _ => {
                    notes.add("a list was split around what cannot stand in it");
                    open.push(marked(filled(std::mem::take(&mut current))));
                    parts.extend([whole(std::mem::take(&mut open)), block]);
                    is_split = true;
                }
            }
        }
        if !current.is_empty() {
            open.push(marked(current));
        } else if !is_split {
            notes.add("an empty item of a list was left out");
        }
    }
    if !open.is_empty() {
        parts.push(whole(open));
    }
    parts
}

fn filled(mut blocks: Vec<Block>) -> Vec<Block> {
    if blocks.is_empty() {
        blocks.push(Block::Line(Vec::new()));
    }
    blocks
}

fn quotes(inner: Vec<Block>, place: Place, notes: &mut Notes) -> Vec<Block> {
    let inner = flow(inner, Place::Quote, notes);
    if place == Place::Item {
        return inner;
    }
    let mut parts = Vec::new();
    let mut current = Vec::new();
    for block in inner {
        match block.parts().0 {
            Block::Paragraph(_)
            | Block::Line(_)
            | Block::List(_)
            | Block::Code(_)
            | Block::Picture { .. } => {
                current.push(block);
            }
            Block::Container { name, .. } if name == "mediaGroup" => current.push(block),
            _ => {
                notes.add("a quote was split around what cannot stand in it");
                if !current.is_empty() {
                    parts.push(Block::Quote(std::mem::take(&mut current)));
                }
                parts.push(block);
            }
        }
    }
    if !current.is_empty() || parts.is_empty() {
        parts.push(Block::Quote(filled(current)));
    }
    parts
}

fn panels(panel: Panel, color: Option<&str>, notes: &mut Notes) -> Vec<Block> {
    let Panel { look, title, blocks } = panel;
    let look = if look == Look::Plain { text::look(color.unwrap_or_default()) } else { look };
    let whole =
        |blocks: Vec<Block>| Block::Panel(Panel { look, title: String::new(), blocks: filled(blocks) });
    let mut parts = Vec::new();
    let mut current = Vec::new();
    if !title.is_empty() {
        current.push(text::title(title));
    }
    for block in flow(blocks, Place::Panel, notes) {
        match block.parts().0 {
            Block::Paragraph(_) | Block::Line(_) | Block::List(_) | Block::Heading { .. } => {
                current.push(block);
            }
            _ => {
                notes.add("a panel was split around what cannot stand in it");
                parts.extend([whole(std::mem::take(&mut current)), block]);
            }
        }
    }
    if !current.is_empty() || parts.is_empty() {
        parts.push(whole(current));
    }
    parts
}

fn cells(mut table: Table, notes: &mut Notes) -> Table {
    table.rows.retain(|row| !row.cells.is_empty());
    for cell in table.rows.iter_mut().flat_map(|row| &mut row.cells) {
        let Cell { blocks, header, .. } = cell;
        *blocks = flow(std::mem::take(blocks), Place::Cell, notes);
        if *header {
            blocks.iter_mut().for_each(text::strengthen);
        }
    }
    table
}
