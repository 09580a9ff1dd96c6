//! Which fields there are.

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

/// The tool `jira_search_fields`.
#[derive(Debug)]
pub(crate) struct SearchFields;

/// Arguments of `jira_search_fields`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// Part of a name or id; empty lists all.
    #[serde(default)]
    keyword: String,
    #[serde(default = "ten")]
    #[schemars(range(min = 1))]
    limit: usize,
    /// Ask Jira anew instead of using what was listed a few minutes ago.
    #[serde(default)]
    refresh: bool,
}

fn ten() -> usize {
    10
}

impl Tool for SearchFields {
    const SPEC: Spec = Spec {
        name: "jira_search_fields",
        product: Product::Jira,
        toolset: "jira_fields",
        core: true,
        description: "Find Jira fields by part of their name or id: their ids, types and the names that JQL knows them by.",
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
        let catalogue = jira.catalogue_anew(permit, args.refresh).await?;
        let mut found: Vec<Value> = catalogue.search(&args.keyword).into_iter().cloned().collect();
        if context.hides {
            found = jira.fields_shown(permit, &context.sight(Product::Jira), found).await?;
        }
        let complete = found.len() <= args.limit;
        let next = (!complete).then(|| format!("call again with limit = {}", found.len()));
        let items = found.into_iter().take(args.limit).collect();
        Ok(Output::List { items, complete, next })
    }
}
