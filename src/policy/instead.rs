//! What to write instead of what Cedar refuses. Which error it is, Cedar's types say; what was written, the file says at
//! the place of the error. Nobody reads Cedar's messages but people.

use std::str::FromStr;

use cedar_policy::Expression;
use cedar_policy::Schema;
use cedar_policy::ValidationError;
use cedar_policy_core::ast::Expr;
use cedar_policy_core::ast::ExprKind;
use cedar_policy_core::ast::PolicySet;
use cedar_policy_core::parser::err::ParseError;
use cedar_policy_core::parser::err::ParseErrors;
use cedar_policy_core::parser::err::ToASTErrorKind;
use cedar_policy_core::parser::parse_policyset;

/// What to write instead of what is not valid; nothing where Cedar's own help is the best there is.
pub(super) fn of_invalid(error: &ValidationError, written: &str, schema: &Schema) -> Option<String> {
    match error {
        ValidationError::UnrecognizedActionId(_) => nearest_action(written, schema),
        ValidationError::UnrecognizedEntityType(_) => entity_type(written, schema),
        ValidationError::UnsafeOptionalAttributeAccess(_) => guarded(written, schema),
        ValidationError::UnsafeAttributeAccess(_) => attribute_of(written, schema),
        _ => None,
    }
}

/// What to write instead of what does not parse.
pub(super) fn of_unparsed(error: &ParseError, text: &str, at: std::ops::Range<usize>) -> Option<String> {
    match error {
        ParseError::ToAST(error) => match error.kind() {
            ToASTErrorKind::WrongEntityArgument(_) => single(text, at),
            _ => None,
        },
        ParseError::ToCST(_) => semicolon(text, at.start),
    }
}

fn nearest_action(written: &str, schema: &Schema) -> Option<String> {
    let given = written.split('"').nth(1)?;
    let names = schema.actions().map(|uid| uid.id().unescaped().to_owned());
    let nearest = names
        .map(|name| (strsim::normalized_damerau_levenshtein(&name, given), name))
        .max_by(|left, right| left.0.total_cmp(&right.0))?;
    (nearest.0 > 0.5).then(|| format!("did you mean `Mcp::Action::\"{}\"`?", nearest.1))
}

/// A type that another product has, or that is written without the product.
fn entity_type(written: &str, schema: &Schema) -> Option<String> {
    let given = written.split('"').next()?.trim_end_matches("::").trim();
    let (namespace, name) = given.rsplit_once("::").unwrap_or(("", given));
    let known: Vec<(String, String)> =
        schema.entity_types().map(|kind| (kind.namespace(), kind.basename().to_owned())).collect();
    let (right, name) = known.iter().find(|(_, known)| known.eq_ignore_ascii_case(name))?;
    let mut own: Vec<String> = known
        .iter()
        .filter(|(known, _)| known == namespace)
        .map(|(namespace, name)| format!("`{namespace}::{name}`"))
        .collect();
    own.sort();
    if own.is_empty() || right == namespace {
        return Some(format!("write `{right}::{name}`"));
    }
    Some(format!("`{name}` is of {right}: write `{right}::{name}`; {namespace} has {}", own.join(", ")))
}

/// The test for an attribute that is not always there, before it is read. What is in a context, Cedar's own help names.
fn guarded(written: &str, schema: &Schema) -> Option<String> {
    let optional = |attribute: &str| {
        let mut types = schema.as_ref().entity_types();
        types.any(|kind| kind.attr(attribute).is_some_and(|found| !found.is_required()))
    };
    let reads = reads(written);
    let read = reads.iter().rev().find(|read| !read.object.starts_with("context") && optional(&read.name))?;
    let Read { object, name } = read;
    Some(format!("it is not always there; write `{object} has {name} && {object}.{name} ...`"))
}

/// The types that have an attribute which not all do that the policy covers.
fn attribute_of(written: &str, schema: &Schema) -> Option<String> {
    let having = |attribute: &str| -> Vec<(String, bool)> {
        let types = schema.as_ref().entity_types();
        let mut having: Vec<(String, bool)> = types
            .filter_map(|kind| Some((kind.name().to_string(), kind.attr(attribute)?.is_required())))
            .collect();
        having.sort();
        having
    };
    let reads = reads(written);
    // Where nothing has some attribute, that one is wrong, whatever else is.
    if reads.iter().any(|read| having(&read.name).is_empty()) {
        return None;
    }
    let Read { object, name } = reads.iter().find(|read| read.object == "resource")?;
    let having = having(name);
    let (first, required) = having.first()?;
    let types: Vec<String> = having.iter().map(|(name, _)| format!("`{name}`")).collect();
    let verb = if types.len() == 1 { "has" } else { "have" };
    let test = if *required { String::new() } else { format!("{object} has {name} && ") };
    Some(format!(
        "only {} {verb} `{name}`; write `{object} is {first} && {test}{object}.{name} ...`",
        types.join(" and ")
    ))
}

/// An attribute that is read of something.
struct Read {
    object: String,
    name: String,
}

/// What an expression reads, the outermost first. Only names that need no quotes: those of the schema do not.
fn reads(written: &str) -> Vec<Read> {
    let Ok(expression) = Expression::from_str(written) else { return Vec::new() };
    let expression: &Expr = expression.as_ref();
    let read = |part: &Expr| match part.expr_kind() {
        ExprKind::GetAttr { expr, attr } => Some(Read { object: path(expr)?, name: attr.to_string() }),
        _ => None,
    };
    expression.subexpressions().filter_map(read).collect()
}

/// A variable, or an attribute of one, as it is written.
fn path(expression: &Expr) -> Option<String> {
    match expression.expr_kind() {
        ExprKind::Var(variable) => Some(variable.to_string()),
        ExprKind::GetAttr { expr, attr } => Some(format!("{}.{attr}", path(expr)?)),
        _ => None,
    }
}

/// A list where a scope takes one.
fn single(text: &str, at: std::ops::Range<usize>) -> Option<String> {
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
