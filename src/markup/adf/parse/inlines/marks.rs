//! The marks of text, which ADF has beside each other and the model around each other.

use serde_json::Value;

use super::super::super::super::document::Extra;
use super::super::super::super::document::Format;
use super::super::super::super::document::Inline;
use super::super::super::super::document::Mark;
use super::super::super::super::document::is_script;
use super::super::super::super::document::push;
use super::super::super::depth::is_shallow;
use super::super::super::words;
use super::super::super::words::Values;
use super::super::super::words::Words;
use super::super::attribute;
use super::super::attributes;
use super::super::besides;
use super::super::extra;
use super::super::text;

/// How many marks a text has at most to be taken apart: each is a level of nesting, and is looked for in its neighbours.
const MOST_MARKS: usize = 12;

/// A text with its marks, outermost first.
pub(super) struct Piece<'node> {
    text: &'node str,
    is_code: bool,
    marks: Vec<&'node Values>,
}

impl<'node> Piece<'node> {
    /// The text and its marks, if the model can say both.
    pub(super) fn new(node: &'node Value) -> Option<Self> {
        let map = node.as_object().filter(|_| super::kind(node) == "text")?;
        // Markdown has no form for a character that is none.
        let text = map.get("text")?.as_str().filter(|text| !text.contains('\0'))?;
        let is_plain = |name: &String| matches!(name.as_str(), "type" | "text" | "marks");
        let found = match map.get("marks") {
            None => &[],
            Some(Value::Array(found)) if found.len() <= MOST_MARKS => found.as_slice(),
            Some(_) => return None,
        };
        if !map.keys().all(is_plain) || !found.iter().all(is_shallow) {
            return None;
        }
        let mut marks = Vec::with_capacity(found.len());
        for mark in found {
            let mark = mark.as_object().filter(|mark| !kind(mark).is_empty())?;
            if mark.keys().any(|name| is_reserved(name)) {
                return None;
            }
            let is_twice =
                |other: &&Values| kind(other) == kind(mark) && (kind(mark) != "annotation" || *other == mark);
            if marks.iter().any(is_twice) {
                return None;
            }
            marks.push(mark);
        }
        marks.sort_by_key(|mark| rank(kind(mark)));
        let before = marks.len();
        marks.retain(|mark| kind(mark) != "code" || mark.len() > 1);
        let is_code = marks.len() < before;
        // Code with attributes is none that the model knows.
        let is_odd = marks.iter().any(|mark| kind(mark) == "code");
        (!is_odd).then_some(Self { text, is_code, marks })
    }
}

/// The pieces, with each mark around as many of them as have it.
pub(super) fn nested(pieces: &mut [Piece<'_>]) -> Vec<Inline> {
    let mut content = Vec::new();
    let mut rest = pieces;
    while let Some(first) = rest.first() {
        let Some((mark, length)) = widest(rest) else {
            let text = first.text.to_owned();
            match (first.is_code, content.last_mut()) {
                (true, Some(Inline::Code(before))) => before.push_str(&text),
                (true, _) if text.is_empty() => {}
                (true, _) => content.push(Inline::Code(text)),
                (false, _) => push(&mut content, Inline::Text(text)),
            }
            rest = rest.get_mut(1..).unwrap_or_default();
            continue;
        };
        let Some((marked, after)) = rest.split_at_mut_checked(length) else { break };
        for piece in marked.iter_mut() {
            if let Some(at) = piece.marks.iter().position(|other| *other == mark) {
                piece.marks.remove(at);
            }
        }
        let inner = nested(marked);
        if !inner.is_empty() {
            content.push(wrapped(mark, inner));
        }
        rest = after;
    }
    content
}

/// The mark of the first piece that the most pieces after it have, too, and how many they are.
fn widest<'node>(pieces: &[Piece<'node>]) -> Option<(&'node Values, usize)> {
    let mut widest: Option<(&Values, usize)> = None;
    for mark in &pieces.first()?.marks {
        let length = pieces.iter().take_while(|piece| piece.marks.contains(mark)).count();
        if widest.is_none_or(|(_, before)| length > before) {
            widest = Some((mark, length));
        }
    }
    widest
}

fn wrapped(mark: &Values, content: Vec<Inline>) -> Inline {
    let known = match kind(mark) {
        "link" => link(mark),
        kind => known(kind, mark),
    };
    match known {
        Some((Known::Link { url, title }, extra)) => Inline::Link { url, title, content }.with(extra),
        Some((Known::Mark(mark), extra)) => Inline::Marked(mark, content).with(extra),
        None => {
            let name = kind(mark).to_owned();
            let values = mark.iter().filter(|(name, _)| *name != "type");
            let values = values.map(|(name, value)| (name.clone(), value.clone())).collect();
            Inline::Container { name, extra: Extra { format: Format::Adf, values }, content }
        }
    }
}

fn is_reserved(name: &str) -> bool {
    matches!(name, "content" | "marks") || super::super::RESERVED.contains(&name)
}

enum Known {
    Link { url: String, title: String },
    Mark(Mark),
}

fn link(mark: &Values) -> Option<(Known, Option<Extra>)> {
    let (url, title) = (attribute(mark, "href")?.as_str()?, text(mark, "title"));
    if is_script(url) || url.contains('\0') {
        return None;
    }
    let extra = extra(besides(mark, &words::link(url, title))?);
    Some((Known::Link { url: url.to_owned(), title: title.to_owned() }, extra))
}

fn known(kind: &str, mark: &Values) -> Option<(Known, Option<Extra>)> {
    let color = || words::hex(text(mark, "color")).filter(|_| text(mark, "color").starts_with('#'));
    let (known, words) = match kind {
        "em" => (Mark::Emphasis, Words::none()),
        "strong" => (Mark::Strong, Words::none()),
        "strike" => (Mark::Strike, Words::none()),
        "underline" => (Mark::Underline, Words::none()),
        "subsup" if text(mark, "type") == "sub" => (Mark::Subscript, words::subsup("sub")),
        "subsup" if text(mark, "type") == "sup" => (Mark::Superscript, words::subsup("sup")),
        "textColor" => {
            let color = color()?;
            (Mark::Color(color.clone()), words::color(&color, attributes(mark)))
        }
        "backgroundColor" => {
            let color = color()?;
            (Mark::Background(color.clone()), words::color(&color, attributes(mark)))
        }
        _ => return None,
    };
    let values = besides(mark, &words)?;
    Some((Known::Mark(known), Extra::new(Format::Adf, values)))
}

fn kind(mark: &Values) -> &str {
    mark.get("type").and_then(Value::as_str).unwrap_or_default()
}

/// Where a mark stands among others, the outermost first.
fn rank(kind: &str) -> usize {
    const RANKS: [&str; 9] = [
        "link",
        "annotation",
        "em",
        "strong",
        "strike",
        "subsup",
        "underline",
        "textColor",
        "backgroundColor",
    ];
    RANKS.iter().position(|name| *name == kind).unwrap_or(1)
}
