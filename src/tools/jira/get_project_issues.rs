//! The issues of a project.

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

/// The tool `jira_get_project_issues`.
#[derive(Debug)]
pub(crate) struct GetProjectIssues;

/// Arguments of `jira_get_project_issues`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    project_key: ProjectKey,
    #[serde(default = "ten")]
    #[schemars(range(min = 1, max = 50))]
    limit: u64,
    #[serde(default)]
    #[schemars(range(min = 0))]
    start_at: u64,
}

fn ten() -> u64 {
    10
}

impl Tool for GetProjectIssues {
    const SPEC: Spec = Spec {
        name: "jira_get_project_issues",
        product: Product::Jira,
        toolset: "jira_issues",
        core: true,
        description: "List the issues of one Jira project. For anything more exact use jira_search.",
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
        let query = SearchQuery {
            jql: format!("project = {}", query::quoted(args.project_key.as_str())),
            fields: Fields::default(),
            expand: Vec::new(),
            limit: args.limit,
            start_at: args.start_at,
            from: Position::default(),
        };
        let sight = context.sight(Product::Jira);
        let found = jira.find(permit, Place::Project(&args.project_key), &query, &sight).await?;
        Ok(listed::page(&jira, &found, &query, Wanted::default()))
    }
}
