//! Create a version.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::atlassian::jira::NewVersion;
use crate::audit::Permit;
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

/// The tool `jira_create_version`.
#[derive(Debug)]
pub(crate) struct CreateVersion;

/// Arguments of `jira_create_version`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    project_key: ProjectKey,
    name: String,
    /// Day like 2024-02-01.
    start_date: Option<String>,
    /// Day like 2024-02-01.
    release_date: Option<String>,
    description: Option<String>,
}

/// A day as Jira takes it, or a refusal.
pub(super) fn day(argument: &str, text: Option<&str>) -> Result<(), ToolError> {
    match text.map(str::parse::<jiff::civil::Date>) {
        None | Some(Ok(_)) => Ok(()),
        Some(Err(_)) => Err(ToolError::Arguments(format!("`{argument}` must be a day such as 2024-02-01"))),
    }
}

impl Tool for CreateVersion {
    const SPEC: Spec = Spec {
        name: "jira_create_version",
        product: Product::Jira,
        toolset: "jira_projects",
        core: false,
        description: "Create a version (release) in a Jira project. For several use jira_batch_create_versions.",
        destructive: false,
        cloud_only: false,
        resources: &[ResourceKind::Project],
        long_text: &[],
        aliases: &[],
    };
    type Effect = Write;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        vec![Target::Project(args.project_key.clone())]
    }

    fn check(args: &Args) -> Result<(), ToolError> {
        if args.name.trim().is_empty() {
            return Err(ToolError::Arguments("`name` is empty".to_owned()));
        }
        day("start_date", args.start_date.as_deref())?;
        day("release_date", args.release_date.as_deref())
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Write>) -> Result<Output, ToolError> {
        let jira = context.jira()?;
        let version = NewVersion {
            name: args.name,
            start_date: args.start_date,
            release_date: args.release_date,
            description: args.description,
        };
        let value = jira.create_version(permit, &args.project_key, &version).await?;
        Ok(Output::Object { actual: None, value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_days() {
        for (text, fine) in
            [(None, true), (Some("2024-02-29"), true), (Some("2023-02-29"), false), (Some("soon"), false)]
        {
            assert_eq!(day("start_date", text).is_ok(), fine, "{text:?}");
        }
    }
}
