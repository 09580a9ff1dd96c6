//! Other policies while the server runs: its directory is looked at every second, and SIGHUP asks at once. What is frozen
//! is told on the way.
//!
//! The files are looked at, not watched: what tells of changes does so differently for an editor that replaces a file, for
//! Kubernetes that swaps a link, and not at all on a network's file system.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio::time::MissedTickBehavior;

use super::assemble::proof_accepted;
use crate::audit::Event;
use crate::audit::Reason;
use crate::brake::Scope;
use crate::brake::State;
use crate::call::Gate;
use crate::policy::Engine;
use crate::policy::Policies;
use crate::policy::PolicyError;

/// How often the files are looked at.
const PERIOD: Duration = Duration::from_secs(1);

/// Ends the watch when it is dropped.
#[derive(Debug)]
pub(super) struct Watch(AbortHandle);

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Watches until the guard is dropped.
pub(super) fn watch(gate: &Arc<Gate>) -> Watch {
    // Before it runs: from here on the signal does not end the process.
    let hang_up = HangUp::new();
    Watch(tokio::spawn(run(Arc::clone(gate), hang_up)).abort_handle())
}

async fn run(gate: Arc<Gate>, mut hang_up: HangUp) {
    let mut frozen = State::Free;
    let mut ticks = tokio::time::interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = hang_up.came() => reload(&gate, Reason::Signal).await,
            _ = ticks.tick() => {
                frozen = look_at_brake(&gate, &frozen);
                if looked(&gate, Policies::have_changed).await == Some(true) {
                    reload(&gate, Reason::Files).await;
                }
            }
        }
    }
}

/// Tells operators what is frozen. Calls look for themselves.
fn look_at_brake(gate: &Gate, before: &State) -> State {
    let now = gate.brake.state();
    gate.metrics.frozen(now.scope().map(Scope::as_str));
    if now != *before {
        tracing::warn!("{now}");
    }
    now
}

/// Takes another set if it is in order and can be written down; else the one in force stays.
async fn reload(gate: &Arc<Gate>, reason: Reason) {
    let before = gate.policies.current();
    let Some(candidate) = looked(gate, Policies::candidate).await else { return };
    match candidate {
        Ok(engine) => take(gate, reason, &before, engine).await,
        // Whoever writes them is not done: the next look tells.
        Err(PolicyError::Changing) if reason == Reason::Files => {}
        Err(error) => refuse(gate, reason, &before, &error).await,
    }
}

async fn take(gate: &Gate, reason: Reason, before: &Engine, engine: Engine) {
    let hash = engine.policy_hash().to_owned();
    let same = (engine.policy_hash(), engine.shadow_hash()) == (before.policy_hash(), before.shadow_hash());
    if same && reason == Reason::Files {
        // Comments or tests.
        tracing::info!(%hash, "the policies were read again; they are the same");
        gate.metrics.policy_reloaded();
        return;
    }
    let loaded = Event::policies_loaded(reason, &hash, before.policy_hash(), engine.schema_hash());
    for event in proof_accepted(&engine).into_iter().chain([loaded]) {
        if let Err(error) = gate.audit.event(event).await {
            gate.metrics.policy_refused();
            tracing::error!(%hash, "new policies are not taken, because that cannot be written down: {error}");
            return;
        }
    }
    gate.policies.replace(engine);
    gate.metrics.policy_loaded(&hash);
    gate.metrics.policy_reloaded();
    tracing::info!(%hash, "new policies are in force");
}

async fn refuse(gate: &Gate, reason: Reason, before: &Engine, error: &PolicyError) {
    let hash = before.policy_hash();
    gate.metrics.policy_refused();
    tracing::error!(%hash, "new policies are refused, the old ones stay in force: {error}");
    if let Err(error) = gate.audit.event(Event::policies_refused(reason, hash, &error.to_string())).await {
        tracing::error!("that policies were refused cannot be written down: {error}");
    }
}

/// Does something that reads files, where it holds up nobody; nothing if it panicked.
async fn looked<T: Send + 'static>(gate: &Arc<Gate>, look: fn(&Policies) -> T) -> Option<T> {
    let gate = Arc::clone(gate);
    let done = tokio::task::spawn_blocking(move || look(&gate.policies)).await;
    done.inspect_err(|error| tracing::error!(%error, "the policies could not be looked at")).ok()
}

/// SIGHUP, where there is such a thing.
struct HangUp {
    #[cfg(unix)]
    signal: Option<tokio::signal::unix::Signal>,
}

impl HangUp {
    fn new() -> Self {
        #[cfg(unix)]
        {
            use tokio::signal::unix::SignalKind;
            use tokio::signal::unix::signal;
            let signal = signal(SignalKind::hangup());
            let signal = signal.inspect_err(|error| tracing::warn!(%error, "SIGHUP cannot be listened for"));
            Self { signal: signal.ok() }
        }
        #[cfg(not(unix))]
        Self {}
    }

    async fn came(&mut self) {
        #[cfg(unix)]
        if let Some(signal) = &mut self.signal
            && signal.recv().await.is_some()
        {
            return;
        }
        std::future::pending::<()>().await;
    }
}
