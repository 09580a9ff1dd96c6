//! Copies of the records.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::journald::Journal;
use super::queue::Aside;
use super::stdout::Stdout;
use super::syslog::Syslog;
use super::syslog::SyslogServer;
use crate::telemetry::Metrics;

/// How many records wait for each copy.
const ROOM: usize = 4096;

/// Where records are copied to.
#[derive(Debug, Clone)]
pub enum CopyTo {
    /// Standard output, one record a line.
    Stdout,
    /// The journal of systemd.
    Journald,
    /// A syslog server.
    Syslog(SyslogServer),
}

/// Every copy there is.
#[derive(Debug, Default)]
pub(in super::super) struct Copies(Vec<Aside<Arc<str>>>);

impl Copies {
    pub(in super::super) fn start(to: &[CopyTo], metrics: &Metrics) -> io::Result<Self> {
        let start = |to: &CopyTo| match to {
            CopyTo::Stdout => Aside::start("stdout", ROOM, Stdout, metrics),
            CopyTo::Journald => Aside::start("journald", ROOM, Journal::new()?, metrics),
            CopyTo::Syslog(server) => Aside::start("syslog", ROOM, Syslog::new(server.clone()), metrics),
        };
        to.iter().map(start).collect::<io::Result<_>>().map(Self)
    }

    /// Whether there is none.
    pub(in super::super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Copies the lines of a text.
    pub(in super::super) fn offer(&self, text: &str) {
        for line in text.lines() {
            let line: Arc<str> = line.into();
            for copy in &self.0 {
                copy.offer(Arc::clone(&line));
            }
        }
    }

    /// Waits until everything is copied, at most so long.
    pub(in super::super) fn finish(&self, bound: Duration) {
        for copy in &self.0 {
            copy.finish(bound);
        }
    }
}
