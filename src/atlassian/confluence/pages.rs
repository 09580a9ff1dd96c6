//! Reading and creating pages: `/rest/api/content` on Data Center, `/api/v2/pages` on Cloud.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::Confluence;
use super::Permitted;
use super::PropertyChange;
use super::With;
use super::Written;
use super::malformed;
use super::wanted;
use crate::audit::Permit;
use crate::ids::PageId;
use crate::ids::SpaceKey;
use crate::net::Path;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::policy::Effect;
use crate::policy::Write;

/// What is asked for with a page.
pub const PAGE_EXPAND: &str = "body.storage,version,space,children.attachment,history,ancestors";

/// The format of a body that is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyFormat {
    /// Storage format, XHTML with macros.
    Storage,
    /// Wiki markup; Confluence converts it.
    Wiki,
}

impl BodyFormat {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Storage => "storage",
            Self::Wiki => "wiki",
        }
    }
}

/// A page to create.
#[derive(Debug, Clone)]
pub struct NewPage {
    /// The title.
    pub title: String,
    /// The body.
    pub body: String,
    /// The body's format.
    pub format: BodyFormat,
    /// The page above it.
    pub parent: Option<PageId>,
    /// Page properties to set with it.
    pub properties: Vec<PropertyChange>,
    /// Whether it is a live document, which only Cloud has.
    pub is_live: bool,
}

impl Confluence<'_> {
    /// Reads one page as Confluence gives it.
    pub async fn page<E: Effect>(&self, permit: &Permit<E>, id: &PageId) -> Result<Value, UpstreamError> {
        let permitted = Permitted { confluence: self, permit };
        let page = Box::pin(wanted::page_of(&permitted, permit.page(id)?, With::Body)).await?;
        if page.get("id").is_none() {
            return Err(malformed("the page has no id"));
        }
        Ok(page)
    }

    /// Reads where a page is, and not what is in it.
    pub async fn page_place<E: Effect>(
        &self,
        permit: &Permit<E>,
        id: &PageId,
    ) -> Result<Value, UpstreamError> {
        let permitted = Permitted { confluence: self, permit };
        Box::pin(wanted::page_of(&permitted, permit.page(id)?, With::Place)).await
    }

    /// Creates a page in a space, which may have been found before, and brings it as Confluence stored it;
    /// `propertiesNotSet` says what could not be set.
    pub async fn create_page(
        &self,
        permit: &Permit<Write>,
        (space, found): (&SpaceKey, Option<Value>),
        page: &NewPage,
    ) -> Result<Value, UpstreamError> {
        if self.has_version_two() {
            let mut stored = self.create_by_version_two(permit, (space, found), page).await?;
            let id = stored.get("id").map(id_text).unwrap_or_default();
            let failed = self.change_properties(permit, Written::created(&id), &page.properties).await;
            if let (Value::Object(stored), false) = (&mut stored, failed.is_empty()) {
                let failed =
                    failed.iter().map(|(key, error)| json!({"key": key, "error": error.to_string()}));
                stored.insert("propertiesNotSet".into(), failed.collect());
            }
            return Ok(stored);
        }
        let mut body = json!({
            "type": "page",
            "title": page.title,
            "status": "current",
            "space": {"key": permit.space(space)?.spelled()},
            "body": {page.format.as_str(): {"value": page.body, "representation": page.format.as_str()}},
        });
        if let Value::Object(body) = &mut body {
            if let Some(parent) = &page.parent {
                body.insert(
                    "ancestors".into(),
                    json!([{"type": "page", "id": permit.page(parent)?.as_str()}]),
                );
            }
            if !page.properties.is_empty() {
                let properties = page
                    .properties
                    .iter()
                    .map(|change| (change.key.to_owned(), json!({"value": change.value})));
                body.insert("metadata".into(), json!({"properties": properties.collect::<Map<_, _>>()}));
            }
        }
        let request = Request::post(Path::of(["rest", "api", "content"]), body).with("expand", PAGE_EXPAND);
        Self::created(self.send(permit, request).await?)
    }

    async fn create_by_version_two(
        &self,
        permit: &Permit<Write>,
        (space, found): (&SpaceKey, Option<Value>),
        page: &NewPage,
    ) -> Result<Value, UpstreamError> {
        let permitted = Permitted { confluence: self, permit };
        let key = permit.space(space)?;
        let found = match found {
            Some(found) => Some(found),
            None => wanted::space_of_key(&permitted, key).await?,
        };
        let Some((found, space_id)) = found.and_then(|found| {
            let id = id_text(found.get("id")?);
            Some((found, id))
        }) else {
            return Err(absent());
        };
        let mut body = json!({
            "spaceId": space_id,
            "status": "current",
            "title": page.title,
            "body": {"representation": page.format.as_str(), "value": page.body},
        });
        if let Value::Object(body) = &mut body {
            if page.is_live {
                body.insert("subtype".into(), "live".into());
            }
            if let Some(parent) = &page.parent {
                body.insert("parentId".into(), permit.page(parent)?.as_str().into());
            }
        }
        let sent = self.send(permit, Request::post(Path::of(["api", "v2", "pages"]), body)).await?;
        let mut stored = Self::created(sent)?;
        if let Value::Object(stored) = &mut stored {
            // Confluence takes the key in any case: the space has one.
            let key = found.get("key").and_then(Value::as_str).unwrap_or(key.spelled());
            complete(stored, page, json!({"key": key, "name": found.get("name")}));
        }
        Ok(stored)
    }

    fn created(page: Value) -> Result<Value, UpstreamError> {
        if page.get("id").is_none() {
            return Err(malformed("it accepted the page but gave no id; look whether the page exists"));
        }
        Ok(page)
    }
}

/// Version 2 names the space by its id alone and may leave out the body: the result shows both, as for every page.
fn complete(stored: &mut Map<String, Value>, page: &NewPage, space: Value) {
    stored.insert("space".into(), space);
    let here = stored.get("body").is_some_and(|body| body.pointer("/storage/value").is_some());
    if !here && page.format == BodyFormat::Storage {
        stored.insert("body".into(), json!({"storage": {"value": page.body}}));
    }
}

pub(super) fn absent() -> UpstreamError {
    UpstreamError::from_answer(crate::policy::Product::Confluence, 404, None, b"{}")
}

pub(super) fn id_text(id: &Value) -> String {
    id.as_str().map_or_else(|| id.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_live_document_is_shown_like_every_page() {
        let page = |format| NewPage {
            title: "T".to_owned(),
            body: "<p>x</p>".to_owned(),
            format,
            parent: None,
            properties: Vec::new(),
            is_live: false,
        };
        let table = [
            (json!({}), BodyFormat::Storage, Some("<p>x</p>")),
            (json!({"body": {"storage": {"value": "<p>y</p>"}}}), BodyFormat::Storage, Some("<p>y</p>")),
            (json!({"body": {}}), BodyFormat::Wiki, None),
        ];
        for (answer, format, wanted) in table {
            let Value::Object(mut stored) = answer else { panic!("an object") };
            complete(&mut stored, &page(format), json!({"key": "DOCS"}));
            let stored = Value::Object(stored);
            assert_eq!(stored.pointer("/body/storage/value").and_then(Value::as_str), wanted);
            assert_eq!(stored["space"]["key"], "DOCS");
        }
    }
}
