//! The writing thread: it takes all records that wait, writes them at once, and one sync serves all that need it.

mod elsewhere;
mod trouble;

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;
use std::time::Instant;

use super::AuditError;
use super::CallId;
use super::alarm::AuditRecordLost;
use super::alarm::CheckpointFailed;
use super::alarm::CheckpointWritten;
use super::alarm::RotationFailed;
use super::ledger::Checkpointed;
use super::ledger::Ledger;
use super::open_call::OpenCall;
use super::storage::Ground;
use super::writer::Durability;
use super::writer::Entry;
use super::writer::Kind;
use super::writer::Message;
use super::writer::QUEUE;
use super::writer::Record;
use super::writer::Reply;
use super::writer::Shared;
use super::writer::ended;
use elsewhere::Away;
pub(super) use elsewhere::Elsewhere;
use elsewhere::Failure;
use elsewhere::Stored;
use elsewhere::Unconfirmed;
use trouble::Trouble;

/// How long a record that nobody waits for may stay unsynced.
const LINGER: Duration = Duration::from_millis(200);

/// How long a successful check is believed.
const CHECKED: Duration = Duration::from_secs(1);

/// How often it is looked whether a checkpoint was signed elsewhere.
const SIGNING: Duration = Duration::from_millis(20);

/// How long the thread waits where nothing is to be done.
const IDLE: Duration = Duration::from_hours(1);

pub(super) struct Thread<G: Ground> {
    ledger: Ledger<G>,
    shared: Arc<Shared>,
    instance: Arc<str>,
    /// What is written and not synced, and since when.
    unsynced: Vec<Entry>,
    since: Option<Instant>,
    trouble: Option<Trouble>,
    /// What has happened and is not written; first of all the opening of a file.
    pending: Vec<Entry>,
    /// The intents of calls that have not ended.
    open: HashMap<CallId, String>,
    checked: Option<Instant>,
    /// Where records go besides the file.
    elsewhere: Option<Elsewhere>,
    /// Who waits until records that are in the file are there as well.
    unconfirmed: Vec<Unconfirmed>,
    away: Option<Away>,
}

/// What was taken from the queue at once.
#[derive(Default)]
struct Group {
    entries: Vec<Entry>,
    checks: Vec<Reply>,
    flushes: Vec<std::sync::mpsc::Sender<()>>,
    stops: Vec<std::sync::mpsc::Sender<()>>,
}

impl<G: Ground> Thread<G> {
    pub(super) fn new(
        ledger: Ledger<G>,
        shared: Arc<Shared>,
        instance: Arc<str>,
        elsewhere: Option<Elsewhere>,
    ) -> Self {
        Self {
            ledger,
            shared,
            instance,
            unsynced: Vec::new(),
            since: None,
            trouble: None,
            pending: Vec::new(),
            open: HashMap::new(),
            checked: None,
            elsewhere,
            unconfirmed: Vec::new(),
            away: None,
        }
    }

    /// Writes the first records of a log. A receiver that is not there is waited for later.
    pub(super) fn begin(&mut self, records: Vec<Record>) -> io::Result<()> {
        let stored = self.write(records.into_iter().map(Entry::own).collect()).and_then(|()| self.sync_all());
        match stored {
            Err((failure, entries)) if failure.elsewhere => self.fail(&failure, entries),
            stored => stored.map_err(|(failure, _)| io::Error::other(failure.cause))?,
        }
        self.checkpoint();
        // Whoever is killed with one record and no checkpoint leaves a file that nobody has signed.
        if let Some(result) = self.ledger.await_signed() {
            self.told(result.map(|()| Checkpointed::Kept));
        }
        Ok(())
    }

    /// Works until every handle is gone, or the log is ended.
    pub(super) fn run(mut self, messages: &Receiver<Message>) {
        // However the thread ends, nobody must wait for it.
        let _closing = Closing(Arc::clone(&self.shared));
        loop {
            match self.next(messages) {
                Ok(first) => {
                    let mut group = self.gather(first, messages);
                    let stops = std::mem::take(&mut group.stops);
                    self.work(|thread| thread.group(group));
                    if !stops.is_empty() {
                        self.work(Self::end);
                        for done in stops {
                            let _ = done.send(());
                        }
                        return;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return self.work(Self::end),
            }
            self.work(Self::keep_house);
        }
    }

    /// The next message, or a time-out when something else has to be done.
    fn next(&self, messages: &Receiver<Message>) -> Result<Message, RecvTimeoutError> {
        let rest = self.rest();
        // Also while records keep coming.
        if rest.is_zero() {
            return Err(RecvTimeoutError::Timeout);
        }
        messages.recv_timeout(rest)
    }

    /// How long there is nothing to do without a message.
    fn rest(&self) -> Duration {
        if let Some(trouble) = &self.trouble {
            return trouble.again.saturating_duration_since(Instant::now());
        }
        if let Some(rest) = self.until_back() {
            return rest;
        }
        let sync = self.since.map(|since| LINGER.saturating_sub(since.elapsed()));
        let signing = self.ledger.is_signing().then_some(SIGNING);
        let times = sync.into_iter().chain(signing).chain(self.ledger.until_checkpoint());
        times.chain(self.ledger.until_rotation()).min().unwrap_or(IDLE)
    }

    fn gather(&self, first: Message, messages: &Receiver<Message>) -> Group {
        let mut group = Group::default();
        for message in std::iter::once(first).chain(messages.try_iter().take(QUEUE)) {
            match message {
                Message::Entry(entry) => group.entries.push(entry),
                Message::Check(reply) => group.checks.push(reply),
                Message::Flush(done) => group.flushes.push(done),
                Message::Stop(done) => group.stops.push(done),
            }
        }
        self.shared.waiting.fetch_sub(group.entries.len(), Ordering::Relaxed);
        group
    }

    fn work(&mut self, work: impl FnOnce(&mut Self)) {
        self.shared.at_disk(true);
        work(self);
        self.shared.at_disk(false);
    }

    fn group(&mut self, group: Group) {
        let started = Instant::now();
        let Group { entries, checks, flushes, .. } = group;
        if !entries.is_empty() {
            self.take(entries);
        }
        if !flushes.is_empty() {
            self.sync();
        }
        for done in flushes {
            let _ = done.send(());
        }
        self.shared.metrics.audit_written(started.elapsed());
        if !checks.is_empty() {
            let result = self.check();
            for reply in checks {
                let _ = reply.send(result.clone());
            }
        }
    }

    /// Writes what came, and syncs if someone waits for that.
    fn take(&mut self, entries: Vec<Entry>) {
        if let Some(trouble) = &self.trouble {
            let error = trouble.error.clone();
            return self.put_off(entries, &error);
        }
        let durable = entries.iter().any(|entry| entry.record.durability == Durability::Durable);
        let announces = entries.iter().any(|entry| entry.record.kind == Kind::Announced);
        if announces && let Err(failure) = self.admissible() {
            return self.fail(&failure, entries);
        }
        if let Err((failure, entries)) = self.store(entries, durable) {
            self.fail(&failure, entries);
        }
    }

    /// Writes entries after those that had to wait. If it fails, none of them is in the file.
    fn write(&mut self, entries: Vec<Entry>) -> Stored {
        if let Err(error) = self.ledger.write(entries.iter().map(|entry| entry.record.body.as_str())) {
            return Err((error.into(), entries));
        }
        self.since.get_or_insert_with(Instant::now);
        for mut entry in entries {
            self.shared.metrics.audit_record(entry.record.stage);
            if entry.record.durability == Durability::Written {
                entry.answer(Ok(()));
            }
            self.unsynced.push(entry);
        }
        Ok(())
    }

    fn sync(&mut self) {
        if self.trouble.is_some() {
            return;
        }
        let synced = self.sync_all();
        if let Err((failure, entries)) = self.or_elsewhere(synced) {
            self.fail(&failure, entries);
        }
    }

    /// Makes everything written durable. If it fails, nothing is known of it, and all of it comes back.
    fn sync_all(&mut self) -> Stored {
        if self.since.take().is_some() {
            let entries = std::mem::take(&mut self.unsynced);
            if let Err(error) = self.ledger.sync() {
                return Err((error.into(), entries));
            }
            self.expect(entries);
        }
        self.confirm()
    }

    /// Keeps in mind which calls have not ended.
    fn note(&mut self, record: Record) {
        match (record.stage, record.call) {
            ("intent", Some(call)) => drop(self.open.insert(call, record.body)),
            ("outcome", Some(call)) => drop(self.open.remove(&call)),
            _ => {}
        }
    }

    /// What has to be done from time to time.
    fn keep_house(&mut self) {
        if let Some(trouble) = &self.trouble {
            if Instant::now() >= trouble.again {
                self.mend();
            }
            return;
        }
        if let Some(rest) = self.until_back() {
            if rest.is_zero() {
                self.come_back();
            }
            return;
        }
        if self.since.is_some_and(|since| since.elapsed() >= LINGER) {
            self.sync();
        }
        while let Some(result) = self.ledger.keep_signed() {
            self.told(result.map(|()| Checkpointed::Kept));
        }
        if self.is_well() && self.ledger.is_checkpoint_due() {
            self.checkpoint();
        }
        if self.is_well() && self.ledger.is_rotation_due() {
            self.rotate();
        }
    }

    /// Whether the file takes everything, and nothing waits.
    fn is_well(&self) -> bool {
        self.trouble.is_none() && self.away.is_none()
    }

    fn checkpoint(&mut self) {
        let result = self.ledger.checkpoint();
        self.told(result);
    }

    fn told(&self, result: io::Result<Checkpointed>) {
        match result {
            Ok(Checkpointed::Asked) => {}
            Ok(Checkpointed::Kept) => {
                let second = jiff::Timestamp::now().as_second();
                CheckpointWritten { second }.emit(&self.shared.metrics);
            }
            Err(error) => CheckpointFailed { error: &error }.emit(&self.shared.metrics),
        }
    }

    /// Leaves the file for another. If that is not possible the file goes on, or the disk is in trouble anyway.
    fn rotate(&mut self) {
        self.sync();
        if !self.is_well() {
            return;
        }
        match self.ledger.rotate(OpenCall::records(self.open.values())) {
            Ok(rotated) => {
                self.told(rotated.checkpoint);
                // From here on it comes before everything else, whatever happens.
                let opening = Entry::own(Record::own("continue", rotated.opening));
                if let Err((failure, entries)) = self.store(vec![opening], true) {
                    return self.fail(&failure, entries);
                }
                self.checkpoint();
            }
            Err(error) => {
                self.ledger.stay();
                RotationFailed { error: &error, file: self.ledger.name() }.emit(&self.shared.metrics);
            }
        }
    }

    fn check(&mut self) -> Result<(), AuditError> {
        if let Some(trouble) = &self.trouble {
            return Err(trouble.error.clone());
        }
        if self.checked.is_some_and(|at| at.elapsed() < CHECKED) {
            return Ok(());
        }
        let result = self.sound();
        self.checked = result.is_ok().then(Instant::now);
        // A full disk may have room again before a call comes: the log stays open.
        result.map_err(|failure| failure.error())
    }

    /// Writes the last record of the log. If that is not possible the next start does it.
    fn end(&mut self) {
        if self.trouble.is_some() {
            self.mend();
        }
        self.sync();
        let takes = self.trouble.as_ref().is_none_or(|trouble| trouble.elsewhere) && self.away.is_none();
        if takes && let Err(error) = self.ledger.end() {
            tracing::error!(%error, "the audit log has no end; the next start gives it one");
        }
        for mut entry in std::mem::take(&mut self.pending) {
            let call = entry.record.call.as_ref().map(CallId::as_str);
            AuditRecordLost { stage: entry.record.stage, call }.emit(&self.shared.metrics);
            entry.answer(Err(ended()));
        }
        self.part();
    }
}

struct Closing(Arc<Shared>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.close_quietly(ended(), std::thread::panicking());
    }
}
