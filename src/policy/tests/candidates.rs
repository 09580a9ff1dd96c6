//! The sorted policies decide as the whole set does, whatever their scopes and conditions.

use cedar_policy::Authorizer;
use cedar_policy::Context;
use cedar_policy::Decision;
use cedar_policy::Entities;
use cedar_policy::Entity;
use cedar_policy::EntityUid;
use cedar_policy::PolicySet;
use cedar_policy::Request;
use proptest::prelude::*;

use crate::policy::candidates::Candidates;
use crate::policy::entities::Chain;
use crate::policy::looks::Looks;

const PROJECTS: [&str; 3] = ["A", "B", "C"];
const GROUPS: [&str; 3] = ["x", "y", "z"];

fn uid(text: &str) -> EntityUid {
    text.parse().unwrap()
}

/// A policy in every form that its scope and its first condition can have; some err.
fn policy() -> impl Strategy<Value = String> {
    let principals = prop::sample::select(vec![
        "principal".to_owned(),
        "principal == Id::User::\"ann\"".to_owned(),
        "principal in Id::Group::\"x\"".to_owned(),
        "principal is Id::User in Id::Group::\"y\"".to_owned(),
        "principal is Id::Service".to_owned(),
    ]);
    let resources = prop::sample::select(vec![
        "resource".to_owned(),
        "resource in Jira::Project::\"A\"".to_owned(),
        "resource == Jira::Issue::\"B-1\"".to_owned(),
        "resource is Jira::Issue in Jira::Project::\"C\"".to_owned(),
    ]);
    let conditions = prop::sample::select(vec![
        String::new(),
        "when { resource in Jira::Project::\"B\" && resource.key like \"B-*\" }".to_owned(),
        "when { resource in Jira::Project::\"B\" && 9223372036854775807 + 1 > 0 }".to_owned(),
        "when { principal in Id::Group::\"z\" && resource in Jira::Project::\"A\" }".to_owned(),
        "when { principal in Id::Group::\"z\" || resource in Jira::Project::\"A\" }".to_owned(),
        "unless { resource in Jira::Project::\"A\" }".to_owned(),
        "when { resource == Jira::Issue::\"A-1\" } unless { principal == Id::User::\"ann\" }".to_owned(),
        "when { 9223372036854775807 + 1 > 0 }".to_owned(),
    ]);
    let effects = prop::sample::select(vec!["permit", "permit", "forbid"]);
    (effects, principals, resources, conditions).prop_map(|(effect, principal, resource, condition)| {
        format!("{effect} ({principal}, action, {resource}) {condition};")
    })
}

proptest! {
    #[test]
    fn sorted_and_whole_decide_alike(
        policies in prop::collection::vec(policy(), 1..24),
        user in prop::sample::select(vec!["ann", "bob"]),
        groups in prop::sample::subsequence(GROUPS.to_vec(), 0..=3),
        project in prop::sample::select(PROJECTS.to_vec()),
    ) {
        let set: PolicySet = policies.concat().parse().unwrap();
        let action = uid("Mcp::Action::\"read\"");
        let groups: Vec<EntityUid> = groups.iter().map(|group| uid(&format!("Id::Group::\"{group}\""))).collect();
        let place = uid(&format!("Jira::Project::\"{project}\""));
        let principal = Chain { uid: uid(&format!("Id::User::\"{user}\"")), ancestors: groups.clone() };
        let resource = Chain { uid: uid(&format!("Jira::Issue::\"{project}-1\"")), ancestors: vec![place.clone()] };
        let key = cedar_policy::RestrictedExpression::new_string(format!("{project}-1"));
        let mut entities: Vec<Entity> = groups.iter().cloned().map(Entity::with_uid).collect();
        entities.push(Entity::new_no_attrs(principal.uid.clone(), groups.into_iter().collect()));
        entities.push(Entity::with_uid(action.clone()));
        entities.push(Entity::with_uid(place.clone()));
        entities.push(Entity::new(resource.uid.clone(), [("key".to_owned(), key)].into(), [place].into()).unwrap());
        let store = Entities::from_entities(entities, None).unwrap();
        let request =
            Request::new(principal.uid.clone(), action, resource.uid.clone(), Context::empty(), None).unwrap();

        let whole = Authorizer::new().is_authorized(&request, &set, &store);
        let looks: Vec<Looks> = set.policies().map(Looks::of).collect();
        let sorted = Candidates::new(set.policies().zip(&looks)).unwrap();
        let said = sorted.matching(&principal, &resource).ask(&Authorizer::new(), &request, &store);

        prop_assert_eq!(said.allowed, whole.decision() == Decision::Allow);
        let mut reasons: Vec<String> = whole.diagnostics().reason().map(ToString::to_string).collect();
        reasons.sort();
        prop_assert_eq!(&said.policies, &reasons);
        let mut errors: Vec<String> = whole.diagnostics().errors().map(ToString::to_string).collect();
        errors.sort();
        prop_assert_eq!(&said.errors, &errors);
    }
}
