//! Text, code and addresses as wiki markup that Jira shows as the same text.

use std::fmt::Write as _;

use super::super::entity::is_reference;
use super::emoticons;
use super::links::is_hidden_script;

/// What Jira makes links of, up to the colon.
const SCHEMES: [&str; 5] = ["https", "http", "ftp", "mailto", "file"];

/// Where a piece of text stands.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Place {
    pub(super) within: Within,
    pub(super) line_start: bool,
    /// More content follows on the same line.
    pub(super) followed: bool,
}

/// What the text is part of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Within {
    #[default]
    Paragraph,
    /// A heading, a list item, a cell or a mark, which a line break would end.
    Line,
    Link,
}

/// Writes plain text so that nothing in it is read as markup.
pub(super) fn text(out: &mut String, text: &str, place: Place) {
    let text = if place.line_start { text.trim_start_matches([' ', '\t', '\n']) } else { text };
    let mut before = if place.line_start { None } else { out.chars().next_back() };
    let mut rest = text;
    if place.line_start {
        rest = line_start(out, text);
        before = before.or_else(|| out.chars().next_back().filter(|_| rest.len() != text.len()));
    }
    let mut letters = rest.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        let next = letters.peek().map(|(_, next)| *next);
        let here = rest.get(at..).unwrap_or_default();
        let after = rest.get(at + letter.len_utf8()..).unwrap_or_default();
        match letter {
            '\n' | '\r' => out.push(' '),
            // At the edges of a line every white space is dropped, but these are there to be seen.
            _ if letter.is_whitespace() && !is_space(letter) => {
                reference(out, letter);
            }
            '\\' if next.map_or(place.followed, |next| next.is_ascii_punctuation()) => out.push_str("&#92;"),
            '&' if is_reference(after) => out.push_str("&amp;"),
            // Jira would link the address, with the escapes in it.
            ':' if place.within != Within::Link && SCHEMES.iter().any(|scheme| out.ends_with(scheme)) => {
                out.push_str("&#58;");
            }
            ':' | ';' if emoticons::read(here, before).is_some() => {
                out.push_str(if letter == ':' { "&#58;" } else { "&#59;" });
            }
            '{' | '}' | '[' | '|' => out.extend(['\\', letter]),
            ']' if place.within == Within::Link => out.push_str("\\]"),
            '!' if next.map_or(place.followed, |next| !is_space(next)) => out.push_str("\\!"),
            '?' if before == Some('?') => out.push_str("\\?"),
            '(' if emoticons::read(here, before).is_some() => out.push_str("\\("),
            // The mark before it and what it follows would be an emoticon.
            ')' if ["(*", "(-", "(+"].iter().any(|open| out.ends_with(open)) => out.push_str("&#41;"),
            '*' | '_' | '-' | '+' | '^' | '~' if is_mark(before, next, place.followed) => {
                out.extend(['\\', letter]);
            }
            _ => out.push(letter),
        }
        before = Some(letter);
    }
}

fn reference(out: &mut String, letter: char) {
    out.extend(["&#", &u32::from(letter).to_string(), ";"]);
}

/// Whether a character could open or close a mark: one side is text, the other is not a letter.
fn is_mark(before: Option<char>, next: Option<char>, followed: bool) -> bool {
    let is_edge = |letter: Option<char>| letter.is_none_or(|letter| !letter.is_alphanumeric());
    let has_text_before = before.is_some_and(|letter| !is_space(letter));
    let has_text_after = next.map_or(followed, |letter| !is_space(letter));
    (is_edge(before) && has_text_after) || (has_text_before && is_edge(next))
}

/// White space that is written as it is; all other is a reference, which is text to Jira.
fn is_space(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\n' | '\r')
}

/// Writes the escaped start of a line that would open a block; returns what is left to write.
fn line_start<'a>(out: &mut String, text: &'a str) -> &'a str {
    let marks = text.bytes().take_while(|byte| b"*#-".contains(byte)).count();
    if marks > 0 && text.get(marks..).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t'])) {
        let (run, rest) = text.split_at_checked(marks).unwrap_or((text, ""));
        run.chars().for_each(|mark| out.extend(['\\', mark]));
        return rest;
    }
    let is_heading =
        text.starts_with('h') && text.as_bytes().get(1).is_some_and(|level| (b'1'..=b'6').contains(level));
    let word = if is_heading || text.starts_with("bq.") { 2 } else { return text };
    match text.split_at_checked(word) {
        Some((word, rest)) if rest.starts_with('.') => {
            out.extend([word, "&#46;"]);
            rest.strip_prefix('.').unwrap_or(rest)
        }
        _ => text,
    }
}

/// Writes monospaced text. Only what Jira would take for a macro, a mention, a cell or the end is escaped.
pub(super) fn code(out: &mut String, code: &str) {
    if code.trim().is_empty() {
        out.push_str(code);
        return;
    }
    out.push_str("{{");
    let mut letters = code.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\n' | '\r' => out.push(' '),
            // At the edges of a line every white space is dropped, but these are there to be seen.
            _ if letter.is_whitespace() && !is_space(letter) => {
                reference(out, letter);
            }
            '{' | '}' | '|' => out.extend(['\\', letter]),
            '[' if letters.peek() == Some(&'~') => out.push_str("\\["),
            '\\' if letters.peek().is_none_or(|next| "\\{}[]|".contains(*next)) => out.push_str("&#92;"),
            '&' if is_reference(&letters.clone().take(40).collect::<String>()) => out.push_str("&amp;"),
            _ => out.push(letter),
        }
    }
    out.push_str("}}");
}

/// Writes an address; only what would end the link or open a macro is encoded.
pub(super) fn address(out: &mut String, url: &str) {
    let hides_script = is_hidden_script(url);
    for letter in url.chars() {
        match letter {
            '&' if hides_script => out.push_str("%26"),
            '|' => out.push_str("%7C"),
            '\\' => out.push_str("%5C"),
            '[' => out.push_str("%5B"),
            ']' => out.push_str("%5D"),
            '{' => out.push_str("%7B"),
            '}' => out.push_str("%7D"),
            '!' => out.push_str("%21"),
            ' ' => out.push_str("%20"),
            other if other.is_whitespace() || other.is_control() => {
                let mut bytes = [0; 4];
                for byte in other.encode_utf8(&mut bytes).bytes() {
                    // INVARIANT: writing to a String cannot fail.
                    let _ = write!(out, "%{byte:02X}");
                }
            }
            other => out.push(other),
        }
    }
}

/// Writes the description of an image.
pub(super) fn alt(out: &mut String, text: &str) {
    for letter in text.chars() {
        match letter {
            '!' | '|' | ',' | '{' | '}' | '&' => {
                reference(out, letter);
            }
            other if other.is_control() => out.push(' '),
            other => out.push(other),
        }
    }
}
