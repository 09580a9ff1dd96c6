//! Copying pages: Cloud does it in one request; on Data Center the files and labels go one by one.

use serde_json::Value;
use serde_json::json;

use super::Confluence;
use super::PAGE_EXPAND;
use super::listing::results;
use super::malformed;
use super::pages::id_text;
use crate::audit::Permit;
use crate::ids::PageId;
use crate::ids::SpaceKey;
use crate::net::File;
use crate::net::Path;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::policy::Product;
use crate::policy::Write;

/// Files of a page in one answer.
const FILES: usize = 50;

/// Answers with files of one page that are read; what is beyond is said not to be copied.
const MOST_ANSWERS: usize = 20;

/// What a copy is to be.
#[derive(Debug, Clone)]
pub struct Copy<'c> {
    /// Its title.
    pub title: &'c str,
    /// The space it goes to.
    pub space: &'c SpaceKey,
    /// The page it goes below; without, it stands at the top of the space.
    pub parent: Option<&'c PageId>,
    /// Whether the files go along.
    pub attachments: bool,
}

impl Confluence<'_> {
    /// Lets Cloud copy a page, with its labels and properties; restrictions of the source do not go along.
    pub async fn copy_page(
        &self,
        permit: &Permit<Write>,
        id: &PageId,
        copy: &Copy<'_>,
    ) -> Result<Value, UpstreamError> {
        let destination = match copy.parent {
            Some(parent) => json!({"type": "parent_page", "value": permit.page(parent)?.as_str()}),
            None => json!({"type": "space", "value": permit.space(copy.space)?.spelled()}),
        };
        let body = json!({
            "copyAttachments": copy.attachments, "copyPermissions": false, "copyProperties": true,
            "copyLabels": true, "pageTitle": copy.title, "destination": destination,
        });
        let path = Path::of(["rest", "api", "content"]).value("id", permit.page(id)?.as_str()).then(["copy"]);
        let copied = self.send(permit, Request::post(path, body).with("expand", PAGE_EXPAND)).await?;
        if copied.get("id").is_none() {
            return Err(malformed("it accepted the copy but gave no id; look whether the page exists"));
        }
        Ok(copied)
    }

    /// The files of a page of Data Center, and whether these are all.
    pub async fn files_to_copy(
        &self,
        permit: &Permit<Write>,
        id: &PageId,
    ) -> Result<(Vec<Value>, bool), UpstreamError> {
        let id = permit.page(id)?.as_str();
        let mut files = Vec::new();
        for _ in 0..MOST_ANSWERS {
            let path = Path::of(["rest", "api", "content"]).value("id", id).then(["child", "attachment"]);
            let request = Request::get(path)
                .with("start", files.len().to_string())
                .with("limit", FILES.to_string())
                .with("expand", "version");
            let answer = self.get(permit, request).await?;
            let page = answer.get("results").and_then(Value::as_array);
            let page = page.ok_or_else(|| malformed("no list of attachments"))?;
            files.extend(page.iter().cloned());
            if page.is_empty() || answer.pointer("/_links/next").is_none() {
                return Ok((files, true));
            }
        }
        Ok((files, false))
    }

    /// Copies one file of a page of Data Center to a page that was just created.
    pub async fn copy_file(
        &self,
        permit: &Permit<Write>,
        (source, created): (&PageId, &Value),
        file: &Value,
    ) -> Result<(), UpstreamError> {
        let name =
            file.get("title").and_then(Value::as_str).filter(|name| !name.trim_matches('.').is_empty());
        let name = name.ok_or_else(|| malformed("an attachment has no name"))?;
        let media_type = file.pointer("/extensions/mediaType").and_then(Value::as_str);
        let path = Path::of(["download", "attachments"])
            .value("id", permit.page(source)?.as_str())
            .value("name", name);
        let reply = self.instance.upstream.download(permit, self.credential, Request::get(path)).await?;
        let (status, content) = (reply.status, reply.body);
        let size = file.pointer("/extensions/fileSize").and_then(Value::as_u64);
        if content.media_type == "text/html" && media_type != Some("text/html") {
            let (product, content) = (Product::Confluence, content.media_type);
            return Err(UpstreamError::NotFile { product, status, content });
        }
        if size.is_some_and(|size| size != content.bytes.len() as u64) {
            return Err(malformed("the file is not as long as Confluence lists it"));
        }
        let file =
            File { name: name.to_owned(), media_type: media_type.map(str::to_owned), bytes: content.bytes };
        let to = created.get("id").map(id_text).unwrap_or_default();
        let path = Path::of(["rest", "api", "content"]).value("id", &to).then(["child", "attachment"]);
        let answer = self.send(permit, Request::upload(path, file)).await?;
        match answer.pointer("/results/0/id").or_else(|| answer.get("id")) {
            Some(_) => Ok(()),
            None => Err(malformed("it does not say what was attached")),
        }
    }

    /// Copies the labels of a page of Data Center to a page that was just created; gives those that were not.
    pub async fn copy_labels(
        &self,
        permit: &Permit<Write>,
        (source, created): (&PageId, &Value),
    ) -> Result<Vec<(String, UpstreamError)>, UpstreamError> {
        let path =
            Path::of(["rest", "api", "content"]).value("id", permit.page(source)?.as_str()).then(["label"]);
        let answer = self.get(permit, Request::get(path).with("limit", "200")).await?;
        let labels = answer.get("results").and_then(Value::as_array);
        let labels = labels.ok_or_else(|| malformed("no list of labels"))?;
        let to = created.get("id").map(id_text).unwrap_or_default();
        let mut failed = Vec::new();
        for label in labels {
            let text = |name: &str| label.get(name).and_then(Value::as_str);
            let Some(name) = text("name") else { continue };
            let prefix = text("prefix").unwrap_or("global");
            // A favourite or a label of one's own belongs to who set it.
            if prefix == "my" {
                continue;
            }
            let path = Path::of(["rest", "api", "content"]).value("id", &to).then(["label"]);
            let request = Request::post(path, json!([{"prefix": prefix, "name": name}]));
            let labelled = self.send(permit, request).await.and_then(|answer| results(&answer));
            failed.extend(labelled.err().map(|error| (name.to_owned(), error)));
        }
        Ok(failed)
    }
}
