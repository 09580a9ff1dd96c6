//! Wiki markup into the document: running text.

use super::super::document::{Inline, push, push_all};
use super::super::entity::Entities;
use super::finder::Finder;

/// How far the end of code, a link or an image is looked for.
const LONGEST: usize = 4096;

const SCHEMES: [&str; 5] = ["https://", "http://", "ftp://", "mailto:", "file://"];

/// Parses the text of one block; line breaks in it are breaks.
pub(super) fn inlines(text: &str) -> Vec<Inline> {
    Parser::new(text, false).run()
}

/// The length of code, a link or an image that starts here, in which bars and braces have no meaning of their own.
///
/// `rest` starts at `at` of the text that the finder searches.
pub(super) fn opaque_length(rest: &str, at: usize, finder: &mut Finder<'_>) -> Option<usize> {
    if let Some(inside) = rest.strip_prefix("{{") {
        finder.find("}}", at + 2)?;
        return code_length(inside).map(|length| length + 4);
    }
    if rest.starts_with('[') {
        return link(rest).map(|(_, length)| length);
    }
    image(rest).map(|(_, length)| length)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    before: Option<char>,
    in_link: bool,
    finder: Finder<'a>,
    entities: Entities,
    plain: String,
    /// INVARIANT: never empty; the first frame is the text itself, and each mark is open at most once.
    open: Vec<Frame>,
}

struct Frame {
    mark: Option<char>,
    written: String,
    content: Vec<Inline>,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, in_link: bool) -> Self {
        let page = Frame { mark: None, written: String::new(), content: Vec::new() };
        let finder = Finder::new(text);
        let entities = Entities::default();
        Self { text, at: 0, before: None, in_link, finder, entities, plain: String::new(), open: vec![page] }
    }

    fn run(mut self) -> Vec<Inline> {
        while let Some(rest) = self.text.get(self.at..) {
            let Some(letter) = rest.chars().next() else { break };
            let length = self.step(letter, rest);
            self.before = rest.get(..length).and_then(|read| read.chars().next_back());
            self.at += length;
        }
        self.close_to(0);
        self.flush();
        self.open.pop().map(|page| page.content).unwrap_or_default()
    }

    /// Reads one piece and returns its length.
    fn step(&mut self, letter: char, rest: &str) -> usize {
        match letter {
            '\n' => {
                // Marks do not span lines.
                self.close_to(0);
                self.add(Inline::Break);
                1
            }
            '\\' => self.backslash(rest),
            '{' => self.brace(rest),
            '[' if !self.in_link => self.piece(link(rest), rest),
            '!' if !self.before.is_some_and(char::is_alphanumeric) => self.piece(image(rest), rest),
            '*' | '_' | '-' => self.mark(letter, 1, rest),
            'h' | 'f' | 'm' if !self.in_link && !self.before.is_some_and(char::is_alphanumeric) => {
                self.piece(bare_link(rest), rest)
            }
            other => {
                self.plain.push(other);
                other.len_utf8()
            }
        }
    }

    fn backslash(&mut self, rest: &str) -> usize {
        let Some(next) = rest.chars().nth(1) else {
            self.plain.push('\\');
            return 1;
        };
        if next == '\\' {
            self.add(Inline::Break);
            let spaces = rest.bytes().skip(2).take_while(|byte| *byte == b' ').take(1).count();
            return 2 + spaces;
        }
        if !next.is_ascii_punctuation() {
            self.plain.push('\\');
            return 1;
        }
        self.plain.push(next);
        1 + next.len_utf8()
    }

    fn brace(&mut self, rest: &str) -> usize {
        if rest.starts_with("{{")
            && let Some(length) = opaque_length(rest, self.at, &mut self.finder)
        {
            let code = rest.get(2..length - 2).unwrap_or_default();
            let code = self.entities.decode(&unescape(code));
            self.add(Inline::Code(code));
            return length;
        }
        let mut letters = rest.chars().skip(1);
        if let (Some(mark @ ('*' | '_' | '-')), Some('}')) = (letters.next(), letters.next()) {
            return self.mark(mark, 3, rest);
        }
        self.plain.push('{');
        1
    }

    fn piece(&mut self, found: Option<(Inline, usize)>, rest: &str) -> usize {
        let Some((piece, length)) = found else {
            self.plain.extend(rest.chars().next());
            return rest.chars().next().map_or(1, char::len_utf8);
        };
        self.add(piece);
        length
    }

    fn mark(&mut self, mark: char, length: usize, rest: &str) -> usize {
        let is_forced = length > 1;
        let written = rest.get(..length).unwrap_or_default();
        let next = rest.get(length..).and_then(|after| after.chars().next());
        let is_text = |letter: char| !letter.is_whitespace() && letter != mark;
        let is_edge =
            |letter: Option<char>| is_forced || letter.is_none_or(|letter| !letter.is_alphanumeric());
        let open = self.open.iter().position(|frame| frame.mark == Some(mark));
        if let Some(open) = open {
            let closes = is_edge(next) && next != Some(mark) && self.before.is_some_and(is_text);
            if closes && self.close_mark(open) {
                return length;
            }
        } else if is_edge(self.before) && self.before != Some(mark) && next.is_some_and(is_text) {
            self.flush();
            self.open.push(Frame { mark: Some(mark), written: written.to_owned(), content: Vec::new() });
            return length;
        }
        self.plain.push_str(written);
        length
    }

    /// Ends the mark that the frame opened; `false` where there would be nothing in it.
    fn close_mark(&mut self, open: usize) -> bool {
        let is_empty =
            self.plain.is_empty() && self.open.iter().skip(open).all(|frame| frame.content.is_empty());
        if is_empty {
            return false;
        }
        self.close_to(open);
        let Some(frame) = self.open.pop() else { return false };
        let piece = match frame.mark {
            Some('*') => Inline::Strong(frame.content),
            Some('_') => Inline::Emphasis(frame.content),
            _ => Inline::Strike(frame.content),
        };
        self.add(piece);
        true
    }

    /// Turns the marks opened after this frame, which never ended, back into text.
    fn close_to(&mut self, frame: usize) {
        self.flush();
        let unfinished = self.open.split_off((frame + 1).min(self.open.len()));
        let Some(parent) = self.open.last_mut() else { return };
        for frame in unfinished {
            push(&mut parent.content, Inline::Text(frame.written));
            push_all(&mut parent.content, frame.content);
        }
    }

    fn add(&mut self, piece: Inline) {
        self.flush();
        if let Some(frame) = self.open.last_mut() {
            frame.content.push(piece);
        }
    }

    fn flush(&mut self) {
        if self.plain.is_empty() {
            return;
        }
        let text = self.entities.decode(&std::mem::take(&mut self.plain));
        if let Some(frame) = self.open.last_mut() {
            push(&mut frame.content, Inline::Text(text));
        }
    }
}

/// The length of the code up to `}}`, in which a backslash keeps a brace from ending it.
fn code_length(inside: &str) -> Option<usize> {
    let near = inside.get(..inside.floor_char_boundary(LONGEST))?;
    let mut at = 0;
    while let Some(offset) = near.get(at..)?.find(['\\', '}', '\n']) {
        let rest = inside.get(at + offset..)?;
        if rest.starts_with("}}") {
            // `{{a}}}` ends at the last brace of the run.
            let extra = usize::from(rest.starts_with("}}}"));
            return (at + offset > 0).then_some(at + offset + extra);
        }
        if rest.starts_with('\n') {
            return None;
        }
        at += offset
            + if rest.starts_with('\\') { 1 + rest.chars().nth(1).map_or(0, char::len_utf8) } else { 1 };
    }
    None
}

fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letters.peek() {
            Some(next) if letter == '\\' && "{}[]|".contains(*next) => plain.extend(letters.next()),
            _ => plain.push(letter),
        }
    }
    plain
}

/// `[text|address]`, `[address]` or `[~user]`.
fn link(rest: &str) -> Option<(Inline, usize)> {
    let inside = rest.strip_prefix('[')?;
    let length = bounded(inside, ']', "[\n")?;
    let body = inside.get(..length)?;
    let total = length + 2;
    if let Some(id) = body.strip_prefix('~') {
        let is_user = !id.trim().is_empty() && !id.contains('|');
        return is_user.then(|| (Inline::Mention { id: id.to_owned(), name: None }, total));
    }
    let Some(bar) = bounded(body, '|', "") else {
        let is_address = SCHEMES.iter().any(|scheme| body.starts_with(scheme)) && !body.contains(' ');
        let content = vec![Inline::Text(body.to_owned())];
        return is_address.then(|| (Inline::Link { url: body.to_owned(), content }, total));
    };
    let (text, target) = (body.get(..bar)?, body.get(bar + 1..)?);
    let target = target.split('|').next().unwrap_or_default().trim();
    if target.is_empty() || text.trim().is_empty() {
        return None;
    }
    let content = Parser::new(text, true).run();
    Some((Inline::Link { url: target.to_owned(), content }, total))
}

/// `!address|alt=text!`
fn image(rest: &str) -> Option<(Inline, usize)> {
    let inside = rest.strip_prefix('!')?;
    let length = bounded(inside, '!', "\n")?;
    let body = inside.get(..length)?;
    let after = inside.get(length + 1..).and_then(|after| after.chars().next());
    let (url, parameters) = body.split_once('|').unwrap_or((body, ""));
    let is_file = url.contains('.') && !url.starts_with(char::is_whitespace) && !url.ends_with([' ', '.']);
    let is_image = is_file && !after.is_some_and(char::is_alphanumeric) && !url.contains(['{', '[', '*']);
    if !is_image {
        return None;
    }
    let alt = parameters.split([',', '|']).find_map(|parameter| parameter.trim().strip_prefix("alt="));
    let alt = Entities::default().decode(alt.unwrap_or_default().trim_matches('"'));
    Some((Inline::Image { url: url.to_owned(), alt }, length + 2))
}

/// An address in running text, without the punctuation of the sentence around it.
fn bare_link(rest: &str) -> Option<(Inline, usize)> {
    let scheme = SCHEMES.iter().find(|scheme| rest.starts_with(**scheme))?;
    let end = rest
        .find(|letter: char| letter.is_whitespace() || "|[]{}\\\"<>!".contains(letter))
        .unwrap_or(rest.len());
    let mut url = rest.get(..end)?.trim_end_matches(['.', ',', ';', ':', '?', '\'', '*', '_', '-']);
    if url.ends_with(')') && !url.contains('(') {
        url = url.trim_end_matches(')');
    }
    let content = vec![Inline::Text(url.strip_prefix("mailto:").unwrap_or(url).to_owned())];
    (url.len() > scheme.len()).then(|| (Inline::Link { url: url.to_owned(), content }, url.len()))
}

/// Where `wanted` stands unescaped, before any of `barriers` and not too far away.
fn bounded(text: &str, wanted: char, barriers: &str) -> Option<usize> {
    let mut is_escaped = false;
    for (at, letter) in text.char_indices().take(LONGEST) {
        if is_escaped {
            is_escaped = false;
        } else if letter == wanted {
            return Some(at);
        } else if letter == '\\' {
            is_escaped = true;
        } else if barriers.contains(letter) {
            return None;
        }
    }
    None
}
