//! What came out of a verification.

use std::fmt;

use super::finding::Finding;

/// What came out of a verification.
#[derive(Debug, Default)]
pub struct Report {
    /// The files that could be read, the oldest first.
    pub files: Vec<FileReport>,
    /// Everything that is wrong.
    pub findings: Vec<Finding>,
    /// What is not wrong, but has to be known.
    pub notes: Vec<Note>,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_good(&self) -> bool {
        self.findings.is_empty()
    }

    /// How many records were read.
    pub fn records(&self) -> u64 {
        self.files.iter().map(|file| file.records).sum()
    }

    /// How many bytes were read.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileReport {
    /// Its name.
    pub file: String,
    /// How many good records it has, up to the first bad one.
    pub records: u64,
    /// How many of them a signed checkpoint covers.
    pub covered: u64,
    /// How long it is.
    pub bytes: u64,
    /// Whether a process writes it.
    pub active: bool,
    /// The key that it says its checkpoints are signed with.
    pub key: Option<String>,
}

/// What is not wrong, but has to be known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// The file is being written.
    BeingWritten {
        /// The file.
        file: String,
        /// How many of its newest records are not signed yet.
        uncovered: u64,
    },
    /// There is no record in the file.
    Empty {
        /// The file.
        file: String,
    },
    /// A file is gone that was older than all there are.
    Older {
        /// The file.
        file: String,
        /// Who names it.
        named_by: String,
    },
    /// A file is there that was not looked at.
    NotRead {
        /// The file.
        file: String,
        /// Who names it.
        named_by: String,
    },
    /// The keys are the log's own word.
    OwnKeys,
}

impl Note {
    /// Its stable name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::BeingWritten { .. } => "being_written",
            Self::Empty { .. } => "empty",
            Self::Older { .. } => "older",
            Self::NotRead { .. } => "not_read",
            Self::OwnKeys => "own_keys",
        }
    }

    /// The file it is about.
    pub fn file(&self) -> Option<&str> {
        match self {
            Self::BeingWritten { file, .. }
            | Self::Empty { file }
            | Self::Older { file, .. }
            | Self::NotRead { file, .. } => Some(file),
            Self::OwnKeys => None,
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BeingWritten { file, uncovered } => {
                write!(f, "{file} is being written; its newest {uncovered} records are not signed yet")
            }
            Self::Empty { file } => write!(f, "{file} has no record: its process has just begun, or was killed"),
            Self::Older { file, named_by } => {
                write!(f, "{file}, which {named_by} names, is gone; it was older than all there are, as after retention")
            }
            Self::NotRead { file, named_by } => {
                write!(f, "{file}, which {named_by} names, was not looked at; verify the whole directory")
            }
            Self::OwnKeys => f.write_str(
                "the keys are those the log itself names, so whoever can write the log could have exchanged both; give --key",
            ),
        }
    }
}
