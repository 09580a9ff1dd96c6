//! A small Jira and Confluence, Data Center and Cloud flavour, in memory: what `portcullis demo`, `portcullis sim`
//! and the tests talk to instead of Atlassian.
//!
//! It is stateful (what is written can be read), deterministic (same data, same ids, a clock of its own) and strict
//! where the real products are: signatures, permissions, query syntax, versions of pages. One port serves both
//! products. Below `/__sim` are faults to inject, the log of requests, and the violations: requests that no audit
//! record on disk announced. It knows nothing of Portcullis but the layout of its audit records.

mod answer;
mod call;
mod confluence;
mod control;
pub(crate) mod data;
mod faults;
mod finding;
mod jira;
mod journal;
mod markup;
mod matching;
mod multipart;
pub(crate) mod query;
mod server;
mod site;
pub(crate) mod world;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use tokio::net::TcpListener;

use site::Site;

/// Which of Atlassian's two kinds of product to play.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deployment {
    /// Jira and Confluence Data Center: user names, wiki markup, `/rest/api/2` and `/rest/api/content`.
    DataCenter,
    /// Atlassian Cloud: account ids, ADF, `/rest/api/3`, and Confluence below `/wiki`.
    Cloud,
}

/// What a [`Sim`] is started with.
#[derive(Debug, Clone)]
pub struct SimSettings {
    /// Which products to play.
    pub deployment: Deployment,
    /// The directory of audit logs that every product request must be announced in.
    pub audit: Option<PathBuf>,
    /// Whether violations are kept from standard error.
    pub quiet: bool,
}

/// A running sample upstream; it ends when stopped or dropped.
#[derive(Debug)]
pub struct Sim {
    site: Arc<Site>,
    address: Option<SocketAddr>,
    server: server::Running,
}

impl Sim {
    /// Serves on `listener` until stopped.
    #[expect(clippy::unused_async, reason = "callers await it, and it needs a runtime to start its task on")]
    pub async fn start(listener: TcpListener, settings: SimSettings) -> Self {
        let site = Arc::new(Site::new(settings));
        let address = listener.local_addr().ok();
        let server = server::Running::start(listener, Arc::clone(&site));
        Self { site, address, server }
    }

    /// Where it listens, for example `http://127.0.0.1:8900`.
    pub fn url(&self) -> String {
        self.address.map(|address| format!("http://{address}")).unwrap_or_default()
    }

    /// One sentence for each request that no audit record announced.
    pub fn violations(&self) -> Vec<String> {
        self.site.violations()
    }

    /// Ends gracefully: answers under way have a moment to finish.
    pub async fn stop(self) {
        self.server.stop().await;
    }
}

/// The sample upstream as a router, for embedding.
pub fn router(settings: SimSettings) -> Router {
    let site = Arc::new(Site::new(settings));
    Router::new().fallback(move |request: Request| site::answer(Arc::clone(&site), request))
}

#[cfg(test)]
mod tests;
