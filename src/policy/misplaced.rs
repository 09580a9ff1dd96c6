//! Actions that are never on what the scope names: those of the other product, and those on what lies in it.

use std::collections::BTreeSet;

use cedar_policy::ActionConstraint;
use cedar_policy::EntityTypeName;
use cedar_policy::EntityUid;
use cedar_policy::Policy;
use cedar_policy::ResourceConstraint;
use cedar_policy::Schema;

use crate::policy::mistakes::Mistake;
use crate::policy::mistakes::place;

/// What is wrong about the actions and the resource of a scope together.
pub(super) fn find(policy: &Policy, schema: &Schema) -> Option<Mistake> {
    let (named, is_it) = match policy.resource_constraint() {
        ResourceConstraint::In(named) | ResourceConstraint::IsIn(_, named) => (named, false),
        ResourceConstraint::Eq(named) => (named, true),
        ResourceConstraint::Any | ResourceConstraint::Is(_) => return None,
    };
    let given = match policy.action_constraint() {
        ActionConstraint::Any => Vec::new(),
        ActionConstraint::Eq(action) => vec![action],
        ActionConstraint::In(actions) => actions,
    };
    let taken = actions(&given, schema);
    let kinds: BTreeSet<&EntityTypeName> =
        taken.iter().filter_map(|action| schema.resources_for_action(action)).flatten().collect();
    let kind = named.type_name();
    // An action or a type that there is not is said elsewhere.
    if kinds.is_empty() || schema.entity_types().all(|known| known != kind) {
        return None;
    }
    let lies_in = |inner: &EntityTypeName| {
        schema.ancestors(inner).is_some_and(|mut around| around.any(|outer| outer == kind))
    };
    let inner = kinds.iter().find(|inner| lies_in(inner));
    let (is_on, is_around) = (kinds.contains(kind), inner.is_some());
    let (message, help) = match (is_it, is_on, inner) {
        (true, true, Some(inner)) if !is_one_action(&given, schema) => {
            let own = taken.iter().filter(|action| is_on_kind(action, kind, schema)).count();
            (
                format!("takes `{named}` itself and not what lies in it: {own} of {} actions", taken.len()),
                format!("write `resource in {named}` for each {inner} in it as well"),
            )
        }
        (true, false, Some(inner)) => (
            format!("{} never on `{named}` itself, but on what lies in it, such as {inner}", verb(&given)),
            format!("write `resource in {named}`"),
        ),
        (_, false, None) if !is_around => {
            let on: Vec<String> = kinds.iter().map(|kind| format!("`{kind}`")).collect();
            (
                format!("{} never on a `{kind}`, but on {}", verb(&given), on.join(", ")),
                whole(kind, &kinds).unwrap_or_else(|| of_product(kind, &given)),
            )
        }
        _ => return None,
    };
    Some(Mistake { place: written(policy, &named), message, help, certain: !is_on })
}

/// The actions that are named, and those in the groups that are; all, if none is.
fn actions<'s>(given: &[EntityUid], schema: &'s Schema) -> Vec<&'s EntityUid> {
    let Ok(entities) = schema.action_entities() else { return Vec::new() };
    let is_taken = |action: &&EntityUid| {
        let is_in = |group: &EntityUid| {
            entities.ancestors(action).is_some_and(|mut groups| groups.any(|found| found == group))
        };
        given.is_empty() || given.iter().any(|named| named == *action || is_in(named))
    };
    let callable = schema.actions().filter(|action| {
        schema.resources_for_action(action).is_some_and(|mut resources| resources.next().is_some())
    });
    callable.filter(is_taken).collect()
}

fn is_on_kind(action: &EntityUid, kind: &EntityTypeName, schema: &Schema) -> bool {
    schema.resources_for_action(action).is_some_and(|mut resources| resources.any(|on| on == kind))
}

/// Whether no group is named: then it is known what each is on.
fn is_one_action(given: &[EntityUid], schema: &Schema) -> bool {
    !given.is_empty() && !given.iter().any(|named| schema.action_groups().any(|group| group == named))
}

fn verb(given: &[EntityUid]) -> String {
    match given {
        [one] => format!("`{}` is", one.id().unescaped()),
        _ => "these actions are".to_owned(),
    }
}

/// What to write where actions are on the whole of a product, and a part of it is named.
fn whole(kind: &EntityTypeName, kinds: &BTreeSet<&EntityTypeName>) -> Option<String> {
    let is_whole = |on: &&EntityTypeName| on.basename() == "Instance" && on.namespace() == kind.namespace();
    kinds.iter().all(is_whole).then(|| {
        format!(
            "write only `resource`: it is on all of {}, and finds nothing but what the caller may view",
            kind.namespace()
        )
    })
}

/// What to write where actions of one product are on objects of the other.
fn of_product(kind: &EntityTypeName, given: &[EntityUid]) -> String {
    let (own, other, place) = match kind.namespace().as_str() {
        "Jira" => ("jira", "confluence", "Confluence::Space::\"DOCS\""),
        _ => ("confluence", "jira", "Jira::Project::\"OPS\""),
    };
    let is_foreign = given.iter().all(|action| action.id().unescaped().starts_with(other));
    if is_foreign && !given.is_empty() {
        format!(
            "write a resource of theirs, such as `resource in {place}`, or actions of the other product, such as \
             `action in Mcp::Action::\"{own}:read\"`"
        )
    } else {
        "write a resource that they are on, or one that such lie in".to_owned()
    }
}

/// Where the resource is written.
fn written(policy: &Policy, named: &EntityUid) -> Option<std::ops::Range<usize>> {
    let literals = policy.entity_literals();
    literals.iter().find(|literal| *literal == named).and_then(|literal| place(literal.as_ref().loc()))
}
