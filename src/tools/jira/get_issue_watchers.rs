//! Who watches an issue.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::audit::Permit;
use crate::ids::IssueKey;
use crate::lookup::Target;
use crate::policy::Product;
use crate::policy::Read;
use crate::policy::ResourceKind;
use crate::tools::Context;
use crate::tools::Output;
use crate::tools::Spec;
use crate::tools::Tool;
use crate::tools::ToolError;

/// The tool `jira_get_issue_watchers`.
#[derive(Debug)]
pub(crate) struct GetIssueWatchers;

/// Arguments of `jira_get_issue_watchers`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    issue_key: IssueKey,
}

impl Tool for GetIssueWatchers {
    const SPEC: Spec = Spec {
        name: "jira_get_issue_watchers",
        product: Product::Jira,
        toolset: "jira_watchers",
        core: false,
        description: "List the people who watch a Jira issue.",
        destructive: false,
        cloud_only: false,
        resources: &[ResourceKind::Issue],
        long_text: &[],
        aliases: &[],
    };
    type Effect = Read;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        vec![Target::Issue(args.issue_key.clone(), None)]
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Read>) -> Result<Output, ToolError> {
        let jira = context.jira()?;
        let key = context.found.present_key(args.issue_key);
        let value = jira.watchers(permit, &key).await?;
        Ok(Output::Object { actual: None, value })
    }
}
