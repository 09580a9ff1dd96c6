//! What a page does not say of itself: names, the emoji of its title, and on Cloud its files. Asked side by side.

use serde_json::Value;
use serde_json::json;

use super::Confluence;
use super::ContentForm;
use super::PageView;
use super::people;
use super::present::property;
use crate::audit::Permit;
use crate::ids::PageId;
use crate::net::Path;
use crate::net::Request;
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
    /// Asks for what is around a page, and gives the view to show it in. What cannot be had is left out: an emoji or
    /// a name is no reason to refuse the page.
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
        let accounts = mentioned.iter().filter_map(|mention| mention.account());
        let names = self.names(permit, authors.chain(accounts).collect::<Vec<_>>());
        let emoji = async { if all { self.emoji_of(permit, id, page).await } else { None } };
        let files = async { if all && self.has_version_two() { self.files(permit, id).await } else { None } };
        let (names, keyed, emoji, files) =
            futures::join!(names, self.people_by_key(permit, id, &mentioned), emoji, files);
        let people = keyed.and_accounts(&mentioned, &names);
        if let (Value::Object(page), Some(files)) = (&mut *page, files) {
            page.insert("children".into(), json!({"attachment": files}));
        }
        PageView { content, emoji, people, names, ..PageView::bare(self) }
    }

    /// The emoji that came with the page, or one asked for.
    async fn emoji_of<E: Effect>(&self, permit: &Permit<E>, id: &PageId, page: &Value) -> Option<String> {
        match page.pointer("/properties/results").and_then(Value::as_array) {
            Some(properties) => property(properties, "emoji-title-published").map(str::to_owned),
            None => self.emoji(permit, id).await,
        }
    }

    /// The files of a page, as the second API lists them.
    async fn files<E: Effect>(&self, permit: &Permit<E>, id: &PageId) -> Option<Value> {
        let path = Path::of(["api", "v2", "pages", permit.page(id).ok()?.as_str(), "attachments"]);
        self.get(permit, Request::get(path).with("limit", FILES)).await.ok()
    }
}
