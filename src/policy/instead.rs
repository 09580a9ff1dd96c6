//! What to write instead of what Cedar finds invalid. Which error it is, Cedar's types say; what was written, the file says
//! at the place of the error. Nobody reads Cedar's messages but people.

use std::str::FromStr;

use cedar_policy::Expression;
use cedar_policy::Schema;
use cedar_policy::ValidationError;
use cedar_policy_core::ast::BinaryOp;
use cedar_policy_core::ast::Expr;
use cedar_policy_core::ast::ExprKind;
use cedar_policy_core::ast::Literal;

use crate::policy::nearest::nearest;

/// What to write instead of what is not valid; nothing where Cedar's own help is the best there is.
pub(super) fn of_invalid(error: &ValidationError, written: &str, schema: &Schema) -> Option<String> {
    match error {
        ValidationError::UnrecognizedActionId(_) => nearest_action(written, schema),
        ValidationError::UnrecognizedEntityType(_) => entity_type(written, schema),
        ValidationError::UnsafeOptionalAttributeAccess(_) => guarded(written, schema),
        ValidationError::UnsafeAttributeAccess(_) => of_principal(written)
            .or_else(|| attribute_of(written, schema))
            .or_else(|| no_attribute(written, schema)),
        ValidationError::IncompatibleTypes(_) => member(written),
        _ => None,
    }
}

fn nearest_action(written: &str, schema: &Schema) -> Option<String> {
    let given = written.split('"').nth(1)?;
    let names = schema.actions().map(|uid| uid.id().unescaped().to_owned());
    nearest(given, names).map(|name| format!("did you mean `Mcp::Action::\"{name}\"`?"))
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

/// Of a principal nothing is known but who it is and which groups it is in.
fn of_principal(written: &str) -> Option<String> {
    let reads = reads(written);
    let Read { name, .. } = reads.iter().find(|read| read.object == "principal")?;
    let text = written.split('"').nth(1).unwrap_or_default();
    Some(if name.to_lowercase().contains("group") {
        format!(
            "groups are what a principal is in: write `principal in Id::Group::\"{}\"`",
            group_named(text)
        )
    } else {
        let text = if text.is_empty() { "..." } else { text };
        format!(
            "a principal has no attributes: write `principal == Id::User::\"{text}\"`, or `principal in \
             Id::Group::\"jira:...\"`"
        )
    })
}

/// A group as policies name it.
fn group_named(given: &str) -> String {
    let given = if given.is_empty() { "..." } else { given };
    if given.contains(':') { given.to_owned() } else { format!("jira:{given}") }
}

/// An attribute that nothing has: the one that may be meant, and all that there are.
pub(super) fn attributes(name: &str, schema: &Schema) -> String {
    let mut names: Vec<String> = Vec::new();
    let mut of_types: Vec<String> = Vec::new();
    for kind in schema.as_ref().entity_types() {
        let own: Vec<String> = kind.attributes().iter().map(|(name, _)| name.to_string()).collect();
        if !own.is_empty() {
            let mut listed = own.clone();
            listed.sort();
            of_types.push(format!("`{}` has {}", kind.name(), listed.join(", ")));
        }
        names.extend(own);
    }
    of_types.sort();
    let meant = nearest(name, names).map(|meant| format!("did you mean `{meant}`? ")).unwrap_or_default();
    format!("{meant}{}", of_types.join("; "))
}

fn no_attribute(written: &str, schema: &Schema) -> Option<String> {
    let reads = reads(written);
    let has = |name: &str| schema.as_ref().entity_types().any(|kind| kind.attr(name).is_some());
    let read = reads.iter().find(|read| !read.object.starts_with("context") && !has(&read.name))?;
    Some(attributes(&read.name, schema))
}

/// One text compared with many.
fn member(written: &str) -> Option<String> {
    let expression = Expression::from_str(written).ok()?;
    let expression: &Expr = expression.as_ref();
    let ExprKind::BinaryApp { op: BinaryOp::Eq, arg1, arg2 } = expression.expr_kind() else { return None };
    let compared = |set: &Expr, one: &Expr| {
        let (ExprKind::GetAttr { attr, .. }, ExprKind::Lit(Literal::String(text))) =
            (set.expr_kind(), one.expr_kind())
        else {
            return None;
        };
        let set = path(set)?;
        Some(format!("`{attr}` are several: write `{set}.contains(\"{}\")`", text.escape_debug()))
    };
    compared(arg1, arg2).or_else(|| compared(arg2, arg1))
}
