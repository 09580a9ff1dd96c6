//! The development of several issues.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use super::add_issues_to_sprint::keys;
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

/// The tool `jira_get_issues_development_info`.
#[derive(Debug)]
pub(crate) struct GetIssuesDevelopmentInfo;

/// Arguments of `jira_get_issues_development_info`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// Keys, comma separated; 50 at most.
    issue_keys: String,
    /// Where the code is, such as GitHub or stash; all if left out.
    application_type: Option<String>,
    /// pullrequest, branch, repository or build; all if left out.
    data_type: Option<String>,
}

impl Tool for GetIssuesDevelopmentInfo {
    const SPEC: Spec = Spec {
        name: "jira_get_issues_development_info",
        product: Product::Jira,
        toolset: "jira_development",
        core: false,
        description: "Show the branches, commits, pull requests and builds that are linked to several Jira issues.",
        destructive: false,
        cloud_only: false,
        resources: &[ResourceKind::Issue],
        long_text: &[],
        aliases: &[],
    };
    type Effect = Read;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        let issues = keys("issue_keys", &args.issue_keys).unwrap_or_default();
        issues.into_iter().map(|key| Target::Issue(key, None)).collect()
    }

    fn check(args: &Args) -> Result<(), ToolError> {
        keys("issue_keys", &args.issue_keys).map(|_| ())
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Read>) -> Result<Output, ToolError> {
        let jira = context.jira()?;
        let keys = keys("issue_keys", &args.issue_keys)?;
        let keys: Vec<IssueKey> = keys.into_iter().map(|key| context.found.present_key(key)).collect();
        let wanted = (args.application_type.as_deref(), args.data_type.as_deref());
        // One after the other: each of them asks several things side by side.
        let mut found = Vec::with_capacity(keys.len());
        for key in &keys {
            found.push(jira.development(permit, key, wanted).await?);
        }
        Ok(Output::Object { actual: None, value: found.into() })
    }
}
