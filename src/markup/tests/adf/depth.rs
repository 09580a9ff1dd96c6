//! Documents that are nested a hundred thousand times: an answer, and no overflow of a stack of two MiB.

use serde_json::Value;
use serde_json::json;

use super::super::super::document::Block;
use super::super::super::document::Inline;
use super::super::super::document::Item;
use super::super::super::document::List;
use super::super::super::document::Mark;
use super::parsed;
use super::rendered;

const LEVELS: usize = 100_000;

/// The value inside of so many others; `wrap` puts one around.
fn nested(inner: Value, wrap: impl Fn(Value) -> Value) -> Value {
    (0..LEVELS).fold(inner, |value, _| wrap(value))
}

/// Drops a value without recursion.
fn take_apart(value: Value) {
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        match value {
            Value::Array(values) => open.extend(values),
            Value::Object(values) => open.extend(values.into_iter().map(|(_, value)| value)),
            _ => {}
        }
    }
}

/// A node that holds one other; `json!` would copy it.
fn holding(kind: &str, attributes: &Value, child: Value) -> Value {
    let mut node = json!({ "type": kind, "attrs": attributes });
    node["content"] = Value::Array(vec![child]);
    node
}

#[test]
fn deep_nodes_are_read() {
    let text = || json!({ "type": "paragraph", "content": [{ "type": "text", "text": "deep" }] });
    let local = json!({ "localId": "l" });
    let none = json!({});
    let cases = [
        nested(text(), |child| holding("blockquote", &none, child)),
        nested(text(), |child| holding("unknown", &none, child)),
        nested(text(), |child| holding("doc", &none, child)),
        nested(text(), |child| holding("bulletList", &none, holding("listItem", &none, child))),
        nested(text(), |child| holding("expand", &none, child)),
        nested(text(), |child| {
            holding("table", &none, holding("tableRow", &none, holding("tableCell", &none, child)))
        }),
        nested(text(), |child| holding("layoutSection", &none, holding("layoutColumn", &none, child))),
        nested(text(), |child| holding("taskList", &local, child)),
        nested(text(), |child| holding("paragraph", &none, child)),
        nested(text(), |child| holding("mediaGroup", &none, child)),
        holding("panel", &Value::Null, nested(text(), |child| holding("text", &none, child))),
    ];
    for node in cases {
        let document = holding("doc", &Value::Null, node);
        let blocks = parsed(&document);
        assert!(rendered(&blocks).to_string().contains("deep"), "{:?}", document["content"][0]["type"]);
        take_apart(document);
    }
}

#[test]
fn tasks_keep_their_text() {
    let local = json!({ "localId": "l" });
    let task = || json!({ "type": "taskItem", "attrs": { "localId": "i", "state": "DONE" }, "content": [] });
    let node = nested(json!({ "type": "text", "text": "deep" }), |child| {
        let mut list = json!({ "type": "taskList", "attrs": local });
        list["content"] = Value::Array(vec![task(), child]);
        list
    });
    let document = holding("doc", &Value::Null, node);
    let back = rendered(&parsed(&document));
    assert!(back.to_string().contains("taskItem"));
    take_apart(document);
}

#[test]
fn deep_attributes_and_marks_are_left_out() {
    let deep = || nested(json!(1), |value| Value::Array(vec![value]));
    let mut cases = Vec::new();
    for name in ["attrs", "marks", "other"] {
        for kind in ["paragraph", "table", "unknown", "mediaSingle", "rule", "text", "bulletList"] {
            let mut node = json!({ "type": kind, "text": "readable" });
            node[name] = if name == "attrs" { json!({}) } else { deep() };
            if name == "attrs" {
                node[name]["deep"] = deep();
            }
            cases.push(node);
        }
    }
    for node in cases {
        let mut document = json!({ "type": "doc", "version": 1 });
        document["content"] = Value::Array(vec![node]);
        assert_eq!(rendered(&parsed(&document))["content"][0]["content"][0]["text"], "readable");
        take_apart(document);
    }
    let mut document = json!({ "type": "doc", "content": [] });
    document["other"] = deep();
    assert_eq!(rendered(&parsed(&document)), json!({ "version": 1, "type": "doc", "content": [] }));
    take_apart(document);
}

#[test]
fn deep_blocks_are_rendered() {
    let list = |block: Block| {
        let items = vec![Item { blocks: vec![block], ..Item::default() }];
        Block::List(List { items, ..List::default() })
    };
    let wraps: [&dyn Fn(Block) -> Block; 3] = [
        &|block| Block::Quote(vec![block]),
        &|block| Block::Expand { title: "t".to_owned(), blocks: vec![block] },
        &list,
    ];
    for wrap in wraps {
        let blocks = vec![(0..LEVELS).fold(Block::text("deep"), |block, _| wrap(block))];
        let back = rendered(&blocks);
        // Dropping the blocks would be too deep.
        std::mem::forget(blocks);
        assert!(back.to_string().contains("deep"));
    }
}

#[test]
fn deep_text_is_rendered() {
    let text = Inline::Text("deep".to_owned());
    let piece = (0..LEVELS).fold(text, |piece, _| Inline::Marked(Mark::Strong, vec![piece]));
    let blocks = vec![Block::Paragraph(vec![piece])];
    let back = rendered(&blocks);
    std::mem::forget(blocks);
    assert_eq!(back["content"][0]["content"][0]["text"], "deep");
}
