//! Fields of an issue as callers give them, brought into the form that Jira takes.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::atlassian::Deployment;
use crate::atlassian::conversion;
use crate::atlassian::jira::Catalogue;
use crate::atlassian::jira::Edit;
use crate::atlassian::jira::Field;
use crate::atlassian::jira::Jira;
use crate::atlassian::jira::Shaped;
use crate::atlassian::jira::Texts;
use crate::atlassian::jira::shape;
use crate::atlassian::jira::system_field;
use crate::atlassian::query;
use crate::audit::Permit;
use crate::ids::IssueKey;
use crate::lookup::Target;
use crate::markup::Converted;
use crate::markup::Note;
use crate::policy::Part;
use crate::policy::Write;
use crate::tools::ToolError;

/// Fields with the names that people and the reference server know them by.
const ALIASES: [(&str, &str); 10] = [
    ("issue_type", "issuetype"),
    ("type", "issuetype"),
    ("due_date", "duedate"),
    ("fix_versions", "fixVersions"),
    ("fix_version", "fixVersions"),
    ("affects_versions", "versions"),
    ("epic_key", "epic_link"),
    ("epicKey", "epic_link"),
    ("epicLink", "epic_link"),
    ("epicName", "epic_name"),
];

/// Reads an argument that holds fields as a JSON object.
pub(super) fn object(argument: &str, text: Option<&str>) -> Result<Map<String, Value>, ToolError> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(Map::new()) };
    let wrong = || {
        let text = format!("`{argument}` must be a JSON object such as {{\"priority\": \"High\"}}");
        ToolError::Arguments(text)
    };
    match serde_json::from_str(text) {
        Ok(Value::Object(fields)) => Ok(unwrapped(fields)),
        _ => Err(wrong()),
    }
}

/// Refuses a field that an argument says as well: which of the two is meant, nobody could tell.
pub(super) fn check_once(
    argument: &str,
    fields: &Map<String, Value>,
    given: &[(&str, &str)],
) -> Result<(), ToolError> {
    let same = |name: &str, id: &str| folded(real_name(name)).replace(' ', "") == id;
    for name in fields.keys() {
        if let Some((other, _)) = given.iter().find(|(_, id)| same(name, id)) {
            let text = format!("`{argument}` has `{name}`, and `{other}` says the same; give one of them");
            return Err(ToolError::Arguments(text));
        }
    }
    Ok(())
}

/// Fields without the `fields` around them that Jira's own requests have.
pub(super) fn unwrapped(mut fields: Map<String, Value>) -> Map<String, Value> {
    match fields.remove("fields") {
        // What is inside and outside is meant in one way only, or nobody knows which.
        Some(Value::Object(inner)) if !inner.keys().any(|name| fields.contains_key(name)) => {
            fields.extend(inner);
        }
        Some(other) => {
            fields.insert("fields".to_owned(), other);
        }
        None => {}
    }
    fields
}

/// Refuses what would lead around the decision: another project, or an issue that is named by a number.
pub(super) fn check(argument: &str, fields: &Map<String, Value>) -> Result<(), ToolError> {
    let wrong = |problem: String| Err(ToolError::Arguments(format!("`{argument}` {problem}")));
    for (name, value) in fields {
        let real = real_name(name);
        if matches!(folded(real).as_str(), "project" | "project key") {
            return wrong(format!(
                "has `{name}`; a new issue is in the project of `project_key`, and one that is there goes to another \
                 by jira_move_issue, on Cloud"
            ));
        }
        if matches!(folded(real).as_str(), "attachment" | "attachments") {
            return wrong(format!(
                "has `{name}`; files go into the argument `attachments` of jira_update_issue"
            ));
        }
        let names_issue = matches!(folded(real).as_str(), "parent" | "epic link" | "parent link");
        if names_issue && !is_key_or_nothing(value) {
            return wrong(format!("has `{name}`, which must be an issue key such as `OPS-12`"));
        }
    }
    Ok(())
}

/// An issue is named by its key alone: by an id it would not be decided on.
fn is_key_or_nothing(value: &Value) -> bool {
    let is_key = |text: &str| IssueKey::parse(text).is_ok();
    match value {
        Value::Null => true,
        Value::String(text) => is_key(text),
        Value::Object(object) => {
            object.len() == 1 && object.get("key").and_then(Value::as_str).is_some_and(is_key)
        }
        Value::Array(items) => items.iter().all(is_key_or_nothing),
        _ => false,
    }
}

fn folded(name: &str) -> String {
    name.trim().replace(['_', '-'], " ").to_lowercase()
}

/// The other issues, the sprints and the projects that fields name. Each of them has to be allowed as well.
pub(super) fn named(fields: &Map<String, Value>) -> Vec<Target> {
    // Jira's own fields name no issue but the parent; of all others Jira has to say what they hold.
    let (own, others): (Vec<_>, Vec<_>) =
        fields.iter().partition(|(name, _)| system_field(real_name(name)).is_some());
    let parents = own.into_iter().filter(|(name, _)| real_name(name) == "parent");
    let parents = parents.filter_map(|(_, value)| system_field("parent").map(|field| field.named_in(value)));
    let mut targets: Vec<Target> =
        parents.flat_map(|named| named.issues).map(|key| Target::Issue(key, None)).collect();
    if !others.is_empty() {
        let others = others.into_iter().map(|(name, value)| (real_name(name).to_owned(), value.clone()));
        targets.push(Target::InFields(others.collect()));
    }
    targets
}

/// Refuses a value that names another project, or an issue or a sprint that was not decided on.
pub(super) fn decided(permit: &Permit<Write>, field: Field<'_>, value: &Value) -> Result<(), String> {
    let title = || format!("field `{}` ({})", field.name, field.id);
    if field.id == "project" {
        return Err(format!("{} cannot be set: issues stay in the project they are in", title()));
    }
    if permit.is_for_all() {
        return Ok(());
    }
    let named = field.named_in(value);
    let issues = named.issues.iter().all(|key| permit.issue(key).is_ok());
    let sprints = named.sprints.iter().all(|id| permit.part(&Part::Sprint(id.clone())).is_ok());
    let projects = named.projects.iter().all(|key| permit.project(key).is_ok());
    if issues && sprints && projects && !named.odd {
        return Ok(());
    }
    let wanted = if field.names_issues() {
        "the key of an issue, such as `OPS-12`"
    } else if field.names_projects() {
        "the key of a project, such as `OPS`"
    } else {
        "the id of a sprint"
    };
    Err(format!("{} wants {wanted}, so that it can be decided on", title()))
}

/// Refuses a word that is none of those an argument takes, in any case.
pub(super) fn one_of(argument: &str, word: &str, known: &[&str]) -> Result<(), ToolError> {
    if known.iter().any(|known| known.eq_ignore_ascii_case(word.trim())) {
        return Ok(());
    }
    let word: String = word.chars().take(60).flat_map(char::escape_debug).collect();
    Err(ToolError::Arguments(format!("`{argument}` has `{word}`; there are {}", known.join(", "))))
}

/// `1 issue is`, `2 issues are`.
pub(super) fn issues_are(count: usize) -> String {
    if count == 1 { "1 issue is".to_owned() } else { format!("{count} issues are") }
}

/// Names of components, comma separated, as a field.
pub(super) fn components(text: Option<&str>) -> Option<Value> {
    let names = query::listed(text?);
    (!names.is_empty()).then(|| names.iter().map(|name| json!({"name": name})).collect())
}

/// Text in Markdown as the deployment's own format.
pub(super) fn text(jira: &Jira<'_>, markdown: &str) -> Converted<Value> {
    match (jira.deployment(), jira.texts()) {
        (Deployment::Cloud, _) => conversion::markdown_to_adf(markdown),
        (Deployment::DataCenter, Texts::Markdown) => {
            let Converted { value, notes } = conversion::markdown_to_wiki(markdown);
            Converted { value: value.into(), notes }
        }
        (Deployment::DataCenter, Texts::Raw) => Converted { value: markdown.into(), notes: Vec::new() },
    }
}

/// Text in Markdown for a request that takes wiki markup on every deployment.
pub(super) fn text_of_version_2(jira: &Jira<'_>, markdown: &str) -> Converted<Value> {
    match jira.texts() {
        Texts::Markdown => {
            let Converted { value, notes } = conversion::markdown_to_wiki(markdown);
            Converted { value: value.into(), notes }
        }
        Texts::Raw => Converted { value: markdown.into(), notes: Vec::new() },
    }
}

/// Fields that are put together for one write.
#[derive(Debug, Default)]
pub(super) struct Given {
    /// What is written.
    pub(super) edit: Edit,
    /// What of the texts had to be approximated.
    pub(super) notes: Vec<Note>,
}

impl Given {
    /// Sets a field that is in Jira's form already.
    pub(super) fn set(&mut self, id: &str, value: Value) {
        self.edit.fields.insert(id.to_owned(), value);
    }

    /// Sets a text in Markdown.
    pub(super) fn set_text(&mut self, jira: &Jira<'_>, id: &str, markdown: &str) {
        let Converted { value, notes } = text(jira, markdown);
        self.edit.has_documents |= value.is_object();
        self.notes.extend(notes);
        self.set(id, value);
    }

    /// Sets fields by id or name in the forms that people write. Every problem is told, not only the first.
    pub(super) async fn set_all(
        &mut self,
        jira: &Jira<'_>,
        permit: &Permit<Write>,
        fields: Map<String, Value>,
    ) -> Result<(), ToolError> {
        if fields.is_empty() {
            return Ok(());
        }
        // Where all are Jira's own fields, nobody has to be asked which they are.
        let is_known = fields.keys().all(|name| system_field(real_name(name)).is_some());
        let catalogue = if is_known { None } else { Some(jira.catalogue(permit).await?) };
        let mut problems = Vec::new();
        for (name, value) in fields {
            match shaped(permit, catalogue.as_ref(), real_name(&name), value) {
                Ok((id, shaped)) => {
                    if let Err(error) = self.put(jira, permit, &id, shaped).await {
                        problems.push(format!("field `{name}`: {error}"));
                    }
                }
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(ToolError::Arguments(problems.join("; "))) }
    }

    async fn put(
        &mut self,
        jira: &Jira<'_>,
        permit: &Permit<Write>,
        id: &str,
        shaped: Shaped,
    ) -> Result<(), ToolError> {
        match shaped {
            Shaped::Ready(value) => self.set(id, value),
            Shaped::Text(markdown) => self.set_text(jira, id, &markdown),
            Shaped::Person(name) => {
                let person = jira.person(permit, &name).await?;
                self.set(id, person.to_value());
            }
            Shaped::People(names) => {
                let mut people = Vec::with_capacity(names.len());
                for name in &names {
                    people.push(jira.person(permit, name).await?.to_value());
                }
                self.set(id, people.into());
            }
        }
        Ok(())
    }
}

/// The id of the field that a name means, and the value in its shape.
fn shaped(
    permit: &Permit<Write>,
    catalogue: Option<&Catalogue>,
    name: &str,
    value: Value,
) -> Result<(String, Shaped), String> {
    let field = match catalogue {
        Some(catalogue) => catalogue.meant(name).map_err(|error| error.to_string())?,
        None => system_field(name).ok_or_else(|| format!("there is no field `{name}`"))?,
    };
    if field.names_issues() && !is_key_or_nothing(&value) {
        return Err(format!(
            "field `{}` ({}) wants the key of an issue, such as `OPS-12`",
            field.name, field.id
        ));
    }
    decided(permit, field, &value)?;
    Ok((field.id.to_owned(), shape(field, value)?))
}

fn real_name(name: &str) -> &str {
    ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, real)| real)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_an_object_or_refused() {
        assert!(object("fields", None).unwrap().is_empty());
        for fine in [r#"{"a": 1}"#, r#"{"fields": {"a": 1}}"#, r#"{"fields": {"a": 1}, "b": 2}"#] {
            assert_eq!(object("fields", Some(fine)).unwrap()["a"], 1, "{fine}");
        }
        for bad in ["[]", "x", "1"] {
            let problem = object("fields", Some(bad)).unwrap_err().to_string();
            assert_eq!(problem, "`fields` must be a JSON object such as {\"priority\": \"High\"}");
        }
    }

    #[test]
    fn no_field_leads_around_the_decision() {
        let table = [
            (json!({"parent": "OPS-1"}), None),
            (json!({"parent": {"key": "OPS-1"}, "Epic Link": null}), None),
            (json!({"parent": {"id": "10001"}}), Some("`f` has `parent`, which must be an issue key")),
            (
                json!({"parent": {"key": "OPS-1", "id": "10001"}}),
                Some("`f` has `parent`, which must be an issue key"),
            ),
            (json!({"epicKey": "10001"}), Some("`f` has `epicKey`, which must be an issue key")),
            (json!({"Epic Link": 10001}), Some("`f` has `Epic Link`, which must be an issue key")),
            (json!({" Project ": "SECRET"}), Some("`f` has ` Project `; a new issue is in the project of")),
            (json!({"Project": {"id": "1"}}), Some("`f` has `Project`; a new issue is in the project of")),
            (
                json!({"attachments": ["a.txt"]}),
                Some("`f` has `attachments`; files go into the argument `attachments`"),
            ),
        ];
        for (fields, wanted) in table {
            let problem = check("f", fields.as_object().unwrap()).err().map(|error| error.to_string());
            assert_eq!(problem.is_some(), wanted.is_some(), "{fields}");
            assert!(problem.unwrap_or_default().starts_with(wanted.unwrap_or_default()), "{fields}");
        }
    }

    #[test]
    fn what_an_argument_says_is_not_said_by_a_field_again() {
        let given = [("issue_type", "issuetype"), ("summary", "summary")];
        let table = [
            (json!({"Issue Type": "Bug"}), Some("`f` has `Issue Type`, and `issue_type` says the same")),
            (json!({"type": "Bug"}), Some("`f` has `type`, and `issue_type` says the same")),
            (json!({"Summary": "x"}), Some("`f` has `Summary`, and `summary` says the same")),
            (json!({"assignee": "ann"}), None),
        ];
        for (fields, wanted) in table {
            let checked = check_once("f", fields.as_object().unwrap(), &given);
            let problem = checked.err().map(|error| error.to_string());
            assert_eq!(problem.is_some(), wanted.is_some(), "{fields}");
            assert!(problem.unwrap_or_default().starts_with(wanted.unwrap_or_default()), "{fields}");
        }
        assert!(one_of("state", " Active", &["active"]).is_ok());
        let problem = one_of("state", "actve", &["active", "closed"]).unwrap_err().to_string();
        assert_eq!(problem, "`state` has `actve`; there are active, closed");
    }

    #[test]
    fn a_field_that_names_an_issue_takes_no_id() {
        let schema = |kind: &str| json!({"type": "any", "custom": format!("com.x:{kind}")});
        let (epic, parent, other) =
            (schema("gh-epic-link"), schema("jpo-custom-field-parent"), schema("float"));
        let list = json!({"type": "array", "items": "issuelinks"});
        let table = [
            (&epic, json!("OPS-1"), true),
            (&epic, Value::Null, true),
            (&epic, json!("10001"), false),
            (&parent, json!({"id": "10001"}), false),
            (&parent, json!({"key": "OPS-1", "id": "10001"}), false),
            (&list, json!([{"key": "OPS-1"}]), true),
            (&list, json!([{"id": "10001"}]), false),
            (&other, json!({"id": "10001"}), true),
        ];
        for (schema, value, fine) in table {
            let field = crate::atlassian::jira::Field { id: "customfield_1", name: "F", schema };
            assert_eq!(!field.names_issues() || is_key_or_nothing(&value), fine, "{schema} {value}");
        }
    }

    #[test]
    fn what_fields_name_is_decided_on_too() {
        let fields = json!({
            "parent": "ops-1", "Epic Link": {"key": "OPS-2"}, "labels": ["UTF-8"], "epicKey": "OPS-3", "summary": "SHA-2",
        });
        let Value::Object(fields) = fields else { panic!("an object") };
        let targets = named(&fields);
        let [Target::Issue(parent, None), Target::InFields(others)] = targets.as_slice() else {
            panic!("{targets:?}")
        };
        assert_eq!(parent.as_str(), "OPS-1");
        let others: Vec<&str> = others.keys().map(String::as_str).collect();
        assert_eq!(others, ["Epic Link", "epic_link"]);
    }
}
