//! What the storage format says in the model, and what the model says in the storage format.

use serde_json::Value;

use super::markdown_to_storage;
use super::storage_to_markdown;
use crate::markup::document::Block;
use crate::markup::document::Body;
use crate::markup::document::Cell;
use crate::markup::document::Code;
use crate::markup::document::Column;
use crate::markup::document::Extra;
use crate::markup::document::Format;
use crate::markup::document::Image;
use crate::markup::document::Inline;
use crate::markup::document::Item;
use crate::markup::document::List;
use crate::markup::document::Look;
use crate::markup::document::Macro;
use crate::markup::document::Mark;
use crate::markup::document::Notes;
use crate::markup::document::Panel;
use crate::markup::document::Row;
use crate::markup::document::Table;
use crate::markup::storage::parse;
use crate::markup::storage::render;

/// The page that is read and written again.
pub(super) fn rendered(storage: &str) -> String {
    render(&blocks(storage), &mut Notes::default())
}

fn blocks(storage: &str) -> Vec<Block> {
    parse(storage, &mut Notes::default())
}

fn text(text: &str) -> Inline {
    Inline::Text(text.to_owned())
}

fn line(content: &str) -> Block {
    Block::Line(vec![text(content)])
}

fn said(values: &[(&str, &str)]) -> Option<Extra> {
    Extra::new(
        Format::Storage,
        values.iter().map(|(key, value)| ((*key).to_owned(), Value::from(*value))).collect(),
    )
}

fn source(text: &str) -> Block {
    Block::Source { format: Format::Storage, text: text.to_owned() }
}

fn list(start: Option<u64>, items: Vec<Vec<Block>>) -> Block {
    let items = items.into_iter().map(|blocks| Item { blocks, ..Item::default() }).collect();
    Block::List(List { start, decisions: false, items })
}

fn call(name: &str, parameters: &[(&str, &str)], body: Body) -> Macro {
    let parameters =
        parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Macro { name: name.to_owned(), parameters, body }
}

/// Pages, with what they say; most are also what is written of it.
#[expect(clippy::too_many_lines, reason = "a table of pages")]
fn both_ways() -> Vec<(&'static str, Vec<Block>)> {
    let page = |url: &str, shown: &str| Inline::Link {
        url: url.into(),
        title: String::new(),
        content: vec![text(shown)],
    };
    vec![
        ("", vec![]),
        ("<h2>A &amp; B</h2>", vec![Block::Heading { level: 2, content: vec![text("A & B")] }]),
        ("<p>a<br/>b</p>", vec![Block::Paragraph(vec![text("a"), Inline::Break, text("b")])]),
        (
            "<p class=\"x\">a</p>text<p>b</p>",
            vec![Block::text("a").with(said(&[("class", "x")])), line("text"), Block::text("b")],
        ),
        (
            "<p><strong>Note: </strong>x</p>",
            vec![Block::Paragraph(vec![
                Inline::Marked(Mark::Strong, vec![text("Note:")]).with(said(&[("#after", " ")])),
                text(" x"),
            ])],
        ),
        (
            "<p><b>b</b> <span style=\"color: rgb(255,86,48);\">red</span></p>",
            vec![Block::Paragraph(vec![
                Inline::Marked(Mark::Strong, vec![text("b")]).with(said(&[("#tag", "b")])),
                text(" "),
                Inline::Marked(Mark::Color("#ff5630".into()), vec![text("red")]),
            ])],
        ),
        (
            "<ul><li>a<ol start=\"3\"><li><p>b</p></li></ol></li><li></li></ul>",
            vec![list(None, vec![vec![line("a"), list(Some(3), vec![vec![Block::text("b")]])], vec![]])],
        ),
        (
            "<ac:task-list><ac:task><ac:task-id>4</ac:task-id><ac:task-uuid>u</ac:task-uuid>\
             <ac:task-status>complete</ac:task-status><ac:task-body>t</ac:task-body></ac:task></ac:task-list>",
            vec![Block::List(List {
                items: vec![Item {
                    done: Some(true),
                    blocks: vec![line("t")],
                    extra: said(&[("ac:task-id", "4"), ("ac:task-uuid", "u")]),
                }],
                ..List::default()
            })],
        ),
        (
            "<table class=\"w\"><colgroup><col/></colgroup><thead><tr><th>A</th></tr></thead><tbody><tr>\
             <td colspan=\"2\" class=\"c\"><p>1</p></td></tr></tbody></table>",
            vec![
                Block::Table(Table {
                    rows: vec![
                        Row {
                            cells: vec![Cell { header: true, blocks: vec![line("A")], ..Cell::default() }],
                            extra: None,
                        },
                        Row {
                            cells: vec![Cell {
                                columns: 2,
                                blocks: vec![Block::text("1")],
                                extra: said(&[("class", "c")]),
                                ..Cell::default()
                            }],
                            extra: None,
                        },
                    ],
                })
                .with(said(&[
                    ("class", "w"),
                    ("#colgroup", "<colgroup><col/></colgroup>"),
                    ("#parts", "thead 1, tbody 1"),
                ])),
            ],
        ),
        (
            "<p><ac:link><ri:page ri:space-key=\"S\" ri:content-title=\"A B\"></ri:page></ac:link> <ac:link ac:anchor=\"x\">\
             <ri:page ri:content-title=\"T\"></ri:page><ac:plain-text-link-body><![CDATA[y]]></ac:plain-text-link-body></ac:link> \
             <ac:link><ri:user ri:account-id=\"5b\"/></ac:link></p>",
            vec![Block::Paragraph(vec![
                page("page:S/A B", "A B"),
                text(" "),
                page("page:/T#x", "y"),
                text(" "),
                Inline::Mention { id: "accountid:5b".into(), name: None },
            ])],
        ),
        (
            "<ac:image ac:alt=\"a\" ac:width=\"300\" ac:align=\"center\"><ri:attachment ri:filename=\"p.png\"></ri:attachment>\
             <ac:caption><p>c</p></ac:caption></ac:image>",
            vec![
                Block::Picture {
                    image: Image {
                        url: "p.png".into(),
                        alt: "a".into(),
                        width: "300".into(),
                        ..Image::default()
                    },
                    caption: vec![text("c")],
                }
                .with(said(&[("ac:align", "center")])),
            ],
        ),
        (
            "<ac:structured-macro ac:name=\"code\" ac:schema-version=\"1\" ac:macro-id=\"m\"><ac:parameter ac:name=\"language\">sql\
             </ac:parameter><ac:parameter ac:name=\"title\">t</ac:parameter><ac:parameter ac:name=\"collapse\">true</ac:parameter>\
             <ac:plain-text-body><![CDATA[a]]]]><![CDATA[>b]]></ac:plain-text-body></ac:structured-macro>",
            vec![
                Block::Code(Code { language: "sql".into(), title: "t".into(), text: "a]]>b".into() })
                    .with(said(&[("ac:macro-id", "m"), ("collapse", "true")])),
            ],
        ),
        (
            "<ac:structured-macro ac:name=\"info\" ac:schema-version=\"1\"><ac:rich-text-body><p>x</p></ac:rich-text-body>\
             </ac:structured-macro>",
            vec![Block::Panel(Panel {
                look: Look::Info,
                title: String::new(),
                blocks: vec![Block::text("x")],
            })],
        ),
        (
            "<p><ac:structured-macro ac:name=\"status\" ac:schema-version=\"1\"><ac:parameter ac:name=\"colour\">Green\
             </ac:parameter><ac:parameter ac:name=\"title\">OK</ac:parameter></ac:structured-macro> <time datetime=\"2026-01-31\"/> \
             <ac:emoticon ac:name=\"smile\"/></p>",
            vec![Block::Paragraph(vec![
                Inline::Status { text: "OK".into(), color: "green".into() },
                text(" "),
                Inline::Date("2026-01-31".into()),
                text(" "),
                Inline::Emoji { name: ":smile:".into(), text: String::new() },
            ])],
        ),
        (
            "<ac:structured-macro ac:name=\"toc\" ac:schema-version=\"1\"><ac:parameter ac:name=\"maxLevel\">3</ac:parameter>\
             </ac:structured-macro><ac:structured-macro ac:name=\"include\" ac:schema-version=\"1\"><ac:parameter ac:name=\"\">\
             <ac:link><ri:page ri:content-title=\"T\"></ri:page></ac:link></ac:parameter></ac:structured-macro>",
            vec![
                Block::Macro(call("toc", &[("maxLevel", "3")], Body::None)),
                Block::Macro(call("include", &[("", "page:/T")], Body::None)),
            ],
        ),
        (
            "<ac:layout><ac:layout-section ac:type=\"two_left_sidebar\"><ac:layout-cell><p>a</p></ac:layout-cell>\
             <ac:layout-cell></ac:layout-cell></ac:layout-section></ac:layout>",
            vec![Block::Container {
                name: "ac:layout".into(),
                extra: Extra { format: Format::Storage, values: serde_json::Map::new() },
                blocks: vec![Block::Columns(vec![
                    Column { width: "30".into(), blocks: vec![Block::text("a")], extra: None },
                    Column { width: "70".into(), blocks: vec![], extra: None },
                ])],
            }],
        ),
        (
            "<ac:adf-extension><x/></ac:adf-extension>",
            vec![source("<ac:adf-extension><x/></ac:adf-extension>")],
        ),
        (
            "<p>see <custom a=\"b\">this</custom></p>",
            vec![Block::Paragraph(vec![
                text("see "),
                Inline::Container {
                    name: "custom".into(),
                    extra: said(&[("a", "b")]).unwrap(),
                    content: vec![text("this")],
                },
            ])],
        ),
    ]
}

#[test]
fn storage_and_model_say_the_same() {
    for (storage, expected) in both_ways() {
        assert_eq!(blocks(storage), expected, "{storage}");
        assert_eq!(render(&expected, &mut Notes::default()), storage);
    }
}

#[test]
fn storage_is_read() {
    let cases = [
        ("<p>A&nbsp;&uuml; &#8211;\n  y</p>", vec![Block::text("A\u{a0}ü – y")]),
        ("a & b &unknown; <!-- c --><p>c</p>", vec![line("a & b &unknown;"), Block::text("c")]),
        ("<p><![CDATA[<b>]]></p>", vec![Block::text("<b>")]),
        ("<p>open", vec![source("<p>open")]),
        ("<p>a</b></p>", vec![source("<p>a</b></p>")]),
        ("<p a=\"1\" a=\"2\"/>", vec![source("<p a=\"1\" a=\"2\"/>")]),
        ("<!DOCTYPE x><p>a</p>", vec![source("<!DOCTYPE x><p>a</p>")]),
        ("<ul>\n<li>a</li>\n</ul>", vec![list(None, vec![vec![line("a")]])]),
    ];
    for (storage, expected) in cases {
        assert_eq!(blocks(storage), expected, "{storage}");
    }
    let mut notes = Notes::default();
    parse("<p>open", &mut notes);
    assert_eq!(
        notes.into_vec()[0].what,
        "the body is kept as its source: not well-formed: `<p>` is not closed"
    );
}

#[test]
fn what_storage_cannot_say_is_written_with_a_note() {
    let code = |text: &str| {
        format!(
            "<ac:structured-macro ac:name=\"code\" ac:schema-version=\"1\"><ac:plain-text-body><![CDATA[{text}]]>\
             </ac:plain-text-body></ac:structured-macro>"
        )
    };
    let adf = || Extra { format: Format::Adf, values: said(&[("a", "b")]).unwrap().values };
    let task = |done| Item { done, blocks: vec![line("t")], extra: None };
    let cases = [
        (
            Block::Card { url: "https://e.com".into(), embed: false },
            "<a href=\"https://e.com\" data-card-appearance=\"block\">https://e.com</a>".to_owned(),
            0,
        ),
        (
            Block::List(List { decisions: true, items: vec![task(None)], ..List::default() }),
            "<ul><li>t</li></ul>".into(),
            1,
        ),
        (
            Block::List(List { items: vec![task(Some(true)), task(None)], ..List::default() }),
            "<ul><li>[x] t</li><li>t</li></ul>".into(),
            1,
        ),
        (
            Block::Panel(Panel { look: Look::Error, title: "T".into(), blocks: vec![] }),
            "<ac:structured-macro ac:name=\"warning\" ac:schema-version=\"1\"><ac:parameter ac:name=\"title\">T\
             </ac:parameter><ac:rich-text-body></ac:rich-text-body></ac:structured-macro>"
                .into(),
            1,
        ),
        (Block::Source { format: Format::Adf, text: "{}".into() }, code("{}"), 1),
        (
            Block::Container { name: "bodiedExtension".into(), extra: adf(), blocks: vec![Block::text("x")] },
            "<p>x</p>".into(),
            1,
        ),
        (Block::text("x").with(Some(adf())), "<p>x</p>".into(), 1),
        (Block::text("a\u{1}b\u{FFFF}"), "<p>a\u{FFFD}b\u{FFFD}</p>".into(), 0),
        (source("a & b"), "a &amp; b".into(), 0),
        (
            Block::Columns(vec![Column { width: "48".into(), ..Column::default() }, Column::default()]),
            "<ac:layout><ac:layout-section ac:type=\"two_equal\"><ac:layout-cell></ac:layout-cell><ac:layout-cell>\
             </ac:layout-cell></ac:layout-section></ac:layout>"
                .into(),
            1,
        ),
    ];
    for (block, expected, count) in cases {
        let mut notes = Notes::default();
        assert_eq!(render(std::slice::from_ref(&block), &mut notes), expected);
        assert_eq!(notes.into_vec().len(), count, "{block:?}");
    }
}

#[test]
fn new_tasks_get_numbers_that_are_free() {
    let task = |id: Option<&str>| Item {
        done: Some(false),
        blocks: vec![line("t")],
        extra: id.and_then(|id| said(&[("ac:task-id", id)])),
    };
    let items = vec![task(None), task(Some("7")), task(None)];
    let written = render(&[Block::List(List { items, ..List::default() })], &mut Notes::default());
    let ids: Vec<&str> =
        written.split("<ac:task-id>").skip(1).filter_map(|rest| rest.split('<').next()).collect();
    assert_eq!(ids, ["8", "7", "9"]);
}

#[test]
fn only_what_is_deep_is_source() {
    let nested = |name: &str, depth: usize| {
        format!("{}x{}", format!("<{name}>").repeat(depth), format!("</{name}>").repeat(depth))
    };
    let mut notes = Notes::default();
    parse(&nested("div", 64), &mut notes);
    assert_eq!(notes.into_vec(), vec![]);
    let mut notes = Notes::default();
    let deep = nested("div", 100_000);
    let written = render(&parse(&deep, &mut notes), &mut notes);
    assert_eq!(written, deep);
    assert_eq!(notes.into_vec()[0].what, "what nests deeper than 64 is kept as its source");
}

/// Blocks that could stand in a line come back as blocks, without a word about it.
#[test]
fn images_beside_macros_are_blocks() {
    for markdown in [
        "<macro name=\"toc\"/>\n\n![i](a.png)",
        "![i](a.png)\n\n<macro name=\"toc\"/>\n\n![j](b.png)\n\ntext",
        "<macro name=\"toc\"/>\n\n[https\\://e.com](https://e.com \"smart-card\")",
    ] {
        assert_eq!(storage_to_markdown(&markdown_to_storage(markdown)), markdown);
    }
}

#[test]
fn the_columns_of_a_table_keep_their_sides() {
    let markdown = "| a | b | c | d |\n|:--|:-:|--:|---|\n| 1 | 2 | 3 | 4 |";
    let storage = markdown_to_storage(markdown);
    assert!(storage.contains("<td style=\"text-align: right;\"><p>3</p></td><td><p>4</p></td>"), "{storage}");
    assert_eq!(storage_to_markdown(&storage), markdown);
    let one = storage.replacen("<th style=\"text-align: right;\">", "<th>", 1);
    let shown = storage_to_markdown(&one);
    assert!(shown.contains("|:--|:-:|---|---|"), "a column with several sides says so at each cell: {shown}");
    assert_eq!(markdown_to_storage(&shown), one);
    let adf = crate::markup::markdown_to_adf(markdown);
    assert!(adf.notes.iter().any(|note| note.what.contains("the alignment")), "{:?}", adf.notes);
}
