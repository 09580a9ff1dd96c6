//! Lists that come in pages: by cursor on the second API, by offset on the first. Every loop here ends.

use serde_json::Value;
use url::form_urlencoded;

use super::Confluence;
use super::malformed;
use crate::atlassian::paged::Place;
use crate::audit::Permit;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::policy::Effect;

/// Requests for one list at most: a server that always says there is more does not keep us.
const REQUESTS: usize = 40;

/// What the second API gives at once at most.
pub(super) const CURSOR_PAGE: u64 = 250;

/// The beginning of a list.
#[derive(Debug, Default)]
pub struct Listing {
    /// The items.
    pub items: Vec<Value>,
    /// Whether these are all there are.
    pub complete: bool,
}

impl Listing {
    /// Leaves no more than so many.
    fn cut(mut self, most: usize) -> Self {
        if self.items.len() > most {
            self.items.truncate(most);
            self.complete = false;
        }
        self
    }
}

impl Confluence<'_> {
    /// The first so many items of a list of the second API.
    pub(super) async fn listed_by_cursor<E: Effect>(
        &self,
        permit: &Permit<E>,
        request: &Request,
        most: u64,
    ) -> Result<Listing, UpstreamError> {
        self.listed_by(permit, request, Way::Cursor, most).await
    }

    /// So many items of a list of the first API, from an offset on; `page` is what it is asked for at once.
    pub(super) async fn listed_by_start<E: Effect>(
        &self,
        permit: &Permit<E>,
        request: &Request,
        (start, most, page): (u64, u64, u64),
    ) -> Result<Listing, UpstreamError> {
        self.listed_by(permit, request, Way::Start { start, page }, most).await
    }

    /// Reads a list to its end, on either API, as it is asked for. One that has no end is cut.
    pub(super) async fn listed_whole<E: Effect>(
        &self,
        permit: &Permit<E>,
        request: &Request,
    ) -> Result<Listing, UpstreamError> {
        self.listed_by(permit, request, Way::Links, u64::MAX).await
    }

    async fn listed_by<E: Effect>(
        &self,
        permit: &Permit<E>,
        request: &Request,
        way: Way,
        most: u64,
    ) -> Result<Listing, UpstreamError> {
        let wanted = usize::try_from(most).unwrap_or(usize::MAX);
        let mut items = Vec::new();
        let mut at = way.first();
        for _ in 0..REQUESTS {
            let left = most.saturating_sub(items.len() as u64);
            let answer = self.get(permit, way.asked(request, at.as_ref(), (most, left))).await?;
            let found = results(&answer)?;
            let is_empty = found.is_empty();
            items.extend(found);
            if !has_more(&answer) {
                return Ok(Listing { items, complete: true }.cut(wanted));
            }
            let next = way.following(&answer, items.len() as u64);
            // A list that stands still has no end.
            if is_empty || items.len() >= wanted || next.is_none() || next == at {
                break;
            }
            at = next;
        }
        Ok(Listing { items, complete: false }.cut(wanted))
    }
}

/// How a list is gone through.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// By the cursors of the second API.
    Cursor,
    /// By offset, as on the first, from a start on and at most so many at once.
    Start { start: u64, page: u64 },
    /// As its links go on, and as many at once as the request says.
    Links,
}

impl Way {
    fn first(self) -> Option<Place> {
        match self {
            Self::Start { start, .. } => Some(Place::Start(start)),
            Self::Cursor | Self::Links => None,
        }
    }

    /// The request for what comes at a place, when of so many wanted so many are left.
    fn asked(self, request: &Request, at: Option<&Place>, (most, left): (u64, u64)) -> Request {
        let request = match at {
            None => request.clone(),
            Some(Place::Token(cursor)) => request.clone().with("cursor", cursor.as_str()),
            Some(Place::Start(start)) => request.clone().with("start", start.to_string()),
        };
        match self {
            Self::Cursor => request.with("limit", most.clamp(1, CURSOR_PAGE).to_string()),
            Self::Start { page, .. } => request.with("limit", left.clamp(1, page).to_string()),
            Self::Links => request,
        }
    }

    /// Where a list that has more goes on after so many items; nothing if its answer does not say.
    fn following(self, answer: &Value, so_far: u64) -> Option<Place> {
        let cursor = || cursor_after(answer).map(Place::Token);
        match self {
            Self::Cursor => cursor(),
            Self::Start { start, .. } => Some(Place::Start(start + so_far)),
            Self::Links => cursor().or(Some(Place::Start(so_far))),
        }
    }
}

/// The items of one page: without a list there is no answer.
pub(super) fn results(answer: &Value) -> Result<Vec<Value>, UpstreamError> {
    let items = answer.get("results").and_then(Value::as_array);
    items.cloned().ok_or_else(|| malformed("there is no list of results"))
}

/// Whether an answer says that there is more.
pub(super) fn has_more(answer: &Value) -> bool {
    answer.pointer("/_links/next").is_some_and(|next| !next.is_null())
}

/// The cursor to go on with, from the link that the answer has.
pub(super) fn cursor_after(answer: &Value) -> Option<String> {
    let (_, query) = answer.pointer("/_links/next")?.as_str()?.split_once('?')?;
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs.find(|(name, _)| name == "cursor").map(|(_, cursor)| cursor.into_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    type Row = (Way, (u64, u64), &'static [(&'static str, &'static str)]);
    use crate::net::Path;

    #[test]
    fn a_cursor_is_taken_out_of_its_link() {
        let table = [
            (json!({"_links": {"next": "/wiki/api/v2/pages?limit=5&cursor=a%3D%3D"}}), Some("a==")),
            (json!({"_links": {"next": "/wiki/api/v2/pages?limit=5"}}), None),
            (json!({"_links": {"base": "x"}}), None),
            (json!({}), None),
        ];
        for (answer, wanted) in table {
            assert_eq!(cursor_after(&answer).as_deref(), wanted, "{answer}");
        }
        assert!(has_more(&json!({"_links": {"next": "/x"}})));
        assert!(!has_more(&json!({"_links": {"next": null}})));
    }

    #[test]
    fn a_list_goes_on_where_its_link_or_its_offset_says() {
        let by_cursor =
            json!({"_links": {"next": "/wiki/api/v2/pages/1/attachments?limit=2&cursor=a%3D%3D"}});
        let by_start = json!({"_links": {"next": "/rest/api/content/1/child/comment?limit=25&start=25"}});
        let cursor = || Some(Place::Token("a==".to_owned()));
        let offset = Way::Start { start: 10, page: 25 };
        let table = [
            (Way::Links, &by_cursor, cursor()),
            (Way::Links, &by_start, Some(Place::Start(7))),
            (Way::Cursor, &by_cursor, cursor()),
            (Way::Cursor, &by_start, None),
            (offset, &by_start, Some(Place::Start(17))),
        ];
        for (way, answer, wanted) in table {
            assert_eq!(way.following(answer, 7), wanted, "{way:?} {answer}");
        }
        assert_eq!((offset.first(), Way::Links.first()), (Some(Place::Start(10)), None));
    }

    #[test]
    fn no_more_is_asked_for_than_is_wanted_or_given_at_once() {
        let list = Request::get(Path::of(["x"]));
        let offset = Way::Start { start: 0, page: 50 };
        let table: [Row; 6] = [
            (Way::Cursor, (1000, 400), &[("start", "9"), ("limit", "250")]),
            (Way::Cursor, (30, 10), &[("start", "9"), ("limit", "30")]),
            (offset, (100, 100), &[("start", "9"), ("limit", "50")]),
            (offset, (100, 3), &[("start", "9"), ("limit", "3")]),
            (offset, (0, 0), &[("start", "9"), ("limit", "1")]),
            (Way::Links, (u64::MAX, 5), &[("start", "9")]),
        ];
        for (way, counts, wanted) in table {
            let asked = way.asked(&list, Some(&Place::Start(9)), counts).query;
            let asked: Vec<(&str, &str)> =
                asked.iter().map(|(name, value)| (*name, value.as_str())).collect();
            assert_eq!(asked, wanted, "{way:?} {counts:?}");
        }
    }

    #[test]
    fn an_answer_without_a_list_is_no_empty_list() {
        assert!(results(&json!({"results": []})).unwrap().is_empty());
        for wrong in [json!({}), json!([]), json!({"results": null}), json!({"results": "x"})] {
            assert!(results(&wrong).is_err(), "{wrong}");
        }
    }
}
