//! Take a link between two issues away.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::json;

use crate::audit::Permit;
use crate::ids::LinkId;
use crate::lookup::Target;
use crate::policy::Part;
use crate::policy::Product;
use crate::policy::ResourceKind;
use crate::policy::Write;
use crate::tools::Context;
use crate::tools::Output;
use crate::tools::Spec;
use crate::tools::Tool;
use crate::tools::ToolError;

/// The tool `jira_remove_issue_link`.
#[derive(Debug)]
pub(crate) struct RemoveIssueLink;

/// Arguments of `jira_remove_issue_link`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    link_id: LinkId,
}

impl Tool for RemoveIssueLink {
    const SPEC: Spec = Spec {
        name: "jira_remove_issue_link",
        product: Product::Jira,
        toolset: "jira_links",
        core: false,
        description: "Remove a link between two Jira issues by its id, which jira_get_issue gives with the field issuelinks.",
        destructive: true,
        cloud_only: false,
        resources: &[ResourceKind::Issue, ResourceKind::Instance(Product::Jira)],
        long_text: &[],
        aliases: &[],
    };
    type Effect = Write;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        vec![Target::Part(Part::Link(args.link_id.clone()))]
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Write>) -> Result<Output, ToolError> {
        let jira = context.jira()?;
        jira.unlink(permit, &args.link_id).await?;
        let value = json!({
            "success": true,
            "message": format!("Link {} was removed.", args.link_id),
            "link_id": args.link_id.as_str(),
        });
        Ok(Output::Object { actual: None, value })
    }
}
