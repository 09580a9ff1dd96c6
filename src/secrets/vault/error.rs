//! What Vault refused or could not do, in classes an operator can act on. No text holds a secret or an answer's
//! body.

use std::time::Duration;

use url::Url;

/// Why Vault gave no secret. `Display` is for the operator; [`caller_text`](Self::caller_text) for a caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// No usable answer: refused, reset, timed out, a standby node.
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
    /// The server has too much to do.
    #[error("Vault at {address} has too many requests (status 429); it is asked again later")]
    Busy {
        /// The address.
        address: String,
        /// How many seconds it asked to be left alone.
        retry_after: Option<u64>,
    },
    /// It sends elsewhere, where a token must not go.
    #[error(
        "Vault at {address} redirects (status {status}), which is not followed; name the active node in vault.address"
    )]
    Redirected {
        /// The address.
        address: String,
        /// The status of the answer.
        status: u16,
    },
    /// Whoever answers does not prove to be that Vault.
    #[error(
        "what answers at {address} is not trusted as Vault: {reason}; check vault.ca_file and the certificate"
    )]
    Untrusted {
        /// The address.
        address: String,
        /// What is wrong with the certificate.
        reason: String,
    },
    /// The login is not accepted.
    #[error(
        "Vault refused the {method} login at auth/{mount} (status {status}); check {settings} and vault.namespace"
    )]
    LoginRefused {
        /// The method, as operators know it.
        method: &'static str,
        /// The mount of the method.
        mount: String,
        /// The status of the answer.
        status: u16,
        /// The settings to look at.
        settings: &'static str,
    },
    /// The token may do anything.
    #[error(
        "vault: the login gives a root token, which is refused; use a token whose policy allows no more than to read \
         the secrets"
    )]
    RootToken,
    /// A response-wrapped secret id that somebody else has opened, or made.
    #[error(
        "vault.secret_id: {problem}: possible interception; revoke the secret ids of this role, find out who read it, \
         and wrap a new one"
    )]
    Intercepted {
        /// What does not fit.
        problem: String,
    },
    /// Logged in, also anew, and still not allowed to read this.
    #[error("Vault does not let this login read `{reference}`; add a policy with `read` on {path}")]
    Forbidden {
        /// The reference.
        reference: String,
        /// The path a policy must name.
        path: String,
    },
    /// Logged in, also anew, and still not allowed to sign with this key.
    #[error(
        "Vault does not let this login sign with `{key}`; add a policy with `read` on {mount}/keys/{name} and `update` \
         on {mount}/sign/{name}"
    )]
    MayNotSign {
        /// The key.
        key: String,
        /// Where its engine is.
        mount: String,
        /// What it is called there.
        name: String,
    },
    /// Logged in, also anew, and still not allowed to have a certificate signed.
    #[error(
        "Vault does not let this login have certificates of `{role}`; add a policy with `update` on {mount}/sign/{name}"
    )]
    MayNotIssue {
        /// The role.
        role: String,
        /// Where its engine is.
        mount: String,
        /// What it is called there.
        name: String,
    },
    /// There is no such secret or version.
    #[error("`{reference}`: {what}; write it there, or correct the reference")]
    Missing {
        /// The reference.
        reference: String,
        /// What is missing.
        what: &'static str,
    },
    /// A version of the secret that is of no use.
    #[error("`{reference}`: {problem}; write a version that is in order, or correct the reference")]
    Unusable {
        /// The reference.
        reference: String,
        /// What is wrong; says nothing of the content.
        problem: String,
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
    /// There was no time yet to ask.
    #[error("Vault has not been asked yet")]
    NotYet,
}

/// What a failure means for a secret that is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Silence: what was read last goes on for a while.
    Outage,
    /// An explicit no: what was read last is dropped at once.
    Withdrawn,
    /// A mistake of the operator's: what was read last goes on for a while, and somebody is called.
    Misconfigured,
}

impl VaultError {
    /// What it means for a secret that is held. Silence is no revocation; an explicit no is.
    pub fn class(&self) -> Class {
        match self {
            Self::Unreachable { .. }
            | Self::Sealed { .. }
            | Self::Busy { .. }
            | Self::Redirected { .. }
            | Self::Untrusted { .. }
            | Self::NotYet => Class::Outage,
            Self::Forbidden { .. }
            | Self::MayNotSign { .. }
            | Self::MayNotIssue { .. }
            | Self::Missing { .. } => Class::Withdrawn,
            Self::LoginRefused { .. }
            | Self::RootToken
            | Self::Intercepted { .. }
            | Self::Unusable { .. }
            | Self::Malformed { .. }
            | Self::Settings { .. } => Class::Misconfigured,
        }
    }

    /// Whether asking again later may help without anyone changing anything.
    pub fn is_temporary(&self) -> bool {
        self.class() == Class::Outage && !matches!(self, Self::Untrusted { .. } | Self::Redirected { .. })
    }

    /// How long the server asked to be left alone.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy { retry_after, .. } => Some(Duration::from_secs(retry_after.unwrap_or(1).max(1))),
            _ => None,
        }
    }

    /// Whether it may be somebody's attack.
    pub fn is_suspicious(&self) -> bool {
        matches!(self, Self::Untrusted { .. } | Self::Redirected { .. } | Self::Intercepted { .. })
    }

    /// What a caller may read: no path, no mount, no address. `owner` is whose credentials they are, such as `Jira`.
    pub fn caller_text(&self, owner: &str) -> String {
        match self.class() {
            Class::Outage => format!("{owner} credentials are temporarily unavailable; try again in 30 s"),
            Class::Withdrawn => {
                format!("access to the {owner} credentials was withdrawn; contact your administrator")
            }
            Class::Misconfigured => {
                format!("the {owner} credentials are misconfigured; contact your administrator")
            }
        }
    }

    /// The same where the credentials are the caller's own.
    /// `help` is where they find out how to store one.
    pub fn user_text(&self, owner: &str, help: Option<&Url>) -> String {
        match (self, help) {
            (Self::Missing { .. }, Some(help)) => {
                format!("no {owner} token is stored for you; how to add one: {help}")
            }
            (Self::Missing { .. }, None) => {
                format!("no {owner} token is stored for you; ask your administrator how to add one")
            }
            (other, _) => other.caller_text(owner),
        }
    }
}
