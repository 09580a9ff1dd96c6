//! Create several issues at once.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::create_issue::NewIssue;
use super::given;
use super::written::Shown;
use super::written::Written;
use crate::atlassian::jira::Edit;
use crate::atlassian::jira::Jira;
use crate::atlassian::jira::no_project;
use crate::audit::Permit;
use crate::ids::IssueKey;
use crate::ids::ProjectKey;
use crate::lookup::Target;
use crate::markup::Note;
use crate::net::UpstreamError;
use crate::policy::Product;
use crate::policy::ResourceKind;
use crate::policy::Write;
use crate::tools::Context;
use crate::tools::Output;
use crate::tools::Spec;
use crate::tools::Tool;
use crate::tools::ToolError;

/// The tool `jira_batch_create_issues`.
#[derive(Debug)]
pub(crate) struct BatchCreateIssues;

/// Arguments of `jira_batch_create_issues`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// JSON list of objects with `project_key`, `summary`, `issue_type` and, if wanted, description, assignee,
    /// components and other fields by name; 50 at most.
    issues: String,
    /// Only check them; create nothing.
    #[serde(default)]
    validate_only: bool,
}

/// How many issues Jira creates at once.
///
/// <https://developer.atlassian.com/cloud/jira/platform/rest/v2/api-group-issues/#api-rest-api-2-issue-bulk-post>
const MOST: usize = 50;

impl Tool for BatchCreateIssues {
    const SPEC: Spec = Spec {
        name: "jira_batch_create_issues",
        product: Product::Jira,
        toolset: "jira_issues",
        core: true,
        description: "Create up to 50 Jira issues in one request. Returns those that were created; if Jira refuses \
                      some, an error names both.",
        destructive: false,
        cloud_only: false,
        resources: &[ResourceKind::Project, ResourceKind::Issue, ResourceKind::Instance(Product::Jira)],
        long_text: &["issues"],
        aliases: &[],
    };
    type Effect = Write;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        let mut projects: Vec<ProjectKey> = Vec::new();
        let mut targets = Vec::new();
        for (project, issue) in read(&args.issues).unwrap_or_default() {
            targets.extend(given::named(&issue.fields));
            if !projects.contains(&project) {
                projects.push(project);
            }
        }
        projects.into_iter().map(Target::Project).chain(targets).collect()
    }

    fn check(args: &Args) -> Result<(), ToolError> {
        read(&args.issues).map(|_| ())
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Write>) -> Result<Output, ToolError> {
        let jira = context.jira()?;
        let mut edits = Vec::new();
        let mut notes: Vec<Note> = Vec::new();
        for (number, (project, issue)) in read(&args.issues)?.into_iter().enumerate() {
            let given = issue.given(&jira, permit, &project).await.map_err(|error| match error {
                ToolError::Arguments(problem) => {
                    ToolError::Arguments(format!("`issues`, entry {}: {problem}", number + 1))
                }
                other => other,
            })?;
            notes.extend(given.notes);
            edits.push((project, given.edit));
        }
        if args.validate_only {
            check_places(&jira, permit, &edits).await?;
            let issues =
                if edits.len() == 1 { "1 issue".to_owned() } else { format!("{} issues", edits.len()) };
            let message = format!("{issues} can be sent: {CHECKED}; nothing was created.");
            return Ok(Output::Object { actual: None, value: json!({"message": message, "issues": []}) });
        }
        let answer = jira.create_all(permit, &edits).await;
        let answer = answer.map_err(|error| {
            let lost = lost_projects(&error, &edits);
            error.with_advice(lost)
        })?;
        let created: Vec<IssueKey> = answer
            .get("issues")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|issue| IssueKey::parse(issue.get("key")?.as_str()?).ok())
            .collect();
        if created.len() < edits.len() {
            return Err(ToolError::Partial {
                done: match created.as_slice() {
                    [] => "no issue was created".to_owned(),
                    keys => {
                        format!("{} of {} issues were created: {}", keys.len(), edits.len(), joined(keys))
                    }
                },
                error: Box::new(ToolError::Arguments(refusals(&answer, &edits))),
            });
        }
        let written = Written { shown: Shown::System, ..Written::default() };
        let issues = created.iter().map(async |key| written.read(&jira, permit, key).await.0);
        let issues: Vec<Map<String, Value>> = futures::future::join_all(issues).await;
        let mut value = json!({"message": created_message(created.len()), "issues": issues});
        if let (Value::Object(value), false) = (&mut value, notes.is_empty()) {
            value.insert("notes".into(), json!(notes));
        }
        Ok(Output::Object { actual: None, value })
    }
}

fn created_message(count: usize) -> String {
    if count == 1 { "1 issue was created.".to_owned() } else { format!("{count} issues were created.") }
}

fn joined(keys: &[IssueKey]) -> String {
    keys.iter().map(IssueKey::as_str).collect::<Vec<_>>().join(", ")
}

/// What is checked of issues that are not created yet, and what only Jira can tell.
const CHECKED: &str = "the projects are there and take issues of these types, and every field is known and has its form; \
                       whether all required fields are given, and whether Jira takes the values, was not checked";

/// Refuses what cannot be created: a project that is not there, and a type that it does not take.
async fn check_places(
    jira: &Jira<'_>,
    permit: &Permit<Write>,
    edits: &[(ProjectKey, Edit)],
) -> Result<(), ToolError> {
    let mut problems = Vec::new();
    for (number, (project, edit)) in edits.iter().enumerate() {
        let problem = match jira.issue_types(permit, project).await {
            Ok(types) => wrong_type(project, edit, &types),
            Err(error) if error.is_absent() => Some(no_project(project)),
            Err(error) => return Err(error.into()),
        };
        problems.extend(problem.map(|problem| format!("`issues`, entry {}: {problem}", number + 1)));
    }
    if problems.is_empty() { Ok(()) } else { Err(ToolError::Arguments(problems.join("; "))) }
}

/// Says which types a project takes where the one of an issue is none of them.
fn wrong_type(project: &ProjectKey, edit: &Edit, types: &[Value]) -> Option<String> {
    let text = |kind: &Value| kind.get("name").and_then(Value::as_str).map(str::to_owned);
    let wanted = edit.fields.get("issuetype").and_then(text).unwrap_or_default();
    let names: Vec<String> = types.iter().filter_map(text).collect();
    let is_taken = names.iter().any(|name| name.eq_ignore_ascii_case(&wanted));
    (!is_taken).then(|| {
        format!("project {project} takes no issue of type `{wanted}`; it takes {}", names.join(", "))
    })
}

/// What is said of the projects that Jira did not take, where it created nothing.
fn lost_projects(error: &UpstreamError, edits: &[(ProjectKey, Edit)]) -> Vec<String> {
    let entries = edits.iter().enumerate();
    let is_lost = |number: usize| {
        let begin = format!("entry {}: project: ", number + 1);
        error.messages().iter().any(|message| message.starts_with(&begin))
    };
    let mut lost: Vec<String> = Vec::new();
    for (_, (project, _)) in entries.filter(|(number, _)| is_lost(*number)) {
        let said = no_project(project);
        if !lost.contains(&said) {
            lost.push(said);
        }
    }
    lost
}

/// What Jira says of the entries that it refused.
fn refusals(answer: &Value, edits: &[(ProjectKey, Edit)]) -> String {
    let told = |error: &Value| {
        let place = error.get("failedElementNumber").and_then(Value::as_u64)?;
        let entry = usize::try_from(place).ok().and_then(|place| edits.get(place));
        let number = place + 1;
        let errors = error.get("elementErrors")?;
        let messages = errors.get("errorMessages").and_then(Value::as_array).into_iter().flatten();
        let messages = messages.filter_map(Value::as_str).map(str::to_owned);
        let fields = errors.get("errors").and_then(Value::as_object).into_iter().flatten();
        let fields = fields.map(|(name, text)| format!("{name}: {}", text.as_str().unwrap_or_default()));
        let is_lost = errors.pointer("/errors/project").is_some();
        let lost = entry.filter(|_| is_lost).map(|(project, _)| no_project(project));
        Some(format!("entry {number}: {}", messages.chain(fields).chain(lost).collect::<Vec<_>>().join(", ")))
    };
    let errors = answer.get("errors").and_then(Value::as_array).into_iter().flatten();
    match errors.filter_map(told).collect::<Vec<_>>().as_slice() {
        [] => "Jira does not say why the others were not created".to_owned(),
        told => format!("Jira refused {}", told.join("; ")),
    }
}

/// Reads the list; an entry that makes no sense is named by its number.
fn read(text: &str) -> Result<Vec<(ProjectKey, NewIssue)>, ToolError> {
    let wrong = |problem: String| ToolError::Arguments(format!("`issues`{problem}"));
    let entries: Vec<Map<String, Value>> = serde_json::from_str(text).map_err(|_| {
        wrong(" must be a JSON list of objects with project_key, summary and issue_type".into())
    })?;
    if entries.is_empty() || entries.len() > MOST {
        return Err(wrong(format!(" has {} entries; give 1 to {MOST}", entries.len())));
    }
    let numbered = entries.into_iter().enumerate();
    let read = numbered
        .map(|(number, entry)| issue(entry).map_err(|text| wrong(format!(", entry {}: {text}", number + 1))));
    read.collect()
}

fn issue(mut entry: Map<String, Value>) -> Result<(ProjectKey, NewIssue), String> {
    let mut text = |name: &str| match entry.remove(name) {
        Some(Value::String(text)) if !text.trim().is_empty() => Ok(Some(text)),
        None | Some(Value::Null | Value::String(_)) => Ok(None),
        Some(_) => Err(format!("`{name}` must be a text")),
    };
    let needed = |name: &str, text: Option<String>| text.ok_or_else(|| format!("`{name}` is missing"));
    let project = needed("project_key", text("project_key")?)?;
    let project = ProjectKey::parse(&project).map_err(|error| error.to_string())?;
    let summary = needed("summary", text("summary")?)?;
    let issue_type = needed("issue_type", text("issue_type")?)?;
    let (assignee, description) = (text("assignee")?, text("description")?);
    let components = match entry.remove("components") {
        None | Some(Value::Null) => None,
        Some(Value::String(names)) => given::components(Some(&names)),
        Some(names @ Value::Array(_)) => given::components(Some(&names.to_string())),
        Some(_) => return Err("`components` must be a list of names".to_owned()),
    };
    match entry.remove("additional_fields") {
        None | Some(Value::Null) => {}
        Some(Value::Object(more)) => {
            let more = given::unwrapped(more);
            if let Some(name) = more.keys().find(|name| entry.contains_key(*name)) {
                return Err(format!("`additional_fields` has `{name}`, which the entry has as well"));
            }
            entry.extend(more);
        }
        Some(_) => return Err("`additional_fields` must be an object".to_owned()),
    }
    entry = given::unwrapped(entry);
    let optional = [
        ("assignee", assignee.is_some()),
        ("description", description.is_some()),
        ("components", components.is_some()),
    ];
    let mut said = vec![("summary", "summary"), ("issue_type", "issuetype")];
    said.extend(optional.iter().filter(|(_, is_given)| *is_given).map(|(name, _)| (*name, *name)));
    given::check_once("entry", &entry, &said).map_err(|error| error.to_string())?;
    given::check("entry", &entry).map_err(|error| error.to_string())?;
    Ok((project, NewIssue { summary, issue_type, assignee, description, components, fields: entry }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_whole_or_refused_by_number() {
        let fine = r#"[{"project_key": "ops", "summary": "A", "issue_type": "Task", "components": ["UI"], "parent": "OPS-1"}]"#;
        let read_back = read(fine).unwrap();
        assert_eq!(read_back[0].0.as_str(), "OPS");
        assert_eq!(read_back[0].1.components, Some(json!([{"name": "UI"}])));
        assert_eq!(read_back[0].1.fields["parent"], "OPS-1");
        let table = [
            ("{}", "`issues` must be a JSON list"),
            ("[]", "`issues` has 0 entries; give 1 to 50"),
            (r#"[{"project_key": "OPS", "summary": "A"}]"#, "`issues`, entry 1: `issue_type` is missing"),
            (
                r#"[{"project_key": "O PS", "summary": "A", "issue_type": "T"}]"#,
                "`issues`, entry 1: `O PS` is not",
            ),
            (
                r#"[{"project_key": "OPS", "summary": "A", "issue_type": "T", "additional_fields": {"summary": "B"}}]"#,
                "`issues`, entry 1: `entry` has `summary`, and `summary` says the same",
            ),
            (
                r#"[{"project_key": "OPS", "summary": "A", "issue_type": "T", "project": {"key": "X"}}]"#,
                "`issues`, entry 1: `entry` has `project`",
            ),
        ];
        for (given, wanted) in table {
            let problem = read(given).unwrap_err().to_string();
            assert!(problem.starts_with(wanted), "{problem}");
        }
    }

    #[test]
    fn what_jira_refused_is_told_by_number() {
        let answer = json!({"errors": [
            {"status": 400, "failedElementNumber": 1, "elementErrors": {"errorMessages": [], "errors": {"summary": "too long"}}}
        ]});
        assert_eq!(refusals(&answer, &[]), "Jira refused entry 2: summary: too long");
        assert_eq!(refusals(&json!({}), &[]), "Jira does not say why the others were not created");
    }
}
