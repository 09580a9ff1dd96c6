//! What is known of a call when its trail begins, and how it can end.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use aws_lc_rs::digest;

use crate::policy::Access;
use crate::policy::Asked;
use crate::policy::Narrowing;
use crate::policy::Product;

/// The id of one call: 128 random bits in hexadecimal. Upstream gets it as `X-Request-Id`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CallId(String);

impl CallId {
    /// A new id.
    pub fn random() -> Self {
        let mut bytes = [0_u8; 16];
        // The generator of aws-lc-rs fails only when the process cannot go on at all; zeros would merely repeat.
        let _ = aws_lc_rs::rand::fill(&mut bytes);
        Self(hex::encode(bytes))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is known of a call when it comes in.
#[derive(Debug, Clone)]
pub struct CallFacts {
    /// Its id.
    pub call: CallId,
    /// The tool, from our own list.
    pub tool: String,
    /// The product it works on.
    pub product: Product,
    /// Whether it reads or writes.
    pub access: Access,
    /// How the caller logged in.
    pub method: &'static str,
    /// The client's own name; a claim.
    pub client: String,
    /// The caller's address.
    pub address: Option<IpAddr>,
    /// `stdio` or `http`.
    pub transport: &'static str,
    /// The trace the call belongs to, if the client said so.
    pub trace_id: Option<String>,
    /// The user of the operating system, over stdio.
    pub os_user: Option<String>,
}

/// One request to Atlassian, as the outcome tells it.
#[derive(Debug, Clone)]
pub struct UpstreamNote {
    /// The HTTP method.
    pub method: String,
    /// The status; none when there was no answer.
    pub status: Option<u16>,
    /// The size of the answer.
    pub bytes: u64,
    /// How long it took.
    pub duration: Duration,
}

/// How a search was narrowed before it left, as the outcome tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchNote {
    /// `nothing`, `everything`, `unknown` or `condition`: what the policies said of it beforehand.
    pub narrowing: &'static str,
    /// The SHA-256 of the condition that was added to the query, if there was one.
    pub condition: Option<String>,
    /// Whether the caller may see all that such a search finds.
    pub exact: bool,
}

impl SearchNote {
    /// A search with this condition added to its query.
    pub fn new(narrowing: &Narrowing, condition: Option<&str>) -> Self {
        let hash = |text: &str| hex::encode(digest::digest(&digest::SHA256, text.as_bytes()));
        // A condition that is not added narrows nothing.
        let unsaid = condition.is_none() && matches!(narrowing, Narrowing::Condition(_));
        let narrowing = if unsaid { &Narrowing::Unknown } else { narrowing };
        Self { narrowing: narrowing.as_str(), condition: condition.map(hash), exact: narrowing.is_exact() }
    }
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// With a result.
    Ok {
        /// Its size.
        bytes: u64,
    },
    /// The tool failed before or after Atlassian was asked.
    ToolError {
        /// What went wrong.
        problem: String,
    },
    /// Atlassian answered with an error.
    UpstreamError {
        /// Its status.
        status: u16,
    },
    /// Atlassian gave no answer.
    UpstreamUnreachable,
    /// A policy denied it.
    Denied {
        /// Why, in a word.
        reason: &'static str,
        /// The decision's id, which the caller was told.
        decision: String,
        /// The policies that decided.
        policies: Vec<String>,
        /// What was asked about; nothing where it did not come to a question.
        asked: Option<Box<Asked>>,
    },
    /// What it named does not exist, as far as Atlassian says.
    NotVisible,
    /// The arguments were refused.
    InvalidArguments {
        /// What was wrong with them.
        problem: String,
    },
    /// It took too long.
    Deadline,
    /// A fault of ours.
    Panic,
    /// It could not be written down.
    AuditFailed,
}

impl Outcome {
    /// The word in records and metrics.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Ok { .. } => "ok",
            Self::ToolError { .. } => "tool_error",
            Self::UpstreamError { .. } => "upstream_error",
            Self::UpstreamUnreachable => "upstream_unreachable",
            Self::Denied { .. } => "denied",
            Self::NotVisible => "not_visible",
            Self::InvalidArguments { .. } => "invalid_arguments",
            Self::Deadline => "deadline",
            Self::Panic => "panic",
            Self::AuditFailed => "audit_failed",
        }
    }
}
