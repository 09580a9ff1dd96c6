//! Searching by CQL: `/rest/api/search`.

use serde_json::Value;

use super::Confluence;
use super::PageKind;
use super::listing::has_more;
use super::malformed;
use super::pages::id_text;
use crate::atlassian::paged::Place;
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
    /// How many hits were left out, as the caller may not see them.
    pub left_out: u64,
}

impl Confluence<'_> {
    /// Runs a CQL search.
    pub(super) async fn search(
        &self,
        permit: &Permit<Read>,
        cql: &str,
        limit: u64,
    ) -> Result<SearchPage, UpstreamError> {
        let answer = self.search_from(permit, cql, (None, limit)).await?;
        let hits = hits(&answer)?;
        let total = answer.get("totalSize").and_then(Value::as_u64);
        let more = has_more(&answer) || total.is_some_and(|total| total > hits.len() as u64);
        Ok(SearchPage { hits, total, more, left_out: 0 })
    }

    /// What a CQL search finds from a place on, as Confluence gives it.
    pub(super) async fn search_from(
        &self,
        permit: &Permit<Read>,
        cql: &str,
        (place, limit): (Option<&Place>, u64),
    ) -> Result<Value, UpstreamError> {
        permit.whole(Product::Confluence)?;
        let request = Request::get(Path::of(["rest", "api", "search"]));
        let request = match place {
            None => request.with("start", "0"),
            Some(Place::Start(start)) => request.with("start", start.to_string()),
            Some(Place::Token(cursor)) => request.with("cursor", cursor.as_str()),
        };
        let request = request
            .with("limit", limit.to_string())
            .with("cql", cql)
            .with("expand", "content.history,content.version,content.space,content.container");
        self.get(permit, request).await
    }
}

/// What an answer says was found.
pub(super) fn hits(answer: &Value) -> Result<Vec<SearchHit>, UpstreamError> {
    let Some(Value::Array(results)) = answer.get("results").cloned() else {
        return Err(malformed("the search result is not a list"));
    };
    Ok(results.into_iter().map(|hit| SearchHit { resource: resource_of(&hit), hit }).collect())
}

/// What is like a page: it lies in a space by itself, and is decided on by its own id.
const LIKE_PAGES: [&str; 6] = ["page", "blogpost", "folder", "whiteboard", "database", "embed"];

/// Where a hit lies. A comment, a file or the like is as visible as the page it is on; where that is not told, nobody
/// knows whether it may be shown.
fn resource_of(hit: &Value) -> Option<Resource> {
    let text = |pointer: &str| hit.pointer(pointer).and_then(Value::as_str);
    let key = text("/content/space/key").or_else(|| text("/space/key"));
    let space = key
        .or_else(|| space_in_link(text("/resultGlobalContainer/displayUrl")?))
        .and_then(|key| SpaceKey::parse(key).ok())?;
    let Some(content) = hit.get("content").filter(|content| !content.is_null()) else {
        return Some(Resource::Space(space));
    };
    let stands_alone =
        content.get("type").and_then(Value::as_str).is_some_and(|kind| LIKE_PAGES.contains(&kind));
    let page = if stands_alone {
        content
    } else {
        content.get("container").filter(|page| PageKind::of(page).is_some())?
    };
    let id = PageId::parse(&id_text(page.get("id")?)).ok()?;
    Some(Resource::Page { id, space: Some(space) })
}

/// The space in a link such as `/spaces/DOCS` or `/display/DOCS`.
fn space_in_link(link: &str) -> Option<&str> {
    let rest = link.strip_prefix("/spaces/").or_else(|| link.strip_prefix("/display/"))?;
    rest.split(['/', '?']).next()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_hangs_on_a_page_is_decided_on_with_it() {
        let space = json!({"key": "DOCS"});
        let page = |id: &str| {
            let (id, space) = (PageId::parse(id).unwrap(), SpaceKey::parse("DOCS").ok());
            Some(Resource::Page { id, space })
        };
        let on = |kind: &str, container: Value| json!({"id": "71", "type": kind, "space": space, "container": container});
        let table = [
            (json!({"content": {"id": "7", "type": "page", "space": space}}), page("7")),
            (json!({"content": {"id": 7, "type": "folder", "space": space}}), page("7")),
            (json!({"content": on("comment", json!({"id": "7", "type": "page"}))}), page("7")),
            (json!({"content": on("attachment", json!({"id": 8, "type": "blogpost"}))}), page("8")),
            (json!({"content": on("comment", json!({"id": "72", "type": "comment"}))}), None),
            (json!({"content": on("ac:app:thing", json!({"key": "DOCS", "name": "Docs"}))}), None),
            (json!({"content": on("attachment", Value::Null)}), None),
            (json!({"content": {"id": "7", "type": "page"}}), None),
            (
                json!({"space": space, "entityType": "space"}),
                SpaceKey::parse("DOCS").ok().map(Resource::Space),
            ),
            (json!({"user": {"displayName": "Ann"}}), None),
        ];
        for (hit, wanted) in table {
            assert_eq!(resource_of(&hit), wanted, "{hit}");
        }
    }
}
