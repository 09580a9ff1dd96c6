//! The development of an issue.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use super::development_kind::kind;
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

/// The tool `jira_get_issue_development_info`.
#[derive(Debug)]
pub(crate) struct GetIssueDevelopmentInfo;

/// Arguments of `jira_get_issue_development_info`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    issue_key: IssueKey,
    /// Where the code is, such as GitHub or stash; all if left out.
    application_type: Option<String>,
    /// pullrequest, branch, repository or build; all if left out.
    data_type: Option<String>,
}

impl Tool for GetIssueDevelopmentInfo {
    const SPEC: Spec = Spec {
        name: "jira_get_issue_development_info",
        product: Product::Jira,
        toolset: "jira_development",
        core: false,
        description: "Show the branches, commits, pull requests and builds that are linked to a Jira issue.",
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

    fn check(args: &Args) -> Result<(), ToolError> {
        kind(args.data_type.as_deref()).map(|_| ())
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Read>) -> Result<Output, ToolError> {
        let jira = context.jira()?;
        let key = context.found.present_key(args.issue_key);
        let wanted = (args.application_type.as_deref(), kind(args.data_type.as_deref())?);
        let id = jira.issue_number(permit, &key).await?;
        let value = jira.development(permit, (&key, &id), wanted).await?;
        Ok(Output::Object { actual: None, value })
    }
}
