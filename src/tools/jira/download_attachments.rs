//! The files attached to an issue.

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
use crate::tools::files::Fetched;

/// The tool `jira_download_attachments`.
#[derive(Debug)]
pub(crate) struct DownloadAttachments;

/// Arguments of `jira_download_attachments`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    issue_key: IssueKey,
}

impl Tool for DownloadAttachments {
    const SPEC: Spec = Spec {
        name: "jira_download_attachments",
        product: Product::Jira,
        toolset: "jira_attachments",
        core: false,
        description: "Get every file attached to a Jira issue: texts and other files as base64, 32 MB in all. To see images use jira_get_issue_images.",
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
        let attachments = Attachment::all_of(&issue)?;
        let total = attachments.len();
        let Fetched { files, failed } = attached::fetch(&jira, permit, &key, attachments).await?;
        let mut summary = json!({
            "success": true, "issue_key": key.as_str(), "total": total, "downloaded": files.len(), "failed": failed,
        });
        if total == 0 {
            add(&mut summary, "message", format!("Issue {key} has no attachments."));
        }
        let blocks = files.into_iter().map(|(attachment, bytes)| attached::block(&key, &attachment, bytes));
        Ok(Output::Files { summary, blocks: blocks.collect() })
    }
}
