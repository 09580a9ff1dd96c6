//! Searches where no query can say beforehand what may be seen: what Confluence finds is gone through, hit by hit.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Confluence;
use super::SearchHit;
use super::SearchPage;
use super::attributes;
use super::attributes::Pages;
use super::listing::cursor_after;
use super::listing::has_more;
use super::search::hits;
use crate::atlassian::Position;
use crate::atlassian::paged;
use crate::atlassian::paged::Place;
use crate::atlassian::paged::STRETCH;
use crate::atlassian::paged::Stretch;
use crate::atlassian::paged::Stretches;
use crate::atlassian::paged::Wanted;
use crate::audit::Permit;
use crate::audit::Warrant as _;
use crate::ids::PageId;
use crate::net::UpstreamError;
use crate::policy::Attribute;
use crate::policy::Read;
use crate::policy::Resource;
use crate::policy::ResourceKind;
use crate::policy::Sight;

/// How many pages are asked for at once.
const TOGETHER: usize = 50;

/// How often is asked what the pages of one stretch are, and those above them. What is not known then is not shown.
const MOST_REQUESTS: usize = 4;

/// A search that is gone through.
struct Search<'a> {
    confluence: &'a Confluence<'a>,
    permit: &'a Permit<Read>,
    cql: &'a str,
    sight: &'a Sight<'a>,
    /// What is known of pages.
    pages: Pages,
    /// The pages that were asked for.
    asked: BTreeSet<PageId>,
}

impl Confluence<'_> {
    /// A page of what the caller may see of a search, each of them decided on.
    pub(super) async fn look_through(
        &self,
        permit: &Permit<Read>,
        (cql, limit): (&str, u64),
        sight: &Sight<'_>,
    ) -> Result<SearchPage, UpstreamError> {
        let (pages, asked) = (Pages::default(), BTreeSet::new());
        let mut search = Search { confluence: self, permit, cql, sight, pages, asked };
        let wanted = Wanted { from: Position::default(), start: 0, most: limit };
        let page = paged::page(&mut search, wanted).await?;
        let more = page.next.is_some();
        Ok(SearchPage { hits: page.items, total: None, more, left_out: page.left_out })
    }
}

impl Stretches for Search<'_> {
    type Item = SearchHit;

    async fn at(&mut self, place: Option<&Place>) -> Result<Stretch<SearchHit>, UpstreamError> {
        let answer = self.confluence.search_from(self.permit, self.cql, (place, STRETCH)).await?;
        let hits = hits(&answer)?;
        self.know(&hits).await?;
        let next = following(&answer, place, hits.len() as u64);
        let observed = self.permit.observed();
        let viewer = self.sight.viewer(&observed);
        let may_view = |hit: &SearchHit| hit.resource.as_ref().is_some_and(|place| viewer.may_view(place));
        Ok(Stretch { items: hits.into_iter().map(|hit| Some(hit).filter(may_view)).collect(), next })
    }
}

/// Where a search goes on after a place with so many hits: Cloud goes on by cursor. A page that is empty is the last.
fn following(answer: &Value, place: Option<&Place>, hits: u64) -> Option<Place> {
    if !has_more(answer) {
        return None;
    }
    let by_start = |start: u64| (hits > 0).then_some(Place::Start(start + hits));
    cursor_after(answer).map(Place::Token).or_else(|| match place {
        None => by_start(0),
        Some(Place::Start(start)) => by_start(*start),
        Some(Place::Token(_)) => None,
    })
}

impl Search<'_> {
    /// Finds out what policies name of these, and of the pages above them.
    async fn know(&mut self, hits: &[SearchHit]) -> Result<(), UpstreamError> {
        let needs = self.permit.needs();
        if needs.of(ResourceKind::Page).is_empty() {
            return Ok(());
        }
        let page = |hit: &SearchHit| match &hit.resource {
            Some(Resource::Page { id, .. }) => Some(id.clone()),
            _ => None,
        };
        let mut unknown: BTreeSet<PageId> = hits.iter().filter_map(page).collect();
        for _ in 0..MOST_REQUESTS {
            unknown = &unknown - &self.asked;
            let ids: Vec<PageId> = unknown.iter().take(TOGETHER).cloned().collect();
            if ids.is_empty() {
                break;
            }
            self.ask(&ids).await?;
            // Who is kept from a page above is kept from this one.
            if needs.contains(Attribute::Restricted) {
                unknown.extend(self.pages.above());
            }
        }
        self.permit.observe(self.pages.observed());
        Ok(())
    }

    async fn ask(&mut self, ids: &[PageId]) -> Result<(), UpstreamError> {
        let request = attributes::request(ids, self.permit.needs(), self.confluence.deployment());
        self.asked.extend(ids.iter().cloned());
        match self.confluence.get(self.permit, request).await {
            Ok(answer) => self.pages.read(&answer),
            // What Confluence does not say stays unknown.
            Err(error) if matches!(error.status(), Some(400 | 403 | 404)) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_search_goes_on_by_cursor_or_by_number() {
        let by_start = json!({"_links": {"next": "/rest/api/search?cql=x&start=50&limit=50"}});
        let by_cursor = json!({"_links": {"next": "/rest/api/search?cql=x&limit=50&cursor=abc"}});
        let token = || Some(Place::Token("abc".to_owned()));
        let table = [
            (&by_start, None, 50, Some(Place::Start(50))),
            (&by_start, Some(Place::Start(50)), 30, Some(Place::Start(80))),
            (&by_start, Some(Place::Start(50)), 0, None),
            (&by_cursor, None, 50, token()),
            (&by_cursor, None, 0, token()),
            (&json!({"totalSize": 100}), None, 50, None),
        ];
        for (answer, place, hits, wanted) in table {
            assert_eq!(following(answer, place.as_ref(), hits), wanted, "{answer} {place:?}");
        }
    }
}
