//! Tables.

use serde_json::Map;
use serde_json::Value;

use super::super::super::document::Block;
use super::super::super::document::Cell;
use super::super::super::document::Extra;
use super::super::super::document::Format;
use super::super::super::document::Row;
use super::super::super::document::Table;
use super::super::schema::Place;
use super::super::words;
use super::super::words::Values;
use super::super::words::Words;
use super::Reader;
use super::attribute;
use super::besides;
use super::besides_of_kind;
use super::blocks::unknown_kind;
use super::children;
use super::extra;
use super::kind;

impl Reader<'_> {
    pub(super) fn table(&mut self, map: &Values, depth: usize) -> Option<Block> {
        let nodes = children(map).filter(|nodes| !nodes.is_empty())?;
        if !nodes.iter().all(is_row) {
            return None;
        }
        let mut values = besides(map, &words::table())?;
        let mut rows = Vec::with_capacity(nodes.len());
        for node in nodes {
            let map = node.as_object()?;
            let extra = extra(besides(map, &Words::none())?);
            let mut cells = Vec::new();
            for node in children(map)? {
                cells.push(self.cell(node.as_object()?, depth)?);
            }
            rows.push(Row { cells, extra });
        }
        if let Some(cells) = take_common(&mut rows) {
            values.insert("cells".to_owned(), cells);
        }
        Some(Block::Table(Table { rows }).with(Extra::new(Format::Adf, values)))
    }

    fn cell(&mut self, map: &Values, depth: usize) -> Option<Cell> {
        let (columns, rows) = (span(map, "colspan"), span(map, "rowspan"));
        let words = words::cell(columns, rows);
        let (extra, place) = match unknown_kind(map) {
            Some((name, _)) => (extra(besides_of_kind(map, &words, name)?), Place::Unknown),
            None => (extra(besides(map, &words)?), Place::Cell),
        };
        let header = map.get("type").and_then(Value::as_str) == Some("tableHeader");
        let blocks = self.blocks(children(map)?, place, depth + 1);
        Some(Cell { header, columns, rows, blocks, extra })
    }
}

fn is_row(node: &Value) -> bool {
    let is_cell = |node: &Value| {
        matches!(kind(node), "tableCell" | "tableHeader") || node.as_object().and_then(unknown_kind).is_some()
    };
    kind(node) == "tableRow"
        && node.as_object().and_then(children).is_some_and(|cells| cells.iter().all(is_cell))
}

/// A span that the model has a word for; 0 if there is none.
fn span(map: &Values, name: &str) -> u32 {
    let span = attribute(map, name).and_then(Value::as_u64).and_then(|span| u32::try_from(span).ok());
    span.filter(|span| *span > 1).unwrap_or(0)
}

/// Documents that no editor wrote have cells without `attrs`; that is said once, of the table.
fn take_common(rows: &mut [Row]) -> Option<Value> {
    let mut none = Map::new();
    none.insert("attrs".to_owned(), Value::Null);
    let bare = |cell: &Cell| cell.extra.as_ref().is_some_and(|extra| extra.values == none);
    // A cell with `{}` and no more is one that the editor wrote.
    let is_written = |cell: &Cell| cell.columns == 0 && cell.rows == 0 && cell.extra.is_none();
    let cells = || rows.iter().flat_map(|row| &row.cells);
    if !cells().any(bare) || cells().any(is_written) {
        return None;
    }
    for cell in rows.iter_mut().flat_map(|row| &mut row.cells).filter(|cell| bare(cell)) {
        cell.extra = None;
    }
    Some(Value::Object(none))
}
