//! Read one issue.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;

use super::wanted::Wanted;
use crate::atlassian::jira::Fields;
use crate::atlassian::jira::Include;
use crate::atlassian::jira::IssueQuery;
use crate::atlassian::jira::IssueView;
use crate::atlassian::jira::Jira;
use crate::atlassian::query;
use crate::audit::Permit;
use crate::ids::IssueKey;
use crate::lookup;
use crate::lookup::Target;
use crate::net::UpstreamError;
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
    issue_key: IssueKey,
    /// Fields by id or name, comma separated; *all for everything.
    #[serde(default = "Fields::default_text")]
    fields: String,
    /// Jira's expand values, comma separated, such as renderedFields.
    expand: Option<String>,
    /// How many comments at most, the newest; 0 for none.
    #[serde(default = "ten")]
    #[schemars(range(min = 0, max = 100))]
    comment_limit: usize,
    /// Issue properties to return, comma separated.
    properties: Option<String>,
    /// Mark it as viewed, unless the server is read-only.
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
    fn words(&self) -> Vec<String> {
        query::listed(self.include.as_deref().unwrap_or_default())
    }

    fn includes(&self) -> Vec<Include> {
        let words = self.words();
        if words.iter().any(|word| word.eq_ignore_ascii_case("all")) {
            return Include::ALL.to_vec();
        }
        words.iter().filter_map(|word| Include::parse(word)).collect()
    }

    /// The words of `include` that name no part, each with those there are.
    fn unknown(&self) -> Vec<(String, String)> {
        let is_unknown = |word: &String| word != "all" && Include::parse(word).is_none();
        let told = |word: String| (word, format!("there is no such part; there are {}", Include::WORDS));
        self.words().into_iter().filter(is_unknown).map(told).collect()
    }

    fn fields(&self) -> Fields {
        let fields = Fields::parse(&self.fields);
        let comments =
            (fields.is_default() && self.comment_limit > 0) || self.includes().contains(&Include::Comments);
        if comments { fields.with("comment") } else { fields }
    }

    fn query(&self, fields: Fields) -> IssueQuery {
        let mut expand = query::listed(self.expand.as_deref().unwrap_or_default());
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
            fields,
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
        description: "Read one Jira issue: its fields, its newest comments and, with include, worklogs, changelog, \
                      transitions, watchers and remote links. Texts are Markdown.",
        destructive: false,
        cloud_only: false,
        resources: &[ResourceKind::Issue],
        long_text: &[],
        aliases: &[],
    };
    type Effect = Read;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        // What a name means is found out after the decision: then the look-up brings the project alone.
        let fields = args.fields();
        let is_known = fields.unresolved().next().is_none();
        vec![Target::Issue(args.issue_key.clone(), is_known.then(|| args.query(fields)))]
    }

    async fn run(
        mut args: Args,
        mut context: Context<'_>,
        permit: &Permit<Read>,
    ) -> Result<Output, ToolError> {
        let jira = context.jira()?;
        let brought = context.found.take_issue(&args.issue_key);
        args.issue_key = context.found.present_key(args.issue_key);
        let wanted = Wanted::find(&jira, permit, (args.fields(), Some(context.searcher))).await?;
        let mut query = args.query(wanted.fields.clone());
        query.update_history = query.update_history && context.visits;
        let mut issue = match brought {
            Some(issue) => issue,
            None => jira.issue(permit, &args.issue_key, &query).await?,
        };
        jira.name_epics(permit, &args.fields(), std::slice::from_mut(&mut issue)).await?;
        let comments = complete_comments(&args, &jira, permit, &mut issue).await;
        let names = args.use_display_names.then(|| issue.get("names")).flatten();
        let view = IssueView {
            base: jira.base(),
            fields: &wanted.fields,
            names: wanted.names(names),
            comment_limit: args.comment_limit,
            texts: jira.texts(),
        };
        let mut shown = view.show(&issue);
        let mut parts = Box::pin(include(&args, &jira, permit)).await;
        parts.push(("comments", comments.map(|()| None).map_err(|error| error.to_string())));
        show_parts(parts, args.unknown(), &mut shown);
        wanted.tell(&mut shown);
        Ok(Output::Object { actual: lookup::issue_place(&issue), value: Value::Object(shown) })
    }
}

/// A part of the result with its key: nothing if it was not asked for.
type Part = (&'static str, Result<Option<Value>, String>);

/// Fetches the newest comments when the issue came without them all.
async fn complete_comments(
    args: &Args,
    jira: &Jira<'_>,
    permit: &Permit<Read>,
    issue: &mut Value,
) -> Result<(), UpstreamError> {
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
async fn include(args: &Args, jira: &Jira<'_>, permit: &Permit<Read>) -> Vec<Part> {
    let wanted = args.includes();
    let wants = |part: Include| wanted.contains(&part);
    let key = &args.issue_key;
    let (links, transitions, watchers, worklogs) = futures::join!(
        optional(wants(Include::RemoteLinks), jira.remote_links(permit, key)),
        optional(wants(Include::Transitions), jira.transitions(permit, key)),
        optional(wants(Include::Watchers), jira.watchers(permit, key)),
        optional(wants(Include::Worklogs), jira.worklogs(permit, key)),
    );
    let mut parts = vec![("remote_links", links), ("transitions", transitions), ("watchers", watchers)];
    match worklogs {
        Ok(Some((found, total))) => {
            if total > found.len() as u64 {
                parts.push(("worklogs", Err(format!("only the first {} of {total}", found.len()))));
            }
            parts.push(("worklogs", Ok(Some(Value::Array(found)))));
        }
        Ok(None) => {}
        Err(error) => parts.push(("worklogs", Err(error))),
    }
    parts
}

async fn optional<T>(
    wanted: bool,
    request: impl Future<Output = Result<T, UpstreamError>>,
) -> Result<Option<T>, String> {
    if wanted { request.await.map(Some).map_err(|error| error.to_string()) } else { Ok(None) }
}

/// Adds the parts. One that Jira did not give, for example because the caller may not see watchers, is named with the
/// reason: the issue itself is there all the same.
fn show_parts(parts: Vec<Part>, unknown: Vec<(String, String)>, shown: &mut Map<String, Value>) {
    let mut missing: Map<String, Value> =
        unknown.into_iter().map(|(word, problem)| (word, problem.into())).collect();
    for (name, part) in parts {
        match part {
            Ok(Some(part)) => {
                shown.insert(name.to_owned(), part);
            }
            Ok(None) => {}
            Err(error) => {
                missing.insert(name.to_owned(), error.into());
            }
        }
    }
    if !missing.is_empty() {
        shown.insert("not_included".into(), Value::Object(missing));
    }
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
            (serde_json::json!({"fields": "summary", "include": "ALL"}), "summary,comment"),
            (serde_json::json!({"fields": "summary", "include": "Comments"}), "summary,comment"),
            (serde_json::json!({"fields": "*all"}), "*all"),
        ];
        for (mut given, ending) in table {
            given["issue_key"] = "OPS-1".into();
            let asked = args(given).fields().to_query();
            assert!(asked.ends_with(ending), "{asked}");
        }
        let given = args(
            serde_json::json!({"issue_key": "OPS-1", "include": "changelog,bogus", "use_display_names": true}),
        );
        let query = given.query(given.fields());
        assert_eq!(query.expand, ["changelog", "names"]);
    }
    #[test]
    fn a_part_that_could_not_be_had_is_named_and_the_rest_is_shown() {
        let refused =
            || UpstreamError::from_answer(Product::Jira, 403, None, br#"{"errorMessages": ["no"]}"#);
        let table = [
            (vec![("watchers", Ok(None)), ("worklogs", Ok(None))], serde_json::json!({})),
            (vec![("worklogs", Ok(Some(1.into())))], serde_json::json!({"worklogs": 1})),
        ];
        for (parts, wanted) in table {
            let mut shown = Map::new();
            show_parts(parts, Vec::new(), &mut shown);
            assert_eq!(Value::Object(shown), wanted);
        }
        let mut shown = Map::new();
        show_parts(
            vec![("watchers", Err(refused().to_string())), ("worklogs", Ok(Some(1.into())))],
            args(serde_json::json!({"issue_key": "OPS-1", "include": "worklogs,watcher"})).unknown(),
            &mut shown,
        );
        assert!(
            shown["not_included"]["watcher"].as_str().unwrap().ends_with("remote_links and all"),
            "{shown:?}"
        );
        assert_eq!(shown["worklogs"], 1);
        let reason = shown["not_included"]["watchers"].as_str().unwrap();
        assert!(reason.starts_with("Jira answered 403"), "{reason}");
    }
}
