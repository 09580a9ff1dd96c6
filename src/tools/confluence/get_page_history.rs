//! A page as it was in a former version.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use crate::atlassian::confluence::ContentForm;
use crate::atlassian::confluence::Details;
use crate::atlassian::confluence::With;
use crate::audit::Permit;
use crate::ids::PageId;
use crate::lookup;
use crate::lookup::Target;
use crate::policy::Product;
use crate::policy::Read;
use crate::policy::ResourceKind;
use crate::tools::Context;
use crate::tools::Output;
use crate::tools::Spec;
use crate::tools::Tool;
use crate::tools::ToolError;

/// The tool `confluence_get_page_history`.
#[derive(Debug)]
pub(crate) struct GetPageHistory;

/// Arguments of `confluence_get_page_history`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    page_id: PageId,
    /// Number of the version, from 1 on.
    #[schemars(range(min = 1))]
    version: u64,
    /// Markdown; false for storage format.
    #[serde(default = "yes")]
    convert_to_markdown: bool,
}

fn yes() -> bool {
    true
}

/// A version that is not there.
pub(super) fn no_version(version: u64) -> ToolError {
    ToolError::Arguments(format!(
        "the page has no version {version} that you may see; confluence_get_page says which version it has now"
    ))
}

impl Tool for GetPageHistory {
    const SPEC: Spec = Spec {
        name: "confluence_get_page_history",
        product: Product::Confluence,
        toolset: "confluence_pages",
        core: true,
        description: "Read a former version of a Confluence page, with its author and date. To see what changed use confluence_get_page_diff.",
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
        let id = &args.page_id;
        let page = confluence.page_version(permit, id, args.version).await?;
        let mut page = page.ok_or_else(|| no_version(args.version))?;
        let content = if args.convert_to_markdown { ContentForm::Markdown } else { ContentForm::Storage };
        let view = confluence.around(permit, id, &mut page, (content, Details::All)).await;
        let mut shown = view.show(&page);
        // Confluence keeps no list of the files that a former version had.
        shown.insert("attachments_as_of".into(), "now".into());
        Ok(Output::Object { actual: lookup::page_place(&page), value: Value::Object(shown) })
    }
}
