//! One log file against its own checkpoint and those that were kept elsewhere.

use std::collections::BTreeSet;
use std::fs::TryLockError;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;

use super::super::note::Checkpoint;
use super::super::note::LONGEST_NOTE;
use super::super::note::NoteError;
use super::super::note::SignedCheckpoint;
use super::super::note::VerifierKey;
use super::super::regular;
use super::contents::Contents;
use super::finding::CheckpointFault;
use super::finding::Fault;
use super::finding::FileFault;
use super::finding::Finding;
use super::finding::RecordFault;
use super::line::LONGEST;
use super::line::Line;
use super::line::Stage;
use super::name::LogName;
use super::opening;
use super::opening::Opening;
use super::report::Note;

/// A log file.
#[derive(Debug, Clone)]
pub(super) struct Log {
    pub(super) name: LogName,
    pub(super) path: PathBuf,
}

/// A checkpoint that was kept elsewhere.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    /// Where it was read from.
    pub(super) source: String,
    pub(super) log: LogName,
    pub(super) note: SignedCheckpoint,
}

/// What is known of a log file after it was read.
#[derive(Debug)]
pub(super) struct Examined {
    pub(super) log: Log,
    pub(super) bytes: u64,
    /// Whether a process writes it.
    pub(super) active: bool,
    pub(super) contents: Contents,
    pub(super) opening: Option<Opening>,
    /// The key of the process that recovered the file, where that is another.
    recovery_key: Option<VerifierKey>,
    /// The file it says is the next.
    pub(super) next: Option<LogName>,
    /// The checkpoint beside it as it was read, and what it says, when it is the key's.
    pub(super) checkpoint: Option<(Vec<u8>, Checkpoint)>,
    pub(super) findings: Vec<Finding>,
    pub(super) notes: Vec<Note>,
}

impl Log {
    /// Reads the file, and holds it against its checkpoints.
    pub(super) fn examine(
        self,
        keys: &[VerifierKey],
        kept: &[Kept],
        keep: impl Fn(&[u8]) -> bool + Sync,
    ) -> Result<Examined, Box<Finding>> {
        // The checkpoint comes first: it is written after the records that it covers.
        let own = limited(&self.path.with_file_name(self.name.checkpoint_file()));
        let kept: Vec<&Kept> = kept.iter().filter(|kept| kept.log == self.name).collect();
        let mut sizes: BTreeSet<u64> = kept.iter().map(|kept| kept.note.claimed_size()).collect();
        let note = own.as_deref().map(SignedCheckpoint::read);
        if let Ok(Ok(note)) = &note {
            sizes.insert(note.claimed_size());
        }
        let read = || {
            let (length, locked) = state(&self.path)?;
            let contents = Contents::read(|| regular::open(&self.path), length, &sizes, keep)?;
            // Whoever can write to the directory can hold a lock: a file that has its end is written by nobody.
            let ended = contents.last.as_ref().is_some_and(|(last, _)| last.stage.ends());
            Ok((length, locked && !ended, contents))
        };
        let (bytes, active, contents) = read().map_err(|error: io::Error| {
            let fault = Fault::File(FileFault::Unreadable { cause: error.to_string() });
            Box::new(Finding { file: self.name.file(), line: None, fault })
        })?;
        let mut examined = Examined {
            log: self,
            bytes,
            active,
            contents,
            opening: None,
            recovery_key: None,
            next: None,
            checkpoint: None,
            findings: Vec::new(),
            notes: Vec::new(),
        };
        examined.check_records();
        examined.check_checkpoints(own, keys, &kept);
        Ok(examined)
    }
}

impl Examined {
    /// Whether all of its records are good, so that others can be held against it.
    pub(super) fn is_sound(&self) -> bool {
        !self.findings.iter().any(|finding| matches!(finding.fault, Fault::Record(_)))
    }

    pub(super) fn find(&mut self, line: Option<u64>, fault: Fault) {
        self.findings.push(Finding { file: self.log.name.file(), line, fault });
    }

    fn find_checkpoint(&mut self, fault: CheckpointFault) {
        let file = self.log.name.checkpoint_file();
        self.findings.push(Finding { file, line: None, fault: Fault::Checkpoint(fault) });
    }

    fn check_records(&mut self) {
        let after = self.contents.records() + 1;
        if let Some(fault) = self.contents.fault.take() {
            self.find(Some(after), Fault::Record(fault));
        } else if self.contents.torn > 0 && !self.active {
            self.find(Some(after), Fault::Record(RecordFault::Torn { bytes: self.contents.torn }));
        }
        self.check_ends();
    }

    fn check_ends(&mut self) {
        let (Some((first, text)), Some((last, end))) = (&self.contents.first, &self.contents.last) else {
            return;
        };
        // A file that was left without any record gets the one that says so, and no other.
        let opening = if first.stage.begins() || first.stage == Stage::Recovered {
            Opening::read(text)
        } else {
            Err(RecordFault::NoStart)
        };
        let next = (last.stage == Stage::Continued).then(|| opening::next(end)).transpose();
        let recovery = (last.stage == Stage::Recovered).then(|| opening::recovery_key(end)).transpose();
        let ended = last.stage.ends() || self.active || !self.is_sound();
        match opening {
            Ok(opening) => self.opening = Some(opening),
            Err(fault) => self.find(Some(1), Fault::Record(fault)),
        }
        match recovery {
            Ok(key) => self.recovery_key = key.flatten(),
            Err(fault) => self.find(Some(self.contents.records()), Fault::Record(fault)),
        }
        match next {
            Ok(next) => self.next = next,
            Err(fault) => self.find(Some(self.contents.records()), Fault::Record(fault)),
        }
        if !ended {
            self.find(Some(self.contents.records()), Fault::File(FileFault::Unended));
        }
    }

    fn check_checkpoints(&mut self, own: io::Result<Vec<u8>>, keys: &[VerifierKey], kept: &[&Kept]) {
        let has_none = own.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
        if self.contents.first.is_none() && has_none && kept.is_empty() {
            if self.is_sound() {
                self.notes.push(Note::Empty { file: self.log.name.file() });
            }
            return;
        }
        let candidates = self.check_keys(keys);
        self.check_own(own, &candidates);
        for kept in kept {
            if let Err(fault) = self.hold(&kept.note, &candidates) {
                let file = kept.source.clone();
                self.findings.push(Finding { file, line: None, fault: Fault::Checkpoint(fault) });
            }
        }
    }

    /// Whether the keys that the file names are among those that were given; returns those its checkpoints may be signed
    /// with.
    fn check_keys(&mut self, given: &[VerifierKey]) -> Vec<VerifierKey> {
        let first = self.opening.as_ref().map(|opening| (1, opening.key.clone()));
        let last = self.recovery_key.clone().map(|key| (self.contents.records(), key));
        let named: Vec<(u64, VerifierKey)> = first.into_iter().chain(last).collect();
        if given.is_empty() {
            return named.into_iter().map(|(_, key)| key).collect();
        }
        let expected: Vec<String> = given.iter().map(ToString::to_string).collect();
        for (line, key) in named {
            if !given.contains(&key) {
                let fault = CheckpointFault::Key { found: key.to_string(), expected: expected.join(" or ") };
                self.find(Some(line), Fault::Checkpoint(fault));
            }
        }
        given.to_vec()
    }

    /// The checkpoint beside the file.
    fn check_own(&mut self, own: io::Result<Vec<u8>>, keys: &[VerifierKey]) {
        let own = match own {
            Ok(own) => own,
            // A server signs its first record at once.
            Err(error)
                if error.kind() == io::ErrorKind::NotFound && self.active && self.contents.records() <= 1 =>
            {
                let (file, uncovered) = (self.log.name.file(), self.contents.records());
                self.notes.push(Note::BeingWritten { file, uncovered });
                return;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return self.find_checkpoint(CheckpointFault::Absent);
            }
            Err(error) => {
                return self.find_checkpoint(CheckpointFault::Unreadable { cause: error.to_string() });
            }
        };
        let held = SignedCheckpoint::read(&own)
            .map_err(|cause| CheckpointFault::Refused { cause })
            .and_then(|note| self.hold(&note, keys));
        let checkpoint = match held {
            Ok(checkpoint) => checkpoint,
            Err(fault) => return self.find_checkpoint(fault),
        };
        let (found, expected) = (checkpoint.size, self.contents.records());
        if self.active {
            self.notes.push(Note::BeingWritten {
                file: self.log.name.file(),
                uncovered: expected.saturating_sub(found),
            });
        } else if self.is_sound() && found < expected {
            let ended = self.contents.last.as_ref().is_some_and(|(last, _)| last.stage.ends());
            self.find_checkpoint(CheckpointFault::Uncovered { found, expected, ended });
        }
        self.checkpoint = Some((own, checkpoint));
    }

    /// Whether a checkpoint is signed with the key, of this file, and of these records.
    fn hold(&self, note: &SignedCheckpoint, keys: &[VerifierKey]) -> Result<Checkpoint, CheckpointFault> {
        let checkpoint = signed(note, keys)?;
        if checkpoint.origin != self.log.name.origin() {
            let expected = self.log.name.origin();
            return Err(CheckpointFault::Origin { found: checkpoint.origin, expected });
        }
        match self.contents.roots.get(&checkpoint.size) {
            Some(root) if *root == checkpoint.root => Ok(checkpoint),
            Some(root) => {
                let Checkpoint { size, root: expected, .. } = checkpoint;
                Err(CheckpointFault::Rewritten { size, found: *root, expected })
            }
            // After a bad record nothing was read; that has been said.
            None if !self.is_sound() => Ok(checkpoint),
            None => {
                let found = self.contents.records();
                Err(CheckpointFault::CutTail { found, expected: checkpoint.size })
            }
        }
    }
}

/// The checkpoint, if one of the keys has signed it.
pub(super) fn signed(note: &SignedCheckpoint, keys: &[VerifierKey]) -> Result<Checkpoint, CheckpointFault> {
    let mut refusal = NoteError::Key("the log names none, and none was given");
    for key in keys {
        match note.verify(key) {
            Ok(checkpoint) => return Ok(checkpoint.clone()),
            // That a key is another one says less than that its signature is wrong.
            Err(_) if matches!(refusal, NoteError::Signature(_)) => {}
            Err(cause) => refusal = cause,
        }
    }
    Err(CheckpointFault::Refused { cause: refusal })
}

/// How long a file is now, and whether a process writes it.
fn state(path: &Path) -> io::Result<(u64, bool)> {
    let file = regular::open(path)?;
    let length = file.metadata()?.len();
    if length == 0 {
        // A writer may be about to lock it: no lock of ours may be in its way.
        return Ok((0, false));
    }
    match file.try_lock_shared() {
        Ok(()) => file.unlock().map(|()| (length, false)),
        // What was written since belongs to it as well.
        Err(TryLockError::WouldBlock) => Ok((file.metadata()?.len(), true)),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// What the first record of a file tells; none if it has no record yet.
pub(super) fn opening_of(path: &Path) -> Result<Option<Opening>, Fault> {
    let unreadable = |error: io::Error| Fault::File(FileFault::Unreadable { cause: error.to_string() });
    let mut text = Vec::new();
    let most = u64::try_from(LONGEST).unwrap_or(u64::MAX);
    let file = regular::open(path).map_err(unreadable)?;
    BufReader::new(file.take(most)).read_until(b'\n', &mut text).map_err(unreadable)?;
    let Some(text) = text.strip_suffix(b"\n") else { return Ok(None) };
    Line::read(text).map_err(Fault::Record)?;
    Opening::read(text).map(Some).map_err(Fault::Record)
}

/// The bytes of a small file that others may have written.
pub(super) fn limited(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = u64::try_from(LONGEST_NOTE).unwrap_or(u64::MAX).saturating_add(1);
    regular::open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}
