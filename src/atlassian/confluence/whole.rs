//! Whole lists: page after page, as long as Confluence says there is more and there is an end to it.

use serde_json::Value;
use url::Url;

use super::Confluence;
use super::malformed;
use crate::audit::Permit;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::policy::Effect;

/// Requests for one list at most.
const MOST_REQUESTS: usize = 40;

/// A list, and whether it is all of it.
#[derive(Debug, Default)]
pub struct Whole {
    /// The items.
    pub items: Vec<Value>,
    /// Whether there are no more.
    pub complete: bool,
}

impl Confluence<'_> {
    /// Reads a list to its end, on either API. One that has none is cut.
    pub(super) async fn whole<E: Effect>(
        &self,
        permit: &Permit<E>,
        request: &Request,
    ) -> Result<Whole, UpstreamError> {
        let mut items = Vec::new();
        let mut next = None;
        for _ in 0..MOST_REQUESTS {
            let asked = match &next {
                None => request.clone(),
                Some(Next::Cursor(cursor)) => request.clone().with("cursor", cursor),
                Some(Next::Start(start)) => request.clone().with("start", start.to_string()),
            };
            let mut answer = self.get(permit, asked).await?;
            let Some(Value::Array(page)) = answer.get_mut("results").map(Value::take) else {
                return Err(malformed("no list of results"));
            };
            let is_empty = page.is_empty();
            items.extend(page);
            let after = following(&answer, items.len());
            if after.is_none() {
                return Ok(Whole { items, complete: true });
            }
            // A list that stands still has no end.
            if is_empty || after == next {
                break;
            }
            next = after;
        }
        Ok(Whole { items, complete: false })
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

/// The link to the next page tells whether there is one; only its cursor is taken from it.
fn following(answer: &Value, so_far: usize) -> Option<Next> {
    let link = answer.pointer("/_links/next").and_then(Value::as_str)?;
    let link = Url::parse("https://confluence/").ok()?.join(link).ok()?;
    let cursor = link.query_pairs().find(|(name, _)| name == "cursor");
    Some(cursor.map_or(Next::Start(so_far), |(_, cursor)| Next::Cursor(cursor.into_owned())))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

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
}
