//! Searching issues: `/rest/api/2/search` on Data Center, `/rest/api/3/search/jql` on Cloud.

use serde_json::Value;
use serde_json::json;

use super::Fields;
use super::Jira;
use super::Place;
use super::malformed;
use crate::atlassian::Deployment;
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
    /// Where to go on, Cloud alone.
    pub page_token: Option<String>,
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
    /// Where to go on, Cloud alone.
    pub next_page_token: Option<String>,
    /// The display names of fields, when `names` was expanded.
    pub names: Option<Value>,
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
            next_page_token: answer.get("nextPageToken").and_then(Value::as_str).map(str::to_owned),
            names: answer.get("names").cloned(),
            issues,
        })
    }
}

/// How many issues Cloud gives at most at a time.
const LARGEST_PAGE: u64 = 100;

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
        let mut page_token = None;
        loop {
            let query = SearchQuery {
                jql: jql.to_owned(),
                fields: fields.clone(),
                expand: Vec::new(),
                limit: most - found.len() as u64,
                start_at: found.len() as u64,
                page_token,
            };
            let page = self.find(permit, Place::Project(project), &query, sight).await?.page;
            let here = page.issues.len();
            found.extend(page.issues);
            page_token = page.next_page_token;
            let is_last = match self.deployment() {
                Deployment::Cloud => page_token.is_none(),
                Deployment::DataCenter => page.total.is_none_or(|total| found.len() as u64 >= total),
            };
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
        let by_number =
            self.deployment() == Deployment::Cloud && query.start_at > 0 && query.page_token.is_none();
        let mut page = if by_number {
            self.page_after(permit, query).await?
        } else {
            SearchPage::of(&self.get(permit, self.search_request(query)).await?, query)?
        };
        self.name_epics(permit, &query.fields, &mut page.issues).await?;
        Ok(page)
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
            if page.next_page_token.is_none() || here == 0 {
                page.issues.clear();
                page.next_page_token = None;
                page.max_results = query.limit;
                return Ok(page);
            }
            step.page_token = page.next_page_token;
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
                if let Some(token) = &query.page_token {
                    body.insert("nextPageToken".into(), token.as_str().into());
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
