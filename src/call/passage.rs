//! The gate as one call passes it: with the policies that were in force when it began.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use super::Gate;
use crate::policy::Engine;
use crate::policy::Resource;
use crate::policy::Viewer;

/// One passage. Its decision, what it leaves out of the result and the hash in its records are of one set of policies,
/// whatever comes into force meanwhile: the gate itself has no engine to ask.
#[derive(Debug)]
pub(super) struct Passage<'g> {
    gate: &'g Gate,
    /// What is allowed.
    pub(super) engine: Arc<Engine>,
    /// How many items were shown that policies which are only tried would hide.
    tried: AtomicU64,
}

impl<'g> Passage<'g> {
    pub(super) fn of(gate: &'g Gate) -> Self {
        Self { gate, engine: gate.policies.current(), tried: AtomicU64::new(0) }
    }

    /// Notes whether an item that is shown would be, if the policies that are only tried were in force.
    pub(super) fn try_out(&self, viewer: Option<&Viewer<'_>>, item: &Resource) {
        if viewer.is_some_and(|viewer| !viewer.may_view(item)) {
            self.tried.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many items would be hidden.
    pub(super) fn would_hide(&self) -> u64 {
        self.tried.load(Ordering::Relaxed)
    }
}

impl Deref for Passage<'_> {
    type Target = Gate;

    fn deref(&self) -> &Gate {
        self.gate
    }
}
