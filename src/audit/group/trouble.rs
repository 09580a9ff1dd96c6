//! When nothing can be written: what is refused, what is kept, and how the log is taken up again.
//!
//! A write or a sync that fails refuses what was announced by it and keeps what has happened already: that is written
//! first when the disk takes something again, and only then anything new is admitted.

use std::time::Duration;
use std::time::Instant;

use super::Failure;
use super::Stored;
use super::Thread;
use crate::audit::AuditError;
use crate::audit::CallId;
use crate::audit::Event;
use crate::audit::alarm::AuditRecordLost;
use crate::audit::storage::Ground;
use crate::audit::writer::Entry;
use crate::audit::writer::Kind;
use crate::audit::writer::QUEUE;
use crate::audit::writer::Record;

/// How long after a failure the disk is tried again.
pub(super) const AGAIN: Duration = Duration::from_millis(500);

/// Why nothing can be written.
pub(super) struct Trouble {
    pub(super) error: AuditError,
    since: jiff::Timestamp,
    pub(super) again: Instant,
    /// Whether the file takes everything.
    pub(super) elsewhere: bool,
}

impl<G: Ground> Thread<G> {
    /// The disk did not take these, nor what is written and not synced is certain to be in the file.
    pub(super) fn fail(&mut self, failure: &Failure, entries: Vec<Entry>) {
        let (full, elsewhere) = (failure.full, failure.elsewhere);
        let error = failure.error();
        let since = self.trouble.as_ref().map_or_else(jiff::Timestamp::now, |trouble| trouble.since);
        let is_new = self.trouble.is_none();
        self.trouble =
            Some(Trouble { error: error.clone(), since, again: Instant::now() + AGAIN, elsewhere });
        self.checked = None;
        self.shared.pause(&error);
        self.put_off(entries, &error);
        if full && let Err(error) = self.ledger.ground.release() {
            tracing::error!(%error, "the room that is kept for the ends of calls cannot be given back");
        }
        // The room that was given back is for what has happened: it is written at once.
        if is_new && full {
            self.mend();
        }
    }

    /// Refuses what was announced, and keeps what has happened.
    pub(super) fn put_off(&mut self, entries: Vec<Entry>, error: &AuditError) {
        for mut entry in entries {
            let announced = entry.record.kind == Kind::Announced && entry.reply.is_some();
            if announced {
                self.shared.metrics.audit_write_errors(1);
                entry.answer(Err(error.clone()));
            } else if self.pending.len() >= QUEUE {
                let call = entry.record.call.as_ref().map(CallId::as_str);
                AuditRecordLost { stage: entry.record.stage, call }.emit(&self.shared.metrics);
                entry.answer(Err(self.shared.close(error.clone())));
            } else {
                self.pending.push(entry);
            }
        }
    }

    /// Tries whether the disk takes something again: first what has happened, then the room that is kept free.
    pub(super) fn mend(&mut self) {
        self.come_back();
        let pending = std::mem::take(&mut self.pending);
        let stored = self.store(pending, true);
        if let Err((failure, entries)) = stored.and_then(|()| self.resume()) {
            self.fail(&failure, entries);
        }
    }

    /// Admits again, if there is room for it and that can be written down.
    fn resume(&mut self) -> Stored {
        let Some(trouble) = &self.trouble else { return Ok(()) };
        let event = Event::resumed(&trouble.error.to_string(), trouble.since);
        let record = Record::own(event.stage(), event.body(&self.instance));
        let ground = &mut self.ledger.ground;
        if self.away.is_none() {
            ground.check().and_then(|()| ground.reserve()).map_err(|error| (error.into(), Vec::new()))?;
        }
        // The event has not happened if it cannot be written.
        self.store(vec![Entry::own(record)], true).map_err(|(failure, _)| (failure, Vec::new()))?;
        self.trouble = None;
        self.shared.resume();
        Ok(())
    }
}
