//! Searching by CQL: `/rest/api/search`.

use serde_json::Value;

use super::Confluence;
use super::malformed;
use crate::audit::Permit;
use crate::ids::PageId;
use crate::ids::SpaceKey;
use crate::net::Path;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::policy::Product;
use crate::policy::Read;
use crate::policy::Resource;

/// One thing a search found.
#[derive(Debug)]
pub struct SearchHit {
    /// What it is, as policies see it; `None` when Confluence did not say where it lies.
    pub resource: Option<Resource>,
    /// The hit as Confluence gives it.
    pub hit: Value,
}

/// One page of a search.
#[derive(Debug)]
pub struct SearchPage {
    /// What was found.
    pub hits: Vec<SearchHit>,
    /// How many match in all, if Confluence said so.
    pub total: Option<u64>,
    /// Whether there is more.
    pub more: bool,
}

impl Confluence<'_> {
    /// Runs a CQL search.
    pub async fn search(
        &self,
        permit: &Permit<Read>,
        cql: &str,
        limit: u64,
    ) -> Result<SearchPage, UpstreamError> {
        permit.whole(Product::Confluence)?;
        let request = Request::get(Path::of(["rest", "api", "search"]))
            .with("start", "0")
            .with("limit", limit.to_string())
            .with("cql", cql)
            .with("expand", "content.history,content.version,content.space");
        let answer = self.get(permit, request).await?;
        let Some(Value::Array(results)) = answer.get("results").cloned() else {
            return Err(malformed("the search result is not a list"));
        };
        let total = answer.get("totalSize").and_then(Value::as_u64);
        let next = answer.pointer("/_links/next").is_some();
        let more = next || total.is_some_and(|total| total > results.len() as u64);
        let hits = results.into_iter().map(|hit| SearchHit { resource: resource_of(&hit), hit }).collect();
        Ok(SearchPage { hits, total, more })
    }
}

/// Where a hit lies. Anything but a page or a space is as visible as its space.
fn resource_of(hit: &Value) -> Option<Resource> {
    let text = |pointer: &str| hit.pointer(pointer).and_then(Value::as_str);
    let key = text("/content/space/key").or_else(|| text("/space/key"));
    let space = key
        .or_else(|| space_in_link(text("/resultGlobalContainer/displayUrl")?))
        .and_then(|key| SpaceKey::parse(key).ok())?;
    let page = matches!(text("/content/type"), Some("page" | "blogpost"));
    match text("/content/id").and_then(|id| PageId::parse(id).ok()) {
        Some(id) if page => Some(Resource::Page { id, space: Some(space) }),
        _ => Some(Resource::Space(space)),
    }
}

/// The space in a link such as `/spaces/DOCS` or `/display/DOCS`.
fn space_in_link(link: &str) -> Option<&str> {
    let rest = link.strip_prefix("/spaces/").or_else(|| link.strip_prefix("/display/"))?;
    rest.split(['/', '?']).next()
}
