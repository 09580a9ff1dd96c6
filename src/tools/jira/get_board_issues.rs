//! The issues of a board.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use super::listed;
use super::wanted::Wanted;
use crate::atlassian::Position;
use crate::atlassian::jira::Fields;
use crate::atlassian::jira::Place;
use crate::atlassian::jira::SearchQuery;
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

/// The tool `jira_get_board_issues`.
#[derive(Debug)]
pub(crate) struct GetBoardIssues;

/// Arguments of `jira_get_board_issues`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    board_id: BoardId,
    /// What to look for within the board; may be empty.
    jql: String,
    /// Fields by id or name, comma separated.
    #[serde(default = "Fields::default_text")]
    fields: String,
    #[serde(default)]
    #[schemars(range(min = 0))]
    start_at: u64,
    #[serde(default = "ten")]
    #[schemars(range(min = 1, max = 50))]
    limit: u64,
    /// Jira's expand values, comma separated.
    #[serde(default = "version")]
    expand: String,
}

fn ten() -> u64 {
    10
}

fn version() -> String {
    "version".to_owned()
}

impl Args {
    fn query(&self, fields: &Fields) -> Result<SearchQuery, ToolError> {
        query::split(&self.jql).map_err(|error| ToolError::Arguments(format!("`jql`: {error}")))?;
        Ok(SearchQuery {
            jql: self.jql.clone(),
            fields: fields.clone().with("project"),
            expand: query::listed(&self.expand),
            limit: self.limit,
            start_at: self.start_at,
            from: Position::default(),
        })
    }
}

impl Tool for GetBoardIssues {
    const SPEC: Spec = Spec {
        name: "jira_get_board_issues",
        product: Product::Jira,
        toolset: "jira_agile",
        core: false,
        description: "List the issues of a Jira board that fit a JQL condition. For issues of no board use jira_search.",
        destructive: false,
        cloud_only: false,
        resources: &[ResourceKind::Project, ResourceKind::Instance(Product::Jira)],
        long_text: &["jql"],
        aliases: &[],
    };
    type Effect = Read;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        vec![Target::Part(Part::Board(args.board_id.clone()))]
    }

    fn check(args: &Args) -> Result<(), ToolError> {
        args.query(&Fields::default()).map(|_| ())
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Read>) -> Result<Output, ToolError> {
        let jira = context.jira()?;
        let wanted =
            Wanted::find(&jira, permit, (Fields::parse(&args.fields), Some(context.searcher))).await?;
        let query = args.query(&wanted.fields)?;
        let sight = context.sight(Product::Jira);
        let found = jira.find(permit, Place::Board(&args.board_id), &query, &sight).await?;
        Ok(listed::page(&jira, &found, &query, wanted))
    }
}
