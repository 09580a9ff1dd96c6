//! A typed client for Confluence. Reading needs any permit, sending needs a permit to write.

mod accounts;
mod analytics;
mod around;
mod attachments;
pub mod attributes;
mod children;
mod comment_view;
mod comments;
mod copying;
mod editing;
mod history;
mod labels;
mod listing;
mod moving;
mod narrowed;
mod new_comments;
mod page_kind;
mod pages;
mod people;
mod permissions;
mod present;
mod properties;
mod restrictions;
mod search;
mod templates;
mod threads;
mod through;
mod tree;
mod users;
pub(crate) mod wanted;

use serde_json::Value;

pub use accounts::Account;
pub use accounts::AccountError;
pub use around::Details;
pub use attachments::Said;
pub use children::Children;
pub use children::ChildrenQuery;
pub use comment_view::CommentView;
pub use comments::Comments;
pub use comments::Kind;
pub use copying::Copy;
pub use editing::PageEdit;
pub use labels::shown_label;
pub use listing::Listing;
pub use moving::Beside;
pub use moving::Position;
pub use narrowed::Found;
pub use new_comments::NewComment;
pub use new_comments::Selection;
pub use page_kind::PageKind;
pub use pages::BodyFormat;
pub use pages::NewPage;
pub use pages::PAGE_EXPAND;
pub use people::Names;
pub use people::People;
pub use permissions::Finding;
pub use permissions::SUPER_GROUP;
pub use permissions::SpacePermissions;
pub use permissions::Subject;
pub use present::ContentForm;
pub use present::PageView;
pub use properties::Looks;
pub use properties::PropertyChange;
pub use properties::Written;
pub use restrictions::Restriction;
pub use restrictions::Restrictions;
pub use restrictions::Wish;
pub use search::SearchHit;
pub use search::SearchPage;
pub use tree::Branch;
pub use users::by_name;
pub use users::shown_person;
pub use wanted::Wanted;
pub use wanted::With;

use super::Deployment;
use super::Instance;
use crate::audit::Permit;
use crate::net::Credential;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::policy::Effect;
use crate::policy::Product;
use crate::policy::Write;

/// What one deployment alone has an interface for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feature {
    /// Pages that Confluence copies by itself.
    Copying,
    /// Live documents.
    LivePages,
    /// Edits that are kept from those who watch the page.
    MinorEdits,
    /// Templates of pages.
    Templates,
    /// How often pages are looked at.
    Views,
}

/// Confluence, as one caller sees it.
#[derive(Debug, Clone, Copy)]
pub struct Confluence<'a> {
    instance: &'a Instance,
    credential: &'a Credential,
}

impl<'a> Confluence<'a> {
    /// Binds an instance to the caller's credential.
    pub fn new(instance: &'a Instance, credential: &'a Credential) -> Self {
        Self { instance, credential }
    }

    /// Server or Cloud.
    pub fn deployment(&self) -> Deployment {
        self.instance.deployment
    }

    /// The address for links without a trailing slash; on Cloud it ends in `/wiki`.
    pub fn base(&self) -> &str {
        self.instance.site()
    }

    /// Whether this deployment has a feature.
    pub fn has(&self, feature: Feature) -> bool {
        let alone = match feature {
            Feature::MinorEdits => Deployment::DataCenter,
            Feature::Copying | Feature::LivePages | Feature::Templates | Feature::Views => Deployment::Cloud,
        };
        self.deployment() == alone
    }

    /// Whether there is the second API: on Cloud, where the first loses its content endpoints.
    fn has_version_two(&self) -> bool {
        self.deployment() == Deployment::Cloud
    }

    /// Reads; the request must not change anything, which `net` checks.
    async fn get<E: Effect>(&self, permit: &Permit<E>, request: Request) -> Result<Value, UpstreamError> {
        Ok(self.instance.upstream.execute(permit, self.credential, request).await?.body)
    }

    /// Changes something.
    async fn send(&self, permit: &Permit<Write>, request: Request) -> Result<Value, UpstreamError> {
        Ok(self.instance.upstream.execute(permit, self.credential, request).await?.body)
    }
}

/// A client that has a permit for what it asks.
struct Permitted<'c, E> {
    confluence: &'c Confluence<'c>,
    permit: &'c Permit<E>,
}

impl<E: Effect> wanted::Ask for Permitted<'_, E> {
    type Error = UpstreamError;

    fn deployment(&self) -> Deployment {
        self.confluence.deployment()
    }

    async fn ask(&self, wanted: Wanted<'_>) -> Result<Value, UpstreamError> {
        self.confluence.get(self.permit, wanted.request(self.deployment())).await
    }

    fn is_absent(error: &UpstreamError) -> bool {
        error.status() == Some(404)
    }
}

fn malformed(problem: &str) -> UpstreamError {
    UpstreamError::malformed(Product::Confluence, problem)
}
