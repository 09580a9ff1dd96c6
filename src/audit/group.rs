//! The writing thread: it takes all records that wait, writes them at once, and one sync serves all that need it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;
use std::time::Instant;

use super::AuditError;
use super::record::line;
use super::storage::Storage;
use super::writer::Durability;
use super::writer::Entry;
use super::writer::Message;
use super::writer::QUEUE;
use super::writer::Reply;
use super::writer::Shared;
use super::writer::ended;

/// How long a record that nobody waits for may stay unsynced.
const LINGER: Duration = Duration::from_millis(200);

/// How long a successful check is believed.
const CHECKED: Duration = Duration::from_secs(1);

pub(super) struct Thread<S> {
    storage: S,
    shared: Arc<Shared>,
    sequence: u64,
    /// Since when something written is not synced.
    unsynced: Option<Instant>,
    /// After a failed write or sync nothing can be said of what is on disk: nothing more is written.
    broken: Option<AuditError>,
    checked: Option<Instant>,
}

/// What was taken from the queue at once.
#[derive(Default)]
struct Group {
    entries: Vec<Entry>,
    checks: Vec<Reply>,
    flushes: Vec<std::sync::mpsc::Sender<()>>,
}

impl<S: Storage> Thread<S> {
    pub(super) fn new(storage: S, shared: Arc<Shared>) -> Self {
        Self { storage, shared, sequence: 0, unsynced: None, broken: None, checked: None }
    }

    /// Works until every handle is gone.
    pub(super) fn run(mut self, messages: &Receiver<Message>) {
        // However the thread ends, nobody must wait for it.
        let _closing = Closing(Arc::clone(&self.shared));
        loop {
            match self.next(messages) {
                Ok(first) => {
                    let group = self.gather(first, messages);
                    self.work(|thread| thread.group(group));
                }
                Err(RecvTimeoutError::Timeout) => self.work(Self::sync),
                Err(RecvTimeoutError::Disconnected) => return self.sync(),
            }
        }
    }

    /// The next message, or a time-out when something has stayed unsynced for long enough.
    fn next(&self, messages: &Receiver<Message>) -> Result<Message, RecvTimeoutError> {
        let Some(since) = self.unsynced else {
            return messages.recv().map_err(|_| RecvTimeoutError::Disconnected);
        };
        match LINGER.checked_sub(since.elapsed()) {
            Some(rest) => messages.recv_timeout(rest),
            // Also while records keep coming.
            None => Err(RecvTimeoutError::Timeout),
        }
    }

    fn gather(&self, first: Message, messages: &Receiver<Message>) -> Group {
        let mut group = Group::default();
        for message in std::iter::once(first).chain(messages.try_iter().take(QUEUE)) {
            match message {
                Message::Entry(entry) => group.entries.push(entry),
                Message::Check(reply) => group.checks.push(reply),
                Message::Flush(done) => group.flushes.push(done),
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
        self.write(&group.entries);
        let (durable, written): (Vec<Entry>, Vec<Entry>) =
            group.entries.into_iter().partition(|entry| entry.record.durability == Durability::Durable);
        self.answer(written);
        if !durable.is_empty() || !group.flushes.is_empty() {
            self.sync();
        }
        self.answer(durable);
        for done in group.flushes {
            let _ = done.send(());
        }
        self.shared.metrics.audit_written(started.elapsed());
        if !group.checks.is_empty() {
            let result = self.check();
            group.checks.into_iter().for_each(|reply| drop(reply.send(result.clone())));
        }
    }

    fn write(&mut self, entries: &[Entry]) {
        if self.broken.is_some() || entries.is_empty() {
            return;
        }
        let mut bytes = String::with_capacity(entries.iter().map(|entry| entry.record.body.len() + 48).sum());
        for entry in entries {
            self.sequence += 1;
            bytes.push_str(&line(self.sequence, &entry.record.body));
        }
        self.unsynced.get_or_insert_with(Instant::now);
        match self.storage.write(bytes.as_bytes()) {
            Ok(()) => entries.iter().for_each(|entry| self.shared.metrics.audit_record(entry.record.stage)),
            Err(error) => self.fail(&error),
        }
    }

    fn sync(&mut self) {
        if self.unsynced.take().is_none() || self.broken.is_some() {
            return;
        }
        if let Err(error) = self.storage.sync() {
            self.fail(&error);
        }
    }

    fn check(&mut self) -> Result<(), AuditError> {
        if let Some(error) = &self.broken {
            return Err(error.clone());
        }
        if self.checked.is_some_and(|at| at.elapsed() < CHECKED) {
            return Ok(());
        }
        let result = self.storage.check();
        self.checked = result.is_ok().then(Instant::now);
        // A full disk may have room again before a call comes: the log stays open.
        result.map_err(|error| AuditError::Unwritable { cause: error.to_string() })
    }

    fn fail(&mut self, error: &std::io::Error) {
        let error = AuditError::Unwritable { cause: error.to_string() };
        self.shared.close(error.clone());
        self.broken = Some(error);
    }

    fn answer(&self, entries: Vec<Entry>) {
        let result = self.broken.clone().map_or(Ok(()), Err);
        if result.is_err() {
            self.shared.metrics.audit_write_errors(entries.len());
        }
        for reply in entries.into_iter().filter_map(|entry| entry.reply) {
            // Who does not wait any more has left, or goes without a permit.
            let _ = reply.send(result.clone());
        }
    }
}

struct Closing(Arc<Shared>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.close_quietly(ended(), std::thread::panicking());
    }
}
