//! Change a sprint.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;

use super::create_sprint::moment;
use crate::atlassian::jira::shown_sprint;
use crate::audit::Permit;
use crate::ids::SprintId;
use crate::lookup::Target;
use crate::policy::Part;
use crate::policy::Product;
use crate::policy::ResourceKind;
use crate::policy::Write;
use crate::tools::Context;
use crate::tools::Output;
use crate::tools::Spec;
use crate::tools::Tool;
use crate::tools::ToolError;

/// The tool `jira_update_sprint`.
#[derive(Debug)]
pub(crate) struct UpdateSprint;

/// Arguments of `jira_update_sprint`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    sprint_id: SprintId,
    name: Option<String>,
    /// future, active or closed.
    state: Option<String>,
    /// Moment like 2024-02-01T09:00:00.000Z.
    start_date: Option<String>,
    /// Moment after it.
    end_date: Option<String>,
    goal: Option<String>,
}

fn changes(args: &Args) -> Map<String, Value> {
    let given = [
        ("name", &args.name),
        ("state", &args.state),
        ("startDate", &args.start_date),
        ("endDate", &args.end_date),
        ("goal", &args.goal),
    ];
    given.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text.clone()?.into()))).collect()
}

impl Tool for UpdateSprint {
    const SPEC: Spec = Spec {
        name: "jira_update_sprint",
        product: Product::Jira,
        toolset: "jira_agile",
        core: false,
        description: "Change a sprint: rename it, move its days, start it (state active) or close it (state closed).",
        destructive: true,
        cloud_only: false,
        resources: &[ResourceKind::Project, ResourceKind::Instance(Product::Jira)],
        long_text: &[],
        aliases: &[],
    };
    type Effect = Write;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        vec![Target::Part(Part::Sprint(args.sprint_id.clone()))]
    }

    fn check(args: &Args) -> Result<(), ToolError> {
        let wrong = |text: &str| Err(ToolError::Arguments(text.to_owned()));
        if args.state.as_deref().is_some_and(|state| !matches!(state, "future" | "active" | "closed")) {
            return wrong("`state` must be future, active or closed");
        }
        for (argument, text) in [("start_date", &args.start_date), ("end_date", &args.end_date)] {
            if let Some(text) = text {
                moment(argument, text)?;
            }
        }
        if changes(args).is_empty() {
            return wrong("nothing to change: give at least one argument besides `sprint_id`");
        }
        Ok(())
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Write>) -> Result<Output, ToolError> {
        let jira = context.jira()?;
        let sprint = jira.update_sprint(permit, &args.sprint_id, changes(&args)).await?;
        Ok(Output::Object { actual: None, value: shown_sprint(&sprint) })
    }
}
