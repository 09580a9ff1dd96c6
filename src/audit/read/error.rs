//! Why a log cannot be read.

use crate::audit::FORMAT;
use std::io;
use std::path::Path;

use super::plain;

/// A log could not be read. The text is safe for a terminal whatever is in the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// A file or directory cannot be read.
    #[error("cannot read `{path}`: {cause}")]
    Unreadable {
        /// The file or directory.
        path: String,
        /// The operating system's words.
        cause: String,
    },
    /// A directory without a log.
    #[error("there is no log file (`*.jsonl`) in `{path}`")]
    Empty {
        /// The directory.
        path: String,
    },
    /// A line that is no record.
    #[error("{path}:{line}: this is no record ({cause}); `portcullis audit verify` tells what else is wrong")]
    NoRecord {
        /// The file.
        path: String,
        /// The number of the line, from 1.
        line: u64,
        /// What is wrong with it.
        cause: String,
    },
    /// A record of another version.
    #[error(
        "{path}:{line}: the record is of version {version}, and this program reads version {FORMAT}; use the one that \
         wrote it, or a later one"
    )]
    OtherVersion {
        /// The file.
        path: String,
        /// The number of the line, from 1.
        line: u64,
        /// The version it says.
        version: u32,
    },
    /// A moment or a span of time that is none.
    #[error(
        "`{text}` is no time; give one such as `2026-11-29T05:40:00Z`, a day such as `2026-11-29` or a span such as `2h`"
    )]
    Moment {
        /// What was given.
        text: String,
    },
}

impl ReadError {
    pub(super) fn unreadable(path: &Path, error: &io::Error) -> Self {
        Self::Unreadable { path: shown(path), cause: plain(&error.to_string()).into_owned() }
    }
}

/// A path as an error tells it.
pub(super) fn shown(path: &Path) -> String {
    plain(&path.display().to_string()).into_owned()
}
