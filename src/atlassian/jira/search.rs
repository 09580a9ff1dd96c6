//! Searching issues: `/rest/api/2/search` on Data Center, `/rest/api/3/search/jql` on Cloud.

use serde_json::Value;
use serde_json::json;

use super::Fields;
use super::Jira;
use super::Place;
use super::malformed;
use crate::atlassian::Deployment;
use crate::atlassian::Position;
use crate::audit::Permit;
use crate::ids::ProjectKey;
use crate::net::Path;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::policy::Product;
use crate::policy::Read;
use crate::policy::Sight;

/// One page of a search.
#[derive(Debug, Clone)]
pub struct SearchQuery {
    /// The JQL, complete.
    pub jql: String,
    /// The fields of each issue.
    pub fields: Fields,
    /// Jira's `expand`.
    pub expand: Vec<String>,
    /// How many at most; Data Center gives 50, Cloud 100.
    pub limit: u64,
    /// How many to leave out at the start; on Cloud only without a token.
    pub start_at: u64,
    /// Where to go on, as an earlier page said.
    pub from: Position,
}

/// What a search found.
#[derive(Debug)]
pub struct SearchPage {
    /// The issues as Jira gives them.
    pub issues: Vec<Value>,
    /// How many match in all; unknown on Cloud.
    pub total: Option<u64>,
    /// Where this page starts.
    pub start_at: u64,
    /// The page size that was in force.
    pub max_results: u64,
    /// Where to go on, if that is known by more than a number.
    pub next: Option<Position>,
    /// Whether there is more, where neither a total nor a token says it.
    pub more: Option<bool>,
    /// The display names of fields, when `names` was expanded.
    pub names: Option<Value>,
    /// How many issues were left out, as the caller may not see them.
    pub left_out: u64,
}

impl SearchPage {
    pub(super) fn of(answer: &Value, query: &SearchQuery) -> Result<Self, UpstreamError> {
        let Some(Value::Array(issues)) = answer.get("issues").cloned() else {
            return Err(malformed("the search result has no issues"));
        };
        let number = |name: &str| answer.get(name).and_then(Value::as_u64);
        Ok(Self {
            total: number("total"),
            start_at: number("startAt").unwrap_or(0),
            max_results: number("maxResults").unwrap_or(query.limit),
            next: answer.get("nextPageToken").and_then(Value::as_str).map(Position::after),
            more: None,
            names: answer.get("names").cloned(),
            left_out: 0,
            issues,
        })
    }

    /// Whether nothing comes after this page, when so many issues were reached with it.
    pub fn is_last(&self, reached: u64, deployment: Deployment) -> bool {
        match (self.more, &self.next, self.total) {
            (Some(more), ..) => !more,
            (None, Some(_), _) => false,
            (None, None, Some(total)) => reached >= total,
            // A search of Cloud does not count.
            (None, None, None) => deployment == Deployment::Cloud,
        }
    }
}

/// How many issues Cloud gives at most at a time.
pub(super) const LARGEST_PAGE: u64 = 100;

/// How many issues are walked through on Cloud to get to a page by its number.
const MOST_SKIPPED: u64 = 2_000;

impl Jira<'_> {
    /// Runs a search.
    pub(super) async fn search(
        &self,
        permit: &Permit<Read>,
        query: &SearchQuery,
    ) -> Result<SearchPage, UpstreamError> {
        permit.whole(Product::Jira)?;
        self.page(permit, query).await
    }

    /// Runs a search that stays in one project.
    pub(super) async fn search_project(
        &self,
        permit: &Permit<Read>,
        project: &ProjectKey,
        query: &SearchQuery,
    ) -> Result<SearchPage, UpstreamError> {
        permit.project(project)?;
        self.page(permit, query).await
    }

    /// Searches one project for what the caller may see until there are enough issues; also says whether these are all.
    pub async fn search_all_of(
        &self,
        permit: &Permit<Read>,
        project: &ProjectKey,
        (jql, sight): (&str, &Sight<'_>),
        fields: &Fields,
        most: u64,
    ) -> Result<(Vec<Value>, bool), UpstreamError> {
        let mut found: Vec<Value> = Vec::new();
        let mut from = Position::default();
        loop {
            let query = SearchQuery {
                jql: jql.to_owned(),
                fields: fields.clone(),
                expand: Vec::new(),
                limit: most - found.len() as u64,
                start_at: found.len() as u64,
                from,
            };
            let mut page = self.find(permit, Place::Project(project), &query, sight).await?.page;
            let here = page.issues.len();
            found.append(&mut page.issues);
            let is_last = page.is_last(found.len() as u64, self.deployment());
            from = page.next.unwrap_or_default();
            if is_last || here == 0 || found.len() as u64 >= most {
                found.truncate(usize::try_from(most).unwrap_or(usize::MAX));
                return Ok((found, is_last));
            }
        }
    }

    pub(super) async fn page(
        &self,
        permit: &Permit<Read>,
        query: &SearchQuery,
    ) -> Result<SearchPage, UpstreamError> {
        if self.deployment() == Deployment::Cloud && query.start_at > 0 && query.from.is_first() {
            return self.page_after(permit, query).await;
        }
        SearchPage::of(&self.get(permit, self.search_request(query)).await?, query)
    }

    /// A page of Cloud by its number: Cloud knows no numbers, so what comes before is walked through.
    async fn page_after(
        &self,
        permit: &Permit<Read>,
        query: &SearchQuery,
    ) -> Result<SearchPage, UpstreamError> {
        if query.start_at > MOST_SKIPPED {
            let text = format!(
                "on Cloud `start_at` is at most {MOST_SKIPPED}; narrow the search, or go on by page_token"
            );
            return Err(UpstreamError::NotPermitted(text));
        }
        let mut step = SearchQuery { start_at: 0, ..query.clone() };
        let mut left = query.start_at;
        loop {
            step.limit = if left == 0 { query.limit } else { left.min(LARGEST_PAGE) };
            let answer = self.get(permit, self.search_request(&step)).await?;
            let mut page = SearchPage::of(&answer, query)?;
            let here = page.issues.len() as u64;
            if left == 0 {
                return Ok(page);
            }
            left = left.saturating_sub(here);
            let Some(next) = page.next.take().filter(|_| here > 0) else {
                page.issues.clear();
                page.max_results = query.limit;
                return Ok(page);
            };
            step.from = next;
        }
    }

    fn search_request(&self, query: &SearchQuery) -> Request {
        if self.deployment() == Deployment::Cloud {
            let mut body = json!({"jql": query.jql, "fields": query.fields.names()});
            if let Value::Object(body) = &mut body {
                if !query.expand.is_empty() {
                    body.insert("expand".into(), query.expand.join(",").into());
                }
                body.insert("maxResults".into(), query.limit.min(LARGEST_PAGE).into());
                if let Some(token) = query.from.token() {
                    body.insert("nextPageToken".into(), token.into());
                }
            }
            return Request::post(Path::of(["rest", "api", "3", "search", "jql"]), body);
        }
        let mut request = Request::get(Path::of(["rest", "api", "2", "search"]))
            .with("startAt", query.start_at.to_string())
            .with("maxResults", query.limit.min(50).to_string())
            .with("fields", query.fields.to_query())
            .with("jql", query.jql.as_str());
        if !query.expand.is_empty() {
            request = request.with("expand", query.expand.join(","));
        }
        request
    }
}
