//! Who asks, and in what session, as policies see it.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::ids::InstanceName;

/// Whether a person's account or a service named in the configuration asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PrincipalKind {
    /// `Id::User`: the account at Atlassian whose credential is used.
    User,
    /// `Id::Service`: a name from the configuration, for calls on a lent credential.
    Service,
}

/// Who asks: the principal of every decision.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Principal {
    /// User or service.
    pub kind: PrincipalKind,
    /// Account id on Cloud, lower-case user name on Data Center, the configured name of a service; of an instance that
    /// is not the default, its name and a slash before it.
    pub id: String,
    /// Groups with their origin, such as `jira:dev`. `None` means not asked, never "no groups".
    pub groups: Option<BTreeSet<String>>,
}

/// As Cedar writes it, for example `Id::User::"ann"`.
impl std::fmt::Display for Principal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = match self.kind {
            PrincipalKind::User => "User",
            PrincipalKind::Service => "Service",
        };
        write!(f, "Id::{kind}::\"{}\"", self.id.escape_debug())
    }
}

/// How and from where the caller came: `context.session` in policies.
#[derive(Debug, Clone)]
pub struct Session {
    /// How the caller logged in: `pat`, `basic`, `oauth`, `stdio`, `lent`, `certificate`, `header`.
    pub method: &'static str,
    /// The MCP client's own name, or empty. It is a claim of the client.
    pub client: String,
    /// The network address of the caller; none over stdio.
    pub address: Option<IpAddr>,
    /// Which Jira or Confluence the call is for. Not an attribute: the ids of its objects say it.
    pub instance: InstanceName,
    /// `datacenter` or `cloud`.
    pub deployment: &'static str,
    /// Whether the server runs read-only.
    pub read_only: bool,
    /// When the call came, in milliseconds since 1970.
    pub now_ms: i64,
    /// How the caller logged in, as far as it is known.
    pub login: LoginFacts,
}

/// What is known of how a caller logged in. Nothing is what a personal token or a password says of it: those are shown
/// with every call, by whoever has them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoginFacts {
    /// Whether a second factor is known to have been shown.
    pub mfa: bool,
    /// What the credential is known to be limited to.
    pub scopes: BTreeSet<String>,
    /// How many seconds ago it was.
    pub age: Option<u32>,
}

impl LoginFacts {
    /// Its age as policies see it: what is not known is older than anything.
    pub fn seconds(&self) -> i64 {
        self.age.map_or(i64::MAX, i64::from)
    }
}
