//! A secret of the configuration: read at the start, looked at ever after, given from memory.

use std::fmt;
use std::sync::Arc;
use std::sync::Weak;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::Class;
use super::Vault;
use super::VaultError;
use super::Version;
use super::backoff;
use super::backoff::Backoff;
use super::held::Change;
use super::held::Held;
use super::kv::Found;
use crate::secrets::Notice;
use crate::secrets::Secret;
use crate::secrets::SecretEvent;
use crate::secrets::VaultRef;

/// After a look that found nothing newer, the next refusal is answered without one for this long.
const PAUSE: Duration = Duration::from_secs(2);

/// What makes of the values of a secret what is used, or says what is wrong with them.
pub(in crate::secrets) type Make<T> = dyn Fn(&[Secret]) -> Result<T, String> + Send + Sync;

/// What the first look must find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::secrets) enum First {
    /// The secret, unless Vault is silent.
    Needed,
    /// Somebody may still have to write it.
    MayBeMissing,
}

impl First {
    fn forgives(self, error: &VaultError) -> bool {
        self == Self::MayBeMissing && matches!(error, VaultError::Missing { .. })
    }
}

/// A secret that is watched.
pub struct Watched<T> {
    /// As the configuration names it.
    name: String,
    reference: VaultRef,
    vault: Arc<Vault>,
    make: Box<Make<T>>,
    held: Held<T>,
    /// One look at a time; and when one after a refusal found nothing newer.
    looking: Mutex<Option<Instant>>,
    /// Counts looks, for who waits for one.
    looks: watch::Sender<u64>,
    task: std::sync::OnceLock<AbortHandle>,
}

impl<T> fmt::Debug for Watched<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Watched").field("name", &self.name).finish_non_exhaustive()
    }
}

impl<T> Drop for Watched<T> {
    fn drop(&mut self) {
        if let Some(task) = self.task.get() {
            task.abort();
        }
    }
}

impl<T: Send + Sync + 'static> Watched<T> {
    /// Reads a secret and watches it from now on. Where Vault does not answer, it is watched all the same unless the
    /// settings want a start to fail; any other refusal is an error.
    pub(in crate::secrets) async fn start(
        vault: &Arc<Vault>,
        name: String,
        reference: VaultRef,
        needed: First,
        make: Box<Make<T>>,
    ) -> Result<Arc<Self>, VaultError> {
        let watched = Arc::new(Self {
            name,
            reference,
            vault: Arc::clone(vault),
            make,
            held: Held::new(),
            looking: Mutex::default(),
            looks: watch::Sender::new(0),
            task: std::sync::OnceLock::new(),
        });
        let first = watched.look().await;
        if let Some(error) = &first
            && !needed.forgives(error)
            && (!error.is_temporary() || vault.watch.must_start)
        {
            return Err(error.clone());
        }
        vault.stay();
        let task = tokio::spawn(keep_looking(Arc::downgrade(&watched), first));
        // It was just made, so there is none yet.
        drop(watched.task.set(task.abort_handle()));
        Ok(watched)
    }

    /// The version in use, from memory.
    pub fn get(&self) -> Result<Arc<Version<T>>, VaultError> {
        self.held.get()
    }

    /// A newer version than the one that was refused where it was shown, if there is one: looked for at once, but not
    /// by everybody and not all the time.
    pub async fn rejected(self: &Arc<Self>, refused: u64) -> Option<Arc<Version<T>>> {
        if let Some(newer) = self.other_than(refused) {
            return Some(newer);
        }
        // Whoever asked may leave; what was begun goes on, for the others.
        let watched = Arc::clone(self);
        tokio::spawn(async move { watched.look_for_other(refused).await }).await.ok().flatten()
    }

    async fn look_for_other(&self, refused: u64) -> Option<Arc<Version<T>>> {
        let mut fruitless = self.looking.lock().await;
        if let Some(newer) = self.other_than(refused) {
            return Some(newer);
        }
        if fruitless.is_some_and(|since| since.elapsed() < PAUSE) {
            return None;
        }
        self.look_now().await;
        let newer = self.other_than(refused);
        *fruitless = newer.is_none().then(Instant::now);
        newer
    }

    fn other_than(&self, refused: u64) -> Option<Arc<Version<T>>> {
        self.held.peek().ok().filter(|version| version.number != refused)
    }

    /// Ends the watch, to see what becomes of what is held.
    #[cfg(test)]
    pub(super) fn stop_looking(&self) {
        self.task.get().unwrap().abort();
    }

    /// Why there is no version in use, if that is so.
    pub(in crate::secrets) fn closed(&self) -> Option<VaultError> {
        self.held.peek().err()
    }

    /// How often a version was given for which Vault did not vouch, since this was asked last.
    pub(in crate::secrets) fn take_stale(&self) -> u64 {
        self.held.take_stale()
    }

    /// Looks, and says what went wrong.
    async fn look(&self) -> Option<VaultError> {
        let _one = self.looking.lock().await;
        self.look_now().await
    }

    async fn look_now(&self) -> Option<VaultError> {
        let looked = self.vault.look(&self.reference, self.held.mark()).await;
        let trust = self.vault.trust(looked.as_ref().ok().and_then(|look| look.until));
        let made = looked.and_then(|look| match look.found {
            Found::Same => Ok(None),
            Found::Other(mark, values) => match (self.make)(&values) {
                Ok(value) => Ok(Some((mark, value))),
                Err(problem) => Err(VaultError::Unusable { reference: self.reference.to_string(), problem }),
            },
        });
        let (change, error) = match made {
            Ok(None) => (self.held.confirm(trust), None),
            Ok(Some((mark, value))) => (self.held.replace(mark, value, trust), None),
            Err(error) => (self.held.fail(error.clone(), trust), Some(error)),
        };
        self.tell(change, error.as_ref());
        self.looks.send_modify(|count| *count += 1);
        error
    }

    fn tell(&self, change: Change, error: Option<&VaultError>) {
        let event = match (change, error) {
            (Change::Confirmed, _) => SecretEvent::Confirmed,
            (Change::Replaced(number), _) => SecretEvent::Changed { number },
            (Change::Closed, Some(error)) => SecretEvent::Closed(error),
            (Change::Stale, Some(error)) if error.class() == Class::Outage => SecretEvent::Stale(error),
            (Change::Stale, Some(error)) => SecretEvent::Refused(error),
            (Change::Still | Change::Stale | Change::Closed, _) => return,
        };
        self.vault.teller.tell(Notice::Secret { name: &self.name, event });
    }

    /// Time alone may close what is stale.
    fn expire(&self) {
        let change = self.held.expire();
        if change == Change::Closed {
            self.tell(change, self.held.trouble().as_ref());
        }
    }
}

/// Looks again and again, as long as somebody holds the secret. `last` is how the first look went.
async fn keep_looking<T: Send + Sync + 'static>(watched: Weak<Watched<T>>, mut last: Option<VaultError>) {
    let mut backoff = Backoff::default();
    loop {
        let Some(held) = watched.upgrade() else { return };
        let interval = backoff::around(held.vault.watch.interval);
        let wait = match &last {
            None => {
                backoff.reset();
                interval
            }
            Some(error) if error.class() == Class::Outage => {
                backoff.wait(error.retry_after()).min(interval.max(error.retry_after().unwrap_or_default()))
            }
            Some(_) => interval,
        };
        // What is lent may be due sooner, and ends with the token it was lent to.
        let due = held.vault.due(&held.reference);
        let mut logins = held.vault.logins();
        let next = Instant::now() + wait;
        let next = due.filter(|_| last.is_none()).map_or(next, |due| due.min(next));
        let closing = held.held.good_until();
        drop(held);
        if last.is_some() && closing > Instant::now() && closing < next {
            tokio::time::sleep_until(closing).await;
            let Some(held) = watched.upgrade() else { return };
            held.expire();
        }
        tokio::select! {
            () = tokio::time::sleep_until(next) => {}
            // Nobody logs in any more once the Vault is gone.
            _ = logins.changed(), if due.is_some() => {}
        }
        let Some(held) = watched.upgrade() else { return };
        last = held.look().await;
    }
}
