//! Running text.

use super::super::super::document::Extra;
use super::super::super::document::Format;
use super::super::super::document::Inline;
use super::super::super::document::Mark;
use super::super::super::document::push;
use super::super::address::is_line;
use super::super::style;
use super::super::tree::Child;
use super::super::tree::Element;
use super::super::tree::Node;
use super::super::tree::children;
use super::super::tree::is_blank;
use super::super::tree::is_space;
use super::Parser;
use super::Place;
use super::Values;
use super::attributes;
use super::extra;
use super::is_container;
use super::set;

/// Text that is being put together.
#[derive(Debug, Default)]
pub(super) struct Line {
    pub(super) content: Vec<Inline>,
    /// Whether white space that comes next is not shown.
    is_spaced: bool,
}

impl Parser<'_> {
    /// The text of a block, without the white space around it.
    pub(super) fn line(&self, nodes: &[Node<'_>], place: Place) -> Vec<Inline> {
        let mut line = Line { content: Vec::new(), is_spaced: true };
        self.inlines(&mut line, nodes, place);
        finished(line.content)
    }

    /// The text of a piece inside of a line.
    pub(super) fn inside(&self, line: &mut Line, element: &Element<'_, '_>, place: Place) -> Vec<Inline> {
        let mut inner = Line { content: Vec::new(), is_spaced: line.is_spaced };
        self.inlines(&mut inner, element.inner, place.deeper());
        line.is_spaced = inner.is_spaced;
        inner.content
    }

    fn inlines(&self, line: &mut Line, nodes: &[Node<'_>], place: Place) {
        for (_, child) in children(nodes) {
            match child {
                Child::Text(text) => line.text(text),
                Child::Element(element) => self.piece(line, &element, place),
            }
        }
    }

    fn piece(&self, line: &mut Line, element: &Element<'_, '_>, place: Place) {
        if element.tag.is_live || element.tag.is_block || self.is_too_deep(element, place) {
            return line.piece(self.inline_source(element));
        }
        if let Some(piece) = self.atom(element, place) {
            return line.piece(piece);
        }
        match element.tag.name {
            "a" => self.anchor_element(line, element, place),
            "ac:link" => self.reference(line, element, place),
            "code" | "tt" | "kbd" | "samp" => self.code(line, element, place),
            _ => match mark(element) {
                Some((mark, extra)) => self.marked(line, element, (mark, extra), place),
                None => self.inline_container(line, element, place),
            },
        }
    }

    /// A piece that has no text of the line inside.
    fn atom(&self, element: &Element<'_, '_>, place: Place) -> Option<Inline> {
        match element.tag.name {
            "br" if element.inner.is_empty() && element.tag.attributes.is_empty() => Some(Inline::Break),
            "ac:image" | "img" => {
                self.image(element, place).filter(|(_, caption)| caption.is_none()).map(|(image, _)| image)
            }
            "ac:emoticon" => emoticon(element),
            "time" => day(element),
            "ac:structured-macro" | "ac:macro" => Some(self.macro_piece(element)),
            _ => None,
        }
    }

    fn marked(
        &self,
        line: &mut Line,
        element: &Element<'_, '_>,
        (mark, values): (Mark, Values),
        place: Place,
    ) {
        let bit = bit(&mark);
        let before = line.content.last();
        let is_same = matches!(before, Some(Inline::Marked(before, _)) if *before == mark);
        if is_same || place.marks & bit != 0 {
            return self.inline_container(line, element, place);
        }
        let content = self.inside(line, element, Place { marks: place.marks | bit, ..place });
        self.wrapped(line, element, values, content, |content| Inline::Marked(mark, content));
    }

    /// Adds a piece whose white space at the edges stands outside of it, as Markdown needs it.
    pub(super) fn wrapped(
        &self,
        line: &mut Line,
        element: &Element<'_, '_>,
        mut values: Values,
        mut content: Vec<Inline>,
        piece: impl FnOnce(Vec<Inline>) -> Inline,
    ) {
        if content.iter().all(|piece| matches!(piece, Inline::Text(text) if text.trim().is_empty())) {
            return self.contained(line, element, content);
        }
        let before = taken(&mut content, Edge::Start);
        let after = taken(&mut content, Edge::End);
        fix_breaks(&mut content);
        if !before.is_empty() {
            set(&mut values, "#before", &before);
        }
        if !after.is_empty() {
            set(&mut values, "#after", &after);
        }
        push(&mut line.content, Inline::Text(before));
        line.content.push(piece(content).with(Extra::new(Format::Storage, values)));
        push(&mut line.content, Inline::Text(after));
    }

    pub(super) fn inline_container(&self, line: &mut Line, element: &Element<'_, '_>, place: Place) {
        let content = self.inside(line, element, place);
        self.contained(line, element, content);
    }

    fn contained(&self, line: &mut Line, element: &Element<'_, '_>, content: Vec<Inline>) {
        if content.is_empty() || !is_container(element) {
            return line.piece(self.inline_source(element));
        }
        let extra = Extra { format: Format::Storage, values: attributes(element, &[]) };
        line.content.push(Inline::Container { name: element.tag.name.to_owned(), extra, content });
    }

    fn code(&self, line: &mut Line, element: &Element<'_, '_>, place: Place) {
        let text = element.only_text().filter(|text| !text.trim().is_empty());
        let is_after_code = matches!(line.content.last(), Some(Inline::Code(_)));
        let Some(text) = text.filter(|_| !is_after_code) else {
            return self.inline_container(line, element, place);
        };
        let mut values = attributes(element, &[]);
        if element.tag.name != "code" {
            set(&mut values, "#tag", element.tag.name);
        }
        // Confluence shows the spaces of code, but not its line breaks.
        let code =
            if text.contains(['\n', '\r']) { Line::default().with_text(text) } else { text.to_owned() };
        line.piece(Inline::Code(code).with(Extra::new(Format::Storage, values)));
    }

    pub(super) fn inline_source(&self, element: &Element<'_, '_>) -> Inline {
        Inline::Source { format: Format::Storage, text: self.source_of(element).to_owned() }
    }
}

impl Line {
    /// Adds text; every run of white space is one space.
    fn text(&mut self, text: &str) {
        let mut shown = String::with_capacity(text.len());
        self.collapse(text, &mut shown);
        push(&mut self.content, Inline::Text(shown));
    }

    fn with_text(mut self, text: &str) -> String {
        let mut shown = String::with_capacity(text.len());
        self.collapse(text, &mut shown);
        shown
    }

    fn collapse(&mut self, text: &str, shown: &mut String) {
        let mut rest = text;
        while let Some(at) = rest.bytes().position(is_space) {
            let (word, tail) = rest.split_at_checked(at).unwrap_or((rest, ""));
            shown.push_str(word);
            if !(self.is_spaced && word.is_empty()) {
                shown.push(' ');
            }
            self.is_spaced = true;
            rest = tail.trim_start_matches([' ', '\t', '\n', '\r']);
        }
        shown.push_str(rest);
        self.is_spaced &= rest.is_empty();
    }

    /// Adds a piece that is shown as it is.
    pub(super) fn piece(&mut self, piece: Inline) {
        self.is_spaced = matches!(piece, Inline::Break);
        if self.is_spaced {
            trim_end(&mut self.content);
        }
        self.content.push(piece);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edge {
    Start,
    End,
}

/// Takes the white space from one end.
fn taken(content: &mut Vec<Inline>, edge: Edge) -> String {
    let piece = if edge == Edge::Start { content.first_mut() } else { content.last_mut() };
    let Some(Inline::Text(text)) = piece else { return String::new() };
    let space = if edge == Edge::Start {
        let kept = text.trim_start().len();
        let kept = text.split_off(text.len() - kept);
        std::mem::replace(text, kept)
    } else {
        text.split_off(text.trim_end().len())
    };
    if text.is_empty() {
        let at = if edge == Edge::Start { 0 } else { content.len() - 1 };
        content.remove(at);
    }
    space
}

/// A line without the space at its end.
fn finished(mut content: Vec<Inline>) -> Vec<Inline> {
    trim_end(&mut content);
    fix_breaks(&mut content);
    content
}

/// Takes away the space at the end of a line, which is not shown.
fn trim_end(content: &mut Vec<Inline>) {
    if let Some(Inline::Text(text)) = content.last_mut() {
        text.truncate(text.trim_end_matches(' ').len());
        if text.is_empty() {
            content.pop();
            forget_after(content);
        }
    }
}

/// The space after the last piece is gone, so nothing has to be said of it.
fn forget_after(content: &mut Vec<Inline>) {
    let Some(Inline::With { extra, piece }) = content.pop_if(|piece| matches!(piece, Inline::With { .. }))
    else {
        return;
    };
    let mut values = extra.values;
    if values.get("#after").is_some_and(|after| after == " ") {
        values.shift_remove("#after");
    }
    content.push(piece.with(Extra::new(Format::Storage, values)));
}

/// A break at the edge of a text has no form in Markdown, so it stays as it was.
fn fix_breaks(content: &mut [Inline]) {
    let fixed =
        |piece: &mut Inline| *piece = Inline::Source { format: Format::Storage, text: "<br/>".to_owned() };
    for piece in content.iter_mut().take_while(|piece| matches!(piece, Inline::Break)) {
        fixed(piece);
    }
    for piece in content.iter_mut().rev().take_while(|piece| matches!(piece, Inline::Break)) {
        fixed(piece);
    }
}

/// The mark of an element, and what it says besides.
fn mark(element: &Element<'_, '_>) -> Option<(Mark, Values)> {
    if element.tag.name == "span" {
        return coloured(element);
    }
    let (mark, usual) = match element.tag.name {
        "strong" | "b" => (Mark::Strong, "strong"),
        "em" | "i" => (Mark::Emphasis, "em"),
        "u" | "ins" => (Mark::Underline, "u"),
        "del" | "s" | "strike" => (Mark::Strike, "del"),
        "sub" => (Mark::Subscript, "sub"),
        "sup" => (Mark::Superscript, "sup"),
        "cite" => (Mark::Citation, "cite"),
        _ => return None,
    };
    let mut values = attributes(element, &[]);
    if element.tag.name != usual {
        set(&mut values, "#tag", element.tag.name);
    }
    Some((mark, values))
}

fn coloured(element: &Element<'_, '_>) -> Option<(Mark, Values)> {
    let given = element.find("style")?;
    let mark = style::mark(given)?;
    let is_usual = style::style(&mark).as_deref() == Some(given);
    Some((mark, attributes(element, if is_usual { &["style"] } else { &[] })))
}

fn bit(mark: &Mark) -> u8 {
    match mark {
        Mark::Emphasis => 1,
        Mark::Strong => 2,
        Mark::Strike => 4,
        Mark::Subscript => 8,
        Mark::Superscript => 16,
        Mark::Underline => 32,
        Mark::Citation => 64,
        Mark::Color(_) | Mark::Background(_) => 0,
    }
}

fn emoticon(element: &Element<'_, '_>) -> Option<Inline> {
    let is_word = |name: &str| {
        !name.is_empty()
            && name.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-+".contains(letter))
    };
    let name = element.find("ac:name").filter(|name| is_word(name))?;
    if !element.inner.is_empty() {
        return None;
    }
    let short = element.find("ac:emoji-shortname");
    let is_short =
        |short: &&str| short.strip_prefix(':').and_then(|short| short.strip_suffix(':')).is_some_and(is_word);
    let Some(short) = short else {
        let extra = extra(element, &["ac:name"]);
        return Some(Inline::Emoji { name: format!(":{name}:"), text: String::new() }.with(extra));
    };
    let short = Some(short).filter(is_short)?;
    let text = element.find("ac:emoji-fallback").filter(|text| is_line(text) && !text.is_empty())?;
    let mut values = attributes(element, &["ac:emoji-shortname", "ac:emoji-fallback"]);
    if name == "blue-star" {
        values.shift_remove("ac:name");
    }
    let emoji = Inline::Emoji { name: short.to_owned(), text: text.to_owned() };
    Some(emoji.with(Extra::new(Format::Storage, values)))
}

fn day(element: &Element<'_, '_>) -> Option<Inline> {
    let day = element.find("datetime")?;
    let is_digit = |byte: u8| byte.is_ascii_digit();
    let is_day = day.len() == 10
        && day
            .bytes()
            .enumerate()
            .all(|(at, byte)| if at == 4 || at == 7 { byte == b'-' } else { is_digit(byte) });
    let is_alone = element.inner.is_empty() && is_day;
    is_alone.then(|| Inline::Date(day.to_owned()).with(extra(element, &["datetime"])))
}

/// Whether the text is nothing, or cannot be seen.
pub(super) fn is_unseen(content: &[Inline]) -> bool {
    content.iter().all(|piece| matches!(piece, Inline::Text(text) if is_blank(text)))
}
