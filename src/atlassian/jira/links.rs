//! Links between issues, and to pages elsewhere.

use serde_json::Value;
use serde_json::json;

use super::Jira;
use super::NewComment;
use super::has_id;
use super::lists;
use super::malformed;
use crate::audit::Permit;
use crate::ids::IssueKey;
use crate::ids::LinkId;
use crate::net::Path;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::policy::Effect;
use crate::policy::Part;
use crate::policy::Product;
use crate::policy::Read;
use crate::policy::Write;

impl Jira<'_> {
    /// Reads how issues can be linked.
    pub async fn link_types(&self, permit: &Permit<Read>) -> Result<Vec<Value>, UpstreamError> {
        permit.whole(Product::Jira)?;
        self.kinds_of_links(permit).await
    }

    /// The same for who is about to link issues.
    pub async fn kinds_of_links<E: Effect>(&self, permit: &Permit<E>) -> Result<Vec<Value>, UpstreamError> {
        let request = Request::get(Path::of(["rest", "api", "2", "issueLinkType"]));
        let answer = self.recall(permit, request, lists(&["issueLinkTypes"])).await?;
        match answer.get("issueLinkTypes") {
            Some(Value::Array(types)) => Ok(types.clone()),
            _ => Err(malformed("no types of links")),
        }
    }

    /// Links two issues, the inward one first. The comment goes to one of them, in wiki markup on every deployment.
    pub async fn link(
        &self,
        permit: &Permit<Write>,
        kind: &str,
        (inward, outward): (&IssueKey, &IssueKey),
        comment: Option<&NewComment>,
    ) -> Result<(), UpstreamError> {
        let mut body = json!({
            "type": {"name": kind},
            "inwardIssue": {"key": permit.issue(inward)?.as_str()},
            "outwardIssue": {"key": permit.issue(outward)?.as_str()},
        });
        if let (Value::Object(body), Some(comment)) = (&mut body, comment) {
            body.insert("comment".into(), comment.to_body());
        }
        self.send(permit, Request::post(Path::of(["rest", "api", "2", "issueLink"]), body)).await.map(|_| ())
    }

    /// Removes a link between two issues.
    pub async fn unlink(&self, permit: &Permit<Write>, id: &LinkId) -> Result<(), UpstreamError> {
        permit.part(&Part::Link(id.clone()))?;
        let path = Path::of(["rest", "api", "2", "issueLink"]).value("id", id.as_str());
        self.send(permit, Request::delete(path)).await.map(|_| ())
    }

    /// Links an issue to a page elsewhere; the answer says the link's id.
    pub async fn link_remote(
        &self,
        permit: &Permit<Write>,
        key: &IssueKey,
        link: Value,
    ) -> Result<Value, UpstreamError> {
        let key = permit.issue(key)?.as_str();
        let path = Path::of(["rest", "api", self.version(), "issue"]).value("key", key).then(["remotelink"]);
        self.store(permit, Request::post(path, link), has_id, "the link has no id").await
    }
}
