//! Change an issue: its fields, and with it its status, a comment and work logged.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::add_worklog;
use super::given;
use super::given::Given;
use super::transition_issue;
use super::written::Shown;
use super::written::Written;
use super::written::visibility;
use crate::atlassian::jira::Edit;
use crate::atlassian::jira::Fields;
use crate::atlassian::jira::Jira;
use crate::atlassian::jira::NewComment;
use crate::atlassian::jira::NewWorklog;
use crate::atlassian::jira::Screen;
use crate::atlassian::jira::Transition;
use crate::audit::Permit;
use crate::ids::IssueKey;
use crate::lookup::Target;
use crate::net::File;
use crate::policy::Product;
use crate::policy::ResourceKind;
use crate::policy::Write;
use crate::tools::Context;
use crate::tools::Output;
use crate::tools::Spec;
use crate::tools::Tool;
use crate::tools::ToolError;
use crate::tools::uploads;

/// The tool `jira_update_issue`.
#[derive(Debug)]
pub(crate) struct UpdateIssue;

/// Arguments of `jira_update_issue`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    issue_key: IssueKey,
    /// Fields by name or id: {"summary": "...", "assignee": "ann"}; null clears.
    fields: Option<String>,
    /// More of them, in the same JSON.
    additional_fields: Option<String>,
    /// Names, comma separated; they replace those there are.
    components: Option<String>,
    /// Files to attach: `[{"filename": "log.txt", "content_base64": "..."}]`.
    attachments: Option<String>,
    /// Id or name of a transition to make.
    transition: Option<String>,
    /// A comment to add, in Markdown.
    comment: Option<String>,
    /// Who may see it: {"type": "group", "value": "ops"}.
    comment_visibility: Option<String>,
    /// Time to log, for example 1h 30m.
    worklog: Option<String>,
    /// When that work began.
    worklog_started: Option<String>,
    /// Fields to return, by id or name.
    #[serde(default = "all")]
    return_fields: String,
}

fn all() -> String {
    "*all".to_owned()
}

impl Args {
    /// The fields to set, and the status that stands among them.
    fn given(&self) -> Result<(Map<String, Value>, Option<String>), ToolError> {
        let mut fields = Map::new();
        for (argument, text) in [("fields", &self.fields), ("additional_fields", &self.additional_fields)] {
            let more = given::object(argument, text.as_deref())?;
            given::check(argument, &more)?;
            if let Some(name) = more.keys().find(|name| fields.contains_key(*name)) {
                let text = format!("`fields` and `additional_fields` both have `{name}`; give one of them");
                return Err(ToolError::Arguments(text));
            }
            fields.extend(more);
        }
        if let Some(components) = given::components(self.components.as_deref()) {
            given::check_once("fields", &fields, &[("components", "components")])?;
            fields.insert("components".into(), components);
        }
        // People think of the status as a field; to Jira it is where a transition leads.
        let status = match fields.remove("status") {
            None => None,
            Some(Value::String(name)) => Some(name),
            Some(status) => match status.get("name").and_then(Value::as_str) {
                Some(name) => Some(name.to_owned()),
                None => {
                    return Err(ToolError::Arguments("`fields` has a `status` without a name".to_owned()));
                }
            },
        };
        match (&self.transition, status) {
            (Some(_), Some(_)) => Err(ToolError::Arguments(
                "`transition` and the `status` in `fields` are the same thing; give one".to_owned(),
            )),
            (transition, status) => Ok((fields, transition.clone().or(status))),
        }
    }
}

impl Tool for UpdateIssue {
    const SPEC: Spec = Spec {
        name: "jira_update_issue",
        product: Product::Jira,
        toolset: "jira_issues",
        core: true,
        description: "Change a Jira issue: fields first, then files, status, comment and work logged. Returns the issue as \
                      it is then; if a step fails, an error says which were done.",
        destructive: true,
        cloud_only: false,
        resources: &[ResourceKind::Issue, ResourceKind::Project, ResourceKind::Instance(Product::Jira)],
        long_text: &["fields", "additional_fields", "comment"],
        aliases: &[],
    };
    type Effect = Write;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        let mut targets = vec![Target::Issue(args.issue_key.clone(), None)];
        if let Ok((fields, _)) = args.given() {
            targets.extend(given::named(&fields));
        }
        targets
    }

    fn check(args: &Args) -> Result<(), ToolError> {
        let wrong = |text: &str| Err(ToolError::Arguments(text.to_owned()));
        let (fields, transition) = args.given()?;
        let files = uploads::given("attachments", args.attachments.as_deref())?;
        visibility("comment_visibility", args.comment_visibility.as_deref())?;
        if args.comment_visibility.is_some() && args.comment.is_none() {
            return wrong("`comment_visibility` is for a `comment`, and there is none");
        }
        if args.comment.as_ref().is_some_and(|comment| comment.trim().is_empty()) {
            return wrong("`comment` is empty; write what it should say, or leave it out");
        }
        if args.worklog_started.is_some() && args.worklog.is_none() {
            return wrong("`worklog_started` is for a `worklog`, and there is none");
        }
        if let Some(worklog) = &args.worklog {
            add_worklog::duration("worklog", worklog)?;
        }
        if let Some(started) = &args.worklog_started {
            add_worklog::moment("worklog_started", started)?;
        }
        let has_more = args.comment.is_some() || args.worklog.is_some() || !files.is_empty();
        if fields.is_empty() && transition.is_none() && !has_more {
            return wrong(
                "nothing to change: give `fields`, `attachments`, `transition`, `comment` or `worklog`",
            );
        }
        Ok(())
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Write>) -> Result<Output, ToolError> {
        let jira = context.jira()?;
        let key = context.found.present_key(args.issue_key.clone());
        let (fields, transition) = args.given()?;
        // All that can be found out is found out before the first change.
        let files = uploads::given("attachments", args.attachments.as_deref())?;
        let root = context.options.attachment_directory.as_deref();
        let files = uploads::read(("attachments", "content_base64"), files, root).await?;
        let mut given = Given::default();
        let kept = kept_media(&jira, permit, &key, &fields).await?;
        given.set_all(&jira, permit, fields).await?;
        keep_media(&mut given.edit, kept);
        let step = match &transition {
            Some(wanted) => Some(transition_issue::step(&jira, permit, &key, wanted).await?),
            None => None,
        };
        let mut done = Done { key: key.clone(), steps: Vec::new() };
        if !given.edit.fields.is_empty() {
            let changed = match jira.update(permit, &key, &given.edit).await {
                Err(refused) => Err(jira.explained(permit, Screen::Edit(&key), refused).await),
                changed => changed,
            };
            done.step("fields_updated", changed)?;
        }
        let attached = done.attach(&jira, permit, files).await?;
        if let Some(id) = step {
            let name = format!("transitioned_to:{id}");
            let step = Transition { id, edit: Edit::default(), comment: None };
            done.step(name, jira.transition(permit, &key, &step).await)?;
        }
        if let Some(comment) = &args.comment {
            let body = given::text(&jira, comment);
            given.notes.extend(body.notes);
            let visibility = visibility("comment_visibility", args.comment_visibility.as_deref())?;
            let comment = NewComment { body: body.value, visibility, internal: true };
            done.step("comment_added", jira.add_comment(permit, &key, &comment).await.map(|_| ()))?;
        }
        if let Some(worklog) = &args.worklog {
            let started = args.worklog_started.as_deref();
            let worklog = NewWorklog {
                time_spent: add_worklog::duration("worklog", worklog)?,
                comment: None,
                started: started.map(|text| add_worklog::moment("worklog_started", text)).transpose()?,
                remaining: None,
            };
            done.step("worklog_added", jira.add_worklog(permit, &key, &worklog).await.map(|_| ()))?;
        }
        let shown = Shown::Named(Fields::parse(&args.return_fields));
        let written = Written { notes: given.notes, shown, besides: attached };
        let mut output = written.shown(&jira, permit, &key, format!("Issue {key} was changed.")).await;
        if let Output::Object { value: Value::Object(value), .. } = &mut output {
            value.insert("operations_performed".into(), json!(done.steps));
            value.insert("operations_failed".into(), json!([]));
        }
        Ok(output)
    }
}

/// What was done so far.
struct Done {
    key: IssueKey,
    steps: Vec<String>,
}

impl Done {
    /// Attaches files, and says what became of them; one step to callers, whatever it took.
    async fn attach(
        &mut self,
        jira: &Jira<'_>,
        permit: &Permit<Write>,
        files: Vec<File>,
    ) -> Result<Map<String, Value>, ToolError> {
        if files.is_empty() {
            return Ok(Map::new());
        }
        let mut attached = Vec::with_capacity(files.len());
        for (number, file) in files.into_iter().enumerate() {
            let (name, size) = (file.name.clone(), file.bytes.len());
            let stored = jira.attach(permit, &self.key, file).await;
            let id = stored.as_ref().ok().and_then(|stored| stored.get("id").cloned());
            // By number: what was done is written down, and the name is an argument.
            self.step(format!("attached:{}", number + 1), stored.map(|_| ()))?;
            attached.push(json!({"filename": name, "size": size, "id": id}));
        }
        self.steps.retain(|step| !step.starts_with("attached:"));
        self.steps.push("attachments_uploaded".to_owned());
        let results = json!({
            "success": true, "issue_key": self.key.as_str(), "total": attached.len(), "uploaded": attached,
            "failed": [],
        });
        Ok(Map::from_iter([("attachment_results".to_owned(), results)]))
    }

    /// Notes a step, or ends with what was done before it.
    fn step(
        &mut self,
        name: impl Into<String>,
        result: Result<(), crate::net::UpstreamError>,
    ) -> Result<(), ToolError> {
        match (result, self.steps.as_slice()) {
            (Ok(()), _) => self.steps.push(name.into()),
            (Err(error), []) => return Err(error.into()),
            (Err(error), done) => {
                let done = format!("issue {} was changed in part ({})", self.key, done.join(", "));
                return Err(ToolError::Partial { done, error: Box::new(error.into()) });
            }
        }
        Ok(())
    }
}

/// The files in the description of an issue of Cloud, which Markdown cannot write anew: a new description keeps those
/// that it does not name.
async fn kept_media(
    jira: &Jira<'_>,
    permit: &Permit<Write>,
    key: &IssueKey,
    fields: &Map<String, Value>,
) -> Result<Vec<Value>, ToolError> {
    let is_written = fields.get("description").is_some_and(Value::is_string);
    if !is_written || !jira.has_documents() {
        return Ok(Vec::new());
    }
    let description = jira.description(permit, key).await?;
    let content = description.get("content").and_then(Value::as_array).into_iter().flatten();
    let is_media = |node: &&Value| matches!(kind(node), "mediaSingle" | "mediaGroup");
    Ok(content.filter(is_media).cloned().collect())
}

fn keep_media(edit: &mut Edit, kept: Vec<Value>) {
    let Some(content) = edit.fields.get_mut("description").and_then(|text| text.get_mut("content")) else {
        return;
    };
    let Some(content) = content.as_array_mut() else { return };
    let written: Vec<String> = content.iter().flat_map(files).collect();
    content.extend(kept.into_iter().filter(|node| !files(node).iter().any(|id| written.contains(id))));
}

/// The ids of the files in a node of the top level.
fn files(node: &Value) -> Vec<String> {
    let media = node.get("content").and_then(Value::as_array).into_iter().flatten();
    media.filter_map(|media| media.pointer("/attrs/id")?.as_str().map(str::to_owned)).collect()
}

fn kind(node: &Value) -> &str {
    node.get("type").and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(mut given: Value) -> Args {
        given["issue_key"] = "OPS-1".into();
        serde_json::from_value(given).unwrap()
    }

    #[test]
    fn what_makes_no_sense_is_refused_before_anything_is_asked() {
        let table = [
            (json!({"fields": r#"{"summary": "x"}"#}), None),
            (json!({"transition": "31"}), None),
            (json!({}), Some("nothing to change")),
            (
                json!({"fields": r#"{"summary": "x"}"#, "additional_fields": r#"{"summary": "y"}"#}),
                Some("`fields` and `additional_fields` both have `summary`"),
            ),
            (
                json!({"fields": r#"{"components": ["A"]}"#, "components": "B"}),
                Some("`fields` has `components`, and `components` says the same"),
            ),
            (json!({"fields": r#"{"project": "DEV"}"#}), Some("`fields` has `project`")),
            (json!({"fields": "[]"}), Some("`fields` must be a JSON object")),
            (
                json!({"fields": r#"{"status": "Done"}"#, "transition": "31"}),
                Some("`transition` and the `status`"),
            ),
            (json!({"fields": r#"{"status": {"id": "3"}}"#}), Some("`fields` has a `status` without a name")),
            (json!({"comment": " "}), Some("`comment` is empty")),
            (
                json!({"comment_visibility": r#"{"type": "role", "value": "x"}"#}),
                Some("`comment_visibility` is for"),
            ),
            (json!({"worklog": "long"}), Some("`worklog` must be a time")),
            (json!({"worklog_started": "2024-01-01T00:00:00Z"}), Some("`worklog_started` is for")),
            (json!({"fields": r#"{"parent": "12"}"#}), Some("`fields` has `parent`")),
        ];
        for (given, wanted) in table {
            let problem = UpdateIssue::check(&args(given.clone())).err().map(|error| error.to_string());
            assert_eq!(problem.is_some(), wanted.is_some(), "{given}");
            assert!(problem.unwrap_or_default().starts_with(wanted.unwrap_or_default()), "{given}");
        }
        let (fields, transition) =
            args(json!({"fields": r#"{"status": "Done", "summary": "x"}"#})).given().unwrap();
        assert_eq!((fields.len(), transition.as_deref()), (1, Some("Done")));
    }

    #[test]
    fn files_in_a_description_stay_unless_the_new_one_has_them() {
        let file =
            |id: &str| json!({"type": "mediaSingle", "content": [{"type": "media", "attrs": {"id": id}}]});
        let mut edit = Edit::default();
        edit.fields.insert(
            "description".into(),
            json!({"type": "doc", "content": [{"type": "paragraph"}, file("a")]}),
        );
        keep_media(&mut edit, vec![file("a"), file("b")]);
        let content = edit.fields["description"]["content"].as_array().unwrap();
        assert_eq!(content.iter().flat_map(files).collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn a_failure_says_what_was_done_before_it() {
        let refused = || {
            Err(crate::net::UpstreamError::from_answer(
                Product::Jira,
                400,
                None,
                br#"{"errorMessages": ["no"]}"#,
            ))
        };
        let mut done = Done { key: IssueKey::parse("OPS-1").unwrap(), steps: Vec::new() };
        assert!(matches!(done.step("fields_updated", refused()), Err(ToolError::Upstream(_))));
        done.step("fields_updated", Ok(())).unwrap();
        let text = done.step("comment_added", refused()).unwrap_err().to_string();
        assert!(
            text.starts_with("issue OPS-1 was changed in part (fields_updated); then it failed: "),
            "{text}"
        );
    }
}
