//! Adding comments and replies.

use serde_json::Value;
use serde_json::json;

use super::Confluence;
use super::Kind;
use super::PageKind;
use super::Permitted;
use super::With;
use super::comments::EXPAND;
use super::malformed;
use super::pages::id_text;
use super::threads::tagged;
use super::threads::with;
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
        let post = |on: PageKind| {
            let body = with(second(comment.body), Some((container(on), id.into())));
            let body =
                with(body, comment.selection.map(|place| ("inlineCommentProperties", properties(place))));
            self.send(permit, Request::post(Path::of(["api", "v2", kind.list()]), body))
        };
        let answer = match comment.on {
            None => match post(PageKind::Page).await {
                Err(absent) if absent.is_absent() => {
                    self.check_blog_post(permit, id, absent).await?;
                    post(PageKind::BlogPost).await?
                }
                answer => answer?,
            },
            Some(on) if on == PageKind::BlogPost.as_str() => post(PageKind::BlogPost).await?,
            Some(_) => post(PageKind::Page).await?,
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

    /// Looks whether there is a blog post where there is no page: what is neither is told in the words that the page was
    /// refused with, since Cloud finds fault with everything else of a comment first.
    async fn check_blog_post(
        &self,
        permit: &Permit<Write>,
        id: &str,
        absent: UpstreamError,
    ) -> Result<(), UpstreamError> {
        let path = Path::of(["api", "v2", PageKind::BlogPost.collection()]).value("id", id);
        match self.get(permit, Request::get(path)).await {
            Err(error) if error.is_absent() => Err(absent),
            found => found.map(|_| ()),
        }
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

/// What the second API calls the id of what a comment is on.
fn container(on: PageKind) -> &'static str {
    match on {
        PageKind::Page => "pageId",
        PageKind::BlogPost => "blogPostId",
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

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
