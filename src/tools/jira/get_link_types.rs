//! How issues can be linked.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use crate::audit::Permit;
use crate::lookup::Target;
use crate::policy::Product;
use crate::policy::Read;
use crate::policy::ResourceKind;
use crate::tools::Context;
use crate::tools::Output;
use crate::tools::Spec;
use crate::tools::Tool;
use crate::tools::ToolError;

/// The tool `jira_get_link_types`.
#[derive(Debug)]
pub(crate) struct GetLinkTypes;

/// Arguments of `jira_get_link_types`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// Part of a name, in any case.
    name_filter: Option<String>,
}

impl Tool for GetLinkTypes {
    const SPEC: Spec = Spec {
        name: "jira_get_link_types",
        product: Product::Jira,
        toolset: "jira_links",
        core: false,
        description: "List the types of links between Jira issues, with the words for both directions.",
        destructive: false,
        cloud_only: false,
        resources: &[ResourceKind::Instance(Product::Jira)],
        long_text: &[],
        aliases: &[],
    };
    type Effect = Read;
    type Args = Args;

    fn targets(_args: &Args) -> Vec<Target> {
        vec![Target::Instance(Product::Jira)]
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Read>) -> Result<Output, ToolError> {
        let jira = context.jira()?;
        let wanted = args.name_filter.unwrap_or_default().to_lowercase();
        let fits = |kind: &&Value| {
            let texts = ["name", "inward", "outward"].iter().filter_map(|name| kind.get(*name)?.as_str());
            texts.into_iter().any(|text| text.to_lowercase().contains(&wanted))
        };
        let types = jira.link_types(permit).await?;
        let value = types.iter().filter(fits).cloned().collect();
        Ok(Output::Object { actual: None, value })
    }
}
