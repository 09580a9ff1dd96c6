//! Put issues into a sprint.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::json;

use super::given;
use crate::atlassian::query;
use crate::audit::Permit;
use crate::ids::IssueKey;
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

/// The tool `jira_add_issues_to_sprint`.
#[derive(Debug)]
pub(crate) struct AddIssuesToSprint;

/// Arguments of `jira_add_issues_to_sprint`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    sprint_id: SprintId,
    /// Keys, comma separated; 50 at most.
    issue_keys: String,
}

/// How many issues Jira moves at once.
///
/// <https://developer.atlassian.com/cloud/jira/software/rest/api-group-sprint/#api-rest-agile-1-0-sprint-sprintid-issue-post>
const MOST: usize = 50;

/// The keys that an argument names, each once.
pub(super) fn keys(argument: &str, text: &str) -> Result<Vec<IssueKey>, ToolError> {
    let wrong = |problem: String| ToolError::Arguments(format!("`{argument}`: {problem}"));
    let named = query::listed(text);
    if named.is_empty() || named.len() > MOST {
        return Err(wrong(format!("{} issues are named; give 1 to {MOST}", named.len())));
    }
    let mut keys: Vec<IssueKey> = Vec::with_capacity(named.len());
    for name in &named {
        let key = IssueKey::parse(name).map_err(|error| wrong(error.to_string()))?;
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    Ok(keys)
}

impl Tool for AddIssuesToSprint {
    const SPEC: Spec = Spec {
        name: "jira_add_issues_to_sprint",
        product: Product::Jira,
        toolset: "jira_agile",
        core: false,
        description: "Move Jira issues into a sprint, out of the one they may be in.",
        destructive: true,
        cloud_only: false,
        resources: &[ResourceKind::Issue, ResourceKind::Project, ResourceKind::Instance(Product::Jira)],
        long_text: &[],
        aliases: &[],
    };
    type Effect = Write;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        let issues = keys("issue_keys", &args.issue_keys).unwrap_or_default();
        let issues = issues.into_iter().map(|key| Target::Issue(key, None));
        std::iter::once(Target::Part(Part::Sprint(args.sprint_id.clone()))).chain(issues).collect()
    }

    fn check(args: &Args) -> Result<(), ToolError> {
        keys("issue_keys", &args.issue_keys).map(|_| ())
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Write>) -> Result<Output, ToolError> {
        let jira = context.jira()?;
        let keys = keys("issue_keys", &args.issue_keys)?;
        let keys: Vec<IssueKey> = keys.into_iter().map(|key| context.found.present_key(key)).collect();
        jira.add_to_sprint(permit, &args.sprint_id, &keys).await?;
        let value = json!({
            "message": format!("{} in sprint {}.", given::issues_are(keys.len()), args.sprint_id),
            "sprint_id": args.sprint_id.as_str(),
            "issue_keys": keys,
        });
        Ok(Output::Object { actual: None, value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_issue_is_decided_on() {
        let args: Args =
            serde_json::from_value(json!({"sprint_id": "1", "issue_keys": "ops-1, OPS-2,OPS-1"})).unwrap();
        let named: Vec<String> = AddIssuesToSprint::targets(&args).iter().map(Target::named).collect();
        assert_eq!(named, ["sprint 1", "issue OPS-1", "issue OPS-2"]);
        for (text, wanted) in
            [(" ", "`issue_keys`: 0 issues are named"), ("OPS", "`issue_keys`: `OPS` is not")]
        {
            let problem = keys("issue_keys", text).unwrap_err().to_string();
            assert!(problem.starts_with(wanted), "{problem}");
        }
    }
}
