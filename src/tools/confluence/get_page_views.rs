//! How often a page was looked at.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::json;

use crate::atlassian::confluence::Feature;
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
use crate::tools::add;

/// The tool `confluence_get_page_views`.
#[derive(Debug)]
pub(crate) struct GetPageViews;

/// Arguments of `confluence_get_page_views`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    page_id: PageId,
    /// Return the page's title too.
    #[serde(default = "yes")]
    include_title: bool,
}

fn yes() -> bool {
    true
}

impl Tool for GetPageViews {
    const SPEC: Spec = Spec {
        name: "confluence_get_page_views",
        product: Product::Confluence,
        toolset: "confluence_analytics",
        core: false,
        description: "How often a Confluence page was viewed, in all. Cloud only.",
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
        if !confluence.has(Feature::Views) {
            let text = "Confluence Data Center has no interface for views; only Cloud counts them";
            return Err(ToolError::Arguments(text.to_owned()));
        }
        let title = async {
            if args.include_title {
                confluence.title(permit, &args.page_id).await.map(Some)
            } else {
                Ok(None)
            }
        };
        let (views, title) = futures::join!(confluence.views(permit, &args.page_id), title);
        let mut value = json!({"page_id": args.page_id.as_str(), "total_views": views?});
        if let Some(title) = title? {
            add(&mut value, "page_title", title);
        }
        Ok(Output::Object { actual: None, value })
    }
}
