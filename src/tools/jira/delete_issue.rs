//! Delete an issue.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::json;

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

/// The tool `jira_delete_issue`.
#[derive(Debug)]
pub(crate) struct DeleteIssue;

/// Arguments of `jira_delete_issue`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    issue_key: IssueKey,
}

impl Tool for DeleteIssue {
    const SPEC: Spec = Spec {
        name: "jira_delete_issue",
        product: Product::Jira,
        toolset: "jira_issues",
        core: true,
        description: "Delete a Jira issue and its subtasks for good. To close it instead, use jira_transition_issue.",
        destructive: true,
        cloud_only: false,
        resources: &[ResourceKind::Issue],
        long_text: &[],
        aliases: &[],
    };
    type Effect = Write;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        vec![Target::WithSubtasks(args.issue_key.clone())]
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Write>) -> Result<Output, ToolError> {
        let jira = context.jira()?;
        let key = context.found.present_key(args.issue_key);
        jira.delete(permit, &key).await?;
        Ok(Output::Object { actual: None, value: json!({"message": format!("Issue {key} was deleted.")}) })
    }
}
