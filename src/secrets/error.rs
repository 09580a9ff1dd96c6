//! Why a secret is not to be had. Two texts: the operator's (`Display`) names the place, the caller's does not.

use super::VaultError;

/// Why a reference did not resolve. Never holds a secret.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SecretError {
    /// The variable is not set, or is empty.
    #[error("`env://{name}`: the variable is not set or empty")]
    Environment {
        /// The variable.
        name: String,
    },
    /// The file cannot be used.
    #[error("`{reference}`: {problem}")]
    File {
        /// The reference.
        reference: String,
        /// What is wrong with the file.
        problem: String,
    },
    /// There is no credential directory.
    #[error(
        "`cred://{name}`: $CREDENTIALS_DIRECTORY is not set; run under systemd with LoadCredential={name}:/path"
    )]
    NoCredentials {
        /// The credential.
        name: String,
    },
    /// A `vault://` reference, and no Vault.
    #[error("`{reference}`: vault.address is not set (PORTCULLIS_VAULT__ADDRESS)")]
    NoVault {
        /// The reference.
        reference: String,
    },
    /// A place of whoever is served, where nobody is.
    #[error("`{reference}`: there is no `{{user}}` here whose secret it could be")]
    NoUser {
        /// The reference.
        reference: String,
    },
    /// What is there is of no use where it is wanted.
    #[error("{name} {problem}")]
    Unusable {
        /// The secret, as the configuration names it.
        name: String,
        /// What is wrong; says nothing of the content.
        problem: String,
    },
    /// What Vault said, or did not say.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl SecretError {
    /// What a caller may read: no path, no mount, no address. `owner` is whose credentials they are, such as `Jira`.
    pub fn caller_text(&self, owner: &str) -> String {
        match self {
            Self::Vault(error) => error.caller_text(owner),
            _ => format!("the {owner} credentials are misconfigured; contact your administrator"),
        }
    }

    /// Whether asking again later may help without anyone changing anything.
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Vault(error) if error.is_temporary())
    }
}
