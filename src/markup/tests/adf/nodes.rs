//! Every node and mark of the schema comes back, and is read in words of the model where it has any.

use serde_json::Value;
use serde_json::json;

use super::super::super::document::Block;
use super::super::super::document::Code;
use super::super::super::document::Column;
use super::super::super::document::Extra;
use super::super::super::document::Format;
use super::super::super::document::Image;
use super::super::super::document::Inline;
use super::super::super::document::Item;
use super::super::super::document::List;
use super::super::super::document::Look;
use super::super::super::document::Panel;
use super::parsed;
use super::rendered;
use super::same::check_same;

/// Extra of ADF.
pub(super) fn extra(values: &Value) -> Extra {
    Extra { format: Format::Adf, values: values.as_object().unwrap().clone() }
}

pub(super) fn text(text: &str) -> Inline {
    Inline::Text(text.to_owned())
}

fn paragraph() -> Value {
    json!({ "type": "paragraph", "content": [{ "type": "text", "text": "p" }] })
}

pub(super) fn document(content: &Value) -> Value {
    json!({ "version": 1, "type": "doc", "content": content })
}

/// Reads the node alone in a document, and checks that it comes back.
pub(super) fn read(node: &Value) -> Vec<Block> {
    let document = document(&json!([node]));
    let blocks = parsed(&document);
    check_same(&rendered(&blocks), &document).unwrap_or_else(|error| panic!("{error}"));
    blocks
}

fn check(cases: impl IntoIterator<Item = (Value, Block)>) {
    for (node, expected) in cases {
        assert_eq!(read(&node), [expected], "{node}");
    }
}

#[test]
fn text_and_lists_are_read() {
    let tight = |content: Vec<Inline>| Item { blocks: vec![Block::Line(content)], ..Item::default() };
    let cases = [
        (json!({ "type": "paragraph", "content": [] }), Block::Paragraph(Vec::new())),
        (
            json!({ "type": "heading", "attrs": { "level": 2, "localId": "h" }, "marks": [
                { "type": "alignment", "attrs": { "align": "center" } },
            ] }),
            Block::Heading { level: 2, content: Vec::new() }.with(Some(extra(&json!({
                "attrs": { "localId": "h" }, "marks": [{ "type": "alignment", "attrs": { "align": "center" } }],
            })))),
        ),
        (
            json!({ "type": "orderedList", "attrs": { "order": 1 }, "content": [
                { "type": "listItem", "content": [paragraph()] },
            ] }),
            Block::List(List { start: Some(1), decisions: false, items: vec![tight(vec![text("p")])] }),
        ),
        (
            json!({ "type": "bulletList", "content": [{ "type": "listItem", "content": [paragraph(), paragraph()] }] }),
            Block::List(List {
                items: vec![Item { blocks: vec![Block::text("p"), Block::text("p")], ..Item::default() }],
                ..List::default()
            }),
        ),
        (
            json!({ "type": "codeBlock", "attrs": { "language": "rust" }, "content": [
                { "type": "text", "text": "fn" }, { "type": "text", "text": " main" },
            ] }),
            Block::Code(Code { language: "rust".to_owned(), title: String::new(), text: "fn main".to_owned() }),
        ),
        (json!({ "type": "codeBlock", "attrs": {} }), Block::Code(Code::default())),
    ];
    check(cases);
}

#[test]
fn boxes_and_images_are_read() {
    let cases = [
        (json!({ "type": "blockquote", "content": [paragraph()] }), Block::Quote(vec![Block::text("p")])),
        (
            json!({ "type": "panel", "attrs": { "panelType": "custom", "panelColor": "#eee" }, "content": [paragraph()] }),
            Block::Panel(Panel { look: Look::Plain, title: String::new(), blocks: vec![Block::text("p")] })
                .with(Some(extra(&json!({ "attrs": { "panelColor": "#eee" } })))),
        ),
        (
            json!({ "type": "expand", "attrs": { "title": "T" }, "content": [
                { "type": "nestedExpand", "attrs": { "title": "" }, "content": [paragraph()] },
            ] }),
            Block::Expand {
                title: "T".to_owned(),
                blocks: vec![Block::Expand { title: String::new(), blocks: vec![Block::text("p")] }],
            },
        ),
        (json!({ "type": "rule" }), Block::Rule),
        (
            json!({ "type": "mediaSingle", "attrs": { "layout": "center", "width": 300, "widthType": "pixel" }, "content": [
                { "type": "media", "attrs": { "type": "file", "id": "7", "collection": "c", "alt": "A" } },
                { "type": "caption", "content": [{ "type": "text", "text": "c" }] },
            ] }),
            Block::Picture {
                image: Image {
                    url: "media:7".to_owned(),
                    alt: "A".to_owned(),
                    width: "300".to_owned(),
                    ..Image::default()
                },
                caption: vec![text("c")],
            }
            .with(Some(extra(&json!({ "media": { "attrs": { "collection": "c" } } })))),
        ),
        (
            json!({ "type": "layoutSection", "content": [
                { "type": "layoutColumn", "attrs": { "width": 33.33 }, "content": [paragraph()] },
                { "type": "layoutColumn", "attrs": { "width": 66, "valign": "top" }, "content": [paragraph()] },
            ] }),
            Block::Columns(vec![
                Column { width: "33.33".to_owned(), blocks: vec![Block::text("p")], extra: None },
                Column {
                    width: "66".to_owned(),
                    blocks: vec![Block::text("p")],
                    extra: Some(extra(&json!({ "attrs": { "valign": "top" } }))),
                },
            ]),
        ),
    ];
    check(cases);
}

#[test]
fn cards_and_extensions_are_read() {
    let cases = [
        (
            json!({ "type": "embedCard", "attrs": { "url": "https://e.com", "layout": "wide" } }),
            Block::Card { url: "https://e.com".to_owned(), embed: true }
                .with(Some(extra(&json!({ "attrs": { "layout": "wide" } })))),
        ),
        (
            json!({ "type": "blockCard", "attrs": { "url": "https://e.com" } }),
            Block::Card { url: "https://e.com".to_owned(), embed: false },
        ),
        (
            json!({ "type": "bodiedExtension", "attrs": { "extensionKey": "k", "extensionType": "t" }, "content": [paragraph()] }),
            Block::Container {
                name: "bodiedExtension".to_owned(),
                extra: extra(&json!({ "attrs": { "extensionKey": "k", "extensionType": "t" } })),
                blocks: vec![Block::text("p")],
            },
        ),
        (
            json!({ "type": "extension", "attrs": { "extensionKey": "k", "extensionType": "t" } }),
            Block::Source {
                format: Format::Adf,
                text: r#"{"type":"extension","attrs":{"extensionKey":"k","extensionType":"t"}}"#.to_owned(),
            },
        ),
        (
            json!({ "type": "multiBodiedExtension", "attrs": { "k": 1 }, "content": [
                { "type": "extensionFrame", "content": [paragraph()] },
            ] }),
            Block::Container {
                name: "multiBodiedExtension".to_owned(),
                extra: extra(&json!({ "attrs": { "k": 1 } })),
                blocks: vec![Block::Container {
                    name: "extensionFrame".to_owned(),
                    extra: extra(&json!({})),
                    blocks: vec![Block::text("p")],
                }],
            },
        ),
    ];
    check(cases);
}

#[test]
fn tasks_and_decisions_are_read() {
    let task = |id: &str, state: &str, text: &str| json!({ "type": "taskItem", "attrs": { "localId": id, "state": state }, "content": [{ "type": "text", "text": text }] });
    let local = |id: &str| Some(extra(&json!({ "attrs": { "localId": id } })));
    let line = |content: &str| Block::Line(vec![text(content)]);
    let list = json!({ "type": "taskList", "attrs": { "localId": "l" }, "content": [
        task("1", "DONE", "a"),
        { "type": "taskList", "attrs": { "localId": "m" }, "content": [task("2", "TODO", "b")] },
        { "type": "blockTaskItem", "attrs": { "localId": "3", "state": "TODO" }, "content": [paragraph()] },
    ] });
    let nested = Block::List(List {
        items: vec![Item { done: Some(false), blocks: vec![line("b")], extra: local("2") }],
        ..List::default()
    });
    let expected = Block::List(List {
        items: vec![
            Item { done: Some(true), blocks: vec![line("a"), nested.with(local("m"))], extra: local("1") },
            Item {
                done: Some(false),
                blocks: vec![Block::text("p")],
                extra: Some(extra(&json!({ "type": "blockTaskItem", "attrs": { "localId": "3" } }))),
            },
        ],
        ..List::default()
    });
    assert_eq!(read(&list), [expected.with(local("l"))]);

    let decisions = json!({ "type": "decisionList", "attrs": { "localId": "l" }, "content": [
        { "type": "decisionItem", "attrs": { "localId": "1", "state": "DECIDED" }, "content": [{ "type": "text", "text": "d" }] },
    ] });
    let items = vec![Item { done: None, blocks: vec![line("d")], extra: local("1") }];
    let expected = Block::List(List { start: None, decisions: true, items });
    assert_eq!(read(&decisions), [expected.with(local("l"))]);
}

#[test]
fn cells_say_only_what_is_unusual() {
    let table = |cell: &Value| {
        let mut cell = cell.clone();
        cell["type"] = json!("tableCell");
        cell["content"] = json!([paragraph()]);
        json!({
            "type": "table",
            "attrs": { "isNumberColumnEnabled": false, "layout": "default" },
            "content": [{ "type": "tableRow", "content": [cell] }],
        })
    };
    let cases = [
        (json!({ "attrs": {} }), None, None, 0),
        (json!({}), None, None, 0),
        (json!({ "attrs": { "colspan": 2 } }), None, None, 2),
        (json!({ "attrs": { "colspan": 1 } }), None, Some(json!({ "attrs": { "colspan": 1 } })), 0),
        (
            json!({ "attrs": { "background": "#fff", "colwidth": [1, 2.5] } }),
            None,
            Some(json!({ "attrs": { "background": "#fff", "colwidth": [1, 2.5] } })),
            0,
        ),
    ];
    for (cell, of_table, of_cell, span) in cases {
        let blocks = read(&table(&cell));
        let (block, besides) = blocks[0].parts();
        assert_eq!(besides, of_table.as_ref().map(extra).as_ref(), "{cell}");
        let Block::Table(table) = block else { panic!("{block:?}") };
        let found = &table.rows[0].cells[0];
        assert_eq!((&found.extra, found.columns), (&of_cell.as_ref().map(extra), span), "{cell}");
    }
}

#[test]
fn what_is_no_document_is_read() {
    assert_eq!(parsed(&json!(null)), []);
    assert_eq!(parsed(&json!("a\n\nb")), [Block::text("a"), Block::text("b")]);
    assert_eq!(
        parsed(&json!([paragraph(), { "type": "text", "text": "t" }])),
        [Block::text("p"), Block::text("t")]
    );
    assert_eq!(parsed(&paragraph()), [Block::text("p")]);
    for odd in [json!({}), json!(5), json!({ "type": "doc", "content": 5 }), json!({ "type": 5 })] {
        let source = Block::Source { format: Format::Adf, text: odd.to_string() };
        assert_eq!(parsed(&odd), [source], "{odd}");
    }
}
