//! Profiles that are wrong on purpose: each is caught, with a call that the real engine decides as the report says.

use super::*;
use crate::policy::Observed;
use crate::policy::prove::Example;

/// The call of an example, put to the engine a server would have.
fn decided(profile: &Path, example: &Example) -> Result<Vec<String>, Denied> {
    let facts = crate::tools::facts();
    let engine = Engine::load(&facts, &settings(PolicySource::Directory(profile.to_owned()))).unwrap();
    let tool = facts.iter().find(|facts| facts.name == example.action).unwrap();
    let id = |uid: &str| uid.split('"').nth(1).unwrap().to_owned();
    let within = |kind: &str| example.within.iter().find(|uid| uid.starts_with(kind)).map(|uid| id(uid));
    let resource = match example.resource.split("::\"").next().unwrap() {
        "Jira::Issue" => Resource::Issue {
            key: IssueKey::parse(&id(&example.resource)).unwrap(),
            project: within("Jira::Project").map(|key| project(&key)),
        },
        "Jira::Project" => Resource::Project(project(&id(&example.resource))),
        "Confluence::Page" => page(&id(&example.resource), &within("Confluence::Space").unwrap()),
        "Jira::Instance" => Resource::Instance(Product::Jira),
        other => panic!("no resource for {other}"),
    };
    let groups: Vec<String> = example.groups.iter().map(|group| id(group)).collect();
    let principal = Principal {
        id: id(&example.principal),
        ..user(&groups.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let mut session = session();
    if example.context["session"]["method"] == "oauth" {
        session.method = "oauth";
    }
    let given = &example.context["input"];
    let input = tool.input.iter().filter_map(|field| {
        let value = match given.get(field.attribute())? {
            serde_json::Value::String(text) => InputValue::Text(text.clone()),
            serde_json::Value::Bool(flag) => InputValue::Flag(*flag),
            number => InputValue::Number(number.as_i64()?),
        };
        Some((field.name.clone(), value))
    });
    let question = Question {
        principal: &principal,
        session: &session,
        tool: tool.name,
        resources: &[resource],
        input: &input.collect(),
        observed: &Observed::default(),
    };
    match tool.access {
        Access::Read => engine.decide::<Read>(&question).map(|allowed| allowed.decision().policies.clone()),
        Access::Write => engine.decide::<Write>(&question).map(|allowed| allowed.decision().policies.clone()),
    }
}

/// The only finding of a property that fails, and its example.
fn finding(report: &Report, name: &str) -> (Vec<String>, String, Example) {
    let property = property(report, name);
    assert_eq!(property.proved.result, Verdict::Failed, "{property:?}");
    let [only] = property.findings.as_slice() else { panic!("{:?}", property.findings) };
    (only.policies.clone(), report.groups.describe(&only.calls), only.example.clone().unwrap())
}

#[test]
fn writes_that_a_read_only_profile_forgot() {
    let report = prove(&wrong("forgotten-writes"));
    let (policies, calls, example) = finding(&report, "read_only");
    assert_eq!(policies, ["all"]);
    assert!(calls.contains("of `write` that are not `destructive` for Id::User, Id::Service"), "{calls}");
    assert_eq!((example.allowed, example.visible), (true, Some(true)));
    assert_eq!(decided(&wrong("forgotten-writes"), &example).unwrap(), ["all"]);
    assert_eq!(property(&report, "never_errors").proved.result, Verdict::Proven);
}

#[test]
fn a_typo_in_the_project_of_a_forbid() {
    let report = prove(&wrong("typo-in-forbid"));
    let (policies, calls, example) = finding(&report, "unreachable Jira::Project::\"SECRET\"");
    assert_eq!(policies, ["read"]);
    assert!(calls.starts_with("all ") && calls.ends_with("on Jira::Issue, Jira::Project"), "{calls}");
    assert_eq!(example.principal, "Id::User::\"ann\"");
    assert_eq!(example.resource, "Jira::Issue::\"SECRET-1\"");
    assert_eq!(example.within, ["Jira::Project::\"SECRET\"", "Jira::Instance::\"default\""]);
    assert_eq!(decided(&wrong("typo-in-forbid"), &example).unwrap(), ["read"]);
    assert_eq!(property(&report, "read_only").proved.result, Verdict::Proven);
}

#[test]
fn arithmetic_that_overflows() {
    let (policies, _, example) = finding(&prove(&wrong("overflow")), "never_errors");
    assert_eq!(policies, ["small-pages"]);
    let names: Vec<&str> = example.relevant.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["context.input.limit", "context.input.start_at"]);
    assert!(example.errors[0].contains("overflow"), "{:?}", example.errors);
    // Cedar skips the forbid and allows the call; the engine refuses whatever errs.
    assert!(example.allowed);
    let denied = decided(&wrong("overflow"), &example).unwrap_err();
    assert_eq!(denied.reason, DenyReason::Error);
    assert!(denied.errors[0].contains("small-pages"), "{:?}", denied.errors);
}

#[test]
fn policies_that_decide_nothing() {
    let report = prove(&wrong("dead-policy"));
    let dead = property(&report, "no_dead_policies");
    let problems: Vec<&str> = dead.findings.iter().filter_map(|finding| finding.problem.as_deref()).collect();
    assert_eq!(dead.proved.result, Verdict::Failed);
    assert_eq!(dead.proved.environments, 4);
    assert!(
        problems[0].starts_with("`in-two-projects`") && problems[0].ends_with("matches no request at all")
    );
    assert!(problems[1].starts_with("`undone`") && problems[1].ends_with("take away"), "{problems:?}");
    assert_eq!(problems.len(), 2);
}

#[test]
fn a_permit_more_than_the_set_it_must_not_exceed() {
    let report = prove(&wrong("widened"));
    let (policies, calls, example) = finding(&report, "no_widening_from ../../../policies/read-only");
    assert_eq!(policies, ["comment"]);
    assert_eq!(calls, "`jira_add_comment` for Id::User, Id::Service on Jira::Issue");
    assert_eq!(example.groups, ["Id::Group::\"jira:dev\""]);
    assert!(example.relevant.contains(&("context.session.method".to_owned(), "\"oauth\"".to_owned())));
    assert_eq!(decided(&wrong("widened"), &example).unwrap(), ["comment"]);
    assert_eq!(property(&report, "destructive_needs_mfa").proved.result, Verdict::Proven);
}

#[test]
fn other_mistakes_that_a_solver_finds() {
    let forbids = "@id(\"key\") @advice(\"no\") forbid (principal, action in Mcp::Action::\"jira:read\", resource)\n\
                   when { resource is Jira::Issue && resource.project.key == \"SECRET\" };";
    // A rule on the key of an issue's project holds as well as one on the project: no other project has the key.
    let by_key = prove_text(
        &format!("{READ_ALL}{forbids}"),
        "[[never]]\nname = \"issues of SECRET\"\npolicy = '''permit (principal, action == Mcp::Action::\"jira_get_issue\", \
         resource in Jira::Project::\"SECRET\");'''\n",
    );
    assert!(by_key.as_ref().unwrap().proof.holds(), "{:?}", by_key.unwrap().properties);
    // It forgets the project itself, which view_item is asked about.
    let project =
        prove_text(&format!("{READ_ALL}{forbids}"), "unreachable = ['Jira::Project::\"SECRET\"']").unwrap();
    let (_, calls, example) = finding(&project, "unreachable Jira::Project::\"SECRET\"");
    assert_eq!(calls, "`jira:view_item` for Id::User, Id::Service on Jira::Project");
    assert_eq!(example.resource, "Jira::Project::\"SECRET\"");
    // The same key in another Jira is another project.
    let lab =
        prove_text(&format!("{READ_ALL}{forbids}"), "unreachable = [\"Jira::Project::lab/OPS\"]").unwrap();
    let (_, _, example) = finding(&lab, "unreachable Jira::Project::\"lab/OPS\"");
    assert_eq!(example.within, ["Jira::Project::\"lab/OPS\"", "Jira::Instance::\"lab\""]);
    // An attribute of an entity that is not in the store of most calls.
    let far = "@id(\"far\") permit (principal, action in Mcp::Action::\"jira:write\", resource)\n\
               when { Jira::Project::\"OPS\".key == \"OPS\" };";
    let far = prove_text(&format!("{READ_ALL}{far}"), "never_errors = true").unwrap();
    let problem = far.properties[0].findings[0].problem.as_deref().unwrap();
    assert!(problem.contains("reads `Jira::Project::\"OPS\".key`"), "{problem}");
    // Lengths are counted, so their sum does not overflow.
    let lengths = "@id(\"short\") @advice(\"shorter\") forbid (principal, action == Mcp::Action::\"jira_add_comment\", \
                   resource) when { context.input.body_len + context.input.body_len > 1000 };";
    assert!(prove_text(&format!("{ALL}{lengths}"), "never_errors = true").unwrap().proof.holds());
}
