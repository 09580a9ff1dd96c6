//! Add a comment to an issue.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::given;
use super::written::visibility;
use crate::atlassian::conversion;
use crate::atlassian::jira::Jira;
use crate::atlassian::jira::NewComment;
use crate::atlassian::jira::Texts;
use crate::atlassian::jira::added_comment;
use crate::audit::Permit;
use crate::ids::IssueKey;
use crate::lookup::Target;
use crate::markup::Converted;
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

/// The tool `jira_add_comment`.
#[derive(Debug)]
pub(crate) struct AddComment;

/// Arguments of `jira_add_comment`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    issue_key: IssueKey,
    /// The comment in Markdown.
    body: String,
    /// Who may see it: {"type": "group", "value": "ops"}.
    visibility: Option<String>,
    /// Service desk requests only: true shows the comment to the customer; else it stays internal.
    public: Option<bool>,
}

impl Tool for AddComment {
    const SPEC: Spec = Spec {
        name: "jira_add_comment",
        product: Product::Jira,
        toolset: "jira_comments",
        core: true,
        description: "Add a comment, written in Markdown, to a Jira issue. Returns the comment as Jira stored it.",
        destructive: false,
        cloud_only: false,
        resources: &[ResourceKind::Issue],
        long_text: &["body"],
        aliases: &[("comment", "body")],
    };
    type Effect = Write;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        vec![Target::Issue(args.issue_key.clone(), None)]
    }

    fn check(args: &Args) -> Result<(), ToolError> {
        let wrong = |text: &str| Err(ToolError::Arguments(text.to_owned()));
        if args.body.trim().is_empty() {
            return wrong("`body` is empty; write what the comment should say");
        }
        let hidden = visibility("visibility", args.visibility.as_deref())?.is_some();
        if hidden && args.public == Some(true) {
            return wrong(
                "`public` shows the comment to the customer, `visibility` hides it; give one of them",
            );
        }
        Ok(())
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Write>) -> Result<Output, ToolError> {
        let jira = context.jira()?;
        let key = context.found.present_key(args.issue_key);
        if args.public == Some(true) {
            let text = wiki(&jira, &args.body);
            let stored = jira.add_public_comment(permit, &key, &text.value).await;
            let stored = stored.map_err(|error| no_request(&key, error))?;
            let mut shown = added_comment(&stored, jira.texts());
            shown.insert("public".into(), stored.get("public").cloned().unwrap_or(Value::Bool(true)));
            return Ok(with_notes(shown, &text.notes));
        }
        let body = given::text(&jira, &args.body);
        let comment = NewComment {
            body: body.value,
            visibility: visibility("visibility", args.visibility.as_deref())?,
            internal: true,
        };
        let stored = jira.add_comment(permit, &key, &comment).await?;
        Ok(with_notes(added_comment(&stored, jira.texts()), &body.notes))
    }
}

/// A service desk does not know issues that are no requests: that must not read as if there were no such issue.
fn no_request(key: &IssueKey, error: UpstreamError) -> ToolError {
    if !error.is_absent() {
        return error.into();
    }
    ToolError::Arguments(format!(
        "issue {key} is not a service desk request that you may see; leave `public` out to comment on an issue"
    ))
}

/// The result, and what of the text had to be approximated.
fn with_notes(mut shown: Map<String, Value>, notes: &[Note]) -> Output {
    if !notes.is_empty() {
        shown.insert("notes".into(), json!(notes));
    }
    Output::Object { actual: None, value: Value::Object(shown) }
}

fn wiki(jira: &Jira<'_>, text: &str) -> Converted<String> {
    match jira.texts() {
        Texts::Markdown => conversion::markdown_to_wiki(text),
        Texts::Raw => Converted { value: text.to_owned(), notes: Vec::new() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_that_makes_no_sense_is_refused_before_anything_is_asked() {
        let group = r#"{"type": "group", "value": "ops"}"#;
        let table = [
            (json!({"body": "x"}), None),
            (json!({"body": "x", "public": true}), None),
            (json!({"body": "x", "public": false, "visibility": group}), None),
            (json!({"body": " \n"}), Some("`body` is empty")),
            (json!({"body": "x", "public": true, "visibility": group}), Some("give one of them")),
            (json!({"body": "x", "visibility": "ops"}), Some("`visibility` must be JSON")),
        ];
        for (mut given, wanted) in table {
            given["issue_key"] = "OPS-1".into();
            let args: Args = serde_json::from_value(given.clone()).unwrap();
            let problem = AddComment::check(&args).err().map(|error| error.to_string());
            assert_eq!(problem.is_some(), wanted.is_some(), "{given}");
            assert!(problem.unwrap_or_default().contains(wanted.unwrap_or_default()), "{given}");
        }
    }

    #[test]
    fn an_issue_that_is_no_request_is_not_said_to_be_absent() {
        let key = IssueKey::parse("OPS-1").unwrap();
        let answered = |status| UpstreamError::from_answer(Product::Jira, status, None, b"{}");
        let table = [(404, "issue OPS-1 is not a service desk request"), (403, "Jira answered 403")];
        for (status, wanted) in table {
            let text = no_request(&key, answered(status)).to_string();
            assert!(text.starts_with(wanted), "{text}");
        }
    }
}
