//! How Vault is reached. Here and not in `config`, so that `secrets` stands on nothing above it.

use std::path::PathBuf;

use url::Host;
use url::Url;

use super::SecretRef;

/// A Vault or OpenBao server and the `AppRole` to log in with.
#[derive(Debug, Clone)]
pub struct VaultSettings {
    /// The address, without `/v1`.
    pub address: Url,
    /// The namespace every request is made in.
    pub namespace: Option<String>,
    /// Certificates that are trusted instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// Where the `AppRole` method is mounted under `auth/`.
    pub auth_mount: String,
    /// The role; not a `vault://` reference.
    pub role_id: SecretRef,
    /// The role's secret; not a `vault://` reference.
    pub secret_id: SecretRef,
    /// How long one request may take.
    pub timeout_seconds: u64,
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
