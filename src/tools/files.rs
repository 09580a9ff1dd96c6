//! Files in arguments and results.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::StreamExt as _;
use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::utf8_percent_encode;
use serde_json::Value;
use serde_json::json;

use crate::atlassian::jira::Attachment;
use crate::atlassian::jira::Fields;
use crate::atlassian::jira::IssueQuery;
use crate::atlassian::jira::Jira;
use crate::audit::Permit;
use crate::ids::IssueKey;
use crate::lookup::Found;
use crate::net::UpstreamError;
use crate::policy::Read;
use crate::tools::Block;
use crate::tools::ToolError;
use crate::tools::add;

/// Bytes of files in one result, before base64 makes a third more of them.
const MOST_BYTES: u64 = 32 << 20;

/// Files that are fetched at a time.
const AT_ONCE: usize = 4;

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

/// Files that came, and those that did not, each with the reason.
pub(super) struct Fetched {
    pub(super) files: Vec<(Attachment, Bytes)>,
    pub(super) failed: Vec<Value>,
}

/// Reads what is in files of an issue, in their order. If none of them came, that is an error.
pub(super) async fn fetch(
    jira: &Jira<'_>,
    permit: &Permit<Read>,
    key: &IssueKey,
    attachments: Vec<Attachment>,
) -> Result<Fetched, ToolError> {
    let mut room = MOST_BYTES;
    let wanted = attachments.into_iter().map(|attachment| {
        let has_room = attachment.size <= room;
        room -= if has_room { attachment.size } else { 0 };
        (attachment, has_room)
    });
    let answers =
        futures::stream::iter(wanted.collect::<Vec<_>>()).map(|(attachment, has_room)| async move {
            let answer = if has_room {
                jira.download(permit, key, &attachment).await.map_err(Failed::Upstream)
            } else {
                Err(Failed::TooMuch(attachment.size))
            };
            (attachment, answer)
        });
    let answers: Vec<_> = answers.buffered(AT_ONCE).collect().await;
    let (mut files, mut failed, mut first) = (Vec::new(), Vec::new(), None);
    for (attachment, answer) in answers {
        match answer {
            Ok(bytes) => files.push((attachment, bytes)),
            Err(error) => {
                failed.push(json!({"filename": attachment.name, "error": error.to_string()}));
                first = first.or(Some(error));
            }
        }
    }
    match first {
        Some(Failed::Upstream(error)) if files.is_empty() => Err(error.into()),
        Some(Failed::TooMuch(_)) if files.is_empty() => {
            let text = "none of the files is given: each is longer than the 32 MB that a result takes";
            Err(ToolError::Arguments(text.to_owned()))
        }
        _ => Ok(Fetched { files, failed }),
    }
}

#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error(transparent)]
    Upstream(UpstreamError),
    #[error("its {0} bytes do not fit into a result, which takes 32 MB of files")]
    TooMuch(u64),
}

/// A file as a part of a result: texts as JSON, anything else as a resource.
pub(super) fn block(key: &IssueKey, attachment: &Attachment, bytes: Bytes) -> Block {
    let Attachment { name, media_type, .. } = attachment;
    if !is_text(media_type) {
        let uri = format!("attachment:///{key}/{}", utf8_percent_encode(name, NAME));
        return Block::File { uri, bytes, media_type: media_type.clone() };
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

const NAME: &percent_encoding::AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

fn is_text(media_type: &str) -> bool {
    let ends = ["json", "xml", "yaml", "javascript", "csv", "toml", "sql"];
    media_type.starts_with("text/")
        || media_type
            .strip_prefix("application/")
            .is_some_and(|kind| ends.iter().any(|end| kind.ends_with(end)))
}

/// Whether a file calls itself an image, by its media type or, where that says nothing, by its name.
pub(super) fn is_image(attachment: &Attachment) -> bool {
    let name = attachment.name.to_ascii_lowercase();
    let by_name = || {
        name.rsplit_once('.').is_some_and(|(_, end)| {
            matches!(end, "png" | "jpg" | "jpeg" | "gif" | "webp" | "svg" | "bmp" | "tiff")
        })
    };
    attachment.media_type.starts_with("image/")
        || attachment.media_type == "application/octet-stream" && by_name()
}

/// The media type of an image that clients show, by how it begins.
pub(super) fn shown_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Some("image/png"),
        [0xFF, 0xD8, 0xFF, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
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

    #[test]
    fn images_are_known_by_how_they_begin() {
        let table: [(&[u8], _); 6] = [
            (b"\x89PNG\r\n\x1a\n....", Some("image/png")),
            (b"\xff\xd8\xff\xe0", Some("image/jpeg")),
            (b"GIF89a", Some("image/gif")),
            (b"RIFF\x01\x02\x03\x04WEBPVP8", Some("image/webp")),
            (b"<svg xmlns=", None),
            (b"", None),
        ];
        for (bytes, wanted) in table {
            assert_eq!(shown_type(bytes), wanted, "{bytes:?}");
        }
        let table = [
            ("a.png", "image/png", true),
            ("A.JPG", "application/octet-stream", true),
            ("a.txt", "text/plain", false),
        ];
        for (name, media_type, wanted) in table {
            assert_eq!(is_image(&file(name, media_type)), wanted, "{name}");
        }
    }
}
