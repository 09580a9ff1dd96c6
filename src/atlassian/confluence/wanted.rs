//! Finding a page, a space, a comment, a file or a template: what is asked, on the first API and on the second.
//!
//! Look-ups ask before a decision and tools after it; both ask the same. Data Center has the first API. Cloud has the
//! second, `/api/v2`, which names spaces by ids and has pages and blog posts apart; its answers are given in the shape
//! of the first.

use serde_json::Value;
use serde_json::json;

use super::PageKind;
use super::malformed;
use super::pages::PAGE_EXPAND;
use super::pages::absent;
use super::pages::id_text;
use crate::atlassian::Deployment;
use crate::ids::AttachmentId;
use crate::ids::PageCommentId;
use crate::ids::PageId;
use crate::ids::SpaceKey;
use crate::ids::SpaceName;
use crate::ids::TemplateId;
use crate::net::Path;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::policy::Part;
use crate::policy::Product;
use crate::policy::Resource;

/// How much of a page is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum With {
    /// Its body, version, history and files as well.
    Body,
    /// Which space it is in.
    Place,
}

impl With {
    fn expand(self) -> &'static str {
        match self {
            Self::Body => PAGE_EXPAND,
            Self::Place => "space",
        }
    }
}

/// One thing of Confluence to find, by one request.
#[derive(Debug, Clone, Copy)]
pub enum Wanted<'a> {
    /// A page or, on the first API, anything that has an id like one.
    Page(&'a PageId, With),
    /// A blog post, which the second API has apart.
    BlogPost(&'a PageId, With),
    /// A page or a blog post that was never published.
    Draft(PageKind, &'a PageId, With),
    /// The page of a title in a space; the space's id is for the second API.
    Titled {
        /// The space.
        space: &'a SpaceKey,
        /// Its id.
        id: &'a str,
        /// The title.
        title: &'a str,
    },
    /// A space.
    Space(&'a SpaceName),
    /// A comment below a page or, on the first API, any comment.
    Comment(&'a PageCommentId),
    /// A comment on a piece of text, which the second API has apart.
    InlineComment(&'a PageCommentId),
    /// A file attached to a page.
    Attachment(&'a AttachmentId),
    /// A template of pages.
    Template(&'a TemplateId),
}

impl Wanted<'_> {
    /// The name in the audit record.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Page(..) => "page -> space",
            Self::BlogPost(..) => "blog post -> space",
            Self::Draft(..) => "draft -> space",
            Self::Titled { .. } => "title -> page",
            Self::Space(_) => "space",
            Self::Comment(_) | Self::InlineComment(_) => "comment -> page",
            Self::Attachment(_) => "attachment -> page",
            Self::Template(_) => "template -> space",
        }
    }

    /// What it is, as far as that is known before the answer.
    pub fn resource(&self) -> Resource {
        let part = |part| Resource::Part { part, of: None };
        match *self {
            Self::Page(id, _) | Self::BlogPost(id, _) | Self::Draft(_, id, _) => {
                Resource::Page { id: id.clone(), space: None }
            }
            Self::Titled { space, .. } | Self::Space(SpaceName::Key(space)) => Resource::Space(space.clone()),
            Self::Space(SpaceName::Id(_)) => Resource::Instance(Product::Confluence),
            Self::Comment(id) | Self::InlineComment(id) => part(Part::Comment(id.clone())),
            Self::Attachment(id) => part(Part::Attachment(id.clone())),
            Self::Template(id) => part(Part::Template(id.clone())),
        }
    }

    /// The request for it.
    pub fn request(&self, deployment: Deployment) -> Request {
        match deployment {
            Deployment::DataCenter => self.first(),
            Deployment::Cloud => self.second(),
        }
    }

    fn first(&self) -> Request {
        let content = |id: &str| Request::get(Path::of(["rest", "api", "content"]).value("id", id));
        match *self {
            Self::Page(id, with) | Self::BlogPost(id, with) => {
                content(id.as_str()).with("expand", with.expand())
            }
            Self::Draft(_, id, with) => {
                content(id.as_str()).with("expand", with.expand()).with("status", "draft")
            }
            Self::Titled { space, title, .. } => Request::get(Path::of(["rest", "api", "content"]))
                .with("type", "page")
                .with("start", "0")
                .with("limit", "1")
                .with("expand", PAGE_EXPAND)
                .with("spaceKey", space.spelled())
                .with("title", title),
            Self::Space(name) => Request::get(Path::of(["rest", "api", "space"]).value("id", name.as_str())),
            Self::Comment(id) | Self::InlineComment(id) => content(id.as_str())
                .with("expand", "container,container.space,ancestors,body.storage,version"),
            Self::Attachment(id) => content(id.as_str()).with("expand", "container,container.space,version"),
            Self::Template(id) => template(id),
        }
    }

    fn second(&self) -> Request {
        let one = |kind: &'static str, id: &str| Request::get(Path::of(["api", "v2", kind]).value("id", id));
        match *self {
            Self::Page(id, with) => page(one("pages", id.as_str()), with),
            Self::BlogPost(id, with) => page(one("blogposts", id.as_str()), with),
            Self::Draft(kind, id, with) => {
                page(one(kind.collection(), id.as_str()), with).with("get-draft", "true")
            }
            Self::Titled { id, title, .. } => Request::get(Path::of(["api", "v2", "pages"]))
                .with("space-id", id)
                .with("title", title)
                .with("body-format", "storage")
                .with("limit", "1"),
            Self::Space(SpaceName::Id(id)) => one("spaces", id),
            // A key is found as it is spelled: by most in capitals, whatever the caller wrote.
            Self::Space(SpaceName::Key(key)) => {
                let asked = Request::get(Path::of(["api", "v2", "spaces"])).with("keys", key.spelled());
                if key.spelled() == key.as_str() { asked } else { asked.with("keys", key.as_str()) }
            }
            Self::Comment(id) => one("footer-comments", id.as_str()).with("body-format", "storage"),
            Self::InlineComment(id) => one("inline-comments", id.as_str()).with("body-format", "storage"),
            Self::Attachment(id) => one("attachments", id.as_str()),
            // The second API has no templates.
            Self::Template(id) => template(id),
        }
    }
}

fn page(request: Request, with: With) -> Request {
    match with {
        With::Body => request.with("body-format", "storage").with("include-properties", "true"),
        With::Place => request,
    }
}

fn template(id: &TemplateId) -> Request {
    Request::get(Path::of(["rest", "api", "template"]).value("id", id.as_str()))
}

/// Whoever asks: a look-up before a decision, or a client with a permit.
pub(crate) trait Ask: Sync {
    /// Why nothing came.
    type Error: From<UpstreamError> + Send;

    /// Which interface there is.
    fn deployment(&self) -> Deployment;

    /// Asks one thing.
    fn ask(&self, wanted: Wanted<'_>) -> impl Future<Output = Result<Value, Self::Error>> + Send;

    /// Whether an error says that there is no such thing, so that it may be one of another kind.
    fn is_absent(error: &Self::Error) -> bool;
}

/// A page or a blog post with its space. Drafts are asked for last: one of a page that was published would stand in for
/// what everybody sees. What is none of these is told in the words that the page was refused with. The first API finds
/// comments and files by the same numbers: they are no pages, since a decision on their numbers would be none on the page
/// that they hang on.
pub(crate) async fn page_of<A: Ask>(asked: &A, id: &PageId, with: With) -> Result<Value, A::Error> {
    let (page, post) = (PageKind::Page, PageKind::BlogPost);
    let ways: &[(PageKind, Wanted<'_>)] = match asked.deployment() {
        // The first API has pages and blog posts in one.
        Deployment::DataCenter => &[(page, Wanted::Page(id, with)), (page, Wanted::Draft(page, id, with))],
        Deployment::Cloud => &[
            (page, Wanted::Page(id, with)),
            (post, Wanted::BlogPost(id, with)),
            (page, Wanted::Draft(page, id, with)),
            (post, Wanted::Draft(post, id, with)),
        ],
    };
    let mut said = None;
    for (kind, wanted) in ways {
        match asked.ask(*wanted).await {
            Err(error) if A::is_absent(&error) => said = said.or(Some(error)),
            Ok(found) if !is_page(&found, asked.deployment()) => {}
            found => return placed(asked, found?, *kind).await,
        }
    }
    Err(said.unwrap_or_else(|| absent().into()))
}

/// A page with its space, which the second API names by its id.
async fn placed<A: Ask>(asked: &A, page: Value, kind: PageKind) -> Result<Value, A::Error> {
    if asked.deployment() == Deployment::DataCenter {
        return Ok(page);
    }
    let space = asked.ask(Wanted::Space(&SpaceName::Id(space_id(&page)?))).await?;
    Ok(as_first(page, &space, kind.as_str()))
}

/// Whether something is a page or a blog post; the second API has them in lists of their own.
fn is_page(found: &Value, deployment: Deployment) -> bool {
    deployment == Deployment::Cloud || PageKind::of(found).is_some()
}

/// What was found, if it is of this type: the first API finds all by their numbers, the second has every type apart.
pub(super) fn of_type(found: Value, deployment: Deployment, kind: &str) -> Result<Value, UpstreamError> {
    let is_it = deployment == Deployment::Cloud || found.get("type").is_some_and(|found| found == kind);
    if is_it { Ok(found) } else { Err(absent()) }
}

/// The page of a title in a space; nothing if there is none.
pub(crate) async fn titled<A: Ask>(
    asked: &A,
    space: &SpaceKey,
    title: &str,
) -> Result<Option<Value>, A::Error> {
    let found = match asked.deployment() {
        Deployment::DataCenter => None,
        Deployment::Cloud => match space_of_key(asked, space).await? {
            Some(found) => Some(found),
            None => return Ok(None),
        },
    };
    let id = found.as_ref().and_then(|found| found.get("id")).map(id_text).unwrap_or_default();
    let answer = asked.ask(Wanted::Titled { space, id: &id, title }).await?;
    let pages = answer.get("results").and_then(Value::as_array);
    let pages = pages.ok_or_else(|| malformed("no list of pages"))?.iter().cloned();
    // Whatever was asked for, only what lies in the space is the page of that title.
    let mut there = pages.filter_map(|page| match &found {
        Some(found) => (space_id(&page).ok()? == id).then(|| as_first(page, found, "page")),
        None => is_in(&page, space).then_some(page),
    });
    Ok(there.next())
}

/// A space by its key, as the second API has it; nothing if there is none.
pub(crate) async fn space_of_key<A: Ask>(asked: &A, key: &SpaceKey) -> Result<Option<Value>, A::Error> {
    let answer = asked.ask(Wanted::Space(&SpaceName::Key(key.clone()))).await?;
    let found = answer.get("results").and_then(Value::as_array);
    let is_it = |space: &&Value| {
        let found = space.get("key").and_then(Value::as_str).and_then(|found| SpaceKey::parse(found).ok());
        found.as_ref() == Some(key)
    };
    Ok(found.and_then(|found| found.iter().find(is_it)).cloned())
}

/// A space by its id or its key; nothing if there is none.
pub(crate) async fn space_named<A: Ask>(asked: &A, name: &SpaceName) -> Result<Option<Value>, A::Error> {
    match (asked.deployment(), name) {
        (Deployment::Cloud, SpaceName::Key(key)) => space_of_key(asked, key).await,
        // The first API finds spaces by their keys alone.
        (Deployment::DataCenter, SpaceName::Id(_)) => Ok(None),
        _ => asked.ask(Wanted::Space(name)).await.map(Some),
    }
}

/// A comment of either kind, as its API gives it, with the page or blog post it is on, also in the shape of the first.
pub(crate) async fn comment<A: Ask>(
    asked: &A,
    id: &PageCommentId,
) -> Result<(Value, Option<Value>), A::Error> {
    let comment = match asked.ask(Wanted::Comment(id)).await {
        Err(error) if asked.deployment() == Deployment::Cloud && A::is_absent(&error) => {
            let mut comment = asked.ask(Wanted::InlineComment(id)).await?;
            if let Value::Object(comment) = &mut comment {
                comment.insert("location".into(), "inline".into());
            }
            comment
        }
        comment => of_type(comment?, asked.deployment(), "comment")?,
    };
    let page = container(asked, &comment).await?;
    Ok((comment, page))
}

/// A file, as its API gives it, with the page or blog post it is attached to.
pub(crate) async fn attachment<A: Ask>(
    asked: &A,
    id: &AttachmentId,
) -> Result<(Value, Option<Value>), A::Error> {
    let found = asked.ask(Wanted::Attachment(id)).await?;
    let attachment = of_type(found, asked.deployment(), "attachment")?;
    let page = container(asked, &attachment).await?;
    Ok((attachment, page))
}

/// What a comment or a file is on, with its space: it may be said with the thing itself.
async fn container<A: Ask>(asked: &A, part: &Value) -> Result<Option<Value>, A::Error> {
    let is_placed =
        |content: &Value| content.pointer("/space/key").is_some() && PageKind::of(content).is_some();
    if let Some(container) = part.get("container").filter(|container| is_placed(container)) {
        return Ok(Some(container.clone()));
    }
    let ids = [part.pointer("/container/id"), part.get("pageId"), part.get("blogPostId")];
    let id = ids.into_iter().flatten().find(|id| !id.is_null()).map(id_text);
    match id.and_then(|id| PageId::parse(&id).ok()) {
        Some(id) => page_of(asked, &id, With::Place).await.map(Some),
        None => Ok(None),
    }
}

/// The id of the space a page is in.
pub(crate) fn space_id(page: &Value) -> Result<String, UpstreamError> {
    page.get("spaceId").map(id_text).ok_or_else(|| malformed("the page does not say which space it is in"))
}

/// A page of the second API with its space, in the shape of the first.
pub(crate) fn as_first(mut page: Value, space: &Value, kind: &str) -> Value {
    let space = json!({
        "id": space.get("id"),
        "key": space.get("key"),
        "name": space.get("name"),
    });
    if let Value::Object(page) = &mut page {
        page.insert("space".into(), space);
        page.entry("type").or_insert_with(|| kind.into());
    }
    page
}

fn is_in(page: &Value, space: &SpaceKey) -> bool {
    let key = page.pointer("/space/key").and_then(Value::as_str);
    key.and_then(|key| SpaceKey::parse(key).ok()).as_ref() == Some(space)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_is_asked_for_as_such() {
        let id = PageId::parse("7").unwrap();
        let post = Wanted::Draft(PageKind::BlogPost, &id, With::Place);
        let table = [
            (post, Deployment::DataCenter, "/rest/api/content/7", ("status", "draft")),
            (post, Deployment::Cloud, "/api/v2/blogposts/7", ("get-draft", "true")),
            (
                Wanted::Draft(PageKind::Page, &id, With::Body),
                Deployment::Cloud,
                "/api/v2/pages/7",
                ("get-draft", "true"),
            ),
        ];
        for (wanted, deployment, path, (name, value)) in table {
            let request = wanted.request(deployment);
            assert!(request.path.as_str().ends_with(path), "{request:?}");
            assert!(request.query.contains(&(name, value.to_owned())), "{request:?}");
        }
        assert!(
            Wanted::Page(&id, With::Body)
                .request(Deployment::Cloud)
                .query
                .iter()
                .all(|(name, _)| *name != "get-draft")
        );
    }
}
