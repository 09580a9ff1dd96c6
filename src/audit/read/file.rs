//! One log file, record by record.

use std::fs::File;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;
use std::path::Path;
use std::sync::Arc;

use super::ReadError;
use super::Record;
use super::error::shown;
use super::record::Place;

/// The longest line that is read. Ours are shorter by far.
const LONGEST: u64 = 16 * 1024 * 1024;

/// How far a file was read: the end of its last whole record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Position {
    /// In bytes.
    pub offset: u64,
    /// In lines.
    pub line: u64,
}

/// What comes next in a file.
#[derive(Debug)]
pub(super) enum Step {
    /// A record.
    Record(Box<Record>),
    /// The last line is not whole: a writer is at it, or was when it ended.
    Torn,
    /// The last line is whole, and no record, for this cause.
    Spoilt(String),
    /// There is no more.
    End,
}

/// Reads one file.
#[derive(Debug)]
pub(super) struct LogReader {
    reader: BufReader<File>,
    file: Arc<Path>,
    position: Position,
}

impl LogReader {
    /// Begins at a position.
    pub(super) fn open(path: &Path, position: Position) -> Result<Self, ReadError> {
        let failed = |error: std::io::Error| ReadError::unreadable(path, &error);
        // A pipe would be waited for before it could be told from a file.
        if !std::fs::metadata(path).map_err(failed)?.is_file() {
            return Err(failed(std::io::Error::other("it is no file")));
        }
        let mut file = File::open(path).map_err(failed)?;
        file.seek(SeekFrom::Start(position.offset)).map_err(failed)?;
        Ok(Self { reader: BufReader::with_capacity(256 * 1024, file), file: path.into(), position })
    }

    /// The file.
    pub(super) fn file(&self) -> &Arc<Path> {
        &self.file
    }

    /// The end of the last whole record.
    pub(super) fn position(&self) -> Position {
        self.position
    }

    /// The next record. After a torn line or the end, there is no more.
    pub(super) fn step(&mut self) -> Result<Step, ReadError> {
        let failed = |error: std::io::Error| ReadError::unreadable(&self.file, &error);
        let mut bytes = Vec::new();
        let length = self.reader.by_ref().take(LONGEST).read_until(b'\n', &mut bytes).map_err(failed)?;
        if length == 0 {
            return Ok(Step::End);
        }
        let whole = bytes.pop_if(|last| *last == b'\n').is_some();
        let is_last = self.reader.fill_buf().map_err(failed)?.is_empty();
        if !whole && is_last {
            return Ok(Step::Torn);
        }
        let place = Place { file: Arc::clone(&self.file), line: self.position.line + 1 };
        match self.parse(bytes, whole, place) {
            Ok(record) => {
                self.position.offset += length as u64;
                self.position.line += 1;
                Ok(Step::Record(Box::new(record)))
            }
            // A disk may lose the inside of what was written last, and keep its end.
            Err(ReadError::NoRecord { cause, .. }) if is_last => Ok(Step::Spoilt(cause)),
            Err(error) => Err(error),
        }
    }

    fn parse(&self, bytes: Vec<u8>, whole: bool, place: Place) -> Result<Record, ReadError> {
        let no_record = |cause: &str| ReadError::NoRecord {
            path: shown(&self.file),
            line: place.line,
            cause: cause.to_owned(),
        };
        if !whole {
            return Err(no_record("it is longer than 16 MiB"));
        }
        let line = String::from_utf8(bytes).map_err(|_| no_record("it is not UTF-8"))?;
        Record::parse(line, place)
    }
}
