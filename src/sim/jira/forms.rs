//! Forms of issues, as Atlassian's gateway has them for Cloud.

use serde_json::Value;
use serde_json::json;

use super::super::answer::Answer;
use super::super::answer::Reply;
use super::super::call::Call;
use super::super::world::World;

fn missing() -> Answer {
    Answer::status(404, &json!({"code": 404, "message": "The form or the issue was not found."}))
}

fn forms<'a>(world: &'a World, call: &Call, key: &str) -> Result<&'a [Value], Answer> {
    let issue = world.issue(call.user, key).ok_or_else(missing)?;
    Ok(world.forms.get(&issue.id).map(Vec::as_slice).unwrap_or_default())
}

fn is_called(form: &Value, id: &str) -> bool {
    form.get("id").and_then(Value::as_str) == Some(id)
}

/// The list says less of each form than the form itself.
pub(crate) fn read(world: &World, call: &Call, path: &[&str]) -> Reply {
    match path {
        [key, "form"] => {
            let brief = |form: &Value| {
                json!({"id": form.get("id"), "name": form.pointer("/design/settings/name"),
                    "submitted": form.pointer("/state/status") == Some(&json!("s")), "lock": false, "internal": true,
                    "updated": form.get("updated")})
            };
            Ok(Answer::json(&forms(world, call, key)?.iter().map(brief).collect()))
        }
        [key, "form", id] => {
            let form = forms(world, call, key)?.iter().find(|form| is_called(form, id));
            Ok(Answer::json(form.ok_or_else(missing)?))
        }
        _ => Err(missing()),
    }
}

/// Keeps answers to questions that the form has.
pub(crate) fn write(world: &mut World, call: &Call, path: &[&str]) -> Reply {
    let ("PUT", [key, "form", id]) = (call.method.as_str(), path) else { return Err(missing()) };
    let issue = world.issue(call.user, key).ok_or_else(missing)?.id;
    let given = call.json().unwrap_or_default();
    let forms = world.forms.get_mut(&issue).ok_or_else(missing)?;
    let form = forms.iter_mut().find(|form| is_called(form, id)).ok_or_else(missing)?;
    for (question, answer) in given.get("answers").and_then(Value::as_object).into_iter().flatten() {
        if form.pointer(&format!("/design/questions/{question}")).is_none() {
            let text = format!("There is no question {question}.");
            return Err(Answer::status(400, &json!({"code": 400, "message": text})));
        }
        if let Some(Value::Object(answers)) = form.pointer_mut("/state/answers") {
            answers.insert(question.clone(), answer.clone());
        }
    }
    Ok(Answer::json(form))
}
