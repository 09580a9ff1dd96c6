//! Limits that count nothing: a permit without one takes the same calls.

use std::collections::BTreeSet;

use cedar_policy::ActionConstraint;
use cedar_policy::Effect;
use cedar_policy::EntityUid;
use cedar_policy::Policy;
use cedar_policy::PrincipalConstraint;
use cedar_policy::ResourceConstraint;
use cedar_policy::Schema;

use crate::policy::Problem;
use crate::policy::limit::Limit;
use crate::policy::set::LoadedPolicy;
use crate::policy::taken::Taken;

/// How many actions are named.
const MOST_NAMED: usize = 3;

/// A limit, and a permit that lets calls pass without counting them.
pub(super) struct Idle<'p> {
    pub(super) limited: &'p LoadedPolicy,
    pub(super) limit: Limit,
    pub(super) free: &'p LoadedPolicy,
    /// What both permit.
    actions: BTreeSet<EntityUid>,
}

/// Limits beside which a permit without one may take the same calls.
pub(super) fn find<'p>(
    policies: impl IntoIterator<Item = &'p LoadedPolicy>,
    schema: &Schema,
) -> Vec<Idle<'p>> {
    let permits = policies.into_iter().filter(|policy| policy.policy.effect() == Effect::Permit);
    let (mut limited, mut free) = (Vec::new(), Vec::new());
    for permit in permits {
        match Limit::of(&permit.policy) {
            Ok(Some(limit)) => limited.push((Taken::of(permit), limit)),
            Ok(None) | Err(_) => free.push(Taken::of(permit)),
        }
    }
    let mut found = Vec::new();
    for (taken, limit) in &limited {
        for other in &free {
            let actions: BTreeSet<EntityUid> =
                taken.shared(other, schema).into_iter().map(|kind| kind.action.clone()).collect();
            if !actions.is_empty() {
                found.push(Idle { limited: taken.by, limit: *limit, free: other.by, actions });
            }
        }
    }
    found
}

impl Idle<'_> {
    /// The calls that are not counted, for example `` `jira_add_comment` where `principal in Id::Group::"jira:dev"` ``.
    pub(super) fn calls(&self) -> String {
        let names =
            self.actions.iter().take(MOST_NAMED).map(|action| format!("`{}`", action.id().unescaped()));
        let names = names.collect::<Vec<_>>().join(", ");
        let more = match self.actions.len().saturating_sub(MOST_NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let policies = [&self.limited.policy, &self.free.policy];
        let mut named: Vec<String> = policies.map(principal).into_iter().flatten().collect();
        named.extend(policies.map(resource).into_iter().flatten());
        named.dedup();
        if named.is_empty() {
            format!("{names}{more}")
        } else {
            format!("{names}{more} where `{}`", named.join(" && "))
        }
    }

    /// What to say of it.
    pub(super) fn problem(&self) -> Problem {
        let free = &self.free.id;
        let others = "give that permit a limit as well, or narrow it to other calls";
        let help = match excluding(&self.limited.policy) {
            Some(test) => format!("{others}, such as with `unless {{ {test} }}`"),
            None => others.to_owned(),
        };
        Problem {
            file: self.limited.file.clone(),
            line: self.limited.line,
            column: 1,
            policy: Some(self.limited.id.clone()),
            message: format!(
                "its limit {} is not counted where `{free}` ({}:{}), which has none, permits the same: {}",
                self.limit.written(),
                self.free.file,
                self.free.line,
                self.calls()
            ),
            help: Some(help),
            excerpt: None,
        }
    }
}

/// A test for all that the limited permit takes. With conditions, there may be calls that it does not take and that
/// must not be lost.
fn excluding(limited: &Policy) -> Option<String> {
    if limited.has_non_scope_constraint() {
        return None;
    }
    let action = match limited.action_constraint() {
        ActionConstraint::Any => None,
        ActionConstraint::Eq(action) => Some(format!("action == {action}")),
        ActionConstraint::In(actions) => match actions.as_slice() {
            [one] => Some(format!("action in {one}")),
            several => {
                let several: Vec<String> = several.iter().map(ToString::to_string).collect();
                Some(format!("action in [{}]", several.join(", ")))
            }
        },
    };
    let tests: Vec<String> = [principal(limited), action, resource(limited)].into_iter().flatten().collect();
    (!tests.is_empty()).then(|| tests.join(" && "))
}

fn principal(policy: &Policy) -> Option<String> {
    match policy.principal_constraint() {
        PrincipalConstraint::Any => None,
        PrincipalConstraint::Is(kind) => Some(format!("principal is {kind}")),
        PrincipalConstraint::In(group) => Some(format!("principal in {group}")),
        PrincipalConstraint::Eq(one) => Some(format!("principal == {one}")),
        PrincipalConstraint::IsIn(kind, group) => Some(format!("principal is {kind} in {group}")),
    }
}

fn resource(policy: &Policy) -> Option<String> {
    match policy.resource_constraint() {
        ResourceConstraint::Any => None,
        ResourceConstraint::Is(kind) => Some(format!("resource is {kind}")),
        ResourceConstraint::In(place) => Some(format!("resource in {place}")),
        ResourceConstraint::Eq(one) => Some(format!("resource == {one}")),
        ResourceConstraint::IsIn(kind, place) => Some(format!("resource is {kind} in {place}")),
    }
}
