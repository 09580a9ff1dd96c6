//! Every node and mark of running text comes back, and is read in words of the model where it has any.

use serde_json::Value;
use serde_json::json;

use super::super::super::document::Block;
use super::super::super::document::Format;
use super::super::super::document::Image;
use super::super::super::document::Inline;
use super::super::super::document::Mark;
use super::nodes::document;
use super::nodes::extra;
use super::nodes::read;
use super::nodes::text;
use super::parsed;

fn with(values: &Value, piece: Inline) -> Inline {
    piece.with(Some(extra(values)))
}

fn check_text(cases: impl IntoIterator<Item = (Value, Inline)>) {
    for (node, expected) in cases {
        let blocks = read(&json!({ "type": "paragraph", "content": [node] }));
        assert_eq!(blocks, [Block::Paragraph(vec![expected])], "{node}");
    }
}

#[test]
fn running_text_is_read() {
    let cases = [
        (json!({ "type": "hardBreak" }), Inline::Break),
        (
            json!({ "type": "mention", "attrs": { "id": "5b", "text": "Ann", "accessLevel": "" } }),
            with(
                &json!({ "attrs": { "text": "Ann", "accessLevel": "" } }),
                Inline::Mention { id: "accountid:5b".to_owned(), name: Some("@Ann".to_owned()) },
            ),
        ),
        (
            json!({ "type": "emoji", "attrs": { "shortName": ":smile:", "id": "1f604", "text": "😄" } }),
            Inline::Emoji { name: ":smile:".to_owned(), text: "😄".to_owned() },
        ),
        (
            json!({ "type": "date", "attrs": { "timestamp": "1704067200000" } }),
            Inline::Date("2024-01-01".to_owned()),
        ),
        (
            json!({ "type": "date", "attrs": { "timestamp": "1704067200001" } }),
            with(
                &json!({ "attrs": { "timestamp": "1704067200001" } }),
                Inline::Date("2024-01-01".to_owned()),
            ),
        ),
        (
            json!({ "type": "status", "attrs": { "text": "DONE", "color": "green", "localId": "s" } }),
            with(
                &json!({ "attrs": { "localId": "s" } }),
                Inline::Status { text: "DONE".to_owned(), color: "green".to_owned() },
            ),
        ),
        (
            json!({ "type": "inlineCard", "attrs": { "url": "https://e.com" } }),
            Inline::Card("https://e.com".to_owned()),
        ),
        (
            json!({ "type": "inlineCard", "attrs": { "data": { "a": 1 } } }),
            Inline::Source {
                format: Format::Adf,
                text: r#"{"type":"inlineCard","attrs":{"data":{"a":1}}}"#.to_owned(),
            },
        ),
    ];
    check_text(cases);
}

#[test]
fn images_and_marks_are_read() {
    let cases = [
        (
            json!({ "type": "mediaInline", "attrs": { "type": "image", "id": "7", "collection": "", "width": 30 } }),
            Inline::Image(Image { url: "media:7".to_owned(), width: "30".to_owned(), ..Image::default() }),
        ),
        (
            json!({ "type": "text", "text": "r", "marks": [{ "type": "textColor", "attrs": { "color": "#FF5630" } }] }),
            with(
                &json!({ "attrs": { "color": "#FF5630" } }),
                Inline::Marked(Mark::Color("#ff5630".to_owned()), vec![text("r")]),
            ),
        ),
        (
            json!({ "type": "text", "text": "x", "marks": [
                { "type": "link", "attrs": { "href": "javascript:alert(1)" } },
            ] }),
            Inline::Container {
                name: "link".to_owned(),
                extra: extra(&json!({ "attrs": { "href": "javascript:alert(1)" } })),
                content: vec![text("x")],
            },
        ),
        (
            json!({ "type": "text", "text": "x", "marks": [
                { "type": "annotation", "attrs": { "id": "1", "annotationType": "inlineComment" } },
            ] }),
            Inline::Container {
                name: "annotation".to_owned(),
                extra: extra(&json!({ "attrs": { "id": "1", "annotationType": "inlineComment" } })),
                content: vec![text("x")],
            },
        ),
    ];
    check_text(cases);
}

#[test]
fn marks_are_around_as_much_as_they_can_be() {
    let piece = |text: &str, marks: &[&str]| {
        let marks: Vec<Value> = marks.iter().map(|mark| json!({ "type": mark })).collect();
        json!({ "type": "text", "text": text, "marks": marks })
    };
    let marked = |mark, content| Inline::Marked(mark, content);
    let node = json!({ "type": "paragraph", "content": [
        piece("a", &["strong"]), piece("b", &["em", "strong"]), piece("c", &["em", "code"]), piece("d", &["code"]),
    ] });
    let expected = vec![
        marked(Mark::Strong, vec![text("a"), marked(Mark::Emphasis, vec![text("b")])]),
        marked(Mark::Emphasis, vec![Inline::Code("c".to_owned())]),
        Inline::Code("d".to_owned()),
    ];
    let blocks = parsed(&document(&json!([node])));
    assert_eq!(blocks, [Block::Paragraph(expected)]);
}
