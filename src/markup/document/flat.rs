//! Blocks as running text, for places that hold no blocks.

use super::Block;
use super::Cell;
use super::Inline;
use super::Item;
use super::List;
use super::Mark;
use super::Notes;
use super::Panel;
use super::text::push;
use super::text::push_all;

/// The blocks as running text with breaks, for places that hold no blocks.
pub(in super::super) fn flat(blocks: &[Block], notes: &mut Notes) -> Vec<Inline> {
    let mut content = Vec::new();
    for block in blocks {
        let piece = flat_block(block, notes);
        if !piece.is_empty() && !content.is_empty() {
            content.push(Inline::Break);
        }
        push_all(&mut content, piece);
    }
    content
}

fn flat_block(block: &Block, notes: &mut Notes) -> Vec<Inline> {
    match block {
        Block::Paragraph(content) | Block::Line(content) => content.clone(),
        Block::Heading { content, .. } => {
            notes.add("a heading became strong text where no heading can stand");
            vec![Inline::Marked(Mark::Strong, content.clone())]
        }
        Block::Code(code) => {
            notes.add("a code block became lines of code where no block can stand");
            let lines = code.text.lines().filter(|line| !line.is_empty());
            joined(lines.map(|line| vec![Inline::Code(line.to_owned())]))
        }
        Block::Quote(inner) | Block::Container { blocks: inner, .. } => flat(inner, notes),
        Block::Panel(Panel { title, blocks, .. }) | Block::Expand { title, blocks } => {
            notes.add("a box became text where no box can stand");
            let title = (!title.is_empty())
                .then(|| vec![Inline::Marked(Mark::Strong, vec![Inline::Text(title.clone())])]);
            joined(title.into_iter().chain([flat(blocks, notes)]))
        }
        Block::Columns(columns) => {
            notes.add("columns became lines where no columns can stand");
            joined(columns.iter().map(|column| flat(&column.blocks, notes)).collect::<Vec<_>>().into_iter())
        }
        Block::List(list) => {
            notes.add("a list became lines where no list can stand");
            let mut lines = Vec::new();
            for (index, item) in list.items.iter().enumerate() {
                lines.push(flat_item(list, index, item, notes));
            }
            joined(lines.into_iter())
        }
        Block::Table(table) => {
            notes.add("a table became lines where no table can stand");
            let mut lines = Vec::new();
            for row in &table.rows {
                lines.push(row_line(&row.cells, notes));
            }
            joined(lines.into_iter())
        }
        Block::Rule => {
            notes.add("a rule was left out where no rule can stand");
            Vec::new()
        }
        Block::Picture { image, caption } => {
            joined([vec![Inline::Image(image.clone())], caption.clone()].into_iter())
        }
        Block::Card { url, .. } => vec![Inline::Card(url.clone())],
        Block::Macro(call) => vec![Inline::Macro(call.clone())],
        Block::Source { format, text } => vec![Inline::Source { format: *format, text: text.clone() }],
        Block::With { block, .. } => flat_block(block, notes),
    }
}

fn row_line(row: &[Cell], notes: &mut Notes) -> Vec<Inline> {
    let mut line = Vec::new();
    for (index, cell) in row.iter().enumerate() {
        if index > 0 {
            push(&mut line, Inline::Text(" | ".to_owned()));
        }
        push_all(&mut line, flat(&cell.blocks, notes));
    }
    line
}

fn flat_item(list: &List, index: usize, item: &Item, notes: &mut Notes) -> Vec<Inline> {
    let mut marker = match list.start {
        Some(start) => format!("{}. ", start.saturating_add(index as u64)),
        None => "- ".to_owned(),
    };
    marker.push_str(task_mark(item.done));
    let mut line = vec![Inline::Text(marker)];
    push_all(&mut line, flat(&item.blocks, notes));
    line
}

/// How a task is marked in front of its text.
pub(in super::super) fn task_mark(done: Option<bool>) -> &'static str {
    match done {
        Some(true) => "[x] ",
        Some(false) => "[ ] ",
        None => "",
    }
}

fn joined(lines: impl Iterator<Item = Vec<Inline>>) -> Vec<Inline> {
    let mut content = Vec::new();
    for line in lines {
        if !content.is_empty() {
            content.push(Inline::Break);
        }
        push_all(&mut content, line);
    }
    content
}
