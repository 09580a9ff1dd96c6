//! Comments on pages and blog posts: all of them, and new ones.
//!
//! Data Center has them in one list. Cloud has those below the page, those on a piece of text, and the replies to each
//! in lists of their own.

use std::collections::BTreeSet;

use futures::StreamExt as _;
use futures::TryStreamExt as _;
use serde_json::Value;

use super::Confluence;
use super::Wanted;
use super::listing::Listing;
use super::threads::comment_id;
use super::threads::placed;
use super::threads::tagged;
use super::threads::threaded;
use super::wanted;
use crate::audit::Permit;
use crate::ids::PageCommentId;
use crate::ids::PageId;
use crate::net::Path;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::policy::Effect;
use crate::policy::Part;

/// What is asked for with a comment of the first API.
pub(super) const EXPAND: &str =
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

    pub(super) fn list(self) -> &'static str {
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
            let path = Path::of(["rest", "api", "content"]).value("id", id).then(["child", "comment"]);
            let places = ["footer", "inline", "resolved"];
            let request = Request::get(path).with("expand", EXPAND).with("depth", "all").with("limit", "100");
            let request = places.into_iter().fold(request, |request, place| request.with("location", place));
            let Listing { items, complete } = self.listed_whole(permit, &request).await?;
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
    ) -> Result<Listing, UpstreamError> {
        let path = Path::of(["api", "v2", kind.list()]).value("id", id.as_str()).then(["children"]);
        let request = Request::get(path).with("body-format", "storage").with("limit", "250");
        match self.listed_whole(permit, &request).await {
            // It was deleted since it was listed, and its replies with it.
            Err(error) if error.is_absent() => Ok(Listing { items: Vec::new(), complete: true }),
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
            comment => wanted::of_type(comment?, self.deployment(), "comment"),
        }
    }
}
