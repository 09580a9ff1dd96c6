//! Comment on a page.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use super::discussion;
use crate::atlassian::confluence::NewComment;
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

/// The tool `confluence_add_comment`.
#[derive(Debug)]
pub(crate) struct AddComment;

/// Arguments of `confluence_add_comment`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// Id of the page or blog post.
    page_id: PageId,
    /// The comment in Markdown.
    body: String,
}

impl Tool for AddComment {
    const SPEC: Spec = Spec {
        name: "confluence_add_comment",
        product: Product::Confluence,
        toolset: "confluence_comments",
        core: true,
        description: "Add a comment below a Confluence page. To answer one, use confluence_reply_to_comment; to comment on a piece of the text, confluence_add_inline_comment.",
        destructive: false,
        cloud_only: false,
        resources: &[ResourceKind::Page],
        long_text: &["body"],
        aliases: &[],
    };
    type Effect = Write;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        vec![Target::Page(args.page_id.clone(), With::Body)]
    }

    fn check(args: &Args) -> Result<(), ToolError> {
        discussion::body(&args.body).map(|_| ())
    }

    async fn run(args: Args, mut context: Context<'_>, permit: &Permit<Write>) -> Result<Output, ToolError> {
        let confluence = context.confluence()?;
        let body = discussion::body(&args.body)?;
        let page = context.found.take_page(&args.page_id);
        let on = page.as_ref().and_then(|page| page.get("type")).and_then(Value::as_str);
        let comment = NewComment { on, body: &body.value, selection: None };
        let stored = confluence.add_comment(permit, &args.page_id, &comment).await?;
        let message = format!("The comment was added to page {}.", args.page_id);
        Ok(discussion::written(&confluence, permit, stored, (message, body.notes)).await)
    }
}
