//! Projects by name.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;

use super::get_all_projects::item;
use crate::atlassian::Deployment;
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

/// As much of a project as Data Center says where it finds projects itself.
fn brief(project: &Value) -> Value {
    let part = |name: &str| Some((name.to_owned(), project.get(name)?.clone()));
    Value::Object(["id", "key", "name"].into_iter().filter_map(part).collect())
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
        let (projects, complete) = if context.hides {
            // Of the first that Jira finds, where they end would tell how many hidden ones are among them.
            jira.projects_like(permit, args.query.trim()).await?
        } else {
            jira.search_projects(permit, args.query.trim(), args.max_results).await?
        };
        let is_brief = context.hides && jira.deployment() == Deployment::DataCenter;
        let shown = |project: &Value| if is_brief { brief(project) } else { project.clone() };
        let left_out = query::listed(args.current_project_ids.as_deref().unwrap_or_default());
        let is_wanted = |project: &&Value| match project.get("id") {
            Some(Value::String(id)) => !left_out.contains(id),
            Some(Value::Number(id)) => !left_out.contains(&id.to_string()),
            _ => true,
        };
        let items = projects.iter().filter(is_wanted).map(|project| item(project, shown(project))).collect();
        let more = match args.max_results {
            ..MOST => format!("call again with max_results = {MOST}"),
            _ => "call again with a longer part of the name".to_owned(),
        };
        let next = (!complete).then(|| {
            if context.hides {
                "there are more projects than are looked through: name one by its key".to_owned()
            } else {
                more.clone()
            }
        });
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
