//! What becomes of images, marks and macros that Jira Cloud does not have.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::super::super::document::Block;
use super::super::super::document::Body;
use super::super::super::document::Extra;
use super::super::super::document::Format;
use super::super::super::document::Image;
use super::super::super::document::Inline;
use super::super::super::document::Macro;
use super::super::super::document::Mark;
use super::examples::check;
use super::examples::node;
use super::examples::paragraph;
use super::examples::strong;
use super::examples::text;

fn link(text: &str, href: &str) -> Value {
    json!({ "type": "text", "text": text, "marks": [{ "type": "link", "attrs": { "href": href } }] })
}

fn image(url: &str) -> Image {
    Image { url: url.to_owned(), alt: "alt".to_owned(), ..Image::default() }
}

fn storage() -> Extra {
    let values = Map::from_iter([("class".to_owned(), json!("x"))]);
    Extra { format: Format::Storage, values }
}

fn call(name: &str, parameters: &[(&str, &str)], body: Body) -> Macro {
    let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Macro { name: name.to_owned(), parameters: parameters.collect(), body }
}

#[test]
fn images_are_media_or_links() {
    let external = json!([{ "type": "mediaSingle", "attrs": { "layout": "center" }, "content": [
        { "type": "media", "attrs": { "type": "external", "url": "https://e.com/i.png", "alt": "alt" } },
    ] }]);
    let web = || Inline::Image(image("https://e.com/i.png"));
    let mut linked = external.clone();
    linked[0]["marks"] = json!([{ "type": "link", "attrs": { "href": "https://e.com" } }]);
    check([
        (Block::Paragraph(vec![web()]), external, &[] as &[_]),
        (
            Block::Paragraph(vec![Inline::Link {
                url: "https://e.com".to_owned(),
                title: String::new(),
                content: vec![web()],
            }]),
            linked,
            &[],
        ),
        (
            Block::Paragraph(vec![text("see "), web()]),
            json!([{ "type": "paragraph", "content": [node("see ")] }, {
                "type": "mediaSingle",
                "attrs": { "layout": "center" },
                "content": [{
                    "type": "media",
                    "attrs": { "type": "external", "url": "https://e.com/i.png", "alt": "alt" },
                }],
            }]),
            &["an image in running text became a block of its own"],
        ),
        (
            Block::Paragraph(vec![Inline::Image(image("media:7"))]),
            json!([paragraph(&json!({ "type": "mediaInline", "attrs": {
                "id": "7", "alt": "alt", "type": "image", "collection": "",
            } }))]),
            &[],
        ),
        (
            Block::Picture { image: image("file.png"), caption: vec![text("c")] },
            json!([paragraph(&node("alt")), paragraph(&node("c"))]),
            &["an image that is no file of Cloud became its name"],
        ),
    ]);
}

#[test]
fn running_text_has_the_marks_that_it_can_have() {
    let marked = |mark, piece| Inline::Marked(mark, vec![piece]);
    let code = Inline::Code("c".to_owned());
    let cases: [(Inline, Value, &[&str]); 9] = [
        (marked(Mark::Strong, marked(Mark::Strong, text("a"))), strong("a"), &[]),
        (
            marked(Mark::Strong, code),
            json!({ "type": "text", "text": "c", "marks": [{ "type": "code" }] }),
            &["code lost the other marks that it had"],
        ),
        (
            marked(Mark::Color("RED".to_owned()), text("a")),
            json!({ "type": "text", "text": "a", "marks": [{ "type": "textColor", "attrs": { "color": "#ff0000" } }] }),
            &[],
        ),
        (
            marked(Mark::Background("var(--x)".to_owned()), text("a")),
            node("a"),
            &["a colour that is not `#rrggbb` was left out"],
        ),
        (
            Inline::Link {
                url: "javascript:alert(1)".to_owned(),
                title: String::new(),
                content: vec![text("a")],
            },
            node("a"),
            &["a link that would run a script became its text"],
        ),
        (
            Inline::Link { url: "https://e.com".to_owned(), title: String::new(), content: Vec::new() },
            link("https://e.com", "https://e.com"),
            &[],
        ),
        (
            Inline::Mention { id: "ann".to_owned(), name: None },
            node("[~ann]"),
            &["a mention without the id of an account became text"],
        ),
        (
            marked(Mark::Strong, Inline::Status { text: "S".to_owned(), color: "pink".to_owned() }),
            json!({ "type": "status", "attrs": { "text": "S", "color": "neutral" } }),
            &["the colour of a status became neutral", "a status lost its marks: it can have none"],
        ),
        (
            Inline::Container { name: "span".to_owned(), extra: storage(), content: vec![text("a")] },
            node("a"),
            &["a span of the storage format became its text"],
        ),
    ];
    check(cases.map(|(piece, expected, notes)| {
        (Block::Paragraph(vec![piece]), json!([paragraph(&expected)]), notes)
    }));
}

#[test]
fn other_formats_stay_readable() {
    let source = |format, text: &str| Block::Source { format, text: text.to_owned() };
    let code = |language: &str, text: &str| json!([{ "type": "codeBlock", "attrs": { "language": language }, "content": [node(text)] }]);
    let container =
        Block::Container { name: "div".to_owned(), extra: storage(), blocks: vec![Block::text("p")] };
    check([
        (
            source(Format::Storage, "<x/>"),
            code("xml", "<x/>"),
            &["source of the storage format became code"] as &[_],
        ),
        (source(Format::Adf, "{"), code("json", "{"), &["source of the adf format became code"]),
        (
            Block::Quote(vec![source(Format::Adf, r#"{"type":"rule"}"#)]),
            json!([{ "type": "blockquote", "content": code("json", r#"{"type":"rule"}"#) }]),
            &["source of the adf format became code"],
        ),
        (source(Format::Adf, r#"{"type":"new"}"#), json!([{ "type": "new" }]), &[]),
        (container, json!([paragraph(&node("p"))]), &["a div of the storage format became its blocks"]),
        (
            Block::text("p").with(Some(storage())),
            json!([paragraph(&node("p"))]),
            &["what the storage format says besides was left out"],
        ),
    ]);
}

#[test]
fn macros_become_what_jira_has() {
    let status = json!({ "type": "status", "attrs": { "text": "S", "color": "green" } });
    let code = |text: &str| json!({ "type": "text", "text": text, "marks": [{ "type": "code" }] });
    let body = || Body::Blocks(vec![Block::text("p")]);
    check([
        (Block::Macro(call("toc", &[], Body::None)), json!([]), &["the macro toc was left out"] as &[_]),
        (
            Block::Macro(call("status", &[("title", "S"), ("colour", "Green")], Body::None)),
            json!([paragraph(&status)]),
            &[],
        ),
        (
            Block::Macro(call("jira", &[("server", "x"), ("key", "OPS-1")], Body::None)),
            json!([paragraph(&node("OPS-1"))]),
            &["the macro jira became the key of the issue"],
        ),
        (
            Block::Macro(call("expand", &[("title", "T")], body())),
            json!([{ "type": "expand", "attrs": { "title": "T" }, "content": [paragraph(&node("p"))] }]),
            &[],
        ),
        (
            Block::Macro(call("excerpt", &[], body())),
            json!([paragraph(&node("p"))]),
            &["the macro excerpt became what it holds"],
        ),
        (
            Block::Macro(call("html", &[], Body::Text("<b>".to_owned()))),
            json!([{ "type": "codeBlock", "attrs": {}, "content": [node("<b>")] }]),
            &["the macro html became a code block"],
        ),
        (
            Block::Macro(call("gallery", &[("", "a"), ("columns", "2")], Body::None)),
            json!([paragraph(&code("{gallery:a|columns=2}"))]),
            &["the macro gallery became code"],
        ),
    ]);
}
