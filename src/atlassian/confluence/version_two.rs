//! Properties of pages on Cloud: `/api/v2/pages/{id}/properties`.

use serde_json::Value;
use serde_json::json;

use super::Confluence;
use super::pages::id_text;
use crate::audit::Permit;
use crate::ids::PageId;
use crate::net::Path;
use crate::net::Request;
use crate::policy::Effect;
use crate::policy::Write;

impl Confluence<'_> {
    /// The page's emoji. Absent ones and refusals are no emoji.
    pub(super) async fn emoji_of_version_two<E: Effect>(
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
