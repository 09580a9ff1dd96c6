//! The parts of a policy as they are written: its scope and its conditions, each with the line it stands on.
//!
//! Cedar says whether a policy matches, not which part of it does not. So the text is taken apart here, and every part
//! is asked alone. A part that cannot be told apart safely stays whole.

use std::iter::Peekable;
use std::str::CharIndices;

/// Which part of a policy it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Principal,
    Action,
    Resource,
    When,
    Unless,
}

/// A part of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) kind: Kind,
    /// Its text, in one line.
    pub(super) text: String,
    /// Its line within the policy, from 0.
    pub(super) line: usize,
}

/// The parts of a policy; of a condition, the terms that all must hold.
pub(super) fn parts(policy: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = after_annotations(policy);
    let scope = [Kind::Principal, Kind::Action, Kind::Resource];
    if let Some((open, close)) = brackets(policy, rest, '(') {
        let pieces = split(policy, (open, close), ",");
        parts.extend(scope.into_iter().zip(pieces).filter_map(|(kind, span)| part(policy, kind, span)));
        rest = close + 1;
    }
    while let Some((open, close)) = brackets(policy, rest, '{') {
        let before = code_only(policy.get(rest..open).unwrap_or_default());
        let kind = if before.contains("unless") { Kind::Unless } else { Kind::When };
        parts.extend(terms(policy, kind, (open, close)));
        rest = close + 1;
    }
    parts
}

/// The terms of a condition: those of `a && b` in a `when`, those of `a || b` in an `unless`.
fn terms(policy: &str, kind: Kind, span: (usize, usize)) -> Vec<Part> {
    let (joined, other) = if kind == Kind::Unless { ("||", "&&") } else { ("&&", "||") };
    let text = code_only(policy.get(span.0..span.1).unwrap_or_default());
    // `&&` binds tighter than `||`, so `a || b && c` is two terms of an `unless`.
    let mixed = other == "||" && split(policy, span, other).len() > 1;
    let whole = mixed || text.trim_start().starts_with("if ");
    let spans = if whole { vec![span] } else { split(policy, span, joined) };
    spans.into_iter().filter_map(|span| part(policy, kind, span)).collect()
}

fn part(policy: &str, kind: Kind, (from, to): (usize, usize)) -> Option<Part> {
    let text = code_only(policy.get(from..to)?);
    let start = from + text.len() - text.trim_start().len();
    let line = policy.get(..start)?.matches('\n').count();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    (!text.is_empty()).then_some(Part { kind, text, line })
}

/// Where the scope may begin: after the last annotation.
fn after_annotations(policy: &str) -> usize {
    let mut position = 0;
    while let Some(at) = code(policy, position).find(|(_, c)| !c.is_whitespace()).map(|(index, _)| index) {
        if !policy.get(at..).is_some_and(|rest| rest.starts_with('@')) {
            return at;
        }
        match brackets(policy, at, '(') {
            Some((_, close)) => position = close + 1,
            None => return at,
        }
    }
    position
}

/// What is inside the next brackets of this kind.
fn brackets(policy: &str, from: usize, open: char) -> Option<(usize, usize)> {
    let mut depth = 0_usize;
    let mut start = None;
    for (index, c) in code(policy, from) {
        match c {
            '(' | '[' | '{' if start.is_some() => depth += 1,
            _ if c == open && start.is_none() => start = Some(index + 1),
            ')' | ']' | '}' if depth > 0 => depth -= 1,
            ')' | ']' | '}' => return start.map(|start| (start, index)),
            _ => {}
        }
    }
    None
}

/// The pieces between separators that stand in no brackets.
fn split(policy: &str, (from, to): (usize, usize), separator: &str) -> Vec<(usize, usize)> {
    let mut pieces = Vec::new();
    let (mut depth, mut start) = (0_i32, from);
    for (index, c) in code(policy, from).take_while(|(index, _)| *index < to) {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            _ if depth == 0
                && index >= start
                && policy.get(index..).is_some_and(|rest| rest.starts_with(separator)) =>
            {
                pieces.push((start, index));
                start = index + separator.len();
            }
            _ => {}
        }
    }
    pieces.push((start, to));
    pieces
}

/// The text with comments blanked; strings stay.
fn code_only(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = comment(rest) {
        let end = rest.get(at..).and_then(|tail| tail.find('\n')).map_or(rest.len(), |length| at + length);
        clean.push_str(rest.get(..at).unwrap_or_default());
        clean.extend(std::iter::repeat_n(' ', end - at));
        rest = rest.get(end..).unwrap_or_default();
    }
    clean.push_str(rest);
    clean
}

fn comment(text: &str) -> Option<usize> {
    code(text, 0)
        .find(|(index, _)| text.get(*index..).is_some_and(|rest| rest.starts_with("//")))
        .map(|(index, _)| index)
}

/// The characters that are neither in a string nor in a comment. The two slashes of a comment count.
fn code(text: &str, from: usize) -> impl Iterator<Item = (usize, char)> + '_ {
    let tail = text.get(from..).unwrap_or_default();
    Code { characters: tail.char_indices().peekable(), from }
}

struct Code<'a> {
    characters: Peekable<CharIndices<'a>>,
    from: usize,
}

impl Iterator for Code<'_> {
    type Item = (usize, char);

    fn next(&mut self) -> Option<Self::Item> {
        let (index, c) = self.characters.next()?;
        if c == '"' {
            let mut escaped = false;
            for (_, inner) in self.characters.by_ref() {
                if inner == '"' && !escaped {
                    break;
                }
                escaped = inner == '\\' && !escaped;
            }
        }
        if c == '/' && self.characters.peek().is_some_and(|(_, next)| *next == '/') {
            for (_, inner) in self.characters.by_ref() {
                if inner == '\n' {
                    break;
                }
            }
        }
        Some((self.from + index, c))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(policy: &str) -> Vec<(Kind, String, usize)> {
        parts(policy).into_iter().map(|part| (part.kind, part.text, part.line)).collect()
    }

    #[test]
    fn a_policy_is_taken_apart_where_its_terms_meet() {
        let policy = "@id(\"a(b\")\n@advice(\"no, {never} && \\\" // not\")\nforbid (\n  principal in Id::Group::\"jira:a,b\", // first\n  action in [Mcp::Action::\"x\", Mcp::Action::\"y\"],\n  resource\n)\nwhen { context.input has public && // guard\n       (context.input.public || true) }\nunless { principal in Id::Group::\"jira:}\" ||\n resource in Jira::Project::\"A\" && true };";
        let wanted = [
            (Kind::Principal, "principal in Id::Group::\"jira:a,b\"", 3),
            (Kind::Action, "action in [Mcp::Action::\"x\", Mcp::Action::\"y\"]", 4),
            (Kind::Resource, "resource", 5),
            (Kind::When, "context.input has public", 7),
            (Kind::When, "(context.input.public || true)", 8),
            (Kind::Unless, "principal in Id::Group::\"jira:}\"", 9),
            (Kind::Unless, "resource in Jira::Project::\"A\" && true", 10),
        ];
        assert_eq!(told(policy), wanted.map(|(kind, text, line)| (kind, text.to_owned(), line)));
    }

    #[test]
    fn what_cannot_be_told_apart_stays_whole() {
        for condition in ["a || b && c", "if a && b then c else d", "!(a && b)"] {
            let policy = format!("permit (principal, action, resource) when {{ {condition} }};");
            let parts = parts(&policy);
            assert_eq!(parts.last().map(|part| part.text.as_str()), Some(condition), "{parts:?}");
        }
        let unless = parts("permit (principal, action, resource) unless { a && b };");
        assert_eq!(unless.last().map(|part| part.text.as_str()), Some("a && b"));
    }
}
