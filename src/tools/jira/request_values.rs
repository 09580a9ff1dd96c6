//! Values of a customer request, held against the fields of its type.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::choices;
use super::given;
use crate::atlassian::jira::Jira;
use crate::atlassian::jira::system_field;
use crate::audit::Permit;
use crate::markup::Converted;
use crate::markup::Note;
use crate::policy::Write;
use crate::tools::ToolError;

/// The values in the form that the service desk takes. Every problem is told, not only the first.
pub(super) async fn shaped(
    jira: &Jira<'_>,
    permit: &Permit<Write>,
    fields: &Value,
    given: Map<String, Value>,
) -> Result<Converted<Map<String, Value>>, ToolError> {
    let to_wiki = |text: &str| given::text_of_version_2(jira, text);
    let (value, notes) = fitted(fields, given, &to_wiki).map_err(ToolError::Arguments)?;
    if !permit.is_for_all() {
        let catalogue = jira.catalogue(permit).await?;
        let decided = |(id, value): (&String, &Value)| match catalogue.meant(id) {
            Ok(field) => given::decided(permit, field, value),
            // What Jira does not know as a field of issues names none.
            Err(_) => Ok(()),
        };
        let problems: Vec<String> = value.iter().filter_map(|field| decided(field).err()).collect();
        if !problems.is_empty() {
            return Err(ToolError::Arguments(format!("`request_field_values`: {}", problems.join("; "))));
        }
    }
    Ok(Converted { value, notes })
}

type Fitted = (Map<String, Value>, Vec<Note>);

fn fitted(
    fields: &Value,
    given: Map<String, Value>,
    to_wiki: &dyn Fn(&str) -> Converted<Value>,
) -> Result<Fitted, String> {
    let fields =
        fields.get("requestTypeFields").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let id = |field: &Value| field.get("fieldId").and_then(Value::as_str).unwrap_or_default().to_owned();
    let name = |field: &Value| field.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let (mut values, mut notes, mut problems) = (Map::new(), Vec::new(), Vec::new());
    for (key, value) in given.into_iter().filter(|(_, value)| !is_nothing(value)) {
        let by_name = |field: &&Value| name(field).eq_ignore_ascii_case(key.trim());
        let field = fields.iter().find(|field| id(field) == key).or_else(|| fields.iter().find(by_name));
        // A field that the portal does not show may be taken all the same, where it is one of Jira's.
        if field.is_none() && is_of_jira(&key) {
            let converted = match &value {
                Value::String(text) if key == "description" => to_wiki(text),
                _ => Converted { value, notes: Vec::new() },
            };
            notes.extend(converted.notes);
            values.insert(key, converted.value);
            continue;
        }
        let Some(field) = field else {
            let known: Vec<String> =
                fields.iter().map(|field| format!("{} ({})", id(field), name(field))).collect();
            problems.push(format!("there is no field `{key}`; there are {}", known.join(", ")));
            continue;
        };
        match value_of(field, value, to_wiki) {
            Ok(converted) => {
                notes.extend(converted.notes);
                values.insert(id(field), converted.value);
            }
            Err(problem) => problems.push(format!("field `{}` ({}) {problem}", id(field), name(field))),
        }
    }
    let is =
        |field: &Value, word: &str, usual: bool| field.get(word).and_then(Value::as_bool).unwrap_or(usual);
    for field in fields.iter().filter(|field| is(field, "required", false) && is(field, "visible", true)) {
        let has_default =
            field.get("defaultValues").and_then(Value::as_array).is_some_and(|list| !list.is_empty());
        if !values.contains_key(&id(field)) && !has_default {
            problems.push(format!("field `{}` ({}) is required", id(field), name(field)));
        }
    }
    if problems.is_empty() {
        Ok((values, notes))
    } else {
        Err(format!("`request_field_values`: {}", problems.join("; ")))
    }
}

fn is_of_jira(key: &str) -> bool {
    let number = key.strip_prefix("customfield_");
    number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
        || system_field(key).is_some()
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(object) => object.is_empty(),
        _ => false,
    }
}

fn value_of(
    field: &Value,
    value: Value,
    to_wiki: &dyn Fn(&str) -> Converted<Value>,
) -> Result<Converted<Value>, String> {
    let plain = |value| Ok(Converted { value, notes: Vec::new() });
    let schema = |name: &str| {
        field.pointer(&format!("/jiraSchema/{name}")).and_then(Value::as_str).unwrap_or_default()
    };
    let is_markup = schema("system") == "description" || schema("custom").ends_with(":textarea");
    if let (true, Value::String(text)) = (is_markup, &value) {
        return Ok(to_wiki(text));
    }
    let choices = field.get("validValues").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let is_list = schema("type") == "array";
    // Of what policies may hide nothing is chosen by its name: it is decided on by its key.
    let is_open = field.get("jiraSchema").is_none_or(choices::are_listed);
    if choices.is_empty() || !is_open {
        return plain(if is_list { Value::Array(listed(value)) } else { value });
    }
    if is_list {
        let chosen =
            listed(value).iter().map(|value| chosen(choices, value)).collect::<Result<Vec<_>, _>>()?;
        return plain(Value::Array(chosen));
    }
    plain(chosen(choices, &value)?)
}

fn listed(value: Value) -> Vec<Value> {
    match value {
        Value::Array(values) => values,
        Value::String(text) => {
            text.split(',').map(str::trim).filter(|text| !text.is_empty()).map(Value::from).collect()
        }
        value => vec![value],
    }
}

/// The choice that a value means, by its id or its label.
fn chosen(choices: &[Value], value: &Value) -> Result<Value, String> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let wanted: Vec<String> = match value {
        Value::Object(object) => {
            ["id", "value", "label", "name"].iter().filter_map(|key| text(object.get(*key)?)).collect()
        }
        value => text(value).into_iter().collect(),
    };
    let found = choices.iter().find(|choice| {
        let names: Vec<String> =
            ["value", "id", "label", "name"].iter().filter_map(|key| text(choice.get(*key)?)).collect();
        wanted.iter().any(|wanted| names.iter().any(|name| name.eq_ignore_ascii_case(wanted)))
    });
    let label = |choice: &Value| {
        choice.get("label").or_else(|| choice.get("name")).or_else(|| choice.get("value")).and_then(text)
    };
    match found {
        // The service desk calls the id of a choice its value.
        Some(choice) => Ok(json!({"id": choice.get("value").or_else(|| choice.get("id"))})),
        None => {
            let all: Vec<String> = choices.iter().filter_map(label).take(50).collect();
            Err(format!("wants one of: {}", all.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields() -> Value {
        json!({"requestTypeFields": [
            {"fieldId": "summary", "name": "Summary", "required": true, "jiraSchema": {"type": "string", "system": "summary"}, "validValues": []},
            {"fieldId": "description", "name": "Details", "required": false, "jiraSchema": {"type": "string", "system": "description"}, "validValues": []},
            {"fieldId": "customfield_1", "name": "Size", "required": true, "jiraSchema": {"type": "option"},
             "validValues": [{"value": "11", "label": "Small"}, {"value": "12", "label": "Large"}]},
            {"fieldId": "labels", "name": "Labels", "required": false, "jiraSchema": {"type": "array", "items": "string"}, "validValues": []},
            {"fieldId": "hidden", "name": "Hidden", "required": true, "visible": false, "jiraSchema": {"type": "string"}},
        ]})
    }

    fn fit(given: Value) -> Result<Value, String> {
        let Value::Object(given) = given else { panic!("an object") };
        let to_wiki = |text: &str| Converted { value: text.replace("**", "*").into(), notes: Vec::new() };
        fitted(&fields(), given, &to_wiki).map(|(values, _)| Value::Object(values))
    }

    #[test]
    fn values_take_the_form_of_their_fields() {
        let given = json!({"Summary": "Help", "description": "**now**", "Size": "large", "labels": "a, b", "hidden": null});
        let wanted = json!({"summary": "Help", "description": "*now*", "customfield_1": {"id": "12"}, "labels": ["a", "b"]});
        assert_eq!(fit(given).unwrap(), wanted);
        assert_eq!(
            fit(json!({"summary": "x", "customfield_1": {"id": 11}})).unwrap()["customfield_1"],
            json!({"id": "11"})
        );
    }

    #[test]
    fn every_problem_is_told() {
        let problem = fit(json!({"sumary": "x", "customfield_1": "huge"})).unwrap_err();
        for part in [
            "there is no field `sumary`; there are summary (Summary),",
            "(Size) wants one of: Small, Large",
            "(Summary) is required",
        ] {
            assert!(problem.contains(part), "{problem}");
        }
        assert!(!problem.contains("Hidden) is required"), "{problem}");
    }
}
