//! `[[audit.rules]]`: how much of the arguments is written down, in the form the file has it.

use figment::value::Dict;
use figment::value::Value;
use glob::Pattern;
use serde::Deserialize;

use super::keys;
use super::kinds::Given;

/// One rule. What it does not name fits all calls.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuditRule {
    /// A pattern of names of tools.
    pub tool: Option<String>,
    /// `jira` or `confluence`.
    pub product: Option<String>,
    /// `read` or `write`.
    pub access: Option<String>,
    /// A pattern of ids of principals.
    pub principal: Option<String>,
    /// A pattern of projects, as policies name them.
    pub project: Option<String>,
    /// A pattern of spaces, as policies name them.
    pub space: Option<String>,
    /// `metadata` or `arguments`.
    pub level: Option<String>,
    /// Names of arguments in clear.
    pub clear: Vec<String>,
}

/// One table of the file: its keys and what they are given.
pub(super) type Table = Vec<(String, Given)>;

const NAMES: [&str; 8] = ["tool", "product", "access", "principal", "project", "space", "level", "clear"];

/// What is to be written in place of something else.
pub(super) const FORM: &str = "`[[audit.rules]]` with `level = \"arguments\"` and what it is for";

/// Reads the rules in their order, or says what is wrong with which.
pub(super) fn read(tables: &[Table]) -> Result<Value, String> {
    if tables.is_empty() {
        return Err("is an empty list: leave it out to have level `metadata` for all".to_owned());
    }
    let rule = |(index, table): (usize, &Table)| {
        rule(table).map_err(|problem| format!("rule {}: {problem}", index + 1))
    };
    tables.iter().enumerate().map(rule).collect::<Result<Vec<Value>, String>>().map(Value::from)
}

fn rule(table: &Table) -> Result<Value, String> {
    let mut read = Dict::new();
    for (name, given) in table {
        read.insert(name.clone(), value(name, given)?);
    }
    let has = |name: &str| read.contains_key(name);
    let of_product = |product: &str| read.get("product").and_then(Value::as_str) == Some(product);
    if has("project") && has("space") {
        return Err("nothing lies in a project and in a space; write two rules".to_owned());
    }
    if (has("project") && of_product("confluence")) || (has("space") && of_product("jira")) {
        return Err("projects are Jira's and spaces Confluence's; no call would fit".to_owned());
    }
    Ok(Value::from(read))
}

fn value(name: &str, given: &Given) -> Result<Value, String> {
    if !NAMES.contains(&name) {
        let hint = keys::hint(name, NAMES);
        return Err(format!("`{}` is no part of a rule{hint}", name.escape_debug()));
    }
    match (name, given) {
        ("clear", Given::List(names)) if !names.is_empty() => Ok(Value::from(names.clone())),
        ("clear", _) => Err("`clear` takes names of arguments, for example `[\"issue_key\"]`".to_owned()),
        (_, Given::Text(text)) if !text.trim().is_empty() => this(name, text.trim()),
        _ => Err(format!("`{name}` takes a text")),
    }
}

fn this(name: &str, text: &str) -> Result<Value, String> {
    let words: &[&str] = match name {
        "product" => &["jira", "confluence"],
        "access" => &["read", "write"],
        "level" if text == "none" => {
            return Err("`none` is no level: every call is written down; the least is `metadata`".to_owned());
        }
        "level" => &["metadata", "arguments"],
        _ => {
            let checked = Pattern::new(text).map(|_| Value::from(text));
            return checked.map_err(|error| format!("`{name}` is no pattern: {}", error.msg));
        }
    };
    if words.contains(&text) {
        return Ok(Value::from(text));
    }
    Err(format!("`{name}` is `{}`; it takes {}", text.escape_debug(), words.join(" or ")))
}
