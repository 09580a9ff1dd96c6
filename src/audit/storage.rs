//! Where records go: a file, or something that fails in a test.

use std::fs::File;
use std::io::Write;

/// Takes bytes and makes them durable.
pub(super) trait Storage: Send + 'static {
    /// Writes all of it, or fails.
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<()>;
    /// Returns when everything written is on disk.
    fn sync(&mut self) -> std::io::Result<()>;
}

impl Storage for File {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.write_all(bytes)
    }

    fn sync(&mut self) -> std::io::Result<()> {
        self.sync_data()
    }
}
