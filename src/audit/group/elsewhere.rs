//! What the writing thread does about the receiver that records go to besides the file.

use std::io;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use super::super::AuditError;
use super::super::Event;
use super::super::alarm::FileAway;
use super::super::alarm::FileBack;
use super::super::http::Progress;
use super::super::http::Require;
use super::super::storage::Ground;
use super::super::writer::Entry;
use super::super::writer::Kind;
use super::super::writer::QUEUE;
use super::super::writer::Record;
use super::super::writer::Reply;
use super::Thread;
use super::trouble::AGAIN;

/// How long is waited for the receiver while calls are refused anyway.
const SHORT: Duration = Duration::from_secs(1);

/// How many bytes of records wait in memory for a file that does not take them.
const MOST_AHEAD: usize = 64 * 1024 * 1024;

/// The other place.
#[derive(Debug)]
pub(in super::super) struct Elsewhere {
    pub(in super::super) progress: Arc<Progress>,
    pub(in super::super) require: Require,
    /// How long a record may take to be there.
    pub(in super::super) bound: Duration,
}

/// Who waits for a record that is in one place, and has to be in another.
#[derive(Debug)]
pub(super) struct Unconfirmed {
    kind: Kind,
    reply: Reply,
}

/// The file takes nothing, and the other place has what it has not.
#[derive(Debug)]
pub(super) struct Away {
    cause: String,
    since: jiff::Timestamp,
    again: Instant,
}

/// Why something is not where it must be.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) cause: String,
    /// Whether the disk is full.
    pub(super) full: bool,
    /// Whether the file has it, and only the other place has not.
    pub(super) elsewhere: bool,
}

/// What could not be stored, and why.
pub(super) type Stored = Result<(), (Failure, Vec<Entry>)>;

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        let full = matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
        Self { cause: error.to_string(), full, elsewhere: false }
    }
}

impl Failure {
    fn elsewhere(cause: &str) -> Self {
        Self { cause: format!("the HTTP sink: {cause}"), full: false, elsewhere: true }
    }

    pub(super) fn error(&self) -> AuditError {
        AuditError::Unwritable { cause: self.cause.clone() }
    }
}

impl<G: Ground> Thread<G> {
    /// Whether one of two places is enough.
    fn one_is_enough(&self) -> bool {
        self.elsewhere.as_ref().is_some_and(|elsewhere| elsewhere.require == Require::Any)
    }

    /// Whether anything new may be admitted, as far as is known without trying.
    pub(super) fn admissible(&self) -> Result<(), Failure> {
        // A log that could not go on in another file admits nothing, although this one is open and takes it.
        match self.ledger.ground.writable() {
            Err(error) if !self.one_is_enough() || self.problem_elsewhere().is_some() => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Whether the places that must be there are, tried for real where that is possible.
    pub(super) fn sound(&mut self) -> Result<(), Failure> {
        let tried = self.ledger.ground.check().and_then(|()| self.ledger.ground.writable());
        let problem = self.problem_elsewhere();
        match (tried, problem) {
            (Err(error), None) if !self.one_is_enough() => Err(error.into()),
            (Err(error), Some(_)) => Err(error.into()),
            (Ok(()), Some(problem)) if !self.one_is_enough() => Err(problem),
            _ => Ok(()),
        }
    }

    /// Stores records, in the file or, where that is enough, in the other place.
    pub(super) fn store(&mut self, entries: Vec<Entry>, durable: bool) -> Stored {
        if self.away.is_some() {
            return self.carry(entries);
        }
        let written = if entries.is_empty() { Ok(()) } else { self.write(entries) };
        let stored = if durable { written.and_then(|()| self.sync_all()) } else { written };
        self.or_elsewhere(stored)
    }

    /// What the file did not take goes to the other place, if that is enough.
    pub(super) fn or_elsewhere(&mut self, stored: Stored) -> Stored {
        match stored {
            Err((failure, entries)) if self.one_is_enough() && !failure.elsewhere => {
                self.go_away(&failure, entries)
            }
            stored => stored,
        }
    }

    fn go_away(&mut self, failure: &Failure, entries: Vec<Entry>) -> Stored {
        FileAway { cause: &failure.cause }.emit(&self.shared.metrics);
        let (cause, since) = (failure.cause.clone(), jiff::Timestamp::now());
        // What was written before either is on disk now, or comes first.
        let mut first = self.sync_all().map_or_else(|(_, entries)| entries, |()| Vec::new());
        first.extend(entries);
        self.away = Some(Away { cause, since, again: Instant::now() + AGAIN });
        self.carry(first)
    }

    /// Stores records in the other place alone; the file gets them when it takes something again.
    fn carry(&mut self, entries: Vec<Entry>) -> Stored {
        let (records, bytes) = self.ledger.ahead();
        if records + entries.len() > QUEUE || bytes > MOST_AHEAD {
            let cause = self.away.as_ref().map_or_else(String::new, |away| away.cause.clone());
            return Err((Failure { cause, full: false, elsewhere: false }, entries));
        }
        self.ledger.take_ahead(entries.iter().map(|entry| entry.record.body.as_str()));
        for entry in &entries {
            self.shared.metrics.audit_record(entry.record.stage);
        }
        self.expect(entries);
        self.confirm()
    }

    /// Tries whether the file takes what it has not.
    pub(super) fn come_back(&mut self) {
        let Some(away) = &mut self.away else { return };
        let result = self.ledger.write(std::iter::empty()).and_then(|()| self.ledger.sync());
        if let Err(error) = result {
            away.again = Instant::now() + AGAIN;
            away.cause = error.to_string();
            return self.shared.metrics.audit_write_errors(1);
        }
        FileBack { cause: &away.cause }.emit();
        let event = Event::file_back(&away.cause, away.since);
        self.away = None;
        self.confirm_all();
        let record = Record::own(event.stage(), event.body(&self.instance));
        if self.trouble.is_none()
            && let Err((failure, entries)) = self.store(vec![Entry::own(record)], true)
        {
            self.fail(&failure, entries);
        }
    }

    /// When the file is to be tried again.
    pub(super) fn until_back(&self) -> Option<Duration> {
        self.away.as_ref().map(|away| away.again.saturating_duration_since(Instant::now()))
    }

    /// These are where they stay, and must be elsewhere as well.
    pub(super) fn expect(&mut self, entries: Vec<Entry>) {
        for mut entry in entries {
            let kind = entry.record.kind;
            self.unconfirmed.extend(entry.reply.take().map(|reply| Unconfirmed { kind, reply }));
            self.note(entry.record);
        }
    }

    /// Waits for the other place where it has to have everything, and tells who waits for that.
    pub(super) fn confirm(&mut self) -> Stored {
        let needed = self.away.is_some() || !self.one_is_enough();
        let result = match &self.elsewhere {
            Some(elsewhere) if needed => {
                let bound = if self.trouble.is_some() { SHORT } else { elsewhere.bound };
                self.shared.waits_elsewhere(true);
                let result = elsewhere.progress.confirmed(bound);
                self.shared.waits_elsewhere(false);
                result
            }
            _ => Ok(()),
        };
        let Err(cause) = result else {
            self.confirm_all();
            return Ok(());
        };
        let failure = Failure::elsewhere(&cause);
        self.refuse_unconfirmed(&failure.error());
        Err((failure, Vec::new()))
    }

    fn confirm_all(&mut self) {
        for Unconfirmed { reply, .. } in self.unconfirmed.drain(..) {
            let _ = reply.send(Ok(()));
        }
    }

    /// Refuses what was announced; it stands in the log, with an outcome that says so. What has happened goes on waiting.
    fn refuse_unconfirmed(&mut self, error: &AuditError) {
        for Unconfirmed { kind, reply } in std::mem::take(&mut self.unconfirmed) {
            if kind == Kind::Happened && self.unconfirmed.len() < QUEUE {
                self.unconfirmed.push(Unconfirmed { kind, reply });
                continue;
            }
            self.shared.metrics.audit_write_errors(1);
            let _ = reply.send(Err(error.clone()));
        }
    }

    fn problem_elsewhere(&self) -> Option<Failure> {
        let problem = self.elsewhere.as_ref()?.progress.problem()?;
        Some(Failure::elsewhere(&problem))
    }

    /// Gives the receiver and what is beside the log a last moment for what they have not, and lets the courier go.
    pub(super) fn part(&self) {
        self.ledger.beside.finish();
        // Where there is no courier there is no time for it.
        let Some(elsewhere) = self.elsewhere.as_ref().filter(|one| !one.bound.is_zero()) else { return };
        if let Err(cause) = elsewhere.progress.confirmed(elsewhere.bound / 2) {
            tracing::warn!(
                cause,
                "the HTTP sink has not everything of the audit log; the next start sends the rest"
            );
        }
        elsewhere.progress.end();
    }
}
