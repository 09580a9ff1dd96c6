//! Adding comments: `/rest/api/{2,3}/issue/{key}/comment` and, for customers, the service desk.

use serde_json::Value;
use serde_json::json;

use super::Jira;
use crate::atlassian::Deployment;
use crate::audit::Permit;
use crate::ids::IssueKey;
use crate::net::Path;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::policy::Write;

/// A comment to add.
#[derive(Debug, Clone)]
pub struct NewComment {
    /// The body in the deployment's own format: wiki markup text, or ADF on Cloud.
    pub body: Value,
    /// Who may see it, as Jira takes it: `{"type": "group", "value": "..."}`.
    pub visibility: Option<Value>,
}

impl Jira<'_> {
    /// Adds a comment to an issue and brings what Jira stored.
    pub async fn add_comment(
        &self,
        permit: &Permit<Write>,
        key: &IssueKey,
        comment: &NewComment,
    ) -> Result<Value, UpstreamError> {
        let key = permit.issue(key)?.as_str();
        let version = match self.deployment {
            Deployment::DataCenter => "2",
            Deployment::Cloud => "3",
        };
        let mut body = json!({"body": comment.body});
        if let (Value::Object(body), Some(visibility)) = (&mut body, &comment.visibility) {
            body.insert("visibility".into(), visibility.clone());
        }
        self.send(permit, Request::post(Path::of(["rest", "api", version, "issue", key, "comment"]), body))
            .await
    }

    /// Adds a comment to a customer request; `public` decides whether the customer sees it.
    pub async fn add_request_comment(
        &self,
        permit: &Permit<Write>,
        key: &IssueKey,
        text: &str,
        public: bool,
    ) -> Result<Value, UpstreamError> {
        let key = permit.issue(key)?.as_str();
        let path = Path::of(["rest", "servicedeskapi", "request", key, "comment"]);
        let request = Request::post(path, json!({"body": text, "public": public}));
        self.send(permit, request.header("x-experimentalapi", "opt-in")).await
    }
}
