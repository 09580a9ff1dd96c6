//! Who can be assigned.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;

use crate::atlassian::jira::Within;
use crate::atlassian::jira::shown_person;
use crate::audit::Permit;
use crate::ids::IssueKey;
use crate::ids::ProjectKey;
use crate::lookup::Target;
use crate::policy::Product;
use crate::policy::Read;
use crate::policy::ResourceKind;
use crate::tools::Context;
use crate::tools::Output;
use crate::tools::Spec;
use crate::tools::Tool;
use crate::tools::ToolError;

/// The tool `jira_search_assignable_users`.
#[derive(Debug)]
pub(crate) struct SearchAssignableUsers;

/// Arguments of `jira_search_assignable_users`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// Part of a name or an e-mail address.
    query: String,
    /// Project to look in; or give `issue_key`.
    project_key: Option<ProjectKey>,
    issue_key: Option<IssueKey>,
    #[serde(default = "twenty")]
    #[schemars(range(min = 1, max = 1000))]
    limit: u64,
}

/// How many people may be asked for.
const MOST: u64 = 1000;

fn twenty() -> u64 {
    20
}

fn nowhere() -> ToolError {
    ToolError::Arguments("give `project_key` or `issue_key`: people are assignable somewhere".to_owned())
}

impl Tool for SearchAssignableUsers {
    const SPEC: Spec = Spec {
        name: "jira_search_assignable_users",
        product: Product::Jira,
        toolset: "jira_users",
        core: false,
        description: "Find people to whom issues of a project, or one issue, can be assigned.",
        destructive: false,
        cloud_only: false,
        resources: &[ResourceKind::Project, ResourceKind::Issue],
        long_text: &[],
        aliases: &[],
    };
    type Effect = Read;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        match (&args.issue_key, &args.project_key) {
            (Some(key), _) => vec![Target::Issue(key.clone(), None)],
            (None, Some(key)) => vec![Target::Project(key.clone())],
            // Never asked for: `check` refuses it.
            (None, None) => vec![Target::Instance(Product::Jira)],
        }
    }

    fn check(args: &Args) -> Result<(), ToolError> {
        match (&args.issue_key, &args.project_key) {
            (None, None) => Err(nowhere()),
            (Some(issue), Some(project)) if issue.project() != *project => {
                Err(ToolError::Arguments("`issue_key` is not in `project_key`; give one of them".to_owned()))
            }
            _ => Ok(()),
        }
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Read>) -> Result<Output, ToolError> {
        let jira = context.jira()?;
        let within = match (args.issue_key, args.project_key) {
            (Some(key), _) => Within::Issue(context.found.present_key(key)),
            (None, Some(key)) => Within::Project(key),
            (None, None) => return Err(nowhere()),
        };
        let found = jira.assignable(permit, &args.query, &within, args.limit).await?;
        let users: Vec<Value> = found.iter().map(shown_person).collect();
        let complete = (users.len() as u64) < args.limit;
        let mut value = json!({"success": true, "count": users.len(), "users": users, "complete": complete});
        if let (Value::Object(value), false) = (&mut value, complete) {
            let next = match args.limit {
                ..MOST => format!("call again with limit = {MOST}"),
                _ => "call again with a longer part of the name".to_owned(),
            };
            value.insert("next".into(), next.into());
        }
        Ok(Output::Object { actual: None, value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_assignable_somewhere() {
        let table = [
            (json!({"query": "a", "project_key": "OPS"}), true),
            (json!({"query": "a", "issue_key": "OPS-1"}), true),
            (json!({"query": "a", "issue_key": "OPS-1", "project_key": "OPS"}), true),
            (json!({"query": "a"}), false),
            (json!({"query": "a", "issue_key": "OPS-1", "project_key": "DEV"}), false),
        ];
        for (given, fine) in table {
            let args: Args = serde_json::from_value(given.clone()).unwrap();
            assert_eq!(SearchAssignableUsers::check(&args).is_ok(), fine, "{given}");
        }
    }
}
