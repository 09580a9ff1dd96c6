//! Pages in the shape the tools give: the reference server's keys.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::Confluence;
use super::Looks;
use super::Names;
use super::People;
use super::pages::id_text;
use crate::atlassian::Deployment;
use crate::atlassian::conversion;
use crate::atlassian::times;
use crate::markup;
use crate::markup::Detail;

/// How a page's content is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentForm {
    /// Not at all.
    None,
    /// As Markdown.
    Markdown,
    /// Storage format, byte for byte.
    Storage,
    /// The excerpt of a search hit.
    Excerpt,
}

/// One page to show.
#[derive(Debug)]
pub struct PageView<'a> {
    /// The base URL without a trailing slash.
    pub base: &'a str,
    /// Server or Cloud: their links differ.
    pub deployment: Deployment,
    /// How the content is given.
    pub content: ContentForm,
    /// Its emoji and its width.
    pub looks: Looks,
    /// Who is mentioned, as Markdown shows them.
    pub people: People,
    /// The names of accounts that the second API gives by their ids.
    pub names: Names,
    /// What could not be had, by its key, and why.
    pub not_included: Map<String, Value>,
}

/// What is known of a page besides the page itself.
impl<'a> PageView<'a> {
    /// A view without its content, emoji and names.
    pub fn bare(confluence: &'a Confluence<'_>) -> Self {
        Self {
            base: confluence.base(),
            deployment: confluence.deployment(),
            content: ContentForm::None,
            looks: Looks::default(),
            people: People::default(),
            names: Names::default(),
            not_included: Map::new(),
        }
    }
}

impl PageView<'_> {
    /// The page in the tools' shape.
    pub fn show(&self, page: &Value) -> Map<String, Value> {
        let text = |pointer: &str| page.pointer(pointer).and_then(Value::as_str);
        let mut view = Map::new();
        let id = page.get("id").map(id_text).unwrap_or_default();
        view.insert("id".into(), id.clone().into());
        view.insert("title".into(), text("/title").map(clean).into());
        view.insert("type".into(), text("/type").unwrap_or("page").into());
        if text("/status") == Some("draft") {
            view.insert("status".into(), "draft".into());
        }
        if let Some(created) = text("/history/createdDate").or_else(|| text("/createdAt")) {
            view.insert("created".into(), times::spaced(created).into());
        }
        if let Some(updated) = text("/version/when").or_else(|| text("/version/createdAt")) {
            view.insert("updated".into(), times::spaced(updated).into());
        }
        view.insert("url".into(), self.link(page, &id).into());
        if let Some(key) = text("/space/key") {
            view.insert("space".into(), json!({"key": key, "name": text("/space/name").unwrap_or(key)}));
        }
        for (pointer, key) in [
            ("/authorId", "author"),
            ("/history/createdBy/displayName", "author"),
            ("/version/number", "version"),
            ("/version/authorId", "version_author"),
            ("/version/by/displayName", "version_author"),
            ("/version/createdAt", "version_date"),
            ("/version/when", "version_date"),
        ] {
            match page.pointer(pointer) {
                Some(Value::String(id)) if pointer.ends_with("Id") => {
                    view.insert(key.into(), self.names.of(id).into());
                }
                Some(value) => {
                    view.insert(key.into(), value.clone());
                }
                None => {}
            }
        }
        let attachments = page.pointer("/children/attachment/results").and_then(Value::as_array);
        view.insert(
            "attachments".into(),
            attachments.into_iter().flatten().map(|file| self.attachment(file)).collect(),
        );
        Self::attachments_left(page, &mut view);
        if let Some(content) = self.content(page) {
            view.insert("content".into(), content);
        }
        if let Some(Value::Array(ancestors)) = page.get("ancestors") {
            let brief = |page: &Value| json!({"id": page.get("id").map(id_text), "title": page.get("title")});
            view.insert("ancestors".into(), ancestors.iter().map(brief).collect());
        }
        let Looks { emoji, width } = &self.looks;
        for (key, value) in [("emoji", emoji), ("page_width", width)] {
            if let Some(value) = value {
                view.insert(key.into(), clean(value).into());
            }
        }
        if !self.not_included.is_empty() {
            view.insert("not_included".into(), self.not_included.clone().into());
        }
        view
    }

    /// The content alone, with its format; nothing where Confluence gave none.
    pub fn content(&self, page: &Value) -> Option<Value> {
        let text = |pointer: &str| page.pointer(pointer).and_then(Value::as_str);
        let storage = || text("/body/storage/value");
        let (value, format) = match self.content {
            ContentForm::None => return None,
            ContentForm::Markdown => {
                let markdown = conversion::storage_to_markdown(storage()?, Detail::All).value;
                (self.people.name_in(&markdown), "markdown")
            }
            ContentForm::Storage => (storage()?.to_owned(), "storage"),
            ContentForm::Excerpt => (excerpt(text("/excerpt")?), "view"),
        };
        Some(json!({"value": value, "format": format}))
    }

    /// A file, as either API gives it.
    fn attachment(&self, file: &Value) -> Value {
        let at = |pointers: [&str; 2]| pointers.iter().find_map(|pointer| file.pointer(pointer)).cloned();
        let author_id = file.pointer("/version/authorId").and_then(Value::as_str);
        let author = at(["/version/by/displayName", "/version/by/publicName"]);
        json!({
            "id": at(["/id", "/id"]),
            "type": at(["/type", "/type"]).unwrap_or_else(|| "attachment".into()),
            "status": at(["/status", "/status"]),
            "title": at(["/title", "/title"]),
            "media_type": at(["/extensions/mediaType", "/mediaType"]),
            "file_size": at(["/extensions/fileSize", "/fileSize"]),
            "download_url": at(["/_links/download", "/downloadLink"]),
            "version_number": at(["/version/number", "/version/number"]),
            "version_when": at(["/version/when", "/version/createdAt"]),
            "author_display_name": author.or_else(|| author_id.map(|id| self.names.of(id).into())),
        })
    }

    /// A page shows one list of attachments; when Confluence has more, the result says so.
    fn attachments_left(page: &Value, view: &mut Map<String, Value>) {
        if page.pointer("/children/attachment/_links/next").is_some() {
            view.insert("attachments_complete".into(), false.into());
        }
    }

    fn link(&self, page: &Value, id: &str) -> String {
        let text = |pointer: &str| page.pointer(pointer).and_then(Value::as_str);
        let is_page = matches!(text("/type"), None | Some("page"));
        match (self.deployment, text("/space/key"), text("/_links/webui")) {
            // Only pages are found by their id everywhere.
            (_, _, Some(path)) if !is_page && path.starts_with('/') => format!("{}{path}", self.base),
            (Deployment::Cloud, Some(space), _) => format!("{}/spaces/{space}/pages/{id}", self.base),
            _ => format!("{}/pages/viewpage.action?pageId={id}", self.base),
        }
    }
}

/// The text of a property in a list of them.
pub(super) fn property<'p>(properties: &'p [Value], key: &str) -> Option<&'p str> {
    let is_it = |property: &&Value| property.get("key").and_then(Value::as_str) == Some(key);
    properties.iter().find(is_it)?.get("value")?.as_str()
}

/// An excerpt without the marks that say what of it was found.
fn excerpt(text: &str) -> String {
    clean(&text.replace("@@@hl@@@", "").replace("@@@endhl@@@", ""))
}

fn clean(text: &str) -> String {
    markup::clean(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(deployment: Deployment, content: ContentForm) -> PageView<'static> {
        let base = "https://wiki.example.com";
        PageView {
            base,
            deployment,
            content,
            looks: Looks::default(),
            people: People::default(),
            names: Names::default(),
            not_included: Map::new(),
        }
    }

    #[test]
    fn a_link_leads_to_what_it_is_a_link_of() {
        let page =
            json!({"id": "1", "type": "page", "space": {"key": "DOCS"}, "_links": {"webui": "/x/AbC"}});
        let post =
            json!({"id": "2", "type": "blogpost", "space": {"key": "DOCS"}, "_links": {"webui": "/x/blog"}});
        let file = json!({"id": "att3", "type": "attachment", "_links": {"webui": "//evil.example.com"}});
        let table = [
            (Deployment::DataCenter, &page, "/pages/viewpage.action?pageId=1"),
            (Deployment::Cloud, &page, "/spaces/DOCS/pages/1"),
            (Deployment::DataCenter, &post, "/x/blog"),
            (Deployment::Cloud, &post, "/x/blog"),
            (Deployment::Cloud, &file, "//evil.example.com"),
        ];
        for (deployment, content, wanted) in table {
            let shown = view(deployment, ContentForm::None).show(content);
            assert_eq!(shown["url"], format!("https://wiki.example.com{wanted}"));
        }
    }

    #[test]
    fn content_that_did_not_come_is_not_shown_as_empty() {
        let whole = json!({"id": "1", "body": {"storage": {"value": ""}}, "excerpt": "a"});
        let bare = json!({"id": "1"});
        for form in [ContentForm::Markdown, ContentForm::Storage, ContentForm::Excerpt] {
            let view = view(Deployment::DataCenter, form);
            assert!(view.content(&whole).is_some(), "{form:?}");
            assert_eq!(view.content(&bare), None, "{form:?}");
        }
    }

    #[test]
    fn version_two_names_people_by_their_ids() {
        let page = json!({
            "id": "1", "authorId": "a", "createdAt": "2024-01-01T10:00:00Z",
            "version": {"number": 1, "authorId": "b", "createdAt": "2024-01-01T10:00:00Z"},
        });
        let shown = view(Deployment::Cloud, ContentForm::None).show(&page);
        assert_eq!((&shown["author"], &shown["version_author"]), (&json!("a"), &json!("b")));
        assert_eq!(shown["created"], "2024-01-01 10:00:00 UTC");
    }
}
