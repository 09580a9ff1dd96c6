use super::*;
use crate::policy::Observed;

/// One way in which a session differs.
type Change = fn(&mut Session);

#[test]
fn the_read_only_profile_reads_everything_and_says_why_it_writes_nothing() {
    let engine = profile(PolicySource::ReadOnly);
    let ann = user(&[]);
    assert_eq!(ask(&engine, &ann, "jira_get_issue", &[issue("OPS-1")]).unwrap(), ["read"]);
    assert_eq!(verdict(&engine, &ann, "jira_search", &[Resource::Instance(Product::Jira)]), None);
    assert_eq!(verdict(&engine, &ann, "confluence_get_page", &[page("1", "DOCS")]), None);
    let denied = ask(&engine, &ann, "jira_add_comment", &[issue("OPS-1")]).unwrap_err();
    assert_eq!(denied.reason, DenyReason::Policy);
    assert_eq!(denied.policies, ["no-writes"]);
    assert_eq!(denied.advice, ["writes are off; set READ_ONLY_MODE=false"]);
}

#[test]
fn the_read_write_profile_allows_what_the_account_can_do() {
    let engine = profile(PolicySource::ReadWrite);
    let service = Principal { kind: PrincipalKind::Service, id: "bot".to_owned(), groups: None };
    for principal in [user(&[]), service] {
        assert_eq!(ask(&engine, &principal, "jira_add_comment", &[issue("OPS-1")]).unwrap(), ["write"]);
        assert_eq!(verdict(&engine, &principal, "jira_get_issue", &[issue("OPS-1")]), None);
    }
}

#[test]
fn read_only_beats_every_policy() {
    let own = directory(&[("own.cedar", ALL)]);
    for source in [PolicySource::ReadWrite, PolicySource::Directory(own.path().to_owned())] {
        let mut settings = settings(source);
        settings.read_only = true;
        let engine = Engine::load(&tools(), &settings).unwrap();
        let ann = user(&[]);
        let denied = ask(&engine, &ann, "jira_add_comment", &[issue("OPS-1")]).unwrap_err();
        assert_eq!(
            (denied.reason, denied.policies),
            (DenyReason::Policy, vec!["portcullis:read-only".to_owned()])
        );
        assert_eq!(denied.advice, ["writes are off; set READ_ONLY_MODE=false"]);
        assert_eq!(verdict(&engine, &ann, "jira_get_issue", &[issue("OPS-1")]), None);
    }
}

#[test]
fn a_decision_says_what_was_decided() {
    let engine = profile(PolicySource::ReadOnly);
    let (ann, session) = (user(&[]), session());
    let resources = [issue("OPS-1")];
    let input = input("jira_get_issue", &resources);
    let question = Question {
        principal: &ann,
        session: &session,
        tool: "jira_get_issue",
        resources: &resources,
        input: &input,
        observed: &Observed::default(),
    };
    let first = engine.decide::<Read>(&question).unwrap();
    let second = engine.decide::<Read>(&question).unwrap();
    let decision = first.decision();
    assert_eq!((decision.tool, decision.resources.as_slice()), ("jira_get_issue", resources.as_slice()));
    assert_eq!((decision.basis.policy_hash.as_str(), decision.resolved), (engine.policy_hash(), true));
    assert!(decision.id.len() == 24 && decision.id.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert_ne!(decision.id, second.decision().id);

    let wrong_effect = engine.decide::<Write>(&question).unwrap_err();
    assert_eq!(wrong_effect.reason, DenyReason::Error);
    assert_eq!(wrong_effect.errors, ["`jira_get_issue` is a read tool, asked as write"]);
}

#[test]
fn visibility_comes_before_the_policy_on_the_call() {
    let engine = engine(&[r#"
        @id("see-ops") permit (principal, action in Mcp::Action::"read", resource in Jira::Project::"OPS");
        @id("no-comments") @advice("comment in the portal")
        forbid (principal, action == Mcp::Action::"jira_add_comment", resource);
    "#]);
    let ann = user(&[]);
    let table = [
        ("jira_get_issue", issue("OPS-1"), None),
        ("jira_get_issue", issue("HR-1"), Some(DenyReason::NotVisible)),
        ("jira_add_comment", issue("OPS-1"), Some(DenyReason::Policy)),
        ("jira_add_comment", issue("HR-1"), Some(DenyReason::NotVisible)),
        ("confluence_get_page", page("1", "DOCS"), Some(DenyReason::NotVisible)),
        ("jira_search", Resource::Instance(Product::Jira), Some(DenyReason::NoPolicy)),
    ];
    for (tool, resource, wanted) in table {
        assert_eq!(
            verdict(&engine, &ann, tool, std::slice::from_ref(&resource)),
            wanted,
            "{tool} {resource}"
        );
    }
    let hidden = ask(&engine, &ann, "jira_add_comment", &[issue("HR-1")]).unwrap_err();
    assert_eq!((hidden.policies, hidden.advice), (vec![], vec![]));
}

#[test]
fn every_resource_of_a_call_must_be_allowed() {
    let engine = engine(&[
        SEE_ALL,
        r#"@id("docs") permit (principal, action in Mcp::Action::"confluence:write", resource in Confluence::Space::"DOCS");"#,
    ]);
    let ann = user(&[]);
    let docs = Resource::Space(space("docs"));
    let tool = "confluence_create_page";
    assert_eq!(verdict(&engine, &ann, tool, std::slice::from_ref(&docs)), None);
    assert_eq!(verdict(&engine, &ann, tool, &[docs.clone(), page("7", "DOCS")]), None);
    assert_eq!(verdict(&engine, &ann, tool, &[docs.clone(), page("7", "HR")]), Some(DenyReason::NoPolicy));
    assert_eq!(verdict(&engine, &ann, tool, &[page("7", "HR"), docs]), Some(DenyReason::NoPolicy));
}

#[test]
fn one_hidden_resource_hides_the_call() {
    let engine = engine(&[r#"
        @id("docs") permit (principal, action, resource in Confluence::Space::"DOCS");
        @id("write-hr") permit (principal, action in Mcp::Action::"write", resource in Confluence::Space::"HR");
    "#]);
    let call = [Resource::Space(space("DOCS")), page("7", "HR")];
    assert_eq!(verdict(&engine, &user(&[]), "confluence_create_page", &call), Some(DenyReason::NotVisible));
}

#[test]
fn group_policies_hold_for_every_tool_that_has_the_argument() {
    let engine = engine(&[
        READ_ALL,
        r#"
        @id("comments") permit (principal in Id::Group::"jira:dev", action in Mcp::Action::"jira:write", resource)
        when { context.input has body_len && context.input.body_len <= 10 };
        @id("titles") permit (principal, action in Mcp::Action::"write", resource)
        when { context.input has title && context.input.title like "Draft*" };
        "#,
    ]);
    let (dev, other, session) = (user(&["jira:dev", "jira:all"]), user(&["jira:all"]), session());
    let ops = [issue("OPS-1")];
    let comment = |principal: &Principal, body: &str| {
        let mut input = input("jira_add_comment", &ops);
        input.insert("body".to_owned(), InputValue::Text(body.to_owned()));
        ask_with(&engine, principal, &session, "jira_add_comment", &ops, &input)
            .err()
            .map(|denied| denied.reason)
    };
    assert_eq!(comment(&dev, "short"), None);
    assert_eq!(comment(&dev, "äöüäöüäöüä"), None);
    assert_eq!(comment(&dev, "longer than ten"), Some(DenyReason::NoPolicy));
    assert_eq!(comment(&other, "short"), Some(DenyReason::NoPolicy));

    let docs = [Resource::Space(space("DOCS"))];
    let mut input = input("confluence_create_page", &docs);
    input.insert("title".to_owned(), InputValue::Text("Draft one".to_owned()));
    assert!(ask_with(&engine, &other, &session, "confluence_create_page", &docs, &input).is_ok());
}

#[test]
fn policies_see_the_session() {
    let engine = engine(&[
        SEE_ALL,
        r#"@id("inside") permit (principal is Id::User, action, resource) when {
            context.session has address && context.session.address.isInRange(ip("10.0.0.0/8"))
            && context.session.method == "pat" && !context.session.read_only
            && context.session.now >= datetime("2025-10-09T08:53:20.123Z")
            && context.session.now < datetime("2025-10-09T08:53:20.124Z")
        };"#,
    ]);
    let changes: [(&str, Change, bool); 6] = [
        ("as is", |_| (), true),
        ("mapped address", |session| session.address = "::ffff:10.0.0.1".parse().ok(), true),
        ("other network", |session| session.address = "192.0.2.1".parse().ok(), false),
        ("stdio", |session| session.address = None, false),
        ("other method", |session| session.method = "lent", false),
        ("later", |session| session.now_ms += 1, false),
    ];
    let resources = [issue("OPS-1")];
    for (what, change, allowed) in changes {
        let mut session = session();
        change(&mut session);
        let input = input("jira_get_issue", &resources);
        let answer = ask_with(&engine, &user(&[]), &session, "jira_get_issue", &resources, &input);
        assert_eq!(answer.is_ok(), allowed, "{what}: {answer:?}");
    }
}

#[test]
fn what_cannot_be_asked_is_an_error() {
    let engine = engine(&[
        ALL,
        r#"
        @id("g") @advice("no") forbid (principal in Id::Group::"jira:guests", action in Mcp::Action::"jira", resource);
    "#,
    ]);
    let ann = user(&[]);
    let mut unasked = user(&[]);
    unasked.groups = None;
    let ops = issue("OPS-1");
    let table: [(&str, &Principal, &'static str, &[Resource], &str); 6] = [
        (
            "no such tool",
            &ann,
            "jira_nothing",
            std::slice::from_ref(&ops),
            "no tool is called `jira_nothing`",
        ),
        ("no resource", &ann, "jira_get_issue", &[], "the call of `jira_get_issue` names no resource"),
        (
            "wrong kind",
            &ann,
            "jira_get_issue",
            &[Resource::Project(project("OPS"))],
            "`jira_get_issue` takes no Jira::Project",
        ),
        (
            "wrong product",
            &ann,
            "jira_get_issue",
            &[page("1", "DOCS")],
            "`jira_get_issue` takes no Confluence::Page",
        ),
        (
            "not resolved",
            &ann,
            "jira_get_issue",
            &[unresolved_issue("OPS-1")],
            "the project or space of `Jira::Issue::\"OPS-1\"` is not known",
        ),
        (
            "groups not asked",
            &unasked,
            "jira_get_issue",
            std::slice::from_ref(&ops),
            "the groups of `Id::User::\"ann\"` are not known",
        ),
    ];
    for (what, principal, tool, resources, wanted) in table {
        let input = BTreeMap::from([("issue_key".to_owned(), InputValue::Text("OPS-1".to_owned()))]);
        let denied = ask_with(&engine, principal, &session(), tool, resources, &input).unwrap_err();
        assert_eq!(
            (denied.reason, denied.errors.as_slice()),
            (DenyReason::Error, [wanted.to_owned()].as_slice()),
            "{what}"
        );
    }
    assert_eq!(verdict(&engine, &unasked, "confluence_get_page", &[page("1", "DOCS")]), None);
    assert!(engine.may_view(&unasked, &session(), &page("1", "DOCS"), &Observed::default()));
    assert!(
        engine.may_view(&ann, &session(), &ops, &Observed::default())
            && !engine.may_view(&unasked, &session(), &ops, &Observed::default())
    );
    assert!(!engine.may_view(&ann, &session(), &Resource::Instance(Product::Jira), &Observed::default()));
}

#[test]
fn arguments_that_do_not_fit_the_schema_are_an_error() {
    let engine = engine(&[ALL]);
    let text = |name: &str| (name.to_owned(), InputValue::Text("x".to_owned()));
    let table = [
        BTreeMap::new(),
        BTreeMap::from([text("issue_key"), text("unknown")]),
        BTreeMap::from([("issue_key".to_owned(), InputValue::Number(1))]),
        BTreeMap::from([text("issue_key"), text("comment_limit")]),
        BTreeMap::from([text("issue_key"), ("comment_limit".to_owned(), InputValue::Flag(true))]),
    ];
    for input in table {
        let denied = ask_with(&engine, &user(&[]), &session(), "jira_get_issue", &[issue("OPS-1")], &input)
            .unwrap_err();
        assert_eq!(denied.reason, DenyReason::Error, "{input:?}");
        assert_eq!(denied.errors.len(), 1);
    }
}

#[test]
fn a_time_that_cedar_cannot_write_is_an_error() {
    let engine = engine(&[
        r#"@id("late") permit (principal, action, resource) when { context.session.now > datetime("2020-01-01") };"#,
    ]);
    let resources = [issue("OPS-1")];
    for now_ms in [i64::MIN, i64::MAX, -62_200_000_000_000] {
        let mut session = session();
        session.now_ms = now_ms;
        let input = input("jira_get_issue", &resources);
        let answer = ask_with(&engine, &user(&[]), &session, "jira_get_issue", &resources, &input);
        assert_eq!(answer.unwrap_err().reason, DenyReason::Error);
        assert!(!engine.may_view(&user(&[]), &session, &issue("OPS-1"), &Observed::default()));
    }
}

#[test]
fn the_project_decides_and_not_the_key() {
    let engine = engine(&[r#"@id("ops") permit (principal, action, resource in Jira::Project::"OPS");"#]);
    let moved = Resource::Issue { key: IssueKey::parse("OPS-1").unwrap(), project: Some(project("SECRET")) };
    assert_eq!(
        verdict(&engine, &user(&[]), "jira_get_issue", std::slice::from_ref(&moved)),
        Some(DenyReason::NotVisible)
    );
    assert!(!engine.may_view(&user(&[]), &session(), &moved, &Observed::default()));
}
