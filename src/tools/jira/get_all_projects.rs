//! The projects of the site.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;

use crate::atlassian::jira::shown_project;
use crate::audit::Permit;
use crate::ids::ProjectKey;
use crate::lookup::Target;
use crate::policy::Product;
use crate::policy::Read;
use crate::policy::Resource;
use crate::policy::ResourceKind;
use crate::tools::Context;
use crate::tools::Item;
use crate::tools::Output;
use crate::tools::Spec;
use crate::tools::Tool;
use crate::tools::ToolError;

/// The tool `jira_get_all_projects`.
#[derive(Debug)]
pub(crate) struct GetAllProjects;

/// Arguments of `jira_get_all_projects`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// Also those that are archived, on Data Center.
    #[serde(default)]
    include_archived: bool,
}

/// A project as an item: it is shown to who may view it.
pub(super) fn item(project: &Value, value: Value) -> Item {
    let key = project.get("key").and_then(Value::as_str).and_then(|key| ProjectKey::parse(key).ok());
    Item { resources: key.map(Resource::Project).into_iter().collect(), value }
}

impl Tool for GetAllProjects {
    const SPEC: Spec = Spec {
        name: "jira_get_all_projects",
        product: Product::Jira,
        toolset: "jira_projects",
        core: false,
        description: "List the Jira projects you may see: keys, names, leads. To look for one by name use jira_search_projects.",
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
        let (projects, complete) = jira.projects(permit, args.include_archived).await?;
        let items = projects.iter().map(|project| item(project, shown_project(project))).collect();
        let next = (!complete).then(|| "call jira_search_projects with part of a name".to_owned());
        Ok(Output::Items {
            items,
            envelope: Map::new(),
            field: None,
            complete,
            total: None,
            next,
            sought: false,
            window: None,
            left_out: 0,
        })
    }
}
