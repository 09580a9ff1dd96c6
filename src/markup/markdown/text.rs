//! The document as Markdown: running text.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde_json::Value;
use serde_json::json;

use super::super::clean::clean;
use super::super::clean::is_hidden;
use super::super::document::Image;
use super::super::document::Inline;
use super::super::document::Mark;
use super::super::document::is_text;
use super::super::document::push;
use super::super::document::push_all;
use super::Detail;
use super::escape;
use super::escape::Place;
use super::escape::Within;
use super::escape::destination;
use super::escape::is_autolink;
use super::escape::is_mail;
use super::inlines::SMART_LINK;
use super::inlines::is_account;
use super::render::Writer;
use super::tags::attributes_of;
use super::tags::tag_of;
use super::tags::write_comment;
use super::tags::write_extra;
use super::tags::write_tag;

impl Writer {
    pub(super) fn inlines(&mut self, content: &[Inline], place: Place) {
        let mut place = place;
        let end = place.followed;
        for (index, piece) in content.iter().enumerate() {
            let next = content.get(index + 1);
            place.followed = end || next.is_some();
            let start = self.out.len();
            self.inline(piece, next, place);
            // At the start of a line these would open a block of HTML.
            let is_tag = matches!(
                piece,
                Inline::With { .. }
                    | Inline::Macro(_)
                    | Inline::Source { .. }
                    | Inline::Image(_)
                    | Inline::Mention { .. }
                    | Inline::Code(_)
                    | Inline::Break
                    | Inline::Container { .. }
            );
            let written = self.out.get(start..).unwrap_or_default();
            let opens = if is_tag { "<" } else { "<!" };
            if place.line_start && written.starts_with(opens) {
                self.out.insert_str(start, "<wbr>");
                if self.code_end > start {
                    self.code_end += "<wbr>".len();
                }
            }
            let ends_line = next.map_or(!end, is_break);
            if ends_line && matches!(piece, Inline::Text(_)) {
                self.keep_last_space();
            }
            place.line_start = is_break(piece) && place.within == Within::Paragraph;
        }
    }

    /// Markdown drops white space at the end of a line.
    fn keep_last_space(&mut self) {
        if let Some(space) = self.out.chars().next_back().filter(|last| escape::is_dropped(*last)) {
            self.out.pop();
            self.out.push_str(&escape::reference(space));
        }
    }

    fn inline(&mut self, piece: &Inline, next: Option<&Inline>, place: Place) {
        match piece {
            Inline::Text(part) if self.detail == Detail::Text && part.contains('\n') => {
                escape::text(&mut self.out, &part.replace('\n', " "), place);
            }
            Inline::Text(part) => escape::text(&mut self.out, part, place),
            Inline::Code(part) => self.code_span(part, place),
            Inline::Marked(mark, inner) => self.mark(mark, inner, next, place),
            Inline::Link { content, .. } if place.in_link => self.inlines(content, place),
            Inline::Link { url, title, content } => self.link(url, title, content, place),
            Inline::Card(url) if place.in_link => escape::text(&mut self.out, url, place),
            Inline::Card(url) => self.card(url, place),
            Inline::Image(image) => self.image(image, place),
            Inline::Mention { id, name } => self.mention(id, name.as_deref(), next, place),
            Inline::Emoji { name, text } if self.detail == Detail::Text => {
                escape::text(&mut self.out, if text.is_empty() { name } else { text }, place);
            }
            Inline::Emoji { name, text } => self.tagged("emoji", &[("name", name)], text),
            Inline::Date(day) if self.detail == Detail::Text => escape::text(&mut self.out, day, place),
            Inline::Date(day) => self.tagged("time", &[], day),
            Inline::Status { text, .. } if self.detail == Detail::Text => {
                self.mark(&Mark::Strong, &[Inline::Text(text.clone())], next, place);
            }
            Inline::Status { text, color } => self.tagged("status", &[("color", color)], text),
            Inline::Anchor(_) if self.detail == Detail::Text => {}
            Inline::Anchor(name) => self.tagged("a", &[("id", name)], ""),
            Inline::Macro(_) if self.detail == Detail::Text => {}
            Inline::Macro(call) => self.macro_tag(call, true),
            Inline::Break if place.within == Within::Table || place.in_link => self.out.push_str("<br>"),
            Inline::Break if place.within == Within::Heading || !place.followed => self.out.push_str("<br>"),
            Inline::Break => {
                self.out.push('\\');
                self.line_break();
            }
            Inline::Container { content, .. } if self.detail == Detail::Text => self.inlines(content, place),
            Inline::Container { name, extra, content } => {
                let (name, named) = tag_of(extra.format, name);
                let attributes: Vec<_> = named.into_iter().chain(attributes_of(extra)).collect();
                let attributes: Vec<_> =
                    attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
                write_tag(&mut self.out, &name, &attributes, false);
                self.inlines(content, Place { followed: true, line_start: false, ..place });
                self.out.extend(["</", &name, ">"]);
            }
            Inline::Source { text, .. } if self.detail == Detail::Text => self.code_span(text, place),
            Inline::Source { format, text } => {
                write_tag(&mut self.out, "verbatim", &[("format", format.as_str()), ("text", text)], true);
            }
            Inline::With { extra, piece } => {
                if self.detail == Detail::All {
                    write_extra(&mut self.out, extra, "");
                }
                self.inline(piece, next, place);
            }
        }
    }

    /// Code; where it would be shown otherwise than it is, the exact text comes before it.
    fn code_span(&mut self, code: &str, place: Place) {
        let shown = escape::for_span(clean(code));
        let is_exact = shown == code && !code.contains(['\n', '\r']) && !code.is_empty();
        if !is_exact && self.detail == Detail::All {
            write_comment(&mut self.out, "text", &json!(code));
        }
        if place.within == Within::Table && escape::has_escaped_bar(&shown) {
            return self.tagged("code", &[], &shown.replace(['\n', '\r'], " "));
        }
        // Two spans of code side by side would be one.
        if self.out.ends_with('`') && self.code_end == self.out.len() {
            self.out.push_str("<wbr>");
        }
        escape::code(&mut self.out, if shown.is_empty() { " " } else { &shown }, place.within);
        self.code_end = self.out.len();
    }

    fn mark(&mut self, mark: &Mark, inner: &[Inline], next: Option<&Inline>, place: Place) {
        let is_text = self.detail == Detail::Text;
        match mark {
            Mark::Strong => self.marked("**", "strong", inner, next, place),
            Mark::Strike => self.marked("~~", "del", inner, next, place),
            Mark::Emphasis => {
                let is_strong =
                    |piece: Option<&Inline>| matches!(piece, Some(Inline::Marked(Mark::Strong, _)));
                let beside_stars = self.out.ends_with('*')
                    || is_strong(next)
                    || is_strong(inner.first())
                    || is_strong(inner.last());
                self.marked(if beside_stars { "_" } else { "*" }, "em", inner, next, place);
            }
            _ if is_text => self.inlines(inner, place),
            Mark::Underline => self.wrapped("u", &[], inner, place),
            Mark::Subscript => self.wrapped("sub", &[], inner, place),
            Mark::Superscript => self.wrapped("sup", &[], inner, place),
            Mark::Citation => self.wrapped("cite", &[], inner, place),
            Mark::Color(color) => {
                self.wrapped("span", &[("style", &format!("color: {color}"))], inner, place);
            }
            Mark::Background(color) => {
                self.wrapped("span", &[("style", &format!("background-color: {color}"))], inner, place);
            }
        }
    }

    fn wrapped(&mut self, name: &str, attributes: &[(&str, &str)], inner: &[Inline], place: Place) {
        write_tag(&mut self.out, name, attributes, false);
        self.inlines(inner, Place { followed: true, line_start: false, ..place });
        self.out.extend(["</", name, ">"]);
    }

    /// A tag around text alone.
    fn tagged(&mut self, name: &str, attributes: &[(&str, &str)], inner: &str) {
        write_tag(&mut self.out, name, attributes, false);
        plain(&mut self.out, inner);
        self.out.extend(["</", name, ">"]);
    }

    /// Writes marked text; with a tag where Markdown would not see the marks.
    fn marked(&mut self, mark: &str, tag: &str, inner: &[Inline], next: Option<&Inline>, place: Place) {
        let start = self.out.len();
        // Tildes do not count for comrak when it looks at the neighbours of a mark.
        let counts = |letter: &char| *letter != '~' || mark == "~~";
        let before = self.out.chars().rev().find(counts).filter(|_| !place.line_start);
        self.out.push_str(mark);
        self.inlines(inner, Place { followed: true, line_start: false, ..place });
        let written = self.out.get(start + mark.len()..).unwrap_or_default();
        let after = next.and_then(first_letter);
        let (first, last) = (written.chars().find(counts), written.chars().rev().find(counts));
        let is_clear = !written.contains(mark.chars().next().unwrap_or_default())
            && opens(mark, before, first)
            && opens(mark, after, last);
        if is_clear {
            return self.out.push_str(mark);
        }
        // What is inside stays as it was written: writing it anew would double the work with every level.
        let open = ["<", tag, ">"].concat();
        self.out.replace_range(start..start + mark.len(), &open);
        self.out.extend(["</", tag, ">"]);
    }

    fn card(&mut self, url: &str, place: Place) {
        self.out.push('[');
        escape::text(
            &mut self.out,
            url,
            Place { in_link: true, followed: false, line_start: false, ..place },
        );
        self.out.push(']');
        self.destination(url, SMART_LINK, place);
    }

    fn link(&mut self, url: &str, title: &str, content: &[Inline], place: Place) {
        let content = &*unlinked(content);
        let is_bare = is_text(content, url);
        let mail =
            url.strip_prefix("mailto:").filter(|address| is_mail(address) && is_text(content, address));
        let address = mail.or(Some(url).filter(|url| is_bare && is_autolink(url)));
        if let Some(address) = address.filter(|_| place.within != Within::Table && title.is_empty()) {
            return self.out.extend(["<", address, ">"]);
        }
        // What looks like a card or a person is a link all the same.
        let is_person = |piece: &Inline| matches!(piece, Inline::Text(name) if name.starts_with('@'));
        let like_person =
            title.is_empty() && is_account(url) && matches!(content, [piece] if is_person(piece));
        if is_bare && title == SMART_LINK || like_person && self.detail == Detail::All {
            write_comment(&mut self.out, "link", &Value::Null);
        }
        self.out.push('[');
        let inside = Place { in_link: true, followed: false, line_start: false, ..place };
        self.inlines(content, inside);
        self.out.push(']');
        self.destination(url, title, place);
    }

    fn destination(&mut self, url: &str, title: &str, place: Place) {
        destination(&mut self.out, url, place.within);
        if title.is_empty() {
            return;
        }
        self.out.pop();
        self.out.push_str(" \"");
        for letter in title.chars() {
            match letter {
                // comrak resolves references first, and escapes in what they gave.
                '\\' => self.out.push_str("&#92;&#92;"),
                // INVARIANT: writing to a String cannot fail.
                other if other.is_control() || "\"\\`<*_&|[]".contains(other) => {
                    let _ = write!(self.out, "&#x{:X};", u32::from(other));
                }
                other => self.out.push(other),
            }
        }
        self.out.push_str("\")");
    }

    fn image(&mut self, image: &Image, place: Place) {
        let has_size = !image.width.is_empty() || !image.height.is_empty();
        if has_size && self.detail == Detail::All {
            let all = [
                ("src", &image.url),
                ("alt", &image.alt),
                ("title", &image.title),
                ("width", &image.width),
                ("height", &image.height),
            ];
            let attributes: Vec<_> = all
                .into_iter()
                .filter(|(_, value)| !value.is_empty())
                .map(|(name, value)| (name, value.as_str()))
                .collect();
            return write_tag(&mut self.out, "img", &attributes, true);
        }
        self.out.push_str("![");
        let inside = Place { in_link: true, followed: false, line_start: false, ..place };
        escape::text(&mut self.out, &image.alt, inside);
        self.out.push(']');
        self.destination(&image.url, &image.title, place);
    }

    /// Whether a bracket was closed in this paragraph: behind one that was never opened, comrak makes links of mail
    /// addresses in brackets too. Where the paragraph is long, it may have been.
    fn is_after_bracket(&self) -> bool {
        const LONGEST: usize = 10_000;
        let bytes = self.out.as_bytes();
        let near = bytes.get(bytes.len().saturating_sub(LONGEST)..).unwrap_or_default();
        let paragraph = near.windows(2).rposition(|pair| pair == b"\n\n").and_then(|at| near.get(at..));
        paragraph.unwrap_or(near).contains(&b']') || (paragraph.is_none() && bytes.len() > LONGEST)
    }

    fn mention(&mut self, id: &str, name: Option<&str>, next: Option<&Inline>, place: Place) {
        let inside = Place { in_link: true, followed: false, line_start: false, ..place };
        let is_id = |id: &str| {
            id.starts_with(char::is_alphanumeric)
                && id.chars().all(|c| c.is_alphanumeric() || "-:.@".contains(c))
        };
        match name {
            Some(name)
                if id.starts_with("accountid:") && name.starts_with('@') && is_id(id) && !place.in_link =>
            {
                self.out.push('[');
                escape::text(&mut self.out, name, inside);
                self.out.push(']');
                destination(&mut self.out, id, place.within);
            }
            // Before a parenthesis it would be the text of a link.
            None if is_id(id)
                && !(id.contains('@') && self.is_after_bracket())
                && !next.and_then(first_letter).is_some_and(|letter| "([:".contains(letter)) =>
            {
                self.out.extend(["[~", id, "]"]);
            }
            _ if self.detail == Detail::Text => escape::text(&mut self.out, name.unwrap_or(id), place),
            name => {
                let all = [("id", id), ("name", name.unwrap_or_default())];
                let attributes: Vec<_> = all.into_iter().filter(|(_, value)| !value.is_empty()).collect();
                write_tag(&mut self.out, "mention", &attributes, true);
            }
        }
    }
}

/// What stands in a link, without links of its own: their texts are one with what is around them.
fn unlinked(content: &[Inline]) -> Cow<'_, [Inline]> {
    let is_link = |piece: &Inline| matches!(piece, Inline::Link { .. } | Inline::Card(_));
    if !content.iter().any(is_link) {
        return Cow::Borrowed(content);
    }
    let mut joined = Vec::with_capacity(content.len());
    for piece in content {
        match piece {
            Inline::Link { content, .. } => push_all(&mut joined, unlinked(content).into_owned()),
            Inline::Card(url) => push(&mut joined, Inline::Text(url.clone())),
            other => push(&mut joined, other.clone()),
        }
    }
    Cow::Owned(joined)
}

/// Whether the piece is a break, whatever is said of it.
fn is_break(piece: &Inline) -> bool {
    match piece {
        Inline::With { piece, .. } => is_break(piece),
        piece => matches!(piece, Inline::Break),
    }
}

/// Plain text anywhere: every character that could mean something is escaped.
pub(super) fn plain(out: &mut String, text: &str) {
    for letter in text.chars() {
        match letter {
            '|' => out.push_str("&#124;"),
            '&' => out.push_str("&amp;"),
            _ if letter.is_ascii_punctuation() && !"-.,;'\"()/%+={}?:@#".contains(letter) => {
                out.extend(['\\', letter]);
            }
            // A bare address would be a link.
            ':' | '@' | '.' => {
                let _ = write!(out, "&#{};", u32::from(letter));
            }
            _ if is_hidden(letter) || letter.is_whitespace() && letter != ' ' => {
                let _ = write!(out, "&#x{:X};", u32::from(letter));
            }
            _ => out.push(letter),
        }
    }
}

/// Text between tags that Markdown does not read.
pub(super) fn entities(out: &mut String, text: &str) {
    let shown = text.trim_matches(' ');
    let before = text.len() - text.trim_start_matches(' ').len();
    out.push_str(&escape::reference(' ').repeat(before));
    for letter in shown.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            _ if is_hidden(letter) || letter.is_whitespace() && letter != ' ' => {
                let _ = write!(out, "&#x{:X};", u32::from(letter));
            }
            _ => out.push(letter),
        }
    }
    out.push_str(&escape::reference(' ').repeat(text.len() - before - shown.len()));
}

/// Whether a mark between an outer and an inner character is seen as one.
fn opens(mark: &str, outer: Option<char>, inner: Option<char>) -> bool {
    let Some(inner) = inner.filter(|inner| !inner.is_whitespace()) else { return false };
    let Some(outer) = outer.filter(|outer| !outer.is_whitespace()) else { return true };
    let is_mark = mark.starts_with(outer) || mark.starts_with(inner);
    // Of other characters it is not sure what comrak takes them for.
    !is_mark
        && (outer.is_ascii_punctuation()
            || (inner.is_alphanumeric() && outer.is_alphanumeric() && mark != "_"))
}

/// The first character that is written of a piece.
fn first_letter(piece: &Inline) -> Option<char> {
    match piece {
        Inline::Text(text) => text.chars().next().map(|letter| if is_hidden(letter) { '&' } else { letter }),
        Inline::Code(_) => Some('`'),
        Inline::Marked(Mark::Strong | Mark::Emphasis, _) => Some('*'),
        Inline::Marked(Mark::Strike, inner) => inner.first().and_then(first_letter).or(Some('~')),
        Inline::Link { .. } | Inline::Mention { .. } | Inline::Card(_) => Some('['),
        Inline::Image(_) => Some('!'),
        Inline::Break => None,
        _ => Some('<'),
    }
}
