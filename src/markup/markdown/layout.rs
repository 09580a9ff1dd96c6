//! What Markdown can show of lists, tables and text by their layout alone.

use super::super::document;
use super::super::document::Block;
use super::super::document::Inline;
use super::super::document::Item;
use super::super::document::List;
use super::super::document::Table;
use super::super::document::tidy;
use super::super::document::trim;

/// Whether blank lines stand between blocks. In a tight list text has no paragraph of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Loose,
    Tight,
    /// With blank lines, which comrak may not take for such: text says what it is.
    Unsure,
}

/// How a list is written. Loose only where a blank line can show it: between two items, or two blocks of one.
pub(super) fn shape(list: &List) -> Shape {
    // After the box of a task a blank line comes before anything but text.
    let is_apart =
        |item: &Item| item.done.is_some() && !item.blocks.is_empty() && !is_text(item.blocks.first());
    let must_be_loose = list.items.iter().any(|item| !is_tight(&item.blocks) || is_apart(item));
    let has_paragraph = list
        .items
        .iter()
        .flat_map(|item| &item.blocks)
        .any(|block| matches!(block.parts().0, Block::Paragraph(_)));
    if !must_be_loose && !has_paragraph {
        return Shape::Tight;
    }
    match (shows_blank_lines(list), must_be_loose || list.items.len() > 1) {
        (true, _) => Shape::Loose,
        (false, true) => Shape::Unsure,
        (false, false) => Shape::Tight,
    }
}

/// Whether a blank line comes after text, between two blocks of an item or two items: after other blocks comrak does
/// not count it.
fn shows_blank_lines(list: &List) -> bool {
    let is_plain = |block: &Block| match block {
        Block::Line(content) | Block::Paragraph(content) => {
            !content.is_empty() && !looks_like_a_block(content)
        }
        _ => false,
    };
    let inside = list.items.iter().any(|item| {
        item.blocks
            .iter()
            .zip(item.blocks.iter().skip(1))
            .any(|(before, after)| is_plain(before) && !is_nothing(after.parts().0))
    });
    let between = list
        .items
        .iter()
        .zip(list.items.iter().skip(1))
        .any(|(item, _)| item.blocks.last().is_some_and(is_plain));
    inside || between
}

/// Whether the blocks can stand without blank lines between them.
fn is_tight(blocks: &[Block]) -> bool {
    if blocks.iter().any(has_blank_lines) {
        return false;
    }
    blocks.iter().zip(blocks.iter().skip(1)).all(|(before, after)| {
        let is_text = matches!(before, Block::Line(content) if !content.is_empty());
        match after {
            Block::List(list) => {
                is_text
                    && !list.decisions
                    && list.start.is_none_or(|start| start == 1)
                    && list
                        .items
                        .first()
                        .is_some_and(|item| opens_with_text(&item.blocks) && item.extra.is_none())
            }
            Block::Code(code) => is_text && code.language.chars().all(char::is_alphanumeric),
            _ => false,
        }
    })
}

/// Whether blank lines may come with the block, or comrak may see some where none is.
fn has_blank_lines(block: &Block) -> bool {
    !matches!(block.parts().0, Block::Line(_) | Block::Paragraph(_) | Block::List(_) | Block::Code(_))
}

/// Whether the first thing that is written is text that stays text.
pub(super) fn opens_with_text(blocks: &[Block]) -> bool {
    match blocks.first() {
        Some(Block::Line(content) | Block::Paragraph(content)) => is_simple(content),
        _ => false,
    }
}

/// Whether it is text, whatever is said of it.
pub(super) fn is_text(block: Option<&Block>) -> bool {
    match block.map(|block| block.parts().0) {
        Some(Block::Line(content) | Block::Paragraph(content)) => !content.is_empty(),
        _ => false,
    }
}

/// Whether text is written as such, without a comment before it.
pub(super) fn is_simple(content: &[Inline]) -> bool {
    let opens_plain = !matches!(
        content.first(),
        None | Some(
            Inline::With { .. } | Inline::Container { .. } | Inline::Macro(_) | Inline::Source { .. }
        )
    );
    opens_plain && !looks_like_a_block(content)
}

/// Whether a paragraph of this content alone would be read as a picture or a card.
pub(super) fn looks_like_a_block(content: &[Inline]) -> bool {
    match content {
        [Inline::Image(_)] => true,
        [Inline::Link { url, title, content }] => {
            matches!(title.as_str(), "smart-card" | "smart-embed") && document::is_text(content, url)
        }
        _ => false,
    }
}

/// The number of an item; Markdown reads no more than nine digits.
pub(super) fn number(start: u64, index: usize) -> u64 {
    start.saturating_add(index as u64).min(999_999_999)
}

/// Whether two lists in a row would be read as one.
pub(super) fn is_same_list(before: &Block, block: &Block) -> bool {
    match (before, block) {
        (Block::List(before), Block::List(list)) => before.start.is_some() == list.start.is_some(),
        _ => false,
    }
}

/// Whether the marks of empty items that were written last would be read as a rule.
pub(super) fn is_rule(written: &str) -> bool {
    let count = |mark: char| {
        let marks = written.trim_end_matches([mark, ' ']).len();
        written.get(marks..).unwrap_or_default().matches(mark).count()
    };
    count('-') > 2 || count('*') > 2
}

/// Whether nothing of the block can be written.
pub(super) fn is_nothing(block: &Block) -> bool {
    match block {
        Block::Line(content) => content.is_empty(),
        Block::List(list) => list.items.is_empty(),
        Block::Table(table) => table.rows.is_empty(),
        Block::Columns(columns) => columns.is_empty(),
        _ => false,
    }
}

/// Whether there is nothing to read in the block.
pub(super) fn is_empty(block: &Block) -> bool {
    match block {
        Block::Paragraph(content) | Block::Line(content) => trim(tidy(content)).is_empty(),
        Block::Quote(inner) => inner.iter().all(is_empty),
        Block::Table(table) => table.rows.iter().all(|row| row.cells.is_empty()),
        Block::With { block, .. } => is_empty(block),
        other => is_nothing(other),
    }
}

/// How a table is written with bars.
pub(super) struct Pipes {
    pub(super) has_header: bool,
    /// Whether its cells have no paragraphs.
    pub(super) lines: bool,
}

/// How a table is written with bars; nothing where bars cannot say it.
///
/// `lines_matter`: that text has no paragraph of its own.
pub(super) fn pipes(table: &Table, lines_matter: bool) -> Option<Pipes> {
    let width = table.rows.first().map(|row| row.cells.len()).filter(|width| *width > 0)?;
    let (mut lines, mut paragraphs) = (false, false);
    let mut has_header = false;
    for (index, row) in table.rows.iter().enumerate() {
        let headers = row.cells.iter().filter(|cell| cell.header).count();
        let is_header = index == 0 && headers == width;
        has_header |= is_header;
        if row.cells.len() != width || (headers > 0 && !is_header) {
            return None;
        }
        for cell in &row.cells {
            match cell.blocks.as_slice() {
                _ if cell.columns > 0 || cell.rows > 0 => return None,
                [] => {}
                [Block::Line(content)] if !content.is_empty() => lines = true,
                [Block::Paragraph(content)] if !content.is_empty() => paragraphs = true,
                _ => return None,
            }
        }
    }
    let first_is_blank =
        table.rows.first().is_some_and(|row| row.cells.iter().all(|cell| cell.blocks.is_empty()));
    let is_mixed = lines && paragraphs && lines_matter;
    let is_plain = !(is_mixed || has_header && first_is_blank);
    is_plain.then_some(Pipes { has_header, lines })
}

/// The side at which the text of every cell of a column stands.
pub(super) fn side(table: &Table, column: usize) -> Option<&'static str> {
    let mut sides = table.rows.iter().map(|row| row.cells.get(column)?.extra.as_ref()?.side());
    let first = sides.next()??;
    sides.all(|side| side == Some(first)).then_some(first)
}

/// Whether the first row is a header.
pub(super) fn has_header(table: &Table) -> bool {
    table.rows.first().is_some_and(|row| row.cells.iter().any(|cell| cell.header))
}

/// Whether parameters can be the attributes of a tag.
pub(super) fn are_attributes(parameters: &[(String, String)]) -> bool {
    parameters.iter().enumerate().all(|(index, (name, _))| {
        let is_name = !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_:.-".contains(&byte))
            && name.starts_with(|c: char| c.is_ascii_alphabetic());
        let is_repeated = parameters.iter().take(index).any(|(other, _)| other == name);
        is_name && !is_repeated && !matches!(name.as_str(), "name" | "parameters")
    })
}
