//! Lists that come in pages: by cursor on the second API, by offset on the first. Every loop here ends.

use serde_json::Value;
use url::form_urlencoded;

use super::Confluence;
use super::malformed;
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
        let wanted = usize::try_from(most).unwrap_or(usize::MAX);
        let mut items = Vec::new();
        let mut cursor: Option<String> = None;
        for _ in 0..REQUESTS {
            let page = request.clone().with("limit", most.clamp(1, CURSOR_PAGE).to_string());
            let page = cursor.iter().fold(page, |page, cursor| page.with("cursor", cursor.as_str()));
            let answer = self.get(permit, page).await?;
            let found = results(&answer)?;
            let next =
                cursor_after(&answer).filter(|next| !found.is_empty() && cursor.as_ref() != Some(next));
            items.extend(found);
            if next.is_none() || items.len() >= wanted {
                let complete = next.is_none() && !has_more(&answer);
                return Ok(Listing { items, complete }.cut(wanted));
            }
            cursor = next;
        }
        Ok(Listing { items, complete: false }.cut(wanted))
    }

    /// So many items of a list of the first API, from an offset on; `page` is what it is asked for at once.
    pub(super) async fn listed_by_start<E: Effect>(
        &self,
        permit: &Permit<E>,
        request: &Request,
        (start, most, page): (u64, u64, u64),
    ) -> Result<Listing, UpstreamError> {
        let mut items: Vec<Value> = Vec::new();
        for _ in 0..REQUESTS {
            let have = items.len() as u64;
            let asked = request
                .clone()
                .with("start", (start + have).to_string())
                .with("limit", most.saturating_sub(have).clamp(1, page).to_string());
            let answer = self.get(permit, asked).await?;
            let found = results(&answer)?;
            let (ended, more) = (found.is_empty(), has_more(&answer));
            items.extend(found);
            if !more || ended || items.len() as u64 >= most {
                let most = usize::try_from(most).unwrap_or(usize::MAX);
                return Ok(Listing { items, complete: !more }.cut(most));
            }
        }
        Ok(Listing { items, complete: false })
    }
}

impl Confluence<'_> {
    /// Reads a list to its end, on either API, as it is asked for. One that has no end is cut.
    pub(super) async fn listed_whole<E: Effect>(
        &self,
        permit: &Permit<E>,
        request: &Request,
    ) -> Result<Listing, UpstreamError> {
        let mut items = Vec::new();
        let mut next = None;
        for _ in 0..REQUESTS {
            let asked = match &next {
                None => request.clone(),
                Some(Next::Cursor(cursor)) => request.clone().with("cursor", cursor.as_str()),
                Some(Next::Start(start)) => request.clone().with("start", start.to_string()),
            };
            let answer = self.get(permit, asked).await?;
            let found = results(&answer)?;
            let is_empty = found.is_empty();
            items.extend(found);
            let after = following(&answer, items.len());
            if after.is_none() {
                return Ok(Listing { items, complete: true });
            }
            // A list that stands still has no end.
            if is_empty || after == next {
                break;
            }
            next = after;
        }
        Ok(Listing { items, complete: false })
    }
}

/// Where a list goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Next {
    /// On the second API.
    Cursor(String),
    /// On the first.
    Start(usize),
}

/// Where a list goes on after so many items, if its answer says that there is more.
fn following(answer: &Value, so_far: usize) -> Option<Next> {
    has_more(answer).then(|| cursor_after(answer).map_or(Next::Start(so_far), Next::Cursor))
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
    fn a_list_goes_on_where_its_link_says() {
        let table = [
            (json!({}), None),
            (json!({"_links": {"next": null}}), None),
            (
                json!({"_links": {"next": "/wiki/api/v2/pages/1/attachments?limit=2&cursor=a%3D%3D"}}),
                Some(Next::Cursor("a==".to_owned())),
            ),
            (
                json!({"_links": {"next": "/rest/api/content/1/child/comment?limit=25&start=25"}}),
                Some(Next::Start(7)),
            ),
        ];
        for (answer, wanted) in table {
            assert_eq!(following(&answer, 7), wanted, "{answer}");
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
