//! Filters from the scopes of policies: who and what they are about, in the stable part of Cedar alone.

use cedar_policy::Effect;
use cedar_policy::EntityUid;
use cedar_policy::Policy;
use cedar_policy::PrincipalConstraint;
use cedar_policy::ResourceConstraint;

use super::Asked;
use super::Narrow;
use super::filter::Filter;
use super::read::Reader;
use crate::policy::entities::Chain;

/// Knows the projects and spaces that scopes name, and nothing of conditions: what has one may hold or not.
#[derive(Debug)]
pub(in crate::policy) struct Scopes;

impl Narrow for Scopes {
    fn filter(&self, asked: &Asked<'_>) -> Option<Filter> {
        let reader = Reader { kind: asked.kind, at: asked.at };
        let mut permits = Vec::new();
        let mut parts = Vec::new();
        for policy in asked.policies.policies().filter(|policy| is_about(policy, asked.principal)) {
            let permit = policy.effect() == Effect::Permit;
            let scope = resource(&policy.resource_constraint(), reader, permit);
            let known = !policy.has_non_scope_constraint();
            if !known {
                // It may err, and then the item is denied.
                parts.push(Filter::Unknown);
            }
            match (policy.effect(), known) {
                (Effect::Permit, true) => permits.push(scope),
                (Effect::Permit, false) => permits.push(Filter::all([scope, Filter::Unknown])),
                (Effect::Forbid, true) => parts.push(scope),
                (Effect::Forbid, false) => parts.push(Filter::any([scope, Filter::Unknown])),
            }
        }
        parts.push(Filter::any(permits));
        Some(Filter::all(parts))
    }
}

/// Whether the policy may hold for this principal.
pub(super) fn is_about(policy: &Policy, principal: &Chain) -> bool {
    let within = |uid: &EntityUid| *uid == principal.uid || principal.ancestors.contains(uid);
    match policy.principal_constraint() {
        PrincipalConstraint::Any => true,
        PrincipalConstraint::Eq(uid) => uid == principal.uid,
        PrincipalConstraint::In(uid) => within(&uid),
        PrincipalConstraint::Is(kind) => kind == *principal.uid.type_name(),
        PrincipalConstraint::IsIn(kind, uid) => kind == *principal.uid.type_name() && within(&uid),
    }
}

fn resource(constraint: &ResourceConstraint, reader: Reader<'_>, wanted: bool) -> Filter {
    let inside =
        |uid: &EntityUid| reader.named(&uid.type_name().to_string(), uid.id().unescaped(), true, wanted);
    let is = |name: &str| Filter::certain((name == reader.kind.type_name()) == wanted);
    match constraint {
        ResourceConstraint::Any => Filter::certain(wanted),
        ResourceConstraint::Is(kind) => is(&kind.to_string()),
        ResourceConstraint::In(uid) => inside(uid),
        ResourceConstraint::Eq(uid) if uid.type_name().to_string() == reader.kind.type_name() => {
            reader.exactly(uid.id().unescaped(), wanted)
        }
        ResourceConstraint::Eq(_) => Filter::certain(!wanted),
        ResourceConstraint::IsIn(kind, uid) => {
            let parts = [is(&kind.to_string()), inside(uid)];
            if wanted { Filter::all(parts) } else { Filter::any(parts) }
        }
    }
}
