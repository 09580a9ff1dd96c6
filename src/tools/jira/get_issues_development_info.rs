//! The development of several issues.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::json;

use super::add_issues_to_sprint::keys;
use super::development_kind::kind;
use crate::audit::Permit;
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
    const APART: bool = true;

    fn targets(args: &Args) -> Vec<Target> {
        let issues = keys("issue_keys", &args.issue_keys).unwrap_or_default();
        issues.into_iter().map(|key| Target::Issue(key, None)).collect()
    }

    fn check(args: &Args) -> Result<(), ToolError> {
        kind(args.data_type.as_deref())?;
        keys("issue_keys", &args.issue_keys).map(|_| ())
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Read>) -> Result<Output, ToolError> {
        let jira = context.jira()?;
        let keys = keys("issue_keys", &args.issue_keys)?;
        let wanted = (args.application_type.as_deref(), kind(args.data_type.as_deref())?);
        // One after the other: each of them asks several things side by side.
        let mut found = Vec::with_capacity(keys.len());
        for named in keys {
            let key = context.found.present_key(named.clone());
            let number = if context.found.is_left_out(&named) {
                Err(ToolError::Absent)
            } else {
                jira.issue_number(permit, &key).await.map_err(ToolError::from)
            };
            match number {
                Ok(id) => found.push(jira.development(permit, (&key, &id), wanted).await?),
                Err(error) if is_absent(&error) => {
                    found.push(json!({"issue_key": named.as_str(), "error": ToolError::Absent.to_string()}));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Output::Object { actual: None, value: found.into() })
    }
}

/// Whether Jira or the policies say that there is no such issue, or hide it.
fn is_absent(error: &ToolError) -> bool {
    match error {
        ToolError::Absent => true,
        ToolError::Upstream(error) => error.is_absent(),
        _ => false,
    }
}
