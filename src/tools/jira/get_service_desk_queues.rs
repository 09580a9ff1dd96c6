//! The queues of a service desk.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use super::desk;
use crate::audit::Permit;
use crate::ids::ServiceDeskId;
use crate::lookup::Target;
use crate::policy::Part;
use crate::policy::Product;
use crate::policy::Read;
use crate::policy::ResourceKind;
use crate::tools::Context;
use crate::tools::Output;
use crate::tools::Spec;
use crate::tools::Tool;
use crate::tools::ToolError;

/// The tool `jira_get_service_desk_queues`.
#[derive(Debug)]
pub(crate) struct GetServiceDeskQueues;

/// Arguments of `jira_get_service_desk_queues`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// From `jira_get_service_desk_for_project`.
    service_desk_id: ServiceDeskId,
    #[serde(default)]
    #[schemars(range(min = 0))]
    start_at: u64,
    #[serde(default = "fifty")]
    #[schemars(range(min = 1, max = 50))]
    limit: u64,
}

fn fifty() -> u64 {
    50
}

impl Tool for GetServiceDeskQueues {
    const SPEC: Spec = Spec {
        name: "jira_get_service_desk_queues",
        product: Product::Jira,
        toolset: "jira_service_desk",
        core: false,
        description: "List the queues of a service desk, with how many issues are in each.",
        destructive: false,
        cloud_only: false,
        resources: &[ResourceKind::Project, ResourceKind::Instance(Product::Jira)],
        long_text: &[],
        aliases: &[],
    };
    type Effect = Read;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        vec![Target::Part(Part::ServiceDesk(args.service_desk_id.clone()))]
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Read>) -> Result<Output, ToolError> {
        let jira = context.jira()?;
        let page = jira.queues(permit, &args.service_desk_id, args.start_at, args.limit).await?;
        let show = |queue: &Value| {
            let mut shown = desk::queue(queue);
            if context.hides {
                // It counts what the caller may not see as well.
                desk::without_count(&mut shown);
            }
            shown
        };
        let value = desk::page(&page, &args.service_desk_id, None, "queues", show)?;
        Ok(Output::Object { actual: None, value })
    }
}
