//! Arguments as clients send them, brought into the form the schema declares, or refused with the remedy.

use serde::de::DeserializeOwned;
use serde_json::Map;
use serde_json::Number;
use serde_json::Value;

use super::AnyTool;
use super::Spec;
use crate::ids::InstanceName;

/// Why arguments were refused; the text is for the caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid arguments: {}", .0.join("; "))]
pub struct InvalidArguments(Vec<String>);

impl InvalidArguments {
    pub(super) fn of(problem: String) -> Self {
        Self(vec![problem])
    }

    pub(super) fn unreadable() -> Self {
        Self(vec!["they could not be read".to_owned()])
    }

    pub(super) fn senseless(error: &super::ToolError) -> Self {
        Self(vec![error.to_string()])
    }
}

/// The argument that names a site, where a product has several; the tools themselves know one site only.
pub const INSTANCE: &str = "instance";

/// Takes the name of the site out of the arguments.
pub fn take_instance(arguments: &mut Map<String, Value>) -> Result<Option<InstanceName>, InvalidArguments> {
    let name = match arguments.get(INSTANCE) {
        None | Some(Value::Null) => None,
        Some(Value::String(name)) if name.trim().is_empty() => None,
        Some(Value::String(name)) => Some(InstanceName::parse(name)),
        Some(other) => return Err(InvalidArguments(vec![wrong(INSTANCE, "string", kind(other))])),
    };
    let name = name.transpose().map_err(|error| InvalidArguments(vec![format!("`{INSTANCE}`: {error}")]))?;
    // What is refused stays among the arguments, for the record.
    arguments.remove(INSTANCE);
    Ok(name)
}

/// Whether a tool has an argument of this name, or is told its site by it.
pub fn has_argument(tool: &dyn AnyTool, name: &str) -> bool {
    let schema = tool.schema();
    let properties = schema.get("properties").and_then(Value::as_object);
    properties.is_some_and(|properties| properties.contains_key(name))
        || tool.spec().aliases.iter().any(|(alias, _)| *alias == name)
        || name == INSTANCE
}

/// Keeps what a call asks for, or gets without asking, below the operator's bound on results. A list that is cut by it
/// says so, as every list does.
pub fn bound(tool: &dyn AnyTool, arguments: &mut Map<String, Value>, most: Option<i64>) {
    let Some(most) = most else { return };
    let schema = tool.schema();
    for name in ["limit", "max_results"] {
        let Some(property) = schema.get("properties").and_then(|properties| properties.get(name)) else {
            continue;
        };
        let number = |value: &Value| match value {
            Value::String(text) => text.trim().parse().ok(),
            Value::Number(number) => whole(number)?.as_i64(),
            _ => None,
        };
        let given = arguments.get(name).filter(|value| !value.is_null() && value.as_str() != Some(""));
        if given.or_else(|| property.get("default")).and_then(number).is_some_and(|asked| asked > most) {
            arguments.insert(name.to_owned(), most.into());
        }
    }
}

/// How many unknown arguments are told one by one.
const MOST_TOLD: usize = 10;

/// Brings arguments into the declared form.
///
/// Null or an empty string for an optional one is absent; numbers and booleans may come as strings; arrays and
/// objects are taken where the contract has a comma-separated or a JSON text. An unknown name is an error.
pub(super) fn coerce(
    spec: &Spec,
    schema: &Map<String, Value>,
    arguments: Map<String, Value>,
) -> Result<Map<String, Value>, InvalidArguments> {
    let none = Map::new();
    let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&none);
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let mut problems = Vec::new();
    let mut untold = 0_usize;
    let mut taken = Map::new();
    for (name, value) in arguments {
        let name = spec
            .aliases
            .iter()
            .find(|(alias, _)| *alias == name)
            .map_or(name.as_str(), |(_, real)| real)
            .to_owned();
        let Some(property) = properties.get(&name) else {
            // Whoever sends thousands of them gets no answer that is longer than the request.
            match problems.len() {
                0..MOST_TOLD => problems.push(unknown(&name, properties)),
                _ => untold += 1,
            }
            continue;
        };
        if taken.contains_key(&name) {
            problems.push(format!("`{name}` is given twice"));
            continue;
        }
        let optional = !required.contains(&name.as_str());
        // Where an empty text says something, the schema says so.
        let may_be_empty = property.get("minLength").and_then(Value::as_u64) == Some(0);
        if optional && (value.is_null() || value.as_str() == Some("") && !may_be_empty) {
            continue;
        }
        // What is described as JSON may come as such; any other long text is a text.
        let says = property.get("description").and_then(Value::as_str).unwrap_or_default();
        let takes_json = says.contains("JSON") || says.contains('{');
        let is_text = spec.long_text.contains(&name.as_str()) && !takes_json;
        if is_text && (value.is_array() || value.is_object()) {
            problems.push(wrong(&name, "string", kind(&value)));
            continue;
        }
        match fit(&name, property, value) {
            Ok(value) => {
                taken.insert(name, value);
            }
            Err(problem) => problems.push(problem),
        }
    }
    for name in required {
        if !taken.contains_key(name)
            && !problems.iter().any(|problem| problem.starts_with(&format!("`{name}`")))
        {
            problems.push(format!("`{name}` is required"));
        }
    }
    if untold > 0 {
        problems.push(format!("{untold} more are not arguments of this tool"));
    }
    if problems.is_empty() { Ok(taken) } else { Err(InvalidArguments(problems)) }
}

/// Reads the typed arguments; what a type refuses is said with the argument's name.
pub(super) fn typed<A: DeserializeOwned>(arguments: Value) -> Result<A, InvalidArguments> {
    let named = arguments.clone();
    serde_json::from_value(arguments).map_err(|error| {
        let text = error.to_string();
        // serde has no path; the refused value stands in the message between backticks.
        let culprit = named.as_object().into_iter().flatten().find(|(_, value)| {
            value.as_str().is_some_and(|value| text.contains(&format!("`{}`", value.escape_debug())))
        });
        InvalidArguments(vec![match culprit {
            Some((name, _)) => format!("`{name}`: {text}"),
            None => text,
        }])
    })
}

fn fit(name: &str, property: &Value, value: Value) -> Result<Value, String> {
    let wanted = property.get("type").and_then(Value::as_str).unwrap_or_default();
    let given = kind(&value);
    let value = match (wanted, value) {
        ("string", Value::String(text)) => Value::String(text),
        ("string", Value::Number(number)) => Value::String(number.to_string()),
        ("string", Value::Array(items)) => Value::String(list(items)),
        ("string", Value::Object(object)) => Value::String(Value::Object(object).to_string()),
        ("integer", Value::Number(number)) => {
            Value::Number(whole(&number).ok_or_else(|| wrong(name, wanted, "a fraction"))?)
        }
        ("integer", Value::String(text)) => {
            let number = text.trim().parse::<i64>().map_err(|_| wrong(name, wanted, given))?;
            Value::Number(number.into())
        }
        ("boolean", Value::Bool(flag)) => Value::Bool(flag),
        ("boolean", Value::String(text)) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Value::Bool(true),
            "false" | "0" | "no" | "off" => Value::Bool(false),
            _ => return Err(wrong(name, wanted, given)),
        },
        ("boolean", Value::Number(number)) => match number.as_i64() {
            Some(flag @ (0 | 1)) => Value::Bool(flag == 1),
            _ => return Err(wrong(name, wanted, given)),
        },
        ("array", Value::Array(items)) => Value::Array(items),
        // Some clients send lists and objects as JSON text.
        ("array", Value::String(text)) => match serde_json::from_str(&text) {
            Ok(Value::Array(items)) => Value::Array(items),
            _ if holds_texts(property) && !text.trim_start().starts_with(['[', '{']) => {
                let texts = text.split(',').map(str::trim).filter(|text| !text.is_empty());
                let texts: Vec<Value> = texts.map(Value::from).collect();
                // An empty list may take something away, which commas alone do not ask for.
                if texts.is_empty() {
                    return Err(wrong(name, wanted, given));
                }
                Value::Array(texts)
            }
            _ => return Err(wrong(name, wanted, given)),
        },
        _ => return Err(wrong(name, wanted, given)),
    };
    bounds(name, property, &value)?;
    Ok(value)
}

/// Whether the entries of a list are texts, so that it may be one with commas.
fn holds_texts(property: &Value) -> bool {
    property.pointer("/items/type").and_then(Value::as_str) == Some("string")
}

/// A list of texts becomes a comma-separated text, any other list JSON text.
fn list(items: Vec<Value>) -> String {
    if items.iter().all(|item| item.as_str().is_some_and(|text| !text.contains(','))) {
        let texts: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
        return texts.join(",");
    }
    Value::Array(items).to_string()
}

fn whole(number: &Number) -> Option<Number> {
    if let Some(number) = number.as_i64() {
        return Some(number.into());
    }
    let float = number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() < 9e15)?;
    format!("{float:.0}").parse::<i64>().ok().map(Number::from)
}

fn bounds(name: &str, property: &Value, value: &Value) -> Result<(), String> {
    let Some(number) = value.as_i64() else { return Ok(()) };
    let limit = |which: &str| property.get(which).and_then(Value::as_i64);
    if limit("minimum").is_some_and(|minimum| number < minimum) {
        return Err(format!("`{name}` is {number}; the least is {}", limit("minimum").unwrap_or_default()));
    }
    if limit("maximum").is_some_and(|maximum| number > maximum) {
        return Err(format!("`{name}` is {number}; the most is {}", limit("maximum").unwrap_or_default()));
    }
    Ok(())
}

fn wrong(name: &str, wanted: &str, given: &str) -> String {
    let wanted = match wanted {
        "integer" => "an integer",
        "array" => "a list",
        "boolean" => "a boolean",
        _ => "a string",
    };
    format!("`{name}` must be {wanted}, not {given}")
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text that cannot be read as one",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn unknown(name: &str, properties: &Map<String, Value>) -> String {
    let shown: String = name.chars().take(60).flat_map(char::escape_debug).collect();
    let nearest = properties
        .keys()
        .max_by(|a, b| strsim::jaro_winkler(a, name).total_cmp(&strsim::jaro_winkler(b, name)));
    match nearest {
        Some(nearest) if strsim::jaro_winkler(nearest, name) > 0.75 => {
            format!("`{shown}` is not an argument of this tool; did you mean `{nearest}`?")
        }
        _ => {
            let known: Vec<&str> = properties.keys().map(String::as_str).collect();
            format!("`{shown}` is not an argument of this tool; it takes {}", known.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::tools::find;

    fn decode(tool: &str, arguments: serde_json::Value) -> Result<serde_json::Value, String> {
        let serde_json::Value::Object(arguments) = arguments else { panic!("an object") };
        let decoded = find(tool).unwrap().decode(arguments).map_err(|error| error.to_string())?;
        Ok(serde_json::Value::Object(decoded.arguments().clone()))
    }

    #[test]
    fn arguments_are_taken_in_the_forms_clients_send() {
        let table = [
            (
                json!({"issue_key": "ops-1", "comment_limit": "3", "update_history": "false"}),
                ("OPS-1", 3, false),
            ),
            (
                json!({"issue_key": " OPS-1 ", "comment_limit": 3.0, "update_history": false}),
                ("OPS-1", 3, false),
            ),
            (
                json!({"issue_key": "OPS-1", "comment_limit": null, "fields": "", "expand": null}),
                ("OPS-1", 10, true),
            ),
            (json!({"issue_key": "OPS-1", "comment_limit": " 0 ", "update_history": 0}), ("OPS-1", 0, false)),
            (
                json!({"issue_key": "OPS-1", "comment_limit": 1e2, "update_history": "ON"}),
                ("OPS-1", 100, true),
            ),
        ];
        for (given, (key, limit, history)) in table {
            let taken = decode("jira_get_issue", given).unwrap();
            assert_eq!(
                (&taken["issue_key"], &taken["comment_limit"], &taken["update_history"]),
                (&json!(key), &json!(limit), &json!(history))
            );
        }
        let listed =
            decode("jira_get_issue", json!({"issue_key": "OPS-1", "fields": ["summary", "status"]})).unwrap();
        assert_eq!(listed["fields"], "summary,status");
        let aliased = decode("jira_add_comment", json!({"issue_key": "OPS-1", "comment": "hi"})).unwrap();
        assert_eq!(aliased["body"], "hi");
        assert_eq!(decode("confluence_get_page", json!({"page_id": 65537})).unwrap()["page_id"], "65537");
        let fields = json!({"priority": "High"});
        for name in ["fields", "additional_fields"] {
            let taken = decode("jira_update_issue", json!({"issue_key": "OPS-1", name: fields})).unwrap();
            assert_eq!(taken[name], fields.to_string(), "{name}");
        }
    }

    #[test]
    fn refusals_name_the_argument_and_the_remedy() {
        let table = [
            (json!({}), "`issue_key` is required"),
            (json!({"issue_key": null}), "`issue_key` must be a string, not null"),
            (json!({"issue_key": "OPS"}), "`issue_key`: `OPS` is not an issue key such as `OPS-12`"),
            (json!({"issue_key": "OPS-1/../2"}), "is not an issue key"),
            (json!({"issue_key": "OPS-1", "comment_limit": 101}), "`comment_limit` is 101; the most is 100"),
            (json!({"issue_key": "OPS-1", "comment_limit": "many"}), "`comment_limit` must be an integer"),
            (json!({"issue_key": "OPS-1", "update_history": 2}), "`update_history` must be a boolean"),
            (json!({"issue_key": "OPS-1", "update_history": "maybe"}), "`update_history` must be a boolean"),
            (json!({"issue_key": "OPS-1", "isue_key": "x"}), "did you mean `issue_key`?"),
            (
                json!({"issue_key": "OPS-1", "zzz": 1}),
                "`zzz` is not an argument of this tool; it takes issue_key",
            ),
        ];
        for (given, wanted) in table {
            let text = decode("jira_get_issue", given.clone()).unwrap_err();
            assert!(text.contains(wanted), "{given}: {text}");
        }
        let mut many: serde_json::Map<String, serde_json::Value> =
            (0..50_000).map(|number| (format!("zzz{number}"), number.into())).collect();
        many.insert("issue_key".to_owned(), "OPS-1".into());
        let text = decode("jira_get_issue", many.into()).unwrap_err();
        assert!(text.contains("49990 more are not arguments of this tool") && text.len() < 10_000, "{text}");
        let twice = decode("jira_add_comment", json!({"issue_key": "OPS-1", "body": "a", "comment": "b"}))
            .unwrap_err();
        assert!(twice.contains("`body` is given twice"), "{twice}");
    }

    #[test]
    fn the_operators_bound_holds_for_what_is_asked_and_for_what_is_not() {
        let table = [
            ("jira_search", json!({"jql": "x", "limit": 50}), 5, json!({"jql": "x", "limit": 5})),
            ("jira_search", json!({"jql": "x", "limit": " 50 "}), 5, json!({"jql": "x", "limit": 5})),
            ("jira_search", json!({"jql": "x"}), 5, json!({"jql": "x", "limit": 5})),
            ("jira_search", json!({"jql": "x", "limit": 3}), 5, json!({"jql": "x", "limit": 3})),
            ("jira_search", json!({"jql": "x", "limit": "many"}), 5, json!({"jql": "x", "limit": "many"})),
            (
                "jira_search_projects",
                json!({"query": "x", "max_results": null}),
                5,
                json!({"query": "x", "max_results": 5}),
            ),
            ("jira_get_issue", json!({"issue_key": "OPS-1"}), 5, json!({"issue_key": "OPS-1"})),
        ];
        for (tool, given, most, wanted) in table {
            let serde_json::Value::Object(mut arguments) = given.clone() else { panic!("an object") };
            super::bound(find(tool).unwrap(), &mut arguments, Some(most));
            assert_eq!(serde_json::Value::Object(arguments), wanted, "{tool} {given}");
        }
    }

    #[test]
    fn a_list_of_texts_may_come_with_commas() {
        let given = |users: serde_json::Value| {
            decode("confluence_set_page_restrictions", json!({"page_id": "1", "read_users": users}))
                .map(|arguments| arguments["read_users"].clone())
        };
        assert_eq!(given(json!("bob")), Ok(json!(["bob"])));
        assert_eq!(given(json!("bob, Ann Lee ,")), Ok(json!(["bob", "Ann Lee"])));
        assert_eq!(given(json!("[\"bob\"]")), Ok(json!(["bob"])));
        assert!(given(json!("[bob")).is_err());
        assert!(given(json!(" , ")).is_err(), "an empty list clears the restrictions");
    }
}
