//! Running text.

use super::super::super::document::Format;
use super::super::super::document::Inline;
use super::super::super::document::Mark;
use super::super::style;
use super::Said;
use super::Writer;
use super::get;

/// The white space beside a piece that belongs inside of it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Edges<'a> {
    before: &'a str,
    after: &'a str,
}

impl Edges<'_> {
    pub(super) fn around(self, text: &str) -> String {
        [self.before, text, self.after].concat()
    }
}

impl Writer<'_> {
    pub(super) fn inlines(&mut self, content: &[Inline]) {
        let pieces: Vec<&Inline> = content.iter().collect();
        self.pieces(&pieces);
    }

    /// The content of a piece, with the white space from beside it.
    pub(super) fn inside(&mut self, content: &[Inline], edges: Edges<'_>) {
        if edges.before.is_empty() && edges.after.is_empty() {
            return self.inlines(content);
        }
        let [before, after] = [edges.before, edges.after].map(|space| Inline::Text(space.to_owned()));
        let pieces: Vec<&Inline> = [&before].into_iter().chain(content).chain([&after]).collect();
        self.pieces(&joined(&pieces));
    }

    fn pieces(&mut self, pieces: &[&Inline]) {
        let mut taken = 0;
        let mut before = "";
        for (index, piece) in pieces.iter().enumerate() {
            let next = pieces.get(index + 1).copied();
            if let Inline::Text(text) = piece {
                let text = text.get(taken..).unwrap_or_default();
                let wanted = next.and_then(|next| edge(next, "#before")).unwrap_or_default();
                let shown = text.strip_suffix(wanted).unwrap_or(text);
                before = text.get(shown.len()..).unwrap_or_default();
                taken = 0;
                self.text(shown);
                continue;
            }
            let after = match (edge(piece, "#after"), next) {
                (Some(after), Some(Inline::Text(text))) if text.starts_with(after) => after,
                // Of what stood at the end of a line, the spaces are gone.
                (Some(after), Some(Inline::Text(text))) if text == after.trim_end_matches(' ') => text,
                _ => "",
            };
            taken = after.len();
            match piece {
                Inline::With { extra, piece } => {
                    let said = self.said(Some(extra));
                    self.piece(piece, said, Edges { before, after });
                }
                piece => self.piece(piece, None, Edges::default()),
            }
            before = "";
        }
    }

    /// A line break in code is a space to Confluence.
    pub(super) fn code_text(&mut self, code: &str) {
        for (index, line) in code.split(['\n', '\r']).enumerate() {
            if index > 0 {
                self.text(" ");
            }
            self.text(line);
        }
    }

    fn piece(&mut self, piece: &Inline, said: Said<'_>, edges: Edges<'_>) {
        match piece {
            Inline::Text(text) => self.text(text),
            Inline::Code(code) => {
                let name =
                    get(said, "#tag").filter(|tag| matches!(*tag, "tt" | "kbd" | "samp")).unwrap_or("code");
                self.element(name, said, |writer| writer.code_text(code));
            }
            Inline::Marked(mark, content) => self.marked(mark, content, said, edges),
            Inline::Link { url, title, content } => self.link((url, title), content, said, edges),
            Inline::Card(url) => self.card(url, "inline", said),
            Inline::Image(image) => self.picture(image, None, said),
            Inline::Mention { id, .. } => self.mention(id, said),
            Inline::Emoji { name, text } => self.emoji(name, text, said),
            Inline::Date(day) => self.empty("time", &[("datetime", day)], said),
            Inline::Status { text, color } => self.status(text, color, said),
            Inline::Anchor(name) => self.macro_with("anchor", &[("", name)], said, |_| {}),
            Inline::Macro(call) => self.macro_call(call, said),
            Inline::Break => self.empty("br", &[], said),
            Inline::Container { name, extra, content } => {
                if self.may_contain(name, extra) {
                    self.element(name, extra.of(Format::Storage), |writer| writer.inlines(content));
                } else {
                    self.inlines(content);
                }
            }
            Inline::Source { format, text } => self.source_piece(*format, text),
            Inline::With { piece, .. } => self.piece(piece, said, edges),
        }
    }

    fn marked(&mut self, mark: &Mark, content: &[Inline], said: Said<'_>, edges: Edges<'_>) {
        if matches!(mark, Mark::Color(_) | Mark::Background(_)) {
            return self.coloured(mark, content, said, edges);
        }
        let names: &[&str] = match mark {
            Mark::Emphasis => &["em", "i"],
            Mark::Strong => &["strong", "b"],
            Mark::Strike => &["del", "s", "strike"],
            Mark::Underline => &["u", "ins"],
            Mark::Subscript => &["sub"],
            Mark::Superscript => &["sup"],
            Mark::Citation | Mark::Color(_) | Mark::Background(_) => &["cite"],
        };
        let wanted = get(said, "#tag").unwrap_or_default();
        let name = names.iter().find(|name| **name == wanted).or(names.first()).copied().unwrap_or_default();
        self.element(name, said, |writer| writer.inside(content, edges));
    }

    fn coloured(&mut self, mark: &Mark, content: &[Inline], said: Said<'_>, edges: Edges<'_>) {
        let given = get(said, "style").filter(|given| style::mark(given).as_ref() == Some(mark));
        let Some(usual) = style::style(mark) else {
            self.notes.add("a colour that is none was left out");
            return self.inside(content, edges);
        };
        let style = given.unwrap_or(&usual);
        self.element_with("span", &[("style", style)], said, |writer| writer.inside(content, edges));
    }

    fn emoji(&mut self, name: &str, text: &str, said: Said<'_>) {
        let short = name.trim_matches(':');
        if short.is_empty() {
            return self.text(text);
        }
        if text.is_empty() {
            return self.empty("ac:emoticon", &[("ac:name", short)], said);
        }
        let kind = get(said, "ac:name").unwrap_or("blue-star");
        let fields = [("ac:name", kind), ("ac:emoji-shortname", name), ("ac:emoji-fallback", text)];
        self.empty("ac:emoticon", &fields, said);
    }
}

/// The white space that a piece takes from the text beside it.
fn edge<'a>(piece: &'a Inline, key: &str) -> Option<&'a str> {
    let Inline::With { extra, .. } = piece else { return None };
    get(extra.of(Format::Storage), key).filter(|space| space.trim().is_empty())
}

/// The pieces without texts that are empty, which would part others.
fn joined<'a>(pieces: &[&'a Inline]) -> Vec<&'a Inline> {
    pieces.iter().copied().filter(|piece| !matches!(piece, Inline::Text(text) if text.is_empty())).collect()
}
