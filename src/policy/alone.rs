//! Which tools are decided alike for every call.

use std::collections::BTreeSet;

use cedar_policy::Effect;
use cedar_policy::EntityTypeName;
use cedar_policy::Policy;
use cedar_policy::PolicySet;
use cedar_policy::PrincipalConstraint;
use cedar_policy::ResourceConstraint;

use crate::policy::PrincipalKind;
use crate::policy::Product;
use crate::policy::ResourceKind;
use crate::policy::entities::Types;

/// The outcome of every call of a tool: visible and allowed, or not; `None` where it depends on the call.
///
/// Only policies without conditions that name no entity but the action count, so no call can bring an error either.
pub(super) fn outcome<'a>(
    types: &Types,
    kinds: &[ResourceKind],
    tool: &'a PolicySet,
    view: impl Fn(Product) -> &'a PolicySet,
) -> Option<bool> {
    let mut outcomes = BTreeSet::new();
    for principal in [PrincipalKind::User, PrincipalKind::Service] {
        let principal = types.principal_type(principal);
        for kind in kinds {
            let resource = types.resource_type(*kind);
            let visible = match kind {
                ResourceKind::Instance(_) => true,
                ResourceKind::Project | ResourceKind::Issue => {
                    decide(view(Product::Jira), principal, resource)?
                }
                ResourceKind::Space | ResourceKind::Page => {
                    decide(view(Product::Confluence), principal, resource)?
                }
            };
            outcomes.insert((visible, decide(tool, principal, resource)?));
        }
    }
    match outcomes.into_iter().collect::<Vec<_>>().as_slice() {
        [(visible, allowed)] => Some(*visible && *allowed),
        _ => None,
    }
}

/// The decision from types alone; `None` if a policy asks for more.
fn decide(policies: &PolicySet, principal: &EntityTypeName, resource: &EntityTypeName) -> Option<bool> {
    let mut permitted = false;
    let mut forbidden = false;
    for policy in policies.policies() {
        if !matches(policy, principal, resource)? {
            continue;
        }
        match policy.effect() {
            Effect::Permit => permitted = true,
            Effect::Forbid => forbidden = true,
        }
    }
    Some(permitted && !forbidden)
}

fn matches(policy: &Policy, principal: &EntityTypeName, resource: &EntityTypeName) -> Option<bool> {
    if policy.has_non_scope_constraint() {
        return None;
    }
    let principal = match policy.principal_constraint() {
        PrincipalConstraint::Any => true,
        PrincipalConstraint::Is(kind) => kind == *principal,
        PrincipalConstraint::In(_) | PrincipalConstraint::Eq(_) | PrincipalConstraint::IsIn(..) => {
            return None;
        }
    };
    let resource = match policy.resource_constraint() {
        ResourceConstraint::Any => true,
        ResourceConstraint::Is(kind) => kind == *resource,
        ResourceConstraint::In(_) | ResourceConstraint::Eq(_) | ResourceConstraint::IsIn(..) => return None,
    };
    Some(principal && resource)
}
