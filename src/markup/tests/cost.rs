//! Input made to be expensive: every conversion must come back, and keep to a small multiple of the input.

use serde_json::json;

use super::adf_to_markdown;
use super::markdown_to_adf;
use super::markdown_to_markdown;
use super::markdown_to_storage;
use super::markdown_to_wiki;
use super::storage_to_markdown;
use super::wiki_to_markdown;
use crate::markup::clean;
use crate::markup::document::Notes;
use crate::markup::wiki;
use crate::markup::wiki::Reading;

const SIZE: usize = 100_000;

fn filled(piece: &str) -> String {
    piece.repeat(SIZE / piece.len())
}

#[test]
fn expensive_markdown_is_converted() {
    let pieces = [
        "[",
        "*",
        "**a ",
        "_a",
        "`",
        "> ",
        "- ",
        "* a\n",
        "~~",
        "![",
        "|",
        "| a ",
        "a@",
        "www.",
        "http://",
        "<",
        "&",
        "&#",
        "{",
        "{{",
        "!",
        "\\",
        "[~",
        "(",
        "*a*b",
        "[a](",
        "[x](y)",
        "**x**",
        "~~a~~",
        "`a` ",
        "1. ",
        "#",
        "- a\n - b\n",
        "<br>",
    ];
    for piece in pieces {
        let given = filled(piece);
        let wiki = markdown_to_wiki(&given);
        let storage = markdown_to_storage(&given);
        assert!(wiki.len() < 20 * SIZE && storage.len() < 40 * SIZE, "{piece:?}");
        assert_eq!(markdown_to_adf(&given)["type"], "doc", "{piece:?}");
    }
}

/// What cannot be written with marks is written with tags; once for each level, not twice.
#[test]
fn marks_in_marks_are_written_once() {
    for mark in ["_", "__(", "*_", "***(", "~~_", "**(~~"] {
        let marks = mark.repeat(100);
        let closing: String = marks.chars().rev().collect();
        let markdown = markdown_to_markdown(&format!("{marks}a{closing}"));
        assert!(markdown.contains('a') && markdown.len() < 10_000, "{mark}: {markdown}");
    }
    for tags in [["em", "strong"], ["em", "em"], ["strong", "del"]] {
        let open = format!("<{}>(<{}>", tags[0], tags[1]).repeat(40);
        let close = format!("</{}>)</{}>", tags[1], tags[0]).repeat(40);
        let markdown = storage_to_markdown(&format!("<p>{open}a{close}</p>"));
        assert!(markdown.contains('a') && markdown.len() < 10_000, "{tags:?}: {markdown}");
    }
}

#[test]
fn expensive_wiki_is_converted() {
    let pieces = [
        "[",
        "*",
        "*a ",
        "_a",
        "{{",
        "{{a",
        "{",
        "{*}",
        "!",
        "!a.b",
        "|",
        "||",
        "|a",
        "{code}",
        "{code:x}",
        "{quote}",
        "{panel}",
        "* a\n",
        "** a\n* b\n",
        "[a|",
        "[a|b]",
        "\\",
        "\\\\",
        "http://",
        "http://a ",
        "&",
        "&uuml;",
        "-a- ",
        "{{\\}}",
        "{{{panel}",
        "#",
        "*_-a",
        "{noformat}",
        "bq. ",
        "h1. ",
        "[~",
        "{{\\",
    ];
    for piece in pieces {
        let given = filled(piece);
        let markdown = wiki_to_markdown(&given);
        assert!(markdown.len() < 20 * SIZE, "{piece:?}: {}", markdown.len());
    }
    let marks = format!("{} deep", "*".repeat(SIZE));
    assert!(wiki_to_markdown(&marks).ends_with("deep"));
}

/// How far wiki markup is looked ahead in, over and over: a small multiple of the text, and no more for a longer one.
#[test]
fn hostile_wiki_is_looked_ahead_in_once() {
    let pieces = [
        ["", "{", ""],
        ["", "{{a ", ""],
        ["{{a", "{{a ", "}}"],
        ["", "{", "}"],
        ["", "{a:", "}"],
        ["", "{{{{{{{{{{{{{{{{\n}}", ""],
        ["", "{{\\}", "}}"],
        ["", "{aaaa", ""],
        ["", "{color:red}", ""],
        ["{color:red}", "{color:red}a", "{color}"],
        ["", "{status:", "}"],
        ["", "[", "{]"],
        ["", "[a|{{{{{{{{{{{{{{{{{{{{{{{{{{{{]", ""],
        ["", "!a ", ""],
        ["", "|{", ""],
        ["|", "a{{b", "}}"],
        ["", "{quote}{panel}", ""],
        ["", "{code}", ""],
        ["a", "-", "-"],
        ["x ", "\\", ""],
    ];
    for [before, piece, after] in pieces {
        let steps = |size: usize| {
            let given = [before, &piece.repeat(size / piece.len()), after].concat();
            let so_far = wiki::taken();
            for reading in [Reading::Jira, Reading::Editor] {
                wiki::parse(&given, reading, &mut Notes::default());
            }
            wiki::taken() - so_far
        };
        let (some, more) = (steps(SIZE / 10), steps(SIZE));
        assert!(more < 50 * SIZE, "{piece:?}: {more} steps");
        assert!(more < 11 * some + SIZE, "{piece:?}: {some} steps become {more}");
    }
}

#[test]
fn expensive_storage_is_converted() {
    let pieces =
        ["<", "<p>", "<p></p>", "&", "&uuml;", "<![CDATA[", "<br/>", "<b>x</b>", "<a b=\"", "<!--", "]]>"];
    for piece in pieces {
        let markdown = storage_to_markdown(&filled(piece));
        assert!(markdown.len() < 20 * SIZE, "{piece:?}");
    }
}

#[test]
fn deep_adf_is_converted() {
    let mut node = json!({ "type": "text", "text": "x" });
    for _ in 0..200 {
        node = json!({ "type": "blockquote", "content": [node] });
    }
    let markdown = adf_to_markdown(&node);
    assert!(markdown.starts_with("> > ") && markdown.ends_with('x'), "{markdown}");
}

#[test]
fn hidden_characters_are_cleaned() {
    assert_eq!(clean(&filled("\u{200b}")).len(), SIZE / 3 * "&#x200B;".len());
}
