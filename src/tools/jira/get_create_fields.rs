//! What a new issue takes.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use super::choices;
use crate::audit::Permit;
use crate::ids::IssueTypeId;
use crate::ids::ProjectKey;
use crate::lookup::Target;
use crate::policy::Product;
use crate::policy::Read;
use crate::policy::ResourceKind;
use crate::tools::Context;
use crate::tools::Output;
use crate::tools::Spec;
use crate::tools::Tool;
use crate::tools::ToolError;

/// The tool `jira_get_create_fields`.
#[derive(Debug)]
pub(crate) struct GetCreateFields;

/// Arguments of `jira_get_create_fields`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    project_key: ProjectKey,
    /// Id of the type, from `jira_get_project_issue_types`.
    issue_type_id: IssueTypeId,
}

/// A field in brief.
fn brief(field: &Value, project: &ProjectKey) -> Value {
    let named = [
        ("fieldId", "field_id"),
        ("name", "name"),
        ("required", "required"),
        ("schema", "schema"),
        ("hasDefaultValue", "has_default_value"),
    ];
    let kept =
        named.iter().filter_map(|(name, key)| Some(((*key).to_owned(), shown(name, field.get(*name)?)?)));
    let choices = choices::of(field, project).map(|choices| choices.iter().map(choice).collect());
    Value::Object(kept.chain(choices.map(|choices| ("allowed_values".to_owned(), choices))).collect())
}

/// A default that is none says nothing.
fn shown(name: &str, value: &Value) -> Option<Value> {
    match (name, value) {
        ("hasDefaultValue", Value::Bool(false)) => None,
        (_, value) => Some(value.clone()),
    }
}

/// What may be chosen, by id and name.
fn choice(value: &Value) -> Value {
    let kept = ["id", "name", "value", "key"].iter();
    let kept = kept.filter_map(|name| Some(((*name).to_owned(), value.get(*name)?.clone())));
    Value::Object(kept.collect())
}

impl Tool for GetCreateFields {
    const SPEC: Spec = Spec {
        name: "jira_get_create_fields",
        product: Product::Jira,
        toolset: "jira_projects",
        core: false,
        description: "List the fields that an issue of one type in a Jira project can be created with, and which are required.",
        destructive: false,
        cloud_only: false,
        resources: &[ResourceKind::Project],
        long_text: &[],
        aliases: &[],
    };
    type Effect = Read;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        vec![Target::Project(args.project_key.clone())]
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Read>) -> Result<Output, ToolError> {
        let jira = context.jira()?;
        let fields = jira.create_fields(permit, &args.project_key, args.issue_type_id.as_str()).await?;
        let items = fields.iter().map(|field| brief(field, &args.project_key)).collect();
        Ok(Output::List { items, complete: true, next: None })
    }
}
