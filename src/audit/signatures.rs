//! Checkpoints that a key elsewhere signs: one after the other, while the log goes on.

use std::collections::BTreeMap;
use std::io;
use std::sync::mpsc;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::Sender;
use std::time::Duration;
use std::time::Instant;

use super::Checkpoint;
use super::LogName;
use super::signing::RemoteKey;

/// Of how many files the newest checkpoint waits. Those of older ones are made at the next start.
const MOST_WAITING: usize = 64;

/// A checkpoint that was signed, or why not.
#[derive(Debug)]
pub(super) struct Signed {
    pub(super) log: LogName,
    pub(super) checkpoint: Checkpoint,
    pub(super) note: io::Result<String>,
}

/// Checkpoints on their way to the key and back.
#[derive(Debug)]
pub(super) struct Signatures {
    sender: Sender<Signed>,
    receiver: Receiver<Signed>,
    /// Whether one is with the key.
    is_busy: bool,
    /// The newest of each file that is not there yet.
    waiting: BTreeMap<LogName, Checkpoint>,
}

impl Default for Signatures {
    fn default() -> Self {
        let (sender, receiver) = mpsc::channel();
        Self { sender, receiver, is_busy: false, waiting: BTreeMap::new() }
    }
}

impl Signatures {
    /// Asks for a signature. One that failed before is asked for anew.
    pub(super) fn ask(&mut self, key: &RemoteKey, log: &LogName, checkpoint: Checkpoint) {
        self.waiting.insert(log.clone(), checkpoint);
        while self.waiting.len() > MOST_WAITING {
            self.waiting.pop_first();
        }
        self.send(key);
    }

    /// Whether one is with the key.
    pub(super) fn is_busy(&self) -> bool {
        self.is_busy
    }

    /// What came back.
    pub(super) fn take(&mut self, key: &RemoteKey) -> Option<Signed> {
        let signed = self.receiver.try_recv().ok()?;
        Some(self.back(key, signed))
    }

    /// What comes back until then.
    pub(super) fn wait(&mut self, key: &RemoteKey, until: Instant) -> Option<Signed> {
        if !self.is_busy {
            return None;
        }
        let rest = until.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        let signed = self.receiver.recv_timeout(rest).ok()?;
        Some(self.back(key, signed))
    }

    fn back(&mut self, key: &RemoteKey, signed: Signed) -> Signed {
        self.is_busy = false;
        if signed.note.is_ok() {
            self.send(key);
        } else {
            // It is tried again with the next one.
            self.waiting.entry(signed.log.clone()).or_insert_with(|| signed.checkpoint.clone());
        }
        signed
    }

    fn send(&mut self, key: &RemoteKey) {
        if self.is_busy {
            return;
        }
        if let Some((log, checkpoint)) = self.waiting.pop_first() {
            self.is_busy = true;
            let sender = self.sender.clone();
            key.begin(&checkpoint.clone(), move |note| {
                // Who does not wait any more has ended.
                let _ = sender.send(Signed { log, checkpoint, note });
            });
        }
    }
}
