//! The ways in which an engine on Cedar fails open, each shown and closed.

use cedar_policy::Authorizer;
use cedar_policy::Entities;

use super::*;
use crate::policy::Observed;
use crate::policy::context;
use crate::policy::entities::check_complete;
use crate::policy::entities::closed;

const NO_WRITES: &str =
    r#"@id("no-writes") @advice("no") forbid (principal, action in Mcp::Action::"write", resource);"#;
const NO_SECRET: &str =
    r#"@id("no-secret") @advice("no") forbid (principal, action, resource in Jira::Project::"SECRET");"#;

/// Asks Cedar itself, with exactly these entities.
fn cedar(
    engine: &Engine,
    tool: &'static str,
    resource: &Resource,
    store: &Entities,
) -> cedar_policy::Decision {
    let types = Types::parse().unwrap();
    let rule = &engine.tools[tool];
    let resources = [resource.clone()];
    let context =
        context::tool(context::session(&session()).unwrap(), &rule.facts.input, &input(tool, &resources))
            .unwrap();
    let request = cedar_policy::Request::new(
        types.principal(&user(&[])).uid,
        rule.action.chain.uid.clone(),
        types.resource(resource, &InstanceName::default(), &Observed::default()).uid,
        context,
        Some(&engine.schema),
    );
    Authorizer::new().is_authorized(&request.unwrap(), &rule.action.candidates.all, store).decision()
}

#[test]
fn without_action_entities_cedar_allows_a_forbidden_write_and_we_refuse_to_ask() {
    let engine = engine(&[ALL, NO_WRITES]);
    let ops = issue("OPS-1");
    let own = entities(&user(&[]), &ops, &InstanceName::default());
    let store = Entities::from_entities(own, None).unwrap();
    assert_eq!(cedar(&engine, "jira_add_comment", &ops, &store), cedar_policy::Decision::Allow);
    let action = &engine.tools["jira_add_comment"].action.chain;
    assert!(action.ancestors.len() >= 5, "{action:?}");
    assert!(check_complete(&store, action).is_err());

    assert_eq!(verdict(&engine, &user(&[]), "jira_add_comment", &[ops]), Some(DenyReason::Policy));
}

#[test]
fn without_the_parent_cedar_allows_a_forbidden_project_and_we_refuse_to_ask() {
    let engine = engine(&[ALL, NO_SECRET]);
    let types = Types::parse().unwrap();
    let secret = issue("SECRET-1");
    let base = &engine.tools["jira_get_issue"].base;
    let without = base.clone().add_entities([types.principal(&user(&[])).entity()], None).unwrap();
    let orphan = entities(&user(&[]), &unresolved_issue("SECRET-1"), &InstanceName::default());
    let orphan = base.clone().add_entities(orphan, None).unwrap();
    for store in [without, orphan] {
        assert_eq!(cedar(&engine, "jira_get_issue", &secret, &store), cedar_policy::Decision::Allow);
        assert!(
            check_complete(&store, &types.resource(&secret, &InstanceName::default(), &Observed::default()))
                .is_err()
        );
    }
    assert_eq!(verdict(&engine, &user(&[]), "jira_get_issue", &[secret]), Some(DenyReason::NotVisible));
    assert_eq!(
        verdict(&engine, &user(&[]), "jira_get_issue", &[unresolved_issue("SECRET-1")]),
        Some(DenyReason::Error)
    );
}

#[test]
fn a_store_that_lacks_anything_is_refused() {
    let engine = engine(&[ALL]);
    let types = Types::parse().unwrap();
    let ann = user(&["jira:dev"]);
    let resource = issue("OPS-1");
    let own = entities(&ann, &resource, &InstanceName::default());
    let full = engine.tools["jira_get_issue"].base.clone().add_entities(own, None).unwrap();
    let chains = [
        types.principal(&ann),
        engine.tools["jira_get_issue"].action.chain.clone(),
        types.resource(&resource, &InstanceName::default(), &Observed::default()),
    ];
    for chain in &chains {
        assert_eq!(check_complete(&full, chain), Ok(()));
        let others = || full.iter().filter(|entity| entity.uid() != chain.uid).cloned();
        let gone = Entities::from_entities(others(), None).unwrap();
        assert!(check_complete(&gone, chain).is_err(), "{}", chain.uid);
        assert!(!chain.ancestors.is_empty());
        for ancestor in &chain.ancestors {
            let mut less = chain.clone();
            less.ancestors.retain(|kept| kept != ancestor);
            let own: Vec<_> = others().chain([less.entity()]).collect();
            let store = closed(&Entities::empty(), stored(&own)).unwrap();
            assert!(check_complete(&store, chain).is_err(), "{} in {ancestor}", chain.uid);
        }
    }
}

#[test]
fn a_store_is_closed_without_cedar_closing_it() {
    let engine = engine(&[ALL]);
    let base = &engine.tools["jira_get_issue"].base;
    for resource in [issue("OPS-1"), page("65537", "DOCS"), Resource::Project(project("OPS"))] {
        let own = entities(&user(&["jira:dev", "jira:ops"]), &resource, &InstanceName::default());
        let ours = closed(base, stored(&own)).unwrap();
        let cedars = base.clone().add_entities(own, None).unwrap();
        assert!(ours.as_ref().deep_eq(cedars.as_ref()), "{resource}");
    }
}

#[test]
fn a_decision_is_never_asked_of_a_store_that_lacks_the_actions() {
    let mut engine = engine(&[ALL, NO_WRITES]);
    engine.tools.get_mut("jira_add_comment").unwrap().base = Entities::empty();
    let denied = ask(&engine, &user(&[]), "jira_add_comment", &[issue("OPS-1")]).unwrap_err();
    assert_eq!(denied.reason, DenyReason::Error);
    assert!(denied.errors[0].starts_with("the store lacks `Mcp::Action::"), "{:?}", denied.errors);
}

#[test]
fn lower_case_keys_are_the_same_resource() {
    let engine = engine(&[ALL, NO_SECRET]);
    for key in ["SECRET-1", "secret-1", " Secret-1 "] {
        assert_eq!(
            verdict(&engine, &user(&[]), "jira_get_issue", &[issue(key)]),
            Some(DenyReason::NotVisible),
            "{key}"
        );
    }
    assert_eq!(verdict(&engine, &user(&[]), "jira_get_issue", &[issue("ops-1")]), None);
}

#[test]
fn a_forbid_that_errs_denies() {
    let engine = engine(&[
        ALL,
        r#"
        @id("overflow") @advice("no") forbid (principal, action == Mcp::Action::"jira_search", resource)
        when { context.input has limit && context.input.limit * 9223372036854775807 > 100 };
    "#,
    ]);
    let resources = [Resource::Instance(Product::Jira)];
    let with_limit = |limit| {
        let mut input = input("jira_search", &resources);
        input.insert("limit".to_owned(), InputValue::Number(limit));
        ask_with(&engine, &user(&[]), &session(), "jira_search", &resources, &input)
    };
    assert_eq!(with_limit(1).unwrap_err().reason, DenyReason::Policy);
    assert_eq!(with_limit(0).unwrap(), ["all"]);
    let denied = with_limit(2).unwrap_err();
    assert_eq!(denied.reason, DenyReason::Error);
    assert!(denied.errors[0].contains("`overflow`"), "{:?}", denied.errors);
}

#[test]
fn an_error_in_view_item_hides_the_item() {
    let engine = engine(&[
        ALL,
        r#"
        @id("overflow") @advice("no") forbid (principal, action == Mcp::Action::"jira:view_item", resource)
        when { context.session.now.toTime().toMilliseconds() * 9223372036854775807 == 0 };
    "#,
    ]);
    assert!(!engine.may_view(&user(&[]), &session(), &issue("OPS-1"), &Observed::default()));
    assert_eq!(verdict(&engine, &user(&[]), "jira_get_issue", &[issue("OPS-1")]), Some(DenyReason::Error));
    assert!(engine.may_view(&user(&[]), &session(), &page("1", "DOCS"), &Observed::default()));
}

#[test]
fn one_issue_in_two_projects_is_an_error() {
    let engine = engine(&[ALL]);
    let key = IssueKey::parse("OPS-1").unwrap();
    let in_project = |name| Resource::Issue { key: key.clone(), project: Some(project(name)) };
    let answer = ask(&engine, &user(&[]), "jira_get_issue", &[in_project("OPS"), in_project("HR")]);
    assert_eq!(answer.unwrap_err().reason, DenyReason::Error);
    assert!(ask(&engine, &user(&[]), "jira_get_issue", &[in_project("OPS"), in_project("OPS")]).is_ok());
}

#[test]
fn names_from_outside_stay_names() {
    let engine = engine(&[
        ALL,
        r#"
        @id("guests") @advice("no")
        forbid (principal in Id::Group::"jira:guests", action in Mcp::Action::"jira", resource);
    "#,
    ]);
    let mut odd = user(&["jira:dev\"} , Id::Group::\"jira:guests"]);
    odd.id = "x\"\n::\\u{0}".to_owned();
    assert_eq!(verdict(&engine, &odd, "jira_get_issue", &[issue("OPS-1")]), None);
    let guest = user(&["jira:guests"]);
    assert_eq!(verdict(&engine, &guest, "jira_get_issue", &[issue("OPS-1")]), Some(DenyReason::NotVisible));
}
