//! How often pages are looked at, which Cloud alone tells: `/rest/api/analytics/content/{id}`.

use serde_json::Value;

use super::Confluence;
use super::PageKind;
use super::malformed;
use super::page_kind;
use crate::audit::Permit;
use crate::ids::PageId;
use crate::net::Path;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::policy::Effect;

impl Confluence<'_> {
    /// How often a page was looked at.
    pub async fn views<E: Effect>(&self, permit: &Permit<E>, id: &PageId) -> Result<u64, UpstreamError> {
        let id = permit.page(id)?.as_str();
        let request =
            Request::get(Path::of(["rest", "api", "analytics", "content"]).value("id", id).then(["views"]));
        let answer = self.get(permit, request).await?;
        answer.get("count").and_then(Value::as_u64).ok_or_else(|| malformed("there is no count of views"))
    }

    /// The title of a page or a blog post of Cloud, without its content.
    pub async fn title<E: Effect>(&self, permit: &Permit<E>, id: &PageId) -> Result<String, UpstreamError> {
        let id = permit.page(id)?.as_str();
        let of = |kind: PageKind| {
            self.get(permit, Request::get(Path::of(["api", "v2", kind.collection()]).value("id", id)))
        };
        let (_, page) = page_kind::either(of).await?;
        let title = page.get("title").and_then(Value::as_str);
        title.map(str::to_owned).ok_or_else(|| malformed("the page has no title"))
    }
}
