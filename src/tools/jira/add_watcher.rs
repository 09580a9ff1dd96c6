//! Make a person watch an issue.

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

/// The tool `jira_add_watcher`.
#[derive(Debug)]
pub(crate) struct AddWatcher;

/// Arguments of `jira_add_watcher`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    issue_key: IssueKey,
    /// Account id, user name, e-mail or full name.
    user_identifier: String,
}

impl Tool for AddWatcher {
    const SPEC: Spec = Spec {
        name: "jira_add_watcher",
        product: Product::Jira,
        toolset: "jira_watchers",
        core: false,
        description: "Add a person to the watchers of a Jira issue.",
        destructive: false,
        cloud_only: false,
        resources: &[ResourceKind::Issue],
        long_text: &[],
        aliases: &[],
    };
    type Effect = Write;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        vec![Target::Issue(args.issue_key.clone(), None)]
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Write>) -> Result<Output, ToolError> {
        let jira = context.jira()?;
        let key = context.found.present_key(args.issue_key);
        let person = jira.person(permit, &args.user_identifier).await?;
        jira.add_watcher(permit, &key, &person).await?;
        let value = json!({
            "success": true,
            "message": format!("The person watches issue {key}."),
            "issue_key": key.as_str(),
            "user": person.id(),
        });
        Ok(Output::Object { actual: None, value })
    }
}
