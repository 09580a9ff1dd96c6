//! Rows of text in columns.

use unicode_width::UnicodeWidthStr;

use super::plain;

/// A column.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// What stands above it.
    pub title: &'static str,
    /// How wide it is when nothing is known of its cells.
    pub least: usize,
    /// How wide a cell may be at most; what is longer is cut with a mark.
    pub most: usize,
}

/// Lays out rows, one line each, whatever their texts are. The last column is not filled up.
#[derive(Debug)]
pub struct Table<const N: usize> {
    columns: [Column; N],
    widths: [usize; N],
}

impl<const N: usize> Table<N> {
    /// A table as wide as its titles and these rows need it; later rows that are wider only move their own line.
    pub fn for_rows<'r>(columns: [Column; N], rows: impl IntoIterator<Item = &'r [String; N]>) -> Self {
        let mut widths = columns.map(|column| column.title.width().max(column.least));
        for row in rows {
            for ((width, cell), column) in widths.iter_mut().zip(row).zip(&columns) {
                *width = (*width).max(cut(cell, column.most).width());
            }
        }
        Self { columns, widths }
    }

    /// The line of the titles.
    pub fn head(&self) -> String {
        self.line(&self.columns.map(|column| column.title.to_owned()))
    }

    /// The line of a row.
    pub fn line(&self, row: &[String; N]) -> String {
        let mut line = String::new();
        for ((cell, column), width) in row.iter().zip(&self.columns).zip(&self.widths) {
            let cell = cut(cell, column.most);
            line.push_str(&cell);
            line.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.width()) + 2));
        }
        line.truncate(line.trim_end().len());
        line
    }
}

/// A cell without anything that does something, at most so wide.
fn cut(cell: &str, most: usize) -> String {
    let cell = plain(cell);
    if cell.width() <= most {
        return cell.into_owned();
    }
    let mut end = 0;
    for (index, character) in cell.char_indices() {
        let next = index + character.len_utf8();
        if cell.get(..next).is_none_or(|start| start.width() >= most) {
            break;
        }
        end = next;
    }
    format!("{}…", cell.get(..end).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const COLUMNS: [Column; 2] =
        [Column { title: "WHO", least: 0, most: 8 }, Column { title: "WHAT", least: 0, most: 20 }];

    #[test]
    fn columns_line_up_in_every_script() {
        let rows = [["ann", "one"], ["日本語", "two"], ["e\u{301}é", "three"], ["very long name", "four"]]
            .map(|row| row.map(str::to_owned));
        let table = Table::for_rows(COLUMNS, &rows);
        let lines: Vec<String> = rows.iter().map(|row| table.line(row)).collect();
        assert_eq!(table.head(), "WHO       WHAT");
        assert_eq!(lines, ["ann       one", "日本語    two", "e\u{301}é        three", "very lo…  four"]);
    }

    proptest! {
        #[test]
        fn a_row_is_one_line_that_does_nothing(who in any::<String>(), what in any::<String>()) {
            let rows = [[who, what]];
            let table = Table::for_rows(COLUMNS, &rows);
            let line = table.line(&rows[0]);
            prop_assert!(!line.contains(super::super::plain::is_hostile), "{line:?}");
            prop_assert!(line.width() <= 8 + 2 + 20);
        }
    }
}
