//! The log file that is written now: what is in it, what of that is on disk, and how the next file goes on from it.

use std::io;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use serde_json::Map;
use serde_json::Value;

use super::Checkpoint;
use super::Code;
use super::LogName;
use super::Opening;
use super::SigningKey;
use super::aside::Beside;
use super::chain::Chain;
use super::heads::Head;
use super::http::Progress;
use super::key::RecordKey;
use super::record::head;
use super::record::inside;
use super::signatures::Signatures;
use super::signatures::Signed;
use super::signing::PATIENCE;
use super::storage::Ground;
use super::storage::Storage;

/// When checkpoints are written and files are left.
#[derive(Debug, Clone)]
pub(super) struct Pace {
    pub(super) checkpoint_records: u64,
    pub(super) checkpoint_interval: Duration,
    pub(super) rotate_bytes: u64,
    pub(super) rotate_age: Duration,
}

/// What records are sealed and checkpoints are signed with.
#[derive(Debug, Clone)]
pub(super) struct Keys {
    pub(super) signer: SigningKey,
    pub(super) records: RecordKey,
}

/// How much of a file.
#[derive(Debug, Clone, Default)]
struct Mark {
    length: u64,
    chain: Chain,
}

/// Lines that another place has and the file has not: they are what it takes next.
#[derive(Debug, Default)]
struct Ahead {
    text: String,
    records: usize,
    /// The chain after them; none where there are none.
    chain: Option<Chain>,
    /// Whether the file has them meanwhile, not yet on disk.
    written: bool,
}

/// The file of one process, and after a rotation the next one.
#[derive(Debug)]
pub(super) struct Ledger<G: Ground> {
    pub(super) ground: G,
    instance: String,
    keys: Keys,
    pace: Pace,
    name: LogName,
    file: G::File,
    /// What was written, and is good.
    written: Mark,
    /// What of that is on disk.
    durable: Mark,
    ahead: Ahead,
    /// What is sent elsewhere as well, if anything is.
    progress: Option<Arc<Progress>>,
    /// What is done beside the log with what it has.
    pub(super) beside: Beside,
    /// The lines that are written and not on disk, if they are to be copied.
    fresh: String,
    /// Whether the file may have more bytes than `written` says.
    torn: bool,
    /// Whether a sync of the file has failed: it is left as soon as there is another.
    suspect: bool,
    /// When the file was begun.
    begun: Instant,
    /// How many records the newest checkpoint covers.
    covered: u64,
    /// How many records the last checkpoint would have covered, if it came to nothing.
    tried: u64,
    /// When that was.
    checkpointed: Instant,
    /// Checkpoints that are signed elsewhere.
    signatures: Signatures,
    /// A next file, when the last attempt to go on in it came to nothing.
    spare: Option<(LogName, G::File)>,
    /// Until when another file is not tried.
    stays: Option<Instant>,
    /// What the last record of the process is.
    end: Code,
}

/// What a rotation leaves to be done.
#[derive(Debug)]
pub(super) struct Rotated {
    /// The first record of the next file.
    pub(super) opening: String,
    /// Whether the file that was left has its last checkpoint.
    pub(super) checkpoint: io::Result<Checkpointed>,
}

/// What became of a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Checkpointed {
    /// It is kept.
    Kept,
    /// It is being signed.
    Asked,
}

/// How long a file that cannot be left is kept before it is tried again.
const STAY: Duration = Duration::from_mins(1);

impl<G: Ground> Ledger<G> {
    /// The first file of a process. The first record, which is returned, has to be the first that is written.
    pub(super) fn begin(
        mut ground: G,
        instance: &str,
        keys: Keys,
        pace: Pace,
        opening: &Opening,
        progress: Option<Arc<Progress>>,
        beside: Beside,
    ) -> io::Result<(Self, String)> {
        let heads = ground.heads()?;
        let continues = heads.iter().find(|head| head.file.instance() == instance);
        let chain = continues.map(|head| Chain::after(head.last)).unwrap_or_default();
        let end = opening.end();
        let opening = opened(opening.record(instance), &keys, continues, &heads);
        let (name, file) = ground.create()?;
        if let Some(progress) = &progress {
            progress.prepare(&name)?;
            progress.begin(&name);
        }
        let written = Mark { length: 0, chain };
        let ledger = Self {
            ground,
            instance: instance.to_owned(),
            keys,
            pace,
            name,
            file,
            durable: written.clone(),
            written,
            ahead: Ahead::default(),
            progress,
            beside,
            fresh: String::new(),
            torn: false,
            suspect: false,
            begun: Instant::now(),
            covered: 0,
            tried: 0,
            checkpointed: Instant::now(),
            signatures: Signatures::default(),
            spare: None,
            stays: None,
            end,
        };
        Ok((ledger, opening))
    }

    /// Writes records, after those that another place has already. If that fails, the file is as if none of them had
    /// been tried.
    pub(super) fn write<'b>(&mut self, bodies: impl Iterator<Item = &'b str>) -> io::Result<()> {
        self.mend()?;
        let late = !self.ahead.written;
        let before = self.ahead.chain.as_ref().filter(|_| late);
        let mut chain = before.unwrap_or(&self.written.chain).clone();
        let mut text = if late { self.ahead.text.clone() } else { String::new() };
        bodies.for_each(|body| chain.append(&mut text, body, &self.keys.records));
        if let Err(error) = self.file.write(text.as_bytes()) {
            self.torn = true;
            // If this fails as well it is tried again before anything else is written.
            let _ = self.mend();
            return Err(error);
        }
        let length = self.written.length.saturating_add(u64::try_from(text.len()).unwrap_or(u64::MAX));
        self.written = Mark { length, chain };
        self.ahead.written = true;
        if self.beside.copies() {
            self.fresh.push_str(&text);
        }
        Ok(())
    }

    /// Takes records that the file is to have later, when it does not take them now. Everything else that was written
    /// has to be on disk.
    pub(super) fn take_ahead<'b>(&mut self, bodies: impl Iterator<Item = &'b str>) {
        let ahead = &mut self.ahead;
        let chain = ahead.chain.get_or_insert_with(|| self.durable.chain.clone());
        for body in bodies {
            chain.append(&mut ahead.text, body, &self.keys.records);
            ahead.records += 1;
        }
        ahead.written = false;
        if let Some(progress) = &self.progress {
            progress.ahead(ahead.text.as_bytes());
        }
    }

    /// How many records the file is to have later, and how many bytes they are.
    pub(super) fn ahead(&self) -> (usize, usize) {
        (self.ahead.records, self.ahead.text.len())
    }

    /// Makes what was written durable. If that fails, nothing is known of it: it is as if it had not been written.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        if let Err(error) = self.file.sync() {
            self.written = self.durable.clone();
            (self.torn, self.suspect) = (true, true);
            self.ahead.written = false;
            self.fresh.clear();
            let _ = self.mend();
            return Err(error);
        }
        self.durable = self.written.clone();
        self.beside.copy(&std::mem::take(&mut self.fresh));
        if self.ahead.written {
            self.ahead = Ahead::default();
        }
        if let Some(progress) = &self.progress {
            progress.durable(self.durable.length);
        }
        Ok(())
    }

    /// Takes away what a failed write has left.
    fn mend(&mut self) -> io::Result<()> {
        if self.torn {
            self.file.cut(self.written.length)?;
            self.torn = false;
        }
        Ok(())
    }

    /// How long until a checkpoint has to be written; none while the newest covers everything.
    pub(super) fn until_checkpoint(&self) -> Option<Duration> {
        let uncovered = self.durable.chain.records().saturating_sub(self.covered);
        (uncovered > 0).then(|| self.pace.checkpoint_interval.saturating_sub(self.checkpointed.elapsed()))
    }

    /// Whether a checkpoint has to be written now.
    pub(super) fn is_checkpoint_due(&self) -> bool {
        let untried = self.durable.chain.records().saturating_sub(self.covered.max(self.tried));
        untried >= self.pace.checkpoint_records || self.until_checkpoint().is_some_and(|rest| rest.is_zero())
    }

    /// Writes a checkpoint of everything that is on disk, or has it signed first.
    pub(super) fn checkpoint(&mut self) -> io::Result<Checkpointed> {
        let Mark { chain, .. } = &self.durable;
        let (size, root) = (chain.records(), chain.root());
        // Also one that fails: it is tried again at the next time, and not with every record.
        (self.tried, self.checkpointed) = (size, Instant::now());
        let checkpoint = Checkpoint { origin: self.name.origin(), size, root };
        if let SigningKey::Remote(key) = &self.keys.signer {
            self.signatures.ask(key, &self.name, checkpoint);
            return Ok(Checkpointed::Asked);
        }
        let note = self.keys.signer.sign(&checkpoint)?;
        self.keep(&self.name.clone(), size, &note)?;
        Ok(Checkpointed::Kept)
    }

    fn keep(&mut self, log: &LogName, size: u64, note: &str) -> io::Result<()> {
        self.beside.witness(log, size, note);
        self.ground.keep_checkpoint(log, note)?;
        if *log == self.name {
            self.covered = size;
        }
        Ok(())
    }

    /// Whether a checkpoint is being signed elsewhere.
    pub(super) fn is_signing(&self) -> bool {
        self.signatures.is_busy()
    }

    /// Keeps a checkpoint that was signed elsewhere meanwhile, if there is one.
    pub(super) fn keep_signed(&mut self) -> Option<io::Result<()>> {
        let SigningKey::Remote(key) = &self.keys.signer else { return None };
        let signed = self.signatures.take(key)?;
        Some(self.keep_back(&signed))
    }

    /// Waits for all that are being signed, and keeps them. None where nothing is.
    pub(super) fn await_signed(&mut self) -> Option<io::Result<()>> {
        let SigningKey::Remote(key) = self.keys.signer.clone() else { return None };
        let until = Instant::now() + PATIENCE;
        let mut last = None;
        while self.signatures.is_busy() {
            let Some(signed) = self.signatures.wait(&key, until) else {
                return Some(Err(io::Error::other("the key did not sign in time")));
            };
            last = Some(self.keep_back(&signed));
        }
        last
    }

    fn keep_back(&mut self, signed: &Signed) -> io::Result<()> {
        match &signed.note {
            Ok(note) => self.keep(&signed.log, signed.checkpoint.size, note),
            Err(error) => Err(io::Error::other(error.to_string())),
        }
    }

    /// Whether the file has to be left for another. One without a record of its own never is.
    pub(super) fn is_rotation_due(&self) -> bool {
        let full = self.durable.length >= self.pace.rotate_bytes;
        let due = full || self.suspect || self.begun.elapsed() >= self.pace.rotate_age;
        due && self.durable.chain.records() > 1 && self.stays.is_none_or(|until| Instant::now() >= until)
    }

    /// How long until the file has to be left for its age; none while it has no record of its own.
    pub(super) fn until_rotation(&self) -> Option<Duration> {
        let stays = self.stays.map(|until| until.saturating_duration_since(Instant::now()));
        let rest = self.pace.rotate_age.saturating_sub(self.begun.elapsed());
        (self.durable.chain.records() > 1).then(|| rest.max(stays.unwrap_or_default()))
    }

    /// Keeps the file for a while although it should be left.
    pub(super) fn stay(&mut self) {
        self.stays = Some(Instant::now() + STAY);
    }

    /// Leaves the file for another. Everything written has to be on disk. The first record of the next file, which is
    /// returned, has to be the next that is written; calls that are `open` end in the next file.
    pub(super) fn rotate(&mut self, open: Vec<Value>) -> io::Result<Rotated> {
        let heads = self.ground.heads()?;
        let (name, file) = match self.spare.take() {
            Some(spare) => spare,
            None => self.ground.create()?,
        };
        let prepared = self.progress.as_ref().map_or(Ok(()), |progress| progress.prepare(&name));
        if let Err(error) = prepared.and_then(|()| self.leave("continued", Code::Continued, Some(&name))) {
            self.spare = Some((name, file));
            return Err(error);
        }
        if let Some(progress) = &self.progress {
            progress.begin(&name);
        }
        let checkpoint = self.checkpoint();
        let continues = Head {
            file: self.name.clone(),
            records: self.durable.chain.records(),
            root: self.durable.chain.root(),
            last: self.durable.chain.previous(),
        };
        let mut record = head("continue", Code::Continue, &self.instance);
        record.insert("open".into(), open.into());
        let opening = opened(record, &self.keys, Some(&continues), &heads);
        (self.name, self.file) = (name, file);
        self.written = Mark { length: 0, chain: self.durable.chain.next_file() };
        self.durable = self.written.clone();
        (self.suspect, self.covered, self.tried) = (false, 0, 0);
        (self.begun, self.stays) = (Instant::now(), None);
        Ok(Rotated { opening, checkpoint })
    }

    /// Ends the last file of the process.
    pub(super) fn end(&mut self) -> io::Result<()> {
        self.leave("stop", self.end, None)?;
        self.checkpoint()?;
        self.await_signed().unwrap_or(Ok(()))
    }

    /// Writes the last record of the file.
    fn leave(&mut self, stage: &'static str, code: Code, next: Option<&LogName>) -> io::Result<()> {
        let mut record = head(stage, code, &self.instance);
        if let Some(next) = next {
            record.insert("next".into(), next.file().into());
        }
        self.write(std::iter::once(inside(&record).as_str()))?;
        self.sync()?;
        if let Some(progress) = &self.progress {
            progress.leave();
        }
        Ok(())
    }

    /// The name of the file.
    pub(super) fn name(&self) -> &LogName {
        &self.name
    }
}

/// The first record of a file.
fn opened(mut record: Map<String, Value>, keys: &Keys, continues: Option<&Head>, heads: &[Head]) -> String {
    record.insert("checkpoint_key".into(), keys.signer.verifier().to_string().into());
    record.insert("mac_key".into(), keys.records.id().into());
    record.insert("continues".into(), continues.map(Head::record).into());
    record.insert("heads".into(), heads.iter().map(Head::record).collect());
    inside(&record)
}
