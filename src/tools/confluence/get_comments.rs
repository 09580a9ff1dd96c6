//! The comments on a page.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

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

/// The tool `confluence_get_comments`.
#[derive(Debug)]
pub(crate) struct GetComments;

/// Arguments of `confluence_get_comments`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// Id of the page or blog post.
    page_id: PageId,
}

impl Tool for GetComments {
    const SPEC: Spec = Spec {
        name: "confluence_get_comments",
        product: Product::Confluence,
        toolset: "confluence_comments",
        core: true,
        description: "List every comment on a Confluence page as Markdown: those below it, those on its text, and all replies, each with author, dates and whether it is resolved.",
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
        let kinds = [Kind::Footer, Kind::Inline];
        let (items, next) = discussion::all(&confluence, permit, &args.page_id, &kinds).await?;
        Ok(Output::List { items, complete: next.is_none(), next })
    }
}
