//! Room on the disk that is kept free for the ends of calls: a file that is given back when the disk is full.

use std::fs::File;
use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use super::key::private_file;
use super::regular;

/// The ending of such files.
pub(super) const ENDING: &str = "reserve";

/// How much is written at once.
const BLOCK: usize = 64 * 1024;

/// The room of one process. Its file is locked, so that one that a killed process left is known.
#[derive(Debug)]
pub(super) struct Reserve {
    path: PathBuf,
    bytes: u64,
    taken: Option<File>,
}

impl Reserve {
    /// Takes nothing yet.
    pub(super) fn new(path: PathBuf, bytes: u64) -> Self {
        Self { path, bytes, taken: None }
    }

    /// Takes the room, if it is not taken.
    pub(super) fn take(&mut self) -> io::Result<()> {
        if self.taken.is_some() || self.bytes == 0 {
            return Ok(());
        }
        let _ = std::fs::remove_file(&self.path);
        let file = private_file(&self.path)?;
        // Who clears up may hold the lock of a new file for an instant, and then removes it.
        let taken = file.lock().and_then(|()| allocate(&file, self.bytes)).and_then(|()| file.sync_all());
        if let Err(error) = taken {
            let _ = std::fs::remove_file(&self.path);
            return Err(error);
        }
        self.taken = Some(file);
        Ok(())
    }

    /// Gives the room back. The file is emptied first: a removed one keeps its room while it is open.
    pub(super) fn give_back(&mut self) -> io::Result<()> {
        let Some(file) = self.taken.take() else { return Ok(()) };
        file.set_len(0)?;
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

impl Drop for Reserve {
    fn drop(&mut self) {
        // What is left behind is cleared up at the next start.
        let _ = self.give_back();
    }
}

#[cfg(target_os = "linux")]
fn allocate(file: &File, bytes: u64) -> io::Result<()> {
    use rustix::fs::FallocateFlags;
    use rustix::io::Errno;
    match rustix::fs::fallocate(file, FallocateFlags::empty(), 0, bytes) {
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => fill(file, bytes),
        done => Ok(done?),
    }
}

#[cfg(not(target_os = "linux"))]
fn allocate(file: &File, bytes: u64) -> io::Result<()> {
    fill(file, bytes)
}

fn fill(mut file: &File, bytes: u64) -> io::Result<()> {
    let block = vec![0; BLOCK];
    for _ in 0..bytes.div_ceil(BLOCK as u64) {
        file.write_all(&block)?;
    }
    Ok(())
}

/// Removes what killed processes have left in a directory.
pub(super) fn clear(path: &Path) -> io::Result<()> {
    let file = match regular::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        opened => opened?,
    };
    if file.try_lock().is_err() {
        return Ok(());
    }
    match std::fs::remove_file(path) {
        // Another process clears up as well.
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn room_is_taken_for_real_and_given_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("audit-x.reserve");
        let mut reserve = Reserve::new(path.clone(), 1 << 20);
        reserve.take().unwrap();
        reserve.take().unwrap();
        let found = std::fs::metadata(&path).unwrap();
        assert_eq!(found.len(), 1 << 20);
        assert!(found.blocks() * 512 >= 1 << 20, "{} blocks", found.blocks());
        clear(&path).unwrap();
        assert!(path.exists(), "the reserve of a running process was cleared");
        reserve.give_back().unwrap();
        assert!(!path.exists());
        std::fs::write(&path, "left").unwrap();
        clear(&path).unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn room_that_is_not_there_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("audit-x.reserve");
        assert!(Reserve::new(path.clone(), u64::MAX / 4).take().is_err());
        assert!(!path.exists());
    }
}
