//! Whatever a document is, its Markdown is read back as the same document.

use proptest::prelude::*;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::super::document::*;
use super::super::markdown::Detail;
use super::super::markdown::Lines;
use super::super::markdown::parse;
use super::super::markdown::render;

fn read(markdown: &str) -> Vec<Block> {
    parse(markdown, Lines::Joined, &mut Notes::default())
}

/// Text full of what means something in Markdown.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-zäé0-9]{1,6}",
        3 => Just(" ".to_owned()),
        2 => "[*_~`{}\\[\\]|!<>&#+=:?()^@.\\\\/\"'-]{1,4}",
        1 => prop::sample::select(vec![
            "&amp;", "&#124;", "https://e.com/a_b", "www.e.com", "a@e.com", "1. ", "- ", "# ", "> ", "<!--", "-->", "<u>",
            "</u>", "<br>", "<wbr>", "[~ann]", "[!INFO]", "[x] ", "```", "---", "***", "===", "| a |", "🎉", "\u{202E}",
            "\u{200B}", "\u{AD}", "<!--adf {}-->", "<script>", "javascript:x", "[a](b)", "![a](b)", "\\", "  ", "a_b_c", ":-",
        ]).prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 1..6).prop_map(|pieces| pieces.concat())
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof![3 => "[a-z]{1,8}", 1 => text()]
}

fn values(format: Format) -> BoxedStrategy<Map<String, Value>> {
    let value = match format {
        Format::Storage => word().prop_map(Value::String).boxed(),
        _ => prop_oneof![
            word().prop_map(Value::String),
            Just(json!(7)),
            Just(json!({"a": ["|", null, "-->"]}))
        ]
        .boxed(),
    };
    prop::collection::vec(("#?[a-z]{0,5}(:[a-z]{1,4})?", value), 1..3)
        .prop_map(|pairs| pairs.into_iter().collect())
        .boxed()
}

fn extra() -> impl Strategy<Value = Extra> {
    prop::sample::select(vec![Format::Adf, Format::Storage, Format::Wiki])
        .prop_flat_map(|format| values(format).prop_map(move |values| Extra { format, values }))
}

fn source() -> impl Strategy<Value = (Format, String)> {
    (prop::sample::select(vec![Format::Adf, Format::Storage, Format::Wiki]), text())
}

fn image() -> impl Strategy<Value = Image> {
    let size = prop_oneof![2 => Just(String::new()), 1 => "[0-9]{1,3}%?"];
    (address(), text(), prop_oneof![Just(String::new()), word()], size.clone(), size)
        .prop_map(|(url, alt, title, width, height)| Image { url, alt, title, width, height })
}

fn address() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "https://e.com/p_q?a=1&b=2#c",
        "file name (1).png",
        "a<b>|.png",
        "media:1-2",
        "page:DOCS/A title",
        "mailto:a@e.com",
        "#anchor",
        "https://e.com/&amp;x",
        "ftp://x/\\y",
    ])
    .prop_map(str::to_owned)
}

fn call() -> impl Strategy<Value = (String, Vec<(String, String)>)> {
    ("[a-z-]{1,8}", prop::collection::vec((prop_oneof![3 => "[a-zA-Z]{1,6}", 1 => text()], text()), 0..3))
}

fn inline() -> BoxedStrategy<Inline> {
    let mention = (
        prop_oneof!["accountid:[0-9a-f:-]{1,8}", "[a-z.]{1,8}", "userkey:[0-9a-f]{4}", text()],
        prop::option::of(prop_oneof!["@[A-Z][a-z]{1,5}", text()]),
    )
        .prop_map(|(id, name)| Inline::Mention { id, name: name.filter(|name| !name.is_empty()) });
    let leaf = prop_oneof![
        6 => text().prop_map(Inline::Text),
        1 => text().prop_map(Inline::Code),
        1 => address().prop_map(Inline::Card),
        1 => image().prop_map(Inline::Image),
        1 => mention,
        1 => (word(), text()).prop_map(|(name, text)| Inline::Emoji { name: format!(":{name}:"), text: text.trim().to_owned() }),
        1 => "20[0-9]{2}-01-[0-3][0-9]".prop_map(Inline::Date),
        1 => (text(), "[a-z]{3,6}").prop_map(|(text, color)| Inline::Status { text: text.trim().to_owned(), color }),
        1 => word().prop_map(Inline::Anchor),
        1 => call().prop_map(|(name, parameters)| Inline::Macro(Macro { name, parameters, body: Body::None })),
        1 => Just(Inline::Break),
        1 => source().prop_map(|(format, text)| Inline::Source { format, text }),
    ];
    leaf.prop_recursive(2, 6, 3, |inner| {
        let mark = prop_oneof![
            3 => Just(Mark::Strong),
            3 => Just(Mark::Emphasis),
            2 => Just(Mark::Strike),
            1 => Just(Mark::Underline),
            1 => Just(Mark::Subscript),
            1 => Just(Mark::Superscript),
            1 => Just(Mark::Citation),
            1 => Just(Mark::Color("#ff0000".to_owned())),
            1 => Just(Mark::Background("red".to_owned())),
        ];
        let content = prop::collection::vec(inner, 1..3);
        prop_oneof![
            4 => (mark, content.clone()).prop_map(|(mark, content)| Inline::Marked(mark, content)),
            1 => (address(), prop_oneof![Just(String::new()), word()], content.clone())
                .prop_map(|(url, title, content)| {
                    let nests = content.iter().any(links);
                    let content = if nests { vec![Inline::Text("link".to_owned())] } else { content };
                    Inline::Link { url, title, content }
                }),
            1 => ("[a-z]{1,8}(:[a-z]{1,8}|--|_x)?", extra(), content)
                .prop_map(|(name, extra, content)| Inline::Container { name, extra, content }),
        ]
    })
    .boxed()
}

/// Whether there is a link or the like in it: links do not nest.
fn links(piece: &Inline) -> bool {
    matches!(piece, Inline::Link { .. } | Inline::Card(_) | Inline::Mention { .. })
        || piece.children().iter().any(links)
}

fn piece() -> impl Strategy<Value = Inline> {
    prop_oneof![
        6 => inline(),
        1 => (extra(), inline()).prop_map(|(extra, piece)| match piece {
            Inline::Text(_) | Inline::Container { .. } | Inline::Source { .. } | Inline::Break => piece,
            piece => piece.with(Some(extra)),
        }),
    ]
}

fn line() -> impl Strategy<Value = Vec<Inline>> {
    prop::collection::vec(piece(), 1..4)
}

fn code() -> impl Strategy<Value = Code> {
    let body = prop::collection::vec(prop_oneof![text(), Just(String::new())], 0..3)
        .prop_map(|lines| lines.join("\n"));
    let language = prop_oneof![
        2 => Just(String::new()),
        3 => "[a-z]{1,6}",
        1 => text(),
        1 => Just("adf source".to_owned()),
        1 => Just("x source".to_owned()),
    ];
    (language, prop_oneof![2 => Just(String::new()), 1 => "[A-Z][a-z]{1,5}.java", 1 => text()], body)
        .prop_map(|(language, title, text)| Code { language, title, text })
}

fn some_text() -> impl Strategy<Value = Block> {
    prop_oneof![line().prop_map(Block::Paragraph), line().prop_map(Block::Line)]
}

fn block() -> BoxedStrategy<Block> {
    let leaf = prop_oneof![
        4 => some_text(),
        1 => (1_u8..=6, line()).prop_map(|(level, content)| Block::Heading { level, content }),
        1 => code().prop_map(Block::Code),
        1 => Just(Block::Rule),
        1 => Just(Block::Paragraph(Vec::new())),
        1 => (image(), prop_oneof![Just(Vec::new()), line()]).prop_map(|(image, caption)| Block::Picture { image, caption }),
        1 => (address(), any::<bool>()).prop_map(|(url, embed)| Block::Card { url, embed }),
        1 => (call(), prop_oneof![Just(Body::None), text().prop_map(Body::Text)])
            .prop_map(|((name, parameters), body)| Block::Macro(Macro { name, parameters, body })),
        1 => source().prop_map(|(format, text)| Block::Source { format, text }),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let blocks = || prop::collection::vec(inner.clone(), 0..3);
        let item = (prop::option::of(any::<bool>()), blocks(), prop::option::weighted(0.1, extra()))
            .prop_map(|(done, blocks, extra)| Item { done, blocks, extra });
        let list = (prop::option::of(0_u64..12), any::<bool>(), prop::collection::vec(item, 1..4)).prop_map(
            |(start, decisions, items)| Block::List(List { start, decisions: decisions && start.is_none(), items }),
        );
        let cell = (any::<bool>(), 0_u32..3, 0_u32..3, blocks(), prop::option::weighted(0.1, extra()))
            .prop_map(|(header, columns, rows, blocks, extra)| Cell { header, columns, rows, blocks, extra });
        let simple = (any::<bool>(), prop::collection::vec(line().prop_map(Block::Paragraph), 0..2), prop::option::weighted(0.1, extra()))
            .prop_map(|(header, blocks, extra)| Cell { header, blocks, extra, ..Cell::default() });
        let row = (prop_oneof![prop::collection::vec(cell, 1..3), prop::collection::vec(simple, 2)], prop::option::weighted(0.1, extra()))
            .prop_map(|(cells, extra)| Row { cells, extra });
        let look = prop::sample::select(vec![
            Look::Info, Look::Note, Look::Tip, Look::Success, Look::Warning, Look::Error, Look::Plain,
        ]);
        let column = ("[0-9]{0,2}", blocks(), prop::option::weighted(0.2, extra()))
            .prop_map(|(width, blocks, extra)| Column { width, blocks, extra });
        let title = || prop_oneof![Just(String::new()), text().prop_map(|text| text.trim().to_owned())];
        let one = prop_oneof![
            3 => list,
            1 => blocks().prop_map(Block::Quote),
            1 => (look, title(), blocks()).prop_map(|(look, title, blocks)| Block::Panel(Panel { look, title, blocks })),
            1 => (title(), blocks()).prop_map(|(title, blocks)| Block::Expand { title, blocks }),
            2 => prop::collection::vec(row, 1..3).prop_map(|rows| Block::Table(Table { rows })),
            1 => prop::collection::vec(column, 1..3).prop_map(Block::Columns),
            1 => (call(), blocks()).prop_map(|((name, parameters), blocks)| Block::Macro(Macro { name, parameters, body: Body::Blocks(blocks) })),
            1 => ("[a-z]{1,8}(:[a-z]{1,8}|--|_x)?", extra(), blocks()).prop_map(|(name, extra, blocks)| Block::Container { name, extra, blocks }),
        ];
        (one, prop::option::weighted(0.2, extra())).prop_map(|(block, extra)| match block {
            Block::Container { .. } | Block::Source { .. } => block,
            block => block.with(extra),
        })
    })
    .boxed()
}

/// The normal form: neighbouring text is one, marks hold something, text has no white space at its edges, and what is
/// nothing at all is left out.
fn settle(blocks: Vec<Block>) -> Vec<Block> {
    blocks.into_iter().filter_map(settled).collect()
}

fn settled(block: Block) -> Option<Block> {
    Some(match block {
        Block::Heading { level, content } => Block::Heading { level, content: settled_line(&content) },
        Block::Paragraph(content) => Block::Paragraph(settled_line(&content)),
        Block::Line(content) => {
            let content = settled_line(&content);
            return (!content.is_empty()).then_some(Block::Line(content));
        }
        Block::List(list) => {
            let items: Vec<Item> =
                list.items.into_iter().map(|item| Item { blocks: settle(item.blocks), ..item }).collect();
            return (!items.is_empty()).then_some(Block::List(List { items, ..list }));
        }
        Block::Quote(inner) => Block::Quote(settle(inner)),
        Block::Panel(panel) => Block::Panel(Panel { blocks: settle(panel.blocks), ..panel }),
        Block::Expand { title, blocks } => Block::Expand { title, blocks: settle(blocks) },
        Block::Table(table) => Block::Table(Table {
            rows: table
                .rows
                .into_iter()
                .map(|row| {
                    let cells = row.cells.into_iter().map(|cell| {
                        let blocks = settle(cell.blocks);
                        // A cell always has room for a paragraph.
                        let is_blank =
                            matches!(blocks.as_slice(), [Block::Paragraph(content)] if content.is_empty());
                        Cell { blocks: if is_blank { Vec::new() } else { blocks }, ..cell }
                    });
                    Row { cells: cells.collect(), extra: row.extra }
                })
                .collect(),
        }),
        Block::Columns(columns) => Block::Columns(
            columns.into_iter().map(|column| Column { blocks: settle(column.blocks), ..column }).collect(),
        ),
        Block::Picture { image, caption } => Block::Picture { image, caption: settled_line(&caption) },
        Block::Macro(Macro { name, parameters, body: Body::Blocks(blocks) }) => {
            Block::Macro(Macro { name, parameters, body: Body::Blocks(settle(blocks)) })
        }
        Block::Container { name, extra, blocks } => Block::Container { name, extra, blocks: settle(blocks) },
        Block::With { extra, block } => return settled(*block).map(|block| block.with(Some(extra))),
        other => other,
    })
}

fn settled_line(content: &[Inline]) -> Vec<Inline> {
    trim(tidy(content))
}

fn check(blocks: Vec<Block>) -> Result<(), TestCaseError> {
    let wanted = settle(blocks);
    let markdown = render(&wanted, Detail::All, true);
    let found = settle(read(&markdown));
    prop_assert_eq!(&found, &wanted, "\n{}\n", markdown);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn text_comes_back(content in prop::collection::vec(text().prop_map(Inline::Text), 1..3)) {
        check(vec![Block::Paragraph(content)])?;
    }

    #[test]
    fn running_text_comes_back(content in line()) {
        check(vec![Block::Paragraph(content)])?;
    }

    #[test]
    fn blocks_come_back(blocks in prop::collection::vec(block(), 1..4)) {
        check(blocks)?;
    }

    #[test]
    fn reading_for_people_never_fails(blocks in prop::collection::vec(block(), 1..4)) {
        let shown = render(&blocks, Detail::Text, true);
        read(&shown);
    }
}

/// People write a line feed to Jira where they want a new line; a page of Confluence is `CommonMark`.
#[test]
fn lines_stay_lines_for_jira_alone() {
    let kinds = |markdown: &str| {
        let adf = crate::markup::markdown_to_adf(markdown).value;
        let content = adf["content"].as_array().unwrap().clone();
        content.iter().map(ToString::to_string).collect::<String>().matches("hardBreak").count()
    };
    let table = [
        ("line1\nline2", 1, "<p>line1 line2</p>"),
        ("**Title**\ntext", 1, "<p><strong>Title</strong> text</p>"),
        ("> one\n> two", 1, "<blockquote><p>one two</p></blockquote>"),
        ("1. a\n2. b\nDone", 1, "<ol><li>a</li><li>b Done</li></ol>"),
        ("> [!INFO]\n> text", 0, ""),
        ("a\\\nb", 1, "<p>a<br/>b</p>"),
        ("a\n\nb", 0, "<p>a</p><p>b</p>"),
    ];
    for (markdown, breaks, storage) in table {
        assert_eq!(kinds(markdown), breaks, "{markdown}");
        let written = crate::markup::markdown_to_storage(markdown).value;
        assert!(storage.is_empty() || written == storage, "{markdown}: {written}");
    }
}

#[test]
fn bars_behind_backslashes_come_back_in_cells() {
    for code in ["|", "\\|", "\\\\|", "\\\\\\|", "a\\||b", "\\| \\|", " \\|", "`\\|`", "\\|\\"] {
        let of = |blocks| Cell { header: true, columns: 0, rows: 0, blocks, extra: None };
        let content = vec![Inline::Text("x".into()), Inline::Code(code.into()), Inline::Text("y".into())];
        let cells = vec![of(vec![Block::Paragraph(content)]), of(Vec::new())];
        check(vec![Block::Table(Table { rows: vec![Row { cells, extra: None }] })]).unwrap();
    }
}
