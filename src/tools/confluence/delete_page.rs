//! Move a page to the trash.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::json;

use super::present;
use super::present::Current;
use crate::atlassian::Deployment;
use crate::atlassian::confluence::With;
use crate::audit::Permit;
use crate::ids::PageId;
use crate::lookup::Target;
use crate::policy::Product;
use crate::policy::ResourceKind;
use crate::policy::Write;
use crate::tools::Context;
use crate::tools::Output;
use crate::tools::Spec;
use crate::tools::Tool;
use crate::tools::ToolError;

/// The tool `confluence_delete_page`.
#[derive(Debug)]
pub(crate) struct DeletePage;

/// Arguments of `confluence_delete_page`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    page_id: PageId,
}

impl Tool for DeletePage {
    const SPEC: Spec = Spec {
        name: "confluence_delete_page",
        product: Product::Confluence,
        toolset: "confluence_pages",
        core: true,
        description: "Move a Confluence page or blog post to the trash of its space.",
        destructive: true,
        cloud_only: false,
        resources: &[ResourceKind::Page],
        long_text: &[],
        aliases: &[],
    };
    type Effect = Write;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        vec![Target::Page(args.page_id.clone(), With::Body)]
    }

    async fn run(args: Args, mut context: Context<'_>, permit: &Permit<Write>) -> Result<Output, ToolError> {
        let confluence = context.confluence()?;
        // Data Center deletes a comment or a file by its number as well: this must be a page.
        if confluence.deployment() == Deployment::DataCenter {
            Current::read(&mut context, permit, &args.page_id).await?;
        } else if let Some(page) = context.found.take_page(&args.page_id) {
            present::not_draft(&args.page_id, &page)?;
        }
        confluence.delete_page(permit, &args.page_id).await?;
        let message = format!("Page {} was moved to the trash.", args.page_id);
        Ok(Output::Object { actual: None, value: json!({"success": true, "message": message}) })
    }
}
