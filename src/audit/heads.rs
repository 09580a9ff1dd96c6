//! Other log files as a new one names them, so that one that goes missing or is exchanged later is found.

use std::fs::File;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use serde_json::json;

use super::Checkpoint;
use super::LogName;
use super::SignedCheckpoint;
use super::TreeHash;
use super::VerifierKey;
use super::regular;

/// How many files are named.
const MOST: usize = 64;

/// The longest line that can be a record, in bytes.
pub(super) const LONGEST: u64 = 16 * 1024 * 1024;

/// A whole file as its last checkpoint has it.
#[derive(Debug, Clone)]
pub(super) struct Head {
    pub(super) file: LogName,
    pub(super) records: u64,
    pub(super) root: TreeHash,
    /// The hash of its last record.
    pub(super) last: TreeHash,
}

impl Head {
    /// As it stands in records.
    pub(super) fn record(&self) -> Value {
        json!({"file": self.file.file(), "records": self.records, "root": self.root.to_string()})
    }
}

/// What the first record of a file says of it.
#[derive(Debug, Deserialize)]
pub(super) struct First {
    #[serde(rename = "seq")]
    pub(super) sequence: u64,
    pub(super) checkpoint_key: String,
    /// Which key its records are sealed with.
    #[serde(default)]
    pub(super) mac_key: Option<String>,
}

#[derive(Deserialize)]
struct Last {
    #[serde(rename = "seq")]
    sequence: u64,
    stage: String,
    /// Of a file that was ended by a process with another key.
    #[serde(default)]
    checkpoint_key: Option<String>,
}

/// The log files of a directory, the newest first.
pub(super) fn logs(directory: &Path) -> io::Result<Vec<LogName>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        names.extend(entry?.file_name().to_str().and_then(LogName::read));
    }
    names.sort_by(|one, other| other.cmp(one));
    Ok(names)
}

/// The newest files that have ended and are covered by their checkpoints to the end.
pub(super) fn find(directory: &Path) -> io::Result<Vec<Head>> {
    let names = logs(directory)?;
    // One that cannot be read is for verification to complain of; it must not keep a log from going on.
    Ok(names.iter().filter_map(|name| head(directory, name).ok().flatten()).take(MOST).collect())
}

/// A file, if it has ended and is covered by its checkpoint to the end.
pub(super) fn head(directory: &Path, name: &LogName) -> io::Result<Option<Head>> {
    let mut file = regular::open(&directory.join(name.file()))?;
    if file.metadata()?.len() == 0 || file.try_lock_shared().is_err() {
        return Ok(None);
    }
    let first: Option<First> = serde_json::from_slice(&first_line(&file)?).ok();
    let text = last_line(&mut file)?;
    let last: Option<Last> = serde_json::from_slice(&text).ok();
    let (Some(first), Some(last)) = (first, last) else { return Ok(None) };
    let keys = std::iter::once(first.checkpoint_key.as_str()).chain(last.checkpoint_key.as_deref());
    let Some(checkpoint) = checkpoint(directory, name, keys) else { return Ok(None) };
    let covered = first.sequence.checked_add(checkpoint.size) == last.sequence.checked_add(1);
    Ok((covered && ends(&last.stage)).then(|| Head {
        file: name.clone(),
        records: checkpoint.size,
        root: checkpoint.root,
        last: TreeHash::of_line(&text),
    }))
}

/// Whether a record of this stage is the last of its file.
pub(super) fn ends(stage: &str) -> bool {
    matches!(stage, "stop" | "continued" | "recovered")
}

/// The checkpoint beside a file, if one of these keys has signed it.
pub(super) fn checkpoint<'k>(
    directory: &Path,
    name: &LogName,
    keys: impl IntoIterator<Item = &'k str>,
) -> Option<Checkpoint> {
    let mut note = Vec::new();
    let file = regular::open(&directory.join(name.checkpoint_file())).ok()?;
    file.take(LONGEST).read_to_end(&mut note).ok()?;
    let signed = SignedCheckpoint::read(&note).ok()?;
    keys.into_iter().find_map(|key| {
        let key: VerifierKey = key.parse().ok()?;
        signed.verify(&key).ok().filter(|found| found.origin == name.origin()).cloned()
    })
}

fn first_line(file: &File) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    BufReader::new(file.take(LONGEST)).read_until(b'\n', &mut text)?;
    Ok(text)
}

/// The last line without its newline; empty if it has none.
fn last_line(file: &mut File) -> io::Result<Vec<u8>> {
    let length = file.metadata()?.len();
    // Almost every record is short.
    for most in [LONGEST / 16, LONGEST] {
        file.seek(SeekFrom::Start(length.saturating_sub(most)))?;
        let mut tail = Vec::new();
        (&*file).take(most).read_to_end(&mut tail)?;
        let Some(text) = tail.strip_suffix(b"\n") else { return Ok(Vec::new()) };
        let before = text.iter().rposition(|byte| *byte == b'\n');
        if before.is_some() || most >= length {
            let start = before.map_or(0, |end| end + 1);
            return Ok(text.get(start..).unwrap_or_default().to_vec());
        }
    }
    Ok(Vec::new())
}
