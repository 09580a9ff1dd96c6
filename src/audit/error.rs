//! Why something could not be written down.

/// The audit log failed. The text is for the caller as well: it names no path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuditError {
    /// The log cannot be written; nothing happens without it.
    #[error(
        "the audit log cannot be written ({cause}); the call was refused, and the administrator has to look"
    )]
    Unwritable {
        /// The operating system's words.
        cause: String,
    },
    /// The log did not answer in time, or too much is waiting for it.
    #[error("the audit log is too slow ({cause}); the call was refused, try again")]
    Slow {
        /// What was waited for.
        cause: &'static str,
    },
    /// The log could not be opened at start.
    #[error("cannot open the audit log in {directory}: {cause}")]
    Open {
        /// The directory.
        directory: String,
        /// What failed.
        cause: String,
    },
    /// The key for values could not be had.
    #[error("cannot use the audit key {path}: {cause}")]
    Key {
        /// The file.
        path: String,
        /// What failed.
        cause: String,
    },
}
