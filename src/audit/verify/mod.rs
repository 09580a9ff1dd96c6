//! Whether the audit log is what the server wrote: every record, every file, and how the files belong together.
//!
//! It reads and never writes, and believes nothing that it reads. Files are read on all processors, in memory that does
//! not grow with them.

mod contents;
mod file;
mod finding;
mod line;
mod links;
mod name;
mod opening;
mod prove;
mod report;
mod stream;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use super::note::NoteError;
use super::note::SignedCheckpoint;
use super::note::VerifierKey;
use file::Examined;
use file::Kept;
use file::Log;
use file::limited;
use file::signed;
use links::Links;
use links::Named;

pub use finding::CheckpointFault;
pub use finding::Fault;
pub use finding::FileFault;
pub use finding::Finding;
pub use finding::LinkFault;
pub use finding::RecordFault;
pub use finding::Told;
pub use name::LogName;
pub use prove::CheckError;
pub use prove::Proof;
pub use prove::ProofFile;
pub use prove::ProveError;
pub use prove::Proved;
pub use report::FileReport;
pub use report::Note;
pub use report::Removed;
pub use report::Report;
pub use report::counted;

/// What to verify, and against what.
#[derive(Debug, Clone, Default)]
pub struct Verification {
    /// Log files, and directories of them.
    pub paths: Vec<PathBuf>,
    /// The keys that checkpoints are to be signed with. With none, it is the key that each file names.
    pub keys: Vec<VerifierKey>,
    /// Files of checkpoints that were kept elsewhere, and directories of them.
    pub checkpoints: Vec<PathBuf>,
}

/// What there is to read.
#[derive(Default)]
struct Found {
    logs: Vec<Log>,
    named: Vec<Named>,
    kept: Vec<Kept>,
    report: Report,
}

impl Verification {
    /// Verifies all of it.
    pub fn run(&self) -> Report {
        let Found { logs, named, kept, mut report } = self.find();
        report.kept = kept.len();
        let mut files: Vec<Examined> = Vec::new();
        let mut unread = BTreeSet::new();
        for log in logs {
            let name = log.name.clone();
            match log.examine(&self.keys, &kept, |_| false) {
                Ok(file) => files.push(file),
                Err(finding) => {
                    unread.insert(name);
                    report.findings.push(*finding);
                }
            }
        }
        let (findings, notes) = Links::new(&files, &unread).check(&named);
        for file in files {
            report.add(file);
        }
        report.findings.extend(findings);
        report.notes.extend(notes);
        if self.keys.is_empty() && report.files.iter().any(|file| file.key.is_some()) {
            report.notes.push(Note::OwnKeys);
        }
        report
    }

    fn find(&self) -> Found {
        let mut found = Found::default();
        for path in &self.paths {
            if path.is_dir() {
                found.add_directory(path);
            } else {
                found.add_file(path);
            }
        }
        found.logs.sort_by(|one, other| one.name.cmp(&other.name));
        if found.logs.is_empty() && found.report.is_good() {
            let paths: Vec<String> = self.paths.iter().map(|path| shown(path)).collect();
            found.find(paths.join(", "), Fault::File(FileFault::NoLog));
        }
        for path in &self.checkpoints {
            found.add_all_kept(path, &self.keys);
        }
        // Of several checkpoints of a log that is gone, the one that says most is told.
        found.named.sort_by(|one, other| (&one.log, other.size).cmp(&(&other.log, one.size)));
        found
    }
}

impl Found {
    fn find(&mut self, file: String, fault: Fault) {
        self.report.findings.push(Finding { file, line: None, fault });
    }

    /// What is in a directory; nothing, with a finding, if it cannot be read.
    fn entries(&mut self, directory: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(directory).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        match entries {
            Ok(entries) => entries.into_iter().map(|entry| entry.path()).collect(),
            Err(error) => {
                let cause = error.to_string();
                self.find(shown(directory), Fault::File(FileFault::Unreadable { cause }));
                Vec::new()
            }
        }
    }

    fn add_directory(&mut self, directory: &Path) {
        for path in self.entries(directory) {
            let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name::is_log(&file) {
                self.add_file(&path);
            } else if let Some(log) = LogName::of_checkpoint_file(&file) {
                self.named.push(Named { log, by: file, size: None });
            }
        }
    }

    fn add_file(&mut self, path: &Path) {
        let name = path.file_name().and_then(|file| file.to_str()).and_then(LogName::read);
        let Some(name) = name else {
            return self.find(shown(path), Fault::File(FileFault::Name));
        };
        if self.logs.iter().any(|log| log.name == name) {
            return self.find(shown(path), Fault::File(FileFault::Twice));
        }
        self.logs.push(Log { name, path: path.to_owned() });
    }

    /// Reads checkpoints that were kept elsewhere: one, or all that are in a directory.
    fn add_all_kept(&mut self, path: &Path, keys: &[VerifierKey]) {
        let files = if path.is_dir() { self.entries(path) } else { vec![path.to_owned()] };
        if files.is_empty() {
            self.find(shown(path), Fault::Checkpoint(CheckpointFault::Absent));
        }
        for file in files {
            if let Err(fault) = self.add_kept(&file, keys) {
                self.find(shown(&file), Fault::Checkpoint(fault));
            }
        }
    }

    /// Reads a checkpoint that was kept elsewhere. One of a log that is not there is only worth something with a key that
    /// was given.
    fn add_kept(&mut self, path: &Path, keys: &[VerifierKey]) -> Result<(), CheckpointFault> {
        let bytes =
            limited(path).map_err(|error| CheckpointFault::Unreadable { cause: error.to_string() })?;
        let note = SignedCheckpoint::read(&bytes).map_err(|cause| CheckpointFault::Refused { cause })?;
        let Some(log) = LogName::of_origin(note.claimed_origin()) else {
            let cause = NoteError::Form("it is not of a log of this server");
            return Err(CheckpointFault::Refused { cause });
        };
        let size = if keys.is_empty() { None } else { Some(signed(&note, keys)?.size) };
        self.named.push(Named { log: log.clone(), by: shown(path), size });
        self.kept.push(Kept { source: shown(path), log, note });
        Ok(())
    }
}

impl Report {
    fn add(&mut self, file: Examined) {
        self.files.push(FileReport {
            file: file.log.name.file(),
            records: file.contents.records(),
            covered: file.checkpoint.as_ref().map_or(0, |(_, checkpoint)| checkpoint.size),
            bytes: file.bytes,
            active: file.active,
            key: file.opening.as_ref().map(|opening| opening.key.to_string()),
        });
        self.findings.extend(file.findings);
        self.notes.extend(file.notes);
    }
}

fn shown(path: &Path) -> String {
    finding::shown(&path.to_string_lossy())
}

/// The key that each log file names, the oldest first.
///
/// # Errors
/// If a file cannot be read, or names none.
pub fn keys(paths: &[PathBuf]) -> Result<Vec<(LogName, VerifierKey)>, Box<Finding>> {
    let found = Verification { paths: paths.to_vec(), ..Verification::default() }.find();
    if let Some(finding) = found.report.findings.into_iter().next() {
        return Err(Box::new(finding));
    }
    let mut keys = Vec::new();
    for log in found.logs {
        match file::opening_of(&log.path) {
            Ok(Some(opening)) => keys.push((log.name, opening.key)),
            Ok(None) => {}
            Err(fault) => return Err(Box::new(Finding { file: log.name.file(), line: Some(1), fault })),
        }
    }
    Ok(keys)
}
