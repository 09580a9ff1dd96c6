//! What a row of a table has beyond its columns, which comrak leaves out.

use std::cell::OnceCell;

/// Markdown by its lines; where they begin is looked for when one is wanted.
pub(super) struct Source<'a> {
    text: &'a str,
    starts: OnceCell<Vec<usize>>,
}

impl<'a> Source<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, starts: OnceCell::new() }
    }

    /// A line from a column on, both counted from 1, as comrak counts them.
    pub(super) fn line(&self, number: usize, column: usize) -> &'a str {
        let rest = self.start(number).and_then(|start| self.text.get(start + column.saturating_sub(1)..));
        rest.unwrap_or_default().lines().next().unwrap_or_default()
    }

    /// Where a line begins.
    pub(super) fn start(&self, number: usize) -> Option<usize> {
        let starts = self.starts.get_or_init(|| {
            let ends = self.text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
            std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect()
        });
        number.checked_sub(1).and_then(|number| starts.get(number)).copied()
    }

    pub(super) fn text(&self) -> &'a str {
        self.text
    }
}

/// The text of a row behind its first cells, without the bar at its end; empty for most rows.
pub(super) fn surplus(row: &str, columns: usize) -> String {
    let row = row.trim();
    let row = row.strip_prefix('|').unwrap_or(row);
    let mut cells = 0;
    let mut is_escaped = false;
    let end = row.char_indices().find(|(_, letter)| {
        let is_bar = *letter == '|' && !is_escaped;
        is_escaped = *letter == '\\' && !is_escaped;
        cells += usize::from(is_bar);
        is_bar && cells == columns
    });
    let rest = end.and_then(|(at, _)| row.get(at + 1..)).unwrap_or_default().trim();
    let is_closed = rest.ends_with('|') && !rest.ends_with("\\|");
    let rest = if is_closed { rest.get(..rest.len() - 1).unwrap_or_default() } else { rest };
    rest.trim().replace("\\|", "|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_behind_the_last_column_is_found() {
        let table = [
            ("| a | b |", ""),
            ("a | b", ""),
            ("| a | b | c |", "c"),
            ("| a | b | c | d", "c | d"),
            ("a | b | c\\|d |", "c|d"),
            ("| a\\|b | c |", ""),
            ("| a | b | |", ""),
        ];
        for (row, wanted) in table {
            assert_eq!(surplus(row, 2), wanted, "{row}");
        }
        let source = Source::new("one\n> | a | b |\n");
        assert_eq!(source.line(2, 3), "| a | b |");
        assert_eq!((source.line(9, 1), source.line(0, 1)), ("", ""));
    }
}
