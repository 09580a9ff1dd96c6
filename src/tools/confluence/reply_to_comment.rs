//! Answer a comment.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use super::discussion;
use crate::audit::Permit;
use crate::ids::PageCommentId;
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

/// The tool `confluence_reply_to_comment`.
#[derive(Debug)]
pub(crate) struct ReplyToComment;

/// Arguments of `confluence_reply_to_comment`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// Id of the comment, from `confluence_get_comments`.
    comment_id: PageCommentId,
    /// The reply in Markdown.
    body: String,
}

impl Tool for ReplyToComment {
    const SPEC: Spec = Spec {
        name: "confluence_reply_to_comment",
        product: Product::Confluence,
        toolset: "confluence_comments",
        core: true,
        description: "Reply to a comment on a Confluence page, below the page or on its text.",
        destructive: false,
        cloud_only: false,
        resources: &[ResourceKind::Page, ResourceKind::Instance(Product::Confluence)],
        long_text: &["body"],
        aliases: &[],
    };
    type Effect = Write;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        vec![Target::Part(Part::Comment(args.comment_id.clone()))]
    }

    fn check(args: &Args) -> Result<(), ToolError> {
        discussion::body(&args.body).map(|_| ())
    }

    async fn run(args: Args, mut context: Context<'_>, permit: &Permit<Write>) -> Result<Output, ToolError> {
        let confluence = context.confluence()?;
        let body = discussion::body(&args.body)?;
        let id = &args.comment_id;
        let parent = match context.found.take_part(&Part::Comment(id.clone())) {
            Some(parent) => parent,
            None => confluence.comment(permit, id).await?,
        };
        let stored = confluence.reply(permit, id, &parent, &body.value).await?;
        let message = format!("The reply to comment {id} was added.");
        Ok(discussion::written(&confluence, permit, stored, (message, body.notes)).await)
    }
}
