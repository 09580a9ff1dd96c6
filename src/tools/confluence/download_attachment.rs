//! One file attached to a page.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use super::attached;
use crate::atlassian::Attachment;
use crate::audit::Permit;
use crate::ids::AttachmentId;
use crate::ids::PageId;
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
use crate::tools::files;
use crate::tools::files::Fetched;

/// The tool `confluence_download_attachment`.
#[derive(Debug)]
pub(crate) struct DownloadAttachment;

/// Arguments of `confluence_download_attachment`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// Id of the file, such as `att70001`, from `confluence_get_attachments`.
    attachment_id: AttachmentId,
}

impl Tool for DownloadAttachment {
    const SPEC: Spec = Spec {
        name: "confluence_download_attachment",
        product: Product::Confluence,
        toolset: "confluence_attachments",
        core: false,
        description: "Get one file attached to a Confluence page, up to 32 MB, as base64. For all files of a page use confluence_download_content_attachments; to look at its images, confluence_get_page_images.",
        destructive: false,
        cloud_only: false,
        resources: &[ResourceKind::Page, ResourceKind::Instance(Product::Confluence)],
        long_text: &[],
        aliases: &[],
    };
    type Effect = Read;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        vec![Target::Part(Part::Attachment(args.attachment_id.clone()))]
    }

    async fn run(args: Args, mut context: Context<'_>, permit: &Permit<Read>) -> Result<Output, ToolError> {
        let confluence = context.confluence()?;
        let id = &args.attachment_id;
        let file = match context.found.take_part(&Part::Attachment(id.clone())) {
            Some(file) => file,
            None => confluence.attachment(permit, id).await?,
        };
        let file = confluence.as_listed(file);
        let attachment = Attachment::of_content(&file)?;
        let page = page_of(&file).ok_or(ToolError::Absent)?;
        let Fetched { files, .. } = attached::fetch(&confluence, permit, &page, vec![attachment]).await?;
        let blocks = files.into_iter().map(|(file, bytes)| files::resource(id.as_str(), &file, bytes));
        Ok(Output::Files { summary: Value::Null, blocks: blocks.collect() })
    }
}

/// What the file is attached to.
fn page_of(file: &Value) -> Option<PageId> {
    let id = file.pointer("/container/id")?;
    PageId::parse(id.as_str().map_or_else(|| id.to_string(), str::to_owned).as_str()).ok()
}
