//! `@limit`: how often a permit may be used.

use super::*;
use crate::policy::Decision;
use crate::policy::Observed;
use crate::policy::limit::Limit;
use crate::policy::limit::MOST_COUNTS;
use crate::policy::limit::Usage;

const COMMENT: &str = r#"@limit("2/h") @id("comment")
permit (principal, action == Mcp::Action::"jira_add_comment", resource);"#;

/// A minute, in milliseconds.
const MINUTE: i64 = 60_000;

fn comment_on(
    engine: &Engine,
    who: &Principal,
    resources: &[Resource],
    minutes: i64,
) -> Result<Decision, Denied> {
    let session = Session { now_ms: session().now_ms + minutes * MINUTE, ..session() };
    let input = input("jira_add_comment", resources);
    let question = Question {
        principal: who,
        session: &session,
        tool: "jira_add_comment",
        resources,
        input: &input,
        observed: &Observed::default(),
    };
    engine.decide::<Write>(&question).map(Allowed::into_decision)
}

fn comment(engine: &Engine, who: &Principal, minutes: i64) -> Result<Decision, Denied> {
    comment_on(engine, who, &[issue("OPS-1")], minutes)
}

fn named(name: &str) -> Principal {
    Principal { id: name.to_owned(), ..user(&[]) }
}

#[test]
fn a_limit_counts_calls_of_each_caller_and_starts_anew() {
    let engine = engine(&[READ_ALL, COMMENT]);
    let ann = user(&[]);
    let first = comment(&engine, &ann, 0).unwrap();
    assert_eq!(
        (first.limits[0].used, first.limits[0].of, first.limits[0].policy.as_str()),
        (1, 2, "comment")
    );
    assert_eq!(first.limits[0].resets_ms, session().now_ms + 60 * MINUTE);
    comment(&engine, &ann, 10).unwrap();
    let denied = comment(&engine, &ann, 59).unwrap_err();
    assert_eq!((denied.reason, denied.policies), (DenyReason::Limit, vec!["comment".to_owned()]));
    assert_eq!(
        denied.advice,
        ["the limit of 2 calls an hour is used up; it starts anew at 2025-10-09T09:53:20Z"],
        "an hour after the first"
    );
    comment(&engine, &named("bob"), 59).unwrap();
    let service = Principal { kind: PrincipalKind::Service, ..user(&[]) };
    comment(&engine, &service, 59).unwrap();
    assert_eq!(comment(&engine, &ann, 60).unwrap().limits[0].used, 1);
    assert_eq!(
        verdict(&engine, &ann, "jira_get_issue", &[issue("OPS-1")]),
        None,
        "other permits are not limited"
    );
}

#[test]
fn a_permit_without_a_limit_or_with_something_left_suffices() {
    let ann = user(&[]);
    let more = r#"@limit("1/d") @id("more") permit (principal, action == Mcp::Action::"jira_add_comment", resource);"#;
    let free = r#"@id("free") permit (principal, action == Mcp::Action::"jira_add_comment", resource in Jira::Project::"DEV");"#;
    let engine = engine(&[READ_ALL, COMMENT, more, free]);
    for minute in 0..9 {
        let decision = comment_on(&engine, &ann, &[issue("DEV-1")], minute).unwrap();
        assert!(decision.limits.is_empty() && decision.policies.contains(&"free".to_owned()), "{decision:?}");
    }
    let used = |minutes| comment(&engine, &ann, minutes).map(|decision| decision.limits[0].policy.clone());
    let used: Vec<_> = (0..4).map(|minutes| used(minutes).map_err(|denied| denied.policies)).collect();
    let both = vec!["comment".to_owned(), "more".to_owned()];
    assert_eq!(used, [Ok("comment".to_owned()), Ok("comment".to_owned()), Ok("more".to_owned()), Err(both)]);
}

#[test]
fn a_call_on_several_objects_counts_once_and_only_if_all_of_it_passes() {
    let ann = user(&[]);
    let ops = r#"@limit("2/h") @id("ops") permit (principal, action == Mcp::Action::"jira_add_comment", resource in Jira::Project::"OPS");"#;
    let dev = r#"@limit("1/h") @id("dev") permit (principal, action == Mcp::Action::"jira_add_comment", resource in Jira::Project::"DEV");"#;
    let engine = engine(&[READ_ALL, ops, dev]);
    let both = [issue("OPS-1"), issue("OPS-2"), issue("DEV-1")];
    let decision = comment_on(&engine, &ann, &both, 0).unwrap();
    let used: Vec<_> = decision.limits.iter().map(|used| (used.policy.as_str(), used.used)).collect();
    assert_eq!(used, [("dev", 1), ("ops", 1)]);
    // DEV has nothing left, so OPS is not counted.
    assert_eq!(comment_on(&engine, &ann, &both, 1).unwrap_err().policies, ["dev"]);
    assert_eq!(comment_on(&engine, &ann, &both[..1], 1).unwrap().limits[0].used, 2);
    // What is denied anyway is not counted either.
    assert_eq!(comment_on(&engine, &ann, &[issue("HR-1")], 1).unwrap_err().reason, DenyReason::NoPolicy);
}

#[test]
fn a_repeated_decision_and_the_next_set_go_on_with_the_counts() {
    let ann = user(&[]);
    let home = directory(&[("own.cedar", &[READ_ALL, COMMENT].join("\n"))]);
    let policies =
        crate::policy::Policies::load(tools(), settings(PolicySource::Directory(home.path().to_owned())));
    let policies = policies.unwrap();
    let before = policies.current();
    comment(&before, &ann, 0).unwrap();
    let (resources, session) = ([issue("OPS-1")], session());
    let input = input("jira_add_comment", &resources);
    let question = Question {
        principal: &ann,
        session: &session,
        tool: "jira_add_comment",
        resources: &resources,
        input: &input,
        observed: &Observed::default(),
    };
    for _ in 0..9 {
        before.review::<Write>(&question).unwrap();
    }
    policies.replace(policies.candidate().unwrap());
    assert_eq!(comment(&policies.current(), &ann, 1).unwrap().limits[0].used, 2);
    assert_eq!(
        comment(&before, &ann, 2).unwrap_err().reason,
        DenyReason::Limit,
        "a call in flight counts too"
    );
}

#[test]
fn counts_are_bounded_and_forgotten_when_they_are_over() {
    let usage = Usage::default();
    let limit = Limit::of(&COMMENT.parse().unwrap()).unwrap().unwrap();
    let choices = [vec![("comment".to_owned(), limit)]];
    for number in 0..MOST_COUNTS {
        usage.take(&named(&number.to_string()), 0, &choices).unwrap();
    }
    let new = || named("new");
    let refused = usage.take(&new(), 59 * MINUTE, &choices).unwrap_err();
    assert!(refused.advice.contains("try again later"), "{refused:?}");
    assert_eq!(usage.take(&named("7"), 59 * MINUTE, &choices).unwrap()[0].used, 2, "who has a count goes on");
    assert_eq!(usage.take(&new(), 60 * MINUTE, &choices).unwrap()[0].used, 1);
}

#[test]
fn what_is_no_limit_is_an_error_of_the_file() {
    let permit = |text: &str| {
        format!(
            "@limit(\"{text}\")\n@id(\"x\")\npermit (principal, action == Mcp::Action::\"jira_add_comment\", resource);"
        )
    };
    let wide = |action: &str| format!("@limit(\"2/h\")\n@id(\"x\")\npermit (principal, {action}, resource);");
    let forbid =
        "@limit(\"2/h\")\n@advice(\"x\")\n@id(\"x\")\nforbid (principal, action, resource);".to_owned();
    let shows = "a limit counts calls of tools, but this permit also shows objects (`jira:view_item`)";
    for (policy, says) in [
        (permit(""), "is no limit; write a number from 1 to 1000000"),
        (permit("0/h"), "is no limit"),
        (permit("20"), "is no limit"),
        (permit("20/w"), "is no limit"),
        (permit("-1/h"), "is no limit"),
        (permit("+1/h"), "is no limit"),
        (permit(" 1/h"), "is no limit"),
        (permit("1000001/h"), "is no limit"),
        (permit("99999999999/h"), "is no limit"),
        (forbid, "a limit is for permits; a forbid holds always"),
        (wide("action"), shows),
        (wide("action in Mcp::Action::\"read\""), shows),
        (wide("action == Mcp::Action::\"jira:view_item\""), shows),
        (
            wide("action in [Mcp::Action::\"write\", Mcp::Action::\"confluence:read\"]"),
            "(`confluence:view_item`)",
        ),
    ] {
        let home = directory(&[("own.cedar", &policy)]);
        let error = load_from(home.path(), |_| ()).unwrap_err().to_string();
        assert!(
            error.contains("own.cedar:1:9: policy `x`: ") && error.contains(says),
            "`{says}` is not in: {error}"
        );
    }
    for good in ["1/s", "59/m", "20/h", "1000000/d"] {
        let home = directory(&[("own.cedar", &permit(good))]);
        assert!(load_from(home.path(), |_| ()).is_ok(), "{good}");
    }
    let write = wide("action in Mcp::Action::\"write\"");
    assert!(load_from(directory(&[("own.cedar", &write)]).path(), |_| ()).is_ok());
}

/// A permit beside a limited one, and the calls for which that limit is said to be idle.
#[test]
fn a_limit_that_another_permit_makes_idle_is_warned_of() {
    let limited = "@id(\"l\") @limit(\"5/h\")\npermit (principal in Id::Group::\"jira:dev\", action == Mcp::Action::\"jira_add_comment\", resource in Jira::Project::\"DEV\");\n";
    let dev = "`jira_add_comment` where `principal in Id::Group::\"jira:dev\" && resource in Jira::Project::\"DEV\"`";
    let write = "action in Mcp::Action::\"write\"";
    let own = "principal in Id::Group::\"jira:dev\" && action == Mcp::Action::\"jira_add_comment\" && resource in Jira::Project::\"DEV\"";
    let table = [
        (format!("(principal, {write}, resource)"), Some(dev)),
        (
            format!("(principal in Id::Group::\"jira:dev\", {write}, resource in Jira::Project::\"DEV\")"),
            Some(dev),
        ),
        (
            format!("(principal == Id::User::\"ann\", {write}, resource in Jira::Project::\"DEV\")"),
            Some(
                "`jira_add_comment` where `principal in Id::Group::\"jira:dev\" && principal == Id::User::\"ann\" && resource in Jira::Project::\"DEV\"`",
            ),
        ),
        (format!("(principal, {write}, resource in Jira::Project::\"OPS\")"), None),
        (format!("(principal, {write}, resource == Jira::Issue::\"OPS-1\")"), None),
        (format!("(principal, {write}, resource) when {{ resource in Jira::Project::\"OPS\" }}"), None),
        (format!("(principal, {write}, resource) unless {{ {own} }}"), None),
        (
            format!(
                "(principal, {write}, resource) unless {{ action == Mcp::Action::\"jira_add_comment\" }}"
            ),
            None,
        ),
        (
            format!(
                "(principal, {write}, resource) unless {{ principal in Id::Group::\"jira:dev\" || principal == Id::User::\"ann\" }}"
            ),
            None,
        ),
        (
            format!("(principal, {write}, resource) unless {{ principal in Id::Group::\"jira:ops\" }}"),
            Some(dev),
        ),
        ("(principal, action in Mcp::Action::\"read\", resource)".to_owned(), None),
        ("(principal, action in Mcp::Action::\"confluence:write\", resource)".to_owned(), None),
    ];
    for (permit, calls) in table {
        let text = format!("{READ_ALL}{limited}@id(\"p\") permit {permit};\n");
        let directory = directory(&[("own.cedar", &text)]);
        let summary = crate::policy::check_directory(directory.path(), &tools()).unwrap();
        let prefix = format!("{}/", directory.path().display());
        let told: Vec<String> =
            summary.warnings.iter().map(|warning| warning.to_string().replace(&prefix, "")).collect();
        let wanted = calls.map(|calls| {
            format!(
                "own.cedar:4:1: policy `l`: its limit 5/h is not counted where `p` (own.cedar:6), which has none, permits the same: \
                 {calls}; give that permit a limit as well, or narrow it to other calls, such as with `unless {{ {own} }}`"
            )
        });
        assert_eq!(told, wanted.into_iter().collect::<Vec<_>>(), "{permit}");
    }
}
