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
    #[error("the audit log cannot be written ({cause}); the call was refused, try again")]
    Slow {
        /// What was waited for.
        cause: &'static str,
    },
    /// The call has happened, but how it ended is not known to be on disk.
    #[error(
        "how this call ended could not be written to the audit log ({cause}); the administrator has to look"
    )]
    Outcome {
        /// What failed.
        cause: String,
    },
    /// What was decided is not the call of this trail. No code of ours does that.
    #[error(
        "the decision was not made for this call ({cause}); the call was refused, please report this fault"
    )]
    Mismatch {
        /// What differs.
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

impl AuditError {
    /// The same failure, told of a call that has happened already.
    pub(super) fn of_outcome(self) -> Self {
        let cause = match self {
            Self::Unwritable { cause } | Self::Outcome { cause } => cause,
            Self::Slow { cause } | Self::Mismatch { cause } => cause.to_owned(),
            Self::Open { cause, .. } | Self::Key { cause, .. } => cause,
        };
        Self::Outcome { cause }
    }
}
