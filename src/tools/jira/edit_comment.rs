//! Change a comment.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;

use super::given;
use super::written::visibility;
use crate::atlassian::jira::NewComment;
use crate::atlassian::jira::edited_comment;
use crate::audit::Permit;
use crate::ids::CommentId;
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

/// The tool `jira_edit_comment`.
#[derive(Debug)]
pub(crate) struct EditComment;

/// Arguments of `jira_edit_comment`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    issue_key: IssueKey,
    /// Id of the comment, as `jira_get_issue` gives it.
    comment_id: CommentId,
    /// The whole new text in Markdown.
    body: String,
    /// Who may see it: {"type": "group", "value": "ops"}.
    visibility: Option<String>,
}

impl Tool for EditComment {
    const SPEC: Spec = Spec {
        name: "jira_edit_comment",
        product: Product::Jira,
        toolset: "jira_comments",
        core: true,
        description: "Replace the text of a comment on a Jira issue, written in Markdown. Returns the comment as Jira stored it.",
        destructive: true,
        cloud_only: false,
        resources: &[ResourceKind::Issue],
        long_text: &["body"],
        aliases: &[],
    };
    type Effect = Write;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        vec![Target::Issue(args.issue_key.clone(), None)]
    }

    fn check(args: &Args) -> Result<(), ToolError> {
        if args.body.trim().is_empty() {
            return Err(ToolError::Arguments(
                "`body` is empty; write what the comment should say".to_owned(),
            ));
        }
        visibility("visibility", args.visibility.as_deref()).map(|_| ())
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Write>) -> Result<Output, ToolError> {
        let jira = context.jira()?;
        let key = context.found.present_key(args.issue_key);
        let body = given::text(&jira, &args.body);
        let visibility = visibility("visibility", args.visibility.as_deref())?;
        let internal = context.options.is_internal(&key.project());
        let comment = NewComment { body: body.value, visibility, internal };
        let stored = jira.edit_comment(permit, &key, &args.comment_id, &comment).await?;
        let mut shown = edited_comment(&stored, jira.texts());
        if !body.notes.is_empty() {
            shown.insert("notes".into(), json!(body.notes));
        }
        Ok(Output::Object { actual: None, value: Value::Object(shown) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_that_makes_no_sense_is_refused() {
        let table = [
            (json!({"body": "x"}), None),
            (json!({"body": "  "}), Some("`body` is empty")),
            (json!({"body": "x", "visibility": "ops"}), Some("`visibility` must be JSON")),
        ];
        for (mut given, wanted) in table {
            given["issue_key"] = "OPS-1".into();
            given["comment_id"] = "7".into();
            let args: Args = serde_json::from_value(given.clone()).unwrap();
            let problem = EditComment::check(&args).err().map(|error| error.to_string());
            assert_eq!(problem.is_some(), wanted.is_some(), "{given}");
            assert!(problem.unwrap_or_default().starts_with(wanted.unwrap_or_default()), "{given}");
        }
    }
}
