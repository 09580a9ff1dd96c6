//! A report as one page of HTML: no script, nothing from elsewhere, for the screen in light and dark and for paper.

use std::fmt::Write;

use super::chart;
use super::page::Body;
use super::page::Column;
use super::page::Page;
use super::page::Section;
use super::page::Table;
use crate::audit::read::plain;

/// The browser is told to load nothing, whatever should stand in a text.
const HEAD: &str = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark">
"#;

const STYLE: &str = "<style>
:root { color-scheme: light dark; --text: #1c2128; --quiet: #59636e; --line: #d1d9e0; --page: #ffffff;
  --ok: #2f6fbd; --denied: #d9822b; --failed: #b3363e; --open: #8a929b; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6edf3; --quiet: #9da7b1; --line: #3a424b; --page: #14181d;
    --ok: #6ba6ee; --denied: #f0a55a; --failed: #ef6b73; --open: #7d8691; }
}
body { margin: 2rem auto; max-width: 72rem; padding: 0 1rem; color: var(--text); background: var(--page);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; margin: 2.2rem 0 0.2rem; }
p { margin: 0 0 0.6rem; color: var(--quiet); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: 0.25rem 0.9rem 0.25rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; overflow-wrap: anywhere; }
th { white-space: nowrap; } .number { text-align: right; font-variant-numeric: tabular-nums; overflow-wrap: normal; }
svg { width: 100%; height: auto; } svg text { fill: var(--quiet); font: 11px system-ui, sans-serif; }
.ok { fill: var(--ok); } .denied { fill: var(--denied); } .failed { fill: var(--failed); } .open { fill: var(--open); }
.axis { stroke: var(--line); }
@media print {
  :root { --text: #000; --quiet: #333; --line: #999; --page: #fff;
    --ok: #2f6fbd; --denied: #d9822b; --failed: #b3363e; --open: #8a929b; }
  body { margin: 0; max-width: none; font-size: 10pt; } .wide { overflow: visible; }
  tr, svg { break-inside: avoid; } h2 { break-after: avoid; } thead { display: table-header-group; }
  svg { print-color-adjust: exact; }
}
</style>
";

/// The page.
pub(super) fn page(page: &Page) -> String {
    let title = escaped(&page.title);
    let sections: String = page.sections.iter().map(section).collect();
    format!(
        "{HEAD}<title>{title}</title>\n{STYLE}</head>\n<body>\n<h1>{title}</h1>\n{sections}</body>\n</html>\n"
    )
}

fn section(section: &Section) -> String {
    let body = match &section.body {
        Body::Table(table) => self::table(table),
        Body::Chart(chart) => chart::svg(chart),
    };
    format!(
        "<section>\n<h2>{}</h2>\n<p>{}</p>\n{body}</section>\n",
        escaped(&section.title),
        escaped(&section.note)
    )
}

fn table(table: &Table) -> String {
    if table.rows.is_empty() {
        return "<p>None.</p>\n".to_owned();
    }
    let class = |column: &Column| if matches!(column, Column::Number(_)) { " class=\"number\"" } else { "" };
    let mut html = String::from("<div class=\"wide\"><table>\n<thead><tr>");
    for column in &table.columns {
        // Writing to a string cannot fail.
        let _ = write!(html, "<th scope=\"col\"{}>{}</th>", class(column), escaped(column.title()));
    }
    html.push_str("</tr></thead>\n<tbody>\n");
    for row in &table.rows {
        html.push_str("<tr>");
        for (column, cell) in table.columns.iter().zip(row) {
            let _ = write!(html, "<td{}>{}</td>", class(column), escaped(cell));
        }
        html.push_str("</tr>\n");
    }
    html.push_str("</tbody>\n</table></div>\n");
    html
}

/// A text that is nothing but text, in an element and in an attribute.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in plain(text).chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
