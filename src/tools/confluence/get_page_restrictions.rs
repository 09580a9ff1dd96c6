//! Who may see and change a page.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

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

/// The tool `confluence_get_page_restrictions`.
#[derive(Debug)]
pub(crate) struct GetPageRestrictions;

/// Arguments of `confluence_get_page_restrictions`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    page_id: PageId,
}

impl Tool for GetPageRestrictions {
    const SPEC: Spec = Spec {
        name: "confluence_get_page_restrictions",
        product: Product::Confluence,
        toolset: "confluence_pages",
        core: true,
        description: "List the people and groups that alone may view (read) and edit (update) a Confluence page; empty lists restrict nobody. Not those of pages above it: use confluence_check_content_permissions.",
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
        let restrictions = context.confluence()?.restrictions(permit, &args.page_id).await?;
        Ok(Output::Object { actual: None, value: restrictions.shown() })
    }
}
