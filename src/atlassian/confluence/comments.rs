//! Comments on pages and blog posts: all of them, and new ones.
//!
//! Data Center has them in one list. Cloud has those below the page, those on a piece of text, and the replies to each
//! in lists of their own.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use futures::StreamExt as _;
use futures::TryStreamExt as _;
use serde_json::Value;
use serde_json::json;

use super::Confluence;
use super::Permitted;
use super::Wanted;
use super::Whole;
use super::With;
use super::malformed;
use super::pages::id_text;
use super::wanted;
use crate::audit::Permit;
use crate::ids::PageCommentId;
use crate::ids::PageId;
use crate::net::Path;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::policy::Effect;
use crate::policy::Part;
use crate::policy::Write;

/// What is asked for with a comment of the first API.
const EXPAND: &str =
    "body.storage,version,history,ancestors,extensions.inlineProperties,extensions.resolution";

/// Lists of replies of one call at most, and how many are under way at once.
const MOST_LISTS: usize = 200;
const AT_ONCE: usize = 6;

/// Where a comment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Below the page.
    Footer,
    /// On a piece of its text.
    Inline,
}

impl Kind {
    /// `footer` or `inline`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Footer => "footer",
            Self::Inline => "inline",
        }
    }

    /// What kind a comment says it is; one that was resolved is one on a piece of text.
    pub fn of(comment: &Value) -> Self {
        let location = comment.get("location").or_else(|| comment.pointer("/extensions/location"));
        match location.and_then(Value::as_str) {
            Some("inline" | "resolved") => Self::Inline,
            _ => Self::Footer,
        }
    }

    fn list(self) -> &'static str {
        match self {
            Self::Footer => "footer-comments",
            Self::Inline => "inline-comments",
        }
    }
}

/// The comments on a page: replies after what they answer, each with its `location` and `parentCommentId`.
#[derive(Debug, Default)]
pub struct Comments {
    /// The comments.
    pub list: Vec<Value>,
    /// Whether there are no more.
    pub complete: bool,
}

/// The piece of text that a comment is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// The text.
    pub text: String,
    /// How often the page has it.
    pub count: u64,
    /// Which of those it is, from 0.
    pub index: u64,
    /// When the page was read, in milliseconds since 1970.
    pub read: i64,
}

/// A comment to add to a page.
#[derive(Debug, Clone)]
pub struct NewComment<'a> {
    /// What it is on, `page` or `blogpost`, where that is known.
    pub on: Option<&'a str>,
    /// Its body in storage format.
    pub body: &'a str,
    /// The piece of text it is on; without, it stands below the page.
    pub selection: Option<&'a Selection>,
}

impl Confluence<'_> {
    /// The comments of these kinds on a page, with their replies.
    pub async fn comments<E: Effect>(
        &self,
        permit: &Permit<E>,
        id: &PageId,
        kinds: &[Kind],
    ) -> Result<Comments, UpstreamError> {
        let id = permit.page(id)?.as_str();
        if !self.has_version_two() {
            let path = Path::of(["rest", "api", "content", id, "child", "comment"]);
            let places = ["footer", "inline", "resolved"];
            let request = Request::get(path).with("expand", EXPAND).with("depth", "all").with("limit", "100");
            let request = places.into_iter().fold(request, |request, place| request.with("location", place));
            let Whole { items, complete } = self.whole(permit, &request).await?;
            let list = threaded(placed(items)?);
            let list = list.into_iter().filter(|comment| kinds.contains(&Kind::of(comment))).collect();
            return Ok(Comments { list, complete });
        }
        let listed = kinds.iter().map(async |kind| {
            let query = [("body-format", "storage"), ("limit", "250")];
            let listed = self.on_either(permit, id, kind.list(), &query).await?;
            Ok::<_, UpstreamError>((*kind, listed))
        });
        let (mut all, mut complete) = (Vec::new(), true);
        for (kind, listed) in futures::future::try_join_all(listed).await? {
            complete &= listed.complete;
            all.extend(listed.items.into_iter().map(|comment| tagged(comment, kind, None)));
        }
        complete &= self.add_replies(permit, &mut all).await?;
        Ok(Comments { list: threaded(all), complete })
    }

    /// Adds the replies to comments of the second API, and the replies to those; whether that were all.
    async fn add_replies<E: Effect>(
        &self,
        permit: &Permit<E>,
        all: &mut Vec<Value>,
    ) -> Result<bool, UpstreamError> {
        let (mut room, mut from) = (MOST_LISTS, 0);
        let mut complete = true;
        let mut known = BTreeSet::new();
        while from < all.len() {
            let level = all.get(from..).unwrap_or_default();
            let mut asked = Vec::with_capacity(level.len());
            for comment in level {
                let id = comment_id(comment)?;
                if known.insert(id.clone()) {
                    asked.push((id, Kind::of(comment)));
                }
            }
            complete &= asked.len() <= room;
            asked.truncate(room);
            room -= asked.len();
            from = all.len();
            let replies = futures::stream::iter(asked).map(async |(id, kind)| {
                let replies = self.replies(permit, &id, kind).await?;
                Ok::<_, UpstreamError>((id, kind, replies))
            });
            let replies: Vec<_> = replies.buffered(AT_ONCE).try_collect().await?;
            for (id, kind, replies) in replies {
                complete &= replies.complete;
                all.extend(replies.items.into_iter().map(|reply| tagged(reply, kind, Some(id.as_str()))));
            }
        }
        Ok(complete)
    }

    async fn replies<E: Effect>(
        &self,
        permit: &Permit<E>,
        id: &PageCommentId,
        kind: Kind,
    ) -> Result<Whole, UpstreamError> {
        let path = Path::of(["api", "v2", kind.list(), id.as_str(), "children"]);
        let request = Request::get(path).with("body-format", "storage").with("limit", "250");
        match self.whole(permit, &request).await {
            // It was deleted since it was listed, and its replies with it.
            Err(error) if error.is_absent() => Ok(Whole { items: Vec::new(), complete: true }),
            replies => replies,
        }
    }

    /// One comment, as its API gives it; on Cloud with its `location`.
    pub async fn comment<E: Effect>(
        &self,
        permit: &Permit<E>,
        id: &PageCommentId,
    ) -> Result<Value, UpstreamError> {
        permit.part(&Part::Comment(id.clone()))?;
        let ask = async |wanted: Wanted<'_>| self.get(permit, wanted.request(self.deployment())).await;
        match ask(Wanted::Comment(id)).await {
            Err(error) if self.has_version_two() && error.is_absent() => {
                Ok(tagged(ask(Wanted::InlineComment(id)).await?, Kind::Inline, None))
            }
            comment => comment,
        }
    }

    /// Adds a comment to a page or a blog post, and brings what Confluence stored.
    pub async fn add_comment(
        &self,
        permit: &Permit<Write>,
        page: &PageId,
        comment: &NewComment<'_>,
    ) -> Result<Value, UpstreamError> {
        let id = permit.page(page)?.as_str();
        let kind = if comment.selection.is_some() { Kind::Inline } else { Kind::Footer };
        if !self.has_version_two() {
            let on = match comment.on {
                Some(on) => on.to_owned(),
                None => self.type_of(permit, page).await?,
            };
            let container = json!({"id": id, "type": on, "status": "current"});
            let body = first(&container, comment.body);
            let body = with(body, comment.selection.map(|selection| ("extensions", anchor(selection))));
            return self.stored(permit, body, kind).await;
        }
        let post = async |name: &str| {
            let body = with(second(comment.body), Some((name, id.into())));
            let body =
                with(body, comment.selection.map(|place| ("inlineCommentProperties", properties(place))));
            self.send(permit, Request::post(Path::of(["api", "v2", kind.list()]), body)).await
        };
        let answer = match (comment.on, post(if comment.on == Some("blogpost") { BLOG } else { PAGE }).await)
        {
            (None, Err(error)) if error.is_absent() => post(BLOG).await?,
            (_, answer) => answer?,
        };
        created(answer, kind)
    }

    /// Answers a comment, and brings what Confluence stored.
    pub async fn reply(
        &self,
        permit: &Permit<Write>,
        id: &PageCommentId,
        parent: &Value,
        body: &str,
    ) -> Result<Value, UpstreamError> {
        permit.part(&Part::Comment(id.clone()))?;
        let kind = Kind::of(parent);
        let above = id.as_str();
        let answer = if self.has_version_two() {
            let body = with(second(body), Some(("parentCommentId", above.into())));
            let sent = self.send(permit, Request::post(Path::of(["api", "v2", kind.list()]), body)).await?;
            created(sent, kind)?
        } else {
            let container = parent.get("container").and_then(|container| {
                let on = container.get("type").and_then(Value::as_str).unwrap_or("page");
                Some(json!({"id": id_text(container.get("id")?), "type": on}))
            });
            let container = container.ok_or_else(|| malformed("the comment does not say what it is on"))?;
            let body = with(first(&container, body), Some(("ancestors", json!([{"id": above}]))));
            self.stored(permit, body, kind).await?
        };
        Ok(tagged(answer, kind, Some(above)))
    }

    async fn stored(&self, permit: &Permit<Write>, body: Value, kind: Kind) -> Result<Value, UpstreamError> {
        let request = Request::post(Path::of(["rest", "api", "content"]), body).with("expand", EXPAND);
        created(self.send(permit, request).await?, kind)
    }

    /// `page` or `blogpost`.
    async fn type_of<E: Effect>(&self, permit: &Permit<E>, id: &PageId) -> Result<String, UpstreamError> {
        let permitted = Permitted { confluence: self, permit };
        let page = Box::pin(wanted::page_of(&permitted, permit.page(id)?, With::Place)).await?;
        let kind = page.get("type").and_then(Value::as_str);
        kind.map(str::to_owned).ok_or_else(|| malformed("it does not say what the id is of"))
    }
}

const PAGE: &str = "pageId";
const BLOG: &str = "blogPostId";

fn first(container: &Value, body: &str) -> Value {
    json!({
        "type": "comment",
        "container": container,
        "body": {"storage": {"value": body, "representation": "storage"}},
    })
}

fn second(body: &str) -> Value {
    json!({"body": {"representation": "storage", "value": body}})
}

fn with(mut object: Value, entry: Option<(&str, Value)>) -> Value {
    if let (Value::Object(object), Some((name, value))) = (&mut object, entry) {
        object.insert(name.to_owned(), value);
    }
    object
}

/// The place of a comment as the first API takes it.
fn anchor(selection: &Selection) -> Value {
    json!({
        "location": "inline",
        "inlineProperties": {
            "originalSelection": selection.text,
            "numMatches": selection.count,
            "matchIndex": selection.index,
            "lastFetchTime": selection.read.to_string(),
            "serializedHighlights": json!([[selection.text]]).to_string(),
        },
    })
}

/// The place of a comment as the second API takes it.
fn properties(selection: &Selection) -> Value {
    json!({
        "textSelection": selection.text,
        "textSelectionMatchCount": selection.count,
        "textSelectionMatchIndex": selection.index,
    })
}

fn created(comment: Value, kind: Kind) -> Result<Value, UpstreamError> {
    if comment.get("id").is_none() {
        return Err(malformed("it accepted the comment but gave no id; look whether the comment is there"));
    }
    let says = comment.pointer("/extensions/location").is_some();
    Ok(if says { comment } else { tagged(comment, kind, None) })
}

fn comment_id(comment: &Value) -> Result<PageCommentId, UpstreamError> {
    let id = comment.get("id").and_then(|id| PageCommentId::parse(&id_text(id)).ok());
    id.ok_or_else(|| malformed("a comment has no id"))
}

/// A comment that says where it stands and what it answers.
fn tagged(comment: Value, kind: Kind, parent: Option<&str>) -> Value {
    let comment = with(comment, Some(("location", kind.as_str().into())));
    with(comment, parent.map(|parent| ("parentCommentId", parent.into())))
}

/// Comments of the first API, tagged. A reply stands where the first comment above it stands.
fn placed(comments: Vec<Value>) -> Result<Vec<Value>, UpstreamError> {
    let mut kinds = BTreeMap::new();
    for comment in &comments {
        kinds.insert(comment_id(comment)?, Kind::of(comment));
    }
    let place = |comment: Value| {
        let above = comment.get("ancestors").and_then(Value::as_array).into_iter().flatten();
        let above: Vec<PageCommentId> = above.filter_map(|above| comment_id(above).ok()).collect();
        let own = Kind::of(&comment);
        let kind = above.iter().filter_map(|id| kinds.get(id)).copied().chain([own]).max().unwrap_or(own);
        tagged(comment, kind, above.last().map(PageCommentId::as_str))
    };
    Ok(comments.into_iter().map(place).collect())
}

/// Puts replies after what they answer; what answers a comment that is not there comes last.
fn threaded(comments: Vec<Value>) -> Vec<Value> {
    let id = |comment: &Value| comment.get("id").map(id_text).unwrap_or_default();
    let known: BTreeSet<String> = comments.iter().map(id).collect();
    let (mut tops, mut orphans) = (Vec::new(), Vec::new());
    let mut replies: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for comment in comments {
        match comment.get("parentCommentId").and_then(Value::as_str) {
            None => tops.push(comment),
            Some(parent) if known.contains(parent) && parent != id(&comment) => {
                replies.entry(parent.to_owned()).or_default().push(comment);
            }
            Some(_) => orphans.push(comment),
        }
    }
    let mut waiting: Vec<Value> = tops.into_iter().chain(orphans).rev().collect();
    let mut ordered = Vec::new();
    while let Some(comment) = waiting.pop() {
        let answers = replies.remove(&id(&comment)).unwrap_or_default();
        ordered.push(comment);
        waiting.extend(answers.into_iter().rev());
    }
    // Comments that answer each other in a circle hang on no top.
    ordered.extend(replies.into_values().flatten());
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_stand_after_what_they_answer_and_none_is_lost() {
        let comment = |id: &str, parent: Option<&str>| tagged(json!({"id": id}), Kind::Footer, parent);
        let table: [(&[(&str, Option<&str>)], &[&str]); 4] = [
            (&[("1", None), ("2", None), ("3", Some("1")), ("4", Some("3"))], &["1", "3", "4", "2"]),
            (&[("4", Some("3")), ("3", Some("1")), ("1", None)], &["1", "3", "4"]),
            (&[("3", Some("9")), ("1", None)], &["1", "3"]),
            (&[("1", Some("2")), ("2", Some("1")), ("3", Some("3"))], &["3", "2", "1"]),
        ];
        for (given, wanted) in table {
            let ordered = threaded(given.iter().map(|(id, parent)| comment(id, *parent)).collect());
            let ids: Vec<&str> = ordered.iter().map(|comment| comment["id"].as_str().unwrap()).collect();
            assert_eq!(ids, wanted, "{given:?}");
        }
    }

    #[test]
    fn a_reply_stands_where_its_thread_stands() {
        let comments = vec![
            json!({"id": "1", "extensions": {"location": "resolved"}, "ancestors": []}),
            json!({"id": "2", "extensions": {"location": "footer"}, "ancestors": [{"id": "1"}]}),
            json!({"id": 3, "ancestors": [{"id": 1}, {"id": 2}]}),
            json!({"id": "4"}),
        ];
        let placed = placed(comments).unwrap();
        let told: Vec<_> = placed.iter().map(|it| (Kind::of(it), it["parentCommentId"].as_str())).collect();
        let inline = Kind::Inline;
        assert_eq!(told, [(inline, None), (inline, Some("1")), (inline, Some("2")), (Kind::Footer, None)]);
        assert!(super::placed(vec![json!({"title": "no id"})]).is_err());
    }

    #[test]
    fn a_place_is_said_as_each_api_takes_it() {
        let selection = Selection { text: "a \"b\"".to_owned(), count: 2, index: 1, read: 7 };
        let first = anchor(&selection);
        assert_eq!(first["inlineProperties"]["serializedHighlights"], r#"[["a \"b\""]]"#);
        assert_eq!(
            (&first["inlineProperties"]["numMatches"], &first["location"]),
            (&json!(2), &json!("inline"))
        );
        assert_eq!(
            properties(&selection),
            json!({"textSelection": "a \"b\"", "textSelectionMatchCount": 2, "textSelectionMatchIndex": 1})
        );
    }
}
