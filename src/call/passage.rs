//! The gate as one call passes it: with the policies that were in force when it began.

use std::ops::Deref;
use std::sync::Arc;

use super::Gate;
use crate::policy::Engine;

/// One passage. Its decision, what it leaves out of the result and the hash in its records are of one set of policies,
/// whatever comes into force meanwhile: the gate itself has no engine to ask.
#[derive(Debug)]
pub(super) struct Passage<'g> {
    gate: &'g Gate,
    /// What is allowed.
    pub(super) engine: Arc<Engine>,
}

impl<'g> Passage<'g> {
    pub(super) fn of(gate: &'g Gate) -> Self {
        Self { gate, engine: gate.policies.current() }
    }
}

impl Deref for Passage<'_> {
    type Target = Gate;

    fn deref(&self) -> &Gate {
        self.gate
    }
}
