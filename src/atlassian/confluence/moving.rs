//! Moving pages: by REST on Cloud; on Data Center, which has no REST for it, as its own interface does.

use http::Method;
use serde_json::Value;

use super::Confluence;
use super::Permitted;
use super::malformed;
use super::pages::id_text;
use super::wanted;
use crate::audit::Permit;
use crate::ids::PageId;
use crate::ids::SpaceKey;
use crate::net::Body;
use crate::net::Path;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::policy::Product;
use crate::policy::Write;

/// Where a page goes, seen from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// Below it, as its last child.
    Append,
    /// Beside it, before it.
    Before,
    /// Beside it, after it.
    After,
}

impl Position {
    /// Reads it, in the words of either deployment.
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim().to_ascii_lowercase().as_str() {
            "append" => Some(Self::Append),
            "above" | "before" => Some(Self::Before),
            "below" | "after" => Some(Self::After),
            _ => None,
        }
    }

    fn on_cloud(self) -> &'static str {
        match self {
            Self::Append => "append",
            Self::Before => "before",
            Self::After => "after",
        }
    }

    fn on_data_center(self) -> &'static str {
        match self {
            Self::Append => "append",
            Self::Before => "above",
            Self::After => "below",
        }
    }
}

/// The page that another is moved to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beside {
    id: String,
}

impl Beside {
    /// A page that the permit was made for.
    pub fn page(permit: &Permit<Write>, id: &PageId) -> Result<Self, UpstreamError> {
        Ok(Self { id: permit.page(id)?.as_str().to_owned() })
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl Confluence<'_> {
    /// The page at the top of a space that the permit was made for; the space may have been found before.
    pub async fn home_of(
        &self,
        permit: &Permit<Write>,
        (space, found): (&SpaceKey, Option<Value>),
    ) -> Result<Beside, UpstreamError> {
        let key = permit.space(space)?;
        let id = if self.has_version_two() {
            let permitted = Permitted { confluence: self, permit };
            let found = match found {
                Some(found) => Some(found),
                None => wanted::space_of_key(&permitted, key).await?,
            };
            let found =
                found.ok_or_else(|| UpstreamError::from_answer(Product::Confluence, 404, None, b"{}"))?;
            found.get("homepageId").filter(|id| !id.is_null()).map(id_text)
        } else {
            let path = Path::of(["rest", "api", "space"]).value("key", key.spelled());
            let found = self.get(permit, Request::get(path).with("expand", "homepage")).await?;
            found.pointer("/homepage/id").map(id_text)
        };
        let id = id.filter(|id| PageId::parse(id).is_ok());
        id.map(|id| Beside { id }).ok_or_else(|| malformed("the space has no page at its top; name a parent"))
    }

    /// Moves a page on Cloud.
    pub async fn move_by_rest(
        &self,
        permit: &Permit<Write>,
        id: &PageId,
        (position, target): (Position, &Beside),
    ) -> Result<(), UpstreamError> {
        let id = permit.page(id)?.as_str();
        let path = Path::of(["rest", "api", "content"])
            .value("id", id)
            .then(["move", position.on_cloud()])
            .value("id", &target.id);
        let answer =
            self.send(permit, Request { body: Body::None, ..Request::put(path, Value::Null) }).await?;
        match answer.get("pageId").map(id_text) {
            Some(moved) if moved == id => Ok(()),
            _ => Err(malformed("it does not say which page was moved; look where the page is")),
        }
    }

    /// Moves a page on Data Center. What comes back is a page to look at, which says little: whoever calls this reads
    /// the page again.
    pub async fn move_by_action(
        &self,
        permit: &Permit<Write>,
        id: &PageId,
        (position, target): (Position, &Beside),
        space: &SpaceKey,
    ) -> Result<(), UpstreamError> {
        let path = Path::of(["pages", "movepage.action"]);
        let request = Request { method: Method::POST, ..Request::get(path) }
            .header("x-atlassian-token", "no-check")
            .with("pageId", permit.page(id)?.as_str())
            .with("spaceKey", space.spelled())
            .with("targetId", &target.id)
            .with("position", position.on_data_center());
        let reply = self.instance.upstream.download(permit, self.credential, request).await?;
        let (status, content) = (reply.status, reply.body);
        if is_login(&content.bytes) {
            let (product, content) = (Product::Confluence, content.media_type);
            return Err(UpstreamError::NotJson { product, status, content, in_doubt: false });
        }
        Ok(())
    }
}

/// Whether a page asks for a name and a password.
fn is_login(page: &[u8]) -> bool {
    let text = String::from_utf8_lossy(page);
    ["os_password", "type=\"password\"", "login.action"].iter().any(|mark| text.contains(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_taken_in_the_words_of_both() {
        let table = [
            ("append", Some(("append", "append"))),
            ("above", Some(("before", "above"))),
            ("Before", Some(("before", "above"))),
            ("below", Some(("after", "below"))),
            (" after ", Some(("after", "below"))),
            ("../1", None),
        ];
        for (given, wanted) in table {
            let position = Position::parse(given);
            assert_eq!(
                position.map(|position| (position.on_cloud(), position.on_data_center())),
                wanted,
                "{given}"
            );
        }
    }

    #[test]
    fn a_page_to_log_in_is_no_answer() {
        assert!(is_login(b"<form><input name=\"os_password\" type=\"password\"></form>"));
        assert!(!is_login(b"<html>moved</html>"));
    }
}
