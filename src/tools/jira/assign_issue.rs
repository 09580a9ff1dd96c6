//! Give an issue to a person, or to nobody.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use super::written::Written;
use crate::atlassian::jira::Person;
use crate::audit::Permit;
use crate::ids::IssueKey;
use crate::lookup::Target;
use crate::policy::Product;
use crate::policy::ResourceKind;
use crate::policy::Write;
use crate::tools::Context;
use crate::tools::Output;
use crate::tools::Spec;
use crate::tools::Tool;
use crate::tools::ToolError;

/// The tool `jira_assign_issue`.
#[derive(Debug)]
pub(crate) struct AssignIssue;

/// Arguments of `jira_assign_issue`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    issue_key: IssueKey,
    /// Account id, user name, e-mail or full name; leave it out to unassign.
    assignee: Option<String>,
}

impl Tool for AssignIssue {
    const SPEC: Spec = Spec {
        name: "jira_assign_issue",
        product: Product::Jira,
        toolset: "jira_issues",
        core: true,
        description: "Assign a Jira issue to a person, or to nobody. Returns the issue as it is then.",
        destructive: false,
        cloud_only: false,
        resources: &[ResourceKind::Issue],
        long_text: &[],
        aliases: &[],
    };
    type Effect = Write;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        vec![Target::Issue(args.issue_key.clone(), None)]
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Write>) -> Result<Output, ToolError> {
        let jira = context.jira()?;
        let key = context.found.present_key(args.issue_key);
        let (person, message) = match args.assignee.as_deref().map(str::trim).filter(|name| !name.is_empty())
        {
            Some(name) => (jira.person(permit, name).await?, format!("Issue {key} was assigned.")),
            None => (Person::nobody(jira.deployment()), format!("Issue {key} is assigned to nobody.")),
        };
        jira.assign(permit, &key, &person).await?;
        Ok(Written::default().shown(&jira, permit, &key, message).await)
    }
}
