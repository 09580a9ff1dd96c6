//! A report as Markdown, with bars of text.

use std::fmt::Write;

use super::Ending;
use super::page::Body;
use super::page::Chart;
use super::page::Column;
use super::page::Page;
use super::page::Section;
use super::page::Table;
use crate::audit::read::plain;

/// How long the longest bar is.
const LONGEST: u64 = 40;

/// What a part of a bar is drawn with, in the order of [`Ending::ALL`].
const STROKES: [char; 4] = ['█', '▒', '╳', '·'];

/// The document.
pub(super) fn page(page: &Page) -> String {
    let sections: String = page.sections.iter().map(section).collect();
    format!("# {}\n{sections}", escaped(&page.title))
}

fn section(section: &Section) -> String {
    let body = match &section.body {
        Body::Table(table) => self::table(table),
        Body::Chart(chart) => self::chart(chart),
    };
    format!("\n## {}\n\n{}\n\n{body}", escaped(&section.title), escaped(&section.note))
}

fn table(table: &Table) -> String {
    if table.rows.is_empty() {
        return "None.\n".to_owned();
    }
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let rule = |column: &Column| if matches!(column, Column::Number(_)) { "---:" } else { "---" }.to_owned();
    let mut text = line(table.columns.iter().map(|column| escaped(column.title())).collect());
    text.push_str(&line(table.columns.iter().map(rule).collect()));
    for row in &table.rows {
        text.push_str(&line(row.iter().map(|cell| escaped(cell)).collect()));
    }
    text
}

/// A block of code: there, nothing is markup.
fn chart(chart: &Chart) -> String {
    let highest = chart.highest();
    if highest == 0 {
        return "None.\n".to_owned();
    }
    let legend: Vec<String> =
        Ending::ALL.iter().zip(STROKES).map(|((_, word), stroke)| format!("{stroke} {word}")).collect();
    let mut text = format!("```text\n{}\n\n", legend.join("   "));
    for (label, parts) in &chart.bars {
        let bar: String =
            parts.iter().zip(STROKES).map(|(count, stroke)| drawn(*count, highest, stroke)).collect();
        let all: u64 = parts.iter().sum();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", format!("{label}  {all:>7}  {bar}").trim_end());
    }
    text.push_str("```\n");
    text
}

/// What there is at all is drawn.
fn drawn(count: u64, highest: u64, stroke: char) -> String {
    let length = count.saturating_mul(LONGEST).div_ceil(highest.max(1));
    std::iter::repeat_n(stroke, usize::try_from(length).unwrap_or_default()).collect()
}

/// A text that is nothing but text, in a cell of a table as well.
fn escaped(text: &str) -> String {
    let text = plain(text);
    let mut escaped = String::with_capacity(text.len());
    let mut before = ' ';
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let after = characters.peek().copied().unwrap_or(' ');
        match character {
            '<' => escaped.push_str("&lt;"),
            '&' => escaped.push_str("&amp;"),
            // Inside a word it is no markup, and names of tools have many.
            '_' if before.is_alphanumeric() && after.is_alphanumeric() => escaped.push('_'),
            // As in times; after a letter, an address might begin.
            ':' if !before.is_alphabetic() => escaped.push(':'),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '#' | '!' | '|' | '~' | '>' | '@' | ':'
            | '$' => {
                escaped.extend(['\\', character]);
            }
            other => escaped.push(other),
        }
        before = character;
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_times_are_readable_and_markup_is_text() {
        assert_eq!(escaped("jira_get_issue at 05:40"), "jira_get_issue at 05:40");
        assert_eq!(
            escaped("_a_ *b* [c](d) `e` a|b <i>"),
            "\\_a\\_ \\*b\\* \\[c\\](d) \\`e\\` a\\|b &lt;i\\>"
        );
        assert_eq!(escaped("https://x a@b.c"), "https\\://x a\\@b.c");
    }
}
