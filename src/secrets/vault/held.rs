//! What is known of one secret, and how long it may be used: the rules, without a network.
//!
//! Silence of Vault is no revocation; an explicit no is.

use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::RwLock;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use super::Class;
use super::VaultError;
use super::kv::Mark;

/// One version of a secret. Who has one keeps it, whatever comes after.
#[derive(Debug)]
pub struct Version<T> {
    /// Counts the versions that were in use since the start.
    pub number: u64,
    /// What was made of the secret.
    pub value: T,
}

/// A secret that is held.
#[derive(Debug)]
pub(super) struct Held<T> {
    state: RwLock<State<T>>,
    /// How often a version was given for which Vault does not vouch just now.
    stale: AtomicU64,
}

#[derive(Debug)]
struct State<T> {
    version: Option<Arc<Version<T>>>,
    /// How many versions were in use.
    number: u64,
    mark: Option<Mark>,
    /// Past that, nothing is given: also if nobody looks any more.
    good_until: Instant,
    trouble: Option<VaultError>,
    /// What was said last of how it is.
    told: Told,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Good,
    Stale,
    Closed,
}

/// How long to trust.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trust {
    /// After how long at the latest somebody looks again.
    pub(super) looks_within: Duration,
    pub(super) max_stale: Duration,
    /// When it ends whatever is said of it.
    pub(super) until: Option<Instant>,
}

/// What a look changed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Nothing.
    Confirmed,
    /// Another version is in use.
    Replaced(u64),
    /// The last good one goes on for now.
    Stale,
    /// Nothing is given any more, since now.
    Closed,
    /// The same trouble as before.
    Still,
}

impl<T> Held<T> {
    pub(super) fn new() -> Self {
        let state = State {
            version: None,
            number: 0,
            mark: None,
            good_until: Instant::now(),
            trouble: None,
            told: Told::Good,
        };
        Self { state: RwLock::new(state), stale: AtomicU64::new(0) }
    }

    /// The version in use, to be used.
    pub(super) fn get(&self) -> Result<Arc<Version<T>>, VaultError> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let version = state.version()?;
        if state.trouble.is_some() {
            self.stale.fetch_add(1, Ordering::Relaxed);
        }
        Ok(Arc::clone(version))
    }

    /// The version in use, to be looked at: that is not counted.
    pub(super) fn peek(&self) -> Result<Arc<Version<T>>, VaultError> {
        self.state.read().unwrap_or_else(PoisonError::into_inner).version().cloned()
    }

    /// How often a version was given for which Vault did not vouch, since this was asked last.
    pub(super) fn take_stale(&self) -> u64 {
        self.stale.swap(0, Ordering::Relaxed)
    }

    /// What tells the known version from others; none if it must be read anew.
    pub(super) fn mark(&self) -> Option<Mark> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.mark.filter(|_| state.version.is_some())
    }

    /// Whether the last good version is used because there is no newer word.
    pub(super) fn trouble(&self) -> Option<VaultError> {
        self.state.read().unwrap_or_else(PoisonError::into_inner).trouble.clone()
    }

    /// Vault says it is still the same.
    pub(super) fn confirm(&self, trust: Trust) -> Change {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.vouched(trust);
        Change::Confirmed
    }

    /// Vault has another version, which is in order.
    pub(super) fn replace(&self, mark: Mark, value: T, trust: Trust) -> Change {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.number += 1;
        let number = state.number;
        state.version = Some(Arc::new(Version { number, value }));
        state.mark = Some(mark);
        state.vouched(trust);
        Change::Replaced(number)
    }

    /// Vault does not answer, says no, or has something that is of no use.
    pub(super) fn fail(&self, error: VaultError, trust: Trust) -> Change {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if error.class() == Class::Withdrawn {
            // Dropped, and wiped once the last request with it has ended.
            (state.version, state.mark, state.good_until) = (None, None, now);
        } else {
            state.good_until = state.good_until.min(now + trust.max_stale);
        }
        state.trouble = Some(error);
        state.told(now)
    }

    /// Nothing came since; the time alone may have closed it.
    pub(super) fn expire(&self) -> Change {
        self.state.write().unwrap_or_else(PoisonError::into_inner).told(Instant::now())
    }

    /// When it closes if nothing comes.
    pub(super) fn good_until(&self) -> Instant {
        self.state.read().unwrap_or_else(PoisonError::into_inner).good_until
    }
}

impl<T> State<T> {
    fn version(&self) -> Result<&Arc<Version<T>>, VaultError> {
        match &self.version {
            Some(version) if Instant::now() < self.good_until => Ok(version),
            _ => Err(self.trouble.clone().unwrap_or(VaultError::NotYet)),
        }
    }

    fn vouched(&mut self, trust: Trust) {
        let good_until = Instant::now() + trust.looks_within + trust.max_stale;
        self.good_until = trust.until.map_or(good_until, |until| until.min(good_until));
        (self.trouble, self.told) = (None, Told::Good);
    }

    fn told(&mut self, now: Instant) -> Change {
        let is_good = self.version.is_some() && now < self.good_until;
        let (told, change) =
            if is_good { (Told::Stale, Change::Stale) } else { (Told::Closed, Change::Closed) };
        if std::mem::replace(&mut self.told, told) == told { Change::Still } else { change }
    }
}
