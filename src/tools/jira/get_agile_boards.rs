//! The agile boards.

use futures::StreamExt;
use futures::TryStreamExt;
use futures::future::BoxFuture;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::given;
use crate::atlassian::jira::BoardQuery;
use crate::atlassian::jira::Jira;
use crate::audit::Permit;
use crate::ids::BoardId;
use crate::ids::ProjectKey;
use crate::lookup::Target;
use crate::net::UpstreamError;
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
use crate::tools::Window;

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

/// How many boards are asked for their projects at once.
const AT_ONCE: usize = 6;

/// A board as an item, decided on the projects it lies in.
fn item(board: &Value, places: Vec<Resource>) -> Item {
    let id = board_id(board);
    let shown = id.as_ref().map(BoardId::as_str);
    Item {
        value: json!({"id": shown, "name": board.get("name"), "type": board.get("type")}),
        resources: id
            .map(|id| {
                places.into_iter().map(|place| Resource::part(Part::Board(id.clone()), place)).collect()
            })
            .unwrap_or_default(),
    }
}

fn board_id(board: &Value) -> Option<BoardId> {
    let id = board.get("id").and_then(Value::as_u64)?;
    BoardId::parse(&id.to_string()).ok()
}

/// The projects of a board: the one it stands in; else, where something may be hidden, those it shows.
async fn places(
    jira: &Jira<'_>,
    permit: &Permit<Read>,
    board: &Value,
    hides: bool,
) -> Result<Vec<Resource>, UpstreamError> {
    if let Some(key) = board.pointer("/location/projectKey").and_then(Value::as_str) {
        return Ok(ProjectKey::parse(key).map(Resource::Project).into_iter().collect());
    }
    let whole = || vec![Resource::Instance(Product::Jira)];
    let Some(id) = board_id(board).filter(|_| hides) else {
        return Ok(whole());
    };
    // A list that is cut would leave projects out of the decision: such a board is not shown.
    let Some(keys) = jira.projects_of_board(permit, &id).await? else { return Ok(Vec::new()) };
    if keys.is_empty() {
        return Ok(whole());
    }
    Ok(keys.into_iter().map(Resource::Project).collect())
}

/// The boards as items, in their order.
async fn items(
    jira: &Jira<'_>,
    permit: &Permit<Read>,
    boards: &[Value],
    hides: bool,
) -> Result<Vec<Item>, UpstreamError> {
    let mut asked: Vec<BoxFuture<'_, Result<Vec<Resource>, UpstreamError>>> = Vec::new();
    for board in boards {
        asked.push(Box::pin(places(jira, permit, board, hides)));
    }
    let found: Vec<Vec<Resource>> = futures::stream::iter(asked).buffered(AT_ONCE).try_collect().await?;
    Ok(boards.iter().zip(found).map(|(board, places)| item(board, places)).collect())
}

/// Which of the boards are shown.
struct Shown {
    /// Whether a name or a kind was asked for. How many are withheld would tell those of hidden ones.
    sought: bool,
    /// The part of those that may be seen.
    window: Option<Window>,
}

fn listed(items: Vec<Item>, next: Option<String>, shown: Shown) -> Output {
    let Shown { sought, window } = shown;
    let complete = next.is_none();
    let (envelope, field, total, left_out) = (Map::new(), None, None, 0);
    Output::Items { items, envelope, field, complete, total, next, sought, window, left_out }
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

    fn check(args: &Args) -> Result<(), ToolError> {
        // Cloud has a third kind: the board of a team-managed project.
        let known = ["scrum", "kanban", "simple"];
        args.board_type.as_deref().map_or(Ok(()), |kind| given::one_of("board_type", kind, &known))
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Read>) -> Result<Output, ToolError> {
        let jira = context.jira()?;
        let wanted = BoardQuery {
            name: args.board_name,
            project: args.project_key,
            kind: args.board_type.map(|kind| kind.trim().to_lowercase()),
            start_at: args.start_at,
            limit: args.limit,
        };
        if !context.hides {
            let page = jira.boards(permit, &wanted).await?;
            let items = items(&jira, permit, &page.values, false).await?;
            return Ok(listed(items, page.next(args.start_at), Shown { sought: false, window: None }));
        }
        // All of them, whichever are asked for: where reading ended would tell how many hidden ones there are on the way.
        let (boards, is_whole) = jira.every_board(permit, &wanted).await?;
        let items = items(&jira, permit, &boards, true).await?;
        let next = (!is_whole).then(|| "call again with (a longer) part of the name".to_owned());
        let sought = wanted.name.is_some() || wanted.kind.is_some();
        Ok(listed(items, next, Shown { sought, window: Some(Window::of(args.start_at, args.limit)) }))
    }
}
