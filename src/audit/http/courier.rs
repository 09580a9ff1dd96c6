//! The thread that sends what is to be sent, again and again until it is confirmed.

use std::io;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use serde::Deserialize;

use super::Carrier;
use super::Progress;
use super::Shelf;
use super::progress::Next;
use super::progress::Source;
use crate::audit::alarm::HttpSinkBack;
use crate::audit::alarm::HttpSinkFailed;
use crate::audit::alarm::HttpSinkSkips;
use crate::telemetry::Metrics;

/// How much is sent at once; more only where one record is longer.
const MOST: u64 = 1024 * 1024;

/// No record is longer.
const LONGEST: u64 = 2 * crate::audit::heads::LONGEST;

/// How long after a failure it is tried again.
const AGAIN: Duration = Duration::from_millis(500);

/// How often it is noted how much was sent.
const NOTED: Duration = Duration::from_secs(1);

/// Sends lines of the log.
pub(in super::super) struct Courier<C: Carrier> {
    pub(in super::super) carrier: C,
    pub(in super::super) shelf: Arc<dyn Shelf>,
    pub(in super::super) progress: Arc<Progress>,
    pub(in super::super) metrics: Metrics,
}

#[derive(Deserialize)]
struct Numbered {
    #[serde(rename = "seq")]
    sequence: u64,
}

impl<C: Carrier> Courier<C> {
    /// Starts the thread; it ends when the progress is told to.
    pub(in super::super) fn start(self) -> io::Result<()> {
        let thread = std::thread::Builder::new().name("audit-http".to_owned());
        thread.spawn(move || self.run()).map(drop)
    }

    fn run(mut self) {
        let mut noted = Instant::now();
        let mut problem = None;
        while let Some(next) = self.progress.next() {
            let (log, from) = (next.log.clone(), next.from);
            match self.send(next) {
                Ok(0) if self.progress.give_up(&log) => HttpSinkSkips { log: &log }.emit(&self.metrics),
                Ok(0) => {
                    self.failed("the log file holds something else than records".to_owned(), &mut problem);
                }
                Ok(bytes) => {
                    if let Some(problem) = problem.take() {
                        HttpSinkBack { was: &problem }.emit();
                    }
                    let sent = from.saturating_add(bytes);
                    if noted.elapsed() >= NOTED {
                        self.shelf.sent(&log, sent);
                        noted = Instant::now();
                    }
                    self.progress.sent(&log, sent);
                }
                Err(cause) => self.failed(cause, &mut problem),
            }
        }
    }

    /// Tells of a failure, and waits a little.
    fn failed(&self, cause: String, problem: &mut Option<String>) {
        HttpSinkFailed { cause: &cause, is_new: problem.is_none() }.emit(&self.metrics);
        *problem = Some(cause.clone());
        self.progress.failed(cause);
        self.progress.pause(AGAIN);
    }

    /// Sends the next lines, and says how many bytes they have; 0 where there is no record.
    fn send(&mut self, next: Next) -> Result<u64, String> {
        let mut lines = match next.source {
            Source::Memory(lines) => lines,
            Source::File(until) => {
                let rest = until - next.from;
                let read = |most: u64| match self.shelf.read(&next.log, next.from, rest.min(most)) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
                    read => read.map_err(|error| format!("the log file cannot be read: {error}")),
                };
                let bytes = read(MOST)?;
                if bytes.contains(&b'\n') { bytes } else { read(LONGEST)? }
            }
        };
        let most = lines.len().min(usize::try_from(LONGEST).unwrap_or(usize::MAX));
        lines.truncate(most);
        lines.truncate(lines.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1));
        let first = lines.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let Ok(Numbered { sequence }) = serde_json::from_slice(first) else { return Ok(0) };
        let bytes = u64::try_from(lines.len()).unwrap_or(u64::MAX);
        self.carrier.carry(&next.log, sequence, lines)?;
        Ok(bytes)
    }
}
