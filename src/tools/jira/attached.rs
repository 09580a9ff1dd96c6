//! The files of an issue in results.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::Value;
use serde_json::json;

use crate::atlassian::Attachment;
use crate::atlassian::jira::Fields;
use crate::atlassian::jira::IssueQuery;
use crate::atlassian::jira::Jira;
use crate::audit::Permit;
use crate::ids::IssueKey;
use crate::lookup::Found;
use crate::policy::Read;
use crate::tools::Block;
use crate::tools::ToolError;
use crate::tools::add;
use crate::tools::files;
use crate::tools::files::Fetched;

/// Texts up to this length are given to read as well, in bytes.
const LEGIBLE: usize = 20_000;

/// What to ask for with an issue whose files are wanted.
pub(super) fn query() -> IssueQuery {
    IssueQuery { fields: Fields::parse("attachment"), ..IssueQuery::default() }
}

/// The issue with its attachments: brought along by the look-up, or read.
pub(super) async fn issue(
    jira: &Jira<'_>,
    permit: &Permit<Read>,
    found: &mut Found,
    key: IssueKey,
) -> Result<(IssueKey, Value), ToolError> {
    let brought = found.take_issue(&key);
    let key = found.present_key(key);
    let issue = match brought {
        Some(issue) => issue,
        None => jira.issue(permit, &key, &query()).await?,
    };
    Ok((key, issue))
}

/// Reads what is in files of an issue.
pub(super) async fn fetch(
    jira: &Jira<'_>,
    permit: &Permit<Read>,
    key: &IssueKey,
    attachments: Vec<Attachment>,
) -> Result<Fetched, ToolError> {
    let download = async |attachment: Attachment| {
        let answer = jira.download(permit, key, &attachment).await;
        (attachment, answer)
    };
    files::fetch(attachments, download).await
}

/// A file as a part of a result: texts as JSON, anything else as a resource.
pub(super) fn block(key: &IssueKey, attachment: &Attachment, bytes: Bytes) -> Block {
    let Attachment { name, media_type, .. } = attachment;
    if !is_text(media_type) {
        return files::resource(key.as_str(), attachment, bytes);
    }
    let mut shown = json!({
        "success": true, "issue_key": key.as_str(), "filename": name, "mime_type": media_type,
        "encoding": "base64", "content": STANDARD.encode(&bytes),
    });
    if let (Ok(text), true) = (std::str::from_utf8(&bytes), bytes.len() <= LEGIBLE) {
        add(&mut shown, "text", text);
    }
    Block::Json(shown)
}

fn is_text(media_type: &str) -> bool {
    let ends = ["json", "xml", "yaml", "javascript", "csv", "toml", "sql"];
    media_type.starts_with("text/")
        || media_type
            .strip_prefix("application/")
            .is_some_and(|kind| ends.iter().any(|end| kind.ends_with(end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, media_type: &str) -> Attachment {
        let entry = json!({"id": "1", "filename": name, "mimeType": media_type, "size": 2});
        Attachment::all_of(&json!({"fields": {"attachment": [entry]}})).unwrap().remove(0)
    }

    #[test]
    fn files_are_given_as_what_they_are() {
        let key = IssueKey::parse("OPS-1").unwrap();
        let Block::Json(text) = block(&key, &file("a.txt", "text/plain"), Bytes::from("hi")) else {
            panic!("a text")
        };
        assert_eq!((&text["content"], &text["text"]), (&json!("aGk="), &json!("hi")));
        let Block::Json(latin) =
            block(&key, &file("a.json", "application/json"), Bytes::from("\u{e4}").slice(..1))
        else {
            panic!("a text")
        };
        assert!(latin.get("text").is_none());
        let Block::File { uri, .. } = block(&key, &file("../a b.pdf", "application/pdf"), Bytes::from("%P"))
        else {
            panic!("a file")
        };
        assert_eq!(uri, "attachment:///OPS-1/..%2Fa%20b.pdf");
    }
}
