//! Pages through the gateway of Cloud, which has no content endpoints of the first API: `/api/v2` in the first API's shape.

use serde_json::Value;
use serde_json::json;

use super::Confluence;
use super::malformed;
use super::pages::id_text;
use crate::audit::Permit;
use crate::ids::PageId;
use crate::ids::SpaceKey;
use crate::net::Path;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::policy::Effect;
use crate::policy::Write;

impl Confluence<'_> {
    /// The request for one page by id.
    pub(crate) fn gateway_page(id: &PageId) -> Request {
        Request::get(Path::of(["api", "v2", "pages", id.as_str()])).with("body-format", "storage")
    }

    /// The request for the space of a page, by the id that the page gives.
    pub(crate) fn gateway_space(id: &str) -> Request {
        Request::get(Path::of(["api", "v2", "spaces", id]))
    }

    /// The request for a space by its key.
    pub(crate) fn gateway_space_of_key(key: &SpaceKey) -> Request {
        Request::get(Path::of(["api", "v2", "spaces"])).with("keys", key.spelled())
    }

    /// The request for the page of a title in a space.
    pub(crate) fn gateway_titled(space: &str, title: &str) -> Request {
        Request::get(Path::of(["api", "v2", "pages"]))
            .with("space-id", space)
            .with("title", title)
            .with("body-format", "storage")
            .with("limit", "1")
    }

    /// Reads one page and the space it is in.
    pub(super) async fn page_of_gateway<E: Effect>(
        &self,
        permit: &Permit<E>,
        id: &PageId,
    ) -> Result<Value, UpstreamError> {
        let page = self.get(permit, Self::gateway_page(permit.page(id)?)).await?;
        let space = self.get(permit, Self::gateway_space(&space_id(&page)?)).await?;
        Ok(as_first(page, &space))
    }

    /// The page's emoji. Absent ones and refusals are no emoji.
    pub(super) async fn emoji_of_gateway<E: Effect>(
        &self,
        permit: &Permit<E>,
        id: &PageId,
    ) -> Option<String> {
        let path = Path::of(["api", "v2", "pages", permit.page(id).ok()?.as_str(), "properties"]);
        let answer = self.get(permit, Request::get(path).with("key", "emoji-title-published")).await.ok()?;
        answer.pointer("/results/0/value").and_then(Value::as_str).map(str::to_owned)
    }

    /// Sets properties of a page that was just created, and says which could not be set.
    pub(super) async fn set_properties(
        &self,
        permit: &Permit<Write>,
        page: &Value,
        properties: &[(&'static str, String)],
    ) -> Vec<&'static str> {
        let mut failed = Vec::new();
        let id = page.get("id").map(id_text).unwrap_or_default();
        for (key, value) in properties {
            let path = Path::of(["api", "v2", "pages", id.as_str(), "properties"]);
            let request = Request::post(path, json!({"key": key, "value": value}));
            if self.send(permit, request).await.is_err() {
                failed.push(*key);
            }
        }
        failed
    }
}

/// The id of the space a page is in.
pub(crate) fn space_id(page: &Value) -> Result<String, UpstreamError> {
    page.get("spaceId").map(id_text).ok_or_else(|| malformed("the page does not say which space it is in"))
}

/// The page of the first answer with the space of the second, in the shape of the first API.
pub(crate) fn as_first(mut page: Value, space: &Value) -> Value {
    let space = json!({
        "id": space.get("id"),
        "key": space.get("key"),
        "name": space.get("name"),
    });
    if let Value::Object(page) = &mut page {
        page.insert("space".into(), space);
        page.entry("type").or_insert_with(|| "page".into());
    }
    page
}

/// The first space of a list by key, if it has the key that was asked for.
pub(crate) fn space_of_key(answer: &Value, key: &SpaceKey) -> Option<Value> {
    let found = answer.pointer("/results/0")?;
    let is_it = SpaceKey::parse(found.get("key")?.as_str()?).is_ok_and(|found| found == *key);
    is_it.then(|| found.clone())
}
