//! A typed client for Confluence. Reading needs any permit, sending needs a permit to write.

pub(crate) mod gateway;
mod pages;
mod people;
mod present;
mod search;

use serde_json::Value;

pub use pages::BodyFormat;
pub use pages::NewPage;
pub use pages::PAGE_EXPAND;
pub(crate) use pages::first_titled;
pub use people::People;
pub use present::ContentForm;
pub use present::PageView;
pub use search::SearchHit;
pub use search::SearchPage;

use super::Deployment;
use super::Instance;
use crate::audit::Permit;
use crate::net::Credential;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::policy::Effect;
use crate::policy::Product;
use crate::policy::Write;

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

    /// Whether it is reached through the gateway of Cloud.
    fn is_behind_gateway(&self) -> bool {
        self.instance.gateway
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

fn malformed(problem: &str) -> UpstreamError {
    UpstreamError::malformed(Product::Confluence, problem)
}
