//! The marks, and which of them a node may have where.

use super::attributes as known;
use super::attributes::Attribute;
use super::nodes::Place;

const MARKS: [(&str, &[Attribute]); 17] = [
    ("link", known::LINK),
    ("annotation", known::ANNOTATION),
    ("em", &[]),
    ("strong", &[]),
    ("strike", &[]),
    ("subsup", known::SUBSUP),
    ("underline", &[]),
    ("textColor", known::MARK_COLOR),
    ("backgroundColor", known::MARK_COLOR),
    ("code", &[]),
    ("alignment", known::ALIGNMENT),
    ("border", known::BORDER),
    ("breakout", known::BREAKOUT),
    ("dataConsumer", known::DATA_CONSUMER),
    ("fontSize", known::FONT_SIZE),
    ("fragment", known::FRAGMENT),
    ("indentation", known::INDENTATION),
];

const FORMATTED: &[&str] =
    &["link", "em", "strong", "strike", "subsup", "underline", "textColor", "annotation", "backgroundColor"];
const CODE: &[&str] = &["code", "link", "annotation"];
const EXTENSION: &[&str] = &["dataConsumer", "fragment"];
const MEDIA: &[&str] = &["dataConsumer", "link", "annotation", "border"];

/// The attributes of a mark that the schema knows.
pub(super) fn attributes(kind: &str) -> Option<&'static [Attribute]> {
    MARKS.iter().find(|(name, _)| *name == kind).map(|(_, attributes)| *attributes)
}

/// The name of a mark that the schema knows.
pub(in super::super) fn mark_name(kind: &str) -> Option<&'static str> {
    MARKS.iter().find(|(name, _)| *name == kind).map(|(name, _)| *name)
}

/// Whether the schema knows the mark.
pub(in super::super) fn is_mark(kind: &str) -> bool {
    attributes(kind).is_some()
}

/// Whether text can have the mark, by the schema or because the schema does not know it.
pub(in super::super) fn is_text_mark(kind: &str) -> bool {
    !is_mark(kind) || FORMATTED.contains(&kind) || kind == "code"
}

/// The sets of marks that a node of that kind can have there; `None` is any mark at all.
pub(super) fn sets(kind: &str, place: Place) -> Option<&'static [&'static [&'static str]]> {
    Some(match (kind, place) {
        (_, Place::Unknown) | ("paragraph" | "heading", Place::Sync) => return None,
        ("text", Place::Code) => &[],
        ("text", _) => &[FORMATTED, CODE],
        ("paragraph", Place::Document | Place::Column) => {
            &[&["fontSize", "alignment"], &["fontSize", "indentation"]]
        }
        ("paragraph", Place::Cell) => &[&["fontSize", "alignment"]],
        ("paragraph", Place::Quote) => &[],
        ("paragraph", _) => &[&["fontSize"]],
        ("heading", Place::Document | Place::Column | Place::Cell) => &[&["alignment"], &["indentation"]],
        ("table", _) => &[&["fragment"]],
        ("extension" | "inlineExtension" | "bodiedExtension", _) => &[EXTENSION],
        ("expand" | "codeBlock", Place::Document) => &[&["breakout"]],
        ("layoutSection" | "syncBlock" | "bodiedSyncBlock", _) => &[&["breakout"]],
        ("mediaSingle", _) => &[&["link"]],
        ("media" | "mediaInline", _) => &[MEDIA],
        _ => &[],
    })
}
