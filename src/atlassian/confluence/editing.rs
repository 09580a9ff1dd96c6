//! Changing and deleting pages and blog posts: `/rest/api/content` on Data Center, `/api/v2` on Cloud.

use serde_json::Value;
use serde_json::json;

use super::BodyFormat;
use super::Confluence;
use super::PageKind;
use super::malformed;
use super::page_kind;
use crate::audit::Permit;
use crate::ids::PageId;
use crate::net::Path;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::policy::Product;
use crate::policy::Write;

/// A page as it shall be.
#[derive(Debug, Clone)]
pub struct PageEdit<'e> {
    /// What it is.
    pub kind: PageKind,
    /// Its title.
    pub title: &'e str,
    /// Its body.
    pub body: &'e str,
    /// The body's format.
    pub format: BodyFormat,
    /// The page above it; without, it stays where it is.
    pub parent: Option<&'e PageId>,
    /// The version that was read.
    pub number: u64,
    /// Whether nobody is to be told.
    pub minor: bool,
    /// What the history says of it.
    pub message: Option<&'e str>,
}

impl Confluence<'_> {
    /// Changes a page. Confluence refuses with 409 if somebody else changed it after it was read.
    pub async fn edit_page(
        &self,
        permit: &Permit<Write>,
        id: &PageId,
        edit: &PageEdit<'_>,
    ) -> Result<Value, UpstreamError> {
        let id = permit.page(id)?.as_str();
        let mut version = json!({"number": edit.number + 1});
        if let (Value::Object(version), Some(message)) = (&mut version, edit.message) {
            version.insert("message".into(), message.into());
        }
        let parent = edit.parent.map(|parent| permit.page(parent)).transpose()?.map(PageId::as_str);
        let request = if self.has_version_two() {
            let mut body = json!({
                "id": id, "status": "current", "title": edit.title, "version": version,
                "body": {"representation": edit.format.as_str(), "value": edit.body},
            });
            if let (Value::Object(body), Some(parent)) = (&mut body, parent) {
                body.insert("parentId".into(), parent.into());
            }
            Request::put(Path::of(["api", "v2", edit.kind.collection()]).value("id", id), body)
        } else {
            let format = edit.format.as_str();
            if let Value::Object(version) = &mut version {
                version.insert("minorEdit".into(), edit.minor.into());
            }
            let mut body = json!({
                "id": id, "type": edit.kind.as_str(), "title": edit.title, "version": version,
                "body": {format: {"value": edit.body, "representation": format}},
            });
            if let (Value::Object(body), Some(parent)) = (&mut body, parent) {
                body.insert("ancestors".into(), json!([{"type": "page", "id": parent}]));
            }
            Request::put(Path::of(["rest", "api", "content"]).value("id", id), body).with("status", "current")
        };
        let answer = self.send(permit, request).await?;
        if answer.get("id").is_none() {
            return Err(malformed("it accepted the change but does not say of which page; look at the page"));
        }
        Ok(answer)
    }

    /// What stood in the way of a change: the version that the page has by now, and whose it is.
    pub async fn conflict(
        &self,
        permit: &Permit<Write>,
        id: &PageId,
        read: u64,
        error: UpstreamError,
    ) -> UpstreamError {
        let Ok(page) = self.page(permit, id).await else { return error };
        if page.pointer("/version/number").and_then(Value::as_u64) == Some(read) {
            return error;
        }
        let now = self.version_said(permit, &page).await;
        let text = format!(
            "the page was changed after version {read} was read: it is {now}. Nothing was overwritten: read the page \
             again and make the change there"
        );
        let body = json!({"message": text}).to_string();
        UpstreamError::from_answer(Product::Confluence, 409, None, body.as_bytes())
    }

    /// Which version a page has, whose it is and since when, in words.
    pub async fn version_said(&self, permit: &Permit<Write>, page: &Value) -> String {
        let text = |pointer: &str| page.pointer(pointer).and_then(Value::as_str);
        let number = page.pointer("/version/number").map(Value::to_string).unwrap_or_default();
        let by = match (text("/version/by/displayName"), text("/version/authorId")) {
            (None, Some(id)) => self.names(permit, [id]).await.of(id).to_owned(),
            (name, _) => name.unwrap_or("somebody").to_owned(),
        };
        let when = text("/version/when").or_else(|| text("/version/createdAt")).unwrap_or("an unknown time");
        format!("at version {number}, by {by}, of {when}")
    }

    /// Moves a page or a blog post to the trash.
    pub async fn delete_page(&self, permit: &Permit<Write>, id: &PageId) -> Result<(), UpstreamError> {
        let id = permit.page(id)?.as_str();
        if !self.has_version_two() {
            let request = Request::delete(Path::of(["rest", "api", "content"]).value("id", id));
            return self.send(permit, request).await.map(|_| ());
        }
        let of = |kind: PageKind| {
            self.send(permit, Request::delete(Path::of(["api", "v2", kind.collection()]).value("id", id)))
        };
        page_kind::either(of).await.map(|_| ())
    }
}
