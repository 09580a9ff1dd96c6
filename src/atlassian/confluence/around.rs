//! What a page does not say of itself: names, the emoji of its title, and on Cloud its files. Asked side by side.

use std::collections::BTreeSet;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::Confluence;
use super::ContentForm;
use super::Looks;
use super::PageKind;
use super::PageView;
use super::listing::results;
use super::pages::id_text;
use super::people;
use crate::audit::Permit;
use crate::ids::PageId;
use crate::net::Path;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::policy::Effect;

/// How much is shown of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Details {
    /// Its content alone.
    Content,
    /// Author, version, files and the like as well.
    All,
}

/// Files of a page that are listed with it: Confluence's own number on Data Center.
const FILES: &str = "25";

impl Confluence<'_> {
    /// Asks for what is around a page, and gives the view to show it in. What cannot be had is left out, which is said
    /// of files and the pages above; an emoji or a name is no reason to refuse the page.
    pub async fn around<E: Effect>(
        &self,
        permit: &Permit<E>,
        id: &PageId,
        page: &mut Value,
        (content, details): (ContentForm, Details),
    ) -> PageView<'_> {
        let storage = page.pointer("/body/storage/value").and_then(Value::as_str).unwrap_or_default();
        let mentioned =
            if content == ContentForm::Markdown { people::mentioned(storage) } else { Vec::new() };
        let all = details == Details::All;
        let authors = ["/authorId", "/version/authorId"].map(|at| page.pointer(at).and_then(Value::as_str));
        let authors = authors.into_iter().flatten().filter(|_| all);
        let accounts = mentioned.iter().filter_map(people::Mention::account);
        let named: BTreeSet<String> = authors.chain(accounts).map(str::to_owned).collect();
        let names = self.names(permit, named.iter().map(String::as_str).collect::<Vec<_>>());
        let apart = all && self.has_version_two();
        let kind = PageKind::of(page).unwrap_or(PageKind::Page);
        let looks =
            async { if all { self.looks_of(permit, (id, kind), page).await } else { Looks::default() } };
        let files = async { if apart { self.files(permit, id, kind).await } else { Ok(None) } };
        let above = async { if apart { self.above(permit, id, page).await } else { Ok(None) } };
        let (names, keyed, looks, files, above) =
            futures::join!(names, self.people_by_key(permit, id, &mentioned), looks, files, above);
        let people = keyed.and_accounts(&mentioned, &names);
        let mut not_included = Map::new();
        let mut part = |name: &str, answer: Result<Option<Value>, UpstreamError>| {
            answer.unwrap_or_else(|error| {
                not_included.insert(name.to_owned(), error.to_string().into());
                None
            })
        };
        let (files, above) = (part("attachments", files), part("ancestors", above));
        let names = names.and(self.names(permit, attached_by(files.as_ref(), &named)).await);
        if let Value::Object(page) = &mut *page {
            page.extend(files.map(|files| ("children".to_owned(), json!({"attachment": files}))));
            page.extend(above.map(|above| ("ancestors".to_owned(), above)));
        }
        PageView { content, looks, people, names, not_included, ..PageView::bare(self) }
    }

    /// The view to show several pages in that were found below one: who wrote them, and who is mentioned in them.
    pub async fn around_all<E: Effect>(
        &self,
        permit: &Permit<E>,
        id: &PageId,
        pages: &[Value],
        content: ContentForm,
    ) -> PageView<'_> {
        let storages = pages.iter().filter_map(|page| page.pointer("/body/storage/value")?.as_str());
        let mentioned: Vec<people::Mention<'_>> = match content {
            ContentForm::Markdown => people::mentioned_in(storages),
            _ => Vec::new(),
        };
        let authors =
            pages.iter().flat_map(|page| [page.pointer("/authorId"), page.pointer("/version/authorId")]);
        let authors = authors.flatten().filter_map(Value::as_str);
        let accounts = mentioned.iter().filter_map(people::Mention::account);
        let named = authors.chain(accounts).collect::<Vec<_>>();
        let (names, keyed) =
            futures::join!(self.names(permit, named), self.people_by_key(permit, id, &mentioned));
        let people = keyed.and_accounts(&mentioned, &names);
        PageView { content, people, names, ..PageView::bare(self) }
    }

    /// The view to show former versions of one page in: who is mentioned in them.
    pub async fn around_versions<E: Effect>(
        &self,
        permit: &Permit<E>,
        id: &PageId,
        versions: [&Value; 2],
    ) -> PageView<'_> {
        let storages = versions.into_iter().filter_map(|page| page.pointer("/body/storage/value")?.as_str());
        let mentioned = people::mentioned_in(storages);
        let accounts = mentioned.iter().filter_map(people::Mention::account);
        let (names, keyed) = futures::join!(
            self.names(permit, accounts.collect::<Vec<_>>()),
            self.people_by_key(permit, id, &mentioned)
        );
        let people = keyed.and_accounts(&mentioned, &names);
        PageView { content: ContentForm::Markdown, people, ..PageView::bare(self) }
    }

    /// The files of a page, as the second API lists them.
    async fn files<E: Effect>(
        &self,
        permit: &Permit<E>,
        id: &PageId,
        kind: PageKind,
    ) -> Result<Option<Value>, UpstreamError> {
        // What was just created is in no permit yet, and has no files.
        let Ok(id) = permit.page(id) else { return Ok(None) };
        let path = Path::of(["api", "v2", kind.collection()]).value("id", id.as_str()).then(["attachments"]);
        let answer = self.get(permit, Request::get(path).with("limit", FILES)).await?;
        results(&answer)?;
        Ok(Some(answer))
    }

    /// The pages above a page, the uppermost first. The second API gives their ids, and their titles for the asking.
    /// A site that does not tell them has none to show.
    async fn above<E: Effect>(
        &self,
        permit: &Permit<E>,
        id: &PageId,
        page: &Value,
    ) -> Result<Option<Value>, UpstreamError> {
        // The first API gave them already.
        if page.get("ancestors").is_some_and(Value::is_array) {
            return Ok(None);
        }
        let Some(parent) = page.get("parentId").filter(|parent| !parent.is_null()) else {
            return Ok(Some(json!([])));
        };
        // A page that was just made is not named by the permit; the page that it was to go below is.
        let parent = PageId::parse(&id_text(parent)).ok().filter(|parent| permit.page(parent).is_ok());
        let (id, last) = match (permit.page(id), &parent) {
            (Ok(id), _) => (id, None),
            (Err(_), Some(parent)) => (permit.page(parent)?, Some(parent.as_str().to_owned())),
            (Err(_), None) => return Ok(None),
        };
        let path = Path::of(["api", "v2", "pages"]).value("id", id.as_str()).then(["ancestors"]);
        let answer = match self.get(permit, Request::get(path)).await {
            Err(error) if error.status() == Some(404) => return Ok(None),
            answer => answer?,
        };
        let above = results(&answer)?;
        let ids: Vec<String> =
            above.iter().filter_map(|page| page.get("id")).map(id_text).chain(last).collect();
        if ids.is_empty() {
            return Ok(Some(json!([])));
        }
        let request = Request::get(Path::of(["api", "v2", "pages"])).with("limit", ids.len().to_string());
        let request = ids.iter().fold(request, |request, id| request.with("id", id.as_str()));
        let titled = results(&self.get(permit, request).await?)?;
        let title_of = |id: &str| {
            titled.iter().find(|page| page.get("id").map(id_text).as_deref() == Some(id))?.get("title")
        };
        Ok(Some(ids.iter().map(|id| json!({"id": id, "title": title_of(id)})).collect()))
    }
}

/// Who attached files, but for those whose names are known already.
fn attached_by<'f>(files: Option<&'f Value>, known: &BTreeSet<String>) -> Vec<&'f str> {
    let files = files.and_then(|files| files.get("results")?.as_array()).into_iter().flatten();
    let authors = files.filter_map(|file| file.pointer("/version/authorId")?.as_str());
    authors.filter(|id| !known.contains(*id)).collect()
}
