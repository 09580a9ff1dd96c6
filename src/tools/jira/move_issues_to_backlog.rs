//! Take issues out of their sprints.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::json;

use super::add_issues_to_sprint::keys;
use super::given;
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

/// The tool `jira_move_issues_to_backlog`.
#[derive(Debug)]
pub(crate) struct MoveIssuesToBacklog;

/// Arguments of `jira_move_issues_to_backlog`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// Keys, comma separated; 50 at most.
    issue_keys: String,
}

impl Tool for MoveIssuesToBacklog {
    const SPEC: Spec = Spec {
        name: "jira_move_issues_to_backlog",
        product: Product::Jira,
        toolset: "jira_agile",
        core: false,
        description: "Move Jira issues out of their sprints, back to the backlog.",
        destructive: false,
        cloud_only: false,
        resources: &[ResourceKind::Issue],
        long_text: &[],
        aliases: &[],
    };
    type Effect = Write;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        let issues = keys("issue_keys", &args.issue_keys).unwrap_or_default();
        issues.into_iter().map(|key| Target::Issue(key, None)).collect()
    }

    fn check(args: &Args) -> Result<(), ToolError> {
        keys("issue_keys", &args.issue_keys).map(|_| ())
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Write>) -> Result<Output, ToolError> {
        let jira = context.jira()?;
        let keys = keys("issue_keys", &args.issue_keys)?;
        let keys: Vec<IssueKey> = keys.into_iter().map(|key| context.found.present_key(key)).collect();
        jira.to_backlog(permit, &keys).await?;
        let value = json!({"message": format!("{} in the backlog.", given::issues_are(keys.len())), "issue_keys": keys});
        Ok(Output::Object { actual: None, value })
    }
}
