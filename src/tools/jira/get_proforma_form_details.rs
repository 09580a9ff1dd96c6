//! A form of an issue.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::json;

use super::forms;
use crate::audit::Permit;
use crate::ids::FormId;
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

/// The tool `jira_get_proforma_form_details`.
#[derive(Debug)]
pub(crate) struct GetProformaFormDetails;

/// Arguments of `jira_get_proforma_form_details`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    issue_key: IssueKey,
    /// From `jira_get_issue_proforma_forms`.
    form_id: FormId,
}

impl Tool for GetProformaFormDetails {
    const SPEC: Spec = Spec {
        name: "jira_get_proforma_form_details",
        product: Product::Jira,
        toolset: "jira_forms",
        core: false,
        description: "Show a form (ProForma) of a Jira issue: its questions with their ids, and the answers so far. Cloud only.",
        destructive: false,
        cloud_only: false,
        resources: &[ResourceKind::Issue],
        long_text: &[],
        aliases: &[],
    };
    type Effect = Read;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        vec![Target::Issue(args.issue_key.clone(), None)]
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Read>) -> Result<Output, ToolError> {
        let jira = context.jira()?;
        let way = forms::way(&jira)?;
        let key = context.found.present_key(args.issue_key);
        let form = jira.form(way, permit, &key, &args.form_id).await?;
        let value = json!({"success": true, "form": forms::shown(&form, &key)});
        Ok(Output::Object { actual: None, value })
    }
}
