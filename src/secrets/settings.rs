//! How Vault is reached. Here and not in `config`, so that `secrets` stands on nothing above it.

use std::path::PathBuf;
use std::time::Duration;

use url::Host;
use url::Url;

use super::SecretRef;

/// A Vault or OpenBao server and the way to log in.
#[derive(Debug, Clone)]
pub struct VaultSettings {
    /// The addresses of its nodes, without `/v1`; at least one.
    pub addresses: Vec<Url>,
    /// The namespace every request is made in.
    pub namespace: Option<String>,
    /// Certificates that are trusted instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// The certificate this server shows.
    pub client_certificate: Option<VaultCertificate>,
    /// How to log in.
    pub login: VaultLogin,
    /// How long one request may take.
    pub timeout_seconds: u64,
    /// How a secret that is held is kept up to date.
    pub watch: WatchSettings,
    /// Where people find out how to store a secret of their own.
    pub help_url: Option<Url>,
}

/// A certificate of our own, in PEM.
#[derive(Debug, Clone)]
pub struct VaultCertificate {
    /// The certificate, and its key unless that is apart.
    pub certificate: PathBuf,
    /// The key.
    pub key: Option<PathBuf>,
}

/// A method to log in. No reference in it is a `vault://` one.
#[derive(Debug, Clone)]
pub enum VaultLogin {
    /// A role and its secret.
    AppRole {
        /// Where the method is mounted under `auth/`.
        mount: String,
        /// The role's id.
        role_id: SecretRef,
        /// The role's secret, or the token it is wrapped in.
        secret_id: SecretRef,
        /// The name of the role, if the secret id is response-wrapped: it must have been wrapped for that role.
        wrapped_for: Option<String>,
    },
    /// The token of the pod's service account.
    Kubernetes {
        /// Where the method is mounted.
        mount: String,
        /// The role.
        role: String,
        /// The token.
        jwt: SecretRef,
    },
    /// A signed token of somebody Vault trusts.
    Jwt {
        /// Where the method is mounted.
        mount: String,
        /// The role; without, the method's default.
        role: Option<String>,
        /// The token.
        jwt: SecretRef,
    },
    /// The certificate this server shows.
    Certificate {
        /// Where the method is mounted.
        mount: String,
        /// The role; without, any that fits.
        role: Option<String>,
    },
    /// A token.
    Token(SecretRef),
    /// A file in which somebody else, such as Vault Agent, keeps a token.
    TokenFile(PathBuf),
}

/// How a secret that is held is kept up to date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WatchSettings {
    /// How often it is looked whether there is a newer version, give or take a fifth.
    pub interval: Duration,
    /// How long the last good version is used while Vault does not answer.
    pub max_stale: Duration,
    /// Whether a start without an answer of Vault is a failed one.
    pub must_start: bool,
    /// How long a request may go on with what was lent and is replaced: then it is given back.
    pub grace: Duration,
}

impl Default for WatchSettings {
    fn default() -> Self {
        Self {
            interval: Duration::from_mins(1),
            max_stale: Duration::from_hours(1),
            must_start: false,
            grace: Duration::from_secs(90),
        }
    }
}

impl VaultLogin {
    /// The method as operators know it.
    pub fn method(&self) -> &'static str {
        match self {
            Self::AppRole { .. } => "AppRole",
            Self::Kubernetes { .. } => "Kubernetes",
            Self::Jwt { .. } => "JWT",
            Self::Certificate { .. } => "certificate",
            Self::Token(_) => "token",
            Self::TokenFile(_) => "token file",
        }
    }

    /// Every secret it refers to.
    pub fn references(&self) -> impl Iterator<Item = &SecretRef> {
        let (one, two) = match self {
            Self::AppRole { role_id, secret_id, .. } => (Some(role_id), Some(secret_id)),
            Self::Kubernetes { jwt, .. } | Self::Jwt { jwt, .. } => (Some(jwt), None),
            Self::Token(token) => (Some(token), None),
            Self::Certificate { .. } | Self::TokenFile(_) => (None, None),
        };
        one.into_iter().chain(two)
    }

    /// Whether the token is ours to revoke at the end; one that was given is not.
    pub(super) fn is_own(&self) -> bool {
        !matches!(self, Self::Token(_) | Self::TokenFile(_))
    }
}

/// Whether an address stays on this machine, so that plain http shows nothing to anyone.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        None => false,
    }
}
