//! Running text of the model, all of it.

use super::super::super::document::Image;
use super::super::super::document::Inline;
use super::super::super::document::Mark;
use super::choices::Choices;
use super::model::DEEP;
use super::model::FORMATS;
use super::model::call;
use super::model::extra;
use super::model::source;

pub(super) fn inlines(choices: &mut Choices<'_>, depth: usize) -> Vec<Inline> {
    let mut content = Vec::new();
    while !choices.is_over() && depth < DEEP && !choices.once_in(2) {
        content.push(inline(choices, depth + 1));
    }
    content
}

fn inline(choices: &mut Choices<'_>, depth: usize) -> Inline {
    let plain = bare_inline(choices, depth);
    let names: &[&str] = match &plain {
        _ if !choices.once_in(4) => return plain,
        Inline::Text(_)
        | Inline::Container { .. }
        | Inline::Source { .. }
        | Inline::Marked(Mark::Citation, _) => {
            return plain;
        }
        Inline::Link { .. } => &["href", "title", "id", "collection"],
        Inline::Marked(Mark::Color(_) | Mark::Background(_), _) => &["color"],
        Inline::Marked(Mark::Subscript | Mark::Superscript, _) => &["type"],
        Inline::Marked(..) => &[],
        Inline::Mention { .. } => &["text", "accessLevel", "userType", "localId", "id"],
        Inline::Emoji { .. } => &["id", "text", "localId"],
        Inline::Date(_) => &["timestamp", "localId"],
        Inline::Status { .. } => &["style", "color", "localId"],
        Inline::Image(_) => &["collection", "type", "data", "width", "localId", "occurrenceKey"],
        Inline::Card(_) => &["url", "localId"],
        _ => &["localId"],
    };
    Inline::With { extra: extra(choices, names), piece: Box::new(plain) }
}

fn bare_inline(choices: &mut Choices<'_>, depth: usize) -> Inline {
    match choices.below(20) {
        0 | 1 => Inline::Text(choices.text()),
        2 => Inline::Code(choices.text()),
        3..=6 => {
            let mark = match choices.below(9) {
                0 => Mark::Strong,
                1 => Mark::Emphasis,
                2 => Mark::Strike,
                3 => Mark::Subscript,
                4 => Mark::Superscript,
                5 => Mark::Underline,
                6 => Mark::Color((*choices.one(&["#ff5630", "red", "#ABC", "", "nope"])).to_owned()),
                7 => Mark::Background(choices.text()),
                _ => Mark::Citation,
            };
            Inline::Marked(mark, inlines(choices, depth))
        }
        7 | 8 => {
            Inline::Link { url: choices.text(), title: choices.text(), content: inlines(choices, depth) }
        }
        9 => Inline::Card(choices.text()),
        10 => Inline::Image(image(choices)),
        11 => {
            let id = (*choices.one(&["accountid:5b", "ann", "accountid:", "userkey:k", ""])).to_owned();
            Inline::Mention { id, name: choices.once_in(2).then(|| choices.text()) }
        }
        12 => Inline::Emoji { name: (*choices.one(&["", ":smile:"])).to_owned(), text: choices.text() },
        13 => Inline::Date((*choices.one(&["2024-01-01", "", "x", "9999-12-31", "2024-13-01"])).to_owned()),
        14 => {
            let color = (*choices.one(&["green", "Grey", "#ff5630", "#abc", ""])).to_owned();
            Inline::Status { text: choices.text(), color }
        }
        15 => Inline::Anchor(choices.text()),
        16 => Inline::Macro(call(choices, DEEP - 2)),
        17 => Inline::Break,
        18 => {
            let names = ["annotation", "alignment", "strong", "code", "link", "paragraph", ""];
            let name = *choices.one(&names);
            let names: &[&str] = match name {
                "annotation" => &["id", "annotationType"],
                "link" => &["href", "title"],
                _ => &[],
            };
            let extra = extra(choices, names);
            Inline::Container { name: name.to_owned(), extra, content: inlines(choices, depth) }
        }
        _ => Inline::Source { format: *choices.one(&FORMATS), text: source(choices) },
    }
}

pub(super) fn image(choices: &mut Choices<'_>) -> Image {
    let url = (*choices.one(&["https://e.com/i.png", "media:7", "file.png", "", "media:", "javascript:x"]))
        .to_owned();
    let size = ["", "300", "0.5", "50%", "wide", "-3"];
    Image {
        url,
        alt: choices.text(),
        title: choices.text(),
        width: (*choices.one(&size)).to_owned(),
        height: (*choices.one(&size)).to_owned(),
    }
}
