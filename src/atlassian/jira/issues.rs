//! `/rest/api/{2,3}/issue/{key}` and what hangs below it. Where texts come along, Cloud is asked by version 3: version 2
//! gives them in wiki markup, which has no word for much of what a document holds.

use serde_json::Value;
use serde_json::json;

use super::Fields;
use super::Jira;
use super::malformed;
use super::parts;
use super::parts::shown_worklog;
use super::version_of;
use crate::atlassian::Deployment;
use crate::audit::Permit;
use crate::ids::IssueKey;
use crate::ids::ProjectKey;
use crate::net::Path;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::policy::Effect;
use crate::policy::Read;
use crate::policy::Resource;

/// What to ask for with an issue.
#[derive(Debug, Clone, Default)]
pub struct IssueQuery {
    /// The fields.
    pub fields: Fields,
    /// Jira's `expand`, comma separated.
    pub expand: Vec<String>,
    /// Issue properties by key, comma separated.
    pub properties: Option<String>,
    /// Whether Jira may note that the user looked at the issue.
    pub update_history: bool,
}

impl IssueQuery {
    /// The request for one issue. A look-up (`history` false) never asks Jira to note the visit.
    pub fn request(&self, key: &IssueKey, deployment: Deployment, history: bool) -> Request {
        let mut request =
            Request::get(text_path(deployment, key, None)).with("fields", self.fields.to_query());
        if let Some(properties) = &self.properties {
            request = request.with("properties", properties);
        }
        if !self.expand.is_empty() {
            request = request.with("expand", self.expand.join(","));
        }
        request.with("updateHistory", if history && self.update_history { "true" } else { "false" })
    }
}

/// A part of an issue that costs a request of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Include {
    /// Links to other systems.
    RemoteLinks,
    /// The transitions open to the caller.
    Transitions,
    /// Who watches.
    Watchers,
    /// The history of changes.
    Changelog,
    /// Comments.
    Comments,
    /// Work logged.
    Worklogs,
}

impl Include {
    /// Every part.
    pub const ALL: [Self; 6] = [
        Self::RemoteLinks,
        Self::Transitions,
        Self::Watchers,
        Self::Changelog,
        Self::Comments,
        Self::Worklogs,
    ];

    /// The words of the argument `include`.
    pub const WORDS: &str = "comments, worklogs, changelog, transitions, watchers, remote_links and all";

    /// The word in the argument `include`, in any case.
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "remote_links" => Self::RemoteLinks,
            "transitions" => Self::Transitions,
            "watchers" => Self::Watchers,
            "changelog" => Self::Changelog,
            "comments" => Self::Comments,
            "worklogs" => Self::Worklogs,
            _ => return None,
        })
    }
}

impl Jira<'_> {
    /// Reads one issue as Jira gives it.
    pub async fn issue(
        &self,
        permit: &Permit<Read>,
        key: &IssueKey,
        query: &IssueQuery,
    ) -> Result<Value, UpstreamError> {
        let key = permit.issue(key)?;
        let issue = self.get(permit, query.request(key, self.deployment(), true)).await?;
        if issue.get("key").and_then(Value::as_str).is_none() {
            return Err(malformed("the issue has no key"));
        }
        Ok(issue)
    }

    /// Reads the newest comments, newest last.
    pub async fn newest_comments(
        &self,
        permit: &Permit<Read>,
        key: &IssueKey,
        limit: usize,
    ) -> Result<Vec<Value>, UpstreamError> {
        let request = Request::get(text_path(self.deployment(), permit.issue(key)?, Some("comment")))
            .with("orderBy", "-created")
            .with("maxResults", limit.to_string());
        let answer = self.get(permit, request).await?;
        let Some(Value::Array(mut comments)) = answer.get("comments").cloned() else {
            return Err(malformed("the comments are not a list"));
        };
        // Older servers ignore the order; the newest are kept either way.
        let created = |comment: &Value| comment.get("created").and_then(Value::as_str).map(str::to_owned);
        comments.sort_by_key(created);
        let surplus = comments.len().saturating_sub(limit);
        Ok(comments.split_off(surplus))
    }

    /// Reads the links to other systems.
    pub async fn remote_links(&self, permit: &Permit<Read>, key: &IssueKey) -> Result<Value, UpstreamError> {
        let version = self.version();
        let key = permit.issue(key)?.as_str();
        let request =
            Request::get(Path::of(["rest", "api", version, "issue"]).value("key", key).then(["remotelink"]));
        self.get(permit, request).await
    }

    /// Reads the transitions open to the caller as Jira gives them.
    pub async fn offered_transitions<E: Effect>(
        &self,
        permit: &Permit<E>,
        key: &IssueKey,
    ) -> Result<Vec<Value>, UpstreamError> {
        let answer =
            self.get(permit, Request::get(issue_path(permit.issue(key)?, Some("transitions")))).await?;
        match answer.get("transitions") {
            Some(Value::Array(offered)) => Ok(offered.clone()),
            _ => Err(malformed("no transitions")),
        }
    }

    /// Reads the transitions open to the caller: their numbers and names.
    pub async fn transitions(&self, permit: &Permit<Read>, key: &IssueKey) -> Result<Value, UpstreamError> {
        let answer =
            self.get(permit, Request::get(issue_path(permit.issue(key)?, Some("transitions")))).await?;
        let listed =
            answer.get("transitions").and_then(Value::as_array).ok_or_else(|| malformed("no transitions"))?;
        Ok(listed
            .iter()
            .map(|transition| {
                let id = transition.get("id").and_then(Value::as_str).and_then(|id| id.parse::<i64>().ok());
                json!({"id": id, "name": transition.get("name")})
            })
            .collect())
    }

    /// Reads who watches.
    pub async fn watchers(&self, permit: &Permit<Read>, key: &IssueKey) -> Result<Value, UpstreamError> {
        let answer = self.get(permit, Request::get(issue_path(permit.issue(key)?, Some("watchers")))).await?;
        let watchers = answer.get("watchers").and_then(Value::as_array);
        let watchers = watchers.ok_or_else(|| malformed("no watchers"))?;
        Ok(json!({
            "issue_key": key.as_str(),
            "watcher_count": answer.get("watchCount"),
            "is_watching": answer.get("isWatching"),
            "watchers": watchers.iter().map(parts::person).collect::<Vec<_>>(),
        }))
    }

    /// Reads the worklogs, page after page up to fifty of them, and how many there are in all.
    pub async fn worklogs(
        &self,
        permit: &Permit<Read>,
        key: &IssueKey,
    ) -> Result<(Vec<Value>, u64), UpstreamError> {
        const PAGE: usize = 100;
        const MOST_PAGES: usize = 50;
        let (mut found, mut total) = (Vec::new(), 0);
        for _ in 0..MOST_PAGES {
            let request = Request::get(text_path(self.deployment(), permit.issue(key)?, Some("worklog")));
            // Data Center gives all of them at once, and takes no such parameters.
            let request = match self.deployment() {
                Deployment::DataCenter => request,
                Deployment::Cloud => {
                    request.with("maxResults", PAGE.to_string()).with("startAt", found.len().to_string())
                }
            };
            let answer = self.get(permit, request).await?;
            let page =
                answer.get("worklogs").and_then(Value::as_array).ok_or_else(|| malformed("no worklogs"))?;
            total = answer.get("total").and_then(Value::as_u64).unwrap_or(0);
            found.extend(page.iter().map(|entry| Value::Object(shown_worklog(entry, self.texts))));
            let is_last = page.is_empty() || self.deployment() == Deployment::DataCenter;
            if is_last || found.len() as u64 >= total {
                break;
            }
        }
        Ok((found, total))
    }
}

/// The path of an issue, or of what hangs on it, where texts come along.
pub(super) fn text_path(deployment: Deployment, key: &IssueKey, below: Option<&'static str>) -> Path {
    Path::of(["rest", "api", version_of(deployment), "issue"]).value("key", key.as_str()).then(below)
}

pub(super) fn issue_path(key: &IssueKey, below: Option<&'static str>) -> Path {
    Path::of(["rest", "api", "2", "issue"]).value("key", key.as_str()).then(below)
}

/// Where Jira says an issue lies: its present key and project. An old key of a moved issue leads to its new place.
pub fn issue_place(issue: &Value) -> Option<Resource> {
    let key = IssueKey::parse(issue.get("key")?.as_str()?).ok()?;
    let project = match issue.pointer("/fields/project/key") {
        // The key says the same; where it does not, nobody knows where the issue lies.
        Some(project) => {
            ProjectKey::parse(project.as_str()?).ok().filter(|project| *project == key.project())?
        }
        None => key.project(),
    };
    Some(Resource::Issue { key, project: Some(project) })
}
