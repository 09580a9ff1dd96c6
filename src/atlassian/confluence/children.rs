//! What lies below a page: `/rest/api/content/{id}/child/{type}` and `/api/v2/pages/{id}/direct-children`.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use futures::StreamExt as _;
use futures::TryStreamExt as _;
use serde_json::Value;

use super::Confluence;
use super::PageKind;
use super::Permitted;
use super::Wanted;
use super::listing::Listing;
use super::listing::results;
use super::pages::id_text;
use super::wanted;
use super::wanted::Ask;
use crate::audit::Permit;
use crate::ids::PageId;
use crate::ids::SpaceName;
use crate::net::Path;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::policy::Effect;

/// Spaces that are asked for at once.
const AT_ONCE: usize = 6;

/// Which children are wanted, and what of them.
#[derive(Debug, Clone)]
pub struct ChildrenQuery {
    /// How many to leave out at the start.
    pub start: u64,
    /// How many of each kind on the first API, in all on the second.
    pub limit: u64,
    /// Folders and other content as well.
    pub folders: bool,
    /// Their bodies as well.
    pub bodies: bool,
    /// Who wrote them when as well, which the second API does not list.
    pub versions: bool,
    /// Confluence's expand values, for the first API.
    pub expand: String,
}

/// What lies below a page, in the shape of the first API.
#[derive(Debug)]
pub struct Children {
    /// The children.
    pub found: Vec<Value>,
    /// Where to go on, if there are more.
    pub next_start: Option<u64>,
}

impl Confluence<'_> {
    /// The children of a page.
    pub async fn children<E: Effect>(
        &self,
        permit: &Permit<E>,
        parent: &PageId,
        query: &ChildrenQuery,
    ) -> Result<Children, UpstreamError> {
        permit.page(parent)?;
        if self.has_version_two() {
            self.children_by_version_two(permit, parent, query).await
        } else {
            self.children_by_kind(permit, parent, query).await
        }
    }

    async fn children_by_kind<E: Effect>(
        &self,
        permit: &Permit<E>,
        parent: &PageId,
        query: &ChildrenQuery,
    ) -> Result<Children, UpstreamError> {
        let listed = async |kind: &'static str| {
            let path =
                Path::of(["rest", "api", "content"]).value("id", parent.as_str()).then(["child", kind]);
            let request = Request::get(path).with("expand", query.expand.as_str());
            self.listed_by_start(permit, &request, (query.start, query.limit, query.limit)).await
        };
        let folders = async {
            if !query.folders {
                return Ok(Listing { items: Vec::new(), complete: true });
            }
            match listed("folder").await {
                // Versions without folders do not know the word.
                Err(error) if matches!(error.status(), Some(400 | 404 | 405 | 501)) => {
                    Ok(Listing { items: Vec::new(), complete: true })
                }
                folders => folders,
            }
        };
        let (pages, folders) = futures::join!(listed("page"), folders);
        let (pages, folders) = (pages?, folders?);
        // Both lists go on at the same place: none of them may be ahead of it.
        let unfinished = [&pages, &folders].into_iter().filter(|listing| !listing.complete);
        let next = unfinished.map(|listing| query.start + listing.items.len() as u64).min();
        let found = pages.items.into_iter().chain(folders.items).collect();
        Ok(Children { found, next_start: next })
    }

    async fn children_by_version_two<E: Effect>(
        &self,
        permit: &Permit<E>,
        parent: &PageId,
        query: &ChildrenQuery,
    ) -> Result<Children, UpstreamError> {
        // A cursor cannot leave any out: what comes before the start is asked for as well.
        let most = query.start.saturating_add(query.limit);
        let request = Request::get(
            Path::of(["api", "v2", "pages"]).value("id", parent.as_str()).then(["direct-children"]),
        );
        let listed = if query.folders {
            self.listed_by_cursor(permit, &request, most).await
        } else {
            self.pages_alone(permit, &request, most).await
        };
        let Listing { items, complete } = match listed {
            // Nothing is below a blog post, which the list of a page's children does not know.
            Err(error) if error.status() == Some(404) => {
                let page = self.page_place(permit, parent).await?;
                if PageKind::of(&page) != Some(PageKind::BlogPost) {
                    return Err(error);
                }
                Listing { items: Vec::new(), complete: true }
            }
            listed => listed?,
        };
        let start = usize::try_from(query.start).unwrap_or(usize::MAX);
        let found: Vec<Value> = items.into_iter().skip(start).collect();
        let next_start = (!complete).then_some(query.start + found.len() as u64);
        let found = self.with_details(permit, found, query).await?;
        Ok(Children { found: self.with_spaces(permit, found).await?, next_start })
    }

    /// Pages among others are counted by themselves: twice as many are asked for until there are enough.
    async fn pages_alone<E: Effect>(
        &self,
        permit: &Permit<E>,
        request: &Request,
        most: u64,
    ) -> Result<Listing, UpstreamError> {
        let wanted = usize::try_from(most).unwrap_or(usize::MAX);
        let mut asked = most;
        loop {
            let Listing { mut items, complete } = self.listed_by_cursor(permit, request, asked).await?;
            let got = items.len() as u64;
            items.retain(is_page);
            let more = items.len() > wanted;
            if complete || more || items.len() == wanted || got < asked {
                items.truncate(wanted);
                return Ok(Listing { items, complete: complete && !more });
            }
            asked = asked.saturating_mul(2).max(50);
        }
    }

    /// Pages with their versions and bodies, all of them by one request; what its answer leaves out keeps none.
    async fn with_details<E: Effect>(
        &self,
        permit: &Permit<E>,
        found: Vec<Value>,
        query: &ChildrenQuery,
    ) -> Result<Vec<Value>, UpstreamError> {
        let ids: Vec<String> = found
            .iter()
            .filter(|child| is_page(child))
            .filter_map(|child| child.get("id").map(id_text))
            .collect();
        if ids.is_empty() || !query.bodies && !query.versions {
            return Ok(found);
        }
        let request = Request::get(Path::of(["api", "v2", "pages"]));
        let request = if query.bodies { request.with("body-format", "storage") } else { request };
        let request = request.with("limit", ids.len().to_string());
        let request = ids.iter().fold(request, |request, id| request.with("id", id.as_str()));
        let listed = results(&self.get(permit, request).await?)?;
        let mut whole: BTreeMap<String, Value> =
            listed.into_iter().filter_map(|page| Some((id_text(page.get("id")?), page))).collect();
        let merged = found.into_iter().map(|child| {
            let page = child.get("id").map(id_text).and_then(|id| whole.remove(&id));
            page.map_or(child, |mut page| {
                if let Value::Object(page) = &mut page {
                    page.insert("type".into(), "page".into());
                }
                page
            })
        });
        Ok(merged.collect())
    }

    /// Things of the second API with the spaces that they name by ids.
    pub(super) async fn with_spaces<E: Effect>(
        &self,
        permit: &Permit<E>,
        found: Vec<Value>,
    ) -> Result<Vec<Value>, UpstreamError> {
        let permitted = Permitted { confluence: self, permit };
        let ids = found.iter().map(wanted::space_id).collect::<Result<BTreeSet<String>, _>>()?;
        let asked = futures::stream::iter(ids).map(async |id| {
            let space = permitted.ask(Wanted::Space(&SpaceName::Id(id.clone()))).await?;
            Ok::<_, UpstreamError>((id, space))
        });
        let spaces: BTreeMap<String, Value> = asked.buffered(AT_ONCE).try_collect().await?;
        let with_space = found.into_iter().map(|child| {
            let space = wanted::space_id(&child).ok().and_then(|id| spaces.get(&id).cloned());
            wanted::as_first(child, &space.unwrap_or_default(), "page")
        });
        Ok(with_space.collect())
    }
}

fn is_page(child: &Value) -> bool {
    matches!(child.get("type").and_then(Value::as_str), None | Some("page"))
}
