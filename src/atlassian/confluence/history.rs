//! Former versions of a page: `/rest/api/content/{id}?status=historical` and `/api/v2/pages/{id}?version=`.

use serde_json::Value;

use super::Confluence;
use super::PageKind;
use super::Permitted;
use super::Wanted;
use super::malformed;
use super::page_kind;
use super::pages;
use super::wanted;
use super::wanted::Ask;
use crate::audit::Permit;
use crate::ids::PageId;
use crate::ids::SpaceName;
use crate::net::Path;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::policy::Effect;

/// What is asked for with a version.
const EXPAND: &str = "body.storage,version,space,children.attachment,history";

impl Confluence<'_> {
    /// A page as it was in a version, with its space; nothing if the page has no such version.
    pub async fn page_version<E: Effect>(
        &self,
        permit: &Permit<E>,
        id: &PageId,
        version: u64,
    ) -> Result<Option<Value>, UpstreamError> {
        let Some(page) = self.version_content(permit, id, version).await? else { return Ok(None) };
        if !self.has_version_two() {
            return Ok(Some(page));
        }
        let permitted = Permitted { confluence: self, permit };
        let space = permitted.ask(Wanted::Space(&SpaceName::Id(wanted::space_id(&page)?))).await?;
        Ok(Some(wanted::as_first(page, &space, "page")))
    }

    /// A page as it was in a version; nothing if the page has no such version.
    pub async fn version_content<E: Effect>(
        &self,
        permit: &Permit<E>,
        id: &PageId,
        version: u64,
    ) -> Result<Option<Value>, UpstreamError> {
        permit.page(id)?;
        let found = if self.has_version_two() {
            self.version_by_version_two(permit, id, version).await
        } else {
            self.version_by_status(permit, id, version).await
        };
        let page = match found {
            Err(error) if error.status() == Some(404) => return Ok(None),
            page => page?,
        };
        if PageKind::of(&page).is_none() {
            return Err(pages::absent());
        }
        if page.pointer("/version/number").and_then(Value::as_u64) != Some(version) {
            return Err(malformed("it gave another version than the one asked for"));
        }
        if page.pointer("/body/storage/value").is_none_or(|body| !body.is_string()) {
            return Err(malformed("the version has no content"));
        }
        Ok(Some(page))
    }

    async fn version_by_status<E: Effect>(
        &self,
        permit: &Permit<E>,
        id: &PageId,
        version: u64,
    ) -> Result<Value, UpstreamError> {
        let path = || Path::of(["rest", "api", "content"]).value("id", id.as_str());
        let request = Request::get(path())
            .with("expand", EXPAND)
            .with("status", "historical")
            .with("version", version.to_string());
        match self.get(permit, request).await {
            // The present version is no historical one.
            Err(error) if error.status() == Some(404) => {
                let present = self.get(permit, Request::get(path()).with("expand", EXPAND)).await?;
                let number = present.pointer("/version/number").and_then(Value::as_u64);
                if number == Some(version) { Ok(present) } else { Err(error) }
            }
            page => page,
        }
    }

    async fn version_by_version_two<E: Effect>(
        &self,
        permit: &Permit<E>,
        id: &PageId,
        version: u64,
    ) -> Result<Value, UpstreamError> {
        let of = |kind: PageKind| {
            let request = Request::get(Path::of(["api", "v2", kind.collection()]).value("id", id.as_str()))
                .with("version", version.to_string())
                .with("body-format", "storage")
                .with("include-properties", "true");
            self.get(permit, request)
        };
        let (kind, mut page) = page_kind::either(of).await?;
        if let Value::Object(page) = &mut page {
            page.insert("type".into(), kind.as_str().into());
        }
        Ok(page)
    }
}
