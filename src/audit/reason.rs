//! Why a request is refused before dispatch, in a closed set of words: what the caller sent is in none of them.

/// Why a request is refused before dispatch. A word never changes its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefusalReason {
    /// The server does not answer to that Host.
    Host,
    /// Web pages of that Origin may not call it.
    Origin,
    /// There is nothing at that path.
    Path,
    /// The message is not sent as JSON.
    MediaType,
    /// There is no credential, or none that can be read.
    Credential,
    /// The client certificate that the listener asks for is not there, or is not taken.
    Certificate,
    /// Somebody named a user who may not.
    UserHeader,
    /// Atlassian does not accept the credential.
    Rejected,
    /// Too many credentials from there could not be verified.
    Failing,
    /// The message is too large.
    TooLarge,
    /// The message did not arrive in time, or broke off.
    Incomplete,
    /// The message is no JSON.
    BadJson,
    /// The message is JSON, but no request.
    BadEnvelope,
    /// The parameters do not fit the method.
    BadParameters,
    /// Too many calls run.
    Busy,
    /// The protocol does not allow it.
    Protocol,
    /// There is no such tool.
    UnknownTool,
    /// That it was asked for could not be written down.
    Audit,
}

impl RefusalReason {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::Host,
        Self::Origin,
        Self::Path,
        Self::MediaType,
        Self::Credential,
        Self::Certificate,
        Self::UserHeader,
        Self::Rejected,
        Self::Failing,
        Self::TooLarge,
        Self::Incomplete,
        Self::BadJson,
        Self::BadEnvelope,
        Self::BadParameters,
        Self::Busy,
        Self::Protocol,
        Self::UnknownTool,
        Self::Audit,
    ];

    /// The word in records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Origin => "origin",
            Self::Path => "path",
            Self::MediaType => "media_type",
            Self::Credential => "credential",
            Self::Certificate => "certificate",
            Self::UserHeader => "user_header",
            Self::Rejected => "rejected",
            Self::Failing => "failing",
            Self::TooLarge => "too_large",
            Self::Incomplete => "incomplete",
            Self::BadJson => "bad_json",
            Self::BadEnvelope => "bad_envelope",
            Self::BadParameters => "bad_parameters",
            Self::Busy => "busy",
            Self::Protocol => "protocol",
            Self::UnknownTool => "unknown_tool",
            Self::Audit => "audit",
        }
    }

    /// What the word means, for the documentation.
    pub(super) fn meaning(self) -> &'static str {
        match self {
            Self::Host => "The server does not answer to that `Host` (403).",
            Self::Origin => "Web pages of that `Origin` may not call it (403).",
            Self::Path => "There is nothing at that path (404).",
            Self::MediaType => "The message is not sent as JSON (415).",
            Self::Credential => "There is no credential, or none that can be read (401).",
            Self::Certificate => {
                "No client certificate was shown where one must be, or one that is not taken: there is no connection (no \
                 status). Or it has ended or was revoked since the connection began (401)."
            }
            Self::UserHeader => {
                "A header named a user, and came from somebody who may not name users, or named nobody (400)."
            }
            Self::Rejected => {
                "Atlassian does not accept the credential, or none is stored for the user (401)."
            }
            Self::Failing => {
                "Too many credentials from that network could not be verified of late; this one was not looked at (429)."
            }
            Self::TooLarge => "The message is too large (413).",
            Self::Incomplete => "The message did not arrive in time, or broke off (408, 400).",
            Self::BadJson => "The message is no JSON (400).",
            Self::BadEnvelope => "The message is JSON, but no request (400).",
            Self::BadParameters => "The parameters do not fit the method (400).",
            Self::Busy => "Too many calls run (429).",
            Self::Protocol => "The protocol does not allow it.",
            Self::UnknownTool => "There is no such tool, or it is not offered; `tool` has the name.",
            Self::Audit => "That it was asked for could not be written down (503).",
        }
    }
}
