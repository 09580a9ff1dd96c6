//! Tables and columns.

use super::super::super::document::Block;
use super::super::super::document::Cell;
use super::super::super::document::Column;
use super::super::super::document::Row;
use super::super::super::document::Table;
use super::super::layout;
use super::super::parse::span;
use super::Said;
use super::Writer;
use super::get;

impl Writer<'_> {
    pub(super) fn table(&mut self, table: &Table, said: Said<'_>) {
        if table.rows.iter().all(|row| row.cells.is_empty()) {
            return self.notes.add("a table without cells was left out");
        }
        self.element("table", said, |writer| {
            if let Some(columns) = get(said, "#colgroup") {
                writer.raw(columns, |name| name == "colgroup");
            }
            writer.parts(table, get(said, "#parts").unwrap_or_default());
        });
    }

    /// The rows in the parts that they stood in; the last part has all rows that are left.
    fn parts(&mut self, table: &Table, said: &str) {
        let mut parts: Vec<(&str, usize)> = said.split(", ").filter_map(part).collect();
        if parts.is_empty() {
            parts.push(("tbody", 0));
        }
        let mut rows = table.rows.as_slice();
        for (index, (name, count)) in parts.iter().enumerate() {
            let is_last = index + 1 == parts.len();
            let count = if is_last { rows.len() } else { rows.len().min(*count) };
            let (own, rest) = rows.split_at_checked(count).unwrap_or((rows, &[]));
            rows = rest;
            if *name == "tr" {
                for row in own {
                    self.row(row);
                }
            } else {
                self.within(name, |writer| own.iter().for_each(|row| writer.row(row)));
            }
        }
    }

    fn row(&mut self, row: &Row) {
        let said = self.said(row.extra.as_ref());
        self.element("tr", said, |writer| row.cells.iter().for_each(|cell| writer.cell(cell)));
    }

    fn cell(&mut self, cell: &Cell) {
        let said = self.said(cell.extra.as_ref());
        let name = if cell.header { "th" } else { "td" };
        let [columns, rows] = [("colspan", cell.columns), ("rowspan", cell.rows)].map(|(name, count)| {
            let count = if count > 1 { count } else { 0 };
            let given = get(said, name).filter(|given| span(given) == count).map(str::to_owned);
            given.unwrap_or_else(|| if count > 1 { count.to_string() } else { String::new() })
        });
        let is_wanted = |key: &str| !matches!(key, "colspan" | "rowspan");
        self.tag(name, &[("colspan", &columns), ("rowspan", &rows)], said, is_wanted);
        self.out.push('>');
        self.blocks(&cell.blocks);
        self.out.extend(["</", name, ">"]);
    }

    /// The sections of a layout, all that is no column in sections of one column.
    pub(super) fn sections(&mut self, blocks: &[Block]) {
        for blocks in blocks.chunk_by(|one, other| !is_section(one) && !is_section(other)) {
            match blocks {
                [block] if is_section(block) => self.section(block),
                blocks => self.element_with("ac:layout-section", &[("ac:type", "single")], None, |writer| {
                    writer.within("ac:layout-cell", |writer| writer.blocks(blocks));
                }),
            }
        }
    }

    /// What stands in a layout that was one already.
    pub(super) fn layout(&mut self, blocks: &[Block]) {
        for blocks in blocks.chunk_by(|one, other| !is_section(one) && !is_section(other)) {
            match blocks {
                [block] if is_section(block) => self.section(block),
                blocks => self.blocks(blocks),
            }
        }
    }

    fn section(&mut self, block: &Block) {
        let (block, extra) = block.parts();
        let Block::Columns(columns) = block else { return };
        let said = self.said(extra);
        let widths: Vec<&str> = columns.iter().map(|column| column.width.as_str()).collect();
        let given = get(said, "ac:type").filter(|given| layout::widths(given, widths.len()) == widths);
        let kind = given.or_else(|| self.kind(&widths));
        let Some(kind) = kind else {
            for column in columns {
                self.element_with("ac:layout-section", &[("ac:type", "single")], None, |writer| {
                    writer.column(column);
                });
            }
            return;
        };
        self.element_with("ac:layout-section", &[("ac:type", kind)], said, |writer| {
            for column in columns {
                writer.column(column);
            }
        });
    }

    fn kind(&mut self, widths: &[&str]) -> Option<&'static str> {
        match layout::kind(widths) {
            Some((kind, is_same)) => {
                if !is_same {
                    self.notes.add(format!("the widths of columns became those of `{kind}`"));
                }
                Some(kind)
            }
            None => {
                self.notes.add("more than five columns became sections one below the other");
                None
            }
        }
    }

    fn column(&mut self, column: &Column) {
        let said = self.said(column.extra.as_ref());
        self.element("ac:layout-cell", said, |writer| writer.blocks(&column.blocks));
    }
}

fn is_section(block: &Block) -> bool {
    matches!(block.parts().0, Block::Columns(_))
}

fn part(said: &str) -> Option<(&str, usize)> {
    let (name, count) = said.split_once(' ')?;
    let is_part = matches!(name, "thead" | "tbody" | "tfoot" | "tr");
    if is_part { Some((name, count.parse().ok()?)) } else { None }
}
