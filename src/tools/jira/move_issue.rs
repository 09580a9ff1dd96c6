//! Move an issue to another project.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use super::written::Shown;
use super::written::Written;
use crate::audit::Permit;
use crate::ids::IssueKey;
use crate::ids::ProjectKey;
use crate::lookup::Target;
use crate::policy::Product;
use crate::policy::ResourceKind;
use crate::policy::Write;
use crate::tools::Context;
use crate::tools::Output;
use crate::tools::Spec;
use crate::tools::Tool;
use crate::tools::ToolError;

/// The tool `jira_move_issue`.
#[derive(Debug)]
pub(crate) struct MoveIssue;

/// Arguments of `jira_move_issue`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    issue_key: IssueKey,
    target_project_key: ProjectKey,
}

impl Tool for MoveIssue {
    const SPEC: Spec = Spec {
        name: "jira_move_issue",
        product: Product::Jira,
        toolset: "jira_issues",
        core: true,
        description: "Move a Jira issue to another project, keeping its type; it gets a new key. Cloud only. Returns the issue as it is then.",
        destructive: true,
        cloud_only: true,
        resources: &[ResourceKind::Issue, ResourceKind::Project],
        long_text: &[],
        aliases: &[],
    };
    type Effect = Write;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        vec![Target::Issue(args.issue_key.clone(), None), Target::Project(args.target_project_key.clone())]
    }

    fn check(args: &Args) -> Result<(), ToolError> {
        if args.issue_key.project() == args.target_project_key {
            return Err(ToolError::Arguments("`issue_key` is in `target_project_key` already".to_owned()));
        }
        Ok(())
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Write>) -> Result<Output, ToolError> {
        let jira = context.jira()?;
        let key = context.found.present_key(args.issue_key);
        let target = args.target_project_key;
        let kind = jira.type_in(permit, &key, &target).await?.map_err(ToolError::Arguments)?;
        jira.move_to(permit, &key, &target, &kind).await?;
        let written = Written { shown: Shown::System, ..Written::default() };
        Ok(written.shown(&jira, permit, &key, format!("Issue {key} was moved to project {target}.")).await)
    }
}
