//! The work logged on an issue.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;

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

/// The tool `jira_get_worklog`.
#[derive(Debug)]
pub(crate) struct GetWorklog;

/// Arguments of `jira_get_worklog`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    issue_key: IssueKey,
}

impl Tool for GetWorklog {
    const SPEC: Spec = Spec {
        name: "jira_get_worklog",
        product: Product::Jira,
        toolset: "jira_worklog",
        core: false,
        description: "List all work logged on a Jira issue: who, when, how long, and the comment as Markdown.",
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
        let (worklogs, total) = jira.worklogs(permit, &key).await?;
        let complete = worklogs.len() as u64 >= total;
        let mut value = json!({"worklogs": worklogs, "complete": complete});
        if let (Value::Object(value), false) = (&mut value, complete) {
            value.insert("total".into(), total.into());
        }
        Ok(Output::Object { actual: None, value })
    }
}
