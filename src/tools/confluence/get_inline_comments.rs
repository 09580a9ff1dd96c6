//! The comments on pieces of a page's text.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::json;

use super::discussion;
use crate::atlassian::confluence::Kind;
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

/// The tool `confluence_get_inline_comments`.
#[derive(Debug)]
pub(crate) struct GetInlineComments;

/// Arguments of `confluence_get_inline_comments`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// Id of the page or blog post.
    page_id: PageId,
}

impl Tool for GetInlineComments {
    const SPEC: Spec = Spec {
        name: "confluence_get_inline_comments",
        product: Product::Confluence,
        toolset: "confluence_comments",
        core: true,
        description: "List the comments on pieces of a Confluence page's text, with the text each is on, replies, and whether it is resolved. For those below the page too, use confluence_get_comments.",
        destructive: false,
        cloud_only: false,
        resources: &[ResourceKind::Page],
        long_text: &[],
        aliases: &[],
    };
    type Effect = Read;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        vec![Target::Page(args.page_id.clone(), With::Place)]
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Read>) -> Result<Output, ToolError> {
        let confluence = context.confluence()?;
        let (comments, next) = discussion::all(&confluence, permit, &args.page_id, &[Kind::Inline]).await?;
        let mut value = json!({
            "success": true, "page_id": args.page_id.as_str(), "count": comments.len(), "comments": comments,
            "complete": next.is_none(),
        });
        if let Some(next) = next {
            add(&mut value, "next", next);
        }
        Ok(Output::Object { actual: None, value })
    }
}
