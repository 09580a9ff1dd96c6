//! Files attached to an issue.

use bytes::Bytes;
use serde_json::Value;

use super::Jira;
use super::has_id;
use super::malformed;
use crate::atlassian::Attachment;
use crate::atlassian::Deployment;
use crate::audit::Permit;
use crate::ids::IssueKey;
use crate::net::File;
use crate::net::Path;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::policy::Product;
use crate::policy::Read;
use crate::policy::Write;

impl Attachment {
    /// The attachments of an issue that was read with its field `attachment`.
    ///
    /// # Errors
    /// When Jira's answer has no such list, or an entry without an id.
    pub fn all_of(issue: &Value) -> Result<Vec<Self>, UpstreamError> {
        let listed = issue.pointer("/fields/attachment").and_then(Value::as_array);
        let listed = listed.ok_or_else(|| malformed("the issue has no list of attachments"))?;
        listed
            .iter()
            .map(|entry| Self::of(entry).ok_or_else(|| malformed("an attachment has no id")))
            .collect()
    }

    fn of(entry: &Value) -> Option<Self> {
        let text = |name: &str| entry.get(name).and_then(Value::as_str);
        let id = text("id").filter(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()))?;
        Some(Self {
            id: id.to_owned(),
            version: None,
            name: text("filename").unwrap_or(id).to_owned(),
            media_type: text("mimeType").unwrap_or("application/octet-stream").to_ascii_lowercase(),
            size: entry.get("size").and_then(Value::as_u64)?,
        })
    }
}

impl Jira<'_> {
    /// Reads what is in a file attached to an issue. It is as long as Jira says, or it is not the file.
    pub async fn download(
        &self,
        permit: &Permit<Read>,
        key: &IssueKey,
        attachment: &Attachment,
    ) -> Result<Bytes, UpstreamError> {
        permit.issue(key)?;
        let id = attachment.id.as_str();
        let request = match self.deployment() {
            // Atlassian's own address of the file would do as well; this one asks for no second request.
            Deployment::Cloud => {
                Request::get(Path::of(["rest", "api", "2", "attachment", "content"]).value("id", id))
                    .with("redirect", "false")
            }
            Deployment::DataCenter => Request::get(
                Path::of(["secure", "attachment"]).value("id", id).value("file", attachment.segment()),
            ),
        };
        let reply = self.instance.upstream.download(permit, self.credential, request).await?;
        attachment.checked(Product::Jira, reply)
    }

    /// Attaches a file to an issue, and gives what Jira says of it.
    pub async fn attach(
        &self,
        permit: &Permit<Write>,
        key: &IssueKey,
        file: File,
    ) -> Result<Value, UpstreamError> {
        let key = permit.issue(key)?.as_str();
        let path = Path::of(["rest", "api", "2", "issue"]).value("key", key).then(["attachments"]);
        let is_whole = |files: &Value| files.get(0).is_some_and(has_id);
        let request = Request::upload(path, file);
        let mut stored = self.store(permit, request, is_whole, "it does not say what was attached").await?;
        Ok(stored.get_mut(0).map(Value::take).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn attachments_are_all_there_or_an_error() {
        let issue = |files: Value| json!({"key": "OPS-1", "fields": {"attachment": files}});
        let file = json!({"id": "7", "filename": "a b.txt", "mimeType": "TEXT/plain", "size": 3});
        let read = Attachment::all_of(&issue(json!([file]))).unwrap();
        assert_eq!(
            (read[0].name.as_str(), read[0].media_type.as_str(), read[0].size),
            ("a b.txt", "text/plain", 3)
        );
        for bad in [json!({}), json!(null), json!([{"id": "../7", "size": 1}]), json!([{"id": "7"}])] {
            assert!(Attachment::all_of(&issue(bad.clone())).is_err(), "{bad}");
        }
    }
}
