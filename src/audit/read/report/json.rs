//! A report as JSON, with the names and the order that the page has.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::Ending;
use super::page::Body;
use super::page::Chart;
use super::page::Column;
use super::page::Page;
use super::page::Section;
use super::page::Table;

/// The document.
pub(super) fn page(page: &Page) -> String {
    let filters: Map<String, Value> =
        page.filters.iter().map(|(name, value)| ((*name).to_owned(), value.as_str().into())).collect();
    let sections: Vec<Value> = page.sections.iter().map(section).collect();
    json!({"title": page.title, "filters": filters, "sections": sections}).to_string()
}

fn section(section: &Section) -> Value {
    let rows = match &section.body {
        Body::Table(table) => self::table(table),
        Body::Chart(chart) => self::chart(chart),
    };
    json!({"title": section.title, "note": section.note, "rows": rows})
}

/// Each row by the titles of its columns; what is a number in a table is one here.
fn table(table: &Table) -> Vec<Value> {
    let cell = |column: &Column, cell: &String| match column {
        Column::Number(_) => cell.parse::<u64>().map_or_else(|_| cell.as_str().into(), Value::from),
        Column::Text(_) => cell.as_str().into(),
    };
    let row = |row: &Vec<String>| {
        let cells = table.columns.iter().zip(row);
        Value::Object(cells.map(|(column, text)| (column.title().to_owned(), cell(column, text))).collect())
    };
    table.rows.iter().map(row).collect()
}

fn chart(chart: &Chart) -> Vec<Value> {
    let bar = |(label, parts): &(String, [u64; 4])| {
        let parts = Ending::ALL.iter().zip(parts);
        let mut bar: Map<String, Value> =
            parts.map(|((_, word), count)| ((*word).to_owned(), (*count).into())).collect();
        bar.insert("from".to_owned(), label.as_str().into());
        Value::Object(bar)
    };
    chart.bars.iter().map(bar).collect()
}
