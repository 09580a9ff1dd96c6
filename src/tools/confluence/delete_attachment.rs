//! Delete a file attached to a page.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::json;

use crate::atlassian::Deployment;
use crate::audit::Permit;
use crate::ids::AttachmentId;
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

/// The tool `confluence_delete_attachment`.
#[derive(Debug)]
pub(crate) struct DeleteAttachment;

/// Arguments of `confluence_delete_attachment`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// Id of the file, such as `att70001`, from `confluence_get_attachments`.
    attachment_id: AttachmentId,
}

impl Tool for DeleteAttachment {
    const SPEC: Spec = Spec {
        name: "confluence_delete_attachment",
        product: Product::Confluence,
        toolset: "confluence_attachments",
        core: false,
        description: "Delete a file from a Confluence page, with all its versions; it goes to the trash of the space.",
        destructive: true,
        cloud_only: false,
        resources: &[ResourceKind::Page, ResourceKind::Instance(Product::Confluence)],
        long_text: &[],
        aliases: &[],
    };
    type Effect = Write;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        vec![Target::Part(Part::Attachment(args.attachment_id.clone()))]
    }

    async fn run(args: Args, mut context: Context<'_>, permit: &Permit<Write>) -> Result<Output, ToolError> {
        let confluence = context.confluence()?;
        let id = &args.attachment_id;
        // Data Center deletes a page or a comment by its number as well: this must be a file.
        let found = context.found.take_part(&Part::Attachment(id.clone()));
        if confluence.deployment() == Deployment::DataCenter && found.is_none() {
            confluence.attachment(permit, id).await?;
        }
        confluence.delete_attachment(permit, id).await?;
        let message = format!("Attachment {id} was deleted.");
        Ok(Output::Object { actual: None, value: json!({"message": message, "attachment_id": id.as_str()}) })
    }
}
