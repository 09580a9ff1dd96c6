//! Where records go: a file, or something that fails in a test.

use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use super::key::private;

/// How much room a check asks the disk for: more than a group of records usually takes.
const ROOM: usize = 16 * 1024;

/// Takes bytes and makes them durable.
pub(super) trait Storage: Send + 'static {
    /// Writes all of it, or fails.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Returns when everything written is on disk.
    fn sync(&mut self) -> io::Result<()>;
    /// Whether the disk would take more, tried by a real write beside the log.
    fn check(&mut self) -> io::Result<()>;
}

/// A log file, and a file beside it that exists only while it is checked whether the disk takes anything.
///
/// The check leaves no record: asking for readiness must not fill the log.
#[derive(Debug)]
pub(super) struct LogFile {
    file: File,
    trial: PathBuf,
}

impl LogFile {
    /// Takes a new, empty log file; it is locked against a second writer.
    pub(super) fn new(file: File, path: &Path) -> io::Result<Self> {
        file.try_lock().map_err(|error| io::Error::other(format!("the file is in use: {error}")))?;
        file.sync_all()?;
        Ok(Self { file, trial: path.with_extension("trial") })
    }

    /// A file that was removed still takes records, which are gone with the process.
    fn present(&self) -> io::Result<()> {
        #[cfg(unix)]
        if std::os::unix::fs::MetadataExt::nlink(&self.file.metadata()?) == 0 {
            return Err(io::Error::other("the log file was removed"));
        }
        Ok(())
    }
}

impl Storage for LogFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.present()?;
        self.file.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn check(&mut self) -> io::Result<()> {
        self.present()?;
        let mut options = OpenOptions::new();
        private(&mut options).write(true).create(true).truncate(true);
        let tried = options
            .open(&self.trial)
            .and_then(|mut file| file.write_all(&[b' '; ROOM]).and_then(|()| file.sync_data()));
        // On a full disk the room must not stay taken by the check itself.
        let removed = std::fs::remove_file(&self.trial);
        tried.and(removed)
    }
}
