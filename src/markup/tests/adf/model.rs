//! Documents of the model, all of it, in every order and nesting.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::super::super::document::Block;
use super::super::super::document::Body;
use super::super::super::document::Cell;
use super::super::super::document::Code;
use super::super::super::document::Column;
use super::super::super::document::Extra;
use super::super::super::document::Format;
use super::super::super::document::Item;
use super::super::super::document::List;
use super::super::super::document::Look;
use super::super::super::document::Macro;
use super::super::super::document::Panel;
use super::super::super::document::Row;
use super::super::super::document::Table;
use super::choices::Choices;
use super::model_text::image;
use super::model_text::inlines;

/// How deep documents are nested here.
pub(super) const DEEP: usize = 12;

pub(super) fn blocks(choices: &mut Choices<'_>, depth: usize) -> Vec<Block> {
    let mut blocks = Vec::new();
    while !choices.is_over() && depth < DEEP && !choices.once_in(6) {
        blocks.push(block(choices, depth + 1));
    }
    blocks
}

fn block(choices: &mut Choices<'_>, depth: usize) -> Block {
    let plain = bare(choices, depth);
    if matches!(plain, Block::Container { .. } | Block::Source { .. }) || !choices.once_in(4) {
        return plain;
    }
    let names: &[&str] = match &plain {
        Block::List(list) if list.start.is_some() => &["order", "localId"],
        Block::Code(_) => &["language", "wrap", "uniqueId", "localId"],
        Block::Panel(_) => &["panelType", "panelColor", "panelIcon", "localId"],
        Block::Expand { .. } => &["title", "localId"],
        Block::Table(_) => &["layout", "width", "isNumberColumnEnabled", "displayMode", "localId"],
        Block::Picture { .. } => &["layout", "width", "widthType", "localId"],
        Block::Card { embed: true, .. } => &["layout", "width", "originalHeight", "localId", "url"],
        Block::Card { .. } => &["datasource", "layout", "width", "localId", "url"],
        Block::Heading { .. } => &["level", "localId"],
        _ => &["localId"],
    };
    let mut extra = extra(choices, names);
    if matches!(plain, Block::Picture { .. }) && choices.once_in(2) {
        let media = self::extra(choices, &["collection", "type", "id", "width", "alt", "occurrenceKey"]);
        extra.values.insert("media".to_owned(), Value::Object(media.values));
        extra.values.insert("caption".to_owned(), Value::Object(self::extra(choices, &["localId"]).values));
    }
    Block::With { extra, block: Box::new(plain) }
}

fn bare(choices: &mut Choices<'_>, depth: usize) -> Block {
    match choices.below(22) {
        0 => Block::Paragraph(inlines(choices, 0)),
        1 => Block::Line(inlines(choices, 0)),
        2 => Block::Heading { level: u8::try_from(choices.below(9)).unwrap(), content: inlines(choices, 0) },
        3..=5 => Block::List(list(choices, depth)),
        6 => Block::Code(Code { language: choices.text(), title: choices.text(), text: choices.text() }),
        7 => Block::Quote(blocks(choices, depth)),
        8 => Block::Panel(Panel {
            look: *choices.one(&LOOKS),
            title: choices.text(),
            blocks: blocks(choices, depth),
        }),
        9 => Block::Expand { title: choices.text(), blocks: blocks(choices, depth) },
        10 | 11 => Block::Table(table(choices, depth)),
        12 => Block::Columns(columns(choices, depth)),
        13 => Block::Rule,
        14 => Block::Picture { image: image(choices), caption: inlines(choices, 0) },
        15 => Block::Card { url: choices.text(), embed: choices.once_in(2) },
        16 => Block::Macro(call(choices, depth)),
        17 | 18 => {
            let name = *choices.one(&KINDS);
            let names: &[&str] = match name {
                "bodiedExtension" => &["extensionKey", "extensionType", "layout", "localId"],
                "bodiedSyncBlock" => &["resourceId", "localId"],
                "panel" => &["panelType", "localId"],
                "mediaGroup" | "doc" => &[],
                _ => &["localId"],
            };
            let extra = extra(choices, names);
            Block::Container { name: name.to_owned(), extra, blocks: blocks(choices, depth) }
        }
        19 => Block::With { extra: extra(choices, &["localId"]), block: Box::new(Block::Rule) },
        _ => Block::Source { format: *choices.one(&FORMATS), text: source(choices) },
    }
}

fn list(choices: &mut Choices<'_>, depth: usize) -> List {
    let (start, decisions) = (choices.once_in(3).then(|| choices.below(9) as u64), choices.once_in(4));
    let is_tasks = choices.once_in(2);
    let mut items = Vec::new();
    while !choices.is_over() && !choices.once_in(6) {
        let done = (is_tasks && !choices.once_in(6)).then(|| choices.once_in(2));
        let mut extra = choices.once_in(3).then(|| extra(choices, &["localId"]));
        if let Some(extra) = &mut extra
            && choices.once_in(2)
        {
            extra
                .values
                .insert("type".to_owned(), json!(choices.one(&["blockTaskItem", "listItem", "strong", ""])));
        }
        items.push(Item { done, blocks: blocks(choices, depth), extra });
    }
    List { start, decisions, items }
}

fn table(choices: &mut Choices<'_>, depth: usize) -> Table {
    let mut rows = Vec::new();
    while !choices.is_over() && !choices.once_in(6) {
        let mut cells = Vec::new();
        while !choices.is_over() && !choices.once_in(6) {
            let extra = choices.once_in(3).then(|| {
                extra(choices, &["colspan", "rowspan", "colwidth", "background", "valign", "localId"])
            });
            let (columns, spanned) = (choices.below(3), choices.below(3));
            let (columns, spanned) = (u32::try_from(columns).unwrap(), u32::try_from(spanned).unwrap());
            let header = choices.once_in(2);
            cells.push(Cell { header, columns, rows: spanned, blocks: blocks(choices, depth), extra });
        }
        rows.push(Row { cells, extra: choices.once_in(4).then(|| extra(choices, &["localId"])) });
    }
    Table { rows }
}

fn columns(choices: &mut Choices<'_>, depth: usize) -> Vec<Column> {
    let mut columns = Vec::new();
    for _ in 0..choices.below(9) {
        let extra = choices.once_in(4).then(|| extra(choices, &["width", "valign", "localId"]));
        let width = (*choices.one(&["", "50", "33.33", "100.5", "x", "-1"])).to_owned();
        columns.push(Column { width, blocks: blocks(choices, depth), extra });
    }
    columns
}

pub(super) fn call(choices: &mut Choices<'_>, depth: usize) -> Macro {
    let names = ["code", "info", "panel", "expand", "toc", "jira", "status", "excerpt", "anchor", ""];
    let name = (*choices.one(&names)).to_owned();
    let mut parameters = Vec::new();
    while !choices.is_over() && choices.once_in(2) {
        let name = *choices.one(&["title", "", "key", "language", "colour"]);
        parameters.push((name.to_owned(), choices.text()));
    }
    let body = match choices.below(3) {
        0 => Body::None,
        1 => Body::Text(choices.text()),
        _ => Body::Blocks(blocks(choices, depth)),
    };
    Macro { name, parameters, body }
}

/// Attributes of those names and marks, some of them with values that they cannot have.
pub(super) fn extra(choices: &mut Choices<'_>, names: &[&str]) -> Extra {
    let mut values = Map::new();
    if choices.once_in(2) {
        let mut attributes = Map::new();
        for name in names {
            match choices.below(6) {
                0 => continue,
                1..=4 => attributes.insert((*name).to_owned(), likely(name)),
                _ => attributes.insert((*name).to_owned(), odd(choices)),
            };
        }
        values.insert("attrs".to_owned(), Value::Object(attributes));
    } else if choices.once_in(4) {
        let odd = [json!(null), json!({}), json!([]), json!("odd")];
        values.insert("attrs".to_owned(), choices.one(&odd).clone());
    }
    if choices.once_in(6) {
        let mut marks = Vec::new();
        for _ in 0..choices.below(4) {
            marks.push(choices.one(&marks_known()).clone());
        }
        values
            .insert("marks".to_owned(), if choices.once_in(6) { odd(choices) } else { Value::Array(marks) });
    }
    if choices.once_in(6) {
        let name = *choices.one(&["type", "content", "version", "text", "cells", "caption", "media"]);
        let value = if name == "type" { json!("tableRow") } else { odd(choices) };
        values.insert(name.to_owned(), value);
    }
    Extra { format: if choices.once_in(5) { *choices.one(&FORMATS) } else { Format::Adf }, values }
}

fn likely(name: &str) -> Value {
    match name {
        "level" | "order" | "width" | "colspan" | "rowspan" | "originalHeight" => json!(2),
        "wrap" | "isNumberColumnEnabled" => json!(true),
        "colwidth" => json!([100, 200.5]),
        "layout" => json!("center"),
        "widthType" => json!("pixel"),
        "valign" => json!("top"),
        "displayMode" => json!("fixed"),
        "annotationType" => json!("inlineComment"),
        "type" => json!("file"),
        "color" => json!("#FF5630"),
        "datasource" => json!({ "id": "1", "parameters": {}, "views": [{ "type": "table" }] }),
        "timestamp" => json!("1704067200001"),
        _ => json!("some"),
    }
}

fn odd(choices: &mut Choices<'_>) -> Value {
    let odd = [json!(null), json!({}), json!([]), json!(-1), json!("odd"), json!(1e9), json!(""), json!([1])];
    choices.one(&odd).clone()
}

fn marks_known() -> [Value; 9] {
    [
        json!({ "type": "alignment", "attrs": { "align": "center" } }),
        json!({ "type": "indentation", "attrs": { "level": 2 } }),
        json!({ "type": "fontSize", "attrs": { "fontSize": "small" } }),
        json!({ "type": "breakout", "attrs": { "mode": "wide" } }),
        json!({ "type": "fragment", "attrs": { "localId": "f" } }),
        json!({ "type": "border", "attrs": { "size": 1, "color": "#11223344" } }),
        json!({ "type": "link", "attrs": { "href": "https://e.com" } }),
        json!({ "type": "strong" }),
        json!({ "type": "breakout", "attrs": { "mode": "odd" } }),
    ]
}

pub(super) fn source(choices: &mut Choices<'_>) -> String {
    let nodes = [
        "not JSON",
        "5",
        "{}",
        r#"{"type":"paragraph"}"#,
        r#"{"type":"text","text":"t"}"#,
        r#"{"type":"text","text":"t","marks":[{"type":"code"},{"type":"strong"}]}"#,
        r#"{"type":"rule","content":[]}"#,
        r#"{"type":"extension","attrs":{"extensionKey":"k","extensionType":"t"}}"#,
        r#"{"type":"inlineExtension","attrs":{"extensionKey":"k","extensionType":"t"}}"#,
        r#"{"type":"syncBlock","attrs":{"resourceId":"r","localId":"l"}}"#,
        r#"{"type":"media","attrs":{"type":"file","id":"1","collection":""}}"#,
        r#"{"type":"mediaInline","attrs":{"id":"1","collection":""}}"#,
        r#"{"type":"placeholder","attrs":{"text":"p"}}"#,
        r#"{"type":"taskList","attrs":{"localId":"l"},"content":[{"type":"taskItem","attrs":{"localId":"i","state":"TODO"}}]}"#,
        r#"{"type":"blockquote","content":[{"type":"heading","attrs":{"level":1}}]}"#,
        r#"{"type":"mediaSingle","content":[]}"#,
        r#"{"type":"expand","marks":[{"type":"breakout","attrs":{"mode":"wide"}}],"content":[{"type":"paragraph"}]}"#,
        r#"{"type":"nestedExpand","marks":[],"attrs":{},"content":[{"type":"paragraph"}]}"#,
        r#"{"type":"heading","attrs":{"level":2.5},"marks":[{"type":"alignment","attrs":{"align":"end"}}]}"#,
        r#"{"type":"doc","version":1,"content":[]}"#,
    ];
    (*choices.one(&nodes)).to_owned()
}

pub(super) const FORMATS: [Format; 4] = [Format::Adf, Format::Adf, Format::Storage, Format::Wiki];
const LOOKS: [Look; 7] =
    [Look::Info, Look::Note, Look::Tip, Look::Success, Look::Warning, Look::Error, Look::Plain];
const KINDS: [&str; 12] = [
    "bodiedExtension",
    "mediaGroup",
    "bodiedSyncBlock",
    "doc",
    "panel",
    "blockquote",
    "tableRow",
    "listItem",
    "bulletList",
    "strong",
    "text",
    "",
];
