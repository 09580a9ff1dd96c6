//! The images attached to a page.

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

/// The tool `confluence_get_page_images`.
#[derive(Debug)]
pub(crate) struct GetPageImages;

/// Arguments of `confluence_get_page_images`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// Id of the page or blog post.
    content_id: PageId,
}

impl Tool for GetPageImages {
    const SPEC: Spec = Spec {
        name: "confluence_get_page_images",
        product: Product::Confluence,
        toolset: "confluence_attachments",
        core: false,
        description: "Look at the images attached to a Confluence page: PNG, JPEG, GIF and WebP, 32 MB in all. Other files come from confluence_download_content_attachments.",
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
        let listed: Vec<_> = listed.into_iter().filter(files::is_image).collect();
        let total = listed.len();
        let fetched = attached::fetch(&confluence, permit, page, listed).await?;
        let (blocks, failed) = files::images(fetched, "confluence_download_attachment");
        let mut summary = json!({
            "success": true, "content_id": page.as_str(), "total_images": total, "downloaded": blocks.len(),
            "failed": failed, "complete": complete && failed.is_empty(),
        });
        if total == 0 {
            add(&mut summary, "message", "No image attachments found");
        }
        Ok(Output::Files { summary, blocks })
    }
}
