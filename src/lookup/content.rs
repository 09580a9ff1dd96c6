//! Where pages, comments, files, templates and spaces of Confluence lie.

use serde_json::Value;

use super::Lookup;
use super::LookupError;
use super::found::Brought;
use super::locate::PartPlace;
use super::locate::Place;
use super::locate::There;
use super::page_place;
use crate::atlassian::Deployment;
use crate::atlassian::confluence::Wanted;
use crate::atlassian::confluence::With;
use crate::atlassian::confluence::wanted;
use crate::atlassian::confluence::wanted::Ask;
use crate::ids::AttachmentId;
use crate::ids::PageCommentId;
use crate::ids::PageId;
use crate::ids::SpaceKey;
use crate::ids::SpaceName;
use crate::ids::TemplateId;
use crate::policy::Product;
use crate::policy::Resource;

impl Ask for There<'_> {
    type Error = LookupError;

    fn deployment(&self) -> Deployment {
        self.instance.deployment
    }

    async fn ask(&self, wanted: Wanted<'_>) -> Result<Value, LookupError> {
        There::ask(self, &Lookup::Content { wanted }).await
    }

    fn is_absent(error: &LookupError) -> bool {
        matches!(error, LookupError::NotVisible)
    }
}

impl There<'_> {
    pub(super) async fn page(&self, id: &PageId, with: With) -> Result<Place, LookupError> {
        let page = wanted::page_of(self, id, with).await?;
        let place = page_place(&page).ok_or(LookupError::NotVisible)?;
        let brought = (with == With::Body).then(|| Brought::Page(id.clone(), page));
        Ok((vec![place], brought))
    }

    pub(super) async fn titled(&self, space: &SpaceKey, title: &str) -> Result<Place, LookupError> {
        let page = wanted::titled(self, space, title).await?.ok_or(LookupError::NotVisible)?;
        let place = page_place(&page).ok_or(LookupError::NotVisible)?;
        let brought = match &place {
            Resource::Page { id, .. } => Some(Brought::Page(id.clone(), page)),
            _ => None,
        };
        Ok((vec![place], brought))
    }

    pub(super) async fn space_named(&self, name: &SpaceName) -> Result<Place, LookupError> {
        let space = wanted::space_named(self, name).await?.ok_or(LookupError::NotVisible)?;
        let key = key_at(&space, "/key")?;
        // A key that leads to a space of another one is none that policies know.
        if matches!(name, SpaceName::Key(named) if *named != key) {
            return Err(LookupError::NotVisible);
        }
        Ok((vec![Resource::Space(key)], Some(Brought::Space(space))))
    }

    pub(super) async fn comment(&self, id: &PageCommentId) -> Result<PartPlace, LookupError> {
        let (comment, page) = wanted::comment(self, id).await?;
        on_page(comment, page.as_ref())
    }

    pub(super) async fn attachment(&self, id: &AttachmentId) -> Result<PartPlace, LookupError> {
        let (attachment, page) = wanted::attachment(self, id).await?;
        on_page(attachment, page.as_ref())
    }

    /// A template lies in its space; one that names none is everybody's.
    pub(super) async fn template(&self, id: &TemplateId) -> Result<PartPlace, LookupError> {
        let whole = || vec![Resource::Instance(Product::Confluence)];
        // Data Center has no interface for them: the tool says so to whoever may use it at all.
        if self.instance.deployment == Deployment::DataCenter {
            return Ok((whole(), None));
        }
        let template = Ask::ask(self, Wanted::Template(id)).await?;
        let places = match template.get("space").filter(|space| !space.is_null()) {
            Some(_) => vec![Resource::Space(key_at(&template, "/space/key")?)],
            None => whole(),
        };
        Ok((places, Some(template)))
    }
}

/// What hangs on a page or a blog post: without one there is nothing to decide on.
fn on_page(thing: Value, page: Option<&Value>) -> Result<PartPlace, LookupError> {
    Ok((vec![page.and_then(page_place).ok_or(LookupError::NotVisible)?], Some(thing)))
}

fn key_at(object: &Value, pointer: &str) -> Result<SpaceKey, LookupError> {
    let key = object.pointer(pointer).and_then(Value::as_str).and_then(|key| SpaceKey::parse(key).ok());
    key.ok_or(LookupError::NotVisible)
}
