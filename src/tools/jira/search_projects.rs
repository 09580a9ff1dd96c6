//! Projects by name.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;

use super::get_all_projects::item;
use crate::atlassian::query;
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
use crate::tools::Window;

/// The tool `jira_search_projects`.
#[derive(Debug)]
pub(crate) struct SearchProjects;

/// Arguments of `jira_search_projects`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    query: String,
    #[serde(default = "twenty")]
    #[schemars(range(min = 1, max = 50))]
    max_results: u64,
    /// Ids to leave out, comma separated.
    current_project_ids: Option<String>,
}

/// How many projects may be asked for.
const MOST: u64 = 50;

fn twenty() -> u64 {
    20
}

impl Tool for SearchProjects {
    const SPEC: Spec = Spec {
        name: "jira_search_projects",
        product: Product::Jira,
        toolset: "jira_projects",
        core: false,
        description: "Find Jira projects by part of their name or key.",
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
        // Where policies hide projects, those are taken out before it is said whether there are more.
        let asked = if context.hides { MOST } else { args.max_results };
        let (projects, complete) = jira.search_projects(permit, args.query.trim(), asked).await?;
        let left_out = query::listed(args.current_project_ids.as_deref().unwrap_or_default());
        let is_wanted = |project: &&Value| match project.get("id") {
            Some(Value::String(id)) => !left_out.contains(id),
            Some(Value::Number(id)) => !left_out.contains(&id.to_string()),
            _ => true,
        };
        let items = projects.iter().filter(is_wanted).map(|project| item(project, project.clone())).collect();
        let more = match args.max_results {
            ..MOST => format!("call again with max_results = {MOST}"),
            _ => "call again with a longer part of the name".to_owned(),
        };
        let next = (!complete).then(|| more.clone());
        let most = usize::try_from(args.max_results).unwrap_or(usize::MAX);
        Ok(Output::Items {
            items,
            envelope: Map::new(),
            field: None,
            complete,
            total: None,
            next,
            sought: true,
            window: context.hides.then_some(Window { start: 0, most, next: more }),
            left_out: 0,
        })
    }
}
