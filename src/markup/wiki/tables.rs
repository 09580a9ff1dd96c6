//! The rows of a table.

use super::super::document::Block;
use super::super::document::Cell;
use super::super::document::Row;
use super::Reading;
use super::calls::call;
use super::finder::Finder;
use super::inlines::inlines;
use super::inlines::opaque_length;
use super::parse::Level;
use super::parse::blocks;

/// A row, which may go over several lines.
pub(super) fn row(row: &str, level: Level) -> Row {
    Row { cells: cells(row, level), extra: None }
}

fn cells(row: &str, level: Level) -> Vec<Cell> {
    let mut cells = Vec::new();
    let mut finder = Finder::new(row);
    let mut at = 0;
    while let Some(rest) = row.get(at..).filter(|rest| !rest.is_empty()) {
        let header = rest.starts_with("||");
        let bars = if header { 2 } else { 1 };
        let content = rest.get(bars..).unwrap_or_default();
        let length = cell_length(content, at + bars, &mut finder, level);
        at += bars + length;
        if content.is_empty() {
            break;
        }
        let blocks = cell(content.get(..length).unwrap_or_default(), level);
        cells.push(Cell { header, blocks, ..Cell::default() });
    }
    cells
}

fn cell(text: &str, level: Level) -> Vec<Block> {
    let text = if level.reading == Reading::Editor { text.trim_start() } else { text.trim() };
    if level.is_deepest() {
        let content = inlines(text, level.reading);
        return if content.is_empty() { Vec::new() } else { vec![Block::Paragraph(content)] };
    }
    blocks(text, level.in_cell())
}

/// Where a cell ends: at the next bar that is not part of a macro, a link, an image, code or an escape.
fn cell_length(content: &str, content_at: usize, row: &mut Finder<'_>, level: Level) -> usize {
    let mut at = 0;
    while let Some(rest) = content.get(at..) {
        let Some(letter) = rest.chars().next() else { break };
        if letter == '|' {
            break;
        }
        let skipped = match letter {
            '\\' => Some(1 + rest.chars().nth(1).map_or(0, char::len_utf8)),
            '{' | '[' | '!' => opaque_length(rest, content_at + at, row).or_else(|| {
                let found =
                    call(rest, 0, content_at + at, row, level.reading).filter(|_| !level.is_deepest())?;
                found.after.checked_sub(content_at + at)
            }),
            _ => None,
        };
        at += skipped.unwrap_or(letter.len_utf8());
    }
    at
}
