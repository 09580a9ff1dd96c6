//! Records of many files, in the order of time.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::BinaryHeap;
use std::path::Path;
use std::path::PathBuf;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::ReadError;
use super::Record;
use super::error::shown;
use super::file::LogReader;
pub use super::file::Position;
use super::file::Step;

/// The records of files, merged by their time; those of one file keep their order.
///
/// A file is opened when its turn comes, as its name says, so that few are open at once however many there are.
#[derive(Debug)]
pub struct Records {
    /// The next one last.
    waiting: Vec<(Timestamp, PathBuf)>,
    open: BinaryHeap<Reverse<Head>>,
    opened: usize,
    positions: BTreeMap<PathBuf, Position>,
    notes: Vec<String>,
    /// What went wrong after the record that was given last.
    error: Option<ReadError>,
    failed: bool,
}

impl Records {
    /// The records of files, and of all log files in directories.
    ///
    /// # Errors
    /// If a directory cannot be read, or has no log.
    pub fn of(paths: &[PathBuf]) -> Result<Self, ReadError> {
        let mut waiting: Vec<(Timestamp, PathBuf)> = Vec::new();
        for path in paths {
            let files = if path.is_dir() { in_directory(path)? } else { vec![path.clone()] };
            if files.is_empty() {
                return Err(ReadError::Empty { path: shown(path) });
            }
            waiting.extend(files.into_iter().map(|file| (start(&file), file)));
        }
        waiting.sort_by(|one, other| other.cmp(one));
        // A file that is named twice has its records once.
        waiting.dedup();
        Ok(Self {
            waiting,
            open: BinaryHeap::new(),
            opened: 0,
            positions: BTreeMap::new(),
            notes: Vec::new(),
            error: None,
            failed: false,
        })
    }

    /// What has to be said of what was read so far: files with a last line that is no record.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// How far each file was read; complete when there are no more records.
    pub fn positions(self) -> BTreeMap<PathBuf, Position> {
        self.positions
    }

    fn advance(&mut self) -> Result<Option<Record>, ReadError> {
        while let Some((_, path)) = self.waiting.pop_if(|(start, _)| {
            self.open.peek().is_none_or(|Reverse(head)| *start <= head.record.fields.time)
        }) {
            let reader = LogReader::open(&path, Position::default())?;
            self.opened += 1;
            self.take(reader, self.opened)?;
        }
        let Some(Reverse(Head { record, reader, number })) = self.open.pop() else { return Ok(None) };
        // The record before a bad line is good.
        self.error = self.take(reader, number).err();
        Ok(Some(*record))
    }

    /// Takes the next record of a file, if there is one.
    fn take(&mut self, mut reader: LogReader, number: usize) -> Result<(), ReadError> {
        match reader.step()? {
            Step::Record(record) => self.open.push(Reverse(Head { record, reader, number })),
            step => {
                let position = reader.position();
                let note = match step {
                    Step::Torn => Some(
                        "the last line is not whole and was left out: it is being written, or its writer crashed"
                            .to_owned(),
                    ),
                    Step::Spoilt(cause) => Some(format!(
                        "the last line is whole, but no record ({cause}), and was left out: the machine stopped before the \
                         disk had it, or somebody wrote it; `portcullis audit verify` tells what else is wrong"
                    )),
                    Step::Record(_) | Step::End => None,
                };
                let line = position.line + 1;
                self.notes.extend(note.map(|note| format!("{}:{line}: {note}", shown(reader.file()))));
                self.positions.insert(reader.file().to_path_buf(), position);
            }
        }
        Ok(())
    }
}

impl Iterator for Records {
    type Item = Result<Record, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let next = match self.error.take() {
            Some(error) => Some(Err(error)),
            None => self.advance().transpose(),
        };
        self.failed = matches!(next, Some(Err(_)));
        next
    }
}

/// The next record of an open file. The earliest goes first; of two of the same time, that of the file opened first.
#[derive(Debug)]
struct Head {
    record: Box<Record>,
    reader: LogReader,
    number: usize,
}

impl Head {
    fn key(&self) -> (Timestamp, usize) {
        (self.record.fields.time, self.number)
    }
}

impl PartialEq for Head {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Head {}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Head {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

/// The log files of a directory.
pub(super) fn in_directory(directory: &Path) -> Result<Vec<PathBuf>, ReadError> {
    let failed = |error: std::io::Error| ReadError::unreadable(directory, &error);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "jsonl") {
            files.push(path);
        }
    }
    Ok(files)
}

/// When the first record of a file was made, as its name says: `audit-<instance>-20261129T054000Z.jsonl`, with a number
/// where there is a second one. A file of another name may begin at any time.
fn start(path: &Path) -> Timestamp {
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let time = stem.rsplit('-').take(2).find_map(|part| {
        let time = DateTime::strptime("%Y%m%dT%H%M%SZ", part).ok()?;
        Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp())
    });
    time.unwrap_or(Timestamp::MIN)
}
