//! What a new issue takes.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

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

/// A field in brief. Of other projects, of issues and of people nothing is listed: policies may hide some of them.
fn brief(field: &Value, project: &ProjectKey) -> Value {
    let named = [
        ("fieldId", "field_id"),
        ("name", "name"),
        ("required", "required"),
        ("schema", "schema"),
        ("hasDefaultValue", "has_default_value"),
        ("allowedValues", "allowed_values"),
    ];
    let kinds = ["/schema/type", "/schema/items"].map(|part| field.pointer(part).and_then(Value::as_str));
    let is_open = !kinds.iter().flatten().any(|kind| NOT_LISTED.contains(kind));
    let is_itself = |value: &Value| value.get("key").and_then(Value::as_str) == Some(project.as_str());
    let part = |(name, key): &(&str, &str)| {
        let value = field.get(*name)?;
        let value = match value {
            Value::Array(values) if *name == "allowedValues" && !is_open => {
                Value::Array(values.iter().filter(|value| is_itself(value)).cloned().collect())
            }
            value => value.clone(),
        };
        let is_empty = *name == "allowedValues" && !is_open && value.as_array().is_some_and(Vec::is_empty);
        if is_empty { None } else { Some(((*key).to_owned(), shown(name, &value)?)) }
    };
    Value::Object(named.iter().filter_map(part).collect())
}

/// Kinds of values that are objects with a place of their own, or people.
const NOT_LISTED: [&str; 5] = ["project", "issuelink", "issuelinks", "user", "group"];

/// What may be chosen, by id and name; a default that is none says nothing.
fn shown(name: &str, value: &Value) -> Option<Value> {
    match (name, value) {
        ("hasDefaultValue", Value::Bool(false)) => None,
        ("allowedValues", Value::Array(values)) => Some(values.iter().map(choice).collect()),
        (_, value) => Some(value.clone()),
    }
}

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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn choices_are_listed_but_not_other_projects() {
        let project = ProjectKey::parse("OPS").unwrap();
        let field = |kind: &str, allowed: Value| {
            let field = json!({"fieldId": "f", "schema": {"type": kind}, "allowedValues": allowed});
            brief(&field, &project).get("allowed_values").cloned()
        };
        let projects = json!([{"id": "1", "key": "OPS"}, {"id": "2", "key": "SECRET"}]);
        assert_eq!(field("project", projects), Some(json!([{"id": "1", "key": "OPS"}])));
        assert_eq!(field("project", json!([{"id": "2", "key": "SECRET"}])), None);
        assert_eq!(
            field("priority", json!([{"id": "1", "name": "High"}])),
            Some(json!([{"id": "1", "name": "High"}]))
        );
        assert_eq!(field("priority", json!([])), Some(json!([])));
    }
}
