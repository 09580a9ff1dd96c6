//! What an issue can be moved to.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::atlassian::jira::shown_transition;
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

/// The tool `jira_get_transitions`.
#[derive(Debug)]
pub(crate) struct GetTransitions;

/// Arguments of `jira_get_transitions`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    issue_key: IssueKey,
}

impl Tool for GetTransitions {
    const SPEC: Spec = Spec {
        name: "jira_get_transitions",
        product: Product::Jira,
        toolset: "jira_transitions",
        core: true,
        description: "List the transitions that a Jira issue offers now: id, name, the status each leads to, and the fields it asks for. Use before jira_transition_issue.",
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
        let offered = jira.offered_transitions(permit, &key).await?;
        let value = offered.iter().map(shown_transition).collect();
        Ok(Output::Object { actual: None, value })
    }
}
