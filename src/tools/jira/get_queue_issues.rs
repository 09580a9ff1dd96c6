//! The issues of a queue.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use super::desk;
use crate::atlassian::jira::readable;
use crate::audit::Permit;
use crate::ids::QueueId;
use crate::ids::ServiceDeskId;
use crate::lookup;
use crate::lookup::Target;
use crate::policy::Part;
use crate::policy::Product;
use crate::policy::Read;
use crate::policy::ResourceKind;
use crate::tools::Context;
use crate::tools::Item;
use crate::tools::Output;
use crate::tools::Spec;
use crate::tools::Tool;
use crate::tools::ToolError;

/// The tool `jira_get_queue_issues`.
#[derive(Debug)]
pub(crate) struct GetQueueIssues;

/// Arguments of `jira_get_queue_issues`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// From `jira_get_service_desk_for_project`.
    service_desk_id: ServiceDeskId,
    /// From `jira_get_service_desk_queues`.
    queue_id: QueueId,
    #[serde(default)]
    #[schemars(range(min = 0))]
    start_at: u64,
    #[serde(default = "fifty")]
    #[schemars(range(min = 1))]
    limit: u64,
}

fn fifty() -> u64 {
    50
}

impl Tool for GetQueueIssues {
    const SPEC: Spec = Spec {
        name: "jira_get_queue_issues",
        product: Product::Jira,
        toolset: "jira_service_desk",
        core: false,
        description: "List the issues in a queue of a service desk.",
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
        let (queue, page) = futures::try_join!(
            jira.queue(permit, &args.service_desk_id, &args.queue_id),
            jira.queue_issues(permit, &args.service_desk_id, &args.queue_id, args.start_at, args.limit),
        )?;
        let mut envelope = desk::envelope(&page, &args.service_desk_id);
        envelope.insert("queue_id".into(), args.queue_id.as_str().into());
        let mut shown = desk::queue(&queue);
        if context.hides {
            // They count what the caller may not see as well.
            envelope.remove("size");
            desk::without_count(&mut shown);
        }
        envelope.insert("queue".into(), shown);
        let issues = desk::values(&page)?;
        let show = |issue: &Value| Item {
            resources: lookup::issue_place(issue).into_iter().collect(),
            value: readable(issue, jira.texts()),
        };
        let next = desk::next(&page, args.start_at, issues.len());
        Ok(Output::Items {
            items: issues.iter().map(show).collect(),
            envelope,
            field: Some("issues"),
            complete: next.is_none(),
            total: None,
            next,
            sought: false,
            window: None,
            left_out: 0,
        })
    }
}
