//! What a change changes.

use super::*;
use crate::policy::prove::Change;
use crate::policy::prove::DiffReport;
use crate::policy::prove::Direction;
use crate::policy::prove::Kind;

fn diff(old: &str, new: &str) -> DiffReport {
    let files = directory(&[("old.cedar", old), ("new.cedar", new)]);
    let path = |name: &str| files.path().join(name);
    prover().diff(&tools(), &path("old.cedar"), &path("new.cedar")).unwrap_or_else(|error| panic!("{error}"))
}

fn causes(change: &Change) -> Vec<(Kind, &str)> {
    change.causes.iter().map(|cause| (cause.kind, cause.policy.as_str())).collect()
}

const WRITE_OPS: &str = "@id(\"ops\") permit (principal in Id::Group::\"jira:ops\", action in Mcp::Action::\"jira:write\",\n\
                         resource in Jira::Project::\"OPS\");";
const NO_SECRET: &str = "@id(\"secret\") @advice(\"no\") forbid (principal, action in Mcp::Action::\"jira\",\n\
                         resource in Jira::Project::\"SECRET\");";

#[test]
fn the_same_in_other_words_is_no_change() {
    let report = diff(
        "@id(\"one\") permit (principal, action in Mcp::Action::\"jira:read\", resource);\n\
         @id(\"two\") permit (principal, action in Mcp::Action::\"confluence:read\", resource);",
        READ_ALL,
    );
    assert!(
        report.widened.is_empty() && report.narrowed.is_empty() && report.unknown.is_empty(),
        "{report:?}"
    );
    assert_eq!(report.without_effect.len(), 3);
    assert_ne!(report.old_hash, report.new_hash);
}

#[test]
fn each_cause_is_one_change_with_one_call() {
    let report = diff(&format!("{READ_ALL}{NO_SECRET}"), &format!("{READ_ALL}{WRITE_OPS}"));
    let [permit, forbid] = report.widened.as_slice() else { panic!("{:?}", report.widened) };
    assert_eq!(causes(permit), [(Kind::Added, "ops")]);
    assert_eq!(permit.denied_by, Vec::<String>::new());
    assert_eq!(permit.example.groups, ["Id::Group::\"jira:ops\""]);
    assert_eq!(permit.example.resource, "Jira::Issue::\"OPS-1\"");
    assert_eq!(
        report.groups.describe(&permit.calls),
        "`jira_add_comment` for Id::User, Id::Service on Jira::Issue"
    );
    assert_eq!(causes(forbid), [(Kind::Removed, "secret")]);
    assert_eq!(forbid.denied_by, ["secret"]);
    assert_eq!(forbid.example.resource, "Jira::Issue::\"SECRET-1\"");
    assert!(report.narrowed.is_empty(), "{:?}", report.narrowed);

    // The other way round it is the same, narrower.
    let back = diff(&format!("{READ_ALL}{WRITE_OPS}"), &format!("{READ_ALL}{NO_SECRET}"));
    assert_eq!(
        back.narrowed.iter().map(causes).collect::<Vec<_>>(),
        [vec![(Kind::Added, "secret")], vec![(Kind::Removed, "ops")],]
    );
    assert!(back.widened.is_empty(), "{:?}", back.widened);
}

#[test]
fn a_permit_and_a_forbid_that_do_it_together_are_one_cause() {
    let no_writes =
        "@id(\"no-writes\") @advice(\"no\") forbid (principal, action in Mcp::Action::\"write\", resource);";
    let report = diff(&format!("{READ_ALL}{no_writes}"), &format!("{READ_ALL}{WRITE_OPS}"));
    let [only] = report.widened.as_slice() else { panic!("{:?}", report.widened) };
    assert_eq!(causes(only), [(Kind::Added, "ops"), (Kind::Removed, "no-writes")]);
    assert!(report.without_effect.is_empty(), "{:?}", report.without_effect);
}

#[test]
fn a_changed_policy_may_widen_and_narrow() {
    let dev = WRITE_OPS.replace("jira:ops", "jira:dev");
    let report = diff(&format!("{READ_ALL}{WRITE_OPS}"), &format!("{READ_ALL}{dev}"));
    let ([wider], [narrower]) = (report.widened.as_slice(), report.narrowed.as_slice()) else {
        panic!("{report:?}")
    };
    assert_eq!(
        (causes(wider), causes(narrower)),
        (vec![(Kind::Changed, "ops")], vec![(Kind::Changed, "ops")])
    );
    assert_eq!(wider.example.groups, ["Id::Group::\"jira:dev\""]);
    assert_eq!(narrower.example.groups, ["Id::Group::\"jira:ops\""]);
}

/// Which way, and what changes.
type Changes<'t> = &'t [(Direction, &'t str)];

#[test]
fn a_limit_that_changes_is_more_or_less_often() {
    let comment = |limit: &str| {
        let limit = if limit.is_empty() { String::new() } else { format!("@limit(\"{limit}\") ") };
        format!(
            "@id(\"c\") {limit}permit (principal, action == Mcp::Action::\"jira_add_comment\", resource);\n"
        )
    };
    let (more, less) = (Direction::Widened, Direction::Narrowed);
    let free = WRITE_OPS;
    let table: [(String, String, Changes<'_>); 8] = [
        (comment("20/h"), comment("20/h"), &[]),
        (comment("20/h"), comment(""), &[(more, "its limit 20/h is taken away")]),
        (comment(""), comment("20/h"), &[(less, "it has a limit now: 20/h")]),
        (comment("20/h"), comment("50/h"), &[(more, "its limit 20/h becomes 50/h")]),
        (comment("20/h"), comment("20/d"), &[(less, "its limit 20/h becomes 20/d")]),
        (
            comment("20/h"),
            comment("100/d"),
            &[(more, "its limit 20/h becomes 100/d"), (less, "its limit 20/h becomes 100/d")],
        ),
        (
            comment("20/h"),
            comment("20/h") + free,
            &[(
                more,
                "its limit 20/h is no longer counted where `ops` permits: `jira_add_comment` where `principal in \
                 Id::Group::\"jira:ops\" && resource in Jira::Project::\"OPS\"`",
            )],
        ),
        (
            comment("20/h") + free,
            comment("20/h"),
            &[(
                less,
                "its limit 20/h is counted now where `ops` permits: `jira_add_comment` where `principal in \
                 Id::Group::\"jira:ops\" && resource in Jira::Project::\"OPS\"`",
            )],
        ),
    ];
    for (old, new, wanted) in table {
        let report = diff(&format!("{READ_ALL}{old}"), &format!("{READ_ALL}{new}"));
        let told: Vec<_> =
            report.limits.iter().map(|change| (change.direction, change.what.as_str())).collect();
        assert_eq!(told, wanted, "{old} {new}");
        assert!(report.widened.is_empty() && report.narrowed.is_empty(), "{report:?}");
        assert!(report.without_effect.iter().all(|cause| cause.policy != "c"), "{report:?}");
    }
}
