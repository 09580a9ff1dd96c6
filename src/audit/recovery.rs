//! What a killed process has left: at the next start its file gets an end. Nothing else in a file is ever changed.

use std::io;
use std::path::Path;
use std::time::Duration;

use super::Checkpoint;
use super::Code;
use super::LogName;
use super::heads;
use super::ledger::Keys;
use super::record::head;
use super::record::inside;
use super::regular;
use super::reserve;
use super::scan::Scan;
use super::storage;
use super::storage::LogFile;
use super::storage::Storage;
use super::storage::keep_checkpoint;

/// The endings of what stands beside the log of a running process.
const ASIDE: [&str; 2] = [reserve::ENDING, storage::DRAFT];

/// How long a file is left alone that somebody locks: who reads it does so for an instant.
const AGAIN: Duration = Duration::from_millis(5);

/// How often a file is tried that somebody reads.
const MOST_READERS: usize = 100;

/// A file that a killed process left, and what became of it.
#[derive(Debug)]
pub(super) struct LeftBehind {
    pub(super) file: LogName,
    /// What was done, or what is wrong with it.
    pub(super) result: Result<Ended, String>,
}

/// What was done to end a file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Ended {
    /// How many bytes of a last record were cut off that was not whole.
    pub(super) cut_bytes: u64,
    /// How many calls got an end that says that theirs is not known.
    pub(super) unknown: usize,
    /// How many of its records no checkpoint covered, and are sealed with a key that is not there any more.
    pub(super) unchecked: u64,
}

/// Ends every file of a directory that nobody writes and that has no end.
///
/// # Errors
/// If a file cannot be read or written. One that is not as it was written stays as it is, which is no error.
pub(super) fn recover(directory: &Path, instance: &str, keys: &Keys) -> io::Result<Vec<LeftBehind>> {
    clear(directory)?;
    let mut found = Vec::new();
    for name in heads::logs(directory)? {
        let at = |error: io::Error| io::Error::new(error.kind(), format!("{name}: {error}"));
        if heads::head(directory, &name).map_err(at)?.is_some() {
            continue;
        }
        let Some(file) = lock(&directory.join(name.file())).map_err(at)? else { continue };
        let mut left = Left { directory, instance, keys, name: name.clone(), file };
        found.extend(left.end().map_err(at)?);
    }
    Ok(found)
}

/// Removes what stood beside the log of a killed process.
fn clear(directory: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        let is_ours = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("audit-"));
        if is_ours
            && path.extension().is_some_and(|extension| ASIDE.iter().any(|ending| extension == *ending))
        {
            reserve::clear(&path)?;
        }
    }
    Ok(())
}

/// A file that nobody writes. Who only reads it locks it as well, but for an instant.
fn lock(path: &Path) -> io::Result<Option<LogFile>> {
    for _ in 0..MOST_READERS {
        if let Some(file) = LogFile::lock(path)? {
            return Ok(Some(file));
        }
        if regular::open(path)?.try_lock_shared().is_err() {
            return Ok(None);
        }
        std::thread::sleep(AGAIN);
    }
    Ok(None)
}

/// A file that is locked here.
struct Left<'l> {
    directory: &'l Path,
    instance: &'l str,
    keys: &'l Keys,
    name: LogName,
    file: LogFile,
}

impl Left<'_> {
    /// Ends the file; none if there is nothing to do.
    fn end(&mut self) -> io::Result<Option<LeftBehind>> {
        let left = |name: &LogName, result| Ok(Some(LeftBehind { file: name.clone(), result }));
        let found = match Scan::read(self.directory, &self.name, self.file.file(), self.keys)? {
            Ok(Some(found)) => found,
            Ok(None) => return Ok(None),
            Err(problem) => return left(&self.name, Err(problem)),
        };
        if found.ended {
            // The process was killed between the last record and the checkpoint that covers it.
            let chain = &found.chain;
            if found.covered == chain.records() {
                // Another process was here first.
                return Ok(None);
            }
            self.checkpoint(chain.records(), chain.root())?;
            return left(&self.name, Ok(Ended { unchecked: found.unchecked, ..Ended::default() }));
        }
        let ended = Ended { cut_bytes: found.torn, unknown: found.open.len(), unchecked: found.unchecked };
        let mut chain = found.chain;
        let mut text = String::new();
        for call in found.open.values() {
            chain.append(&mut text, &call.unknown(self.instance), &self.keys.records);
        }
        chain.append(&mut text, &self.last_record(&ended, found.key.as_deref()), &self.keys.records);
        if ended.cut_bytes > 0 {
            self.file.cut(found.length)?;
        }
        self.file.write(text.as_bytes())?;
        self.file.sync()?;
        self.checkpoint(chain.records(), chain.root())?;
        left(&self.name, Ok(ended))
    }

    fn last_record(&self, ended: &Ended, key: Option<&str>) -> String {
        let mut record = head("recovered", Code::Recovered, self.instance);
        record.insert("cut_bytes".into(), ended.cut_bytes.into());
        record.insert("unknown".into(), ended.unknown.into());
        if ended.unchecked > 0 {
            record.insert("unchecked".into(), ended.unchecked.into());
        }
        let own = self.keys.signer.verifier().to_string();
        if key != Some(own.as_str()) {
            record.insert("checkpoint_key".into(), own.into());
        }
        if key.is_none() {
            // The file was empty: this is its first record as well.
            record.insert("mac_key".into(), self.keys.records.id().into());
            record.insert("continues".into(), serde_json::Value::Null);
            record.insert("heads".into(), Vec::<serde_json::Value>::new().into());
        }
        inside(&record)
    }

    fn checkpoint(&self, size: u64, root: super::TreeHash) -> io::Result<()> {
        let note = self.keys.signer.sign(&Checkpoint { origin: self.name.origin(), size, root })?;
        keep_checkpoint(self.directory, &self.name, &note)
    }
}
