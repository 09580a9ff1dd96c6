//! Files attached to pages and blog posts: `child/attachment` and, on Cloud, `/api/v2/attachments`.

use bytes::Bytes;
use http::Method;
use serde_json::Value;
use serde_json::json;

use super::Confluence;
use super::Names;
use super::PageKind;
use super::Wanted;
use super::listing::Listing;
use super::malformed;
use super::page_kind;
use super::pages::id_text;
use super::wanted;
use crate::atlassian::Attachment;
use crate::atlassian::Deployment;
use crate::audit::Permit;
use crate::ids::AttachmentId;
use crate::ids::PageId;
use crate::net::Field;
use crate::net::File;
use crate::net::Path;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::policy::Effect;
use crate::policy::Part;
use crate::policy::Product;
use crate::policy::Read;
use crate::policy::Write;

/// Files asked for at once: the most that the second API gives, and what the first gives without bodies.
const FILES: [&str; 2] = ["250", "200"];

/// What is said of a file that is attached.
#[derive(Debug, Clone, Default)]
pub struct Said {
    /// A comment on it.
    pub comment: Option<String>,
    /// Whether nobody is told.
    pub minor: bool,
}

impl Attachment {
    /// A file in the shape of the first API.
    ///
    /// # Errors
    /// When Confluence's answer lacks its id, its name or its size.
    pub fn of_content(file: &Value) -> Result<Self, UpstreamError> {
        let of = || {
            let id = AttachmentId::parse(&id_text(file.get("id")?)).ok()?;
            let media_type =
                file.pointer("/extensions/mediaType").or_else(|| file.pointer("/metadata/mediaType"));
            Some(Self {
                id: id.as_str().to_owned(),
                version: file.pointer("/version/number").and_then(Value::as_u64),
                name: file.get("title").and_then(Value::as_str)?.to_owned(),
                media_type: media_type
                    .and_then(Value::as_str)
                    .filter(|text| !text.is_empty())
                    .unwrap_or("application/octet-stream")
                    .to_ascii_lowercase(),
                size: file.pointer("/extensions/fileSize").and_then(Value::as_u64)?,
            })
        };
        of().ok_or_else(|| malformed("an attachment has no id, no name or no size"))
    }
}

impl Confluence<'_> {
    /// The files of a page or a blog post, all of them, in the shape of the first API.
    pub async fn attachments<E: Effect>(
        &self,
        permit: &Permit<E>,
        id: &PageId,
    ) -> Result<Listing, UpstreamError> {
        let listed = self.listed(permit, id).await?;
        let authors = listed.items.iter().filter_map(|file| file.pointer("/version/authorId")?.as_str());
        let names = self.names(permit, authors.collect::<Vec<_>>()).await;
        Ok(self.as_first_files(listed, &names))
    }

    /// The same without the names of those who attached them.
    pub async fn attachments_to_read<E: Effect>(
        &self,
        permit: &Permit<E>,
        id: &PageId,
    ) -> Result<Listing, UpstreamError> {
        Ok(self.as_first_files(self.listed(permit, id).await?, &Names::default()))
    }

    async fn listed<E: Effect>(&self, permit: &Permit<E>, id: &PageId) -> Result<Listing, UpstreamError> {
        let id = permit.page(id)?.as_str();
        if self.has_version_two() {
            return self.on_either(permit, id, "attachments", &[("limit", FILES[0])]).await;
        }
        let path = Path::of(["rest", "api", "content"]).value("id", id).then(["child", "attachment"]);
        let request = Request::get(path).with("expand", "version").with("limit", FILES[1]);
        self.listed_whole(permit, &request).await
    }

    fn as_first_files(&self, listed: Listing, names: &Names) -> Listing {
        if !self.has_version_two() {
            return listed;
        }
        Listing { items: listed.items.iter().map(|file| as_first_file(file, names)).collect(), ..listed }
    }

    /// A list of a page or, where there is no such page, of a blog post, on the second API.
    pub(super) async fn on_either<E: Effect>(
        &self,
        permit: &Permit<E>,
        id: &str,
        list: &'static str,
        query: &[(&'static str, &'static str)],
    ) -> Result<Listing, UpstreamError> {
        let of = |kind: PageKind| async move {
            let request =
                Request::get(Path::of(["api", "v2", kind.collection()]).value("id", id).then([list]));
            let request = query.iter().fold(request, |request, (name, value)| request.with(name, *value));
            self.listed_whole(permit, &request).await
        };
        page_kind::either(of).await.map(|(_, listed)| listed)
    }

    /// One file, in the shape of the first API.
    pub async fn attachment<E: Effect>(
        &self,
        permit: &Permit<E>,
        id: &AttachmentId,
    ) -> Result<Value, UpstreamError> {
        permit.part(&Part::Attachment(id.clone()))?;
        let found = self.get(permit, Wanted::Attachment(id).request(self.deployment())).await?;
        wanted::of_type(found, self.deployment(), "attachment")
    }

    /// A file as a look-up brought it, in the shape of the first API.
    pub fn as_listed(&self, file: Value) -> Value {
        if self.has_version_two() { as_first_file(&file, &Names::default()) } else { file }
    }

    /// Reads what is in a file on a page that the permit was made for, or in the one file that it was made for.
    pub async fn download(
        &self,
        permit: &Permit<Read>,
        page: &PageId,
        attachment: &Attachment,
    ) -> Result<Bytes, UpstreamError> {
        let part = || AttachmentId::parse(attachment.id()).map(Part::Attachment).ok();
        let page = permit.page(page).or_else(|refused| match part() {
            Some(part) => permit.part_on(&part, page),
            None => Err(refused),
        })?;
        let page = page.as_str();
        let request = Request::get(match self.deployment() {
            Deployment::Cloud => {
                let id = attachment.id();
                Path::of(["rest", "api", "content"])
                    .value("id", page)
                    .then(["child", "attachment"])
                    .value("file", id)
                    .then(["download"])
            }
            Deployment::DataCenter => {
                Path::of(["download", "attachments"]).value("page", page).value("file", attachment.segment())
            }
        });
        let request = match attachment.version {
            Some(version) => request.with("version", version.to_string()),
            None => request,
        };
        let reply = self.instance.upstream.download(permit, self.credential, request).await?;
        attachment.checked(Product::Confluence, reply)
    }

    /// Attaches a file; one of that name gets a new version. Gives what Confluence says of it.
    pub async fn attach(
        &self,
        permit: &Permit<Write>,
        page: &PageId,
        file: File,
        said: &Said,
    ) -> Result<Value, UpstreamError> {
        let page = permit.page(page)?.as_str();
        let path = Path::of(["rest", "api", "content"]).value("id", page).then(["child", "attachment"]);
        let method = if self.has_version_two() { Method::PUT } else { Method::POST };
        let answer = self.send(permit, Request::form(method, path.clone(), fields(file.clone(), said))).await;
        let answer = match answer {
            // Data Center takes a name once, and says so with a 400.
            Err(error) if error.status() == Some(400) && !self.has_version_two() => {
                let listed = self.get(permit, Request::get(path).with("filename", &file.name)).await?;
                let Some(id) = id_of(&listed, &file.name) else { return Err(error) };
                let path = Path::of(["rest", "api", "content"])
                    .value("id", page)
                    .then(["child", "attachment"])
                    .value("file", id.as_str())
                    .then(["data"]);
                self.send(permit, Request::form(Method::POST, path, fields(file, said))).await?
            }
            answer => answer?,
        };
        let stored = answer.pointer("/results/0").unwrap_or(&answer);
        if stored.get("id").is_none() {
            return Err(malformed("it does not say what was attached; look whether the file is there"));
        }
        Ok(stored.clone())
    }

    /// Puts a file into the trash. Confluence answers that with nothing, and anything else is no yes.
    pub async fn delete_attachment(
        &self,
        permit: &Permit<Write>,
        id: &AttachmentId,
    ) -> Result<(), UpstreamError> {
        permit.part(&Part::Attachment(id.clone()))?;
        let id = id.as_str();
        let path = match self.deployment() {
            // The second API takes the number alone here.
            Deployment::Cloud => {
                Path::of(["api", "v2", "attachments"]).value("id", id.strip_prefix("att").unwrap_or(id))
            }
            Deployment::DataCenter => Path::of(["rest", "api", "content"]).value("id", id),
        };
        match self.send(permit, Request::delete(path)).await? {
            Value::Null => Ok(()),
            _ => Err(malformed("it does not say that the file was deleted; look whether it is still there")),
        }
    }
}

fn fields(file: File, said: &Said) -> Vec<Field> {
    let mut fields = vec![Field::Flag("minorEdit", said.minor), Field::File(Box::new(file))];
    fields.extend(said.comment.clone().map(|comment| Field::Text("comment", comment)));
    fields
}

/// The id of the file of exactly this name.
fn id_of(listed: &Value, name: &str) -> Option<AttachmentId> {
    let files = listed.get("results").and_then(Value::as_array)?;
    let file = files.iter().find(|file| file.get("title").and_then(Value::as_str) == Some(name))?;
    AttachmentId::parse(&id_text(file.get("id")?)).ok()
}

/// A file of the second API in the shape of the first.
fn as_first_file(file: &Value, names: &Names) -> Value {
    let author = file.pointer("/version/authorId").and_then(Value::as_str);
    let first =
        |at: [&str; 2]| at.into_iter().filter_map(|at| file.pointer(at)).find(|value| !value.is_null());
    json!({
        "id": file.get("id"),
        "type": "attachment",
        "status": file.get("status"),
        "title": file.get("title"),
        "version": {
            "number": file.pointer("/version/number"),
            "when": file.pointer("/version/createdAt"),
            "by": author.map(|id| json!({"accountId": id, "displayName": names.of(id)})),
        },
        "container": {"id": first(["/pageId", "/blogPostId"])},
        "metadata": {"mediaType": file.get("mediaType"), "comment": file.get("comment")},
        "extensions": {
            "mediaType": file.get("mediaType"),
            "fileSize": file.get("fileSize"),
            "comment": file.get("comment"),
            "fileId": file.get("fileId"),
        },
        "_links": {
            "webui": first(["/webuiLink", "/_links/webui"]),
            "download": first(["/downloadLink", "/_links/download"]),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_apis_say_the_same_of_a_file() {
        let second = json!({
            "id": "att7", "status": "current", "title": "a b.txt", "mediaType": "TEXT/plain", "fileSize": 3,
            "downloadLink": "/d", "webuiLink": "/w", "blogPostId": "9", "version": {"number": 2, "authorId": "x"},
        });
        let first = as_first_file(&second, &Names::default());
        let read = Attachment::of_content(&first).unwrap();
        assert_eq!(
            (read.id(), read.version, read.name.as_str(), read.media_type.as_str(), read.size),
            ("att7", Some(2), "a b.txt", "text/plain", 3)
        );
        assert_eq!(
            (&first["container"]["id"], &first["version"]["by"]["displayName"]),
            (&json!("9"), &json!("x"))
        );
        for lost in [
            json!({"title": "a", "extensions": {"fileSize": 1}}),
            json!({"id": "../7", "title": "a", "extensions": {"fileSize": 1}}),
            json!({"id": "7", "extensions": {"fileSize": 1}}),
            json!({"id": "7", "title": "a"}),
        ] {
            assert!(Attachment::of_content(&lost).is_err(), "{lost}");
        }
    }

    #[test]
    fn a_file_is_found_by_its_whole_name() {
        let listed = json!({"results": [{"id": "att1", "title": "A.txt"}, {"id": "att2", "title": "a.txt"}]});
        assert_eq!(id_of(&listed, "a.txt").unwrap().as_str(), "att2");
        assert_eq!(id_of(&listed, "b.txt"), None);
    }
}
