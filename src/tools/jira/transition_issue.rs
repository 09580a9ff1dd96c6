//! Take an issue one step through its workflow.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use super::given;
use super::given::Given;
use super::written::Written;
use crate::atlassian::jira::Jira;
use crate::atlassian::jira::NewComment;
use crate::atlassian::jira::Screen;
use crate::atlassian::jira::Transition;
use crate::audit::Permit;
use crate::ids::IssueKey;
use crate::lookup::Target;
use crate::policy::Product;
use crate::policy::ResourceKind;
use crate::policy::Write;
use crate::tools::Context;
use crate::tools::Output;
use crate::tools::Spec;
use crate::tools::Tool;
use crate::tools::ToolError;

/// The tool `jira_transition_issue`.
#[derive(Debug)]
pub(crate) struct TransitionIssue;

/// Arguments of `jira_transition_issue`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    issue_key: IssueKey,
    /// Id or name of the transition, or of the status it leads to.
    transition_id: String,
    /// Fields it asks for, such as {"resolution": "Fixed"}.
    fields: Option<String>,
    /// A comment to add with it, in Markdown.
    comment: Option<String>,
}

impl Tool for TransitionIssue {
    const SPEC: Spec = Spec {
        name: "jira_transition_issue",
        product: Product::Jira,
        toolset: "jira_transitions",
        core: true,
        description: "Move a Jira issue to another status by one of the transitions it offers now (see jira_get_transitions). Returns the issue as it is then.",
        destructive: true,
        cloud_only: false,
        resources: &[ResourceKind::Issue, ResourceKind::Project, ResourceKind::Instance(Product::Jira)],
        long_text: &["comment", "fields"],
        aliases: &[],
    };
    type Effect = Write;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        let mut targets = vec![Target::Issue(args.issue_key.clone(), None)];
        if let Ok(fields) = given::object("fields", args.fields.as_deref()) {
            targets.extend(given::named(&fields));
        }
        targets
    }

    fn check(args: &Args) -> Result<(), ToolError> {
        given::check("fields", &given::object("fields", args.fields.as_deref())?)
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Write>) -> Result<Output, ToolError> {
        let jira = context.jira()?;
        let key = context.found.present_key(args.issue_key);
        let mut given = Given::default();
        let fields = given::object("fields", args.fields.as_deref())?;
        let (id, filled) = futures::join!(
            step(&jira, permit, &key, &args.transition_id),
            given.set_all(&jira, permit, fields),
        );
        filled?;
        let comment = args.comment.as_deref().map(|comment| given::text(&jira, comment));
        let mut written = Written { notes: given.notes, ..Written::default() };
        if let Some(comment) = &comment {
            written.notes.extend(comment.notes.iter().cloned());
        }
        let comment = comment.map(|text| NewComment { body: text.value, visibility: None, internal: true });
        let step = Transition { id: id?, edit: given.edit, comment };
        if let Err(refused) = jira.transition(permit, &key, &step).await {
            let screen = Screen::Transition(&key, &step.id);
            return Err(jira.explained(permit, screen, refused).await.into());
        }
        Ok(written.shown(&jira, permit, &key, format!("Issue {key} was moved.")).await)
    }
}

/// The id of the transition that is meant, if the issue offers it now.
pub(super) async fn step(
    jira: &Jira<'_>,
    permit: &Permit<Write>,
    key: &IssueKey,
    wanted: &str,
) -> Result<String, ToolError> {
    let offered = jira.offered_transitions(permit, key).await?;
    if let Some(id) = choose(&offered, wanted) {
        return Ok(id);
    }
    // The status is asked for only here: a step that is offered costs nothing more.
    let status = jira.present_status(permit, key).await?.unwrap_or_default();
    let problem = if status.eq_ignore_ascii_case(wanted.trim()) {
        format!("issue {key} has the status `{status}` already")
    } else {
        format!("issue {key}, which is `{status}` now, has no such transition")
    };
    Err(ToolError::Arguments(format!("{problem}; {}", listed(&offered))))
}

/// By id, by its own name, or by the name of the only status it leads to.
fn choose(offered: &[Value], wanted: &str) -> Option<String> {
    let wanted = wanted.trim();
    let text = |transition: &Value, pointer: &str| {
        transition.pointer(pointer).and_then(Value::as_str).map(str::to_owned)
    };
    let same = |found: Option<String>| found.is_some_and(|found| found.eq_ignore_ascii_case(wanted));
    let only = |fits: &dyn Fn(&Value) -> bool| {
        let mut fitting = offered.iter().filter(|transition| fits(transition));
        let first = fitting.next()?;
        fitting.next().is_none().then(|| text(first, "/id")).flatten()
    };
    only(&|transition| text(transition, "/id").as_deref() == Some(wanted))
        .or_else(|| only(&|transition| same(text(transition, "/name"))))
        .or_else(|| only(&|transition| same(text(transition, "/to/name"))))
}

fn listed(offered: &[Value]) -> String {
    let brief = |transition: &Value| {
        let text =
            |pointer: &str| transition.pointer(pointer).and_then(Value::as_str).unwrap_or("?").to_owned();
        format!("{} `{}` to {}", text("/id"), text("/name"), text("/to/name"))
    };
    match offered.iter().map(brief).collect::<Vec<_>>().as_slice() {
        [] => "it offers none to you".to_owned(),
        all => format!("it offers {}", all.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_transition_is_found_by_id_by_name_and_by_where_it_leads() {
        let offered = [
            json!({"id": "11", "name": "Start", "to": {"name": "In Progress"}}),
            json!({"id": "31", "name": "Finish", "to": {"name": "Done"}}),
            json!({"id": "41", "name": "Reject", "to": {"name": "Closed"}}),
            json!({"id": "51", "name": "Cancel", "to": {"name": "Closed"}}),
        ];
        let table = [
            ("31", Some("31")),
            ("finish", Some("31")),
            (" Done ", Some("31")),
            ("Closed", None),
            ("99", None),
        ];
        for (wanted, id) in table {
            assert_eq!(choose(&offered, wanted).as_deref(), id, "{wanted}");
        }
        assert_eq!(
            listed(offered.get(..2).unwrap()),
            "it offers 11 `Start` to In Progress, 31 `Finish` to Done"
        );
        assert_eq!(listed(&[]), "it offers none to you");
    }
}
