//! The agile boards.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::atlassian::jira::BoardQuery;
use crate::audit::Permit;
use crate::ids::BoardId;
use crate::ids::ProjectKey;
use crate::lookup::Target;
use crate::policy::Part;
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

/// The tool `jira_get_agile_boards`.
#[derive(Debug)]
pub(crate) struct GetAgileBoards;

/// Arguments of `jira_get_agile_boards`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// Part of a name.
    board_name: Option<String>,
    project_key: Option<ProjectKey>,
    /// scrum or kanban.
    board_type: Option<String>,
    #[serde(default)]
    #[schemars(range(min = 0))]
    start_at: u64,
    #[serde(default = "ten")]
    #[schemars(range(min = 1, max = 50))]
    limit: u64,
}

fn ten() -> u64 {
    10
}

/// A board lies in its project; where Jira names none, in the project that was asked for, or in none.
fn item(board: &Value, asked: Option<&ProjectKey>) -> Item {
    let id = board.get("id").and_then(Value::as_u64).map(|id| id.to_string()).unwrap_or_default();
    let project = board.pointer("/location/projectKey").and_then(Value::as_str);
    let place = match project.map(ProjectKey::parse) {
        Some(Ok(key)) => Some(Resource::Project(key)),
        Some(Err(_)) => None,
        None => Some(asked.map_or(Resource::Instance(Product::Jira), |key| Resource::Project(key.clone()))),
    };
    let board_id = BoardId::parse(&id).ok();
    Item {
        resource: board_id.zip(place).map(|(id, place)| Resource::part(Part::Board(id), place)),
        value: json!({"id": id, "name": board.get("name"), "type": board.get("type")}),
    }
}

impl Tool for GetAgileBoards {
    const SPEC: Spec = Spec {
        name: "jira_get_agile_boards",
        product: Product::Jira,
        toolset: "jira_agile",
        core: false,
        description: "List Jira boards by name, project or type (scrum, kanban).",
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
        let wanted = BoardQuery {
            name: args.board_name,
            project: args.project_key,
            kind: args.board_type,
            start_at: args.start_at,
            limit: args.limit,
        };
        let page = jira.boards(permit, &wanted).await?;
        let items = page.values.iter().map(|board| item(board, wanted.project.as_ref())).collect();
        let next = page.next(args.start_at);
        let complete = next.is_none();
        Ok(Output::Items { items, envelope: Map::new(), field: None, complete, total: None, next })
    }
}
