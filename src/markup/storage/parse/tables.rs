//! Tables and columns.

use std::fmt::Write as _;

use super::super::super::document::Block;
use super::super::super::document::Cell;
use super::super::super::document::Column;
use super::super::super::document::Extra;
use super::super::super::document::Format;
use super::super::super::document::Row;
use super::super::super::document::Table;
use super::super::layout;
use super::super::tree::Element;
use super::Parser;
use super::Place;
use super::attributes;
use super::extra;
use super::set;

impl Parser<'_> {
    pub(super) fn table(&self, element: &Element<'_, '_>, place: Place) -> Option<Block> {
        let mut values = attributes(element, &[]);
        let mut rows = Vec::new();
        // The parts of the table, each with how many rows it has; `tr` are rows outside of any.
        let mut parts: Vec<(&str, usize)> = Vec::new();
        for (at, child) in element.only_elements()?.iter().enumerate() {
            match child.tag.name {
                _ if child.tag.is_live => return None,
                "colgroup" if at == 0 => set(&mut values, "#colgroup", self.source_of(child)),
                "thead" | "tbody" | "tfoot" if child.tag.attributes.is_empty() => {
                    let part: Option<Vec<Row>> =
                        child.only_elements()?.iter().map(|row| self.row(row, place)).collect();
                    let part = part?;
                    parts.push((child.tag.name, part.len()));
                    rows.extend(part);
                }
                "tr" => {
                    rows.push(self.row(child, place)?);
                    match parts.last_mut() {
                        Some(("tr", count)) => *count += 1,
                        _ => parts.push(("tr", 1)),
                    }
                }
                _ => return None,
            }
        }
        if !matches!(parts.as_slice(), [("tbody", _)]) {
            set(&mut values, "#parts", &said(&parts));
        }
        let table = Block::Table(Table { rows }).with(Extra::new(Format::Storage, values));
        (!parts.is_empty() && !is_empty(&table)).then_some(table)
    }

    fn row(&self, element: &Element<'_, '_>, place: Place) -> Option<Row> {
        if element.tag.name != "tr" || element.tag.is_live {
            return None;
        }
        let cells: Option<Vec<Cell>> =
            element.only_elements()?.iter().map(|cell| self.cell(cell, place)).collect();
        let cells = cells.filter(|cells| !cells.is_empty())?;
        Some(Row { cells, extra: extra(element, &[]) })
    }

    fn cell(&self, element: &Element<'_, '_>, place: Place) -> Option<Cell> {
        let header = match element.tag.name {
            "th" => true,
            "td" => false,
            _ => return None,
        };
        if element.tag.is_live {
            return None;
        }
        let span = |name| span(element.attribute(name));
        let mut values = attributes(element, &[]);
        for name in ["colspan", "rowspan"] {
            if span(name) > 1 && span(name).to_string() == element.attribute(name) {
                values.shift_remove(name);
            }
        }
        let (columns, rows) = (span("colspan"), span("rowspan"));
        let blocks = self.blocks(element.inner, place.deeper());
        Some(Cell { header, columns, rows, blocks, extra: Extra::new(Format::Storage, values) })
    }

    /// A section of a layout.
    pub(super) fn columns(&self, element: &Element<'_, '_>, place: Place) -> Option<Block> {
        let kind = element.find("ac:type")?;
        let cells = element.only_elements().filter(|cells| !cells.is_empty())?;
        let widths = layout::widths(kind, cells.len());
        let columns: Option<Vec<Column>> =
            cells.iter().zip(&widths).map(|(cell, width)| self.column(cell, width, place)).collect();
        let is_usual = layout::kind(&widths).is_some_and(|(usual, _)| usual == kind);
        Some(Block::Columns(columns?).with(extra(element, if is_usual { &["ac:type"] } else { &[] })))
    }

    fn column(&self, element: &Element<'_, '_>, width: &str, place: Place) -> Option<Column> {
        let is_cell = element.tag.name == "ac:layout-cell" && !element.tag.is_live;
        let blocks = is_cell.then(|| self.blocks(element.inner, place.deeper()))?;
        Some(Column { width: width.to_owned(), blocks, extra: extra(element, &[]) })
    }
}

/// How many rows or columns a cell goes over, 0 if it does not say so.
pub(in super::super) fn span(text: &str) -> u32 {
    text.parse().ok().filter(|span| (2..=1000).contains(span)).unwrap_or_default()
}

fn said(parts: &[(&str, usize)]) -> String {
    let mut said = String::new();
    for (name, count) in parts {
        // INVARIANT: writing to a String cannot fail.
        let _ = write!(said, "{}{name} {count}", if said.is_empty() { "" } else { ", " });
    }
    said
}

fn is_empty(block: &Block) -> bool {
    matches!(block.parts().0, Block::Table(table) if table.rows.is_empty())
}
