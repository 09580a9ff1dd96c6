//! A page of issues as a result.

use serde_json::Map;
use serde_json::Value;

use super::wanted::Wanted;
use crate::atlassian::jira::Found;
use crate::atlassian::jira::IssueView;
use crate::atlassian::jira::Jira;
use crate::atlassian::jira::SearchQuery;
use crate::lookup;
use crate::tools::Item;
use crate::tools::Output;
use crate::tools::Total;

/// What is said of every page without issues where policies hide some: what is hidden and what does not exist are one.
const TACIT: &str =
    "a query that names something which does not exist, or is not visible to you, finds nothing at all";

/// The issues of a page, for a tool that goes on by number alone.
pub(super) fn page(jira: &Jira<'_>, found: &Found, query: &SearchQuery, wanted: Wanted) -> Output {
    issues(jira, found, query, (wanted, false), None)
}

/// The issues of a page, each to be sifted, and how to go on: by a token, if there is one, or by number.
pub(super) fn issues(
    jira: &Jira<'_>,
    found: &Found,
    query: &SearchQuery,
    (wanted, display_names): (Wanted, bool),
    token: Option<String>,
) -> Output {
    let page = &found.page;
    let show = |issue: &Value| {
        let names = page.names.as_ref().or_else(|| issue.get("names"));
        let view = IssueView {
            base: jira.base(),
            fields: &wanted.fields,
            names: wanted.names(names.filter(|_| display_names)),
            comment_limit: usize::MAX,
            texts: jira.texts(),
        };
        Item {
            resources: lookup::issue_place(issue).into_iter().collect(),
            value: Value::Object(view.show(issue)),
        }
    };
    let items = page.issues.iter().map(show).collect();
    let mut envelope = Map::new();
    let reached = query.start_at + page.issues.len() as u64;
    let complete = page.is_last(reached, jira.deployment());
    envelope.insert("start_at".into(), query.start_at.into());
    let size = page.max_results.min(query.limit);
    envelope.insert("max_results".into(), size.into());
    wanted.tell(&mut envelope);
    let next = match token {
        Some(token) => {
            envelope.insert("next_page_token".into(), token.into());
            Some("call again with page_token set to next_page_token".to_owned())
        }
        None => (!complete).then(|| format!("call again with start_at = {reached}")),
    };
    if found.is_tacit && page.issues.is_empty() && query.start_at == 0 {
        envelope.insert("note".into(), TACIT.into());
    }
    let total = page.total.map(|count| Total { count, own: found.exact });
    Output::Items {
        items,
        envelope,
        field: Some("issues"),
        complete,
        total,
        next,
        sought: true,
        window: None,
        left_out: page.left_out,
    }
}
