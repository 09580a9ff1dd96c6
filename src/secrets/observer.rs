//! What happens between this program and its Vault, told to whoever counts it and writes it down. `secrets` stands on
//! nothing, so it is told to a trait.

use std::fmt;
use std::sync::Arc;
use std::sync::OnceLock;
use std::time::Duration;

use super::VaultError;

/// Something that happened. Secrets are named as the configuration names them, never by their path.
#[derive(Debug, Clone, Copy)]
pub enum Notice<'a> {
    /// Vault was asked.
    Asked {
        /// What for: `login`, `renew`, `metadata`, `read` and so on.
        operation: &'static str,
        /// `2xx`, `3xx`, `4xx`, `5xx`, or `none` without an answer.
        class: &'static str,
        /// How long it took.
        elapsed: Duration,
    },
    /// Vault answers, or does not.
    Up(bool),
    /// A login ended.
    Login {
        /// Whether it was accepted.
        accepted: bool,
    },
    /// A token was renewed, or not.
    Renewal {
        /// Whether it was.
        accepted: bool,
    },
    /// The token in use expires; none means never.
    Expires(Option<Duration>),
    /// What happened to a secret that is held.
    Secret {
        /// Its name in the configuration.
        name: &'a str,
        /// What happened.
        event: SecretEvent<'a>,
    },
    /// Something that may be an attack.
    Suspicious(&'a VaultError),
}

/// What happened to a secret that is held.
#[derive(Debug, Clone, Copy)]
pub enum SecretEvent<'a> {
    /// It is still the same.
    Confirmed,
    /// Another version came into use.
    Changed {
        /// How many versions there were since the start, with this one.
        number: u64,
    },
    /// Vault does not answer for it; the last good version goes on for now.
    Stale(&'a VaultError),
    /// A version that is of no use was refused; the last good one goes on for now.
    Refused(&'a VaultError),
    /// There is no version in use any more.
    Closed(&'a VaultError),
}

/// Who is told. It must not wait.
pub trait Observer: fmt::Debug + Send + Sync {
    /// Takes note.
    fn notice(&self, notice: Notice<'_>);
}

/// Tells the observer, once there is one.
#[derive(Debug, Clone, Default)]
pub(super) struct Teller(Arc<OnceLock<Arc<dyn Observer>>>);

impl Teller {
    /// Sets the observer; the first one stays.
    pub(super) fn tell_to(&self, observer: Arc<dyn Observer>) {
        // A second one would be a mistake of ours, and is of no harm.
        drop(self.0.set(observer));
    }

    pub(super) fn tell(&self, notice: Notice<'_>) {
        if let Some(observer) = self.0.get() {
            observer.notice(notice);
        }
    }
}
