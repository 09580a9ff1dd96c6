//! Put an issue into an epic.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::json;

use super::written::Written;
use crate::atlassian::Deployment;
use crate::atlassian::jira::Edit;
use crate::atlassian::jira::Fields;
use crate::atlassian::jira::IssueQuery;
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

/// The tool `jira_link_to_epic`.
#[derive(Debug)]
pub(crate) struct LinkToEpic;

/// Arguments of `jira_link_to_epic`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    issue_key: IssueKey,
    /// Key of the epic.
    epic_key: IssueKey,
}

impl Tool for LinkToEpic {
    const SPEC: Spec = Spec {
        name: "jira_link_to_epic",
        product: Product::Jira,
        toolset: "jira_links",
        core: false,
        description: "Put a Jira issue into an epic, out of the one it may be in. Returns the issue as it is then. For other relations use jira_create_issue_link.",
        destructive: true,
        cloud_only: false,
        resources: &[ResourceKind::Issue],
        long_text: &[],
        aliases: &[],
    };
    type Effect = Write;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        let kind = IssueQuery { fields: Fields::parse("issuetype"), ..IssueQuery::default() };
        vec![Target::Issue(args.issue_key.clone(), None), Target::Issue(args.epic_key.clone(), Some(kind))]
    }

    async fn run(args: Args, mut context: Context<'_>, permit: &Permit<Write>) -> Result<Output, ToolError> {
        let jira = context.jira()?;
        let key = context.found.present_key(args.issue_key);
        let brought = context.found.take_issue(&args.epic_key);
        let epic = context.found.present_key(args.epic_key);
        if !jira.is_epic(permit, &epic, brought).await? {
            return Err(ToolError::Arguments(format!("{epic} is not an Epic")));
        }
        // Data Center keeps the epic in a field of its own; Cloud has it as the parent.
        let field = match jira.deployment() {
            Deployment::DataCenter => {
                jira.catalogue(permit).await?.of_kind("gh-epic-link").map(|field| field.id.to_owned())
            }
            Deployment::Cloud => None,
        };
        let mut edit = Edit::default();
        match field {
            Some(field) => edit.fields.insert(field, epic.as_str().into()),
            None => edit.fields.insert("parent".into(), json!({"key": epic.as_str()})),
        };
        jira.update(permit, &key, &edit).await?;
        Ok(Written::default().shown(&jira, permit, &key, format!("Issue {key} is in epic {epic}.")).await)
    }
}
