//! What becomes of documents from other formats.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::super::super::adf;
use super::super::super::document::Block;
use super::super::super::document::Cell;
use super::super::super::document::Code;
use super::super::super::document::Column;
use super::super::super::document::Extra;
use super::super::super::document::Format;
use super::super::super::document::Inline;
use super::super::super::document::Item;
use super::super::super::document::List;
use super::super::super::document::Look;
use super::super::super::document::Notes;
use super::super::super::document::Panel;
use super::super::super::document::Row;
use super::super::super::document::Table;
use super::rendered;

pub(super) fn text(text: &str) -> Inline {
    Inline::Text(text.to_owned())
}

fn heading() -> Block {
    Block::Heading { level: 2, content: vec![text("h")] }
}

pub(super) fn node(text: &str) -> Value {
    json!({ "type": "text", "text": text })
}

pub(super) fn strong(text: &str) -> Value {
    json!({ "type": "text", "text": text, "marks": [{ "type": "strong" }] })
}

pub(super) fn paragraph(content: &Value) -> Value {
    json!({ "type": "paragraph", "content": [content] })
}

fn item(blocks: Vec<Block>) -> Item {
    Item { blocks, ..Item::default() }
}

fn list(items: Vec<Item>) -> Block {
    Block::List(List { items, ..List::default() })
}

/// The content of the document, and the notes.
fn written(block: Block) -> (Value, Vec<String>) {
    let mut notes = Notes::default();
    let mut document = adf::render(&[block], &mut notes);
    let notes = notes.into_vec().into_iter().map(|note| note.what);
    (document["content"].take(), notes.collect())
}

pub(super) fn check(cases: impl IntoIterator<Item = (Block, Value, &'static [&'static str])>) {
    for (block, expected, notes) in cases {
        let shown = format!("{block:?}");
        assert_eq!(
            written(block),
            (expected, notes.iter().map(|note| (*note).to_owned()).collect()),
            "{shown}"
        );
    }
}

#[test]
fn blocks_stand_where_they_may() {
    let table = || Table {
        rows: vec![Row {
            cells: vec![Cell { blocks: vec![Block::text("c")], ..Cell::default() }],
            extra: None,
        }],
    };
    let panel = |blocks| Block::Panel(Panel { look: Look::Info, title: "T".to_owned(), blocks });
    let info =
        |content: &Value| json!({ "type": "panel", "attrs": { "panelType": "info" }, "content": content });
    let expand = |blocks| Block::Expand { title: "E".to_owned(), blocks };
    check([
        (
            Block::Quote(vec![heading(), Block::Rule]),
            json!([{ "type": "blockquote", "content": [paragraph(&strong("h"))] }]),
            &[
                "a heading became strong text where no heading can stand",
                "a rule was left out where no rule can stand",
            ] as &[_],
        ),
        (
            list(vec![item(vec![panel(vec![Block::text("p")])]), item(Vec::new())]),
            json!([{ "type": "bulletList", "content": [
                { "type": "listItem", "content": [paragraph(&strong("T")), paragraph(&node("p"))] },
                { "type": "listItem", "content": [{ "type": "paragraph" }] },
            ] }]),
            &[
                "the title of a panel became its first paragraph",
                "a panel became its blocks where no panel can stand",
            ],
        ),
        (
            panel(vec![Block::Table(table())]),
            json!([info(&json!([paragraph(&strong("T")), paragraph(&node("c"))]))]),
            &[
                "the title of a panel became its first paragraph",
                "a table became lines where no table can stand",
            ],
        ),
        (
            expand(vec![expand(vec![expand(vec![Block::text("p")])])]),
            json!([{ "type": "expand", "attrs": { "title": "E" }, "content": [
                { "type": "nestedExpand", "attrs": { "title": "E" }, "content": [
                    paragraph(&strong("E")), paragraph(&node("p")),
                ] },
            ] }]),
            &["an expand became its title and blocks where no expand can stand"],
        ),
        (
            Block::Quote(vec![Block::Card { url: "https://e.com".to_owned(), embed: true }]),
            json!([{ "type": "blockquote", "content": [
                paragraph(&json!({ "type": "inlineCard", "attrs": { "url": "https://e.com" } })),
            ] }]),
            &["a card became a link in a paragraph where no card can stand"],
        ),
        (
            Block::Quote(Vec::new()),
            json!([{ "type": "blockquote", "content": [{ "type": "paragraph" }] }]),
            &[],
        ),
    ]);
}

#[test]
fn columns_come_in_twos_and_threes() {
    let columns = |count| {
        let column = Column { width: "50".to_owned(), blocks: vec![Block::text("c")], extra: None };
        Block::Columns(vec![column; count])
    };
    let widths = |block| -> Vec<Vec<f64>> {
        let (content, _) = written(block);
        let sections =
            content.as_array().unwrap().iter().map(|section| section["content"].as_array().unwrap());
        sections
            .map(|columns| columns.iter().filter_map(|column| column["attrs"]["width"].as_f64()).collect())
            .collect()
    };
    assert_eq!(widths(columns(1)), [Vec::<f64>::new()]);
    assert_eq!(widths(columns(2)), [[50.0, 50.0]]);
    assert_eq!(widths(columns(4)), [[50.0, 50.0], [50.0, 50.0]]);
    assert_eq!(widths(columns(5)), [vec![33.33, 33.33, 33.33], vec![50.0, 50.0]]);
}

#[test]
fn tasks_hold_lines() {
    let task = |done, blocks| Item { done: Some(done), blocks, extra: None };
    let code = Block::Code(Code { text: "x\ny".to_owned(), ..Code::default() });
    let tasks = list(vec![
        task(true, vec![Block::Line(vec![text("a")]), code]),
        task(false, vec![list(vec![task(false, vec![Block::text("b")])])]),
    ]);
    let state = |id: &str, state: &str| json!({ "localId": id, "state": state });
    let inner = json!({ "type": "taskList", "attrs": { "localId": "task-list-2" }, "content": [
        { "type": "taskItem", "attrs": state("task-3", "TODO"), "content": [node("b")] },
    ] });
    let code = |text: &str| json!({ "type": "text", "text": text, "marks": [{ "type": "code" }] });
    let expected = json!([{ "type": "taskList", "attrs": { "localId": "task-list-1" }, "content": [
        { "type": "taskItem", "attrs": state("task-1", "DONE"), "content": [
            node("a"), { "type": "hardBreak" }, code("x"), { "type": "hardBreak" }, code("y"),
        ] },
        { "type": "taskItem", "attrs": state("task-2", "TODO") },
        inner,
    ] }]);
    let notes: &[&str] = &["a code block became lines of code where no block can stand"];
    let quoted = Block::Quote(vec![list(vec![task(true, vec![Block::text("a")]), task(false, Vec::new())])]);
    let items = json!([{ "type": "blockquote", "content": [{ "type": "bulletList", "content": [
        { "type": "listItem", "content": [{ "type": "paragraph", "content": [node("[x] a")] }] },
        { "type": "listItem", "content": [paragraph(&node("[ ] "))] },
    ] }] }]);
    check([(tasks, expected, notes), (quoted, items, &["tasks became items where no tasks can stand"])]);
}

#[test]
fn new_identifiers_are_no_old_ones() {
    let local = Extra {
        format: Format::Adf,
        values: Map::from_iter([("attrs".to_owned(), json!({ "localId": "task-1" }))]),
    };
    let task = |extra| Item { done: Some(false), blocks: vec![Block::text("t")], extra };
    let (content, _) = written(list(vec![task(None), task(Some(local)), task(None)]));
    let identifiers: Vec<&Value> =
        content[0]["content"].as_array().unwrap().iter().map(|task| &task["attrs"]["localId"]).collect();
    assert_eq!(identifiers, ["task-2", "task-1", "task-3"]);
}

#[test]
fn edited_words_win_over_extras() {
    let extra =
        |values: Value| Some(Extra { format: Format::Adf, values: values.as_object().unwrap().clone() });
    let numbered =
        |start| Block::List(List { start: Some(start), decisions: false, items: vec![item(Vec::new())] });
    let attributes = |block: Block| rendered(&[block])["content"][0]["attrs"].clone();
    assert_eq!(attributes(numbered(5).with(extra(json!({ "attrs": null })))), json!({ "order": 5 }));
    assert_eq!(attributes(numbered(1).with(extra(json!({ "attrs": null })))), json!(null));
    let day = |extra| Block::Paragraph(vec![Inline::Date("2024-01-02".to_owned()).with(extra)]);
    let (content, _) = written(day(extra(json!({ "attrs": { "timestamp": "1704067200001" } }))));
    assert_eq!(content[0]["content"][0]["attrs"], json!({ "timestamp": "1704153600000" }));
    let (content, notes) = written(Block::Rule.with(extra(json!({ "attrs": { "localId": 5, "new": 5 } }))));
    assert_eq!(content, json!([{ "type": "rule", "attrs": { "new": 5 } }]));
    assert_eq!(notes, ["an attribute of a rule was left out: it cannot have it"]);
}
