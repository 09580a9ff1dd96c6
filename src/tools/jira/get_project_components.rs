//! The components of a project.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

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

/// The tool `jira_get_project_components`.
#[derive(Debug)]
pub(crate) struct GetProjectComponents;

/// Arguments of `jira_get_project_components`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    project_key: ProjectKey,
}

impl Tool for GetProjectComponents {
    const SPEC: Spec = Spec {
        name: "jira_get_project_components",
        product: Product::Jira,
        toolset: "jira_projects",
        core: false,
        description: "List the components of a Jira project, with who leads them.",
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
        let items = jira.components(permit, &args.project_key).await?;
        Ok(Output::List { items, complete: true, next: None })
    }
}
