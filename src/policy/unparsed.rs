//! What to write instead of what does not parse. A mistake is known by its remedy: with it, the parser comes further.

use std::ops::Range;
use std::str::FromStr;

use cedar_policy::Expression;
use cedar_policy_core::ast::Expr;
use cedar_policy_core::ast::ExprKind;
use cedar_policy_core::ast::PolicySet;
use cedar_policy_core::parser::err::ParseError;
use cedar_policy_core::parser::err::ParseErrors;
use cedar_policy_core::parser::err::ToASTErrorKind;
use cedar_policy_core::parser::parse_policyset;

/// Operators as other languages write them.
const WORDS: [(&str, &str); 3] = [("and", "&&"), ("or", "||"), ("not", "!")];

/// The types whose entities policies name. The longest part of a name that is one of them is a type; what follows it is
/// an id.
const TYPES: [&str; 10] = [
    "Id::Group",
    "Id::User",
    "Id::Service",
    "Mcp::Action",
    "Jira::Instance",
    "Jira::Project",
    "Jira::Issue",
    "Confluence::Instance",
    "Confluence::Space",
    "Confluence::Page",
];

/// What to write instead of what does not parse.
pub(super) fn instead(error: &ParseError, text: &str, at: Range<usize>) -> Option<String> {
    match error {
        ParseError::ToAST(error) => match error.kind() {
            ToASTErrorKind::WrongEntityArgument(_) => {
                single(text, at.clone()).or_else(|| quoted_id(text, &at))
            }
            _ => quoted_id(text, &at).or_else(|| typed_id(text, &at)),
        },
        ParseError::ToCST(_) => word(text, &at)
            .or_else(|| quoted_id(text, &at))
            .or_else(|| comma(text, &at))
            .or_else(|| semicolon(text, at.start)),
    }
}

/// Where the parser stumbles first over tokens; what they mean is only looked at when they are in order.
fn stumbles(text: &str) -> Option<usize> {
    let errors = parse_policyset(text).err();
    let errors = errors.iter().flat_map(|errors| errors.iter());
    let places = errors.filter_map(|error| match error {
        ParseError::ToCST(error) => {
            Some(error.primary_source_span().map_or(text.len(), |span| span.offset()))
        }
        ParseError::ToAST(_) => None,
    });
    places.min()
}

/// Whether the parser comes further than `beyond`, counted from the place, with other words there.
fn helps(text: &str, at: &Range<usize>, other: &str, beyond: usize) -> bool {
    let (Some(before), Some(after)) = (text.get(..at.start), text.get(at.end..)) else { return false };
    stumbles(&format!("{before}{other}{after}")).is_none_or(|place| place > before.len() + beyond)
}

/// `and`, `or`, `not`, at the place or right before it.
fn word(text: &str, at: &Range<usize>) -> Option<String> {
    let before = text.get(..at.start)?.trim_end();
    let last = before.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_').next()?;
    let places = [at.clone(), before.len() - last.len()..before.len()];
    places.into_iter().find_map(|place| {
        let written = text.get(place.clone())?;
        let (_, operator) = WORDS.iter().find(|(word, _)| word.eq_ignore_ascii_case(written))?;
        let spaced = format!(" {operator} ");
        helps(text, &place, &spaced, spaced.len())
            .then(|| format!("write `{operator}` in place of `{written}`"))
    })
}

fn comma(text: &str, at: &Range<usize>) -> Option<String> {
    let written = text.get(at.clone()).filter(|written| !written.is_empty())?;
    // What follows the comma must be taken as well.
    let beyond = ",".len();
    helps(text, &(at.start..at.start), ",", beyond).then(|| format!("a comma is missing before `{written}`"))
}

/// An id without quotes: the name around the place, a type and what follows it.
fn quoted_id(text: &str, at: &Range<usize>) -> Option<String> {
    let of_name = |c: char| c.is_alphanumeric() || "_:-~./@".contains(c);
    let before = text.get(..at.start)?;
    let from =
        before.len() - before.chars().rev().take_while(|c| of_name(*c)).map(char::len_utf8).sum::<usize>();
    let length = text.get(from..)?.chars().take_while(|c| of_name(*c)).map(char::len_utf8).sum::<usize>();
    let name = text.get(from..from + length)?;
    let (kind, id) = TYPES.iter().find_map(|kind| Some((kind, name.strip_prefix(kind)?)))?;
    let id = id.trim_start_matches(':');
    if id.is_empty() {
        return None;
    }
    let right = format!("{kind}::\"{id}\"");
    helps(text, &(from..from + length), &right, right.len())
        .then(|| format!("an id stands in quotes: write `{right}`"))
}

/// An id without its type.
fn typed_id(text: &str, at: &Range<usize>) -> Option<String> {
    let written = text.get(at.clone()).filter(|written| written.starts_with('"'))?;
    let before = text.get(..at.start)?.trim_end();
    let compared = before.strip_suffix("==").or_else(|| before.strip_suffix("in"))?;
    let id = written.trim_matches('"');
    let right = match ["principal", "action", "resource"]
        .into_iter()
        .find(|name| compared.trim_end().ends_with(name))?
    {
        "action" => format!("Mcp::Action::{written}"),
        "principal" if before.ends_with("==") => format!("Id::User::{written}"),
        "principal" if id.contains(':') => format!("Id::Group::{written}"),
        "principal" => format!("Id::Group::\"jira:{id}\""),
        _ => {
            return Some(format!(
                "say what it is: `Jira::Project::{written}` or `Confluence::Space::{written}`"
            ));
        }
    };
    Some(format!("say what it is: write `{right}`"))
}

/// A list where a scope takes one.
fn single(text: &str, at: Range<usize>) -> Option<String> {
    let list = Expression::from_str(text.get(at.clone())?).ok()?;
    let list: &Expr = list.as_ref();
    let ExprKind::Set(entities) = list.expr_kind() else { return None };
    let before = text.get(..at.start)?.trim_end();
    let before = before.strip_suffix("==").or_else(|| before.strip_suffix("in"))?.trim_end();
    let variable = ["principal", "action", "resource"].into_iter().find(|name| before.ends_with(name))?;
    if variable == "action" {
        return Some(format!("write `action in {}`", text.get(at)?));
    }
    let each: Vec<String> = entities.iter().map(|entity| format!("{variable} in {entity}")).collect();
    Some(format!(
        "the scope takes one; write only `{variable}` there and `when {{ {} }}` after it, or one policy for each",
        each.join(" || ")
    ))
}

/// A policy without its end: it is that if everything before this place parses with a semicolon in it.
fn semicolon(text: &str, at: usize) -> Option<String> {
    let before = text.get(..at)?.trim_end();
    // What begins a policy is taken for one more condition of the one before, and found wrong at what follows it.
    let before = ["permit", "forbid"].iter().find_map(|effect| before.strip_suffix(effect)).unwrap_or(before);
    let after = text.get(before.len()..)?;
    let ended = format!("{before}\n;\n{after}");
    // What the parser says of the tokens; what they mean is only looked at when they are in order.
    let left = |parsed: Result<PolicySet, ParseErrors>| {
        let errors = parsed.err();
        let errors = errors.iter().flat_map(|errors| errors.iter());
        errors.filter(|error| matches!(error, ParseError::ToCST(_))).count()
    };
    if before.trim().is_empty() || left(parse_policyset(&ended)) >= left(parse_policyset(text)) {
        return None;
    }
    let line = without_comments(before).lines().count();
    Some(format!("a policy ends with `;`; write it at the end of line {line}"))
}

/// A text up to the last line that is more than blank or a comment.
fn without_comments(text: &str) -> &str {
    let text = text.trim_end();
    match text.rsplit_once('\n') {
        Some((before, last)) if last.trim_start().starts_with("//") => without_comments(before),
        _ => text,
    }
}
