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
    /// How many checkpoints that were kept elsewhere it was held against.
    pub kept: usize,
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

/// What was in a file that is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Removed {
    /// How many records.
    pub records: u64,
    /// The numbers of the first and the last, where the file that goes on from it is there.
    pub numbers: Option<(u64, u64)>,
    /// Whether this is all: a checkpoint says only how many there were when it was made.
    pub all: bool,
}

impl fmt::Display for Removed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let least = if self.all { "" } else { "at least " };
        write!(f, "{least}{}", counted(self.records, "record"))?;
        match self.numbers {
            Some((first, last)) => write!(f, ", `seq` {first} to {last}"),
            None => Ok(()),
        }
    }
}

/// A number of things, such as `1 file` or `2 files`.
pub fn counted(count: u64, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
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
        /// What was in it, as far as what is left says.
        removed: Option<Removed>,
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

    /// What was in a file that is gone, as far as that is known.
    pub fn removed(&self) -> Option<Removed> {
        match self {
            Self::Older { removed, .. } => *removed,
            _ => None,
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
                write!(f, "{file} is being written; ")?;
                match uncovered {
                    0 => f.write_str("all its records are signed"),
                    1 => f.write_str("its newest record is not signed yet"),
                    more => write!(f, "its newest {more} records are not signed yet"),
                }
            }
            Self::Empty { file } => write!(f, "{file} has no record: its process has just begun, or was killed"),
            Self::Older { file, named_by, removed } => {
                write!(f, "{file}, which {named_by} names, was removed")?;
                if let Some(removed) = removed {
                    write!(f, " with {removed}")?;
                }
                f.write_str("; it was older than all there are, as after retention")
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
