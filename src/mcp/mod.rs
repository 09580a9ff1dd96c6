//! MCP by rmcp: stdio and streamable HTTP, both protocol eras on one endpoint, stateless. Knows no tool.
//!
//! rmcp speaks the protocol; around it we add what it lacks: limits before parsing, JSON-RPC bodies for every error,
//! Host and Origin allowlists, authentication before dispatch, and the end of a call when its client goes away.

mod authenticate;
mod envelope;
mod failing;
mod forwarded;
mod handler;
mod hosts;
mod http;
mod listen;
mod peer;
mod stdio;
mod tls;
mod who;

use std::sync::Arc;

use tokio::sync::watch;

pub use forwarded::TrustedProxies;
pub use hosts::Allowlist;
pub use http::HttpSettings;
pub use http::Substitutes;
pub use http::router;
pub use listen::Patience;
pub use listen::Room;
pub use listen::listen;
pub use peer::Authorities;
pub use peer::AuthoritiesError;
pub use peer::Clients;
pub use stdio::serve as serve_stdio;
pub use tls::Certificate;
pub use tls::CertificateError;
pub use tls::Shown;
pub use tls::Tls;
pub use who::Pin;
pub use who::UserHeader;

use crate::call::Gate;

/// What clients are told of writing when they connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writes {
    /// Nobody may write.
    Off,
    /// Who may write, the policies say.
    ByPolicy,
}

/// The gate, as soon as it is ready: the policies may load beside the handshake, but no call runs before.
#[derive(Debug, Clone)]
pub struct GateSoon(watch::Receiver<Option<Arc<Gate>>>);

impl GateSoon {
    /// A gate to come, and the way to hand it in.
    pub fn pending() -> (watch::Sender<Option<Arc<Gate>>>, Self) {
        let (sender, receiver) = watch::channel(None);
        (sender, Self(receiver))
    }

    /// A gate that is there.
    pub fn ready(gate: Arc<Gate>) -> Self {
        Self(watch::channel(Some(gate)).1)
    }

    /// The gate, if it is ready.
    fn now(&self) -> Option<Arc<Gate>> {
        self.0.borrow().clone()
    }

    /// Waits for the gate; `None` when it will never come, because the server is ending.
    pub async fn get(&self) -> Option<Arc<Gate>> {
        let mut receiver = self.0.clone();
        let gate = receiver.wait_for(Option::is_some).await.ok()?;
        gate.clone()
    }
}
