//! What is done beside the log with what it has: copies of records, and checkpoints that are kept elsewhere. Nothing of
//! it confirms anything or holds anything up: what does not fit into a queue is left out and counted.

mod copies;
mod journald;
mod queue;
mod stdout;
mod syslog;
mod witness;

use std::io;
use std::time::Duration;

use copies::Copies;
use witness::Note;
use witness::Witnesses;

pub use copies::CopyTo;
pub use syslog::SyslogServer;
pub use witness::WitnessSettings;

use super::LogName;
use crate::telemetry::Metrics;

/// Everything that is done beside one log.
#[derive(Debug, Default)]
pub(super) struct Beside {
    copies: Copies,
    witnesses: Witnesses,
    /// How long is waited at the end for what is not done.
    patience: Duration,
}

impl Beside {
    /// Starts a thread for each.
    pub(super) fn start(
        copies: &[CopyTo],
        witness: &WitnessSettings,
        patience: Duration,
        metrics: &Metrics,
    ) -> io::Result<Self> {
        let copies = Copies::start(copies, metrics)?;
        Ok(Self { copies, witnesses: Witnesses::start(witness, metrics)?, patience })
    }

    /// Whether records are copied.
    pub(super) fn copies(&self) -> bool {
        !self.copies.is_empty()
    }

    /// Copies the lines of records.
    pub(super) fn copy(&self, lines: &str) {
        self.copies.offer(lines);
    }

    /// Hands a checkpoint over.
    pub(super) fn witness(&self, log: &LogName, size: u64, note: &str) {
        self.witnesses.offer(&Note { log: log.clone(), size, text: note.to_owned() });
    }

    /// Waits a little for what is not done.
    pub(super) fn finish(&self) {
        self.copies.finish(self.patience);
        self.witnesses.finish(self.patience);
    }
}
