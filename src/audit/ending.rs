//! How calls end, in a closed set of words.

/// How a call ended, `outcome` in records. A word never changes its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ending {
    /// With a result.
    Ok,
    /// A policy denied it.
    Denied,
    /// What it named does not exist or is not visible.
    NotVisible,
    /// The arguments were refused.
    InvalidArguments,
    /// The tool failed before or after Atlassian was asked.
    ToolError,
    /// Atlassian answered with an error.
    UpstreamError,
    /// Atlassian gave no answer.
    UpstreamUnreachable,
    /// It took too long.
    Deadline,
    /// A fault of ours.
    Panic,
    /// It could not be written down.
    AuditFailed,
    /// Its client went away, or the server ended it.
    Abandoned,
    /// Nobody knows: the server was killed.
    Unknown,
}

impl Ending {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::Ok,
        Self::Denied,
        Self::NotVisible,
        Self::InvalidArguments,
        Self::ToolError,
        Self::UpstreamError,
        Self::UpstreamUnreachable,
        Self::Deadline,
        Self::Panic,
        Self::AuditFailed,
        Self::Abandoned,
        Self::Unknown,
    ];

    /// The word in records and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Denied => "denied",
            Self::NotVisible => "not_visible",
            Self::InvalidArguments => "invalid_arguments",
            Self::ToolError => "tool_error",
            Self::UpstreamError => "upstream_error",
            Self::UpstreamUnreachable => "upstream_unreachable",
            Self::Deadline => "deadline",
            Self::Panic => "panic",
            Self::AuditFailed => "audit_failed",
            Self::Abandoned => "abandoned",
            Self::Unknown => "unknown",
        }
    }

    /// What the word means, for the documentation.
    pub(super) fn meaning(self) -> &'static str {
        match self {
            Self::Ok => "It has a result; `result` says what it is like.",
            Self::Denied => "A policy denied it, or none permits it; `decision` says which.",
            Self::NotVisible => "What it named does not exist, or the account may not see it.",
            Self::InvalidArguments => "The arguments were refused; `refused_arguments` names them.",
            Self::ToolError => "It failed before or after Atlassian was asked; `error` says why.",
            Self::UpstreamError => "Atlassian answered with an error; `status` says which.",
            Self::UpstreamUnreachable => "Atlassian gave no answer; `error` says why.",
            Self::Deadline => "It took too long and was ended.",
            Self::Panic => "A fault of this server.",
            Self::AuditFailed => "It could not be written down, so it was refused.",
            Self::Abandoned => "Its client went away, or the server ended it.",
            Self::Unknown => "Nobody knows: the server was killed meanwhile, and the next start wrote this.",
        }
    }
}
