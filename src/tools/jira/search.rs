//! Search issues by JQL.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use super::listed;
use super::wanted::Wanted;
use crate::atlassian::Deployment;
use crate::atlassian::Position;
use crate::atlassian::jira::Fields;
use crate::atlassian::jira::Place;
use crate::atlassian::jira::SearchQuery;
use crate::atlassian::query;
use crate::audit::Permit;
use crate::ids::InvalidId;
use crate::ids::ProjectKey;
use crate::lookup::Target;
use crate::policy::Product;
use crate::policy::Read;
use crate::policy::ResourceKind;
use crate::policy::Searcher;
use crate::tools::Context;
use crate::tools::Output;
use crate::tools::Spec;
use crate::tools::Tool;
use crate::tools::ToolError;
use crate::tools::page_tokens;

/// The tool `jira_search`.
#[derive(Debug)]
pub(crate) struct Search;

/// Arguments of `jira_search`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// JQL, for example: project = OPS AND status != Done ORDER BY updated DESC.
    jql: String,
    /// Fields by id or name, comma separated; *all for everything.
    #[serde(default = "Fields::default_text")]
    fields: String,
    /// At most; Data Center gives 50 at once, Cloud 100.
    #[serde(default = "ten")]
    #[schemars(range(min = 1))]
    limit: u64,
    /// How many to skip; on Cloud a page token is quicker.
    #[serde(default)]
    #[schemars(range(min = 0))]
    start_at: u64,
    /// Only these projects: keys, comma separated.
    projects_filter: Option<String>,
    /// Jira's expand values, comma separated.
    expand: Option<String>,
    /// Where to go on: `next_page_token` of the page before, Cloud only.
    page_token: Option<String>,
    /// Key custom fields by their display names.
    #[serde(default)]
    use_display_names: bool,
}

fn ten() -> u64 {
    10
}

impl Args {
    /// What is searched for, in the caller's own words.
    fn words(&self) -> Result<String, ToolError> {
        let asked: Vec<ProjectKey> = query::listed(self.projects_filter.as_deref().unwrap_or_default())
            .iter()
            .map(|key| ProjectKey::parse(key))
            .collect::<Result<_, InvalidId>>()
            .map_err(|error| ToolError::Arguments(format!("`projects_filter`: {error}")))?;
        let asked: Vec<String> = in_projects(&asked).into_iter().collect();
        query::restrict(&self.jql, &asked).map_err(|error| ToolError::Arguments(format!("`jql`: {error}")))
    }

    fn query(&self, jql: String, fields: &Fields, from: Position) -> SearchQuery {
        let mut expand = query::listed(self.expand.as_deref().unwrap_or_default());
        if self.use_display_names && !expand.iter().any(|word| word == "names") {
            expand.push("names".to_owned());
        }
        SearchQuery {
            jql,
            // The project is asked for too: every issue is decided on by it.
            fields: fields.clone().with("project"),
            expand,
            limit: self.limit,
            start_at: self.start_at,
            from,
        }
    }
}

impl Tool for Search {
    const SPEC: Spec = Spec {
        name: "jira_search",
        product: Product::Jira,
        toolset: "jira_issues",
        core: true,
        description: "Search Jira issues with JQL in all projects; issues you may not see are left out. \
                      For a known key use jira_get_issue.",
        destructive: false,
        cloud_only: false,
        resources: &[ResourceKind::Instance(Product::Jira)],
        long_text: &["jql"],
        aliases: &[],
    };
    type Effect = Read;
    type Args = Args;

    fn targets(_args: &Args) -> Vec<Target> {
        vec![Target::Instance(Product::Jira)]
    }

    fn check(args: &Args) -> Result<(), ToolError> {
        args.words().map(|_| ())
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Read>) -> Result<Output, ToolError> {
        let jira = context.jira()?;
        let jql = args.words()?;
        let Searcher { principal, session, .. } = context.searcher;
        let (instance, tool) = (&session.instance, Self::SPEC.name);
        let search = page_tokens::Search { principal, instance, tool, query: &jql };
        let from = match &args.page_token {
            Some(_) if jira.deployment() == Deployment::DataCenter => {
                let text = "`page_token` is for Cloud; on Data Center go on with `start_at`";
                return Err(ToolError::Arguments(text.to_owned()));
            }
            Some(token) => context.page_tokens.open(token, search)?,
            None => Position::default(),
        };
        let wanted =
            Wanted::find(&jira, permit, (Fields::parse(&args.fields), Some(context.searcher))).await?;
        let query = args.query(jql.clone(), &wanted.fields, from);
        let sight = context.sight(Product::Jira);
        let mut found = jira.find(permit, Place::Everywhere, &query, &sight).await?;
        let page = &mut found.page;
        let has_names = page.names.is_some() || page.issues.iter().any(|issue| issue.get("names").is_some());
        if args.use_display_names && !has_names && !page.issues.is_empty() {
            page.names = Some(jira.catalogue(permit).await?.names());
        }
        let goes_on = found.page.next.as_ref().filter(|_| jira.deployment() == Deployment::Cloud);
        let token = goes_on.map(|next| context.page_tokens.seal(next, search)).transpose()?;
        Ok(listed::issues(&jira, &found, &query, (wanted, args.use_display_names), token))
    }
}

/// A condition of JQL that keeps to projects; none for none.
fn in_projects(keys: &[ProjectKey]) -> Option<String> {
    let values: Vec<String> = keys.iter().map(|key| query::key_value(key.as_str())).collect();
    match values.as_slice() {
        [] => None,
        [one] => Some(format!("project = {one}")),
        many => Some(format!("project IN ({})", many.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_callers_projects_are_put_beside_the_query() {
        let args: Args = serde_json::from_value(serde_json::json!({
            "jql": "assignee = currentUser() ORDER BY created", "projects_filter": "proj, SD"
        }))
        .unwrap();
        assert_eq!(
            args.words().unwrap(),
            "(assignee = currentUser()) AND (project IN (PROJ, SD)) ORDER BY created"
        );
    }

    #[test]
    fn a_query_that_makes_no_sense_is_refused_before_anything_is_asked() {
        let table = [
            (serde_json::json!({"jql": "project = A) OR (project = B"}), Some("`jql`: the query's brackets")),
            (
                serde_json::json!({"jql": "", "projects_filter": "A B"}),
                Some("`projects_filter`: `A B` is not"),
            ),
            (serde_json::json!({"jql": "", "projects_filter": " ops ,"}), None),
        ];
        for (given, wanted) in table {
            let args: Args = serde_json::from_value(given.clone()).unwrap();
            let problem = Search::check(&args).err().map(|error| error.to_string());
            assert_eq!(problem.is_some(), wanted.is_some(), "{given}");
            assert!(problem.unwrap_or_default().contains(wanted.unwrap_or_default()), "{given}");
        }
    }
}
