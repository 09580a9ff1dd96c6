//! Properties: nothing panics, and the common subset survives the way out and back.

use proptest::prelude::*;
use quick_xml::{Reader, events::Event};
use serde_json::{Value, json};

use crate::markup::document::{Block, Cell, Inline, Item, List, Table, plain, push, tidy, trim};
use crate::markup::{
    adf_to_markdown, clean, markdown, markdown_to_adf, markdown_to_storage, markdown_to_wiki,
    storage_to_markdown, wiki_to_markdown,
};

/// Words, and the characters that mean something in one of the formats.
fn words() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-zäé]{1,6}",
        2 => Just(" ".to_owned()),
        1 => "[*_~`{}\\[\\]|!<>&#+=:?()^@.\\\\-]{1,3}",
        1 => Just("&amp;".to_owned()),
        1 => Just("https://e.com/a_b".to_owned()),
        1 => Just("h1. ".to_owned()),
        1 => Just("1. ".to_owned()),
    ];
    prop::collection::vec(piece, 1..6).prop_map(|pieces| format!("x{}x", pieces.concat()))
}

fn plain_words() -> impl Strategy<Value = String> {
    "[a-zä]{1,6}( [a-z]{1,5}){0,2}"
}

fn line() -> impl Strategy<Value = Vec<Inline>> {
    let piece = prop_oneof![
        3 => words().prop_map(Inline::Text),
        1 => "[a-z*_.=-]{1,8}".prop_map(Inline::Code),
        1 => plain_words().prop_map(|text| Inline::Strong(vec![Inline::Text(text)])),
        1 => plain_words().prop_map(|text| Inline::Emphasis(vec![Inline::Text(text)])),
        1 => plain_words().prop_map(|text| Inline::Strike(vec![Inline::Text(text)])),
        1 => plain_words().prop_map(|text| Inline::Strong(vec![Inline::Emphasis(vec![Inline::Text(text)])])),
        1 => plain_words().prop_map(|text| Inline::Link {
            url: "https://e.com/p_q?a=1&b=2".to_owned(),
            content: vec![Inline::Text(text)],
        }),
    ];
    prop::collection::vec(piece, 1..5).prop_map(|pieces| {
        let mut content = Vec::new();
        for piece in pieces {
            content.push(piece);
            content.push(Inline::Text(" ".to_owned()));
        }
        trim(tidy(&content))
    })
}

fn list() -> impl Strategy<Value = Block> {
    let leaf = (line(), any::<bool>())
        .prop_map(|(content, _)| Item { done: None, blocks: vec![Block::Paragraph(content)] });
    let items = |item: BoxedStrategy<Item>| {
        (prop::collection::vec(item, 1..4), any::<bool>())
            .prop_map(|(items, ordered)| Block::List(List { start: ordered.then_some(1), items }))
    };
    let nested = leaf.boxed().prop_recursive(3, 12, 3, move |item| {
        (line(), items(item))
            .prop_map(|(content, inner)| Item { done: None, blocks: vec![Block::Paragraph(content), inner] })
    });
    items(nested.boxed())
}

fn tasks() -> impl Strategy<Value = Block> {
    let item = (line(), any::<bool>())
        .prop_map(|(content, done)| Item { done: Some(done), blocks: vec![Block::Paragraph(content)] });
    prop::collection::vec(item, 1..4).prop_map(|items| Block::List(List { start: None, items }))
}

fn table() -> impl Strategy<Value = Block> {
    (1_usize..4, 1_usize..4).prop_flat_map(|(width, height)| {
        prop::collection::vec(prop::collection::vec(line(), width), height).prop_map(|rows| {
            let cells = |(index, row): (usize, Vec<Vec<Inline>>)| {
                row.into_iter()
                    .map(|content| Cell { header: index == 0, blocks: vec![Block::Paragraph(content)] })
                    .collect()
            };
            Block::Table(Table { rows: rows.into_iter().enumerate().map(cells).collect() })
        })
    })
}

fn block() -> impl Strategy<Value = Block> {
    prop_oneof![
        (1_u8..=6, line()).prop_map(|(level, content)| Block::Heading { level, content }),
        line().prop_map(Block::Paragraph),
        line().prop_map(|content| Block::Quote(vec![Block::Paragraph(content)])),
        list(),
        tasks(),
        table(),
        ("(python|rust|)", "[a-z*_#{}|\\[\\] ]{1,12}(\n[a-z`<>&]{0,8}){0,2}")
            .prop_map(|(info, text)| Block::Code { info, text: format!("x{text}x") }),
    ]
}

/// Blocks of differing kinds, so that no two lists stand side by side.
fn document() -> impl Strategy<Value = Vec<Block>> {
    prop::collection::vec(block(), 1..5).prop_map(|blocks| {
        let mut apart = Vec::new();
        for block in blocks {
            apart.push(block);
            apart.push(Block::Heading { level: 2, content: vec![Inline::Text("next".to_owned())] });
        }
        apart
    })
}

/// The Markdown of a document, and the document that is read from it.
fn settled(blocks: &[Block]) -> (String, Vec<Block>) {
    let text = markdown::render(blocks);
    let parsed = parsed(&text);
    (text, parsed)
}

/// Parsed Markdown, without what no format promises to keep: runs of spaces, and whether a bare address is a link.
fn parsed(markdown: &str) -> Vec<Block> {
    let mut blocks = markdown::parse(markdown);
    blocks.iter_mut().for_each(settle);
    blocks
}

fn settle(block: &mut Block) {
    match block {
        Block::Heading { content, .. } | Block::Paragraph(content) => *content = settled_line(content),
        Block::Quote(inner) => inner.iter_mut().for_each(settle),
        Block::List(list) => list.items.iter_mut().flat_map(|item| &mut item.blocks).for_each(settle),
        Block::Table(table) => {
            table.rows.iter_mut().flatten().flat_map(|cell| &mut cell.blocks).for_each(settle);
        }
        Block::Code { .. } | Block::Rule => {}
    }
}

fn settled_line(content: &[Inline]) -> Vec<Inline> {
    let mut settled = Vec::new();
    for piece in content {
        match piece {
            Inline::Link { content, .. } if plain(content).starts_with("https://") => {
                push(&mut settled, Inline::Text(plain(content)));
            }
            other => push(&mut settled, other.clone()),
        }
    }
    for piece in &mut settled {
        if let Inline::Text(text) = piece {
            *text = squeezed(text);
        }
    }
    settled
}

fn squeezed(text: &str) -> String {
    let mut squeezed = text.to_owned();
    while squeezed.contains("  ") {
        squeezed = squeezed.replace("  ", " ");
    }
    squeezed
}

fn adf_value() -> impl Strategy<Value = Value> {
    let kinds = "(doc|paragraph|text|heading|bulletList|listItem|taskList|taskItem|table|tableRow|tableCell|panel|\
                 mediaSingle|media|mention|date|emoji|codeBlock|odd)";
    let leaf = (kinds, any::<String>()).prop_map(|(kind, text)| json!({ "type": kind, "text": text }));
    leaf.prop_recursive(5, 24, 4, move |inner| {
        (kinds, prop::collection::vec(inner, 0..4), any::<Option<i64>>(), any::<String>()).prop_map(
            |(kind, content, number, text)| {
                let attrs = json!({ "level": number, "order": number, "timestamp": number, "text": text, "url": text });
                json!({ "type": kind, "attrs": attrs, "content": content, "marks": [{ "type": "strong" }] })
            },
        )
    })
}

fn is_well_formed(storage: &str) -> bool {
    let source = format!("<page>{storage}</page>");
    let mut reader = Reader::from_str(&source);
    loop {
        match reader.read_event() {
            Ok(Event::Eof) => return true,
            Ok(_) => {}
            Err(_) => return false,
        }
    }
}

/// Pieces that meet each other in ways plain random text does not.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        2 => "\\PC{0,6}",
        3 => "[*_~`{}\\[\\]|!<>&#+=:?()^@.\\\\\n -]{1,4}",
        1 => "(\\{code\\}|\\{quote\\}|\\{\\{|\\}\\}|<p>|</p>|<b>|\\]\\]>|<br/>|&uuml;|\\[~|- |# |> |```|h1. )",
    ];
    prop_oneof![any::<String>(), prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())]
}

proptest! {
    #[test]
    fn every_function_is_total(text in hostile()) {
        let _ = markdown_to_wiki(&text);
        let storage = markdown_to_storage(&text);
        prop_assert!(is_well_formed(&storage), "{storage}");
        let document = markdown_to_adf(&text);
        prop_assert!(document["content"].is_array());
        for read in [wiki_to_markdown(&text), storage_to_markdown(&text), adf_to_markdown(&json!(text)), adf_to_markdown(&document)] {
            prop_assert!(clean(&read) == read, "{read}");
        }
    }

    #[test]
    fn every_adf_value_is_read(value in adf_value()) {
        let read = adf_to_markdown(&value);
        prop_assert!(clean(&read) == read, "{read}");
    }

    #[test]
    fn cleaned_text_reads_back(text in "[a-z\u{202a}-\u{202e}\u{2066}-\u{2069}\u{200b}\u{e0020}-\u{e007e}\u{ad}]{1,20}") {
        let shown = clean(&text).into_owned();
        prop_assert!(clean(&shown) == shown);
        prop_assert_eq!(markdown::parse(&shown), vec![Block::text(text)]);
    }

    #[test]
    fn text_survives_markdown(text in words()) {
        let shown = markdown::render(&[Block::text(text.clone())]);
        let parsed = markdown::parse(&shown);
        let [Block::Paragraph(content)] = parsed.as_slice() else { panic!("{shown}") };
        prop_assert_eq!(squeezed(&plain(content)), squeezed(&text), "{}", shown);
    }

    #[test]
    fn the_common_subset_survives_wiki(blocks in document()) {
        let (text, parsed) = settled(&blocks);
        let wiki = markdown_to_wiki(&text);
        prop_assert_eq!(self::parsed(&wiki_to_markdown(&wiki)), parsed, "{}\n=>\n{}", text, wiki);
    }

    #[test]
    fn the_common_subset_survives_adf(blocks in document()) {
        let (text, parsed) = settled(&blocks);
        prop_assert_eq!(self::parsed(&adf_to_markdown(&markdown_to_adf(&text))), parsed, "{}", text);
    }

    #[test]
    fn the_common_subset_survives_storage(blocks in document()) {
        let (text, parsed) = settled(&blocks);
        let storage = markdown_to_storage(&text);
        prop_assert_eq!(self::parsed(&storage_to_markdown(&storage)), parsed, "{}\n=>\n{}", text, storage);
    }
}
