//! Everything that can be wrong with a log, and what to say of it.

use super::super::merkle::TreeHash;
use super::super::note::NoteError;

/// The longest text that is shown, in characters.
const LONGEST: usize = 1000;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file it was found in.
    pub file: String,
    /// The line, from 1, where it is one line.
    pub line: Option<u64>,
    /// What is wrong.
    pub fault: Fault,
}

/// What is wrong: with a record, a file, a checkpoint, or how files belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// A record.
    Record(RecordFault),
    /// A file.
    File(FileFault),
    /// A checkpoint.
    Checkpoint(CheckpointFault),
    /// How files belong together.
    Link(LinkFault),
}

/// What is wrong with a record. Nothing after it in its file was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordFault {
    /// The line is not a record.
    Form {
        /// Why not.
        cause: String,
    },
    /// The line is longer than any record.
    TooLong,
    /// The line has no end.
    Torn {
        /// How many bytes it has.
        bytes: u64,
    },
    /// The record has not the next number.
    Sequence {
        /// Its number.
        found: u64,
        /// The next number.
        expected: u64,
    },
    /// The record does not have the hash of the record before.
    Chain {
        /// The hash it has.
        found: TreeHash,
        /// The hash of the record before.
        expected: TreeHash,
    },
    /// A record follows the one that ends a file.
    AfterEnd,
    /// A record that begins a file stands inside of it.
    SecondStart,
    /// The first record does not begin a file.
    NoStart,
    /// The first record does not tell what it has to.
    Opening {
        /// What is wrong with it.
        cause: String,
    },
    /// The last record does not tell what it has to.
    Closing {
        /// What is wrong with it.
        cause: String,
    },
}

/// What is wrong with a file as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileFault {
    /// It cannot be read.
    Unreadable {
        /// The operating system's words.
        cause: String,
    },
    /// There is not one log.
    NoLog,
    /// It has a name that no server gives to a log.
    Name,
    /// Another file of this name was given as well.
    Twice,
    /// Nobody writes it, and its last record does not end it.
    Unended,
}

/// What is wrong with a checkpoint, or between one and its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckpointFault {
    /// There is none.
    Absent,
    /// It cannot be read.
    Unreadable {
        /// Why not.
        cause: String,
    },
    /// It is not a checkpoint, or not signed with the key.
    Refused {
        /// Why not.
        cause: NoteError,
    },
    /// The file says its checkpoints are signed with a key that is not the one they were to be checked with.
    Key {
        /// The key the file names.
        found: String,
        /// The keys that were given.
        expected: String,
    },
    /// It is of another log.
    Origin {
        /// The log it is of.
        found: String,
        /// The log it should be of.
        expected: String,
    },
    /// It covers more records than the file has.
    CutTail {
        /// How many records the file has.
        found: u64,
        /// How many it covers.
        expected: u64,
    },
    /// The records it covers are not those that were signed.
    Rewritten {
        /// How many it covers.
        size: u64,
        /// The root of their tree.
        found: TreeHash,
        /// The root that was signed.
        expected: TreeHash,
    },
    /// Nobody writes the file, and the checkpoint does not cover all of it.
    Uncovered {
        /// How many records it covers.
        found: u64,
        /// How many there are.
        expected: u64,
        /// Whether the last of them is one that ends a file.
        ended: bool,
    },
}

/// What is wrong between files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkFault {
    /// There is no such file, though one that is there names it.
    Missing {
        /// Who names it.
        named_by: String,
    },
    /// It is not the file that another one has seen.
    Exchanged {
        /// Who has seen it.
        seen_by: String,
        /// How many records there are, and the root of their tree.
        found: (u64, String),
        /// How many records there were, and the root of their tree.
        expected: (u64, String),
    },
    /// The first record does not follow the last one of the file that it continues.
    Chain {
        /// The hash it has.
        found: TreeHash,
        /// The hash of the last record there.
        expected: TreeHash,
    },
    /// The first record has not the number that follows.
    Sequence {
        /// Its number.
        found: u64,
        /// The number that follows.
        expected: u64,
    },
    /// A file says that it goes on in another one, which does not say so, or the other way round.
    Succession {
        /// What the one file says.
        found: String,
        /// What it should say.
        expected: String,
    },
}

/// A fault in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Its stable name.
    pub name: &'static str,
    /// What was found.
    pub found: String,
    /// What was expected.
    pub expected: String,
    /// What it means, and what to do.
    pub meaning: &'static str,
}

fn told(
    name: &'static str,
    found: impl Into<String>,
    expected: impl Into<String>,
    meaning: &'static str,
) -> Told {
    Told { name, found: found.into(), expected: expected.into(), meaning }
}

/// A text as it is shown. Parts of it may come from the log, so from anyone.
pub(super) fn shown(text: &str) -> String {
    let mut shown = String::new();
    for character in text.chars().take(LONGEST) {
        match character {
            '"' | '\'' | '\\' => shown.push(character),
            other => shown.extend(other.escape_debug()),
        }
    }
    shown
}

impl Fault {
    /// The fault in words.
    pub fn told(&self) -> Told {
        let told = match self {
            Self::Record(fault) => fault.told(),
            Self::File(fault) => fault.told(),
            Self::Checkpoint(fault) => fault.told(),
            Self::Link(fault) => fault.told(),
        };
        Told { found: shown(&told.found), expected: shown(&told.expected), ..told }
    }
}

impl RecordFault {
    fn told(&self) -> Told {
        match self {
            Self::Form { cause } => told(
                "record_form",
                cause,
                "one JSON object as the server writes it",
                "This line was changed or damaged: compare it with a copy of the log.",
            ),
            Self::TooLong => told(
                "record_too_long",
                "a line of more than a megabyte",
                "one record a line",
                "The server writes no such line, so another did: compare the file with a copy of the log.",
            ),
            Self::Torn { bytes } => told(
                "record_torn",
                format!("{bytes} bytes without an end of line"),
                "a whole line",
                "The process was killed while it wrote, or the end was cut off: the next start of the server repairs the first, and a checkpoint kept elsewhere tells the second.",
            ),
            Self::Sequence { found, expected } => told(
                "record_sequence",
                format!("record {found}"),
                format!("record {expected}"),
                "Records were removed, repeated, reordered or put in right here: compare the file with a copy of the log.",
            ),
            Self::Chain { found, expected } => told(
                "record_chain",
                found.to_string(),
                expected.to_string(),
                "The record before this line was changed, or this one was: compare both with a copy of the log.",
            ),
            Self::AfterEnd => told(
                "record_after_end",
                "a record",
                "the end of the file",
                "Nothing is written after the record that ends a file, so this one was put in: compare the file with a copy of the log.",
            ),
            Self::SecondStart => told(
                "record_second_start",
                "a record that begins a file",
                "any other record",
                "Two files were put into one: compare the file with a copy of the log.",
            ),
            Self::NoStart => told(
                "record_no_start",
                "another record",
                "a record of stage `start` or `continue`",
                "The beginning of the file is gone: compare it with a copy of the log.",
            ),
            Self::Opening { cause } => told(
                "record_opening",
                cause,
                "`checkpoint_key`, `continues` and `heads` as the server writes them",
                "The first record was changed: compare it with a copy of the log.",
            ),
            Self::Closing { cause } => told(
                "record_closing",
                cause,
                "`next`, the name of the next file, or `checkpoint_key`, as the server writes them",
                "The last record was changed: compare it with a copy of the log.",
            ),
        }
    }
}

impl FileFault {
    fn told(&self) -> Told {
        match self {
            Self::Unreadable { cause } => told(
                "file_unreadable",
                cause,
                "a file that can be read",
                "Nothing is known of this file: make it readable to this user, and verify again.",
            ),
            Self::NoLog => told(
                "file_none",
                "no log",
                "at least one file `audit-<instance>-<start>.jsonl`",
                "This is not the directory of the log, or all of it was removed.",
            ),
            Self::Name => told(
                "file_name",
                "a name that no server gives to a log",
                "`audit-<instance>-<start>.jsonl`",
                "The file was renamed, or is a copy or no log at all: give it its name back, or move it elsewhere.",
            ),
            Self::Twice => told(
                "file_twice",
                "two files of this name",
                "one",
                "Which of them is the log cannot be told: verify them one after the other.",
            ),
            Self::Unended => told(
                "file_unended",
                "another record",
                "a last record of stage `stop`, `continued` or `recovered`",
                "This is expected of a copy that was made while the server wrote: verify the log where it is written. Else the process was killed and the server has not started since, or the end was cut off: start the server, which repairs the first; a checkpoint kept elsewhere tells the second.",
            ),
        }
    }
}

impl CheckpointFault {
    fn told(&self) -> Told {
        match self {
            Self::Absent => told(
                "checkpoint_absent",
                "no checkpoint",
                "the file's checkpoint beside it",
                "Without it nobody has signed this file: get the checkpoint back from a copy of the log.",
            ),
            Self::Unreadable { cause } => told(
                "checkpoint_unreadable",
                cause,
                "a checkpoint that can be read",
                "Nothing is known of this checkpoint: make it readable to this user, and verify again.",
            ),
            Self::Refused { cause } => told(
                "checkpoint_refused",
                cause.to_string(),
                "a checkpoint signed with the log's key",
                "The checkpoint was changed or made by another: get it back from a copy of the log.",
            ),
            Self::Key { found, expected } => told(
                "checkpoint_key",
                found,
                expected,
                "Somebody else has signed this file, or the server was given another key: give the key of then with --key as well, if it was you.",
            ),
            Self::Origin { found, expected } => told(
                "checkpoint_origin",
                found,
                expected,
                "A file or its checkpoint was put in the place of another: compare both with a copy of the log.",
            ),
            Self::CutTail { found, expected } => told(
                "checkpoint_cut_tail",
                format!("{found} records"),
                format!("at least {expected}, which were signed"),
                "The end of the file was cut off: get it back from a copy of the log.",
            ),
            Self::Rewritten { size, found, expected } => told(
                "checkpoint_rewritten",
                format!("{found} for the first {size} records"),
                expected.to_string(),
                "The file is not the one that was signed, but was written anew: compare it with a copy of the log.",
            ),
            Self::Uncovered { found, expected, ended } => told(
                "checkpoint_uncovered",
                format!("{found} records are signed"),
                format!("all {expected}"),
                if *ended {
                    "The file has its end, so this is not expected: records were added, or the checkpoint was put back to an older one. Compare both with a copy of the log."
                } else {
                    "This is expected of a copy that was made while the server wrote, and of a server that was killed: nobody has signed the newest records yet, so nothing is known of them. Verify the log where it is written, or start the server."
                },
            ),
        }
    }
}

impl LinkFault {
    fn told(&self) -> Told {
        match self {
            Self::Missing { named_by } => told(
                "file_missing",
                "no such file",
                format!("the file that {named_by} names"),
                "A log was removed that retention would not have removed: get it back from a copy of the log.",
            ),
            Self::Exchanged { seen_by, found, expected } => told(
                "file_exchanged",
                format!("{} records with the root {}", found.0, found.1),
                format!("{} records with the root {}, as {seen_by} has seen", expected.0, expected.1),
                "One of the two files was written anew: compare both with a copy of the log.",
            ),
            Self::Chain { found, expected } => told(
                "file_chain",
                found.to_string(),
                expected.to_string(),
                "The file does not follow the one that it says it continues: compare both with a copy of the log.",
            ),
            Self::Sequence { found, expected } => told(
                "file_sequence",
                format!("record {found}"),
                format!("record {expected}"),
                "Records are missing between two files, or were put in: compare both with a copy of the log.",
            ),
            Self::Succession { found, expected } => told(
                "file_succession",
                found,
                expected,
                "A file between the two is missing, or one was exchanged: compare both with a copy of the log.",
            ),
        }
    }
}
