//! Where the lines that are sent are read, and where it is kept how far a receiver has them.

use std::fs::File;
use std::io;
use std::io::Read as _;
use std::io::Seek as _;
use std::io::SeekFrom;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;

use super::super::LogName;
use super::super::heads;
use super::super::key::private;
use super::super::key::sync_directory;
use super::super::regular;

/// The ending of a file that says how many bytes of its log a receiver has. It is there as long as that is not all.
const ENDING: &str = "unsent";

/// The longest text of such a file.
const LONGEST: u64 = 20;

/// The log files of a directory, to read.
pub(in super::super) trait Shelf: Send + Sync + 'static {
    /// The bytes of a file from here on, at most so many.
    fn read(&self, log: &LogName, from: u64, most: u64) -> io::Result<Vec<u8>>;
    /// Notes a new file, of which nothing was sent; it is on disk when this returns.
    fn begin(&self, log: &LogName) -> io::Result<()>;
    /// Notes how many bytes of a file were sent. If that is lost, they are sent again.
    fn sent(&self, log: &LogName, bytes: u64);
    /// Forgets a file of which everything was sent.
    fn finish(&self, log: &LogName);
}

/// A real directory.
#[derive(Debug, Clone)]
pub(in super::super) struct DirectoryShelf(pub(in super::super) PathBuf);

impl DirectoryShelf {
    fn mark(&self, log: &LogName) -> PathBuf {
        mark(&self.0, log)
    }
}

fn mark(directory: &Path, log: &LogName) -> PathBuf {
    directory.join(log.file()).with_extension(ENDING)
}

impl Shelf for DirectoryShelf {
    fn read(&self, log: &LogName, from: u64, most: u64) -> io::Result<Vec<u8>> {
        let mut file = regular::open(&self.0.join(log.file()))?;
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        file.take(most).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn begin(&self, log: &LogName) -> io::Result<()> {
        let mut options = File::options();
        let mut file = private(&mut options).write(true).create(true).truncate(true).open(self.mark(log))?;
        file.write_all(b"0")?;
        file.sync_all()?;
        sync_directory(&self.0)
    }

    fn sent(&self, log: &LogName, bytes: u64) {
        // Numbers only grow: a torn one is smaller, or no number, and then more is sent again.
        if let Ok(mut file) = File::options().write(true).open(self.mark(log)) {
            let _ = file.write_all(bytes.to_string().as_bytes());
        }
    }

    fn finish(&self, log: &LogName) {
        // What is left is sent again at the next start.
        let _ = std::fs::remove_file(self.mark(log));
    }
}

/// Files that no process writes any more and that were not sent to their end, the oldest first: their lengths, and how
/// much of them was sent.
pub(in super::super) fn unfinished(directory: &Path, instance: &str) -> io::Result<Vec<(LogName, u64, u64)>> {
    let mut found = Vec::new();
    for log in heads::logs(directory)?.into_iter().rev().filter(|log| log.instance() == instance) {
        let Ok(mark) = regular::open(&mark(directory, &log)) else { continue };
        let mut sent = String::new();
        let _ = mark.take(LONGEST).read_to_string(&mut sent);
        let file = regular::open(&directory.join(log.file()))?;
        // Another process sends its own.
        if file.try_lock_shared().is_err() {
            continue;
        }
        let length = file.metadata()?.len();
        let sent = sent.parse().ok().filter(|sent| *sent <= length).unwrap_or(0);
        found.push((log, length, sent));
    }
    Ok(found)
}
