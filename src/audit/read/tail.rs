//! What is added to a log while it is read.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;

use super::Position;
use super::ReadError;
use super::Record;
use super::error::shown;
use super::file::LogReader;
use super::file::Step;
use super::records::in_directory;

/// Follows a log: new records, and new files in its directories.
#[derive(Debug)]
pub struct Tail {
    paths: Vec<PathBuf>,
    positions: BTreeMap<PathBuf, Position>,
    notes: Vec<String>,
}

impl Tail {
    /// Goes on after what was read of files and directories.
    pub fn new(paths: Vec<PathBuf>, positions: BTreeMap<PathBuf, Position>) -> Self {
        Self { paths, positions, notes: Vec::new() }
    }

    /// What was added since the last time, in the order of time.
    ///
    /// # Errors
    /// If something cannot be read, or a whole line is no record.
    pub fn poll(&mut self) -> Result<Vec<Record>, ReadError> {
        let mut files = Vec::new();
        for path in &self.paths {
            files.extend(if path.is_dir() { in_directory(path)? } else { vec![path.clone()] });
        }
        files.sort();
        // What retention removed is not asked about again.
        self.positions.retain(|file, _| files.binary_search(file).is_ok());
        let mut added = Vec::new();
        for file in files {
            self.read(file, &mut added)?;
        }
        added.sort_by_key(|record| record.fields.time);
        Ok(added)
    }

    /// What has to be said since the last time.
    pub fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }

    fn read(&mut self, file: PathBuf, added: &mut Vec<Record>) -> Result<(), ReadError> {
        let length = match std::fs::metadata(&file) {
            Ok(metadata) => metadata.len(),
            // Retention was quicker.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(ReadError::unreadable(&file, &error)),
        };
        let known = self.positions.get(&file).copied().unwrap_or_default();
        if length == known.offset {
            return Ok(());
        }
        let position = if length < known.offset { self.cut(&file)? } else { known };
        let mut reader = LogReader::open(&file, position)?;
        while let Step::Record(record) = reader.step()? {
            added.push(*record);
        }
        self.positions.insert(file, reader.position());
        Ok(())
    }

    /// A file became shorter: a writer takes back what it could not make durable. Reading goes on at the end.
    fn cut(&mut self, file: &Path) -> Result<Position, ReadError> {
        self.notes.push(format!("{}: the file became shorter; reading goes on at its end", shown(file)));
        let mut bytes = std::fs::File::open(file).map_err(|error| ReadError::unreadable(file, &error))?;
        let (mut position, mut seen, mut buffer) = (Position::default(), 0, vec![0; 64 * 1024]);
        loop {
            let count = bytes.read(&mut buffer).map_err(|error| ReadError::unreadable(file, &error))?;
            let Some(read) = buffer.get(..count).filter(|read| !read.is_empty()) else { return Ok(position) };
            for byte in read {
                seen += 1;
                if *byte == b'\n' {
                    position = Position { offset: seen, line: position.line + 1 };
                }
            }
        }
    }
}
