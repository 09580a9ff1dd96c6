//! The question put to the policies, and the two answers.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use crate::ids::InstanceName;
use crate::policy::Effect;
use crate::policy::InputValue;
use crate::policy::Known;
use crate::policy::LimitUse;
use crate::policy::Observed;
use crate::policy::Principal;
use crate::policy::Resource;
use crate::policy::Session;
use crate::policy::limit::UsedUp;

/// May this principal, in this session, call this tool on these resources with this input?
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// Who asks.
    pub principal: &'a Principal,
    /// How and from where.
    pub session: &'a Session,
    /// The tool's name.
    pub tool: &'static str,
    /// Everything the call touches; each must be allowed.
    pub resources: &'a [Resource],
    /// The arguments policies may see, under their own names.
    pub input: &'a BTreeMap<String, InputValue>,
    /// What Atlassian said of the attributes of resources.
    pub observed: &'a Observed,
}

/// A call that the policies allow: made by this module only, and used up by the audit.
#[derive(Debug)]
pub struct Allowed<E> {
    decision: Decision,
    effect: PhantomData<fn() -> E>,
}

impl<E: Effect> Allowed<E> {
    pub(super) fn new(decision: Decision) -> Self {
        Self { decision, effect: PhantomData }
    }

    /// What was decided.
    pub fn decision(&self) -> &Decision {
        &self.decision
    }

    /// What was decided, for the permit that is made of it.
    pub(crate) fn into_decision(self) -> Decision {
        self.decision
    }
}

/// What was allowed and why, for the audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The reference of this decision, 24 random hexadecimal digits.
    pub id: String,
    /// The tool that may be run.
    pub tool: &'static str,
    /// The instance its resources are of.
    pub instance: InstanceName,
    /// The resources decided on.
    pub resources: Vec<Resource>,
    /// The policies that permitted it.
    pub policies: Vec<String>,
    /// What it was decided on.
    pub basis: Basis,
    /// Whether the project or space of every resource was known.
    pub resolved: bool,
    /// Whether it is the same for every call of the tool, whatever it names.
    pub alone: bool,
    /// The limited permits it passed thanks to.
    pub limits: Vec<LimitUse>,
    /// What the policies that are only tried would have decided, where they would have decided.
    pub shadow: Option<Tried>,
}

/// What would have been decided if the policies that are only tried were in force with the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// Why it would have been denied; nothing if it would have been allowed.
    pub denied: Option<DenyReason>,
    /// Those of the policies that are only tried that would have decided.
    pub policies: Vec<String>,
    /// The hash of the set with them.
    pub policy_hash: String,
}

/// What a decision rests on besides the question: with it, the decision can be made again and explained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Basis {
    /// The hash of the policy set.
    pub policy_hash: String,
    /// The hash of the schema.
    pub schema_hash: String,
    /// The principal's groups, of which only those count that a policy names.
    pub groups: Vec<String>,
    /// What was known of the resources, of those attributes that policies name: by resource as Cedar writes it.
    pub attributes: BTreeMap<String, BTreeMap<&'static str, Known>>,
}

/// Why a call is denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DenyReason {
    /// The caller may not see one of the resources.
    NotVisible,
    /// A policy forbids it.
    Policy,
    /// No policy permits it.
    NoPolicy,
    /// The permits that would have permitted it are used up for now.
    Limit,
    /// It could not be decided.
    Error,
}

impl DenyReason {
    /// The word used in records and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotVisible => "not_visible",
            Self::Policy => "policy",
            Self::NoPolicy => "no_policy",
            Self::Limit => "limit",
            Self::Error => "error",
        }
    }
}

/// A call that is denied, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied {
    /// The reference of this decision, 24 random hexadecimal digits.
    pub id: String,
    /// Why.
    pub reason: DenyReason,
    /// The policies that forbade it: for the audit, not for the caller.
    pub policies: Vec<String>,
    /// What those policies advise the caller.
    pub advice: Vec<String>,
    /// What went wrong: for the audit, not for the caller.
    pub errors: Vec<String>,
    /// What was asked about, and what it was decided on: for the audit.
    pub asked: Box<Asked>,
}

/// What a denied call asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The resources decided on.
    pub resources: Vec<Resource>,
    /// What it was decided on.
    pub basis: Basis,
    /// Whether the project or space of every resource was known.
    pub resolved: bool,
    /// What the policies that are only tried would have decided, where they would have decided.
    pub shadow: Option<Tried>,
}

/// A denial that has no reference yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) reason: DenyReason,
    pub(super) policies: Vec<String>,
    pub(super) advice: Vec<String>,
    pub(super) errors: Vec<String>,
}

impl Refusal {
    pub(super) fn error(error: impl Into<String>) -> Self {
        Self {
            reason: DenyReason::Error,
            policies: Vec::new(),
            advice: Vec::new(),
            errors: vec![error.into()],
        }
    }

    pub(super) fn used_up(UsedUp { policies, advice }: UsedUp) -> Self {
        Self { reason: DenyReason::Limit, policies, advice: vec![advice], errors: Vec::new() }
    }

    pub(super) fn named(self, id: String, asked: Asked) -> Denied {
        let Self { reason, policies, advice, errors } = self;
        Denied { id, reason, policies, advice, errors, asked: Box::new(asked) }
    }
}
