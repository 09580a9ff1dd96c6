//! The history of several issues.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;

use crate::atlassian::jira::Fields;
use crate::atlassian::jira::IssueName;
use crate::atlassian::jira::Jira;
use crate::atlassian::jira::Texts;
use crate::atlassian::jira::shown_change;
use crate::atlassian::query;
use crate::audit::Permit;
use crate::ids::IssueId;
use crate::ids::IssueKey;
use crate::lookup::Found;
use crate::lookup::Target;
use crate::policy::Part;
use crate::policy::Product;
use crate::policy::Read;
use crate::policy::ResourceKind;
use crate::policy::Searcher;
use crate::tools::Context;
use crate::tools::Output;
use crate::tools::Spec;
use crate::tools::Tool;
use crate::tools::ToolError;
use crate::tools::add;

/// The tool `jira_batch_get_changelogs`.
#[derive(Debug)]
pub(crate) struct BatchGetChangelogs;

/// Arguments of `jira_batch_get_changelogs`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// Keys or ids, comma separated.
    issue_ids_or_keys: String,
    /// Fields to look at by id or name, comma separated; all if left out.
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

fn named(args: &Args) -> Result<Vec<IssueName>, ToolError> {
    let wrong = |problem: String| ToolError::Arguments(format!("`issue_ids_or_keys`: {problem}"));
    let given = query::listed(&args.issue_ids_or_keys);
    if given.is_empty() || given.len() > MOST {
        return Err(wrong(format!("{} issues are named; give 1 to {MOST}", given.len())));
    }
    let mut issues: Vec<IssueName> = Vec::with_capacity(given.len());
    for name in &given {
        let issue =
            IssueId::parse(name).map(IssueName::Id).or_else(|_| IssueKey::parse(name).map(IssueName::Key));
        let issue = issue.map_err(|error| wrong(error.to_string()))?;
        if !issues.contains(&issue) {
            issues.push(issue);
        }
    }
    Ok(issues)
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
        resources: &[ResourceKind::Issue, ResourceKind::Instance(Product::Jira)],
        long_text: &[],
        aliases: &[],
    };
    type Effect = Read;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        let target = |issue| match issue {
            IssueName::Key(key) => Target::Issue(key, None),
            IssueName::Id(id) => Target::Part(Part::Issue(id)),
        };
        named(args).unwrap_or_default().into_iter().map(target).collect()
    }

    fn check(args: &Args) -> Result<(), ToolError> {
        if args.limit == 0 || args.limit < -1 {
            return Err(ToolError::Arguments("`limit` must be 1 or more, or -1 for all".to_owned()));
        }
        named(args).map(|_| ())
    }

    async fn run(args: Args, mut context: Context<'_>, permit: &Permit<Read>) -> Result<Output, ToolError> {
        let jira = context.jira()?;
        let asked = named(&args)?;
        let present = |issue: &IssueName| match issue {
            IssueName::Key(key) => IssueName::Key(context.found.present_key(key.clone())),
            IssueName::Id(id) => IssueName::Id(id.clone()),
        };
        let present: Vec<IssueName> = asked.iter().map(present).collect();
        let fields = match args.fields.as_deref().map(query::listed).filter(|fields| !fields.is_empty()) {
            Some(fields) => Some(ids_of_fields(&jira, permit, (&fields, context.searcher)).await?),
            None => None,
        };
        let (found, is_all) = jira.changelogs(permit, &present, fields.as_deref()).await?;
        let ids = ids(&jira, permit, &present, &found).await?;
        let most = usize::try_from(args.limit).unwrap_or(usize::MAX);
        let mut complete = is_all;
        let mut items = Vec::with_capacity(asked.len());
        for (issue, id) in asked.iter().zip(&ids) {
            let history = found.iter().find(|(known, _)| Some(known) == id.as_ref());
            complete &= history.is_none_or(|(_, changes)| changes.len() <= most);
            let mut entry = shown(history, most, jira.texts());
            if let Some(key) = key(issue, &mut context.found) {
                add(&mut entry, "issue_key", key);
            }
            items.push(entry);
        }
        let next =
            (!complete).then(|| "call again with limit = -1, fewer issues or single fields".to_owned());
        Ok(Output::List { items, complete, next })
    }
}

/// Fields by their ids: Jira takes another name as a field that never changed.
async fn ids_of_fields(
    jira: &Jira<'_>,
    permit: &Permit<Read>,
    (named, searcher): (&[String], Searcher<'_>),
) -> Result<Vec<String>, ToolError> {
    if Fields::parse(&named.join(",")).unresolved().next().is_none() {
        return Ok(named.to_vec());
    }
    let catalogue = jira.catalogue_seen(permit, &searcher.sight(Product::Jira)).await?;
    let id = |name: &String| match catalogue.find(name) {
        Ok(field) => Ok(field.id.to_owned()),
        Err(problem) => Err(ToolError::Arguments(format!("`fields`: {problem}"))),
    };
    named.iter().map(id).collect()
}

/// The key of an issue: as it was given, or as the look-up of its id brought it.
fn key(issue: &IssueName, found: &mut Found) -> Option<String> {
    match issue {
        IssueName::Key(key) => Some(key.as_str().to_owned()),
        IssueName::Id(id) => {
            let brought = found.take_part(&Part::Issue(id.clone()))?;
            brought.get("key").and_then(Value::as_str).map(str::to_owned)
        }
    }
}

/// The ids of the issues, in the order of their names; none where nothing came back for one.
async fn ids(
    jira: &Jira<'_>,
    permit: &Permit<Read>,
    issues: &[IssueName],
    found: &[(String, Vec<Value>)],
) -> Result<Vec<Option<String>>, ToolError> {
    if let ([_], [(id, _)]) = (issues, found) {
        return Ok(vec![Some(id.clone())]);
    }
    if found.is_empty() {
        return Ok(vec![None; issues.len()]);
    }
    let named = jira.keys_of(permit, &found.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>()).await?;
    let is_asked = |(id, key): &(String, IssueKey)| {
        issues.iter().any(|issue| match issue {
            IssueName::Key(asked) => asked == key,
            IssueName::Id(asked) => asked.as_str() == id,
        })
    };
    let mut ids = Vec::with_capacity(issues.len());
    for issue in issues {
        let key = match issue {
            IssueName::Key(key) => key,
            IssueName::Id(id) => {
                ids.push(Some(id.as_str().to_owned()));
                continue;
            }
        };
        let id = named.iter().find(|(_, known)| known == key).map(|(id, _)| id.clone());
        // An issue that moved still answers to its old key: what is left over may be its history.
        let is_left = id.is_none() && !named.iter().all(is_asked);
        ids.push(if is_left { jira.id_of(permit, key).await? } else { id });
    }
    Ok(ids)
}

/// The history of one issue.
fn shown(history: Option<&(String, Vec<Value>)>, most: usize, texts: Texts) -> Value {
    let Some((id, changes)) = history else {
        return json!({
            "changelogs": [],
            "nothing_found": "no change came back: there is none, or the issue does not exist or is not visible to you",
        });
    };
    let kept: Vec<Value> = changes.iter().take(most).map(|change| shown_change(change, texts)).collect();
    let complete = kept.len() == changes.len();
    let mut entry = json!({"issue_id": id, "changelogs": kept, "complete": complete});
    if let (Value::Object(entry), false) = (&mut entry, complete) {
        entry.insert("total".into(), changes.len().into());
    }
    entry
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issues_are_named_by_keys_and_ids() {
        let table = [
            (json!({"issue_ids_or_keys": "ops-1, OPS-2,OPS-1"}), Ok(2)),
            (json!({"issue_ids_or_keys": "10001,OPS-1, 10001"}), Ok(2)),
            (json!({"issue_ids_or_keys": "010"}), Err("`issue_ids_or_keys`: `010` is not")),
            (json!({"issue_ids_or_keys": " "}), Err("`issue_ids_or_keys`: 0 issues are named")),
            (json!({"issue_ids_or_keys": "OPS-1", "limit": 0}), Err("`limit` must be")),
        ];
        for (given, wanted) in table {
            let args: Args = serde_json::from_value(given.clone()).unwrap();
            let checked = BatchGetChangelogs::check(&args).map(|()| named(&args).unwrap().len());
            match (checked, wanted) {
                (Ok(count), Ok(wanted)) => assert_eq!(count, wanted, "{given}"),
                (Err(error), Err(wanted)) => assert!(error.to_string().starts_with(wanted), "{error}"),
                (checked, wanted) => panic!("{given}: {checked:?} instead of {wanted:?}"),
            }
        }
    }

    #[test]
    fn every_issue_has_an_entry_whatever_came_back() {
        let change =
            || json!({"created": 1_704_103_200_000_i64, "items": [{"field": "status", "toString": "Done"}]});
        let history = ("10001".to_owned(), vec![change(), change()]);
        let cut = shown(Some(&history), 1, Texts::Markdown);
        assert_eq!(cut["issue_id"], "10001");
        assert_eq!((&cut["complete"], &cut["total"]), (&json!(false), &json!(2)));
        let whole = shown(Some(&history), 2, Texts::Markdown);
        assert_eq!((&whole["complete"], whole.get("total")), (&json!(true), None));
        let none = shown(None, 2, Texts::Markdown);
        assert!(
            none["nothing_found"].as_str().unwrap().contains("does not exist or is not visible"),
            "{none}"
        );
    }
}
