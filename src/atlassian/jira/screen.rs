//! What a screen takes: asked after Jira refused a field, so that the refusal says what is possible.
//!
//! A write that fits costs nothing more for it.

use serde_json::Value;

use super::Jira;
use super::issues::issue_path;
use super::malformed;
use crate::audit::Permit;
use crate::ids::IssueKey;
use crate::ids::ProjectKey;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::policy::Write;

/// What is said where Jira does not take a project for a new issue.
pub fn no_project(project: &ProjectKey) -> String {
    format!(
        "project {project} does not exist or is not visible to you; jira_get_all_projects lists those that are"
    )
}

/// Where fields are filled in.
#[derive(Debug, Clone, Copy)]
pub enum Screen<'a> {
    /// A new issue of a type, by its name.
    Create(&'a ProjectKey, &'a str),
    /// An issue that is there.
    Edit(&'a IssueKey),
    /// A step of an issue through its workflow, by its id.
    Transition(&'a IssueKey, &'a str),
}

/// How many choices or fields are named.
const MOST: usize = 20;

/// What Jira offers of these holds people, or objects that policies may hide.
const NOT_NAMED: [&str; 6] = ["user", "group", "project", "issuelink", "issuelinks", "attachment"];

impl Jira<'_> {
    /// The refusal of a write, with what the screen takes where Jira did not accept a field. Where Jira cannot be asked
    /// for that, the refusal stays as it is.
    pub async fn explained(
        &self,
        permit: &Permit<Write>,
        screen: Screen<'_>,
        refused: UpstreamError,
    ) -> UpstreamError {
        let fields = refused_fields(&refused);
        if fields.is_empty() {
            return refused;
        }
        if let Screen::Create(project, _) = screen
            && fields.iter().any(|field| field == "project")
        {
            return refused.with_advice([no_project(project)]);
        }
        let asked = match screen {
            Screen::Create(project, kind) => self.takes_new(permit, project, kind, &fields).await,
            Screen::Edit(key) => self.takes_edit(permit, key).await,
            Screen::Transition(key, id) => self.takes_step(permit, key, id).await,
        };
        match asked {
            Ok(Asked::Types(names)) => {
                let types = format!("issues of {} can be {}", named_place(screen), listed(&names));
                refused.with_advice([types])
            }
            Ok(Asked::Fields(taken)) => refused.with_advice(advice(&fields, &taken)),
            Err(error) => {
                tracing::debug!(error = error.operator(), "what the screen takes is not known");
                refused
            }
        }
    }

    async fn takes_new(
        &self,
        permit: &Permit<Write>,
        project: &ProjectKey,
        kind: &str,
        fields: &[String],
    ) -> Result<Asked, UpstreamError> {
        let types = self.issue_types(permit, project).await?;
        let name = |kind: &Value| kind.get("name").and_then(Value::as_str).map(str::to_owned);
        let is_it =
            |found: &&Value| name(found).is_some_and(|name| name.to_lowercase() == kind.to_lowercase());
        let id = types.iter().find(is_it).and_then(|kind| kind.get("id")?.as_str());
        let Some(id) = id.filter(|_| !fields.iter().any(|field| field == "issuetype")) else {
            return Ok(Asked::Types(types.iter().filter_map(name).collect()));
        };
        let taken = self.create_fields(permit, project, id).await?;
        Ok(Asked::Fields(taken.iter().filter_map(|field| Taken::read(None, field)).collect()))
    }

    async fn takes_edit(&self, permit: &Permit<Write>, key: &IssueKey) -> Result<Asked, UpstreamError> {
        let path = issue_path(permit.written(key)?, Some("editmeta"));
        let meta = self.get(permit, Request::get(path)).await?;
        named_fields(meta.get("fields"))
    }

    async fn takes_step(
        &self,
        permit: &Permit<Write>,
        key: &IssueKey,
        id: &str,
    ) -> Result<Asked, UpstreamError> {
        let request = Request::get(issue_path(permit.issue(key)?, Some("transitions")))
            .with("transitionId", id)
            .with("expand", "transitions.fields");
        let answer = self.get(permit, request).await?;
        let is_it = |step: &&Value| step.get("id").and_then(Value::as_str) == Some(id);
        let offered = answer.get("transitions").and_then(Value::as_array).into_iter().flatten();
        named_fields(offered.into_iter().find(is_it).and_then(|step| step.get("fields")))
    }
}

/// What Jira said it takes.
enum Asked {
    /// Types of issues, by name.
    Types(Vec<String>),
    /// Fields of a screen.
    Fields(Vec<Taken>),
}

/// A field that a screen takes.
struct Taken {
    id: String,
    name: String,
    choices: Vec<String>,
}

impl Taken {
    fn read(id: Option<&str>, field: &Value) -> Option<Self> {
        let text = |name: &str| field.get(name).and_then(Value::as_str);
        let id = id.or_else(|| text("fieldId")).or_else(|| text("key"))?;
        let kinds = ["/schema/type", "/schema/items"].map(|part| field.pointer(part).and_then(Value::as_str));
        let is_hidden = kinds.iter().flatten().any(|kind| NOT_NAMED.contains(kind));
        let choices = field.get("allowedValues").and_then(Value::as_array).filter(|_| !is_hidden);
        let choice = |value: &Value| {
            ["name", "value"].iter().find_map(|name| value.get(*name)?.as_str().map(str::to_owned))
        };
        Some(Self {
            id: id.to_owned(),
            name: text("name").unwrap_or(id).to_owned(),
            choices: choices.into_iter().flatten().filter_map(choice).collect(),
        })
    }
}

fn named_fields(fields: Option<&Value>) -> Result<Asked, UpstreamError> {
    let fields = fields.and_then(Value::as_object).ok_or_else(|| malformed("it does not list the fields"))?;
    Ok(Asked::Fields(fields.iter().filter_map(|(id, field)| Taken::read(Some(id), field)).collect()))
}

/// The ids of the fields that Jira did not accept: it names each before what it says of it.
fn refused_fields(error: &UpstreamError) -> Vec<String> {
    if error.status() != Some(400) {
        return Vec::new();
    }
    let id = |message: &String| {
        let (id, _) = message.split_once(": ")?;
        (!id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
            .then(|| id.to_owned())
    };
    error.messages().iter().filter_map(id).collect()
}

fn advice(refused: &[String], taken: &[Taken]) -> Vec<String> {
    let mut advice = Vec::new();
    let mut is_missing = false;
    for id in refused {
        match taken.iter().find(|field| field.id == *id) {
            Some(field) if !field.choices.is_empty() => {
                advice.push(format!("`{}` takes {}", field.name, listed(&field.choices)));
            }
            Some(_) => {}
            None => is_missing = true,
        }
    }
    if is_missing {
        let names: Vec<String> = taken.iter().map(|field| field.name.clone()).collect();
        advice.push(format!("what can be set here: {}", listed(&names)));
    }
    advice
}

fn listed(names: &[String]) -> String {
    let shown: Vec<&str> = names.iter().take(MOST).map(String::as_str).collect();
    match (shown.as_slice(), names.len().saturating_sub(MOST)) {
        ([], _) => "nothing".to_owned(),
        (shown, 0) => shown.join(", "),
        (shown, more) => format!("{} and {more} more", shown.join(", ")),
    }
}

fn named_place(screen: Screen<'_>) -> String {
    match screen {
        Screen::Create(project, _) => format!("project {project}"),
        Screen::Edit(key) | Screen::Transition(key, _) => format!("project {}", key.project()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::policy::Product;

    fn refusal(status: u16, errors: &Value) -> UpstreamError {
        let body = json!({"errorMessages": ["Fields are wrong."], "errors": errors}).to_string();
        UpstreamError::from_answer(Product::Jira, status, None, body.as_bytes())
    }

    #[test]
    fn the_fields_that_jira_refused_are_found_in_its_words() {
        let errors = json!({"priority": "Unknown.", "customfield_10010": "It is not on the screen: sorry"});
        assert_eq!(refused_fields(&refusal(400, &errors)), ["priority", "customfield_10010"]);
        assert!(refused_fields(&refusal(400, &json!({}))).is_empty());
        assert!(refused_fields(&refusal(403, &errors)).is_empty());
    }

    #[test]
    fn choices_are_named_and_people_and_projects_are_not() {
        let field = |id: &str, kind: &str, allowed: Value| {
            let schema = json!({"type": kind});
            Taken::read(
                Some(id),
                &json!({"name": id.to_uppercase(), "schema": schema, "allowedValues": allowed}),
            )
            .unwrap()
        };
        let many: Vec<Value> = (0..25).map(|number| json!({"value": format!("v{number}")})).collect();
        let taken = [
            field("priority", "priority", json!([{"id": "1", "name": "High"}, {"id": "2", "name": "Low"}])),
            field("home", "project", json!([{"key": "SECRET", "name": "Secret"}])),
            field("many", "option", many.into()),
        ];
        let table = [
            ("priority", "`PRIORITY` takes High, Low"),
            ("many", "v19 and 5 more"),
            ("other", "what can be set here: PRIORITY, HOME, MANY"),
        ];
        for (id, wanted) in table {
            let said = advice(&[id.to_owned()], &taken).join("; ");
            assert!(said.contains(wanted), "{said}");
        }
        assert!(advice(&["home".to_owned()], &taken).is_empty(), "a project may be hidden");
    }
}
