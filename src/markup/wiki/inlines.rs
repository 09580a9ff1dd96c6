//! Wiki markup into the document: running text.

use super::super::document::Body;
use super::super::document::Inline;
use super::super::document::Macro;
use super::super::document::Mark;
use super::super::document::push;
use super::super::document::push_all;
use super::super::entity::Entities;
use super::Reading;
use super::emoticons;
use super::finder::Finder;
use super::finder::Wanted;
use super::links::LONGEST;
use super::links::bare_link;
use super::links::image;
use super::links::link;
use super::parameters::Parameters;
use super::steps;

/// How deep colours and marks may nest; deeper ones stay text.
const DEEPEST: usize = 32;

/// What a backslash keeps from being markup, after Jira's own `BackslashEscapeRendererComponent`.
const ESCAPED: &str = "-#*_+?^~|%{}[]()!@";

/// The macros that hold nothing; of two that begin the same, the longer one is first.
const SMALL: [&str; 10] = [
    "anchor",
    "status",
    "toc",
    "children",
    "jiraissues",
    "jira",
    "include",
    "attachments",
    "gallery",
    "loremipsum",
];

/// How far the end of such a macro is looked for.
const LONGEST_SMALL: usize = 512;

/// Parses the text of one block; line breaks in it are breaks.
pub(super) fn inlines(text: &str, reading: Reading) -> Vec<Inline> {
    Parser::new(text, false, reading).run()
}

/// Parses the text of a link, in which no other link can stand.
pub(super) fn linked(text: &str, reading: Reading) -> Vec<Inline> {
    Parser::new(text, true, reading).run()
}

/// The length of code, a link, an image or a small macro that starts here, in which bars and braces have no meaning of their own.
///
/// `rest` starts at `at` of the text that the finder searches.
pub(super) fn opaque_length(rest: &str, at: usize, finder: &mut Finder<'_>) -> Option<usize> {
    if rest.starts_with("{{") {
        return code_length(rest, at, finder);
    }
    match rest.bytes().next() {
        Some(b'[') => link(rest, Reading::Jira).map(|(_, length)| length),
        Some(b'{') => small_macro(rest, at, finder, Reading::Jira).map(|(_, length)| length),
        _ => image(rest).map(|(_, length)| length),
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    before: Option<char>,
    in_link: bool,
    reading: Reading,
    finder: Finder<'a>,
    entities: Entities,
    plain: String,
    /// INVARIANT: never empty; the first frame is the text itself, and each mark is open at most once.
    open: Vec<Frame>,
}

struct Frame {
    mark: Option<char>,
    /// Of a colour, which is a mark of its own.
    color: String,
    written: String,
    content: Vec<Inline>,
}

/// The mark of a colour, which no text has.
const COLOR: char = '\0';

impl<'a> Parser<'a> {
    fn new(text: &'a str, in_link: bool, reading: Reading) -> Self {
        let page = Frame { mark: None, color: String::new(), written: String::new(), content: Vec::new() };
        let finder = Finder::new(text);
        let entities = Entities::default();
        Self {
            text,
            at: 0,
            before: None,
            in_link,
            reading,
            finder,
            entities,
            plain: String::new(),
            open: vec![page],
        }
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
                // Marks do not span lines, colours do.
                let color = self.open.iter().rposition(|frame| frame.mark == Some(COLOR));
                self.close_to(color.unwrap_or(0));
                self.add(Inline::Break);
                1
            }
            '\\' => self.backslash(rest),
            '{' => self.brace(rest),
            '[' if !self.in_link => self.piece(link(rest, self.reading), rest),
            '!' if !self.before.is_some_and(char::is_alphanumeric) => self.piece(image(rest), rest),
            '-' if let Some((dash, length)) = self.dash(rest) => {
                self.plain.push(dash);
                length
            }
            '*' | '_' | '-' | '+' | '^' | '~' => self.mark(letter, 1, rest),
            '?' if rest.starts_with("??") => self.mark('?', 2, rest),
            '(' | ':' | ';' if !self.in_link && !self.is_escaped() => {
                self.piece(emoticons::read(rest, self.before), rest)
            }
            'h' | 'f' | 'm' | 'i' if !self.in_link && self.may_begin_link() => {
                self.piece(bare_link(rest, self.reading), rest)
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
        let is_editor = self.reading == Reading::Editor;
        if next == '\\' {
            if is_editor && rest.starts_with("\\\\\\") {
                let run = rest.bytes().take_while(|byte| *byte == b'\\').count();
                self.plain.extend(std::iter::repeat_n('\\', run));
                return run;
            }
            self.add(Inline::Break);
            let spaces = rest.bytes().skip(2).take_while(|byte| *byte == b' ' && !is_editor).take(1).count();
            return 2 + spaces;
        }
        if !ESCAPED.contains(next) {
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
            let after = rest.get(length..).and_then(|after| after.chars().next());
            if self.reads_code(code, after) {
                let code = self.decoded(unescape(code));
                self.add(Inline::Code(code));
                return length;
            }
            self.plain.push_str("{{");
            return 2;
        }
        let mut letters = rest.chars().skip(1);
        if let (Some(mark @ ('*' | '_' | '-' | '+' | '^' | '~')), Some('}')) =
            (letters.next(), letters.next())
        {
            return self.mark(mark, 3, rest);
        }
        if rest.starts_with("{??}") {
            return self.mark('?', 4, rest);
        }
        if let Some(length) = self.color(rest) {
            return length;
        }
        let found = small_macro(rest, self.at, &mut self.finder, self.reading);
        self.piece(found, rest)
    }

    /// Opens or closes a colour.
    fn color(&mut self, rest: &str) -> Option<usize> {
        let open = self.open.iter().rposition(|frame| frame.mark == Some(COLOR));
        let is_editor = self.reading == Reading::Editor;
        if rest.starts_with("{color}") && (open.is_some() || !is_editor) {
            self.close_to(open?);
            let frame = self.open.pop()?;
            if !frame.content.is_empty() {
                self.add(Inline::Marked(Mark::Color(frame.color), frame.content));
            }
            return Some(7);
        }
        let inside = rest.strip_prefix("{color")?;
        let end = inside.bytes().take(64).position(|byte| byte == b'}')?;
        let length = "{color}".len() + end;
        let color = inside.get(..end)?;
        let color = color.strip_prefix(':').or(Some(color).filter(|color| is_editor && color.is_empty()))?;
        if self.open.len() >= DEEPEST {
            return None;
        }
        if self.finder.tag("color", self.at + length).is_none() {
            // The editor drops a colour that never ends.
            return is_editor.then_some(length);
        }
        self.flush();
        let written = if is_editor { String::new() } else { rest.get(..length)?.to_owned() };
        let color = color.trim().to_ascii_lowercase();
        self.open.push(Frame { mark: Some(COLOR), color, written, content: Vec::new() });
        Some(length)
    }

    fn piece(&mut self, found: Option<(Inline, usize)>, rest: &str) -> usize {
        let Some((piece, length)) = found else {
            self.plain.extend(rest.chars().next());
            return rest.chars().next().map_or(1, char::len_utf8);
        };
        self.add(piece);
        length
    }

    /// Two or three hyphens by themselves, which Jira shows as a dash; the editor does it later.
    fn dash(&self, rest: &str) -> Option<(char, usize)> {
        let length = rest.bytes().take(4).take_while(|byte| *byte == b'-').count();
        steps::add(length);
        let dash = match length {
            2 => '\u{2013}',
            3 => '\u{2014}',
            _ => return None,
        };
        let is_space = |letter: Option<char>| letter.is_none_or(char::is_whitespace);
        let after = rest.get(length..).and_then(|after| after.chars().next());
        (self.reading == Reading::Jira && is_space(self.before) && is_space(after)).then_some((dash, length))
    }

    fn mark(&mut self, mark: char, length: usize, rest: &str) -> usize {
        let is_forced = rest.starts_with('{');
        let written = rest.get(..length).unwrap_or_default();
        let next = rest.get(length..).and_then(|after| after.chars().next());
        let is_text = |letter: char| !letter.is_whitespace() && letter != mark;
        let reading = self.reading;
        let is_edge =
            |letter: Option<char>| is_forced || letter.is_none_or(|letter| is_apart(letter, reading));
        let open = self.open.iter().position(|frame| frame.mark == Some(mark));
        if let Some(open) = open {
            let closes = is_edge(next) && next != Some(mark) && self.before.is_some_and(is_text);
            if closes && self.close_mark(open) {
                return length;
            }
        } else if is_edge(self.before) && self.before != Some(mark) && next.is_some_and(is_text) {
            self.flush();
            let written = written.to_owned();
            self.open.push(Frame { mark: Some(mark), color: String::new(), written, content: Vec::new() });
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
        let mark = match frame.mark {
            Some('*') => Mark::Strong,
            Some('_') => Mark::Emphasis,
            Some('+') => Mark::Underline,
            Some('^') => Mark::Superscript,
            Some('~') => Mark::Subscript,
            Some('?') => Mark::Citation,
            _ => Mark::Strike,
        };
        self.add(Inline::Marked(mark, frame.content));
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

    /// Whether monospaced text is read as such.
    fn reads_code(&self, code: &str, after: Option<char>) -> bool {
        let is_apart = |letter: Option<char>| letter.is_none_or(|letter| is_apart(letter, self.reading));
        self.reading == Reading::Jira
            || code.trim() == code && !code.is_empty() && is_apart(self.before) && is_apart(after)
    }

    fn may_begin_link(&self) -> bool {
        !self.before.is_some_and(char::is_alphanumeric) && !self.is_escaped()
    }

    /// Whether the editor takes the backslash before this for an escape, though it stays.
    fn is_escaped(&self) -> bool {
        self.reading == Reading::Editor && self.before == Some('\\')
    }

    /// The text with its character references resolved, which the editor does not do.
    fn decoded(&mut self, text: String) -> String {
        if self.reading == Reading::Editor { text } else { self.entities.decode(&text) }
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
        let plain = std::mem::take(&mut self.plain);
        let text = self.decoded(plain);
        if let Some(frame) = self.open.last_mut() {
            push(&mut frame.content, Inline::Text(text));
        }
    }
}

/// Whether a mark may begin behind this character, or end before it.
fn is_apart(letter: char, reading: Reading) -> bool {
    match reading {
        Reading::Jira => !letter.is_alphanumeric(),
        // Its patterns know no letters but those of ASCII, and take all else for one.
        Reading::Editor => letter.is_ascii() && !letter.is_ascii_alphanumeric() || letter == '\u{a0}',
    }
}

/// The length of monospaced text that starts here, with its braces.
fn code_length(rest: &str, at: usize, finder: &mut Finder<'_>) -> Option<usize> {
    let end = finder.find(Wanted::CodeEnd, at + 2)?;
    let length = end.checked_sub(at + 2).filter(|length| (1..LONGEST).contains(length))?;
    let close = rest.get(length + 2..).filter(|close| close.starts_with("}}"))?;
    // `{{a}}}` ends at the last brace of the run.
    let extra = usize::from(close.starts_with("}}}"));
    Some(length + extra + 4)
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

/// `{status}`, `{anchor}` and other macros that hold nothing.
///
/// `rest` starts at `at` of the text that the finder searches.
pub(super) fn small_macro(
    rest: &str,
    at: usize,
    finder: &mut Finder<'_>,
    reading: Reading,
) -> Option<(Inline, usize)> {
    let inside = rest.strip_prefix('{')?;
    let name = SMALL.iter().find(|name| inside.starts_with(**name))?;
    let end = finder.find(Wanted::Brace, at + 1)?.checked_sub(at + 1).filter(|end| *end < LONGEST_SMALL)?;
    let parameters = inside.get(name.len()..end)?;
    if !parameters.is_empty() && !parameters.starts_with(':') {
        return None;
    }
    let is_editor = reading == Reading::Editor;
    steps::add(end);
    let mut parameters = Parameters::read(parameters.get(1..).unwrap_or_default(), '|');
    let piece = match *name {
        "anchor" => {
            let name = parameters.take("").filter(|name| !name.is_empty());
            Inline::Anchor(name.or_else(|| is_editor.then(String::new))?)
        }
        "status" => {
            let text = parameters.take("title").unwrap_or_default();
            let color = parameters.take("colour").or(parameters.take("color")).unwrap_or_default();
            let color = match color.to_ascii_lowercase().as_str() {
                "" | "grey" | "gray" => "neutral".to_owned(),
                named => named.to_owned(),
            };
            Inline::Status { text, color }.with(parameters.extra())
        }
        name => Inline::Macro(Macro {
            name: name.to_owned(),
            parameters: parameters.into_pairs(),
            body: Body::None,
        }),
    };
    Some((piece, end + 2))
}
