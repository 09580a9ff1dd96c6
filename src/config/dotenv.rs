//! `.env` files, read as the reference server reads them.
//!
//! `dotenvy` is not used: it refuses blanks in unquoted values (`SCOPE=read:a write:b`), replaces `$word` inside
//! passwords, and looks into the environment of the process by itself. The form read here: `export` is allowed,
//! values may be bare, in single or in double quotes, ` #` starts a comment, `${NAME}` and `${NAME:-default}` are
//! replaced.

use std::collections::BTreeMap;

/// One assignment.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Assignment {
    pub(super) line: usize,
    pub(super) name: String,
    pub(super) value: String,
}

/// Where a file is not of the form, and how; shows no value.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed {
    pub(super) line: usize,
    pub(super) message: &'static str,
}

/// Reads a file's text. `environment` serves `${NAME}` for names that the file has not set above.
pub(super) fn parse(
    text: &str,
    environment: &BTreeMap<String, String>,
) -> Result<Vec<Assignment>, Malformed> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader { rest: text, line: 1 };
    let mut found: Vec<Assignment> = Vec::new();
    while let Some((line, name, raw)) = reader.next_assignment()? {
        let known = |wanted: &str| {
            let above = found.iter().rev().find(|assignment| assignment.name == wanted);
            above.map(|assignment| assignment.value.clone()).or_else(|| environment.get(wanted).cloned())
        };
        let value = expand(&raw, known);
        found.push(Assignment { line, name, value });
    }
    Ok(found)
}

struct Reader<'a> {
    rest: &'a str,
    line: usize,
}

impl Reader<'_> {
    fn next_assignment(&mut self) -> Result<Option<(usize, String, String)>, Malformed> {
        loop {
            self.skip(char::is_whitespace);
            if self.rest.is_empty() {
                return Ok(None);
            }
            if self.rest.starts_with('#') {
                self.skip(|c| c != '\n');
                continue;
            }
            let line = self.line;
            let name = self.name()?;
            self.skip(is_blank);
            if !self.rest.starts_with('=') {
                // `NAME` alone sets nothing, as in the reference server.
                self.end_of_line()?;
                continue;
            }
            self.advance(1);
            self.skip(is_blank);
            return Ok(Some((line, name, self.value()?)));
        }
    }

    fn name(&mut self) -> Result<String, Malformed> {
        let export = self.rest.strip_prefix("export").is_some_and(|rest| rest.starts_with(is_blank));
        if export {
            self.advance("export".len());
            self.skip(is_blank);
        }
        let name = self.take(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'));
        if name.is_empty() {
            return Err(self.malformed("is not an assignment; write NAME=value"));
        }
        Ok(name)
    }

    fn value(&mut self) -> Result<String, Malformed> {
        if let Some(quote @ ('"' | '\'')) = self.rest.chars().next() {
            let value = self.quoted(quote)?;
            self.end_of_line()?;
            return Ok(value);
        }
        let bare = self.take(|c| c != '\n' && c != '\r');
        let starts_comment =
            |at: usize| bare.get(..at).is_some_and(|before| before.is_empty() || before.ends_with(is_blank));
        let end =
            bare.match_indices('#').map(|(at, _)| at).find(|at| starts_comment(*at)).unwrap_or(bare.len());
        Ok(bare.get(..end).unwrap_or_default().trim_end().to_owned())
    }

    /// The text up to the closing quote; may span lines.
    fn quoted(&mut self, quote: char) -> Result<String, Malformed> {
        let opening = self.line;
        self.advance(1);
        let mut value = String::new();
        let mut characters = self.rest.char_indices();
        while let Some((at, character)) = characters.next() {
            if character == quote {
                self.advance(at + 1);
                return Ok(value);
            }
            match (character, quote) {
                ('\\', _) => match characters.next() {
                    Some((_, next)) => push_escaped(&mut value, quote, next),
                    None => break,
                },
                _ => value.push(character),
            }
        }
        Err(Malformed { line: opening, message: "has a quote that is not closed" })
    }

    fn end_of_line(&mut self) -> Result<(), Malformed> {
        self.skip(is_blank);
        if self.rest.starts_with('#') {
            self.skip(|c| c != '\n');
        }
        if self.rest.is_empty() || self.rest.starts_with(['\n', '\r']) {
            return Ok(());
        }
        Err(self.malformed("has text after the name or the closing quote; write NAME=value"))
    }

    fn take(&mut self, wanted: impl Fn(char) -> bool) -> String {
        let end = self.rest.find(|c| !wanted(c)).unwrap_or(self.rest.len());
        let taken = self.rest.get(..end).unwrap_or_default().to_owned();
        self.advance(end);
        taken
    }

    fn skip(&mut self, wanted: impl Fn(char) -> bool) {
        let end = self.rest.find(|c| !wanted(c)).unwrap_or(self.rest.len());
        self.advance(end);
    }

    fn advance(&mut self, bytes: usize) {
        let (passed, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.line += passed.matches('\n').count();
        self.rest = rest;
    }

    fn malformed(&self, message: &'static str) -> Malformed {
        Malformed { line: self.line, message }
    }
}

fn push_escaped(value: &mut String, quote: char, next: char) {
    match (quote, next) {
        (_, '\\') => value.push('\\'),
        (quote, next) if quote == next => value.push(next),
        ('"', 'n') => value.push('\n'),
        ('"', 'r') => value.push('\r'),
        ('"', 't') => value.push('\t'),
        ('"', '\'') => value.push('\''),
        (_, other) => {
            value.push('\\');
            value.push(other);
        }
    }
}

/// Replaces `${NAME}` and `${NAME:-default}`; an unknown name becomes nothing, as in the reference server.
fn expand(raw: &str, known: impl Fn(&str) -> Option<String>) -> String {
    let mut value = String::new();
    let mut rest = raw;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((inside, tail)) = after.split_once('}') else {
            break;
        };
        let (name, default) = inside.split_once(":-").unwrap_or((inside, ""));
        value.push_str(before);
        value.push_str(&known(name).unwrap_or_else(|| default.to_owned()));
        rest = tail;
    }
    value.push_str(rest);
    value
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn values(text: &str) -> Vec<(usize, String, String)> {
        let environment = BTreeMap::from([("OUTER".to_owned(), "outside".to_owned())]);
        let found = parse(text, &environment).unwrap();
        found.into_iter().map(|found| (found.line, found.name, found.value)).collect()
    }

    #[test]
    fn one_assignment() {
        for (text, value) in [
            ("A=1", "1"),
            ("export A = b c  # comment", "b c"),
            ("A=pa#ss$word", "pa#ss$word"),
            ("A= # comment only", ""),
            ("A=#comment", ""),
            ("A=", ""),
            ("A='single $x \\n # kept'", "single $x \\n # kept"),
            ("A='it\\'s'", "it's"),
            ("A=\"a \\\"b\\\" \\\\ \\n\" # comment", "a \"b\" \\ \n"),
            ("A=\"two\nlines\"", "two\nlines"),
            ("A=x${OUTER}y${MISSING}z${MISSING:-d}", "xoutsideyzd"),
            ("A=${unclosed", "${unclosed"),
            ("\u{feff}A=bom\r\n", "bom"),
            ("# first\n\nB\nA=after", "after"),
        ] {
            let found = values(text);
            assert_eq!(found.last().map(|found| found.2.as_str()), Some(value), "{text:?}");
        }
    }

    #[test]
    fn lines_and_earlier_values() {
        let found = values("A=1\n# note\nB=\"x\ny\"\n\nC=${A}2 # see A\n");
        let expected = [(1, "A", "1"), (3, "B", "x\ny"), (6, "C", "12")];
        assert_eq!(found, expected.map(|(line, name, value)| (line, name.to_owned(), value.to_owned())));
    }

    #[test]
    fn malformed_lines_are_named() {
        for (text, line) in
            [("A=1\n=x", 2), ("A=\"open\nB=1", 1), ("A='x' y", 1), ("two words", 1), ("\n\n%", 3)]
        {
            assert_eq!(parse(text, &BTreeMap::new()).unwrap_err().line, line, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "[A-Z=\"'#$\\{\\}\\\\ \n\r\u{e9}]{0,40}") {
            let _ = parse(&text, &BTreeMap::new()).map(|found| found.len());
        }

        #[test]
        fn a_quoted_value_comes_back(value in "[ -~\u{e9}\n]{0,30}") {
            prop_assume!(!value.contains("${"));
            let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
            let text = format!("A=\"{quoted}\"\nB=1");
            let found = parse(&text, &BTreeMap::new()).unwrap();
            prop_assert_eq!(&found[0].value, &value);
            prop_assert_eq!(found[1].line, 2 + value.matches('\n').count());
        }
    }
}
