//! The issues of a sprint.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use super::listed;
use super::wanted::Wanted;
use crate::atlassian::Position;
use crate::atlassian::jira::Fields;
use crate::atlassian::jira::Place;
use crate::atlassian::jira::SearchQuery;
use crate::audit::Permit;
use crate::ids::SprintId;
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

/// The tool `jira_get_sprint_issues`.
#[derive(Debug)]
pub(crate) struct GetSprintIssues;

/// Arguments of `jira_get_sprint_issues`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    sprint_id: SprintId,
    /// Fields by id or name, comma separated.
    #[serde(default = "Fields::default_text")]
    fields: String,
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

impl Tool for GetSprintIssues {
    const SPEC: Spec = Spec {
        name: "jira_get_sprint_issues",
        product: Product::Jira,
        toolset: "jira_agile",
        core: false,
        description: "List the issues of a sprint. Sprints: jira_get_sprints_from_board.",
        destructive: false,
        cloud_only: false,
        resources: &[ResourceKind::Project, ResourceKind::Instance(Product::Jira)],
        long_text: &[],
        aliases: &[],
    };
    type Effect = Read;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        vec![Target::Part(Part::Sprint(args.sprint_id.clone()))]
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Read>) -> Result<Output, ToolError> {
        let jira = context.jira()?;
        let wanted =
            Wanted::find(&jira, permit, (Fields::parse(&args.fields), Some(context.searcher))).await?;
        let query = SearchQuery {
            jql: format!("sprint = {}", args.sprint_id),
            fields: wanted.fields.clone().with("project"),
            expand: Vec::new(),
            limit: args.limit,
            start_at: args.start_at,
            from: Position::default(),
        };
        let sight = context.sight(Product::Jira);
        let found = jira.find(permit, Place::Sprint(&args.sprint_id), &query, &sight).await?;
        Ok(listed::page(&jira, &found, &query, wanted))
    }
}
