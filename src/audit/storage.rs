//! Where records go: files in a directory, or something that fails in a test.

use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use super::LogName;
use super::heads;
use super::heads::Head;
use super::key::private;
use super::key::private_directory;
use super::key::private_file;
use super::key::sync_directory;
use super::regular;
use super::reserve::Reserve;

/// How much room a check asks the disk for: more than a group of records usually takes.
const ROOM: usize = 16 * 1024;

/// The ending of a file that has not its name yet.
pub(super) const DRAFT: &str = "draft";

/// How many files may be begun within one second.
const MOST_NAMES: u32 = 1000;

/// Takes bytes and makes them durable.
pub(super) trait Storage: Send + 'static {
    /// Writes all of it, or fails; then part of it may be there.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Returns when everything written is on disk.
    fn sync(&mut self) -> io::Result<()>;
    /// Takes away what comes after so many bytes.
    fn cut(&mut self, length: u64) -> io::Result<()>;
}

/// Where log files are made, and what stands beside them.
pub(super) trait Ground: Send + 'static {
    /// A log file.
    type File: Storage;
    /// A new, empty file, locked against a second writer, whose name is on disk.
    fn create(&mut self) -> io::Result<(LogName, Self::File)>;
    /// Replaces the checkpoint of a file.
    fn keep_checkpoint(&mut self, log: &LogName, note: &str) -> io::Result<()>;
    /// The files that nobody writes any more, the newest first.
    fn heads(&mut self) -> io::Result<Vec<Head>>;
    /// Whether the next file and checkpoint could be made, asked of the operating system without writing anything.
    fn writable(&self) -> io::Result<()>;
    /// Whether the disk would take more, tried by a real write beside the log.
    fn check(&mut self) -> io::Result<()>;
    /// Keeps room free for the ends of calls, if that is not done already.
    fn reserve(&mut self) -> io::Result<()>;
    /// Gives the room that was kept free to whoever writes first.
    fn release(&mut self) -> io::Result<()>;
}

/// A directory of log files, and what one process has in it besides.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
    instance: String,
    reserve: Reserve,
    /// A file that exists only while it is checked whether the disk takes anything: asking for readiness must not fill
    /// the log.
    trial: PathBuf,
}

/// A new file that has not its name yet.
struct Draft {
    path: PathBuf,
    file: File,
}

impl Draft {
    fn new(path: &Path) -> io::Result<Self> {
        let file = private_file(path)?;
        let draft = Self { path: path.to_owned(), file };
        draft.file.lock()?;
        Ok(draft)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // What is left behind is cleared up at the next start.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// A locked log file.
#[derive(Debug)]
pub(super) struct LogFile(File);

impl Directory {
    /// Takes a directory, made for this user alone, and `reserve` bytes of its disk.
    pub(super) fn new(path: &Path, instance: &str, reserve: u64) -> io::Result<Self> {
        private_directory(path)?;
        let own = format!("audit-{instance}-{}", hex::encode(random()?));
        let reserve = Reserve::new(path.join(format!("{own}.reserve")), reserve);
        Ok(Self {
            path: path.to_owned(),
            instance: instance.to_owned(),
            reserve,
            trial: path.join(format!("{own}.trial")),
        })
    }
}

impl Ground for Directory {
    type File = LogFile;

    /// Its name tells when it was begun; a second one in the same second gets a number.
    fn create(&mut self) -> io::Result<(LogName, LogFile)> {
        let start = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
        // It gets its name when it is locked: nobody ever takes it for one that was left behind.
        let draft = Draft::new(&self.trial.with_extension(DRAFT))?;
        for number in 0..MOST_NAMES {
            let suffix = if number == 0 { String::new() } else { format!("-{number}") };
            let file = format!("audit-{}-{start}{suffix}.jsonl", self.instance);
            let name = LogName::read(&file).ok_or_else(|| io::Error::other("the file has no good name"))?;
            match std::fs::hard_link(&draft.path, self.path.join(file)) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                linked => linked?,
            }
            let file = draft.file.try_clone()?;
            drop(draft);
            file.sync_all()?;
            sync_directory(&self.path)?;
            return Ok((name, LogFile(file)));
        }
        Err(io::Error::other("no name is free"))
    }

    fn keep_checkpoint(&mut self, log: &LogName, note: &str) -> io::Result<()> {
        keep_checkpoint(&self.path, log, note)
    }

    fn heads(&mut self) -> io::Result<Vec<Head>> {
        heads::find(&self.path)
    }

    /// A file that is open takes records also in a directory that does not let itself be written to any more.
    fn writable(&self) -> io::Result<()> {
        #[cfg(unix)]
        {
            use rustix::fs::Access;
            use rustix::fs::AtFlags;
            let wanted = Access::WRITE_OK | Access::EXEC_OK;
            rustix::fs::accessat(rustix::fs::CWD, &self.path, wanted, AtFlags::EACCESS)
                .map_err(|error| io::Error::other(format!("its directory cannot be written to: {error}")))?;
        }
        Ok(())
    }

    fn check(&mut self) -> io::Result<()> {
        let mut options = OpenOptions::new();
        private(&mut options).write(true).create(true).truncate(true);
        let tried = options
            .open(&self.trial)
            .and_then(|mut file| file.write_all(&[b' '; ROOM]).and_then(|()| file.sync_data()));
        // On a full disk the room must not stay taken by the check itself.
        let removed = std::fs::remove_file(&self.trial);
        tried.and(removed)
    }

    fn reserve(&mut self) -> io::Result<()> {
        self.reserve.take()
    }

    fn release(&mut self) -> io::Result<()> {
        self.reserve.give_back()
    }
}

/// Replaces the checkpoint beside a log file: who reads it finds the old one or the new one, whole.
pub(super) fn keep_checkpoint(directory: &Path, log: &LogName, note: &str) -> io::Result<()> {
    let path = directory.join(log.checkpoint_file());
    let draft = path.with_extension("checkpoint-draft");
    let mut options = OpenOptions::new();
    let mut file = private(&mut options).write(true).create(true).truncate(true).open(&draft)?;
    file.write_all(note.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&draft, &path)
}

impl LogFile {
    /// A file that was there before, to add to; none if another process has it.
    pub(super) fn lock(path: &Path) -> io::Result<Option<Self>> {
        let file = regular::open_to_append(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self(file))),
            Err(std::fs::TryLockError::WouldBlock) => Ok(None),
            Err(std::fs::TryLockError::Error(error)) => Err(error),
        }
    }

    /// The file, to read.
    pub(super) fn file(&self) -> &File {
        &self.0
    }

    /// A file that was removed still takes records, which are gone with the process.
    fn present(&self) -> io::Result<()> {
        #[cfg(unix)]
        if std::os::unix::fs::MetadataExt::nlink(&self.0.metadata()?) == 0 {
            return Err(io::Error::other("the log file was removed"));
        }
        Ok(())
    }
}

impl Storage for LogFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.present()?;
        self.0.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.present()?;
        self.0.set_len(length)
    }
}

fn random() -> io::Result<[u8; 8]> {
    let mut bytes = [0; 8];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| io::Error::other("no random numbers"))?;
    Ok(bytes)
}
