//! Text, code and addresses as Markdown that reads back as the same text.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::super::clean::is_hidden;
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
    let first = text.chars().next();
    if let Some(space) = first.filter(|first| place.line_start && is_dropped(*first)) {
        out.push_str(&reference(space));
        let rest = text.get(space.len_utf8()..).unwrap_or_default();
        return self::text(out, rest, Place { line_start: false, ..place });
    }
    if place.line_start && escaped_line_start(out, text) {
        return self::text(out, rest_of_line_start(text), Place { line_start: false, ..place });
    }
    let mut before = if place.line_start { None } else { out.chars().next_back() };
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        let next = letters.peek().map(|(_, next)| *next);
        let after = text.get(at + letter.len_utf8()..).unwrap_or_default();
        let is_after_www = letter == '.' && text.get(..at).is_some_and(|before| before.ends_with("www"));
        let around = Around { before, next, after, is_after_www };
        match letter {
            _ if letter == '\n' || is_hidden(letter) => out.push_str(&reference(letter)),
            '|' if place.within == Within::Table => out.push_str("&#124;"),
            _ if is_special(letter, &around, place) => out.extend(['\\', letter]),
            _ => out.push(letter),
        }
        before = Some(letter);
    }
}

/// Whether Markdown drops the letter at the edges of a line.
pub(super) fn is_dropped(letter: char) -> bool {
    matches!(letter, ' ' | '\t')
}

/// The character reference of a letter, for one that would be lost or not be seen.
pub(super) fn reference(letter: char) -> String {
    format!("&#x{:X};", u32::from(letter))
}

struct Around<'a> {
    before: Option<char>,
    next: Option<char>,
    after: &'a str,
    is_after_www: bool,
}

impl Around<'_> {
    fn is_spaced(&self) -> bool {
        // What is written as a reference is no space to Markdown.
        let is_space = |letter: char| letter.is_whitespace() && letter != '\n' && !is_hidden(letter);
        self.before.is_some_and(is_space) && self.next.is_some_and(is_space)
    }

    fn is_inside_word(&self) -> bool {
        self.before.is_some_and(char::is_alphanumeric) && self.next.is_some_and(char::is_alphanumeric)
    }
}

fn is_special(letter: char, around: &Around<'_>, place: Place) -> bool {
    match letter {
        '`' | '[' => true,
        ']' => place.in_link,
        // comrak takes `![^` for a footnote.
        '^' => around.before == Some('['),
        '#' => place.within == Within::Heading,
        '\\' => {
            around.next.is_none_or(|next| next.is_ascii_punctuation() || next == '\n' || is_hidden(next))
                // What is at the end of a line is written as a reference.
                || around.after.trim_start_matches(is_dropped).is_empty()
        }
        '*' | '~' => !around.is_spaced(),
        '_' => !around.is_spaced() && !around.is_inside_word(),
        '<' => {
            // A mail address in angle brackets may begin with any mark.
            let is_mail = || {
                let mut word = around.after.chars().take(320).take_while(|letter| !" <>\n".contains(*letter));
                word.any(|letter| letter == '@')
            };
            around.next.is_none_or(|next| next.is_ascii_alphabetic() || "/!?".contains(next)) || is_mail()
        }
        '&' => is_reference(around.after),
        '!' => around.next.is_none() && place.followed,
        // A bare address is a link of its own.
        ':' => around.after.starts_with("//"),
        '@' => {
            around.before.is_some_and(|before| before.is_alphanumeric() || ".+-_".contains(before))
                && around.next.is_some_and(|next| !next.is_whitespace())
        }
        '.' => around.is_after_www,
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
        '+' => ends_word,
        // More of them are a rule, and with a colon or a bar they are below the head of a table.
        '-' => ends_word || matches!(second, Some('-' | ':' | '|')),
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

/// How many backticks in a row begin a code span at most; comrak takes more of them for text.
const LONGEST_FENCE: usize = 80;

/// The code as a span of code can show it: with its runs of backticks cut, if it has one that is too long.
pub(super) fn for_span(code: Cow<'_, str>) -> Cow<'_, str> {
    if longest_run(&code, '`') < LONGEST_FENCE {
        return code;
    }
    let mut shown = String::with_capacity(code.len());
    let mut run = 0;
    for letter in code.chars() {
        run = if letter == '`' { run + 1 } else { 0 };
        if run < LONGEST_FENCE {
            shown.push(letter);
        }
    }
    Cow::Owned(shown)
}

/// Whether a bar stands behind an odd number of backslashes: in a cell of a table, no span of code can hold it, because
/// comrak takes backslashes in pairs there and drops the one that is left before a bar.
pub(super) fn has_escaped_bar(code: &str) -> bool {
    code.match_indices('|').any(|(at, _)| {
        let before = code.get(..at).unwrap_or_default();
        let backslashes = before.len() - before.trim_end_matches('\\').len();
        backslashes % 2 == 1
    })
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
    let edges = [url.chars().next(), url.chars().next_back()];
    while let Some(letter) = rest.next() {
        match letter {
            // White space at the edges is dropped.
            ' ' if edges.contains(&Some(' ')) => out.push_str("&#x20;"),
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
    let is_plain = url.chars().all(|letter| letter.is_ascii_graphic() && !"<>|\\`".contains(letter));
    has_scheme
        && is_plain
        && !url.match_indices('&').any(|(at, _)| url.get(at + 1..).is_some_and(is_reference))
}

/// Whether `<address>` is a link to this mail address.
pub(super) fn is_mail(address: &str) -> bool {
    let Some((name, host)) = address.split_once('@') else { return false };
    let is_label = |label: &str| {
        let edges = [label.bytes().next(), label.bytes().next_back()];
        edges.iter().all(|edge| edge.is_some_and(|edge| edge.is_ascii_alphanumeric()))
            && label.len() < 64
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".+_-".contains(&byte))
        && host.split('.').all(is_label)
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
