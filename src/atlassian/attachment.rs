//! Files as Jira and Confluence list them.

use bytes::Bytes;

use crate::net::Content;
use crate::net::Reply;
use crate::net::UpstreamError;
use crate::policy::Product;

/// A file attached to an issue or a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its id; checked by whoever read it.
    pub(super) id: String,
    /// Its version, where there are several.
    pub(super) version: Option<u64>,
    /// Its name.
    pub name: String,
    /// Its media type, as whoever attached it said; lower case.
    pub media_type: String,
    /// How long it is, in bytes.
    pub size: u64,
}

impl Attachment {
    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its name as a segment of a path; one of dots alone says nothing.
    pub(super) fn segment(&self) -> &str {
        if self.name.trim_matches('.').is_empty() { "file" } else { &self.name }
    }

    /// What is in it, as it came. It is as long as the product says, or it is not the file.
    pub(super) fn checked(&self, product: Product, reply: Reply<Content>) -> Result<Bytes, UpstreamError> {
        let (status, content) = (reply.status, reply.body);
        if content.media_type == "text/html" && self.media_type != "text/html" {
            return Err(UpstreamError::NotFile { product, status, content: content.media_type });
        }
        if content.bytes.len() as u64 != self.size {
            let (here, wanted, title) = (content.bytes.len(), self.size, product.title());
            let problem = format!("the file has {here} bytes, not the {wanted} that {title} lists");
            let status = Some(status);
            return Err(UpstreamError::Malformed { product, status, in_doubt: false, problem });
        }
        Ok(content.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_file_is_the_file() {
        let attachment = |media_type: &str| Attachment {
            id: "1".to_owned(),
            version: None,
            name: "a".to_owned(),
            media_type: media_type.to_owned(),
            size: 2,
        };
        let table = [
            ("text/plain", "text/plain", "hi", true),
            ("text/plain", "", "hi", true),
            ("text/html", "text/html", "hi", true),
            ("text/plain", "text/html", "hi", false),
            ("text/plain", "text/plain", "h", false),
            ("text/plain", "text/plain", "hi!", false),
        ];
        for (listed, media_type, bytes, wanted) in table {
            let body = Content { media_type: media_type.to_owned(), bytes: Bytes::from(bytes) };
            let reply = Reply { body, status: 200, bytes: 0 };
            let read = attachment(listed).checked(Product::Confluence, reply);
            assert_eq!(read.is_ok(), wanted, "{listed} {media_type} {bytes}: {read:?}");
        }
    }
}
