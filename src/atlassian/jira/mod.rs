//! A typed client for Jira. Reading needs any permit, sending needs a permit to write.

mod comments;
mod fields;
mod issues;
mod parts;
mod present;
mod search;

use serde_json::Value;

pub use comments::NewComment;
pub use fields::Fields;
pub use issues::Include;
pub use issues::IssueQuery;
pub use parts::added_comment;
pub use present::IssueView;
pub use search::SearchPage;
pub use search::SearchQuery;

use super::Deployment;
use crate::audit::Permit;
use crate::net::Credential;
use crate::net::Request;
use crate::net::Upstream;
use crate::net::UpstreamError;
use crate::policy::Effect;
use crate::policy::Product;
use crate::policy::Write;

/// Jira, as one caller sees it.
#[derive(Debug, Clone, Copy)]
pub struct Jira<'a> {
    upstream: &'a Upstream,
    credential: &'a Credential,
    deployment: Deployment,
}

impl<'a> Jira<'a> {
    /// Binds the product to the caller's credential.
    pub fn new(upstream: &'a Upstream, credential: &'a Credential, deployment: Deployment) -> Self {
        Self { upstream, credential, deployment }
    }

    /// Server or Cloud.
    pub fn deployment(&self) -> Deployment {
        self.deployment
    }

    /// The base URL without a trailing slash.
    pub fn base(&self) -> &str {
        self.upstream.base()
    }

    /// Reads; the request must not change anything, which `net` checks.
    async fn get<E: Effect>(&self, permit: &Permit<E>, request: Request) -> Result<Value, UpstreamError> {
        Ok(self.upstream.execute(permit, self.credential, request).await?.body)
    }

    /// Changes something.
    async fn send(&self, permit: &Permit<Write>, request: Request) -> Result<Value, UpstreamError> {
        Ok(self.upstream.execute(permit, self.credential, request).await?.body)
    }
}

fn malformed(problem: &str) -> UpstreamError {
    UpstreamError::malformed(Product::Jira, problem)
}
