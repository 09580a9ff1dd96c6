//! What is to be sent and what is confirmed, as the writing thread and the courier both see it.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use super::super::LogName;
use super::Shelf;

/// One file, as far as it was not sent.
#[derive(Debug, Clone)]
struct Part {
    log: LogName,
    /// How much of it is on disk.
    length: u64,
    /// How much the receiver has.
    sent: u64,
    /// Whether nothing more is added to it.
    ended: bool,
}

#[derive(Default)]
struct State {
    /// The oldest first; the last one is being written.
    parts: VecDeque<Part>,
    /// Lines of the newest file that it does not have yet, at the place where they will stand.
    ahead: Arc<[u8]>,
    /// Why the newest attempt came to nothing.
    problem: Option<String>,
    /// How many attempts did.
    failures: u64,
    /// Whether the courier is to leave.
    over: bool,
}

/// Shared by the writing thread and the courier.
pub(in super::super) struct Progress {
    shelf: Arc<dyn Shelf>,
    state: Mutex<State>,
    changed: Condvar,
}

/// What is to be sent next.
#[derive(Debug)]
pub(super) struct Next {
    pub(super) log: LogName,
    pub(super) from: u64,
    pub(super) source: Source,
}

/// Where it is.
#[derive(Debug)]
pub(super) enum Source {
    /// In the file, up to this length.
    File(u64),
    /// In memory.
    Memory(Vec<u8>),
}

impl std::fmt::Debug for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Progress").finish_non_exhaustive()
    }
}

impl State {
    /// Whether everything is confirmed.
    fn is_done(&self) -> bool {
        let ahead = u64::try_from(self.ahead.len()).unwrap_or(u64::MAX);
        let mut parts = self.parts.iter().rev();
        let newest = parts.next().is_none_or(|part| part.sent >= part.length + ahead);
        newest && parts.next().is_none()
    }

    /// Takes away files that were sent to their end.
    fn sweep(&mut self, shelf: &dyn Shelf) {
        while let Some(part) = self.parts.front()
            && part.ended
            && part.sent >= part.length
        {
            shelf.finish(&part.log);
            self.parts.pop_front();
        }
    }
}

impl Progress {
    /// Begins with files of earlier processes: their lengths, and how much of them was sent.
    pub(in super::super) fn new(shelf: Arc<dyn Shelf>, left: Vec<(LogName, u64, u64)>) -> Self {
        let parts = left.into_iter().map(|(log, length, sent)| Part { log, length, sent, ended: true });
        let mut state = State { parts: parts.collect(), ..State::default() };
        state.sweep(&*shelf);
        Self { shelf, state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Notes on disk that a new file is to be sent.
    pub(in super::super) fn prepare(&self, log: &LogName) -> io::Result<()> {
        self.shelf.begin(log)
    }

    /// A new file is written from here on.
    pub(in super::super) fn begin(&self, log: &LogName) {
        self.state().parts.push_back(Part { log: log.clone(), length: 0, sent: 0, ended: false });
    }

    /// The newest file has so many bytes on disk, and everything that it was to have.
    pub(in super::super) fn durable(&self, length: u64) {
        let mut state = self.state();
        state.ahead = Arc::default();
        if let Some(part) = state.parts.back_mut() {
            part.length = length;
        }
        self.changed.notify_all();
    }

    /// Nothing more is added to the newest file.
    pub(in super::super) fn leave(&self) {
        let mut state = self.state();
        if let Some(part) = state.parts.back_mut() {
            part.ended = true;
        }
        state.sweep(&*self.shelf);
    }

    /// All lines that the newest file is to have and has not.
    pub(in super::super) fn ahead(&self, lines: &[u8]) {
        self.state().ahead = lines.into();
        self.changed.notify_all();
    }

    /// Waits until everything is confirmed, an attempt fails, or the time is over.
    pub(in super::super) fn confirmed(&self, bound: Duration) -> Result<(), String> {
        let until = Instant::now() + bound;
        let mut state = self.state();
        let failures = state.failures;
        loop {
            if state.is_done() {
                return Ok(());
            }
            let rest = until.saturating_duration_since(Instant::now());
            if rest.is_zero() || state.failures > failures {
                let cause = state.problem.clone();
                return Err(cause.unwrap_or_else(|| "it did not answer in time".to_owned()));
            }
            state = self.changed.wait_timeout(state, rest).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Why nothing would be confirmed now, as far as is known.
    pub(in super::super) fn problem(&self) -> Option<String> {
        self.state().problem.clone()
    }

    /// Lets the courier leave.
    pub(in super::super) fn end(&self) {
        self.state().over = true;
        self.changed.notify_all();
    }

    /// Waits for something to send; none when there will be nothing more.
    pub(super) fn next(&self) -> Option<Next> {
        let mut state = self.state();
        loop {
            if state.over {
                return None;
            }
            if let Some(next) = next(&state) {
                return Some(next);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The receiver has a file up to here.
    pub(super) fn sent(&self, log: &LogName, sent: u64) {
        let mut state = self.state();
        if let Some(part) = state.parts.iter_mut().find(|part| part.log == *log) {
            part.sent = part.sent.max(sent);
        }
        state.problem = None;
        state.sweep(&*self.shelf);
        self.changed.notify_all();
    }

    /// A file is gone, or holds something else than records: no more of it is sent. Says whether that may be: of the
    /// file that is written now, nothing is ever left out.
    pub(super) fn give_up(&self, log: &LogName) -> bool {
        let mut state = self.state();
        let before = state.parts.len();
        state.parts.retain(|part| part.log != *log || !part.ended);
        let given_up = state.parts.len() < before;
        if given_up {
            state.problem = None;
        }
        self.changed.notify_all();
        given_up
    }

    /// An attempt came to nothing.
    pub(super) fn failed(&self, cause: String) {
        let mut state = self.state();
        state.failures += 1;
        state.problem = Some(cause);
        self.changed.notify_all();
    }

    /// Waits before the next attempt, unless the courier is to leave.
    pub(super) fn pause(&self, pause: Duration) {
        let state = self.state();
        let waited = self.changed.wait_timeout_while(state, pause, |state| !state.over);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn next(state: &State) -> Option<Next> {
    for part in &state.parts {
        let (log, from) = (part.log.clone(), part.sent);
        if from < part.length {
            return Some(Next { log, from, source: Source::File(part.length) });
        }
        let ahead = usize::try_from(from - part.length).ok().and_then(|done| state.ahead.get(done..));
        if !part.ended
            && let Some(rest) = ahead.filter(|rest| !rest.is_empty())
        {
            return Some(Next { log, from, source: Source::Memory(rest.to_vec()) });
        }
    }
    None
}
