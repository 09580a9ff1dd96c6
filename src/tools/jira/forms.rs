//! What forms give and take, in the tools' shape.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::atlassian::Deployment;
use crate::atlassian::jira::Jira;
use crate::atlassian::times;
use crate::ids::IssueKey;
use crate::net::Upstream;
use crate::tools::ToolError;

/// The way to forms, or why there is none.
pub(super) fn way<'jira>(jira: &'jira Jira<'_>) -> Result<&'jira Upstream, ToolError> {
    let text = match jira.deployment() {
        Deployment::DataCenter => "Jira Data Center has no interface for forms; only Cloud has",
        Deployment::Cloud => {
            "forms are found by the id of the Cloud site, which is not known; have the administrator set \
             ATLASSIAN_OAUTH_CLOUD_ID to the `cloudId` that the site tells at /_edge/tenant_info"
        }
    };
    jira.forms().ok_or_else(|| ToolError::Arguments(text.to_owned()))
}

/// A form. What Atlassian says of it stays as it is; the reference server's own names stand beside it.
pub(super) fn shown(form: &Value, key: &IssueKey) -> Value {
    let mut shown = Map::new();
    let id = form.get("id").cloned().unwrap_or_default();
    shown.insert("id".into(), id.clone());
    shown.insert("form_id".into(), id);
    for name in ["name", "state", "design", "internal", "submitted", "lock"] {
        if let Some(value) = form.get(name) {
            shown.insert(name.into(), value.clone());
        }
    }
    shown.entry("state").or_insert_with(|| json!({"status": status(form)}));
    shown.insert("fields".into(), json!([]));
    shown.insert("issue_key".into(), key.as_str().into());
    if let Some(updated) = form.get("updated").and_then(Value::as_str) {
        shown.insert("updated".into(), times::zulu(updated).into());
    }
    Value::Object(shown)
}

/// The list says only whether a form was submitted; Atlassian's letters are `o` for open and `s` for submitted.
fn status(form: &Value) -> &'static str {
    if form.get("submitted") == Some(&Value::Bool(true)) { "s" } else { "o" }
}

const FORM: &str =
    r#"`answers` must be a list such as [{"questionId": "1", "type": "TEXT", "value": "new"}]"#;

/// Answers by the ids of their questions, as Atlassian takes them.
pub(super) fn answers(given: &[Map<String, Value>]) -> Result<Map<String, Value>, ToolError> {
    let wrong = |problem: &str| ToolError::Arguments(format!("{FORM}{problem}"));
    let mut answers = Map::new();
    for answer in given {
        let id = match answer.get("questionId").or_else(|| answer.get("question_id")) {
            Some(Value::String(id)) if !id.trim().is_empty() => id.trim().to_owned(),
            Some(Value::Number(id)) => id.to_string(),
            _ => return Err(wrong("; one has no `questionId`")),
        };
        let kind = answer.get("type").and_then(Value::as_str).unwrap_or("TEXT").to_ascii_uppercase();
        let value = answer.get("value").unwrap_or(&Value::Null);
        let shaped = shaped(&kind, value)
            .map_err(|wanted| wrong(&format!("; question {id} ({kind}) wants {wanted}")))?;
        if answers.insert(id.clone(), shaped).is_some() {
            return Err(wrong(&format!("; question {id} is answered twice")));
        }
    }
    if answers.is_empty() { Err(wrong("; it is empty")) } else { Ok(answers) }
}

/// One answer; `null` clears. Dates are days, not moments: a form has no time zone.
fn shaped(kind: &str, value: &Value) -> Result<Value, &'static str> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    };
    let listed = |value: &Value| match value {
        Value::Null => Some(Vec::new()),
        Value::Array(values) => values.iter().map(text).collect(),
        value => text(value).map(|text| if text.is_empty() { Vec::new() } else { vec![text] }),
    };
    let moment = |text: &str| {
        let day = text.get(..10).filter(|day| day.parse::<jiff::civil::Date>().is_ok())?;
        let time = text.get(11..16).filter(|time| time.parse::<jiff::civil::Time>().is_ok());
        Some((day.to_owned(), time.map(str::to_owned)))
    };
    match kind {
        "TEXT" | "NUMBER" if value.is_null() => Ok(json!({"text": ""})),
        "TEXT" | "NUMBER" => text(value).map(|text| json!({"text": text})).ok_or("a text or a number"),
        "DATE" => {
            let day = text(value).and_then(|text| moment(&text));
            day.map(|(day, _)| json!({"date": day})).ok_or("a day like 2024-12-17")
        }
        "DATETIME" => match text(value).and_then(|text| moment(&text)) {
            Some((day, Some(time))) => Ok(json!({"date": day, "time": time})),
            _ => Err("a time like 2024-12-17T09:30"),
        },
        "TIME" => {
            let time = text(value).filter(|time| time.parse::<jiff::civil::Time>().is_ok());
            time.map(|time| json!({"time": time})).ok_or("a time like 09:30")
        }
        "SELECT" | "MULTI_SELECT" | "CHECKBOX" => {
            listed(value).map(|choices| json!({"choices": choices})).ok_or("a choice or a list of them")
        }
        "USER" | "MULTI_USER" => {
            listed(value).map(|users| json!({"users": users})).ok_or("an account id or a list of them")
        }
        _ => Err(
            "one of the types TEXT, NUMBER, DATE, DATETIME, TIME, SELECT, MULTI_SELECT, CHECKBOX, USER, MULTI_USER",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: Value) -> Result<Map<String, Value>, ToolError> {
        let given: Vec<Map<String, Value>> = serde_json::from_value(value).unwrap();
        answers(&given)
    }

    #[test]
    fn answers_have_the_form_of_their_type() {
        let answers = read(json!([
            {"questionId": "1", "type": "TEXT", "value": "new"},
            {"questionId": 2, "type": "select", "value": "Product A"},
            {"questionId": "3", "type": "DATE", "value": "2024-12-17"},
            {"questionId": "4", "type": "DATETIME", "value": "2024-12-17T09:30"},
            {"questionId": "5", "type": "MULTI_USER", "value": ["a", "b"]},
            {"questionId": "6", "value": 7},
            {"questionId": "7", "type": "CHECKBOX", "value": null},
        ]));
        let wanted = json!({
            "1": {"text": "new"}, "2": {"choices": ["Product A"]}, "3": {"date": "2024-12-17"},
            "4": {"date": "2024-12-17", "time": "09:30"}, "5": {"users": ["a", "b"]}, "6": {"text": "7"},
            "7": {"choices": []},
        });
        assert_eq!(Value::Object(answers.unwrap()), wanted);
        let table = [
            (json!([]), "it is empty"),
            (json!([{"value": "x"}]), "one has no `questionId`"),
            (json!([{"questionId": "1", "type": "DATE", "value": "soon"}]), "question 1 (DATE) wants a day"),
            (
                json!([{"questionId": "1", "type": "COLOUR", "value": "x"}]),
                "question 1 (COLOUR) wants one of the types",
            ),
            (
                json!([{"questionId": "1", "value": "x"}, {"questionId": 1, "value": "y"}]),
                "question 1 is answered twice",
            ),
        ];
        for (given, wanted) in table {
            let problem = read(given).unwrap_err().to_string();
            assert!(problem.contains(wanted), "{problem}");
        }
    }
}
