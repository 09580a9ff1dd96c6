//! Plan a sprint.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;

use crate::atlassian::jira::shown_sprint;
use crate::atlassian::times;
use crate::audit::Permit;
use crate::ids::BoardId;
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

/// The tool `jira_create_sprint`.
#[derive(Debug)]
pub(crate) struct CreateSprint;

/// Arguments of `jira_create_sprint`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    board_id: BoardId,
    name: String,
    /// Moment like 2024-02-01T09:00:00.000Z.
    start_date: String,
    /// Moment after it.
    end_date: String,
    goal: Option<String>,
}

/// A moment, or a refusal.
pub(super) fn moment(argument: &str, text: &str) -> Result<jiff::Timestamp, ToolError> {
    times::parse(text.trim()).ok_or_else(|| {
        ToolError::Arguments(format!("`{argument}` must be a moment such as 2024-02-01T09:00:00.000Z"))
    })
}

impl Tool for CreateSprint {
    const SPEC: Spec = Spec {
        name: "jira_create_sprint",
        product: Product::Jira,
        toolset: "jira_agile",
        core: false,
        description: "Create a future sprint on a Jira scrum board.",
        destructive: false,
        cloud_only: false,
        resources: &[ResourceKind::Project, ResourceKind::Instance(Product::Jira)],
        long_text: &[],
        aliases: &[],
    };
    type Effect = Write;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        vec![Target::Part(Part::Board(args.board_id.clone()))]
    }

    fn check(args: &Args) -> Result<(), ToolError> {
        if args.name.trim().is_empty() {
            return Err(ToolError::Arguments("`name` is empty".to_owned()));
        }
        let start = moment("start_date", &args.start_date)?;
        if moment("end_date", &args.end_date)? <= start {
            return Err(ToolError::Arguments("`end_date` is not after `start_date`".to_owned()));
        }
        Ok(())
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Write>) -> Result<Output, ToolError> {
        let jira = context.jira()?;
        let mut fields = Map::new();
        fields.insert("name".into(), args.name.trim().into());
        fields.insert("startDate".into(), args.start_date.trim().into());
        fields.insert("endDate".into(), args.end_date.trim().into());
        if let Some(goal) = args.goal {
            fields.insert("goal".into(), goal.into());
        }
        let sprint = jira.create_sprint(permit, &args.board_id, fields).await?;
        Ok(Output::Object { actual: None, value: shown_sprint(&sprint) })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_sprint_ends_after_it_begins() {
        let table = [
            (json!({}), None),
            (json!({"end_date": "2024-01-01T00:00:00.000Z"}), Some("`end_date` is not after")),
            (json!({"start_date": "soon"}), Some("`start_date` must be a moment")),
            (json!({"name": ""}), Some("`name` is empty")),
        ];
        for (changed, wanted) in table {
            let mut given = json!({
                "board_id": "1", "name": "S", "start_date": "2024-02-01T00:00:00.000+0000", "end_date": "2024-02-14T00:00:00.000Z"
            });
            given.as_object_mut().unwrap().extend(changed.as_object().unwrap().clone());
            let args: Args = serde_json::from_value(given.clone()).unwrap();
            let problem = CreateSprint::check(&args).err().map(|error| error.to_string());
            assert_eq!(problem.is_some(), wanted.is_some(), "{given}");
            assert!(problem.unwrap_or_default().starts_with(wanted.unwrap_or_default()), "{given}");
        }
    }
}
