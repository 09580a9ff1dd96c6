//! Every way a call can end without a result, with the text for the caller and the outcome for the record.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use super::Answer;
use super::Gate;
use super::Request;
use super::absence;
use crate::audit::AuditError;
use crate::audit::CallId;
use crate::audit::Outcome;
use crate::audit::RefusalReason;
use crate::audit::Refused;
use crate::brake::Frozen;
use crate::identity::IdentityError;
use crate::lookup::LookupError;
use crate::lookup::Target;
use crate::net::UpstreamError;
use crate::policy::Access;
use crate::policy::Denied;
use crate::policy::DenyReason;
use crate::tools;
use crate::tools::AnyTool;
use crate::tools::InvalidArguments;
use crate::tools::ToolError;

/// The most characters of a refusal. What is said of each of many arguments or fields could be longer than the request.
const MOST_TEXT: usize = 32_000;

/// Why a call ended without a result.
#[derive(Debug)]
pub enum Refusal {
    /// The caller could not be identified.
    Identity(IdentityError),
    /// The arguments were refused.
    Arguments(InvalidArguments),
    /// What the call names does not exist as far as the caller may know. Hidden, absent and unresolvable are one answer.
    NotVisible {
        /// How the caller named it.
        named: String,
        /// The denial behind it, if it is hidden by policy.
        denied: Option<Box<Denied>>,
        /// What Atlassian said of something else that the call names, and what the caller can do about that.
        says: Option<String>,
    },
    /// The caller may see it, but not do this.
    Denied {
        /// The decision.
        denied: Box<Denied>,
        /// What was to be done with what, once the targets are known.
        what: Option<String>,
    },
    /// An administrator froze it.
    Frozen(Frozen),
    /// A look-up failed.
    Lookup(LookupError),
    /// The caller could never use this tool, and is not told that it exists.
    Hidden,
    /// The audit log cannot be written.
    Audit(AuditError),
    /// The tool failed.
    Tool(ToolError),
    /// The call took too long.
    Deadline {
        /// How long it may take.
        limit: Duration,
        /// Whether it may have changed something all the same.
        access: Access,
    },
    /// A fault of ours.
    Panic,
}

impl Refusal {
    /// The one answer for what is hidden, absent or cannot be resolved.
    pub(super) fn not_visible(targets: &[Target]) -> Self {
        let named: Vec<String> = targets.iter().map(Target::named).collect();
        Self::NotVisible { named: named.join(" or "), denied: None, says: None }
    }

    /// Turns what says "absent" or "hidden" about the call's targets into that one answer, and names in a denial what
    /// was to be done.
    pub(super) fn about(self, tool: &'static str, targets: &[Target]) -> Self {
        let object = targets.iter().any(|target| !matches!(target, Target::Instance(_)));
        let uniform = |denied, says| match Self::not_visible(targets) {
            Self::NotVisible { named, .. } => Self::NotVisible { named, denied, says },
            other => other,
        };
        match self {
            Self::Denied { denied, .. } if object && denied.reason == DenyReason::NotVisible => {
                uniform(Some(denied), None)
            }
            Self::Denied { denied, .. } => {
                let named: Vec<String> = targets.iter().map(Target::named).collect();
                Self::Denied { denied, what: Some(format!("{tool} on {}", named.join(" and "))) }
            }
            Self::Tool(ToolError::Absent) if object => uniform(None, None),
            Self::Tool(ToolError::Upstream(error)) if object && error.is_absent() => {
                uniform(None, absence::of_something_else(&error, targets))
            }
            other => other,
        }
    }

    /// The text for the caller: what failed, and what to do. One that is too long says that it was cut.
    pub(super) fn text(&self, reference: &CallId) -> String {
        let mut text = self.whole_text(reference);
        if let Some((end, _)) = text.char_indices().nth(MOST_TEXT) {
            text.truncate(end);
            let _ = write!(text, "… (cut after {MOST_TEXT} characters; reference {reference})");
        }
        text
    }

    fn whole_text(&self, reference: &CallId) -> String {
        match self {
            Self::Identity(error @ (IdentityError::Credential(_) | IdentityError::NotStored(_))) => {
                format!("{error} (reference {reference})")
            }
            Self::Identity(error) => error.to_string(),
            Self::Arguments(error) => error.to_string(),
            Self::NotVisible { says: Some(says), .. } => format!("{says} (reference {reference})"),
            Self::NotVisible { named, .. } => {
                format!("{named} does not exist or is not visible to you (reference {reference})")
            }
            Self::Hidden => "unknown tool".to_owned(),
            Self::Denied { denied, what } => denied_text(denied, what.as_deref()),
            Self::Frozen(frozen) => format!("{frozen} (reference {reference})"),
            Self::Lookup(error) => error.to_string(),
            Self::Audit(error) => error.to_string(),
            Self::Tool(error) => error.to_string(),
            Self::Deadline { limit, access } => {
                let then = match access {
                    Access::Read => "ask for less at once",
                    Access::Write => {
                        "whether the change was made is not known: look before you ask for it again"
                    }
                };
                format!("the call took longer than {} s and was ended; {then}", limit.as_secs())
            }
            Self::Panic => format!(
                "an internal error ended the call; whether Atlassian carried it out is not known (reference {reference})"
            ),
        }
    }

    /// What only the operator should read, for the log: causes with hosts, and faults of ours.
    pub(super) fn operator(&self) -> Option<String> {
        match self {
            Self::Tool(ToolError::Upstream(error)) | Self::Lookup(LookupError::Upstream(error)) => {
                Some(error.operator())
            }
            Self::Tool(ToolError::Partial { error, .. }) => match error.as_ref() {
                ToolError::Upstream(error) => Some(error.operator()),
                _ => None,
            },
            Self::Identity(error) => Some(error.operator()),
            Self::Frozen(frozen) => frozen.operator(),
            Self::Denied { denied, .. } if !denied.errors.is_empty() => Some(denied.errors.join("; ")),
            Self::NotVisible { denied: Some(denied), .. } if !denied.errors.is_empty() => {
                Some(denied.errors.join("; "))
            }
            Self::Panic => Some("a tool panicked; this is a fault of ours, please report it".to_owned()),
            _ => None,
        }
    }

    /// Whether what the call was to change may be changed all the same.
    pub(super) fn is_in_doubt(&self) -> bool {
        match self {
            Self::Deadline { .. } | Self::Panic => true,
            Self::Tool(error) => error.is_in_doubt(),
            Self::Identity(_)
            | Self::Arguments(_)
            | Self::NotVisible { .. }
            | Self::Denied { .. }
            | Self::Frozen(_)
            | Self::Lookup(_)
            | Self::Hidden
            | Self::Audit(_) => false,
        }
    }

    /// The outcome for the audit record, which holds no value of an argument.
    pub(super) fn outcome(&self, tool: &dyn AnyTool) -> Outcome {
        match self {
            Self::Identity(error) => identity_outcome(error),
            Self::Arguments(error) => {
                Outcome::InvalidArguments { names: arguments_named(tool, &error.to_string()) }
            }
            Self::NotVisible { denied: Some(denied), .. } | Self::Denied { denied, .. } => Outcome::Denied {
                reason: reason_of(denied.reason),
                decision: denied.id.clone(),
                policies: denied.policies.clone(),
                asked: Some(denied.asked.clone()),
            },
            Self::NotVisible { denied: None, .. } => Outcome::NotVisible,
            Self::Hidden => undecided("tool hidden"),
            Self::Frozen(_) => undecided("frozen"),
            Self::Lookup(LookupError::Upstream(error)) | Self::Tool(ToolError::Upstream(error)) => {
                upstream_outcome(error)
            }
            Self::Lookup(LookupError::NotVisible) => Outcome::NotVisible,
            Self::Lookup(LookupError::Audit(_)) | Self::Audit(_) => Outcome::AuditFailed,
            Self::Tool(ToolError::Arguments(problem)) => {
                Outcome::InvalidArguments { names: arguments_named(tool, problem) }
            }
            Self::Tool(error) => Outcome::ToolError { class: error.class() },
            Self::Deadline { .. } => Outcome::Deadline,
            Self::Panic => Outcome::Panic,
        }
    }
}

/// The arguments of the tool that a text names between backticks: the rest of it may be what the caller sent.
fn arguments_named(tool: &dyn AnyTool, text: &str) -> Vec<String> {
    let known = |name: &&str| tools::has_argument(tool, name);
    let named: BTreeSet<&str> = text.split('`').skip(1).step_by(2).filter(known).collect();
    named.into_iter().map(str::to_owned).collect()
}

/// A denial that no policy was asked about.
fn undecided(reason: &'static str) -> Outcome {
    Outcome::Denied { reason, decision: String::new(), policies: Vec::new(), asked: None }
}

fn reason_of(reason: DenyReason) -> &'static str {
    match reason {
        DenyReason::NotVisible => "not visible",
        DenyReason::Policy => "policy",
        DenyReason::NoPolicy => "no policy permits it",
        DenyReason::Limit => "limit",
        DenyReason::Error => "policy error",
    }
}

/// The policy's own advice and the decision's id; never the policy's text.
fn denied_text(denied: &Denied, what: Option<&str>) -> String {
    let why = match denied.reason {
        _ if !denied.advice.is_empty() => denied.advice.join("; "),
        DenyReason::Error => "the policies could not be evaluated for this call".to_owned(),
        _ => match what {
            Some(what) => format!("no policy permits {what} for you; ask your administrator"),
            None => "no policy permits it; ask your administrator".to_owned(),
        },
    };
    format!("denied: {why} (decision {})", denied.id)
}

fn identity_outcome(error: &IdentityError) -> Outcome {
    match error {
        IdentityError::Rejected(_) => Outcome::UpstreamError { status: 401, class: error.class() },
        IdentityError::Lookup(LookupError::Upstream(error)) => upstream_outcome(error),
        other => Outcome::ToolError { class: other.class() },
    }
}

fn upstream_outcome(error: &UpstreamError) -> Outcome {
    let class = error.class();
    match error.status() {
        Some(status) => Outcome::UpstreamError { status, class },
        None if error.is_unreachable() => Outcome::UpstreamUnreachable { class },
        None => Outcome::ToolError { class },
    }
}

/// The answer for a tool that is not offered: the same for every reason, and written down.
pub(super) async fn unknown(gate: &Gate, request: &Request) -> Answer {
    let refused = Refused {
        status: None,
        reason: RefusalReason::UnknownTool,
        address: request.presented.address,
        proxy: request.presented.proxy,
        tool: Some(request.tool.clone()),
    };
    if let Err(error) = gate.refusals.note(refused).await {
        return Answer::error(error.to_string());
    }
    Answer::Unknown
}

impl From<IdentityError> for Refusal {
    fn from(error: IdentityError) -> Self {
        Self::Identity(error)
    }
}

impl From<InvalidArguments> for Refusal {
    fn from(error: InvalidArguments) -> Self {
        Self::Arguments(error)
    }
}

impl From<Denied> for Refusal {
    fn from(denied: Denied) -> Self {
        Self::Denied { denied: Box::new(denied), what: None }
    }
}

impl From<Frozen> for Refusal {
    fn from(frozen: Frozen) -> Self {
        Self::Frozen(frozen)
    }
}

impl From<AuditError> for Refusal {
    fn from(error: AuditError) -> Self {
        Self::Audit(error)
    }
}

impl From<ToolError> for Refusal {
    fn from(error: ToolError) -> Self {
        Self::Tool(error)
    }
}
