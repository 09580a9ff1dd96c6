//! Which issues a project takes.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use crate::audit::Permit;
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

/// The tool `jira_get_project_issue_types`.
#[derive(Debug)]
pub(crate) struct GetProjectIssueTypes;

/// Arguments of `jira_get_project_issue_types`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    project_key: ProjectKey,
}

fn brief(kind: &Value) -> Value {
    let names = ["id", "name", "description", "subtask"];
    let kept = names.iter().filter_map(|name| Some(((*name).to_owned(), kind.get(*name)?.clone())));
    Value::Object(kept.collect())
}

impl Tool for GetProjectIssueTypes {
    const SPEC: Spec = Spec {
        name: "jira_get_project_issue_types",
        product: Product::Jira,
        toolset: "jira_projects",
        core: false,
        description: "List the issue types that a Jira project takes. For the fields of one use jira_get_create_fields.",
        destructive: false,
        cloud_only: false,
        resources: &[ResourceKind::Project],
        long_text: &[],
        aliases: &[],
    };
    type Effect = Read;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        vec![Target::Project(args.project_key.clone())]
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Read>) -> Result<Output, ToolError> {
        let jira = context.jira()?;
        let types = jira.issue_types(permit, &args.project_key).await?;
        let items = types.iter().map(brief).collect();
        Ok(Output::List { items, complete: true, next: None })
    }
}
