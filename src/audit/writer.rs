//! One thread writes: it takes all records that wait, writes them at once, and one sync serves all that need it.

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::mpsc;
use std::sync::mpsc::RecvTimeoutError;
use std::sync::mpsc::SyncSender;
use std::sync::mpsc::TrySendError;
use std::time::Duration;
use std::time::Instant;

use tokio::sync::oneshot;

use super::AuditError;
use super::storage::Storage;
use crate::telemetry::Metrics;

/// How many records may wait; more is refused.
const QUEUE: usize = 4096;

/// How long a record that nobody waits for may stay unsynced.
const LINGER: Duration = Duration::from_millis(200);

/// What a record's writer waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Durability {
    /// It is in the file.
    Written,
    /// It is on disk.
    Durable,
}

/// A record without its sequence number: the inside of a JSON object.
#[derive(Debug)]
struct Entry {
    body: String,
    durability: Durability,
    reply: Option<oneshot::Sender<Result<(), AuditError>>>,
}

#[derive(Debug)]
enum Message {
    Entry(Entry),
    Flush(mpsc::Sender<()>),
}

/// The way to the writing thread.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    queue: SyncSender<Message>,
    closed: Arc<OnceLock<AuditError>>,
    deadline: Duration,
    metrics: Metrics,
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start(
        storage: impl Storage,
        deadline: Duration,
        metrics: Metrics,
    ) -> std::io::Result<Self> {
        let (queue, messages) = mpsc::sync_channel(QUEUE);
        let closed = Arc::new(OnceLock::new());
        let state = State {
            storage,
            sequence: 0,
            unsynced: false,
            closed: Arc::clone(&closed),
            metrics: metrics.clone(),
        };
        std::thread::Builder::new().name("audit".to_owned()).spawn(move || state.run(&messages))?;
        Ok(Self { queue, closed, deadline, metrics })
    }

    /// Hands a record in and waits until it is where it must be.
    pub(super) async fn write(&self, body: String, durability: Durability) -> Result<(), AuditError> {
        let (reply, done) = oneshot::channel();
        self.send(Entry { body, durability, reply: Some(reply) })?;
        match tokio::time::timeout(self.deadline, done).await {
            Ok(Ok(result)) => result,
            Ok(Err(_gone)) => Err(self.closed.get().cloned().unwrap_or_else(ended)),
            Err(_elapsed) => {
                self.metrics.audit_write_error();
                Err(AuditError::Slow { cause: "the disk did not take the record in time" })
            }
        }
    }

    /// Hands a record in without waiting. If it cannot be taken the log closes: nothing is lost silently.
    pub(super) fn leave(&self, body: String) {
        let entry = Entry { body, durability: Durability::Written, reply: None };
        if let Err(error) = self.send(entry) {
            tracing::error!(%error, "an outcome could not be written down; no further call is admitted");
            let _ = self.closed.set(error);
        }
    }

    /// Why the log is closed, if it is.
    pub(super) fn closed(&self) -> Option<&AuditError> {
        self.closed.get()
    }

    /// Waits until everything handed in is on disk.
    pub(super) fn flush(&self) {
        let (done, wait) = mpsc::channel();
        if self.queue.try_send(Message::Flush(done)).is_ok() {
            let _ = wait.recv_timeout(self.deadline);
        }
    }

    fn send(&self, entry: Entry) -> Result<(), AuditError> {
        if let Some(error) = self.closed.get() {
            return Err(error.clone());
        }
        self.queue.try_send(Message::Entry(entry)).map_err(|error| match error {
            TrySendError::Full(_) => AuditError::Slow { cause: "too many records are waiting" },
            TrySendError::Disconnected(_) => ended(),
        })
    }
}

fn ended() -> AuditError {
    AuditError::Unwritable { cause: "its writer has ended".to_owned() }
}

struct State<S> {
    storage: S,
    sequence: u64,
    unsynced: bool,
    closed: Arc<OnceLock<AuditError>>,
    metrics: Metrics,
}

impl<S: Storage> State<S> {
    fn run(mut self, messages: &mpsc::Receiver<Message>) {
        loop {
            let first = if self.unsynced {
                messages.recv_timeout(LINGER)
            } else {
                messages.recv().map_err(|_| RecvTimeoutError::Disconnected)
            };
            match first {
                Ok(first) => self.batch(first, messages),
                Err(RecvTimeoutError::Timeout) => self.sync(),
                Err(RecvTimeoutError::Disconnected) => {
                    self.sync();
                    return;
                }
            }
        }
    }

    fn batch(&mut self, first: Message, messages: &mpsc::Receiver<Message>) {
        let mut entries = Vec::new();
        let mut flushes = Vec::new();
        for message in std::iter::once(first).chain(messages.try_iter().take(QUEUE)) {
            match message {
                Message::Entry(entry) => entries.push(entry),
                Message::Flush(done) => flushes.push(done),
            }
        }
        let started = Instant::now();
        let written = self.write(&entries);
        let (waiting, written_only): (Vec<Entry>, Vec<Entry>) =
            entries.into_iter().partition(|entry| entry.durability == Durability::Durable);
        for entry in written_only {
            answer(entry, written.clone());
        }
        let must_sync = !waiting.is_empty() || !flushes.is_empty();
        if written.is_ok() && must_sync {
            self.sync();
        }
        let result = self.closed.get().map_or(Ok(()), |error| Err(error.clone()));
        for entry in waiting {
            answer(entry, result.clone());
        }
        for done in flushes {
            let _ = done.send(());
        }
        self.metrics.audit_written(started.elapsed());
    }

    fn write(&mut self, entries: &[Entry]) -> Result<(), AuditError> {
        if let Some(error) = self.closed.get() {
            return Err(error.clone());
        }
        let mut bytes = String::with_capacity(entries.iter().map(|entry| entry.body.len() + 32).sum());
        for entry in entries {
            self.sequence += 1;
            bytes.push_str(&format!(
                "{{\"v\":{},\"seq\":{},{}}}\n",
                super::FORMAT,
                self.sequence,
                entry.body
            ));
        }
        match self.storage.write(bytes.as_bytes()) {
            Ok(()) => {
                self.unsynced = true;
                Ok(())
            }
            Err(error) => Err(self.close(&error)),
        }
    }

    fn sync(&mut self) {
        if !self.unsynced || self.closed.get().is_some() {
            return;
        }
        match self.storage.sync() {
            Ok(()) => self.unsynced = false,
            Err(error) => drop(self.close(&error)),
        }
    }

    /// After a failed write or sync nothing can be said of what is on disk: the log stays closed until a restart.
    fn close(&mut self, error: &std::io::Error) -> AuditError {
        let error = AuditError::Unwritable { cause: error.to_string() };
        self.metrics.audit_write_error();
        tracing::error!(%error, "the audit log failed; no further call is admitted");
        self.closed.get_or_init(|| error).clone()
    }
}

fn answer(entry: Entry, result: Result<(), AuditError>) {
    if let Some(reply) = entry.reply {
        let _ = reply.send(result);
    }
}
