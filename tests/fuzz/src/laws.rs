//! What must hold for any input; the test run checks it for the corpus as well.

use quick_xml::Reader;
use quick_xml::events::BytesStart;
use quick_xml::events::Event;

use super::markup::ConvertError;
use super::markup::Converted;
use super::markup::Format;
use super::markup::convert;
use super::markup::settle;

const FORMATS: [Format; 4] = [Format::Markdown, Format::Wiki, Format::Adf, Format::Storage];

/// Converts an input to every format and back, and compares: nothing panics, what is written is read and written as
/// the same, and nothing is lost by way of Markdown.
pub(crate) fn hold(format: Format, input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    // Only ADF that is no JSON is refused.
    if settle(format, text).is_err() {
        return;
    }
    is_kept(format, text);
    for other in FORMATS.into_iter().filter(|other| *other != format) {
        is_kept(other, &made(convert(format, other, text), text));
    }
}

/// What holds for one document in its own format.
fn is_kept(format: Format, text: &str) {
    let own = made(settle(format, text), text);
    assert_eq!(made(settle(format, &own), &own), own, "{format:?} is not settled\n{text}");
    if format == Format::Storage {
        is_harmless(&own);
    }
    let markdown = made(convert(format, Format::Markdown, text), text);
    let back = made(convert(Format::Markdown, format, &markdown), &markdown);
    if format != Format::Markdown {
        assert_eq!(back, own, "{format:?} by way of Markdown\n{text}\n{markdown}");
    }
}

fn made(converted: Result<Converted<String>, ConvertError>, text: &str) -> String {
    match converted {
        Ok(converted) => converted.value,
        Err(error) => panic!("{error}\n{text}"),
    }
}

/// Storage format is well-formed, and nothing in it runs.
fn is_harmless(storage: &str) {
    let page = format!("<page>{storage}</page>");
    let mut reader = Reader::from_str(&page);
    loop {
        match reader.read_event() {
            Ok(Event::Start(tag) | Event::Empty(tag)) => assert!(!runs(&tag), "{tag:?} runs\n{storage}"),
            Ok(Event::Eof) => return,
            Ok(_) => {}
            Err(error) => panic!("{error}\n{storage}"),
        }
    }
}

fn runs(tag: &BytesStart<'_>) -> bool {
    let is_script = tag.name().as_ref().eq_ignore_ascii_case("script");
    is_script
        || tag.attributes().any(|attribute| {
            let Ok(attribute) = attribute else { return true };
            let name = attribute.key.as_ref().to_ascii_lowercase();
            let seen = |letter: &char| !letter.is_whitespace() && !letter.is_control();
            let value: String = attribute.value.chars().filter(seen).collect();
            name.starts_with("on")
                || (matches!(name.as_str(), "href" | "src")
                    && value.to_ascii_lowercase().starts_with("javascript:"))
        })
}
