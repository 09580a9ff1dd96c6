//! Whatever is read or made up, what is written is well-formed, runs nothing, and costs little.

use proptest::prelude::*;
use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::Map;
use serde_json::Value;

use super::storage::rendered;
use crate::markup::document::Block;
use crate::markup::document::Body;
use crate::markup::document::Extra;
use crate::markup::document::Format;
use crate::markup::document::Image;
use crate::markup::document::Inline;
use crate::markup::document::Macro;
use crate::markup::document::Mark;
use crate::markup::document::Notes;
use crate::markup::storage::render;
use crate::markup::storage::sections;

/// What runs in the markup; read without any of our own code.
fn live(storage: &str) -> Vec<String> {
    let source = format!("<page>{storage}</page>");
    let mut reader = Reader::from_str(&source);
    let mut found = Vec::new();
    loop {
        match reader.read_event().unwrap_or_else(|error| panic!("{error}: {storage}")) {
            Event::Start(tag) | Event::Empty(tag) => {
                let name = tag.name().as_ref().to_lowercase();
                let local = name.rsplit(':').next().unwrap();
                let live = ["script", "style", "iframe", "object", "embed", "form"];
                found.extend(live.contains(&local).then(|| name.clone()));
                for attribute in tag.attributes() {
                    let attribute = attribute.unwrap();
                    let key = attribute.key.as_ref().to_lowercase();
                    let value = attribute.value.replace("&#10;", "").replace("&#9;", "").to_lowercase();
                    let is_text = matches!(
                        key.as_str(),
                        "ac:alt" | "alt" | "title" | "ac:title" | "ac:name" | "data-x"
                    );
                    let runs =
                        value.replace(|letter: char| letter.is_whitespace(), "").starts_with("javascript:");
                    found.extend(
                        (key.starts_with("on") || (runs && !is_text)).then(|| format!("{key}={value}")),
                    );
                }
            }
            Event::Eof => return found,
            Event::DocType(_) => found.push("doctype".to_owned()),
            _ => {}
        }
    }
}

const LIVE: [&str; 16] = [
    "<script>alert(1)</script>",
    "<SCRIPT>alert(1)</SCRIPT>",
    "<x:script xmlns:x=\"http://www.w3.org/1999/xhtml\">alert(1)</x:script>",
    "<iframe src=\"https://e.com\"/>",
    "<object data=\"x\"/>",
    "<embed src=\"x\"/>",
    "<form action=\"x\"><input/></form>",
    "<style>p { color: red }</style>",
    "<p onclick=\"alert(1)\">x</p>",
    "<p ONMOUSEOVER=\"alert(1)\">x</p>",
    "<a href=\"javascript:alert(1)\">x</a>",
    "<a href=\" java&#10;script:alert(1)\">x</a>",
    "<a href=\"&#106;avascript:alert(1)\">x</a>",
    "<ac:image><ri:url ri:value=\"javascript:alert(1)\"/></ac:image>",
    "<img src=\"x\" onerror=\"alert(1)\"/>",
    "<p style=\"background: url(javascript:alert(1))\">x</p>",
];

#[test]
fn nothing_live_comes_out() {
    let places = [
        "{}",
        "<p>a {} b</p>",
        "<ul><li>{}</li></ul>",
        "<table><tbody><tr><td>{}</td></tr></tbody></table>",
        "<pre>{}</pre>",
        "<ac:structured-macro ac:name=\"x\"><ac:rich-text-body>{}</ac:rich-text-body></ac:structured-macro>",
        "<ac:structured-macro ac:name=\"x\"><ac:parameter ac:name=\"y\">{}</ac:parameter></ac:structured-macro>",
        "<ac:adf-extension>{}</ac:adf-extension>",
        "<ac:link><ri:page ri:content-title=\"T\"/><ac:link-body>{}</ac:link-body></ac:link>",
        "<ac:task-list><ac:task><ac:task-id>1</ac:task-id><ac:task-status>complete</ac:task-status>\
         <ac:task-body>{}</ac:task-body></ac:task></ac:task-list>",
        "<table>{}<tbody><tr><td>x</td></tr></tbody></table>",
        "<ul>{}<li>x</li></ul>",
        "<unknown>{}</unknown>",
        "<strong><code>{}</code></strong>",
    ];
    for live_source in LIVE {
        for place in places {
            let written = rendered(&place.replace("{}", live_source));
            assert_eq!(live(&written), Vec::<String>::new(), "{written}");
            assert!(written.contains("alert") || !live_source.contains("alert"), "{written}");
        }
    }
}

fn storage(text: &str) -> Block {
    Block::Source { format: Format::Storage, text: text.to_owned() }
}

fn said(key: &str, value: &str) -> Extra {
    Extra { format: Format::Storage, values: Map::from_iter([(key.to_owned(), Value::from(value))]) }
}

#[test]
fn nothing_live_is_written_from_markdown() {
    let text = || vec![Inline::Text("x".to_owned())];
    let script = "javascript:alert(1)".to_owned();
    let blocks = vec![
        Block::Container { name: "script".into(), extra: said("a", "b"), blocks: vec![Block::text("x")] },
        Block::Container { name: "div onclick".into(), extra: said("onclick", "x"), blocks: vec![] },
        Block::Container { name: "div".into(), extra: said("onclick", "x"), blocks: vec![Block::text("x")] },
        Block::Paragraph(text()).with(Some(said("onclick", "x"))),
        Block::Paragraph(text()).with(Some(said("a onclick", "x"))),
        Block::Paragraph(text()).with(Some(said("a\"><script", "x"))),
        Block::Card { url: script.clone(), embed: true },
        Block::Picture { image: Image { url: script.clone(), ..Image::default() }, caption: vec![] },
        Block::Macro(Macro {
            name: "x\"><script>".into(),
            parameters: vec![("<script>".into(), "<script>".into())],
            body: Body::Text("]]><script>".into()),
        }),
        Block::Macro(Macro { name: "x".into(), parameters: vec![], body: Body::None })
            .with(Some(said("ac:onclick", "x"))),
        Block::Paragraph(vec![
            Inline::Link { url: script.clone(), title: String::new(), content: text() },
            Inline::Card(script.clone()),
            Inline::Marked(Mark::Color("red;background:url(javascript:x)".into()), text()),
            Inline::Marked(Mark::Color("red".into()), text()).with(Some(said("style", "behavior:url(x)"))),
            Inline::Image(Image { url: "a.png".into(), ..Image::default() })
                .with(Some(said("#owner", "<script/>"))),
            Inline::Source { format: Format::Storage, text: "<script>x</script>".into() },
            Inline::Source { format: Format::Storage, text: "<p>block</p>".into() },
            Inline::Source { format: Format::Wiki, text: "{color}".into() },
            Inline::Container { name: "iframe".into(), extra: said("src", "x"), content: text() },
            Inline::Mention { id: "a\" onclick=\"x".into(), name: None },
            Inline::Date("\" onclick=\"x".into()),
        ]),
        storage("<p>open"),
        storage("<!DOCTYPE x [<!ENTITY a \"b\">]><p>&a;</p>"),
        storage("<p>a</p><script>x</script>"),
    ];
    let mut notes = Notes::default();
    let written = render(&blocks, &mut notes);
    assert_eq!(live(&written), Vec::<String>::new(), "{written}");
    assert_eq!(notes.into_vec().len(), 14, "{written}");
    for kept in [
        "&lt;p&gt;block&lt;/p&gt;",
        "<![CDATA[<p>open]]>",
        "<![CDATA[<p>a</p><script>x</script>]]>",
        "{color}",
    ] {
        assert!(written.contains(kept), "{kept}: {written}");
    }
}

fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        2 => "\\PC{0,6}",
        2 => any::<String>(),
        4 => "(<p>|</p>|<b>|</b>|<ul><li>|</li></ul>|<br/>|&uuml;|&#1;|&|<!\\[CDATA\\[|\\]\\]>|<!--|-->|<\\?x \\?>|<a href=\"|\">|</a>|<ac:link>|</ac:link>)",
        1 => prop::sample::select(LIVE.to_vec()).prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn every_text_is_read_and_written(text in hostile()) {
        let written = rendered(&text);
        prop_assert_eq!(live(&written), Vec::<String>::new(), "{}", written);
        let written = render(&[storage(&text), Block::Paragraph(vec![Inline::Source { format: Format::Storage, text }])], &mut Notes::default());
        prop_assert_eq!(live(&written), Vec::<String>::new(), "{}", written);
    }
}

#[test]
fn depth_and_length_cost_little() {
    const COUNT: usize = 100_000;
    let names =
        ["div", "blockquote", "strong", "custom", "ul", "span", "ac:layout", "ac:link", "p", "table", "h1"];
    let nested = |open: &str, close: &str| format!("{}x{}", open.repeat(COUNT), close.repeat(COUNT));
    let mut pages: Vec<String> =
        names.iter().map(|name| nested(&format!("<{name}>"), &format!("</{name}>"))).collect();
    pages.push(nested("<ul><li>", "</li></ul>"));
    pages.push(nested("<table><tbody><tr><td>", "</td></tr></tbody></table>"));
    pages.push(nested(
        "<ac:structured-macro ac:name=\"a\"><ac:rich-text-body>",
        "</ac:rich-text-body></ac:structured-macro>",
    ));
    pages.push(nested("<em><strong>a ", "</strong></em>"));
    let pieces = [
        "<",
        "<p>",
        "<p></p>",
        "&",
        "&uuml;",
        "<![CDATA[",
        "<br/>",
        "<b>x </b>",
        "<a b=\"",
        "<!--",
        "]]>",
        "<b> x</b>a",
        "<a href=\"x\">y</a>",
        "x <ac:structured-macro ac:name=\"b\"/>",
        "<p>a</p>b",
        "<h1>a</h1>",
        "<ul><li>a</li></ul>",
        "\r",
        " \n",
    ];
    pages.extend(pieces.map(|piece| piece.repeat(COUNT)));
    let attributes: Vec<String> = (0..COUNT).map(|index| format!(" a{index}=\"\"")).collect();
    pages.push(format!("<p{}>x</p>", attributes.concat()));
    let parameter = |index| format!("<ac:parameter ac:name=\"a{index}\">x</ac:parameter>");
    let parameters: Vec<String> = (0..COUNT).map(parameter).collect();
    pages
        .push(format!("<ac:structured-macro ac:name=\"code\">{}</ac:structured-macro>", parameters.concat()));
    let thread = std::thread::Builder::new().stack_size(2 * 1024 * 1024);
    let answer = thread.spawn(move || {
        for page in pages {
            let written = rendered(&page);
            let _ = sections(&page);
            let begin: String = page.chars().take(40).collect();
            assert!(written.len() < 20 * page.len(), "{begin}");
        }
    });
    answer.unwrap().join().unwrap();
}
