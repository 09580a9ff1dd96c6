//! Names resolved once: what is checked is what is connected to.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use futures::future::BoxFuture;
use reqwest::dns::Addrs;
use reqwest::dns::Name;
use reqwest::dns::Resolve;
use reqwest::dns::Resolving;

use super::Guard;
use super::GuardError;
use super::addresses;

/// Asks a name server, or a test.
type Ask = dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> + Send + Sync;

/// Resolves names for a client that asks addresses of callers.
///
/// The addresses are given to the connection as they were checked, so a name server that answers differently the
/// second time changes nothing, with certificate checks off as well. A client with this resolver must have no proxy,
/// not even the environment's: a proxy resolves the name itself, and what was checked here would not be what is
/// connected to. It must not follow redirects either: a redirect to an address in numbers asks no resolver.
#[derive(Clone)]
pub(in crate::net) struct GuardedResolver {
    guard: Arc<Guard>,
    ask: Arc<Ask>,
}

impl GuardedResolver {
    /// A resolver that asks the operating system.
    pub(in crate::net) fn new(guard: Arc<Guard>) -> Self {
        Self::asking(guard, |name| {
            Box::pin(async move { Ok(tokio::net::lookup_host((name.as_str(), 0)).await?.collect()) })
        })
    }

    /// Takes who is asked.
    pub(super) fn asking(
        guard: Arc<Guard>,
        ask: impl Fn(String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> + Send + Sync + 'static,
    ) -> Self {
        Self { guard, ask: Arc::new(ask) }
    }

    /// The addresses of a name: all of them public, or the name refused.
    pub(super) async fn addresses(&self, name: &str) -> Result<Vec<SocketAddr>, GuardError> {
        self.guard.admit_name(name)?;
        let found = (self.ask)(name.to_owned()).await.unwrap_or_default();
        if found.is_empty() {
            return Err(GuardError::Unresolved(name.to_owned()));
        }
        // The operator vouches for what the list names; but no Jira is on the link of this machine, where the services
        // of its cloud are.
        let vouched = self.guard.is_listed();
        let fine = |found: &SocketAddr| {
            if vouched { !addresses::is_on_link(found.ip()) } else { addresses::is_global(found.ip()) }
        };
        if found.iter().all(fine) { Ok(found) } else { Err(GuardError::NotPublic(name.to_owned())) }
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let this = self.clone();
        Box::pin(async move {
            let found = this.addresses(name.as_str()).await?;
            let found: Addrs = Box::new(found.into_iter());
            Ok(found)
        })
    }
}

impl std::fmt::Debug for GuardedResolver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GuardedResolver").field("guard", &self.guard).finish_non_exhaustive()
    }
}
