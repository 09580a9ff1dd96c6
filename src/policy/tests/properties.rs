//! The same questions put to Cedar the slow way: every policy, every entity, checked against the schema.

use std::collections::BTreeSet;

use cedar_policy::Authorizer;
use cedar_policy::Entities;
use cedar_policy::PolicySet;
use cedar_policy::Request;
use proptest::prelude::*;

use super::*;
use crate::policy::Observed;
use crate::policy::context;

const GROUPS: [&str; 3] = ["jira:dev", "jira:guests", "jira:ops team"];
const PROJECTS: [&str; 4] = ["OPS", "DEV", "SECRET", "HR"];
const TOOLS: [&str; 3] = ["jira_get_issue", "jira_add_comment", "jira_search"];

/// One policy from a small grammar; `number` makes its id.
fn policy() -> impl Strategy<Value = String> {
    let principal = prop_oneof![
        Just("principal".to_owned()),
        Just("principal is Id::User".to_owned()),
        Just("principal == Id::User::\"ann\"".to_owned()),
        prop::sample::select(&GROUPS[..]).prop_map(|group| format!("principal in Id::Group::\"{group}\"")),
    ];
    let action = prop::sample::select(
        &[
            "action in Mcp::Action::\"jira\"",
            "action in Mcp::Action::\"jira:read\"",
            "action in Mcp::Action::\"jira:write\"",
            "action == Mcp::Action::\"jira_get_issue\"",
            "action in [Mcp::Action::\"jira:view_item\", Mcp::Action::\"jira_add_comment\"]",
        ][..],
    );
    let resource = prop_oneof![
        Just("resource".to_owned()),
        Just("resource in Jira::Instance::\"default\"".to_owned()),
        prop::sample::select(&PROJECTS[..]).prop_map(|key| format!("resource in Jira::Project::\"{key}\"")),
        prop::sample::select(&PROJECTS[..]).prop_map(|key| format!("resource == Jira::Issue::\"{key}-1\"")),
    ];
    let condition = prop::sample::select(
        &[
            "",
            "",
            "when { context.session.method == \"pat\" }",
            "when { context.session has address && context.session.address.isLoopback() }",
            "when { resource is Jira::Issue && resource.project.key == \"OPS\" }",
            "when { context has input && context.input has issue_key && context.input.issue_key like \"OPS-*\" }",
            "unless { resource in [Jira::Project::\"OPS\", Jira::Project::\"DEV\"] }",
        ][..],
    );
    (any::<bool>(), principal, action, resource, condition).prop_map(
        |(permit, principal, action, resource, condition)| {
            let effect = if permit { "permit" } else { "@advice(\"no\") forbid" };
            format!("{effect} ({principal}, {action}, {resource}) {condition};")
        },
    )
}

fn policies() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(policy(), 1..7).prop_map(|policies| {
        let named = policies.into_iter().enumerate();
        named.map(|(number, policy)| format!("@id(\"p{number}\") {policy}")).collect()
    })
}

fn principal() -> impl Strategy<Value = Principal> {
    let groups = prop::collection::btree_set(prop::sample::select(&GROUPS[..]).prop_map(str::to_owned), 0..3);
    let id = prop::sample::select(&["ann", "bob"][..]);
    (any::<bool>(), id, groups).prop_map(|(person, id, groups)| Principal {
        kind: if person { PrincipalKind::User } else { PrincipalKind::Service },
        id: id.to_owned(),
        groups: Some(groups),
    })
}

/// What Cedar says of one action, or `None` where some policy erred.
fn slowly(
    engine: &Engine,
    all: &PolicySet,
    principal: &Principal,
    action: &str,
    resource: &Resource,
    context: cedar_policy::Context,
) -> bool {
    let types = Types::parse().unwrap();
    let own = entities(principal, resource, &InstanceName::default());
    let store = Entities::from_entities(own, Some(&engine.schema)).unwrap();
    let request = Request::new(
        types.principal(principal).uid,
        types.action(action),
        types.resource(resource, &InstanceName::default(), &Observed::default()).uid,
        context,
        Some(&engine.schema),
    );
    let response = Authorizer::new().is_authorized(&request.unwrap(), all, &store);
    response.decision() == cedar_policy::Decision::Allow && response.diagnostics().errors().count() == 0
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn decisions_are_those_of_cedar_with_everything_in_the_store(
        texts in policies(),
        principal in principal(),
        tool in prop::sample::select(&TOOLS[..]),
        key in prop::sample::select(&PROJECTS[..]),
        home in prop::sample::select(&PROJECTS[..]),
        number in 1..3,
    ) {
        let directory = directory(&[("own.cedar", &texts.join("\n"))]);
        // Some of these policies can never match; that they are refused is tested elsewhere.
        let engine = load_from(directory.path(), |_| ());
        prop_assume!(engine.is_ok());
        let engine = engine.unwrap();
        let all: PolicySet = texts.join("\n").parse().unwrap();
        let issue_key = IssueKey::parse(&format!("{key}-{number}")).unwrap();
        let resource = match tool {
            "jira_search" => Resource::Instance(Product::Jira),
            _ => Resource::Issue { key: issue_key, project: Some(project(home)) },
        };
        let resources = [resource.clone()];
        let input = input(tool, &resources);
        let session_context = context::session(&session()).unwrap();
        let fields = &engine.tools[tool].facts.input;
        let tool_context = context::tool(session_context.clone(), fields, &input).unwrap();

        let visible = matches!(resource, Resource::Instance(_))
            || slowly(&engine, &all, &principal, "jira:view_item", &resource, session_context);
        let wanted = visible && slowly(&engine, &all, &principal, tool, &resource, tool_context);
        let answer = ask(&engine, &principal, tool, &resources);
        prop_assert_eq!(answer.is_ok(), wanted, "{:?} {}", texts, resource);
        if let Err(denied) = &answer {
            prop_assert!(denied.reason != DenyReason::Error, "{:?}", denied);
            prop_assert_eq!(denied.reason == DenyReason::NotVisible, !visible);
        }
        // Whoever may call a tool is shown it.
        let shown = engine.visible_tools(Some(&principal), &session());
        let to_anyone: BTreeSet<&str> = engine.visible_tools(None, &session());
        prop_assert!(answer.is_err() || shown.contains(tool));
        prop_assert!(shown.is_subset(&to_anyone));
        // What is decided alone is decided the same without the project.
        if engine.decides_alone(tool) && let Resource::Issue { key, .. } = resource {
            let unresolved = [Resource::Issue { key, project: None }];
            prop_assert_eq!(ask(&engine, &principal, tool, &unresolved).is_ok(), wanted);
        }
    }

    #[test]
    fn spelling_makes_no_difference(
        texts in policies(),
        principal in principal(),
        key in prop::sample::select(&PROJECTS[..]),
        mask in any::<u8>(),
    ) {
        let directory = directory(&[("own.cedar", &texts.join("\n"))]);
        let engine = load_from(directory.path(), |_| ());
        prop_assume!(engine.is_ok());
        let engine = engine.unwrap();
        let spelled: String = key
            .chars()
            .enumerate()
            .map(|(place, c)| if mask >> (place % 8) & 1 == 1 { c.to_ascii_lowercase() } else { c })
            .collect();
        let (plain, odd) = (issue(&format!("{key}-1")), issue(&format!(" {spelled}-1")));
        for tool in ["jira_get_issue", "jira_add_comment"] {
            let ask = |resource: &Resource| verdict(&engine, &principal, tool, std::slice::from_ref(resource));
            prop_assert_eq!(ask(&plain), ask(&odd));
        }
        prop_assert_eq!(
            engine.may_view(&principal, &session(), &plain, &Observed::default()),
            engine.may_view(&principal, &session(), &odd, &Observed::default())
        );
    }
}
