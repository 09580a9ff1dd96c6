//! The history of several issues.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;

use crate::atlassian::jira::shown_change;
use crate::atlassian::query;
use crate::audit::Permit;
use crate::ids::IssueKey;
use crate::lookup::Target;
use crate::policy::Product;
use crate::policy::Read;
use crate::policy::ResourceKind;
use crate::tools::Context;
use crate::tools::Output;
use crate::tools::Spec;
use crate::tools::Tool;
use crate::tools::ToolError;

/// The tool `jira_batch_get_changelogs`.
#[derive(Debug)]
pub(crate) struct BatchGetChangelogs;

/// Arguments of `jira_batch_get_changelogs`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// Issue keys, comma separated.
    issue_ids_or_keys: String,
    /// Ids of fields to look at, comma separated; all if left out.
    fields: Option<String>,
    /// How many changes of each issue, the oldest; -1 for all.
    #[serde(default = "all")]
    limit: i64,
}

fn all() -> i64 {
    -1
}

/// How many issues are asked for at once; each of them is decided on.
const MOST: usize = 100;

fn keys(args: &Args) -> Result<Vec<IssueKey>, ToolError> {
    let wrong = |problem: String| ToolError::Arguments(format!("`issue_ids_or_keys`: {problem}"));
    let named = query::listed(&args.issue_ids_or_keys);
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

impl Tool for BatchGetChangelogs {
    const SPEC: Spec = Spec {
        name: "jira_batch_get_changelogs",
        product: Product::Jira,
        toolset: "jira_issues",
        core: true,
        description: "Read the history of several Jira issues at once: who changed which field from what to what. For one issue use jira_get_issue with expand=changelog.",
        destructive: false,
        cloud_only: true,
        resources: &[ResourceKind::Issue],
        long_text: &[],
        aliases: &[],
    };
    type Effect = Read;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        keys(args).unwrap_or_default().into_iter().map(|key| Target::Issue(key, None)).collect()
    }

    fn check(args: &Args) -> Result<(), ToolError> {
        if args.limit == 0 || args.limit < -1 {
            return Err(ToolError::Arguments("`limit` must be 1 or more, or -1 for all".to_owned()));
        }
        keys(args).map(|_| ())
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Read>) -> Result<Output, ToolError> {
        let jira = context.jira()?;
        let keys: Vec<IssueKey> =
            keys(&args)?.into_iter().map(|key| context.found.present_key(key)).collect();
        let fields = args.fields.as_deref().map(query::listed).filter(|fields| !fields.is_empty());
        let (issues, is_all) = jira.changelogs(permit, &keys, fields.as_deref()).await?;
        let most = usize::try_from(args.limit).unwrap_or(usize::MAX);
        let show = |(id, changes): &(String, Vec<Value>)| json!({"issue_id": id, "changelogs": changes.iter().take(most).map(|change| shown_change(change, jira.texts())).collect::<Vec<_>>()});
        let complete = is_all && issues.iter().all(|(_, changes)| changes.len() <= most);
        let next =
            (!complete).then(|| "ask for fewer issues, for single fields, or with limit = -1".to_owned());
        Ok(Output::List { items: issues.iter().map(show).collect(), complete, next })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issues_are_named_by_their_keys() {
        let table = [
            (json!({"issue_ids_or_keys": "ops-1, OPS-2,OPS-1"}), Ok(2)),
            (json!({"issue_ids_or_keys": "10001"}), Err("`issue_ids_or_keys`: `10001` is not")),
            (json!({"issue_ids_or_keys": " "}), Err("`issue_ids_or_keys`: 0 issues are named")),
            (json!({"issue_ids_or_keys": "OPS-1", "limit": 0}), Err("`limit` must be")),
        ];
        for (given, wanted) in table {
            let args: Args = serde_json::from_value(given.clone()).unwrap();
            let checked = BatchGetChangelogs::check(&args).map(|()| keys(&args).unwrap().len());
            match (checked, wanted) {
                (Ok(count), Ok(wanted)) => assert_eq!(count, wanted, "{given}"),
                (Err(error), Err(wanted)) => assert!(error.to_string().starts_with(wanted), "{error}"),
                (checked, wanted) => panic!("{given}: {checked:?} instead of {wanted:?}"),
            }
        }
    }
}
