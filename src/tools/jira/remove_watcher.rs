//! Make a person watch an issue no longer.

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

/// The tool `jira_remove_watcher`.
#[derive(Debug)]
pub(crate) struct RemoveWatcher;

/// Arguments of `jira_remove_watcher`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    issue_key: IssueKey,
    /// User name, on Data Center.
    username: Option<String>,
    /// Account id, on Cloud.
    account_id: Option<String>,
}

impl Tool for RemoveWatcher {
    const SPEC: Spec = Spec {
        name: "jira_remove_watcher",
        product: Product::Jira,
        toolset: "jira_watchers",
        core: false,
        description: "Take a person off the watchers of a Jira issue.",
        destructive: true,
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

    fn check(args: &Args) -> Result<(), ToolError> {
        match (&args.username, &args.account_id) {
            (None, None) => {
                Err(ToolError::Arguments("give `username` (Data Center) or `account_id` (Cloud)".to_owned()))
            }
            (Some(_), Some(_)) => {
                Err(ToolError::Arguments("give `username` or `account_id`, not both".to_owned()))
            }
            _ => Ok(()),
        }
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Write>) -> Result<Output, ToolError> {
        let jira = context.jira()?;
        let key = context.found.present_key(args.issue_key);
        let name = args.account_id.or(args.username).unwrap_or_default();
        let person = jira.person(permit, &name).await?;
        jira.remove_watcher(permit, &key, &person).await?;
        let value = json!({
            "success": true,
            "message": format!("The person no longer watches issue {key}."),
            "issue_key": key.as_str(),
            "user": person.id(),
        });
        Ok(Output::Object { actual: None, value })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_person_is_named() {
        let table = [
            (json!({"username": "ann"}), true),
            (json!({"account_id": "5b10ac8d82e05b22cc7d4ef1"}), true),
            (json!({}), false),
            (json!({"username": "ann", "account_id": "x"}), false),
        ];
        for (mut given, fine) in table {
            given["issue_key"] = "OPS-1".into();
            let args: Args = serde_json::from_value(given.clone()).unwrap();
            assert_eq!(RemoveWatcher::check(&args).is_ok(), fine, "{given}");
        }
    }
}
