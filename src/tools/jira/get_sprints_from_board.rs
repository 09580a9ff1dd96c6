//! The sprints of a board.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use super::given;
use crate::atlassian::jira::shown_sprint;
use crate::atlassian::query;
use crate::audit::Permit;
use crate::ids::BoardId;
use crate::lookup::Target;
use crate::policy::Part;
use crate::policy::Product;
use crate::policy::Read;
use crate::policy::ResourceKind;
use crate::tools::Context;
use crate::tools::Output;
use crate::tools::Spec;
use crate::tools::Tool;
use crate::tools::ToolError;
use crate::tools::Window;

/// The tool `jira_get_sprints_from_board`.
#[derive(Debug)]
pub(crate) struct GetSprintsFromBoard;

/// Arguments of `jira_get_sprints_from_board`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    board_id: BoardId,
    /// active, future or closed; several comma separated.
    state: Option<String>,
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

impl Tool for GetSprintsFromBoard {
    const SPEC: Spec = Spec {
        name: "jira_get_sprints_from_board",
        product: Product::Jira,
        toolset: "jira_agile",
        core: false,
        description: "List the sprints of a Jira board, all or by state (active, future, closed).",
        destructive: false,
        cloud_only: false,
        resources: &[ResourceKind::Project, ResourceKind::Instance(Product::Jira)],
        long_text: &[],
        aliases: &[],
    };
    type Effect = Read;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        vec![Target::Part(Part::Board(args.board_id.clone()))]
    }

    fn check(args: &Args) -> Result<(), ToolError> {
        query::listed(args.state.as_deref().unwrap_or_default())
            .iter()
            .try_for_each(|state| given::one_of("state", state, &["active", "future", "closed"]))
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Read>) -> Result<Output, ToolError> {
        let jira = context.jira()?;
        let states = query::listed(args.state.as_deref().unwrap_or_default()).join(",").to_lowercase();
        let state = Some(states.as_str()).filter(|states| !states.is_empty());
        if !context.hides {
            let page = jira.sprints(permit, &args.board_id, state, args.start_at, args.limit).await?;
            let (items, next) = (page.values.iter().map(shown_sprint).collect(), page.next(args.start_at));
            return Ok(Output::List { items, complete: next.is_none(), next });
        }
        // A board shows sprints of other boards as well, of which nothing was decided. They are taken out of all, as a page
        // of Jira's would tell where among the others they stand.
        let (sprints, is_whole) = jira.every_sprint(permit, &args.board_id, state).await?;
        let is_own = |sprint: &&Value| {
            let board = sprint.get("originBoardId").and_then(Value::as_u64);
            board.is_some_and(|board| board.to_string() == args.board_id.as_str())
        };
        let mut items: Vec<Value> = sprints.iter().filter(is_own).map(shown_sprint).collect();
        let has_others = items.len() < sprints.len();
        let beyond = Window::of(args.start_at, args.limit).cut(&mut items);
        let others = has_others
            .then(|| "sprints of other boards are left out: ask for them by their boards".to_owned());
        let rest = (!is_whole)
            .then(|| "there are more sprints than are read: ask for those of one `state`".to_owned());
        let said: Vec<String> = [beyond, rest, others].into_iter().flatten().collect();
        let next = (!said.is_empty()).then(|| said.join("; "));
        let complete = next.is_none();
        Ok(Output::List { items, complete, next })
    }
}
