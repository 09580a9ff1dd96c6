//! What is known of a call when its trail begins, and how it can end.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use aws_lc_rs::digest;

use super::Ending;
use super::ErrorClass;
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
    /// The trusted proxy that says so, if one stands between.
    pub proxy: Option<IpAddr>,
    /// `stdio` or `http`.
    pub transport: &'static str,
    /// The trace the call belongs to, if the client said so.
    pub trace_id: Option<String>,
    /// The user of the operating system, over stdio.
    pub os_user: Option<String>,
    /// The name by which the caller came, over HTTP.
    pub named: Option<Named>,
}

/// The name by which a caller came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The name.
    pub name: String,
    /// What named them: `certificate` or `header`.
    pub by: &'static str,
}

/// One request to Atlassian, as the outcome tells it.
#[derive(Debug, Clone)]
pub struct UpstreamNote {
    /// The HTTP method.
    pub method: String,
    /// The path as the code has it, with `{key}` and the like where a value was.
    pub path: String,
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

/// The account at Atlassian that a call used, where it is not the principal's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Whose it is: `operator` or `session`.
    pub of: &'static str,
    /// How it logs in.
    pub method: &'static str,
    /// The name it logs in with, where it has one.
    pub name: Option<String>,
}

/// What a result was like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ended {
    /// Its size.
    pub bytes: u64,
    /// How many items it has, if it is a list.
    pub items: Option<u64>,
    /// How many the policies left out.
    pub withheld: u64,
    /// Whether there is more than the result has.
    pub cut: bool,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// With a result.
    Ok(Ended),
    /// The tool failed before or after Atlassian was asked.
    ToolError {
        /// What went wrong.
        class: ErrorClass,
    },
    /// Atlassian answered with an error.
    UpstreamError {
        /// Its status.
        status: u16,
        /// What went wrong.
        class: ErrorClass,
    },
    /// Atlassian gave no answer.
    UpstreamUnreachable {
        /// What went wrong.
        class: ErrorClass,
    },
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
        /// Their names, as far as the tool has them.
        names: Vec<String>,
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
        self.ending().as_str()
    }

    fn ending(&self) -> Ending {
        match self {
            Self::Ok(_) => Ending::Ok,
            Self::ToolError { .. } => Ending::ToolError,
            Self::UpstreamError { .. } => Ending::UpstreamError,
            Self::UpstreamUnreachable { .. } => Ending::UpstreamUnreachable,
            Self::Denied { .. } => Ending::Denied,
            Self::NotVisible => Ending::NotVisible,
            Self::InvalidArguments { .. } => Ending::InvalidArguments,
            Self::Deadline => Ending::Deadline,
            Self::Panic => Ending::Panic,
            Self::AuditFailed => Ending::AuditFailed,
        }
    }

    /// What went wrong; nothing for a result and for a denial, which has its reason.
    pub fn error(&self) -> Option<ErrorClass> {
        match self {
            Self::Ok(_) | Self::Denied { .. } => None,
            Self::ToolError { class }
            | Self::UpstreamError { class, .. }
            | Self::UpstreamUnreachable { class } => Some(*class),
            Self::NotVisible => Some(ErrorClass::NotVisible),
            Self::InvalidArguments { .. } => Some(ErrorClass::InvalidArguments),
            Self::Deadline => Some(ErrorClass::Deadline),
            Self::Panic => Some(ErrorClass::Fault),
            Self::AuditFailed => Some(ErrorClass::Audit),
        }
    }
}
