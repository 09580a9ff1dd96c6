use serde_json::{Value, json};

use crate::markup::{adf_to_markdown, markdown_to_adf};

use super::SAMPLE;

fn text(text: &str) -> Value {
    json!({ "type": "text", "text": text })
}

fn paragraph(content: &str) -> Value {
    json!({ "type": "paragraph", "content": [text(content)] })
}

fn content(markdown: &str) -> Value {
    let document = markdown_to_adf(markdown);
    assert_eq!(document["version"], 1);
    assert_eq!(document["type"], "doc");
    document["content"].clone()
}

#[test]
fn the_sample_comes_back() {
    assert_eq!(adf_to_markdown(&markdown_to_adf(SAMPLE)), SAMPLE.replace("![img]", "[img]"));
}

fn item(blocks: &Value) -> Value {
    json!({ "type": "listItem", "content": blocks })
}

#[test]
fn lists_become_adf() {
    let cases = [
        (
            "- a\n  1. b",
            json!([{ "type": "bulletList", "content": [item(&json!([
                paragraph("a"),
                { "type": "orderedList", "attrs": { "order": 1 }, "content": [item(&json!([paragraph("b")]))] },
            ]))] }]),
        ),
        (
            "- [x] t\n  - [ ] u",
            json!([{ "type": "taskList", "attrs": { "localId": "task-list-1" }, "content": [
                { "type": "taskItem", "attrs": { "localId": "task-1", "state": "DONE" }, "content": [text("t")] },
                { "type": "taskList", "attrs": { "localId": "task-list-2" }, "content": [
                    { "type": "taskItem", "attrs": { "localId": "task-2", "state": "TODO" }, "content": [text("u")] },
                ] },
            ] }]),
        ),
    ];
    for (given, expected) in cases {
        assert_eq!(content(given), expected, "{given:?}");
    }
}

#[test]
fn markdown_becomes_adf() {
    let strong = json!({ "type": "text", "text": "b", "marks": [{ "type": "strong" }] });
    let cases = [
        ("", json!([])),
        ("## H", json!([{ "type": "heading", "attrs": { "level": 2 }, "content": [text("H")] }])),
        ("a **b**", json!([{ "type": "paragraph", "content": [text("a "), strong] }])),
        (
            "```rust a=b\nx\n```",
            json!([{ "type": "codeBlock", "attrs": { "language": "rust" }, "content": [text("x")] }]),
        ),
        (
            "> # a",
            json!([{ "type": "blockquote", "content": [
            { "type": "paragraph", "content": [{ "type": "text", "text": "a", "marks": [{ "type": "strong" }] }] },
        ] }]),
        ),
        (
            "**`c`**",
            json!([{ "type": "paragraph", "content": [
            { "type": "text", "text": "c", "marks": [{ "type": "code" }] },
        ] }]),
        ),
        (
            "![i](https://e.com/i.png)",
            json!([{ "type": "mediaSingle", "attrs": { "layout": "center" }, "content": [
            { "type": "media", "attrs": { "type": "external", "url": "https://e.com/i.png", "alt": "i" } },
        ] }]),
        ),
        (
            "| A |\n|---|\n| 1 |",
            json!([{
                "type": "table",
                "attrs": { "isNumberColumnEnabled": false, "layout": "default" },
                "content": [
                    { "type": "tableRow", "content": [{ "type": "tableHeader", "content": [paragraph("A")] }] },
                    { "type": "tableRow", "content": [{ "type": "tableCell", "content": [paragraph("1")] }] },
                ],
            }]),
        ),
        ("---", json!([{ "type": "rule" }])),
        ("<b>x</b>", json!([paragraph("<b>x</b>")])),
        (
            "[~accountid:5b] [~ann]",
            json!([{ "type": "paragraph", "content": [
            { "type": "mention", "attrs": { "id": "5b" } }, text(" "), text("[~ann]"),
        ] }]),
        ),
        (
            "-",
            json!([{ "type": "bulletList", "content": [item(&json!([{ "type": "paragraph", "content": [] }]))] }]),
        ),
    ];
    for (given, expected) in cases {
        assert_eq!(content(given), expected, "{given:?}");
    }
}

#[test]
fn adf_becomes_markdown() {
    let cases = [
        (json!(null), ""),
        (json!({}), "```adf:unknown\n{}\n```"),
        (json!({ "type": "doc", "version": 1, "content": [] }), ""),
        (
            json!({ "type": "paragraph", "content": [
            { "type": "mention", "attrs": { "id": "5b", "text": "@Ann" } },
            text(" on "),
            { "type": "date", "attrs": { "timestamp": "1704067200000" } },
            { "type": "hardBreak" },
            { "type": "emoji", "attrs": { "shortName": ":smile:", "text": "😄" } },
            { "type": "status", "attrs": { "text": "DONE", "color": "green" } },
            text(" "),
            { "type": "inlineCard", "attrs": { "url": "https://e.com/x" } },
        ] }),
            "[@Ann](accountid:5b) on 2024-01-01\\\n😄**DONE** <https://e.com/x>",
        ),
        (
            json!({ "type": "paragraph", "content": [
            { "type": "text", "text": "a ", "marks": [{ "type": "strong" }] },
            { "type": "text", "text": "b", "marks": [{ "type": "em" }, { "type": "strong" }] },
        ] }),
            "**a *b***",
        ),
        (
            json!({ "type": "panel", "attrs": { "panelType": "info" }, "content": [paragraph("x")] }),
            "> **info**\n>\n> x",
        ),
        (
            json!({ "type": "extension", "attrs": { "k": 1 } }),
            "```adf:extension\n{\n  \"type\": \"extension\",\n  \"attrs\": {\n    \"k\": 1\n  }\n}\n```",
        ),
        (
            json!({ "type": "paragraph", "content": [{ "type": "odd", "attrs": {} }] }),
            "`adf:odd {\"type\":\"odd\",\"attrs\":{}}`",
        ),
        (
            json!({ "type": "table", "content": [{ "type": "tableRow", "content": [
            { "type": "tableCell", "content": [paragraph("a|b"), paragraph("c")] },
        ] }] }),
            "|  |\n|---|\n| a&#124;b<br>c |",
        ),
        (paragraph("* not _a_ list\u{202e}"), "\\* not \\_a\\_ list&#x202E;"),
    ];
    for (given, expected) in cases {
        assert_eq!(adf_to_markdown(&given), expected, "{given}");
    }
}
