//! Secrets that an engine makes for us and takes back: each is lent, for a while, to the token that took it.
//!
//! One lease for each path, however many keys of it are used and by whomever. It is renewed at two thirds of its term, and
//! replaced when it cannot be, when a renewal gives less than half of the first term, and when another token came into use:
//! a lease ends with the token it was lent to. What was replaced is given back when no request can still be using it.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::Weak;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use http::Method;
use http::StatusCode;
use serde_json::json;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::VaultError;
use super::answers;
use super::answers::Term;
use super::backoff;
use super::kv;
use super::session::Session;
use super::wire::Answer;
use super::wire::Question;
use crate::secrets::Secret;
use crate::secrets::VaultRef;

/// A lease that was looked at is not looked at again for this long: several secrets may be of one lease.
const PAUSE: Duration = Duration::from_millis(500);

/// How long giving back all of them may take.
const GOODBYE: Duration = Duration::from_secs(2);

/// The leases we hold.
#[derive(Debug)]
pub(super) struct Leases {
    /// By mount and path. Each is taken, renewed and replaced by one at a time.
    held: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Option<Lease>>>>>,
    /// When each of them is to be looked at next, and which login took it.
    due: Mutex<HashMap<String, (Instant, u64)>>,
    /// Those that were replaced and are still to be given back.
    replaced: Arc<Mutex<Vec<String>>>,
    taken: Mutex<u64>,
    /// How long a request may go on with what was replaced.
    grace: Duration,
    /// Whether it was said that leases cannot be looked up.
    told: AtomicBool,
}

/// A lease, with what was lent. Its `Debug` shows neither.
struct Lease {
    id: String,
    /// Tells it from those before.
    number: u64,
    /// The answer that lent it.
    answer: Zeroizing<Vec<u8>>,
    /// The term at first.
    first: Duration,
    term: Term,
    since: Instant,
    /// When it is to be renewed or replaced.
    due: Instant,
    looked: Instant,
    /// Which login it was lent to.
    login: u64,
}

/// What a look at a path of an engine found.
pub(super) enum Lent {
    /// Which lease it is, how long it is good for, and the values of the wanted keys.
    Lease { number: u64, until: Instant, values: Vec<Secret> },
    /// The engine lends nothing here: it is a secret like others.
    Plain(Vec<Secret>),
}

/// How a lease is that was looked at.
enum Looked {
    Good,
    /// It goes on for now, but another is needed.
    Ending,
    /// It was revoked, or has ended.
    Gone,
}

impl std::fmt::Debug for Lease {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Lease").field("number", &self.number).finish_non_exhaustive()
    }
}

impl Leases {
    pub(super) fn new(grace: Duration) -> Self {
        Self {
            held: Mutex::default(),
            due: Mutex::default(),
            replaced: Arc::default(),
            taken: Mutex::default(),
            grace,
            told: AtomicBool::new(false),
        }
    }

    /// What is lent at this path: renewed or replaced if it is time, taken if there is none.
    pub(super) async fn look(
        &self,
        session: &Arc<Session>,
        reference: &VaultRef,
    ) -> Result<Lent, VaultError> {
        let slot = Arc::clone(lock(&self.held).entry(reference.place()).or_default());
        let mut slot = slot.lock().await;
        let looked = match slot.as_mut() {
            Some(lease) => self.look_at(session, reference, lease).await?,
            None => Looked::Gone,
        };
        if matches!(looked, Looked::Good) {
            return lent(slot.as_ref(), reference);
        }
        let was_held = slot.is_some();
        if matches!(looked, Looked::Gone) {
            *slot = None;
        }
        match self.take(session, reference).await {
            Ok(Ok(lease)) => {
                self.put_off(session, slot.replace(lease));
                self.note(reference, slot.as_ref());
                lent(slot.as_ref(), reference)
            }
            Ok(Err(values)) => Ok(Lent::Plain(values)),
            // What Vault took back is of no use to anybody, whatever the reason that there is no other.
            Err(error) if was_held && slot.is_none() => {
                self.note(reference, None);
                tracing::warn!(%error, "a lease was revoked, and there is no other");
                Err(answers::missing_part(reference, "its lease was revoked, and Vault gives no other"))
            }
            Err(error) => Err(error),
        }
    }

    /// When the lease of this path is to be looked at at the latest; none where there is no lease.
    pub(super) fn due(&self, session: &Session, reference: &VaultRef) -> Option<Instant> {
        let (due, login) = *lock(&self.due).get(&reference.place())?;
        Some(if login == session.number() { due } else { Instant::now() })
    }

    async fn look_at(
        &self,
        session: &Session,
        reference: &VaultRef,
        lease: &mut Lease,
    ) -> Result<Looked, VaultError> {
        // The token it was lent to was replaced, and takes the lease with it at its end.
        if lease.login != session.number() {
            return Ok(Looked::Ending);
        }
        if Instant::now() < lease.due {
            return self.look_up(session, lease).await;
        }
        if !lease.term.renewable {
            return Ok(if Instant::now() < lease.end() { Looked::Ending } else { Looked::Gone });
        }
        let answer = ask(session, "lease_renew", "sys/leases/renew", &lease.id).await?;
        match answer.status {
            StatusCode::OK => {}
            StatusCode::FORBIDDEN => {
                tracing::warn!(
                    "the policy does not let us renew leases, so new ones are taken; add `update` on sys/leases/renew"
                );
                return Ok(Looked::Ending);
            }
            _ => return Ok(Looked::Gone),
        }
        lease.goes_on(answers::renewed(&answer.body, reference)?);
        self.note(reference, Some(lease));
        // Whoever gives less and less is about to give nothing.
        Ok(if lease.term.length < lease.first / 2 { Looked::Ending } else { Looked::Good })
    }

    /// Whether Vault still knows the lease.
    async fn look_up(&self, session: &Session, lease: &mut Lease) -> Result<Looked, VaultError> {
        if lease.looked.elapsed() < PAUSE {
            return Ok(Looked::Good);
        }
        let answer = ask(session, "lease_look_up", "sys/leases/lookup", &lease.id).await?;
        lease.looked = Instant::now();
        match answer.status {
            StatusCode::OK => Ok(Looked::Good),
            StatusCode::FORBIDDEN => {
                if !self.told.swap(true, Ordering::Relaxed) {
                    tracing::warn!(
                        "the policy does not let us look leases up, so one that is revoked is seen at its renewal; add \
                         `update` on sys/leases/lookup"
                    );
                }
                Ok(Looked::Good)
            }
            _ => Ok(Looked::Gone),
        }
    }

    /// Takes a new one; or what is there, where the engine lends nothing.
    async fn take(
        &self,
        session: &Session,
        reference: &VaultRef,
    ) -> Result<Result<Lease, Vec<Secret>>, VaultError> {
        let question = Question::get("read", reference.place());
        let (answer, login) = session.ask_as(&question).await?;
        let body = kv::found(answer, reference, reference.place())?.body;
        let now = Instant::now();
        let Some((id, term)) = answers::lease(&body, reference)? else {
            return Ok(Err(answers::values_of_version_one(&body, reference)?));
        };
        let number = {
            let mut taken = lock(&self.taken);
            *taken += 1;
            *taken
        };
        let due = now + backoff::renewal(term.length);
        Ok(Ok(Lease {
            id,
            number,
            answer: body,
            first: term.length,
            term,
            since: now,
            due,
            looked: now,
            login,
        }))
    }

    fn note(&self, reference: &VaultRef, lease: Option<&Lease>) {
        let mut due = lock(&self.due);
        match lease {
            Some(lease) => drop(due.insert(reference.place(), (lease.due, lease.login))),
            None => drop(due.remove(&reference.place())),
        }
    }

    /// Gives back what was replaced, when the last request with it has ended.
    fn put_off(&self, session: &Arc<Session>, replaced: Option<Lease>) {
        let Some(Lease { id, .. }) = replaced else { return };
        lock(&self.replaced).push(id.clone());
        let (grace, all, session) = (self.grace, Arc::downgrade(&self.replaced), Arc::downgrade(session));
        tokio::spawn(async move {
            tokio::time::sleep(grace).await;
            give_back_later(&id, &all, &session).await;
        });
    }

    /// Gives back all of them.
    pub(super) async fn end(&self, session: &Session) {
        let slots: Vec<_> = lock(&self.held).drain().map(|(_, slot)| slot).collect();
        lock(&self.due).clear();
        let mut ids = std::mem::take(&mut *lock(&self.replaced));
        for slot in slots {
            ids.extend(slot.lock().await.take().map(|lease| lease.id));
        }
        let revoked = futures::future::join_all(ids.iter().map(|id| give_back(session, id)));
        if tokio::time::timeout(GOODBYE, revoked).await.is_err() {
            tracing::warn!(
                "the leases could not be given back in time; they end with their token or their term"
            );
        }
    }
}

impl Lease {
    fn end(&self) -> Instant {
        self.since + self.term.length
    }

    fn goes_on(&mut self, term: Term) {
        let now = Instant::now();
        (self.term, self.since, self.looked) = (term, now, now);
        self.due = now + backoff::renewal(self.term.length);
    }
}

fn lent(lease: Option<&Lease>, reference: &VaultRef) -> Result<Lent, VaultError> {
    let lease = lease.ok_or(VaultError::NotYet)?;
    let values = answers::values_of_version_one(&lease.answer, reference)?;
    Ok(Lent::Lease { number: lease.number, until: lease.end(), values })
}

async fn ask(session: &Session, operation: &'static str, path: &str, id: &str) -> Result<Answer, VaultError> {
    let body = json!({"lease_id": id}).to_string().into_bytes().into();
    let question = Question { operation, method: Method::PUT, path: path.to_owned(), body: Some(body) };
    session.ask(&question).await
}

async fn give_back_later(id: &str, all: &Weak<Mutex<Vec<String>>>, session: &Weak<Session>) {
    let (Some(all), Some(session)) = (all.upgrade(), session.upgrade()) else { return };
    let is_ours = {
        let mut all = lock(&all);
        let place = all.iter().position(|held| held == id);
        place.map(|place| all.swap_remove(place)).is_some()
    };
    if is_ours {
        give_back(&session, id).await;
    }
}

async fn give_back(session: &Session, id: &str) {
    let problem = match ask(session, "lease_revoke", "sys/leases/revoke", id).await {
        Ok(answer) if answer.status.is_success() => return,
        Ok(answer) if answer.status == StatusCode::FORBIDDEN => {
            "the policy does not let us; add `update` on sys/leases/revoke".to_owned()
        }
        // It has ended by itself.
        Ok(answer) if answer.status.is_client_error() => return,
        Ok(answer) => format!("status {}", answer.status.as_u16()),
        Err(error) => error.to_string(),
    };
    tracing::warn!("a lease could not be given back, so it ends with its term: {problem}");
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
