//! Filters from what partial evaluation leaves of the policies: who asks, and in what session, is known; the item is not.
//!
//! `tpe` is an experimental part of Cedar: it is used here and nowhere else, and where it fails [`super::scopes`] does.

use cedar_policy::Effect;
use cedar_policy::PartialEntities;
use cedar_policy::PartialEntityUid;
use cedar_policy::PartialRequest;
use cedar_policy::TpeResponse;

use super::Asked;
use super::Narrow;
use super::errs::may_err;
use super::filter::Filter;
use super::read::Reader;

/// Knows all that does not depend on the item, and reads the conditions that are left.
#[derive(Debug)]
pub(in crate::policy) struct Evaluated;

impl Narrow for Evaluated {
    fn filter(&self, asked: &Asked<'_>) -> Option<Filter> {
        let request = PartialRequest::new(
            PartialEntityUid::from_concrete(asked.principal.uid.clone()),
            asked.action.clone(),
            PartialEntityUid::new(asked.kind.type_name().parse().ok()?, None),
            Some(asked.session.clone()),
            asked.schema,
        )
        .ok()?;
        let entities = PartialEntities::from_concrete(asked.entities.clone(), asked.schema).ok()?;
        let response = asked.policies.tpe(&request, &entities, asked.schema).ok()?;
        read(&response, Reader { kind: asked.kind, at: asked.at })
    }
}

/// What a permit allows and no forbid takes away.
fn read(response: &TpeResponse<'_>, reader: Reader<'_>) -> Option<Filter> {
    let mut permits = Vec::new();
    let mut parts = Vec::new();
    if response.true_permits().next().is_some() {
        permits.push(Filter::Always);
    }
    if response.true_forbids().next().is_some() {
        parts.push(Filter::Never);
    }
    // A policy that errs denies the item, whatever it says.
    if response.error_permits().next().is_some() || response.error_forbids().next().is_some() {
        parts.push(Filter::Unknown);
    }
    for policy in response.residual_policies() {
        let residual = policy.to_pst().ok()?;
        if may_err(&residual) {
            parts.push(Filter::Unknown);
        }
        match policy.effect() {
            Effect::Permit => permits.push(reader.policy(&residual, true)),
            Effect::Forbid => parts.push(reader.policy(&residual, false)),
        }
    }
    parts.push(Filter::any(permits));
    Some(Filter::all(parts))
}
