//! Stable codes of records, for rules in a SIEM: a code never changes its meaning.

/// What a record is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// `PC0001`: the server started.
    Start,
    /// `PC0002`: the server stopped.
    Stop,
    /// `PC0003`: a key was made.
    KeyCreated,
    /// `PC0004`: certificates of a product are not checked.
    TlsRelaxed,
    /// `PC1001`: something is asked of Atlassian to decide on a call.
    Resolve,
    /// `PC1002`: a call is about to be carried out.
    Intent,
    /// `PC1003`: a call succeeded.
    Success,
    /// `PC1004`: a call was denied by policy.
    Denied,
    /// `PC1005`: a call failed.
    Failure,
    /// `PC1006`: a call was abandoned: its client went away, or the server ended it.
    Abandoned,
    /// `PC1007`: what a call changed lies elsewhere than where it was decided on.
    Misplaced,
    /// `PC2001`: a request was refused before dispatch.
    Refused,
    /// `PC2002`: a tool was called that is not offered.
    UnknownTool,
}

impl Code {
    /// The code as it stands in records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Start => "PC0001",
            Self::Stop => "PC0002",
            Self::KeyCreated => "PC0003",
            Self::TlsRelaxed => "PC0004",
            Self::Resolve => "PC1001",
            Self::Intent => "PC1002",
            Self::Success => "PC1003",
            Self::Denied => "PC1004",
            Self::Failure => "PC1005",
            Self::Abandoned => "PC1006",
            Self::Misplaced => "PC1007",
            Self::Refused => "PC2001",
            Self::UnknownTool => "PC2002",
        }
    }
}
