//! Whom a space gives what.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::json;

use crate::audit::Permit;
use crate::ids::SpaceName;
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

/// The tool `confluence_get_space_permissions`.
#[derive(Debug)]
pub(crate) struct GetSpacePermissions;

/// Arguments of `confluence_get_space_permissions`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// Key of the space, on Cloud also its numeric id.
    space_id: SpaceName,
    /// How many at most; Cloud gives up to 250 at once.
    #[serde(default = "twenty_five")]
    #[schemars(range(min = 1))]
    limit: u64,
    /// Where to go on: `cursor` of the result before.
    cursor: Option<String>,
}

fn twenty_five() -> u64 {
    25
}

impl Tool for GetSpacePermissions {
    const SPEC: Spec = Spec {
        name: "confluence_get_space_permissions",
        product: Product::Confluence,
        toolset: "confluence_permissions",
        core: false,
        description: "List what people and groups may do in a Confluence space. For one page use confluence_check_content_permissions.",
        destructive: false,
        cloud_only: false,
        resources: &[ResourceKind::Space],
        long_text: &[],
        aliases: &[],
    };
    type Effect = Read;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        vec![Target::SpaceNamed(args.space_id.clone())]
    }

    async fn run(args: Args, mut context: Context<'_>, permit: &Permit<Read>) -> Result<Output, ToolError> {
        let confluence = context.confluence()?;
        let space = (&args.space_id, context.found.take_space());
        let found = confluence.space_permissions(permit, space, args.limit, args.cursor.as_deref()).await?;
        let mut value = json!({"results": found.items, "complete": found.complete});
        if let Some(cursor) = found.cursor {
            add(&mut value, "cursor", cursor);
        }
        let mut links = json!({"base": confluence.base()});
        if let Some(next) = found.next {
            add(&mut links, "next", next);
        }
        add(&mut value, "_links", links);
        Ok(Output::Object { actual: None, value })
    }
}
