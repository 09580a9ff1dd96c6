//! What Vault refused or could not do, in classes an operator can act on. No text holds a secret or an answer's
//! body.

/// Why Vault gave no secret. `Display` is for the operator; [`caller_text`](Self::caller_text) for a caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// No usable answer: refused, reset, timed out, a certificate that is not trusted, an overload.
    #[error(
        "Vault at {address} did not answer: {reason}; check vault.address, the network and vault.ca_file"
    )]
    Unreachable {
        /// The address.
        address: String,
        /// What happened.
        reason: String,
    },
    /// The server is there but sealed.
    #[error("Vault at {address} is sealed; unseal it")]
    Sealed {
        /// The address.
        address: String,
    },
    /// The `AppRole` is not accepted.
    #[error(
        "Vault refused the AppRole login at auth/{mount} (status {status}); check vault.role_id, vault.secret_id (it \
         may have expired), vault.auth_mount and vault.namespace"
    )]
    LoginRefused {
        /// The mount of the method.
        mount: String,
        /// The status of the answer.
        status: u16,
    },
    /// Logged in, also anew, and still not allowed to read this.
    #[error("Vault does not let this AppRole read `{reference}`; add a policy with `read` on {path}")]
    Forbidden {
        /// The reference.
        reference: String,
        /// The path a policy must name.
        path: String,
    },
    /// There is no such secret, version or key.
    #[error("`{reference}`: {what}; write it there, or correct the reference")]
    Missing {
        /// The reference.
        reference: String,
        /// What is missing.
        what: &'static str,
    },
    /// An answer that is not what the endpoint gives.
    #[error("Vault's answer to {what} cannot be used: {problem}")]
    Malformed {
        /// What was asked.
        what: String,
        /// What is wrong; says nothing of the content.
        problem: String,
    },
    /// The settings do not let us ask.
    #[error("{setting}: {problem}")]
    Settings {
        /// The setting.
        setting: &'static str,
        /// What is wrong.
        problem: String,
    },
}

impl VaultError {
    /// What a caller may read: no path, no mount, no address.
    pub fn caller_text(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } | Self::Sealed { .. } => {
                "the credentials of this server are temporarily unavailable; try again in a minute"
            }
            Self::Forbidden { .. } | Self::Missing { .. } => {
                "access to the credentials of this server was withdrawn; contact its administrator"
            }
            Self::LoginRefused { .. } | Self::Malformed { .. } | Self::Settings { .. } => {
                "the credentials of this server are misconfigured; contact its administrator"
            }
        }
    }
}
