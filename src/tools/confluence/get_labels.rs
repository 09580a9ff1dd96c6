//! The labels of a page.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::atlassian::confluence::With;
use crate::atlassian::confluence::shown_label;
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

/// The tool `confluence_get_labels`.
#[derive(Debug)]
pub(crate) struct GetLabels;

/// Arguments of `confluence_get_labels`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    page_id: PageId,
}

impl Tool for GetLabels {
    const SPEC: Spec = Spec {
        name: "confluence_get_labels",
        product: Product::Confluence,
        toolset: "confluence_labels",
        core: false,
        description: "List the labels of a Confluence page or blog post.",
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
        let labels = context.confluence()?.labels(permit, &args.page_id).await?;
        let items = labels.items.iter().map(shown_label).collect();
        Ok(Output::List { items, complete: labels.complete, next: None })
    }
}
