//! Read one issue.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;

use super::words;
use crate::atlassian::jira::Fields;
use crate::atlassian::jira::Include;
use crate::atlassian::jira::IssueQuery;
use crate::atlassian::jira::IssueView;
use crate::atlassian::jira::Jira;
use crate::audit::Permit;
use crate::ids::IssueKey;
use crate::lookup;
use crate::lookup::Target;
use crate::policy::Product;
use crate::policy::Read;
use crate::policy::ResourceKind;
use crate::tools::Context;
use crate::tools::Output;
use crate::tools::Spec;
use crate::tools::Tool;
use crate::tools::ToolError;

/// The tool `jira_get_issue`.
#[derive(Debug)]
pub(crate) struct GetIssue;

/// Arguments of `jira_get_issue`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// Issue key, for example OPS-12.
    issue_key: IssueKey,
    /// Fields to return, comma separated; *all for everything.
    #[serde(default = "Fields::default_text")]
    fields: String,
    /// Jira's expand values, comma separated: changelog, transitions, renderedFields.
    expand: Option<String>,
    /// How many comments at most, the newest; 0 for none.
    #[serde(default = "ten")]
    #[schemars(range(min = 0, max = 100))]
    comment_limit: usize,
    /// Issue properties to return, comma separated.
    properties: Option<String>,
    /// Mark the issue as viewed; never done when the server is read-only.
    #[serde(default = "yes")]
    update_history: bool,
    /// More to fetch, comma separated: comments, worklogs, changelog, transitions, watchers, `remote_links`, all.
    include: Option<String>,
    /// Key custom fields by their display names.
    #[serde(default)]
    use_display_names: bool,
}

fn ten() -> usize {
    10
}

fn yes() -> bool {
    true
}

impl Args {
    fn includes(&self) -> Vec<Include> {
        let words = words(self.include.as_deref());
        if words.iter().any(|word| word == "all") {
            return Include::ALL.to_vec();
        }
        words.iter().filter_map(|word| Include::parse(word)).collect()
    }

    fn fields(&self) -> Fields {
        let fields = Fields::parse(&self.fields);
        let comments =
            (fields.is_default() && self.comment_limit > 0) || self.includes().contains(&Include::Comments);
        if comments { fields.with("comment") } else { fields }
    }

    fn query(&self) -> IssueQuery {
        let mut expand = words(self.expand.as_deref());
        let mut add = |word: &str| {
            if !expand.iter().any(|given| given == word) {
                expand.push(word.to_owned());
            }
        };
        if self.includes().contains(&Include::Changelog) {
            add("changelog");
        }
        if self.use_display_names {
            add("names");
        }
        IssueQuery {
            fields: self.fields(),
            expand,
            properties: self.properties.clone(),
            update_history: self.update_history,
        }
    }
}

impl Tool for GetIssue {
    const SPEC: Spec = Spec {
        name: "jira_get_issue",
        product: Product::Jira,
        toolset: "jira_issues",
        core: true,
        description: "Read one Jira issue by its key: fields, description, newest comments and, on request, \
                      worklogs, changelog, transitions, watchers and remote links. Text comes as Markdown.",
        destructive: false,
        cloud_only: false,
        resources: &[ResourceKind::Issue],
        long_text: &[],
        aliases: &[],
    };
    type Effect = Read;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        vec![Target::Issue(args.issue_key.clone(), Some(args.query()))]
    }

    async fn run(
        mut args: Args,
        mut context: Context<'_>,
        permit: &Permit<Read>,
    ) -> Result<Output, ToolError> {
        let jira = context.jira()?;
        let brought = context.found.take_issue(&args.issue_key);
        args.issue_key = context.found.present_key(args.issue_key);
        let mut query = args.query();
        query.update_history = query.update_history && !context.read_only;
        let mut issue = match brought {
            Some(issue) => issue,
            None => jira.issue(permit, &args.issue_key, &query).await?,
        };
        complete_comments(&args, &jira, permit, &mut issue).await?;
        let fields = args.fields();
        let names = args.use_display_names.then(|| issue.get("names")).flatten();
        let view = IssueView { base: jira.base(), fields: &fields, names, comment_limit: args.comment_limit };
        let mut shown = view.show(&issue);
        Box::pin(include(&args, &jira, permit, &mut shown)).await?;
        Ok(Output::Object { actual: lookup::issue_place(&issue), value: Value::Object(shown) })
    }
}

/// Fetches the newest comments when the issue came without them all.
async fn complete_comments(
    args: &Args,
    jira: &Jira<'_>,
    permit: &Permit<Read>,
    issue: &mut Value,
) -> Result<(), ToolError> {
    let Some(field) = issue.pointer("/fields/comment") else { return Ok(()) };
    let here = field.get("comments").and_then(Value::as_array).map_or(0, Vec::len);
    let total = field.get("total").and_then(Value::as_u64).unwrap_or(0);
    if total <= here as u64 || args.comment_limit == 0 {
        return Ok(());
    }
    let newest = jira.newest_comments(permit, &args.issue_key, args.comment_limit).await?;
    if let Some(comments) = issue.pointer_mut("/fields/comment/comments") {
        *comments = Value::Array(newest);
    }
    Ok(())
}

/// Fetches what costs a request of its own, side by side.
async fn include(
    args: &Args,
    jira: &Jira<'_>,
    permit: &Permit<Read>,
    shown: &mut Map<String, Value>,
) -> Result<(), ToolError> {
    let wanted = args.includes();
    let wants = |part: Include| wanted.contains(&part);
    let key = &args.issue_key;
    let (links, transitions, watchers, worklogs) = futures::try_join!(
        optional(wants(Include::RemoteLinks), jira.remote_links(permit, key)),
        optional(wants(Include::Transitions), jira.transitions(permit, key)),
        optional(wants(Include::Watchers), jira.watchers(permit, key)),
        optional(wants(Include::Worklogs), async { Ok(Value::Array(jira.worklogs(permit, key).await?)) }),
    )?;
    let parts = [
        ("remote_links", links),
        ("transitions", transitions),
        ("watchers", watchers),
        ("worklogs", worklogs),
    ];
    for (name, part) in parts {
        if let Some(part) = part {
            shown.insert(name.to_owned(), part);
        }
    }
    Ok(())
}

async fn optional(
    wanted: bool,
    request: impl Future<Output = Result<Value, crate::net::UpstreamError>>,
) -> Result<Option<Value>, crate::net::UpstreamError> {
    if wanted { request.await.map(Some) } else { Ok(None) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(json: serde_json::Value) -> Args {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn what_is_asked_for_follows_the_arguments() {
        let table = [
            (
                serde_json::json!({}),
                "description,issuetype,labels,priority,reporter,status,summary,updated,versions,comment",
            ),
            (serde_json::json!({"comment_limit": 0}), "summary,updated,versions"),
            (serde_json::json!({"fields": "summary"}), "summary"),
            (serde_json::json!({"fields": "summary", "include": "all"}), "summary,comment"),
            (serde_json::json!({"fields": "*all"}), "*all"),
        ];
        for (mut given, ending) in table {
            given["issue_key"] = "OPS-1".into();
            let asked = args(given).fields().to_query();
            assert!(asked.ends_with(ending), "{asked}");
        }
        let query = args(serde_json::json!({"issue_key": "OPS-1", "include": "changelog,bogus", "use_display_names": true})).query();
        assert_eq!(query.expand, ["changelog", "names"]);
    }
}
