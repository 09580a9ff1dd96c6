//! The session and the arguments as policies see them.

use std::collections::BTreeMap;

use cedar_policy::Context;
use cedar_policy::RestrictedExpression;
use jiff::Timestamp;
use serde_json::Value;

use crate::policy::InputField;
use crate::policy::InputKind;
use crate::policy::InputValue;
use crate::policy::Session;

/// `{session}`: the whole context of `view_item`, and the start of a tool's.
pub(super) fn session(session: &Session) -> Result<Context, String> {
    let text = |text: &str| RestrictedExpression::new_string(text.to_owned());
    let now = Timestamp::from_millisecond(session.now_ms).map_err(|error| error.to_string())?;
    let login = &session.login;
    let scopes = login.scopes.iter().map(|scope| text(scope));
    let mut fields = vec![
        ("mfa".to_owned(), RestrictedExpression::new_bool(login.mfa)),
        ("scopes".to_owned(), RestrictedExpression::new_set(scopes)),
        ("age".to_owned(), RestrictedExpression::new_long(login.seconds())),
        ("method".to_owned(), text(session.method)),
        ("client".to_owned(), text(&session.client)),
        ("deployment".to_owned(), text(session.deployment)),
        ("read_only".to_owned(), RestrictedExpression::new_bool(session.read_only)),
        (
            "now".to_owned(),
            RestrictedExpression::new_datetime(now.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()),
        ),
    ];
    if let Some(address) = session.address {
        // A policy on 10.0.0.0/8 holds for ::ffff:10.0.0.1 as well.
        let address = address.to_canonical().to_string();
        fields.push(("address".to_owned(), RestrictedExpression::new_ip(address)));
    }
    let record = RestrictedExpression::new_record(fields).map_err(|error| error.to_string())?;
    Context::from_pairs([("session".to_owned(), record)]).map_err(|error| error.to_string())
}

/// `{session, input}`: the context of a tool.
pub(super) fn tool(
    session: Context,
    fields: &[InputField],
    input: &BTreeMap<String, InputValue>,
) -> Result<Context, String> {
    let mut record = Vec::with_capacity(input.len());
    for (name, value) in input {
        let field = declared(fields, name)?;
        record.push((field.attribute(), expression(field, value)?));
    }
    let record = RestrictedExpression::new_record(record).map_err(|error| error.to_string())?;
    session.merge([("input".to_owned(), record)]).map_err(|error| error.to_string())
}

/// A context of this session and any arguments, for policies that do not look at them.
pub(super) fn any_input(session: Context, fields: &[InputField]) -> Result<Context, String> {
    let required = fields.iter().filter(|field| field.required);
    let input = required.map(|field| {
        let value = match field.kind {
            InputKind::Text => InputValue::Text(String::new()),
            InputKind::Number | InputKind::Length => InputValue::Number(0),
            InputKind::Flag => InputValue::Flag(false),
        };
        (field.name.clone(), value)
    });
    tool(session, fields, &input.collect())
}

/// Refuses input that the schema would refuse, where no policy reads it and no context is made.
pub(super) fn check(fields: &[InputField], input: &BTreeMap<String, InputValue>) -> Result<(), String> {
    for (name, value) in input {
        fits(declared(fields, name)?, value)?;
    }
    match fields.iter().find(|field| field.required && !input.contains_key(&field.name)) {
        Some(missing) => Err(format!("the input `{}` is missing", missing.name)),
        None => Ok(()),
    }
}

fn declared<'f>(fields: &'f [InputField], name: &str) -> Result<&'f InputField, String> {
    let field = fields.iter().find(|field| field.name == name);
    field.ok_or_else(|| format!("`{name}` is no input of this tool"))
}

/// Whether a policy, as Cedar writes it in JSON, may look at the context at all.
pub(super) fn reads_context(expression: &Value) -> bool {
    match expression {
        Value::Object(fields) => is_context(expression) || fields.values().any(reads_context),
        Value::Array(items) => items.iter().any(reads_context),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn is_context(expression: &Value) -> bool {
    expression.get("Var").and_then(Value::as_str) == Some("context")
}

/// Whether it may look at more of the context than the session.
pub(super) fn reads_input(expression: &Value) -> bool {
    match expression {
        Value::Object(fields) => {
            let of_context = fields.get("left").is_some_and(is_context);
            let of_session = fields.get("attr").and_then(Value::as_str) == Some("session");
            if of_context && of_session && fields.len() == 2 {
                return false;
            }
            is_context(expression) || fields.values().any(reads_input)
        }
        Value::Array(items) => items.iter().any(reads_input),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn fits(field: &InputField, value: &InputValue) -> Result<(), String> {
    match (field.kind, value) {
        (InputKind::Text, InputValue::Text(_))
        | (InputKind::Number, InputValue::Number(_))
        | (InputKind::Length, InputValue::Number(_) | InputValue::Text(_))
        | (InputKind::Flag, InputValue::Flag(_)) => Ok(()),
        (kind, _) => Err(format!("input `{}` is not a {kind:?}", field.name)),
    }
}

fn expression(field: &InputField, value: &InputValue) -> Result<RestrictedExpression, String> {
    fits(field, value)?;
    Ok(match value {
        InputValue::Text(text) if field.kind == InputKind::Length => {
            let length = i64::try_from(text.chars().count()).map_err(|error| error.to_string())?;
            RestrictedExpression::new_long(length)
        }
        InputValue::Text(text) => RestrictedExpression::new_string(text.clone()),
        InputValue::Number(number) => RestrictedExpression::new_long(*number),
        InputValue::Flag(flag) => RestrictedExpression::new_bool(*flag),
    })
}
