//! Properties of whole conversions: nothing panics, and nothing is lost on the way through Markdown.

use proptest::prelude::*;
use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::Value;
use serde_json::json;

use super::adf_to_markdown;
use super::markdown_to_adf;
use super::markdown_to_storage;
use super::markdown_to_wiki;
use super::storage_forms;
use super::storage_forms::canonical;
use super::storage_to_markdown;
use super::wiki_to_markdown;
use crate::markup::clean;

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

/// Wiki markup as people write it, with macros that are not known.
fn wiki() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        3 => "[a-zä]{1,8}( [a-z*_+^~-]{1,6}){0,3}",
        1 => prop::sample::select(vec![
            "h2. Title", "* a\n** b\n# c", "# one\n## two\n#* three", "||A||B||\n|1|[x|https://e.com]|", "bq. said",
            "{quote}\na\n\n* b\n{quote}", "{code:java|title=A.java}\nx = {1}\n{code}", "{code}\ny\n{code}",
            "{noformat}\n*x*\n{noformat}", "{panel:title=T|bgColor=#eee}\nin\n\n* list\n{panel}",
            "{info}\nread this\n{info}", "{expand:More}\nhidden\n{expand}", "{mermaid:theme=dark}\na-->b\n{mermaid}",
            "{color:red}hot{color} and {color:#00ff00}green *bold*{color}", "{status:colour=Green|title=DONE} {anchor:here}",
            "[~ann] [~accountid:5b] [#here] [^file.txt] [tip|https://e.com|a tip] [x|https://e.com|smart-link]",
            "!a.png|thumbnail! text !b.png|width=300,alt=words!", "!alone.png|width=50%!", "----", "a\\\\b (/) :) {*}x{*}y",
            "{{mono}} H~2~O ^up^ ??cite?? +ins+ -del-", "* [ ] todo\n* [x] done", "{toc:maxLevel=2}", "OPS-1 https://e.com/a_b_c.",
            "* a\n{code}\nin item\n{code}\n* b", "|a\nb|c|", "|* a\n* b|{code}\nx\n\ny\n{code}|",
            "||A|{panel:title=T}\nin\n\n# x\n{panel}|", "|a{code}x{code}b|c|\n|d|", "- a\n-- b\n- c", "|h2. T|bq. q|",
            "|{quote}said\n\n* x{quote}|{mermaid}\na|b\n{mermaid}|e\n\nend", "* h1. a\n* bq. b", "|{unknown}\n{x}|",
        ]).prop_map(str::to_owned),
    ];
    prop::collection::vec(line, 1..6).prop_map(|lines| lines.join("\n\n"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

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
    fn a_page_survives_markdown(storage in storage_forms::document()) {
        let markdown = storage_to_markdown(&storage);
        let back = markdown_to_storage(&markdown);
        prop_assert_eq!(canonical(&back), canonical(&storage), "{}\n=>\n{}\n=>\n{}", storage, markdown, back);
    }

    #[test]
    fn wiki_markup_survives_markdown(wiki in wiki()) {
        let markdown = wiki_to_markdown(&wiki);
        let back = markdown_to_wiki(&markdown);
        prop_assert_eq!(wiki_to_markdown(&back), markdown.clone(), "{}\n=>\n{}\n=>\n{}", wiki, markdown, back);
    }

    #[test]
    fn markdown_is_settled_after_one_round(text in hostile()) {
        let first = storage_to_markdown(&markdown_to_storage(&text));
        let second = storage_to_markdown(&markdown_to_storage(&first));
        prop_assert_eq!(&first, &second);
    }
}
