//! The images attached to an issue.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::json;

use super::attached;
use crate::atlassian::Attachment;
use crate::audit::Permit;
use crate::ids::IssueKey;
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

/// The tool `jira_get_issue_images`.
#[derive(Debug)]
pub(crate) struct GetIssueImages;

/// Arguments of `jira_get_issue_images`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    issue_key: IssueKey,
}

impl Tool for GetIssueImages {
    const SPEC: Spec = Spec {
        name: "jira_get_issue_images",
        product: Product::Jira,
        toolset: "jira_attachments",
        core: false,
        description: "Look at the images attached to a Jira issue: PNG, JPEG, GIF and WebP, 32 MB in all. Other files: jira_download_attachments.",
        destructive: false,
        cloud_only: false,
        resources: &[ResourceKind::Issue],
        long_text: &[],
        aliases: &[],
    };
    type Effect = Read;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        vec![Target::Issue(args.issue_key.clone(), Some(attached::query()))]
    }

    async fn run(args: Args, mut context: Context<'_>, permit: &Permit<Read>) -> Result<Output, ToolError> {
        let jira = context.jira()?;
        let (key, issue) = attached::issue(&jira, permit, &mut context.found, args.issue_key).await?;
        let images: Vec<_> = Attachment::all_of(&issue)?.into_iter().filter(files::is_image).collect();
        let total = images.len();
        let fetched = attached::fetch(&jira, permit, &key, images).await?;
        let (blocks, failed) = files::images(fetched, "jira_download_attachments");
        let mut summary = json!({
            "success": true, "issue_key": key.as_str(), "total_images": total, "downloaded": blocks.len(),
            "failed": failed,
        });
        if total == 0 {
            add(&mut summary, "message", format!("Issue {key} has no images attached."));
        }
        Ok(Output::Files { summary, blocks })
    }
}
