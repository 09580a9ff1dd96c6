//! Adding comments: `/rest/api/{2,3}/issue/{key}/comment` and, for customers, the service desk.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::Jira;
use super::has_id;
use crate::audit::Permit;
use crate::ids::CommentId;
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
    /// Whether a service desk keeps it from the customer: without this word the customer reads it. In other projects it
    /// says nothing.
    pub internal: bool,
}

impl NewComment {
    pub(super) fn to_body(&self) -> Value {
        let mut body = Map::new();
        body.insert("body".into(), self.body.clone());
        if let Some(visibility) = &self.visibility {
            body.insert("visibility".into(), visibility.clone());
        }
        if self.internal {
            let property = json!([{"key": "sd.public.comment", "value": {"internal": true}}]);
            body.insert("properties".into(), property);
        }
        Value::Object(body)
    }
}

const NO_ID: &str = "the comment has no id";

impl Jira<'_> {
    /// Adds a comment to an issue and brings what Jira stored.
    pub async fn add_comment(
        &self,
        permit: &Permit<Write>,
        key: &IssueKey,
        comment: &NewComment,
    ) -> Result<Value, UpstreamError> {
        let key = permit.issue(key)?.as_str();
        let version = self.version();
        let path = Path::of(["rest", "api", version, "issue"]).value("key", key).then(["comment"]);
        self.store(permit, Request::post(path, comment.to_body()), has_id, NO_ID).await
    }

    /// Replaces the body of a comment, and who may see it, and brings what Jira stored.
    pub async fn edit_comment(
        &self,
        permit: &Permit<Write>,
        key: &IssueKey,
        id: &CommentId,
        comment: &NewComment,
    ) -> Result<Value, UpstreamError> {
        let key = permit.issue(key)?.as_str();
        let path = Path::of(["rest", "api", self.version(), "issue"])
            .value("key", key)
            .then(["comment"])
            .value("id", id.as_str());
        self.store(permit, Request::put(path, comment.to_body()), has_id, NO_ID).await
    }

    /// Adds a comment to a customer request that the customer sees; the text is wiki markup on every deployment.
    pub async fn add_public_comment(
        &self,
        permit: &Permit<Write>,
        key: &IssueKey,
        text: &str,
    ) -> Result<Value, UpstreamError> {
        let key = permit.issue(key)?.as_str();
        let path = Path::of(["rest", "servicedeskapi", "request"]).value("key", key).then(["comment"]);
        let request = Request::post(path, json!({"body": text, "public": true}));
        self.store(permit, request.header("x-experimentalapi", "opt-in"), has_id, NO_ID).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_asked_for_is_sent() {
        let group = json!({"type": "group", "value": "ops"});
        let property = json!([{"key": "sd.public.comment", "value": {"internal": true}}]);
        let table = [
            (None, false, json!({"body": "x"})),
            (Some(group.clone()), false, json!({"body": "x", "visibility": group})),
            (None, true, json!({"body": "x", "properties": property})),
        ];
        for (visibility, internal, wanted) in table {
            assert_eq!(NewComment { body: "x".into(), visibility, internal }.to_body(), wanted);
        }
    }
}
