//! The forms of an issue.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::json;

use super::forms;
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

/// The tool `jira_get_issue_proforma_forms`.
#[derive(Debug)]
pub(crate) struct GetIssueProformaForms;

/// Arguments of `jira_get_issue_proforma_forms`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    issue_key: IssueKey,
}

impl Tool for GetIssueProformaForms {
    const SPEC: Spec = Spec {
        name: "jira_get_issue_proforma_forms",
        product: Product::Jira,
        toolset: "jira_forms",
        core: false,
        description: "List the forms (ProForma) attached to a Jira issue: id, name and state of each. Cloud only. Questions and answers: jira_get_proforma_form_details.",
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
        let listed = jira.forms_of(way, permit, &key).await?;
        let shown: Vec<_> = listed.iter().map(|form| forms::shown(form, &key)).collect();
        let value = json!({"success": true, "count": shown.len(), "forms": shown});
        Ok(Output::Object { actual: None, value })
    }
}
