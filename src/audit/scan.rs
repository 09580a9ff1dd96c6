//! A file that nobody writes any more, read from its first record to its last.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Seek;
use std::path::Path;

use serde::Deserialize;

use super::Checkpoint;
use super::LogName;
use super::TreeHash;
use super::chain::Chain;
use super::heads;
use super::heads::First;
use super::heads::LONGEST;
use super::ledger::Keys;
use super::merkle::Frontier;
use super::open_call::OpenCall;
use super::record::FORMAT;

/// What is in a file.
#[derive(Debug, Default)]
pub(super) struct Scan {
    pub(super) chain: Chain,
    /// How many bytes its whole records have.
    pub(super) length: u64,
    /// How many bytes come after them.
    pub(super) torn: u64,
    /// Whether its last record ends it.
    pub(super) ended: bool,
    /// How many records its checkpoint covers.
    pub(super) covered: u64,
    /// How many more than those are sealed with another key than this server's.
    pub(super) unchecked: u64,
    /// Calls without an outcome.
    pub(super) open: BTreeMap<String, OpenCall>,
    /// The key of its checkpoints, which its first record names.
    pub(super) key: Option<String>,
}

#[derive(Deserialize)]
struct Line<'l> {
    #[serde(rename = "v")]
    version: u32,
    #[serde(rename = "seq")]
    sequence: u64,
    #[serde(borrow, rename = "prev", default)]
    previous: Cow<'l, str>,
    #[serde(borrow)]
    stage: Cow<'l, str>,
    #[serde(borrow, default)]
    call: Option<Cow<'l, str>>,
}

#[derive(Deserialize)]
struct Continue {
    open: Vec<OpenCall>,
}

/// The records so far.
struct Reading<'r> {
    directory: &'r Path,
    name: &'r LogName,
    /// The keys of this process, which may have ended the file before.
    keys: &'r Keys,
    /// Whether the file says that its records are sealed with the key of this process.
    is_sealed: bool,
    found: Scan,
    sequence: u64,
    previous: Option<TreeHash>,
    tree: Frontier,
    checkpoint: Option<Checkpoint>,
}

impl Scan {
    /// Reads a file. None if it is of the first format, whose records do not hang together; a text if it is not as
    /// it was written.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(super) fn read(
        directory: &Path,
        name: &LogName,
        mut file: &File,
        keys: &Keys,
    ) -> io::Result<Result<Option<Self>, String>> {
        let length = file.metadata()?.len();
        file.rewind()?;
        let mut reader = BufReader::with_capacity(1 << 18, file);
        let mut reading = Reading::new(directory, name, keys);
        let mut text = Vec::new();
        loop {
            text.clear();
            if reader.by_ref().take(LONGEST).read_until(b'\n', &mut text)? == 0 {
                return Ok(reading.finish().map(Some));
            }
            let Some(line) = whole(&text) else {
                let read = reading.found.length.saturating_add(size(&text));
                reading.found.torn = length.saturating_sub(reading.found.length);
                let more = read < length && has_line(&mut reader)?;
                return Ok(if more || text.ends_with(b"\n") && read < length {
                    Err(format!("line {} is not a record", reading.tree.size() + 1))
                } else {
                    reading.finish().map(Some)
                });
            };
            if line.version != FORMAT && reading.tree.size() == 0 {
                return Ok(Ok(None));
            }
            let body = text.strip_suffix(b"\n").unwrap_or(&text);
            if let Err(problem) = reading.add(&line, body) {
                return Ok(Err(format!("line {}: {problem}", reading.tree.size() + 1)));
            }
            reading.found.length = reading.found.length.saturating_add(size(&text));
        }
    }
}

/// A line as a record, if it is one and has an end.
fn whole(text: &[u8]) -> Option<Line<'_>> {
    serde_json::from_slice(text.strip_suffix(b"\n")?).ok()
}

fn size(text: &[u8]) -> u64 {
    u64::try_from(text.len()).unwrap_or(u64::MAX)
}

/// Whether a line ends in the rest of a file.
fn has_line(reader: &mut impl BufRead) -> io::Result<bool> {
    loop {
        let (found, used) = {
            let bytes = reader.fill_buf()?;
            (bytes.contains(&b'\n'), bytes.len())
        };
        if found || used == 0 {
            return Ok(found);
        }
        reader.consume(used);
    }
}

impl<'r> Reading<'r> {
    fn new(directory: &'r Path, name: &'r LogName, keys: &'r Keys) -> Self {
        Self {
            directory,
            name,
            keys,
            is_sealed: false,
            found: Scan::default(),
            sequence: 0,
            previous: None,
            tree: Frontier::default(),
            checkpoint: None,
        }
    }

    fn add(&mut self, line: &Line<'_>, text: &[u8]) -> Result<(), &'static str> {
        if line.version != FORMAT {
            return Err("it has another version");
        }
        if self.found.ended {
            return Err("it comes after the one that ends the file");
        }
        match self.previous {
            None => self.begin(line, text)?,
            Some(previous) if line.previous != previous.to_string() => {
                return Err("it has not the hash of the record before");
            }
            Some(_) if Some(line.sequence) != self.sequence.checked_add(1) => {
                return Err("it has not the next number");
            }
            Some(_) => {}
        }
        if self.is_sealed && !self.keys.records.has_sealed(text) {
            return Err("it is not sealed with this server's key: somebody else wrote it");
        }
        let hash = TreeHash::of_line(text);
        (self.previous, self.sequence) = (Some(hash), line.sequence);
        self.tree.push(hash);
        self.found.ended = heads::ends(&line.stage);
        if let Some(call) = &line.call {
            self.call(call, &line.stage, text);
        }
        self.hold()
    }

    fn begin(&mut self, line: &Line<'_>, text: &[u8]) -> Result<(), &'static str> {
        let first: First = serde_json::from_slice(text).map_err(|_| "it does not begin a file")?;
        if self.has_checkpoint() {
            let own = self.keys.signer.verifier().to_string();
            let keys = [first.checkpoint_key.as_str(), &own];
            let checkpoint = heads::checkpoint(self.directory, self.name, keys);
            self.checkpoint = Some(checkpoint.ok_or("the checkpoint of the file is not good")?);
        }
        if line.stage == "continue" {
            let calls: Continue =
                serde_json::from_slice(text).map_err(|_| "it does not say which calls are open")?;
            self.found.open = calls.open.into_iter().map(|call| (call.call.clone(), call)).collect();
        }
        self.found.key = Some(first.checkpoint_key);
        self.is_sealed = first.mac_key.as_deref() == Some(self.keys.records.id());
        Ok(())
    }

    fn call(&mut self, call: &str, stage: &str, text: &[u8]) {
        match stage {
            "intent" => {
                self.found.open.extend(OpenCall::read(text).map(|open| (call.to_owned(), open)));
            }
            "outcome" => drop(self.found.open.remove(call)),
            _ => {}
        }
    }

    /// Whether the records so far are those that the file's checkpoint covers.
    fn hold(&self) -> Result<(), &'static str> {
        match &self.checkpoint {
            Some(checkpoint)
                if checkpoint.size == self.tree.size() && checkpoint.root != self.tree.root() =>
            {
                Err("the records up to here are not those that were signed")
            }
            _ => Ok(()),
        }
    }

    fn finish(mut self) -> Result<Scan, String> {
        let covered = self.checkpoint.as_ref().map(|checkpoint| checkpoint.size);
        // Nothing was read that would say whose checkpoint it is.
        let covered = covered.or_else(|| (self.tree.size() == 0 && self.has_checkpoint()).then_some(1));
        if let Some(covered) = covered.filter(|covered| *covered > self.tree.size()) {
            return Err(format!("{covered} records were signed, and {} are there", self.tree.size()));
        }
        if self.checkpoint.is_none() && (self.tree.size() > 1 || self.tree.size() == 1 && !self.is_sealed) {
            // A server signs its first record at once: nobody knows who wrote these.
            return Err("its checkpoint is not there".to_owned());
        }
        self.found.covered = self.checkpoint.map_or(0, |checkpoint| checkpoint.size);
        if !self.is_sealed {
            self.found.unchecked = self.tree.size().saturating_sub(self.found.covered);
        }
        let previous = self.previous.unwrap_or(TreeHash::ZERO);
        self.found.chain = Chain::of(self.sequence, previous, self.tree);
        Ok(self.found)
    }

    fn has_checkpoint(&self) -> bool {
        self.directory.join(self.name.checkpoint_file()).exists()
    }
}
