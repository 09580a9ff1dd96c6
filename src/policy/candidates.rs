//! The policies of an action, sorted by what their scopes name: a decision evaluates a handful of thousands.
//!
//! Every policy is in one group. A group by an entity can only match where the resource or the principal is that
//! entity or lies in it, so the groups of all of these together, with those that name nothing, decide as the whole set
//! would: a forbid of any group forbids, a permit of any group permits, and an error of any group is an error.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::Arc;

use cedar_policy::Authorizer;
use cedar_policy::Effect;
use cedar_policy::Entities;
use cedar_policy::EntityUid;
use cedar_policy::Policy;
use cedar_policy::PolicyId;
use cedar_policy::PolicySet;
use cedar_policy::PrincipalConstraint;
use cedar_policy::Request;
use cedar_policy::ResourceConstraint;
use rustc_hash::FxBuildHasher;
use rustc_hash::FxHashMap;

use crate::policy::Needs;
use crate::policy::PolicyError;
use crate::policy::entities::Chain;
use crate::policy::looks::Looks;

/// The policies that an action can be decided by.
#[derive(Debug)]
pub(super) struct Candidates {
    /// All of them.
    pub(super) all: PolicySet,
    /// Those whose scope names neither a resource nor a principal.
    general: Group,
    /// Those that only match on this entity, or in it. The keys are the policies' own, so their hash need not be guarded
    /// against callers.
    named: FxHashMap<EntityUid, Group>,
    /// Whether one of them may look at the arguments.
    pub(super) reads_input: bool,
}

/// The candidates of one question.
#[derive(Debug)]
pub(super) struct Matching<'c> {
    groups: Vec<&'c Group>,
}

#[derive(Debug, Default)]
struct Group {
    policies: PolicySet,
    /// What the forbids tell the caller: Cedar parses an annotation's name anew whenever it is asked for.
    advice: HashMap<PolicyId, Arc<str>>,
    /// Whether one of them may look at the session or the arguments.
    reads_context: bool,
    /// The attributes that they name.
    needs: Needs,
}

/// How many permits are looked at together to find out what is possible at all.
const PART: usize = 32;

/// What the candidates say to one request.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    pub(super) allowed: bool,
    /// The permits if it is allowed, else the forbids.
    pub(super) policies: Vec<String>,
    pub(super) advice: Vec<String>,
    pub(super) errors: Vec<String>,
}

impl Candidates {
    pub(super) fn new<'p>(
        policies: impl Iterator<Item = (&'p Policy, &'p Looks)>,
    ) -> Result<Self, PolicyError> {
        let wrong = |error: Box<dyn std::error::Error>| PolicyError::Tools(error.to_string());
        let mut groups: BTreeMap<Option<&EntityUid>, Vec<(&Policy, &Looks)>> = BTreeMap::new();
        for (policy, looks) in policies {
            groups.entry(looks.named.as_ref()).or_default().push((policy, looks));
        }
        let all = PolicySet::from_policies(groups.values().flatten().map(|(policy, _)| (*policy).clone()));
        let mut candidates = Self {
            all: all.map_err(|error| wrong(error.into()))?,
            general: Group::default(),
            named: FxHashMap::with_capacity_and_hasher(groups.len(), FxBuildHasher),
            reads_input: groups.values().flatten().any(|(_, looks)| looks.at_input),
        };
        for (uid, policies) in groups {
            let group = Group::new(&policies).map_err(|error| wrong(error.into()))?;
            match uid {
                None => candidates.general = group,
                Some(uid) => _ = candidates.named.insert(uid.clone(), group),
            }
        }
        Ok(candidates)
    }

    /// Every policy.
    pub(super) fn policies(&self) -> impl Iterator<Item = &Policy> {
        self.all.policies()
    }

    /// The policies in small sets, one of which allows something on an unknown resource if all together can: each has
    /// some of the permits that this principal may use, and every forbid that could forbid all resources alike. A
    /// principal whose groups are not known may use every permit.
    pub(super) fn in_parts(&self, principal: Option<&Chain>) -> impl Iterator<Item = PolicySet> {
        let fits = |policy: &&Policy| {
            let (Some(known), Some(wanted)) = (principal, principal_of(policy)) else { return true };
            known.uid == wanted || known.ancestors.contains(&wanted)
        };
        let (permits, forbids): (Vec<&Policy>, Vec<&Policy>) =
            self.policies().filter(fits).partition(|policy| policy.effect() == Effect::Permit);
        // A forbid of one project leaves the others.
        let forbids: Vec<&Policy> =
            forbids.into_iter().filter(|policy| resource_of(policy).is_none()).collect();
        let parts: Vec<Vec<Policy>> = permits
            .chunks(PART)
            .map(|permits| permits.iter().chain(&forbids).map(|policy| (*policy).clone()).collect())
            .collect();
        parts.into_iter().filter_map(|part| PolicySet::from_policies(part).ok())
    }

    /// The attributes that some policy names.
    pub(super) fn all_needs(&self) -> Needs {
        self.named.values().fold(self.general.needs, |needs, group| needs.and(group.needs))
    }

    /// Those that can match on this principal and this resource: the groups by both, and by all that they lie in.
    pub(super) fn matching<'c>(&'c self, principal: &Chain, resource: &Chain) -> Matching<'c> {
        let chains = [resource, principal].into_iter();
        let entities = chains.flat_map(|chain| std::iter::once(&chain.uid).chain(&chain.ancestors));
        let named = entities.filter_map(|uid| self.named.get(uid));
        let groups = std::iter::once(&self.general).chain(named);
        Matching { groups: groups.filter(|group| !group.policies.is_empty()).collect() }
    }
}

impl Matching<'_> {
    /// Whether one of them may look at the session or the arguments.
    pub(super) fn reads_context(&self) -> bool {
        self.groups.iter().any(|group| group.reads_context)
    }

    /// The attributes that they name.
    pub(super) fn needs(&self) -> Needs {
        self.groups.iter().fold(Needs::default(), |needs, group| needs.and(group.needs))
    }

    /// Asks them.
    pub(super) fn ask(&self, authorizer: &Authorizer, request: &Request, store: &Entities) -> Verdict {
        let mut permits = Vec::new();
        let mut forbids = Vec::new();
        let mut verdict = Verdict::default();
        let mut weigh = |group: &Group| {
            let response = authorizer.is_authorized(request, &group.policies, store);
            let reasons = response.diagnostics().reason();
            match response.decision() {
                cedar_policy::Decision::Allow => permits.extend(reasons.map(ToString::to_string)),
                cedar_policy::Decision::Deny => forbids.extend(reasons.map(|id| {
                    let advice = group.advice.get(id).cloned();
                    (id.to_string(), advice)
                })),
            }
            verdict.errors.extend(response.diagnostics().errors().map(ToString::to_string));
        };
        self.groups.iter().for_each(|group| weigh(group));
        verdict.errors.sort();
        verdict.allowed = forbids.is_empty() && !permits.is_empty();
        if verdict.allowed {
            permits.sort();
            verdict.policies = permits;
        } else {
            forbids.sort();
            verdict.advice =
                forbids.iter().filter_map(|(_, advice)| advice.as_deref().map(str::to_owned)).collect();
            verdict.policies = forbids.into_iter().map(|(id, _)| id).collect();
        }
        verdict
    }
}

impl Group {
    fn new(policies: &[(&Policy, &Looks)]) -> Result<Self, Box<cedar_policy::PolicySetError>> {
        let advice = policies
            .iter()
            .filter_map(|(policy, looks)| Some((policy.id().clone(), Arc::clone(looks.advice.as_ref()?))));
        let own = policies.iter().map(|(policy, _)| (*policy).clone());
        Ok(Self {
            advice: advice.collect(),
            reads_context: policies.iter().any(|(_, looks)| looks.at_context),
            needs: policies.iter().fold(Needs::default(), |needs, (_, looks)| needs.and(looks.needs)),
            policies: PolicySet::from_policies(own).map_err(Box::new)?,
        })
    }
}

pub(super) fn resource_of(policy: &Policy) -> Option<EntityUid> {
    match policy.resource_constraint() {
        ResourceConstraint::Eq(uid) | ResourceConstraint::In(uid) | ResourceConstraint::IsIn(_, uid) => {
            Some(uid)
        }
        ResourceConstraint::Any | ResourceConstraint::Is(_) => None,
    }
}

pub(super) fn principal_of(policy: &Policy) -> Option<EntityUid> {
    match policy.principal_constraint() {
        PrincipalConstraint::Eq(uid) | PrincipalConstraint::In(uid) | PrincipalConstraint::IsIn(_, uid) => {
            Some(uid)
        }
        PrincipalConstraint::Any | PrincipalConstraint::Is(_) => None,
    }
}
