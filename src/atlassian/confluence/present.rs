//! Pages in the shape the tools give: the reference server's keys.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::atlassian::Deployment;
use crate::atlassian::times;
use crate::markup;

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
    /// The page's emoji, if it has one.
    pub emoji: Option<String>,
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
            ("/history/createdBy/displayName", "author"),
            ("/version/number", "version"),
            ("/version/by/displayName", "version_author"),
            ("/version/createdAt", "version_date"),
            ("/version/when", "version_date"),
        ] {
            if let Some(value) = page.pointer(pointer) {
                view.insert(key.into(), value.clone());
            }
        }
        let attachments = page.pointer("/children/attachment/results").and_then(Value::as_array);
        view.insert("attachments".into(), attachments.into_iter().flatten().map(attachment).collect());
        Self::attachments_left(page, &mut view);
        if let Some(content) = self.content(page) {
            view.insert("content".into(), content);
        }
        if let Some(Value::Array(ancestors)) = page.get("ancestors") {
            let brief = |page: &Value| json!({"id": page.get("id").map(id_text), "title": page.get("title")});
            view.insert("ancestors".into(), ancestors.iter().map(brief).collect());
        }
        if let Some(emoji) = &self.emoji {
            view.insert("emoji".into(), emoji.as_str().into());
        }
        view
    }

    /// The content alone, with its format.
    pub fn content(&self, page: &Value) -> Option<Value> {
        let storage = page.pointer("/body/storage/value").and_then(Value::as_str);
        let (value, format) = match self.content {
            ContentForm::None => return None,
            ContentForm::Markdown => (markup::storage_to_markdown(storage.unwrap_or_default()), "markdown"),
            ContentForm::Storage => (storage.unwrap_or_default().to_owned(), "storage"),
            ContentForm::Excerpt => (clean(page.get("excerpt").and_then(Value::as_str)?), "view"),
        };
        Some(json!({"value": value, "format": format}))
    }

    /// A page shows one list of attachments; when Confluence has more, the result says so.
    fn attachments_left(page: &Value, view: &mut Map<String, Value>) {
        if page.pointer("/children/attachment/_links/next").is_some() {
            view.insert("attachments_complete".into(), false.into());
        }
    }

    fn link(&self, page: &Value, id: &str) -> String {
        let space = page.pointer("/space/key").and_then(Value::as_str);
        match (self.deployment, space) {
            (Deployment::Cloud, Some(space)) => format!("{}/spaces/{space}/pages/{id}", self.base),
            _ => format!("{}/pages/viewpage.action?pageId={id}", self.base),
        }
    }
}

fn attachment(file: &Value) -> Value {
    let at = |pointer: &str| file.pointer(pointer).cloned().unwrap_or_default();
    json!({
        "id": at("/id"),
        "type": at("/type"),
        "status": at("/status"),
        "title": at("/title"),
        "media_type": at("/extensions/mediaType"),
        "file_size": at("/extensions/fileSize"),
        "download_url": at("/_links/download"),
        "version_number": at("/version/number"),
        "version_when": at("/version/when"),
        "author_display_name": at("/version/by/displayName"),
    })
}

fn clean(text: &str) -> String {
    markup::clean(text).into_owned()
}

fn id_text(id: &Value) -> String {
    id.as_str().map_or_else(|| id.to_string(), str::to_owned)
}
