//! Who somebody is.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::json;

use crate::atlassian::jira::shown_person;
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

/// The tool `jira_get_user_profile`.
#[derive(Debug)]
pub(crate) struct GetUserProfile;

/// Arguments of `jira_get_user_profile`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    user_identifier: String,
}

impl Tool for GetUserProfile {
    const SPEC: Spec = Spec {
        name: "jira_get_user_profile",
        product: Product::Jira,
        toolset: "jira_users",
        core: false,
        description: "Find one person in Jira by account id, user name, e-mail or full name. For whom to assign use jira_search_assignable_users.",
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

    fn check(args: &Args) -> Result<(), ToolError> {
        if args.user_identifier.trim().is_empty() {
            return Err(ToolError::Arguments("`user_identifier` is empty".to_owned()));
        }
        Ok(())
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Read>) -> Result<Output, ToolError> {
        let jira = context.jira()?;
        let user = jira.profile(permit, &args.user_identifier).await?;
        let value = json!({"success": true, "user": shown_person(&user)});
        Ok(Output::Object { actual: None, value })
    }
}
