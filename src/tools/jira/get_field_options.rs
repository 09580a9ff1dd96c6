//! What can be chosen in a field.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;

use super::choices;
use crate::atlassian::Deployment;
use crate::atlassian::jira::Jira;
use crate::audit::Permit;
use crate::ids::ProjectKey;
use crate::lookup::Target;
use crate::policy::Product;
use crate::policy::Read;
use crate::policy::ResourceKind;
use crate::policy::Sight;
use crate::tools::Context;
use crate::tools::Output;
use crate::tools::Spec;
use crate::tools::Tool;
use crate::tools::ToolError;

/// The tool `jira_get_field_options`.
#[derive(Debug)]
pub(crate) struct GetFieldOptions;

/// Arguments of `jira_get_field_options`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// Id of the field: `customfield_10030`, priority, components.
    field_id: String,
    /// Which context of the field, on Cloud; the first if left out.
    context_id: Option<String>,
    project_key: Option<ProjectKey>,
    /// Name of an issue type.
    issue_type: Option<String>,
    /// Part of a choice, in any case.
    contains: Option<String>,
    /// How many at most.
    #[schemars(range(min = 1))]
    return_limit: Option<usize>,
    /// Only the texts.
    #[serde(default)]
    values_only: bool,
}

/// On Data Center only the screen for a new issue says what can be chosen.
async fn of_type(jira: &Jira<'_>, permit: &Permit<Read>, args: &Args) -> Result<Vec<Value>, ToolError> {
    let wrong = |text: String| ToolError::Arguments(text);
    let (Some(project), Some(name)) = (&args.project_key, &args.issue_type) else {
        return Err(wrong("on Data Center `project_key` and `issue_type` are needed".to_owned()));
    };
    let types = jira.issue_types(permit, project).await?;
    let named = |kind: &&Value| {
        ["name", "id"].iter().any(|key| {
            kind.get(*key)
                .and_then(Value::as_str)
                .is_some_and(|found| found.eq_ignore_ascii_case(name.trim()))
        })
    };
    let Some(id) = types.iter().find(named).and_then(|kind| kind.get("id")?.as_str()) else {
        let names: Vec<&str> = types.iter().filter_map(|kind| kind.get("name")?.as_str()).collect();
        return Err(wrong(format!(
            "project {project} has no such `issue_type`; it has {}",
            names.join(", ")
        )));
    };
    let fields = jira.create_fields(permit, project, id).await?;
    let field = fields.iter().find(|field| {
        ["fieldId", "key"]
            .iter()
            .any(|key| field.get(*key).and_then(Value::as_str) == Some(args.field_id.trim()))
    });
    let field = field.ok_or_else(|| wrong("issues of that type have no such `field_id`".to_owned()))?;
    match choices::of(field, project) {
        Some(options) => Ok(options),
        None => Err(wrong("nothing is to be chosen in the field that `field_id` names".to_owned())),
    }
}

/// Fields of Jira's own with choices that every project has for itself.
const OF_PROJECTS: [&str; 3] = ["components", "versions", "fixVersions"];

async fn options(
    jira: &Jira<'_>,
    permit: &Permit<Read>,
    args: &Args,
    sight: &Sight<'_>,
) -> Result<Vec<Value>, ToolError> {
    let id = args.field_id.trim();
    let is_whole = args.project_key.is_some() && args.issue_type.is_some();
    // The screen of a type says most exactly what can be chosen there; not every field is on it.
    if jira.deployment() == Deployment::DataCenter && is_whole {
        let chosen = of_type(jira, permit, args).await;
        let others = if chosen.is_err() {
            jira.system_options(permit, id, args.project_key.as_ref()).await?
        } else {
            None
        };
        return others.map_or(chosen, Ok);
    }
    if let Some(found) = jira.system_options(permit, id, args.project_key.as_ref()).await? {
        return Ok(found);
    }
    if OF_PROJECTS.contains(&id) {
        let text = format!("every project has its own `{id}`: give `project_key`");
        return Err(ToolError::Arguments(text));
    }
    match jira.deployment() {
        Deployment::Cloud => Ok(jira.field_options(permit, id, args.context_id.as_deref(), sight).await?),
        Deployment::DataCenter => of_type(jira, permit, args).await,
    }
}

fn brief(option: &Value) -> Value {
    let kept = ["id", "value", "name", "disabled"].iter();
    let kept = kept.filter_map(|name| Some(((*name).to_owned(), option.get(*name)?.clone())));
    let mut kept: Map<String, Value> = kept.filter(|(_, value)| *value != Value::Bool(false)).collect();
    if let Some(Value::Array(children)) = option.get("children") {
        kept.insert("children".into(), children.iter().map(brief).collect());
    }
    Value::Object(kept)
}

impl Tool for GetFieldOptions {
    const SPEC: Spec = Spec {
        name: "jira_get_field_options",
        product: Product::Jira,
        toolset: "jira_fields",
        core: true,
        description: "List the choices of a Jira select field. On Data Center project_key and issue_type are needed, on Cloud they are not.",
        destructive: false,
        cloud_only: false,
        resources: &[ResourceKind::Project, ResourceKind::Instance(Product::Jira)],
        long_text: &[],
        aliases: &[],
    };
    type Effect = Read;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        match &args.project_key {
            Some(key) => vec![Target::Project(key.clone())],
            None => vec![Target::Instance(Product::Jira)],
        }
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Read>) -> Result<Output, ToolError> {
        let jira = context.jira()?;
        let options = options(&jira, permit, &args, &context.sight(Product::Jira)).await?;
        let wanted = args.contains.unwrap_or_default().to_lowercase();
        let text =
            |option: &Value| option.get("value").or_else(|| option.get("name")).cloned().unwrap_or_default();
        let fits =
            |option: &&Value| text(option).as_str().is_some_and(|text| text.to_lowercase().contains(&wanted));
        let found: Vec<&Value> = options.iter().filter(fits).collect();
        let limit = args.return_limit.unwrap_or(usize::MAX);
        let complete = found.len() <= limit;
        let next = (!complete).then(|| format!("call again with return_limit = {}", found.len()));
        let show = |option: &&Value| if args.values_only { text(option) } else { brief(option) };
        let items = found.iter().take(limit).map(show).collect();
        Ok(Output::List { items, complete, next })
    }
}
