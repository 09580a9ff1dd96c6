//! What issues of a project take.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;

use crate::audit::Permit;
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

/// The tool `jira_get_project_fields`.
#[derive(Debug)]
pub(crate) struct GetProjectFields;

/// Arguments of `jira_get_project_fields`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    project_key: ProjectKey,
}

/// Each field once, with the names of the types that have it.
fn merged(types: &[Value], found: &[Vec<Value>]) -> Vec<Value> {
    let mut fields: Vec<Value> = Vec::new();
    for (kind, listed) in types.iter().zip(found) {
        let name = kind.get("name").cloned().unwrap_or_default();
        for field in listed {
            let id = field.get("fieldId").or_else(|| field.get("key")).cloned().unwrap_or_default();
            let required = field.get("required").and_then(Value::as_bool).unwrap_or(false);
            if let Some(known) = fields.iter_mut().find(|known| known.get("field_id") == Some(&id)) {
                if let Some(Value::Array(names)) = known.get_mut("issue_types") {
                    names.push(name.clone());
                }
                if let (Some(known), true) = (known.get_mut("required"), required) {
                    *known = true.into();
                }
                continue;
            }
            fields.push(json!({
                "field_id": id,
                "name": field.get("name"),
                "required": required,
                "schema_type": field.pointer("/schema/type"),
                "custom": field.pointer("/schema/custom").is_some(),
                "issue_types": [name.clone()],
            }));
        }
    }
    fields
}

impl Tool for GetProjectFields {
    const SPEC: Spec = Spec {
        name: "jira_get_project_fields",
        product: Product::Jira,
        toolset: "jira_projects",
        core: false,
        description: "List the fields of a Jira project with the issue types that have each. For one type use jira_get_create_fields.",
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
        let types = jira.issue_types(permit, &args.project_key).await?;
        let ids = types.iter().filter_map(|kind| kind.get("id").and_then(Value::as_str));
        let asked = ids.map(|id| jira.create_fields(permit, &args.project_key, id));
        let found = futures::future::try_join_all(asked).await?;
        let items = merged(&types, &found);
        Ok(Output::List { items, complete: true, next: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_listed_once_with_all_its_types() {
        let types = [json!({"name": "Task"}), json!({"name": "Bug"})];
        let field = |required: bool| json!({"fieldId": "summary", "name": "Summary", "required": required, "schema": {"type": "string"}});
        let fields = merged(&types, &[vec![field(false)], vec![field(true)]]);
        assert_eq!(fields.len(), 1);
        assert_eq!(fields[0]["issue_types"], json!(["Task", "Bug"]));
        assert_eq!(fields[0]["required"], true);
    }
}
