//! Markdown by way of another format and back is its normal form, as far as that format has a word for it.

use proptest::prelude::Just;
use proptest::prelude::ProptestConfig;
use proptest::prelude::Strategy;
use proptest::prelude::prop;
use proptest::prop_assert_eq;
use proptest::prop_oneof;
use proptest::proptest;

use super::super::Detail;
use super::super::document::Format;
use super::super::document::Notes;
use super::super::markdown;
use super::super::markdown::Lines;
use super::adf_to_markdown;
use super::markdown_to_adf;
use super::markdown_to_storage;
use super::markdown_to_wiki;
use super::storage_to_markdown;
use super::wiki_to_markdown;

/// Markdown as it would be written for what it says.
fn normal(text: &str, lines: Lines) -> String {
    markdown::render(&markdown::parse(text, lines, &mut Notes::default()), Detail::All, false)
}

/// A piece of running text.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        // Two spaces are one to Confluence.
        4 => "[a-zäß][a-z0-9 ,.()'!?:;=&<>@%$\"/-]{0,12}[a-z]".prop_map(|text| {
            text.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
        }),
        1 => "[a-z日é]{1,6}".prop_map(|word| format!("**{word}**")),
        1 => "[a-z]{1,6}( [a-z]{1,4})?".prop_map(|word| format!("*{word}*")),
        1 => "[a-z]{1,6}".prop_map(|word| format!("~~{word}~~")),
        1 => "[a-z][a-z_*|\\[\\]{}]{0,6}[a-z]".prop_map(|code| format!("`{code}`")),
        1 => "[a-z]{1,6}".prop_map(|word| format!("<u>{word}</u>")),
        1 => "[a-z]{1,6}".prop_map(|word| format!("H<sub>{word}</sub>O")),
        1 => "[a-z]{1,6}".prop_map(|word| format!("[{word}](https://example.com/{word}?a=b&c=d_e)")),
        1 => "[a-z]{1,6}".prop_map(|word| format!("https://example.com/{word}_x")),
        1 => "[a-z]{1,6}".prop_map(|word| format!("**a *{word}* b**")),
        1 => "[a-z]{1,6}".prop_map(|word| format!("https://example.com/?a={word}&b=c_d")),
        1 => "[a-z]{1,6}".prop_map(|word| format!("{word}.x@example.com")),
        1 => Just("<span style=\"color: #ff5630\">hot</span>".to_owned()),
        1 => Just("[~accountid:5b10ac8d82e05b22cc7d4ef5]".to_owned()),
        1 => "[\\\\*_\\[\\]{}|~^+!#-]{1,3}[a-z]".prop_map(|signs| {
            signs.chars().flat_map(|sign| ['\\', sign].into_iter().skip(usize::from(sign.is_alphanumeric()))).collect()
        }),
    ]
}

fn line() -> impl Strategy<Value = String> {
    prop::collection::vec(piece(), 1..4).prop_map(|pieces| pieces.join(" "))
}

fn indented(text: &str, by: &str) -> String {
    text.lines().flat_map(|line| ["\n", by, line]).collect()
}

fn list() -> impl Strategy<Value = String> {
    let marker = prop::sample::select(vec!["- ", "1. "]);
    let flat = (marker.clone(), prop::collection::vec(line(), 1..4)).prop_map(|(marker, items)| {
        items.iter().map(|item| format!("{marker}{item}")).collect::<Vec<_>>().join("\n")
    });
    flat.prop_recursive(3, 12, 3, move |inner| {
        (marker.clone(), prop::collection::vec((line(), inner), 1..3)).prop_map(|(marker, items)| {
            let by = " ".repeat(marker.len());
            let items: Vec<_> =
                items.iter().map(|(item, inner)| format!("{marker}{item}{}", indented(inner, &by))).collect();
            items.join("\n")
        })
    })
}

fn tasks() -> impl Strategy<Value = String> {
    let task = (prop::bool::ANY, line())
        .prop_map(|(done, text)| format!("- [{}] {text}", if done { 'x' } else { ' ' }));
    prop::collection::vec(task, 1..4).prop_map(|tasks| tasks.join("\n"))
}

fn table() -> impl Strategy<Value = String> {
    let cell = prop_oneof!["[a-z]{1,5}", "[a-z]{1,5}".prop_map(|word| format!("**{word}**"))];
    prop::collection::vec([cell.clone(), cell], 2..4).prop_map(|rows| {
        let mut lines: Vec<String> = rows.iter().map(|row| format!("| {} |", row.join(" | "))).collect();
        lines.insert(1, "| --- | --- |".to_owned());
        lines.join("\n")
    })
}

/// Blocks that every format has a word for.
fn block() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => line(),
        1 => (1..7_usize, line()).prop_map(|(level, text)| format!("{} {text}", "#".repeat(level))),
        2 => list(),
        1 => tasks(),
        1 => table(),
        1 => Just("---".to_owned()),
        1 => "[a-z =;.{}*|-]{0,12}\n[a-z<>&\"' ]{1,9}[a-z]".prop_map(|code| format!("```java\n{code}\n```")),
        1 => line().prop_map(|text| format!("> {text}")),
        1 => (line(), line()).prop_map(|(one, two)| format!("> {one}\n>\n> {two}")),
        1 => (prop::sample::select(vec!["INFO", "NOTE", "WARNING"]), line())
            .prop_map(|(look, text)| format!("> [!{look}]\n> {text}")),
        1 => line().prop_map(|text| format!("<details>\n<summary>More</summary>\n\n{text}\n\n</details>")),
        1 => (line(), line()).prop_map(|(one, two)| format!("{one} x\\\n{two}")),
        1 => (line(), line()).prop_map(|(one, two)| format!("{one}\nx {two}")),
        1 => (line(), line()).prop_map(|(one, two)| format!("1. {one}\n2. x\nx {two}")),
        1 => (line(), line()).prop_map(|(one, two)| format!("> {one}\n> x {two}\nx")),
        1 => Just("![words](https://example.com/a.png)".to_owned()),
    ]
}

fn document() -> impl Strategy<Value = String> {
    prop::collection::vec(block(), 1..5).prop_map(|blocks| blocks.join("\n\nnext\n\n"))
}

/// Without the numbers of tasks, which Confluence tells them apart by: they are kept when a page is read.
fn without_numbers(markdown: &str) -> String {
    let mut text = markdown.to_owned();
    for number in 1..20 {
        text = text.replace(&format!("<!--storage:item {{\"ac:task-id\":\"{number}\"}}-->"), "");
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    #[test]
    fn markdown_comes_back_in_its_normal_form(text in document()) {
        for lines in [Lines::Joined, Lines::Kept] {
            let normal = normal(&text, lines);
            prop_assert_eq!(super::normal_form::normal(&normal, lines), normal, "not settled");
        }
        let joined = normal(&text, Lines::Joined);
        let storage = markdown_to_storage(&text);
        let back = without_numbers(&storage_to_markdown(&storage));
        prop_assert_eq!(back, joined, "{:?}\n{}\n{}", Format::Storage, text, storage);
        let kept = normal(&text, Lines::Kept);
        let adf = markdown_to_adf(&text);
        prop_assert_eq!(adf_to_markdown(&adf), kept.clone(), "{:?}\n{}\n{}", Format::Adf, text, adf);
        let wiki = markdown_to_wiki(&text);
        prop_assert_eq!(wiki_to_markdown(&wiki), kept, "{:?}\n{}\n{}", Format::Wiki, text, wiki);
    }
}
