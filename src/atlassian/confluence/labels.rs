//! Labels of pages and blog posts: `/rest/api/content/{id}/label` and `/api/v2/pages/{id}/labels`.

use serde_json::Value;
use serde_json::json;

use super::Confluence;
use super::PageKind;
use super::listing::Listing;
use super::listing::results;
use super::malformed;
use super::page_kind;
use crate::audit::Permit;
use crate::ids::PageId;
use crate::net::Path;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::policy::Effect;
use crate::policy::Write;

/// More labels than these are said to be cut.
const MOST: u64 = 1000;

/// What the first API gives at once.
const PAGE: u64 = 200;

impl Confluence<'_> {
    /// The labels of a page or a blog post.
    pub async fn labels<E: Effect>(&self, permit: &Permit<E>, id: &PageId) -> Result<Listing, UpstreamError> {
        let id = permit.page(id)?.as_str();
        if !self.has_version_two() {
            let request = Request::get(Path::of(["rest", "api", "content"]).value("id", id).then(["label"]));
            return self.listed_by_start(permit, &request, (0, MOST, PAGE)).await;
        }
        let of = |kind: PageKind| async move {
            let request =
                Request::get(Path::of(["api", "v2", kind.collection()]).value("id", id).then(["labels"]));
            self.listed_by_cursor(permit, &request, MOST).await
        };
        page_kind::either(of).await.map(|(_, labels)| labels)
    }

    /// Adds a label and gives all that the page has then.
    pub async fn add_label(
        &self,
        permit: &Permit<Write>,
        id: &PageId,
        (prefix, name): (&str, &str),
    ) -> Result<Vec<Value>, UpstreamError> {
        let path =
            Path::of(["rest", "api", "content"]).value("id", permit.page(id)?.as_str()).then(["label"]);
        // A list by both documents; Cloud has no second API for it.
        let added = self.send(permit, Request::post(path, json!([{"prefix": prefix, "name": name}]))).await?;
        let labels = results(&added)?;
        let is_it = |label: &Value| {
            let says = |key: &str| label.get(key).and_then(Value::as_str).unwrap_or_default().to_lowercase();
            [says("name"), says("label")].contains(&name.to_lowercase())
        };
        if labels.iter().any(is_it) {
            return Ok(labels);
        }
        Err(malformed("it accepted the label, but the page does not have it; look at the page's labels"))
    }
}

/// A label in the tools' shape.
pub fn shown_label(label: &Value) -> Value {
    json!({
        "id": label.get("id"),
        "name": label.get("name"),
        "prefix": label.get("prefix"),
        "label": label.get("label").or_else(|| label.get("name")),
    })
}
