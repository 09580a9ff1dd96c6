use crate::policy::Observed;
use std::collections::BTreeSet;

use super::*;

const ALL_TOOLS: [&str; 6] = [
    "confluence_create_page",
    "confluence_get_page",
    "confluence_search",
    "jira_add_comment",
    "jira_get_issue",
    "jira_search",
];
const READ_TOOLS: [&str; 4] = ["confluence_get_page", "confluence_search", "jira_get_issue", "jira_search"];

fn shown(engine: &Engine, principal: Option<&Principal>) -> BTreeSet<&'static str> {
    engine.visible_tools(principal, &session())
}

#[test]
fn profiles_decide_alone_and_show_what_they_allow() {
    let read_only = profile(PolicySource::ReadOnly);
    let read_write = profile(PolicySource::ReadWrite);
    for tool in ALL_TOOLS {
        assert!(read_only.decides_alone(tool) && read_write.decides_alone(tool), "{tool}");
    }
    assert!(!read_only.decides_alone("jira_nothing"));
    for principal in [None, Some(&user(&[]))] {
        assert_eq!(shown(&read_only, principal), BTreeSet::from(READ_TOOLS));
        assert_eq!(shown(&read_write, principal), BTreeSet::from(ALL_TOOLS));
    }
}

#[test]
fn a_tool_that_is_decided_alone_needs_no_look_up() {
    let read_only = profile(PolicySource::ReadOnly);
    let (ann, session) = (user(&[]), session());
    let resources = [unresolved_issue("OPS-1")];
    let input = input("jira_get_issue", &resources);
    let question = Question {
        principal: &ann,
        session: &session,
        tool: "jira_get_issue",
        resources: &resources,
        input: &input,
        observed: &Observed::default(),
    };
    assert!(!read_only.decide::<Read>(&question).unwrap().decision().resolved);
    let no_page = Resource::Page { id: PageId::parse("1").unwrap(), space: None };
    assert_eq!(verdict(&read_only, &ann, "confluence_get_page", std::slice::from_ref(&no_page)), None);
    let write = verdict(&read_only, &ann, "jira_add_comment", &[unresolved_issue("OPS-1")]);
    assert_eq!(write, Some(DenyReason::Policy));
    // A result's item is never shown before its place is known.
    assert!(!read_only.may_view(&ann, &session, &no_page, &Observed::default()));
}

#[test]
fn whatever_depends_on_the_call_is_not_decided_alone() {
    let table = [
        (r#"permit (principal, action, resource in Jira::Project::"OPS");"#, false),
        (r#"permit (principal, action, resource == Jira::Issue::"OPS-1");"#, false),
        (r#"permit (principal == Id::User::"ann", action, resource);"#, false),
        (r#"permit (principal in Id::Group::"jira:dev", action, resource);"#, false),
        (r#"permit (principal is Id::User in Id::Group::"jira:dev", action, resource);"#, false),
        (r"permit (principal, action, resource) when { context.session.read_only };", false),
        (
            r#"permit (principal, action == Mcp::Action::"jira_get_issue", resource) when { context.input has comment_limit };"#,
            false,
        ),
        (
            r#"permit (principal, action == Mcp::Action::"jira:view_item", resource) unless { principal is Id::Service };"#,
            false,
        ),
        (r"permit (principal is Id::User, action, resource);", true),
        (r"permit (principal, action, resource is Jira::Issue);", true),
        (
            r#"permit (principal, action == Mcp::Action::"jira_search", resource) when { context.input has limit };"#,
            true,
        ),
    ];
    for (policy, alone) in table {
        let own = format!("@id(\"x\") {policy}");
        assert_eq!(engine(&[ALL, &own]).decides_alone("jira_get_issue"), alone, "{policy}");
    }
    let by_type = engine(&[r#"@id("x") permit (principal is Id::User, action, resource);"#]);
    assert!(!by_type.decides_alone("jira_get_issue"));
    let blind = engine(&[
        r#"@id("x") permit (principal, action in Mcp::Action::"jira:read", resource is Jira::Issue);
           @id("no") @advice("no") forbid (principal, action == Mcp::Action::"jira:view_item", resource in Jira::Project::"HR");"#,
    ]);
    assert!(!blind.decides_alone("jira_get_issue"));
}

#[test]
fn a_policy_on_arguments_or_resources_hides_no_tool() {
    let engine = engine(&[
        SEE_ALL,
        r#"
        @id("a") permit (principal, action == Mcp::Action::"jira_get_issue", resource)
        when { context.input.issue_key == "OPS-1" };
        @id("b") permit (principal, action == Mcp::Action::"jira_add_comment", resource in Jira::Project::"OPS")
        when { context.input.body_len < 100 && context.session.method == "pat" };
        @id("c") permit (principal in Id::Group::"jira:dev", action == Mcp::Action::"jira_search", resource);
        @id("d") permit (principal == Id::User::"bob", action == Mcp::Action::"confluence_search", resource);
        @id("e") permit (principal is Id::Service, action == Mcp::Action::"confluence_get_page", resource);
        "#,
    ]);
    let always = ["jira_add_comment", "jira_get_issue"];
    let anyone =
        ["confluence_get_page", "confluence_search", "jira_add_comment", "jira_get_issue", "jira_search"];
    assert_eq!(shown(&engine, None), BTreeSet::from(anyone));
    assert_eq!(shown(&engine, Some(&user(&[]))), BTreeSet::from(always));
    assert_eq!(
        shown(&engine, Some(&user(&["jira:dev"]))),
        BTreeSet::from(["jira_add_comment", "jira_get_issue", "jira_search"])
    );
    let mut unasked = user(&[]);
    unasked.groups = None;
    assert!(shown(&engine, Some(&unasked)).contains("jira_search"));
}

#[test]
fn a_tool_whose_resources_cannot_be_seen_is_hidden() {
    let engine = engine(&[r#"
        @id("call") permit (principal, action in [Mcp::Action::"jira_get_issue", Mcp::Action::"jira_search"], resource);
        @id("see") permit (principal in Id::Group::"jira:dev", action == Mcp::Action::"jira:view_item", resource);
    "#]);
    assert_eq!(shown(&engine, Some(&user(&[]))), BTreeSet::from(["jira_search"]));
    assert_eq!(shown(&engine, Some(&user(&["jira:dev"]))), BTreeSet::from(["jira_get_issue", "jira_search"]));
}

#[test]
fn forbidden_tools_are_hidden_from_those_they_are_forbidden_to() {
    let engine = engine(&[
        ALL,
        r#"
        @id("guests") @advice("no")
        forbid (principal in Id::Group::"jira:guests", action in Mcp::Action::"jira:write", resource);
        @id("some") @advice("no")
        forbid (principal, action in Mcp::Action::"confluence:write", resource in Confluence::Space::"HR");
    "#,
    ]);
    assert_eq!(shown(&engine, Some(&user(&[]))), BTreeSet::from(ALL_TOOLS));
    let guest = shown(&engine, Some(&user(&["jira:guests"])));
    assert!(!guest.contains("jira_add_comment") && guest.contains("confluence_create_page"), "{guest:?}");
}

#[test]
fn a_session_hides_what_it_can_never_do() {
    let engine = engine(&[
        SEE_ALL,
        r#"
        @id("a") permit (principal, action in Mcp::Action::"jira:write", resource) when { context.session.method == "pat" };
        @id("b") permit (principal, action == Mcp::Action::"confluence_create_page", resource)
        when { context.session.method == "pat" && context.input.title == "Draft" };
        @id("c") permit (principal, action == Mcp::Action::"jira_get_issue", resource)
        when { context has session && context.session has address };
    "#,
    ]);
    let mut lent = session();
    lent.method = "lent";
    lent.address = None;
    let all = ["confluence_create_page", "jira_add_comment", "jira_get_issue"];
    assert_eq!(engine.visible_tools(Some(&user(&[])), &session()), BTreeSet::from(all));
    // The policy on the title is not decided before the title is known.
    assert_eq!(engine.visible_tools(Some(&user(&[])), &lent), BTreeSet::from(["confluence_create_page"]));
}
