//! The way to the writing thread: what may wait in front of it, for how long, and when the log closes.

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::PoisonError;
use std::sync::RwLock;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::sync::mpsc::SyncSender;
use std::sync::mpsc::TrySendError;
use std::time::Duration;
use std::time::Instant;

use tokio::sync::oneshot;

use super::AuditError;
use super::CallId;
use super::alarm::AuditClosed;
use super::alarm::AuditLate;
use super::alarm::AuditPaused;
use super::alarm::AuditRecordLost;
use super::alarm::AuditResumed;
use super::group::Elsewhere;
use super::group::Thread;
use super::ledger::Ledger;
use super::storage::Ground;
use crate::telemetry::Metrics;

/// How many records may wait.
pub(super) const QUEUE: usize = 8192;

/// How many may wait before nothing new is admitted: the rest is room for the outcomes of what was.
pub(super) const ADMISSIONS: usize = QUEUE / 2;

/// How often a full queue is tried again at the end of the process.
const RETRY: Duration = Duration::from_millis(5);

/// What a record's writer waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Durability {
    /// It is in the file.
    Written,
    /// It is on disk.
    Durable,
}

/// Whether something follows a record, or has come before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// What it tells happens only if it is written.
    Announced,
    /// What it tells has happened.
    Happened,
}

/// A record without its sequence number.
#[derive(Debug)]
pub(super) struct Record {
    /// The stage, for the metrics.
    pub(super) stage: &'static str,
    /// The call, for a log line if the record is lost.
    pub(super) call: Option<CallId>,
    /// The inside of a JSON object.
    pub(super) body: String,
    pub(super) durability: Durability,
    pub(super) kind: Kind,
}

impl Record {
    /// A record of the writer itself.
    pub(super) fn own(stage: &'static str, body: String) -> Self {
        Self { stage, call: None, body, durability: Durability::Durable, kind: Kind::Happened }
    }
}

pub(super) type Reply = oneshot::Sender<Result<(), AuditError>>;

/// A record on its way, and who waits for it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) record: Record,
    pub(super) reply: Option<Reply>,
}

impl Entry {
    /// A record that nobody waits for.
    pub(super) fn own(record: Record) -> Self {
        Self { record, reply: None }
    }

    /// Tells who waits, if anybody does.
    pub(super) fn answer(&mut self, result: Result<(), AuditError>) {
        if let Some(reply) = self.reply.take() {
            // Who does not wait any more has left, or goes without a permit.
            let _ = reply.send(result);
        }
    }
}

#[derive(Debug)]
pub(super) enum Message {
    Entry(Entry),
    Check(Reply),
    #[cfg_attr(not(test), expect(dead_code, reason = "only tests look into a log that goes on"))]
    Flush(mpsc::Sender<()>),
    Stop(mpsc::Sender<()>),
}

/// What both sides of the queue know.
#[derive(Debug)]
pub(super) struct Shared {
    /// Why nothing more is admitted; for good, until a restart.
    closed: OnceLock<AuditError>,
    /// Why nothing is admitted until the disk takes something again.
    paused: RwLock<Option<AuditError>>,
    /// Records in the queue.
    pub(super) waiting: AtomicUsize,
    /// Since when the thread is at the disk, in milliseconds after `started`, plus one; 0 while it is not.
    busy: AtomicU64,
    /// Whether it is the other place that the thread waits for.
    elsewhere: AtomicBool,
    started: Instant,
    pub(super) metrics: Metrics,
}

/// The way to the writing thread.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    queue: SyncSender<Message>,
    shared: Arc<Shared>,
    deadline: Duration,
}

impl Shared {
    /// Why the log is closed, if it is.
    pub(super) fn closed(&self) -> Option<&AuditError> {
        self.closed.get()
    }

    /// Admits nothing until [`Self::resume`].
    pub(super) fn pause(&self, error: &AuditError) {
        let before = self.paused.write().unwrap_or_else(PoisonError::into_inner).replace(error.clone());
        AuditPaused { error, is_new: before.is_none() }.emit(&self.metrics);
    }

    /// Admits again.
    pub(super) fn resume(&self) {
        let before = self.paused.write().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(error) = &before {
            AuditResumed { error }.emit();
        }
    }

    /// Why nothing is admitted, if so.
    fn refuses(&self) -> Option<AuditError> {
        self.closed().cloned().or_else(|| self.paused.read().unwrap_or_else(PoisonError::into_inner).clone())
    }

    /// Admits nothing from now on. The first reason stays.
    pub(super) fn close(&self, error: AuditError) -> AuditError {
        if self.closed.set(error.clone()).is_ok() {
            AuditClosed { error: &error }.emit(&self.metrics);
        }
        self.closed.get().cloned().unwrap_or(error)
    }

    /// The thread has ended: told only if it should not have.
    pub(super) fn close_quietly(&self, error: AuditError, panicked: bool) {
        if panicked {
            self.close(error);
        } else {
            let _ = self.closed.set(error);
        }
    }

    /// The thread begins or ends its work at the disk.
    pub(super) fn at_disk(&self, busy: bool) {
        let since = if busy { self.now() + 1 } else { 0 };
        self.busy.store(since, Ordering::Release);
    }

    /// The thread begins or ends to wait for the other place.
    pub(super) fn waits_elsewhere(&self, waits: bool) {
        self.elsewhere.store(waits, Ordering::Release);
    }

    /// What holds up the thread: the disk's words, or those of the other place.
    fn held_up(&self, disk: &'static str, elsewhere: &'static str) -> &'static str {
        if self.elsewhere.load(Ordering::Acquire) { elsewhere } else { disk }
    }

    /// Whether the disk has held the thread for longer than a record may take.
    fn stalled(&self, deadline: Duration) -> bool {
        let since = self.busy.load(Ordering::Acquire);
        since != 0 && u128::from(self.now().saturating_sub(since - 1)) > deadline.as_millis()
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX - 1)
    }
}

impl Writer {
    /// Writes the first records, and starts the thread.
    pub(super) fn start<G: Ground>(
        ledger: Ledger<G>,
        records: Vec<Record>,
        elsewhere: Option<Elsewhere>,
        instance: Arc<str>,
        deadline: Duration,
        metrics: Metrics,
    ) -> std::io::Result<Self> {
        let (queue, messages) = mpsc::sync_channel(QUEUE);
        let shared = Arc::new(Shared {
            closed: OnceLock::new(),
            paused: RwLock::new(None),
            waiting: AtomicUsize::new(0),
            busy: AtomicU64::new(0),
            elsewhere: AtomicBool::new(false),
            started: Instant::now(),
            metrics,
        });
        let mut thread = Thread::new(ledger, Arc::clone(&shared), instance, elsewhere);
        thread.begin(records)?;
        std::thread::Builder::new().name("audit".to_owned()).spawn(move || thread.run(&messages))?;
        Ok(Self { queue, shared, deadline })
    }

    /// Writes a record that something would follow, and waits until it is where it must be. An error means that
    /// nothing may follow.
    pub(super) async fn announce(&self, record: Record) -> Result<(), AuditError> {
        self.open().inspect_err(|_| self.shared.metrics.audit_write_errors(1))?;
        if self.shared.waiting.load(Ordering::Relaxed) >= ADMISSIONS {
            return Err(self.late("too many records are waiting"));
        }
        let done = self.send(record)?;
        self.wait(done).await
    }

    /// Writes down what has happened, and waits until it is where it must be. Also taken while the log is closed.
    pub(super) async fn conclude(&self, record: Record) -> Result<(), AuditError> {
        let done = self.leave(record).map_err(AuditError::of_outcome)?;
        self.wait(done).await.map_err(AuditError::of_outcome)
    }

    /// Writes down what has happened without waiting. If it cannot be taken the log closes: nothing is lost silently.
    pub(super) fn leave(
        &self,
        record: Record,
    ) -> Result<oneshot::Receiver<Result<(), AuditError>>, AuditError> {
        let (stage, call) = (record.stage, record.call.clone());
        self.send(record).map_err(|error| {
            AuditRecordLost { stage, call: call.as_ref().map(CallId::as_str) }.emit(&self.shared.metrics);
            let AuditError::Slow { cause } = error else { return self.shared.close(error) };
            self.shared.close(AuditError::Unwritable { cause: cause.to_owned() })
        })
    }

    /// Tries a real write beside the log.
    pub(super) async fn check(&self) -> Result<(), AuditError> {
        self.open()?;
        let (reply, done) = oneshot::channel();
        self.queue.try_send(Message::Check(reply)).map_err(|error| self.untaken(&error))?;
        self.wait(done).await
    }

    /// Why nothing would be admitted now, if so.
    pub(super) fn open(&self) -> Result<(), AuditError> {
        if let Some(error) = self.shared.refuses() {
            return Err(error);
        }
        if self.shared.stalled(self.deadline) {
            let cause = self.shared.held_up("the disk does not answer", "the HTTP sink does not answer");
            return Err(AuditError::Slow { cause });
        }
        Ok(())
    }

    /// Waits until everything handed in is on disk, at most as long as a record may take.
    #[cfg(test)]
    pub(super) fn flush(&self) -> bool {
        self.finish(Message::Flush)
    }

    /// Ends the log: waits until everything handed in and the last record are on disk, at most as long as a record may
    /// take. Nothing is taken after that.
    pub(super) fn stop(&self) -> bool {
        self.finish(Message::Stop)
    }

    fn finish(&self, message: impl FnOnce(mpsc::Sender<()>) -> Message) -> bool {
        let until = Instant::now() + self.deadline;
        let (done, wait) = mpsc::channel();
        let mut message = message(done);
        loop {
            match self.queue.try_send(message) {
                Ok(()) => break,
                Err(TrySendError::Full(back)) if Instant::now() < until => message = back,
                Err(_) => return false,
            }
            std::thread::sleep(RETRY);
        }
        wait.recv_timeout(until.saturating_duration_since(Instant::now())).is_ok()
    }

    fn send(&self, record: Record) -> Result<oneshot::Receiver<Result<(), AuditError>>, AuditError> {
        let (reply, done) = oneshot::channel();
        self.shared.waiting.fetch_add(1, Ordering::Relaxed);
        let entry = Entry { record, reply: Some(reply) };
        self.queue.try_send(Message::Entry(entry)).map_err(|error| {
            self.shared.waiting.fetch_sub(1, Ordering::Relaxed);
            self.untaken(&error)
        })?;
        Ok(done)
    }

    async fn wait(&self, done: oneshot::Receiver<Result<(), AuditError>>) -> Result<(), AuditError> {
        match tokio::time::timeout(self.deadline, done).await {
            Ok(Ok(result)) => result,
            Ok(Err(_gone)) => Err(self.shared.closed().cloned().unwrap_or_else(ended)),
            Err(_elapsed) => Err(self.late(self.shared.held_up(
                "the disk did not take the record in time",
                "the HTTP sink did not confirm the record in time",
            ))),
        }
    }

    fn late(&self, cause: &'static str) -> AuditError {
        AuditLate { cause }.emit(&self.shared.metrics);
        AuditError::Slow { cause }
    }

    fn untaken(&self, error: &TrySendError<Message>) -> AuditError {
        match error {
            TrySendError::Full(_) => self.late("too many records are waiting"),
            TrySendError::Disconnected(_) => self.shared.closed().cloned().unwrap_or_else(ended),
        }
    }
}

/// The thread is gone: it panicked, or could not go on.
pub(super) fn ended() -> AuditError {
    AuditError::Unwritable { cause: "its writer has ended".to_owned() }
}
