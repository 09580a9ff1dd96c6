//! Text, code and addresses as Markdown that reads back as the same text.

use std::fmt::Write as _;

use super::super::entity::is_reference;

/// Where a piece of text stands.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Place {
    pub(super) within: Within,
    pub(super) line_start: bool,
    pub(super) in_link: bool,
    /// More content follows on the same line.
    pub(super) followed: bool,
}

/// The block that the text is part of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Within {
    #[default]
    Paragraph,
    Heading,
    Table,
}

/// Writes plain text so that nothing in it is read as markup.
pub(super) fn text(out: &mut String, text: &str, place: Place) {
    let text = if place.line_start { text.trim_start_matches([' ', '\t', '\n']) } else { text };
    if place.line_start && escaped_line_start(out, text) {
        return self::text(out, rest_of_line_start(text), Place { line_start: false, ..place });
    }
    let mut before = if place.line_start { None } else { out.chars().next_back() };
    let mut word = Word::default();
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        let next = letters.peek().map(|(_, next)| *next);
        let after = text.get(at + letter.len_utf8()..).unwrap_or_default();
        if at >= word.end && matches!(letter, ':' | '@' | '.') {
            word = Word::at(text, at);
        }
        let around = Around { before, next, after, has_markup_in_word: word.last_markup > at };
        match letter {
            '\n' | '\r' => out.push(' '),
            '|' if place.within == Within::Table => out.push_str("&#124;"),
            _ if is_special(letter, &around, place) => out.extend(['\\', letter]),
            _ => out.push(letter),
        }
        before = Some(letter);
    }
}

struct Around<'a> {
    before: Option<char>,
    next: Option<char>,
    after: &'a str,
    has_markup_in_word: bool,
}

/// The rest of a word: up to the next white space.
#[derive(Default)]
struct Word {
    end: usize,
    last_markup: usize,
}

impl Word {
    fn at(text: &str, start: usize) -> Self {
        let rest = text.get(start..).unwrap_or_default();
        let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let mut last_markup = 0;
        let mut before = None;
        let mut letters = rest.get(..length).unwrap_or_default().char_indices().peekable();
        while let Some((at, letter)) = letters.next() {
            let next = letters.peek().map(|(_, next)| *next);
            let around = Around { before, next, after: "", has_markup_in_word: false };
            let is_markup = match letter {
                '_' => !around.is_inside_word(),
                other => "*~`[]\\&|<".contains(other),
            };
            if is_markup {
                last_markup = start + at;
            }
            before = Some(letter);
        }
        Self { end: start + length, last_markup }
    }
}

impl Around<'_> {
    fn is_spaced(&self) -> bool {
        self.before.is_some_and(char::is_whitespace) && self.next.is_some_and(char::is_whitespace)
    }

    fn is_inside_word(&self) -> bool {
        self.before.is_some_and(char::is_alphanumeric) && self.next.is_some_and(char::is_alphanumeric)
    }
}

fn is_special(letter: char, around: &Around<'_>, place: Place) -> bool {
    match letter {
        '`' | '[' => true,
        ']' => place.in_link,
        '#' => place.within == Within::Heading,
        '\\' => around.next.is_none_or(|next| next.is_ascii_punctuation()),
        '*' | '~' => !around.is_spaced(),
        '_' => !around.is_spaced() && !around.is_inside_word(),
        '<' => around.next.is_none_or(|next| next.is_ascii_alphabetic() || "/!?".contains(next)),
        '&' => is_reference(around.after),
        '!' => around.next.is_none() && place.followed,
        // A bare address is a link of its own, in which an escape would be part of the address.
        ':' => around.after.starts_with("//") && around.has_markup_in_word,
        '@' => around.has_markup_in_word,
        '.' => around.before == Some('w') && around.has_markup_in_word,
        _ => false,
    }
}

/// Writes the escaped start of a line that would open a block; `false` when nothing was needed.
fn escaped_line_start(out: &mut String, text: &str) -> bool {
    let mut letters = text.chars();
    let (Some(first), second) = (letters.next(), letters.next()) else { return false };
    let ends_word = second.is_none_or(char::is_whitespace);
    let opens = match first {
        '#' | '>' | '=' | '|' => true,
        '-' | '+' => ends_word || second == Some('-'),
        ':' => second == Some('-'),
        _ => false,
    };
    if opens {
        out.extend(['\\', first]);
        return true;
    }
    let digits = digits(text);
    let delimiter = text.get(digits..).and_then(|rest| rest.chars().next());
    let ends_number =
        text.get(digits + 1..).is_none_or(|rest| rest.is_empty() || rest.starts_with([' ', '\t']));
    match delimiter {
        Some(delimiter @ ('.' | ')')) if (1..=9).contains(&digits) && ends_number => {
            out.push_str(text.get(..digits).unwrap_or_default());
            out.extend(['\\', delimiter]);
            true
        }
        _ => false,
    }
}

fn rest_of_line_start(text: &str) -> &str {
    text.get(digits(text) + 1..).unwrap_or_default()
}

fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

/// Writes a code span.
pub(super) fn code(out: &mut String, code: &str, within: Within) {
    let code = code.replace(['\n', '\r'], " ");
    if code.is_empty() {
        return;
    }
    let fence = "`".repeat(longest_run(&code, '`') + 1);
    let is_blank = code.chars().all(|letter| letter == ' ');
    let padded =
        code.starts_with('`') || code.ends_with('`') || (code.starts_with(' ') && code.ends_with(' '));
    let pad = if padded && !is_blank { " " } else { "" };
    let code = if within == Within::Table { code.replace('|', "\\|") } else { code };
    // INVARIANT: writing to a String cannot fail.
    let _ = write!(out, "{fence}{pad}{code}{pad}{fence}");
}

/// Writes the address of a link or an image, with its parentheses.
pub(super) fn destination(out: &mut String, url: &str, within: Within) {
    let needs_brackets = url.is_empty() || url.contains(|letter: char| " ()<".contains(letter));
    out.push_str(if needs_brackets { "(<" } else { "(" });
    let mut rest = url.chars();
    while let Some(letter) = rest.next() {
        match letter {
            '\\' | '<' | '>' => out.extend(['\\', letter]),
            '&' if is_reference(rest.as_str()) => out.push_str("&amp;"),
            '|' if within == Within::Table => out.push_str("&#124;"),
            other if other.is_control() => {
                let _ = write!(out, "&#x{:X};", u32::from(other));
            }
            other => out.push(other),
        }
    }
    out.push_str(if needs_brackets { ">)" } else { ")" });
}

/// Whether `<url>` is a link to exactly this address.
pub(super) fn is_autolink(url: &str) -> bool {
    let has_scheme =
        ["https://", "http://", "ftp://", "mailto:"].iter().any(|scheme| url.starts_with(scheme));
    has_scheme && url.chars().all(|letter| letter.is_ascii_graphic() && !"<>|&\\`".contains(letter))
}

/// The length of the longest run of one character.
pub(super) fn longest_run(text: &str, wanted: char) -> usize {
    let mut longest = 0;
    let mut run = 0;
    for letter in text.chars() {
        run = if letter == wanted { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}
