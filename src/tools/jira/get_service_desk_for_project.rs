//! The service desk of a project.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;

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

/// The tool `jira_get_service_desk_for_project`.
#[derive(Debug)]
pub(crate) struct GetServiceDeskForProject;

/// Arguments of `jira_get_service_desk_for_project`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    project_key: ProjectKey,
}

fn shown(desk: &Value) -> Value {
    let named = [
        ("id", "id"),
        ("projectKey", "project_key"),
        ("projectName", "project_name"),
        ("projectId", "project_id"),
        ("_links", "links"),
    ];
    let kept = named.iter().filter_map(|(name, key)| Some(((*key).to_owned(), desk.get(*name)?.clone())));
    Value::Object(kept.collect())
}

impl Tool for GetServiceDeskForProject {
    const SPEC: Spec = Spec {
        name: "jira_get_service_desk_for_project",
        product: Product::Jira,
        toolset: "jira_service_desk",
        core: false,
        description: "Find the service desk of a Jira Service Management project: its id is what the other service desk tools take.",
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
        let desk = jira.service_desk_of(permit, &args.project_key).await?;
        let value =
            json!({"project_key": args.project_key.as_str(), "service_desk": desk.as_ref().map(shown)});
        Ok(Output::Object { actual: None, value })
    }
}
