//! Tables.

use serde_json::Value;

use super::super::super::document::Cell;
use super::super::super::document::Table;
use super::super::schema;
use super::super::schema::Place;
use super::super::words;
use super::super::words::Values;
use super::super::words::Words;
use super::Draft;
use super::Node;
use super::Writer;

impl Writer<'_> {
    pub(super) fn table(
        &mut self,
        nodes: &mut Vec<Node>,
        table: &Table,
        besides: Option<&Values>,
        place: Place,
        depth: usize,
    ) {
        if table.rows.is_empty() {
            return;
        }
        let cells = besides.and_then(|values| values.get("cells")).and_then(Value::as_object);
        let mut rows = Vec::with_capacity(table.rows.len());
        for row in &table.rows {
            let mut content = Vec::with_capacity(row.cells.len());
            for cell in &row.cells {
                content.push(self.cell(cell, cells, depth));
            }
            let besides = self.besides(row.extra.as_ref());
            rows.push(
                self.node(Draft::new("tableRow", Words::none(), besides).holding(content), Place::Table),
            );
        }
        nodes.push(self.node(Draft::new("table", words::table(), besides).holding(rows), place));
    }

    fn cell(&mut self, cell: &Cell, of_all: Option<&Values>, depth: usize) -> Node {
        let aligned = cell.extra.as_ref().filter(|extra| extra.side().is_some());
        if aligned.is_some() {
            self.notes.add("the alignment of the columns of a table was left out");
        }
        let besides = self.besides(cell.extra.as_ref().filter(|_| aligned.is_none())).or(of_all);
        let (kind, inside) = match unknown_kind(besides) {
            Some(kind) => (kind, Place::Unknown),
            None if cell.header => ("tableHeader", Place::Cell),
            None => ("tableCell", Place::Cell),
        };
        let content = self.filled(&cell.blocks, inside, depth + 3);
        let draft = Draft::new(kind, words::cell(cell.columns, cell.rows), besides);
        self.node(draft.holding(content), Place::Row)
    }
}

/// The kind of an item or cell that the schema does not know.
pub(super) fn unknown_kind(besides: Option<&Values>) -> Option<&str> {
    let kind = besides?.get("type")?.as_str()?;
    let is_known = kind.is_empty() || schema::node(kind).is_some() || schema::is_mark(kind);
    (!is_known).then_some(kind)
}
