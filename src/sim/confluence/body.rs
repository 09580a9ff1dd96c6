//! Page bodies: whether storage is well-formed, what `body.view` and excerpts show of it, and wiki to storage.

use std::sync::LazyLock;

use quick_xml::Reader;
use quick_xml::events::Event;
use regex::Regex;

/// Why storage is refused, in Confluence's words; `None` if it is not.
pub(crate) fn refusal(storage: &str) -> Option<String> {
    let wrapped = format!("<root>{storage}</root>");
    let mut reader = Reader::from_str(&wrapped);
    let mut depth = 0_usize;
    loop {
        match reader.read_event() {
            Ok(Event::Eof) if depth == 0 => return None,
            Ok(Event::Eof) => return Some("Error parsing xhtml: unexpected end of the document".to_owned()),
            Ok(Event::Start(_)) => depth += 1,
            Ok(Event::End(_)) => depth = depth.saturating_sub(1),
            Ok(Event::DocType(_)) => {
                return Some("Error parsing xhtml: a document type is not allowed".to_owned());
            }
            Ok(_) => {}
            Err(error) => return Some(format!("Error parsing xhtml: {error}")),
        }
    }
}

/// The HTML of `body.view`: macros reduced to what they contain.
pub(crate) fn view(storage: &str) -> String {
    static PARAMETER: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(
            r"(?s)<ac:parameter[^>]*>.*?</ac:parameter>|<ac:task-(id|status)>.*?</ac:task-(id|status)>",
        )
        .ok()
    });
    static TAG: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"</?(ac|ri):[^>]*>").ok());
    let without = replaced(PARAMETER.as_ref(), storage, "");
    let unwrapped = without.replace("<![CDATA[", "").replace("]]>", "");
    replaced(TAG.as_ref(), &unwrapped, "")
}

/// The text of storage, blanks collapsed.
pub(crate) fn plain(storage: &str) -> String {
    static TAG: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"<[^>]*>").ok());
    let text = replaced(TAG.as_ref(), &view(storage), " ");
    let text = text.replace("&amp;", "&").replace("&nbsp;", " ").replace("&mdash;", "—");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Headings, lists and paragraphs; enough for what the tools post as wiki markup.
pub(crate) fn storage(wiki: &str) -> String {
    let mut out = String::new();
    let mut list: Option<&str> = None;
    for line in wiki.lines().chain([""]) {
        let escaped = line.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let item = [("* ", "ul"), ("# ", "ol")]
            .into_iter()
            .find_map(|(marker, tag)| escaped.strip_prefix(marker).map(|text| (tag, text.to_owned())));
        let tag = item.as_ref().map(|(tag, _)| *tag);
        if tag != list {
            out.extend(list.map(|tag| format!("</{tag}>")));
            out.extend(tag.map(|tag| format!("<{tag}>")));
            list = tag;
        }
        let heading = escaped.strip_prefix('h').and_then(|rest| rest.split_once(". "));
        let heading = heading.filter(|(level, _)| matches!(*level, "1" | "2" | "3" | "4" | "5" | "6"));
        match (item, heading) {
            (Some((_, text)), _) => out.extend(["<li>", &text, "</li>"]),
            (None, Some((level, text))) => out.extend(["<h", level, ">", text, "</h", level, ">"]),
            (None, None) if escaped.trim().is_empty() => {}
            (None, None) => out.extend(["<p>", &escaped, "</p>"]),
        }
    }
    out
}

fn replaced(pattern: Option<&Regex>, text: &str, with: &str) -> String {
    pattern.map_or_else(|| text.to_owned(), |pattern| pattern.replace_all(text, with).into_owned())
}
