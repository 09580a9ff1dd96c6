//! A hundred thousand of everything that can stand in itself: the answer comes, from the small stack of a worker.

use super::super::convert;
use super::super::document::Format;

const LEVELS: usize = 100_000;

/// What opens, what closes, and the levels that can be read; the closing may be missing.
fn nested(open: &str, close: &str) -> [String; 2] {
    let opened = open.repeat(LEVELS);
    [format!("{opened}deep"), format!("{opened}deep{}", close.repeat(LEVELS))]
}

/// Converts to every format, and looks for the text inside.
fn check(from: Format, open: &str, close: &str) {
    let all = [Format::Markdown, Format::Wiki, Format::Adf, Format::Storage];
    let [unclosed, closed] = nested(open, close);
    // What never closes is the same to all renderers: it became text.
    for (document, formats) in [(unclosed, &all[2..]), (closed, &all[..])] {
        for to in formats.iter().copied().filter(|to| *to != from) {
            match convert(from, to, &document) {
                Ok(converted) => {
                    assert!(
                        converted.value.contains("deep"),
                        "{open:?} {from:?} to {to:?}: the text is gone"
                    );
                    assert!(converted.value.len() < 60 * document.len(), "{open:?} {from:?} to {to:?} grows");
                    let back = convert(to, Format::Markdown, &converted.value);
                    assert!(back.is_ok(), "{open:?} {from:?} to {to:?} cannot be read: {back:?}");
                }
                Err(error) => {
                    assert_eq!((from, error.to_string().is_empty()), (Format::Adf, false), "{open:?}");
                }
            }
        }
    }
}

#[test]
fn deep_markdown_is_converted() {
    for (open, close) in [
        ("> ", ""),
        ("- ", ""),
        ("1. ", ""),
        ("> - ", ""),
        ("> [!INFO]\n", ""),
        ("[", "](x)"),
        ("![", "](x)"),
        ("*a ", "*"),
        ("**", "**"),
        ("_a", "_"),
        ("~~", "~~"),
        ("<u>", "</u>"),
        ("<sub>", "</sub>"),
        ("<span style=\"color: red\">", "</span>"),
        ("<adf-annotation attrs=\"{}\">", "</adf-annotation>"),
        ("<details>\n<summary>t</summary>\n\n", "\n\n</details>\n"),
        ("<macro name=\"excerpt\">\n\n", "\n\n</macro>\n"),
        ("<storage-div>\n\n", "\n\n</storage-div>\n"),
        ("<columns>\n\n<column>\n\n", "\n\n</column>\n\n</columns>\n"),
        ("<table>\n<tr>\n<td>\n\n", "\n\n</td>\n</tr>\n</table>\n"),
        ("<figure>\n\n", "\n\n</figure>\n"),
        ("<!--adf {\"a\":", "}-->"),
    ] {
        check(Format::Markdown, open, close);
    }
}

#[test]
fn deep_wiki_markup_is_converted() {
    for (open, close) in [
        ("{quote}", "{quote}"),
        ("{panel:title=t}\n", "\n{panel}"),
        ("{quote}{panel}", "{panel}{quote}"),
        ("{info}\n{expand}\n", "{expand}\n{info}\n"),
        ("{color:red}", "{color}"),
        ("{*}", "{*}"),
        ("*a ", " a*"),
        ("*_", "_*"),
        ("[", "|x]"),
        ("{{", "}}"),
        ("|", "|"),
        ("|{panel}\n", "\n{panel}|"),
        ("|{quote}|{panel}", "{panel}|{quote}|"),
        ("||", "||"),
        ("*", ""),
        ("#* a\n", ""),
        ("bq. ", ""),
        ("{code}", "{code}"),
        ("{unknown}", "{unknown}"),
    ] {
        check(Format::Wiki, open, close);
    }
}

#[test]
fn deep_storage_is_converted() {
    for (open, close) in [
        ("<p>", "</p>"),
        ("<strong>", "</strong>"),
        ("<ul><li>", "</li></ul>"),
        ("<table><tbody><tr><td>", "</td></tr></tbody></table>"),
        ("<blockquote>", "</blockquote>"),
        ("<a href=\"x\">", "</a>"),
        ("<span style=\"color: red;\">", "</span>"),
        (
            "<ac:structured-macro ac:name=\"panel\"><ac:rich-text-body>",
            "</ac:rich-text-body></ac:structured-macro>",
        ),
        (
            "<ac:structured-macro ac:name=\"x\"><ac:rich-text-body>",
            "</ac:rich-text-body></ac:structured-macro>",
        ),
        (
            "<ac:layout><ac:layout-section><ac:layout-cell>",
            "</ac:layout-cell></ac:layout-section></ac:layout>",
        ),
        ("<ac:link><ac:link-body>", "</ac:link-body></ac:link>"),
        ("<x:y>", "</x:y>"),
        ("<!-- ", " -->"),
    ] {
        check(Format::Storage, open, close);
    }
}

#[test]
fn deep_adf_is_converted() {
    for (open, close) in [
        (r#"{"type":"blockquote","content":["#, "]}"),
        (r#"{"type":"doc","version":1,"content":["#, "]}"),
        ("[", "]"),
        (r#"{"a":"#, "}"),
    ] {
        check(Format::Adf, open, close);
    }
}
