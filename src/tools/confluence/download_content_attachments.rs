//! All files attached to a page.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::json;

use super::attached;
use super::attached::Attached;
use crate::atlassian::confluence::With;
use crate::audit::Permit;
use crate::ids::PageId;
use crate::lookup::Target;
use crate::policy::Product;
use crate::policy::Read;
use crate::policy::ResourceKind;
use crate::tools::Context;
use crate::tools::Output;
use crate::tools::Spec;
use crate::tools::Tool;
use crate::tools::ToolError;
use crate::tools::add;
use crate::tools::files;
use crate::tools::files::Fetched;

/// The tool `confluence_download_content_attachments`.
#[derive(Debug)]
pub(crate) struct DownloadContentAttachments;

/// Arguments of `confluence_download_content_attachments`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// Id of the page or blog post.
    content_id: PageId,
}

impl Tool for DownloadContentAttachments {
    const SPEC: Spec = Spec {
        name: "confluence_download_content_attachments",
        product: Product::Confluence,
        toolset: "confluence_attachments",
        core: false,
        description: "Get every file attached to a Confluence page as base64, 32 MB in all. To look at its images, use confluence_get_page_images.",
        destructive: false,
        cloud_only: false,
        resources: &[ResourceKind::Page],
        long_text: &[],
        aliases: &[],
    };
    type Effect = Read;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        vec![Target::Page(args.content_id.clone(), With::Place)]
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Read>) -> Result<Output, ToolError> {
        let confluence = context.confluence()?;
        let page = &args.content_id;
        let Attached { files: listed, complete } = attached::all(&confluence, permit, page).await?;
        let total = listed.len();
        let Fetched { files, failed } = attached::fetch(&confluence, permit, page, listed).await?;
        let mut summary = json!({
            "success": true, "content_id": page.as_str(), "total": total, "downloaded": files.len(),
            "failed": failed, "complete": complete && failed.is_empty(),
        });
        if total == 0 {
            add(&mut summary, "message", format!("No attachments found for content {page}"));
        }
        let blocks = files.into_iter().map(|(file, bytes)| files::resource(page.as_str(), &file, bytes));
        Ok(Output::Files { summary, blocks: blocks.collect() })
    }
}
