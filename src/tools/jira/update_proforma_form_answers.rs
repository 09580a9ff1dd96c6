//! Answer questions of a form.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::forms;
use crate::audit::Permit;
use crate::ids::FormId;
use crate::ids::IssueKey;
use crate::lookup::Target;
use crate::policy::Product;
use crate::policy::ResourceKind;
use crate::policy::Write;
use crate::tools::Context;
use crate::tools::Output;
use crate::tools::Spec;
use crate::tools::Tool;
use crate::tools::ToolError;

/// The tool `jira_update_proforma_form_answers`.
#[derive(Debug)]
pub(crate) struct UpdateProformaFormAnswers;

/// Arguments of `jira_update_proforma_form_answers`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    issue_key: IssueKey,
    /// From `jira_get_issue_proforma_forms`.
    form_id: FormId,
    /// Each `{"questionId": "1", "type": "TEXT", "value": "..."}`. Types: TEXT, NUMBER, DATE, DATETIME, TIME, SELECT,
    /// `MULTI_SELECT`, CHECKBOX, USER, `MULTI_USER`. Dates like 2024-12-17, choices by id.
    answers: Vec<Map<String, Value>>,
}

impl Tool for UpdateProformaFormAnswers {
    const SPEC: Spec = Spec {
        name: "jira_update_proforma_form_answers",
        product: Product::Jira,
        toolset: "jira_forms",
        core: false,
        description: "Answer questions of an open form (ProForma) of a Jira issue. Cloud only. Question ids and choices: jira_get_proforma_form_details.",
        destructive: true,
        cloud_only: false,
        resources: &[ResourceKind::Issue],
        long_text: &[],
        aliases: &[],
    };
    type Effect = Write;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        vec![Target::Issue(args.issue_key.clone(), None)]
    }

    fn check(args: &Args) -> Result<(), ToolError> {
        forms::answers(&args.answers).map(|_| ())
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Write>) -> Result<Output, ToolError> {
        let jira = context.jira()?;
        let way = forms::way(&jira)?;
        let key = context.found.present_key(args.issue_key);
        let answers = forms::answers(&args.answers)?;
        let count = answers.len();
        let stored = jira.answer_form(way, permit, &key, &args.form_id, answers).await?;
        let value = json!({
            "success": true, "message": format!("{count} answers of the form were stored."),
            "issue_key": key.as_str(), "form_id": args.form_id.as_str(), "updated_fields": count, "result": stored,
        });
        Ok(Output::Object { actual: None, value })
    }
}
