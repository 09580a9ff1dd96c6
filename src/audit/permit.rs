//! Permits: the proof that a call was allowed and written down. Only [`super::Trail`] makes them.

use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::Mutex;

use super::CallId;
use super::SearchNote;
use super::UpstreamNote;
use crate::ids::InstanceName;
use crate::ids::IssueKey;
use crate::ids::PageId;
use crate::ids::ProjectKey;
use crate::ids::SpaceKey;
use crate::net::UpstreamError;
use crate::policy::Access;
use crate::policy::Decision;
use crate::policy::Effect;
use crate::policy::Needs;
use crate::policy::Observed;
use crate::policy::Part;
use crate::policy::Product;
use crate::policy::Read;
use crate::policy::Resource;
use crate::policy::Write;

/// What every request to Atlassian needs: a permit, or the record of a look-up. No other type can be one.
pub trait Warrant: sealed::Sealed + Sync {
    /// What may be done on it.
    const ACCESS: Access;
    /// The call it belongs to.
    fn call(&self) -> &CallId;
    /// The instance it is good for.
    fn instance(&self) -> &InstanceName;
    /// Notes a request for the outcome record.
    fn note(&self, note: UpstreamNote);
    /// What the call it belongs to has asked for so far.
    fn spent(&self) -> Spent;
    /// The attributes that the call needs to know of what it meets.
    fn needs(&self) -> Needs;
    /// Notes what an answer said of them.
    fn observe(&self, observed: Observed);
}

/// What a call has asked of Atlassian.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spent {
    /// How many requests.
    pub requests: usize,
    /// How many bytes the answers had.
    pub bytes: u64,
}

/// What is to be told of one call in its outcome, shared by its trail and its permits.
pub(super) type Notes = Arc<Mutex<Noted>>;

/// What was noted while a call ran.
#[derive(Debug, Clone, Default)]
pub(super) struct Noted {
    /// The requests to Atlassian.
    pub(super) requests: Vec<UpstreamNote>,
    /// How its search was narrowed, the last time it was sent.
    pub(super) search: Option<SearchNote>,
    /// The attributes that policies name.
    pub(super) needs: Needs,
    /// What is known of them.
    pub(super) observed: Observed,
    /// Whether there is a permit, so that something may have been changed.
    pub(super) admitted: bool,
    /// Whether what the call was to change may be changed, though Atlassian did not say so.
    pub(super) in_doubt: bool,
}

/// Allowed by policy, and the intent is on disk.
///
/// The typed clients take their ids through it: what it was not made for is refused. No other module can make one:
/// ```compile_fail,E0451
/// use portcullis::{audit::Permit, policy::Read};
/// let forged = Permit::<Read> { ..unreachable!() };
/// ```
#[derive(Debug)]
pub struct Permit<E> {
    call: CallId,
    decision: Decision,
    notes: Notes,
    effect: PhantomData<fn() -> E>,
}

impl<E: Effect> Permit<E> {
    pub(super) fn new(call: CallId, decision: Decision, notes: Notes) -> Self {
        Self { call, decision, notes, effect: PhantomData }
    }

    /// What was decided on.
    pub fn resources(&self) -> &[Resource] {
        &self.decision.resources
    }

    /// Whether the decision is the same for every call of the tool, whatever it names: then nothing was asked for.
    pub fn is_for_all(&self) -> bool {
        self.decision.alone
    }

    /// The key, if this is an issue the permit was made for.
    pub fn issue<'k>(&self, key: &'k IssueKey) -> Result<&'k IssueKey, UpstreamError> {
        self.covers(
            key,
            |resource| matches!(resource, Resource::Issue { key: permitted, .. } if permitted == key),
        )
    }

    /// The key, if this is an issue the permit was made for, or one in a project that it was made for: what was just
    /// created has no other.
    pub fn written<'k>(&self, key: &'k IssueKey) -> Result<&'k IssueKey, UpstreamError> {
        self.issue(key).or_else(|refused| self.project(&key.project()).map(|_| key).map_err(|_| refused))
    }

    /// The id, if this is a page the permit was made for.
    pub fn page<'k>(&self, id: &'k PageId) -> Result<&'k PageId, UpstreamError> {
        self.covers(
            id,
            |resource| matches!(resource, Resource::Page { id: permitted, .. } if permitted == id),
        )
    }

    /// The key, if this is a project the permit was made for.
    pub fn project<'k>(&self, key: &'k ProjectKey) -> Result<&'k ProjectKey, UpstreamError> {
        self.covers(key, |resource| matches!(resource, Resource::Project(permitted) if permitted == key))
    }

    /// The key, if this is a space the permit was made for.
    pub fn space<'k>(&self, key: &'k SpaceKey) -> Result<&'k SpaceKey, UpstreamError> {
        self.covers(key, |resource| matches!(resource, Resource::Space(permitted) if permitted == key))
    }

    /// Nothing, if the permit was made for this board, sprint, service desk, version or link.
    pub fn part(&self, part: &Part) -> Result<(), UpstreamError> {
        let is_it = |resource: &Resource| matches!(resource, Resource::Part { part: permitted, .. } if permitted == part);
        self.covers(part, is_it).map(|_| ())
    }

    /// The key of what was just raised at a service desk that the permit was made for. It is in the desk's project, as
    /// far as that was looked at.
    pub fn raised<'k>(&self, part: &Part, key: &'k IssueKey) -> Result<&'k IssueKey, UpstreamError> {
        let project = Resource::Project(key.project());
        self.covers(key, |resource| {
            let Resource::Part { part: permitted, of } = resource else { return false };
            permitted == part && of.as_deref().is_none_or(|of| *of == project)
        })
    }

    /// The id, if it is that of the page which this comment or file hangs on, as far as that was looked at, and the permit
    /// was made for the thing.
    pub fn part_on<'k>(&self, part: &Part, page: &'k PageId) -> Result<&'k PageId, UpstreamError> {
        self.covers(page, |resource| {
            let Resource::Part { part: permitted, of } = resource else { return false };
            let is_there = |of: &Resource| matches!(of, Resource::Page { id, .. } if id == page);
            permitted == part && of.as_deref().is_none_or(is_there)
        })
    }

    /// Nothing, if the permit is for the whole of a product.
    pub fn whole(&self, product: Product) -> Result<(), UpstreamError> {
        let whole = Resource::Instance(product);
        self.covers(&product.title(), |resource| *resource == whole).map(|_| ())
    }

    /// What the answers said so far of the attributes that policies name.
    pub fn observed(&self) -> Observed {
        read(&self.notes, |notes| notes.observed.clone())
    }

    /// Notes how a search was narrowed, for the outcome record.
    pub fn searched(&self, note: SearchNote) {
        noted(&self.notes, |notes| notes.search = Some(note));
    }

    fn covers<'k, K: std::fmt::Display>(
        &self,
        key: &'k K,
        permitted: impl Fn(&Resource) -> bool,
    ) -> Result<&'k K, UpstreamError> {
        if self.resources().iter().any(permitted) {
            return Ok(key);
        }
        Err(UpstreamError::NotPermitted(format!("the permit was not made for {key}")))
    }
}

impl<E: Effect> Warrant for Permit<E> {
    const ACCESS: Access = E::ACCESS;

    fn call(&self) -> &CallId {
        &self.call
    }

    fn instance(&self) -> &InstanceName {
        &self.decision.instance
    }

    fn note(&self, note: UpstreamNote) {
        noted(&self.notes, |notes| notes.requests.push(note));
    }

    fn spent(&self) -> Spent {
        spent(&self.notes)
    }

    fn needs(&self) -> Needs {
        read(&self.notes, |notes| notes.needs)
    }

    fn observe(&self, observed: Observed) {
        noted(&self.notes, |notes| notes.observed.update(observed));
    }
}

/// A look-up that was written down: it may read, and nothing else. No other module can make one:
/// ```compile_fail,E0451
/// let forged = portcullis::audit::LookupPermit { ..unreachable!() };
/// ```
#[derive(Debug)]
pub struct LookupPermit {
    call: CallId,
    instance: InstanceName,
    notes: Notes,
}

impl LookupPermit {
    pub(super) fn new(call: CallId, instance: InstanceName, notes: Notes) -> Self {
        Self { call, instance, notes }
    }
}

impl Warrant for LookupPermit {
    const ACCESS: Access = Access::Read;

    fn call(&self) -> &CallId {
        &self.call
    }

    fn instance(&self) -> &InstanceName {
        &self.instance
    }

    fn note(&self, note: UpstreamNote) {
        noted(&self.notes, |notes| notes.requests.push(note));
    }

    fn spent(&self) -> Spent {
        spent(&self.notes)
    }

    fn needs(&self) -> Needs {
        read(&self.notes, |notes| notes.needs)
    }

    fn observe(&self, observed: Observed) {
        noted(&self.notes, |notes| notes.observed.update(observed));
    }
}

pub(super) fn noted(notes: &Notes, note: impl FnOnce(&mut Noted)) {
    match notes.lock() {
        Ok(mut notes) => note(&mut notes),
        Err(poisoned) => note(&mut poisoned.into_inner()),
    }
}

fn spent(notes: &Notes) -> Spent {
    read(notes, |notes| {
        let requests = &notes.requests;
        Spent { requests: requests.len(), bytes: requests.iter().map(|note| note.bytes).sum() }
    })
}

pub(super) fn read<T>(notes: &Notes, read: impl FnOnce(&Noted) -> T) -> T {
    match notes.lock() {
        Ok(notes) => read(&notes),
        Err(poisoned) => read(&poisoned.into_inner()),
    }
}

/// A permit of either effect, on its way to the tool that declared one of them.
#[derive(Debug)]
pub enum Admitted {
    /// To read.
    Read(Permit<Read>),
    /// To write.
    Write(Permit<Write>),
}

/// An effect that can take its permit back out of [`Admitted`].
pub trait Admissible: Effect + Sized {
    /// The permit, if it is of this effect.
    fn take(admitted: Admitted) -> Option<Permit<Self>>;
}

impl Admissible for Read {
    fn take(admitted: Admitted) -> Option<Permit<Self>> {
        match admitted {
            Admitted::Read(permit) => Some(permit),
            Admitted::Write(_) => None,
        }
    }
}

impl Admissible for Write {
    fn take(admitted: Admitted) -> Option<Permit<Self>> {
        match admitted {
            Admitted::Write(permit) => Some(permit),
            Admitted::Read(_) => None,
        }
    }
}

mod sealed {
    /// Keeps the list of warrants closed.
    pub trait Sealed {}
    impl<E> Sealed for super::Permit<E> {}
    impl Sealed for super::LookupPermit {}
}
