//! Logging work: `/rest/api/{2,3}/issue/{key}/worklog`.

use serde_json::Map;
use serde_json::Value;

use super::Jira;
use super::has_id;
use crate::audit::Permit;
use crate::ids::IssueKey;
use crate::net::Path;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::policy::Write;

/// Work to log.
#[derive(Debug, Clone)]
pub struct NewWorklog {
    /// In Jira's notation: how long a day is, Jira alone knows.
    pub time_spent: String,
    /// What was done, in the deployment's own format.
    pub comment: Option<Value>,
    /// When it began, as `2024-01-05T10:00:00.000+0000`.
    pub started: Option<String>,
    /// What is left to do then, in Jira's notation.
    pub remaining: Option<String>,
}

impl Jira<'_> {
    /// Logs work and brings what Jira stored.
    pub async fn add_worklog(
        &self,
        permit: &Permit<Write>,
        key: &IssueKey,
        worklog: &NewWorklog,
    ) -> Result<Value, UpstreamError> {
        let key = permit.issue(key)?.as_str();
        let mut body = Map::new();
        body.insert("timeSpent".into(), worklog.time_spent.as_str().into());
        if let Some(comment) = &worklog.comment {
            body.insert("comment".into(), comment.clone());
        }
        if let Some(started) = &worklog.started {
            body.insert("started".into(), started.as_str().into());
        }
        // A comment alone is a document on Cloud; version 2 gives what version 3 does, besides.
        let version = if worklog.comment.is_some() { self.version() } else { "2" };
        let mut request = Request::post(
            Path::of(["rest", "api", version, "issue"]).value("key", key).then(["worklog"]),
            Value::Object(body),
        );
        if let Some(remaining) = &worklog.remaining {
            request = request.with("adjustEstimate", "new").with("newEstimate", remaining.as_str());
        }
        self.store(permit, request, has_id, "the worklog has no id").await
    }
}
