//! Files in results.

use bytes::Bytes;
use futures::StreamExt as _;
use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::utf8_percent_encode;
use serde_json::Value;
use serde_json::json;

use super::Block;
use super::ToolError;
use crate::atlassian::Attachment;
use crate::net::UpstreamError;

/// Bytes of files in one result, before base64 makes a third more of them.
const MOST_BYTES: u64 = 32 << 20;

/// Files that are fetched at a time.
const AT_ONCE: usize = 4;

/// Files that came, and those that did not, each with the reason.
pub(super) struct Fetched {
    pub(super) files: Vec<(Attachment, Bytes)>,
    pub(super) failed: Vec<Value>,
}

/// Reads what is in files, in their order. If none of them came, that is an error.
pub(super) async fn fetch<D, F>(attachments: Vec<Attachment>, download: D) -> Result<Fetched, ToolError>
where
    D: Fn(Attachment) -> F,
    F: Future<Output = (Attachment, Result<Bytes, UpstreamError>)>,
{
    let mut room = MOST_BYTES;
    let wanted = attachments.into_iter().map(|attachment| {
        let has_room = attachment.size <= room;
        room -= if has_room { attachment.size } else { 0 };
        (attachment, has_room)
    });
    let wanted: Vec<_> = wanted.collect();
    let download = &download;
    let answers = futures::stream::iter(wanted).map(async |(attachment, has_room)| {
        if !has_room {
            let size = attachment.size;
            return (attachment, Err(Failed::TooMuch(size)));
        }
        let (attachment, answer) = download(attachment).await;
        (attachment, answer.map_err(Failed::Upstream))
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

/// A file as a resource, named after what it is attached to.
pub(super) fn resource(holder: &str, attachment: &Attachment, bytes: Bytes) -> Block {
    let uri = format!("attachment:///{holder}/{}", utf8_percent_encode(&attachment.name, NAME));
    Block::File { uri, bytes, media_type: attachment.media_type.clone() }
}

const NAME: &percent_encoding::AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Images to look at, and the files that clients cannot show as such, each with the reason.
pub(super) fn images(fetched: Fetched, otherwise: &str) -> (Vec<Block>, Vec<Value>) {
    let Fetched { files, mut failed } = fetched;
    let mut blocks = Vec::with_capacity(files.len());
    for (attachment, bytes) in files {
        // One image that a client cannot show makes it refuse the whole result.
        match shown_type(&bytes) {
            Some(media_type) => blocks.push(Block::Image { bytes, media_type }),
            None => failed.push(json!({
                "filename": attachment.name,
                "error": format!("no PNG, JPEG, GIF or WebP; {otherwise} gives it as a file"),
            })),
        }
    }
    (blocks, failed)
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
fn shown_type(bytes: &[u8]) -> Option<&'static str> {
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
