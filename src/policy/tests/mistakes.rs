//! What is said of mistakes that are easily made, with the line, a caret and what to write instead.

use std::collections::BTreeSet;

use super::*;
use crate::policy::check_directory;

const PERMIT: &str = "@id(\"p\") permit (principal in Id::Group::\"jira:dev\", action, resource);\n";

fn told(text: &str, change: impl FnOnce(&mut EngineSettings)) -> String {
    let directory = directory(&[("own.cedar", text)]);
    let error = load_from(directory.path(), change).unwrap_err();
    error.explained().replace(&format!("{}/", directory.path().display()), "")
}

/// What is likely wrong in a directory that is in order.
fn warned(text: &str) -> Vec<String> {
    let directory = directory(&[("own.cedar", text)]);
    let summary = check_directory(directory.path(), &tools()).unwrap();
    let prefix = format!("{}/", directory.path().display());
    summary.warnings.iter().map(|warning| warning.to_string().replace(&prefix, "")).collect()
}

/// What resources have.
const ATTRIBUTES: &str = "`Confluence::Page` has labels, restricted, space; `Confluence::Space` has key, kind; `Jira::Issue` has issue_type, key, labels, project, security_level, status; `Jira::Project` has category, key";

/// A policy's text after its id, what is said of it, what the caret is under, and what is said to be written instead.
const MISTAKEN: &[(&str, &str, &str, &str)] = &[
    (
        "permit (principal == Id::Group::\"jira:dev\", action, resource);",
        "unable to find an applicable action given the policy scope constraints",
        "Id::Group::\"jira:dev\"",
        "`Id::Group::\"jira:dev\"` is a group, and a group is never itself the one who asks; write `principal in Id::Group::\"jira:dev\"`",
    ),
    (
        "permit (principal, action, resource) when { principal == Id::User::\"ann\" || Id::Group::\"jira:dev\" == principal };",
        "`Id::Group::\"jira:dev\"` is a group, and a group is never itself the one who asks",
        "Id::Group::\"jira:dev\"",
        "write `principal in Id::Group::\"jira:dev\"`",
    ),
    (
        "permit (principal is Id::Group, action, resource);",
        "unable to find an applicable action given the policy scope constraints",
        "Id::Group",
        "a group is never itself the one who asks; write `principal in Id::Group::\"...\"`",
    ),
    (
        "permit (principal, action == Mcp::Action::\"write\", resource);",
        "unable to find an applicable action given the policy scope constraints",
        "Mcp::Action::\"write\"",
        "`Mcp::Action::\"write\"` is a group of actions, and a group is never itself what is called; write `action in Mcp::Action::\"write\"`",
    ),
    (
        "permit (principal, action, resource) when { action == Mcp::Action::\"write\" };",
        "policy is impossible: the policy expression evaluates to false for all valid requests",
        "Mcp::Action::\"write\"",
        "`Mcp::Action::\"write\"` is a group of actions, and a group is never itself what is called; write `action in Mcp::Action::\"write\"`",
    ),
    (
        "permit (principal, action, resource in [Jira::Project::\"A\", Jira::Project::\"B\"]);",
        "expected single entity uid or template slot, found set of entity uids",
        "[Jira::Project::\"A\", Jira::Project::\"B\"]",
        "the scope takes one; write only `resource` there and `when { resource in Jira::Project::\"A\" || resource in Jira::Project::\"B\" }` after it, or one policy for each",
    ),
    (
        "permit (principal in [Id::Group::\"jira:a\"], action, resource);",
        "expected single entity uid or template slot, found set of entity uids",
        "[Id::Group::\"jira:a\"]",
        "the scope takes one; write only `principal` there and `when { principal in Id::Group::\"jira:a\" }` after it, or one policy for each",
    ),
    (
        "permit (principal, action == [Mcp::Action::\"jira_search\"], resource);",
        "expected single entity uid, found set of entity uids",
        "[Mcp::Action::\"jira_search\"]",
        "write `action in [Mcp::Action::\"jira_search\"]`",
    ),
    (
        "permit (principal, action, resource in Jira::Space::\"DOCS\");",
        "unrecognized entity type `Jira::Space`",
        "Jira::Space",
        "`Space` is of Confluence: write `Confluence::Space`; Jira has `Jira::Instance`, `Jira::Issue`, `Jira::Project`",
    ),
    (
        "permit (principal, action, resource in Confluence::Project::\"OPS\");",
        "unrecognized entity type `Confluence::Project`",
        "Confluence::Project",
        "`Project` is of Jira: write `Jira::Project`; Confluence has `Confluence::Instance`, `Confluence::Page`, `Confluence::Space`",
    ),
    (
        "permit (principal == User::\"ann\", action, resource);",
        "unrecognized entity type `User`",
        "User",
        "write `Id::User`",
    ),
    (
        "permit (principal, action == Mcp::Action::\"jira_get_issue\", resource) when { resource.status == \"Done\" };",
        "unable to guarantee safety of access to optional attribute `status` on entity type `Jira::Issue`",
        "resource.status",
        "it is not always there; write `resource has status && resource.status ...`",
    ),
    (
        "permit (principal, action, resource is Jira::Issue) when { resource[\"project\"].category.contains(\"x\") };",
        "unable to guarantee safety of access to optional attribute `category` on entity type `Jira::Project`",
        "resource[\"project\"].category.contains(\"x\")",
        "it is not always there; write `resource.project has category && resource.project.category ...`",
    ),
    (
        "permit (principal, action == Mcp::Action::\"jira_search\", resource) when { context.input.limit > 5 };",
        "unable to guarantee safety of access to optional attribute `input.limit` in context for Mcp::Action::\"jira_search\"",
        "context.input.limit",
        "try testing for the attribute's presence with `context.input has limit && ..`",
    ),
    (
        "permit (principal, action in Mcp::Action::\"jira\", resource) when { resource.project.key == \"OPS\" };",
        "attribute `project` on entity type `Jira::Instance` not found",
        "resource.project.key",
        "only `Jira::Issue` has `project`; write `resource is Jira::Issue && resource.project ...`",
    ),
    (
        "permit (principal, action in Mcp::Action::\"confluence\", resource) when { resource.labels.contains(\"x\") };",
        "attribute `labels` on entity type `Confluence::Instance` not found",
        "resource.labels.contains(\"x\")",
        "only `Confluence::Page` and `Jira::Issue` have `labels`; write `resource is Confluence::Page && resource has labels && resource.labels ...`",
    ),
    (
        "permit (principal, action in Mcp::Action::\"jira\", resource) when { resource.nothing == 1 };",
        "attribute `nothing` on entity type `Jira::Instance` not found",
        "resource.nothing",
        ATTRIBUTES,
    ),
    (
        "permit (principal, action == Mcp::Action::\"jira_get_issue\", resource in Confluence::Space::\"DOCS\");",
        "unable to find an applicable action given the policy scope constraints",
        "Confluence::Space::\"DOCS\"",
        "`jira_get_issue` is never on a `Confluence::Space`, but on `Jira::Issue`; write a resource of theirs, such as `resource in Jira::Project::\"OPS\"`, or actions of the other product, such as `action in Mcp::Action::\"confluence:read\"`",
    ),
    (
        "permit (principal, action == Mcp::Action::\"jira_get_issue\", resource == Jira::Project::\"OPS\");",
        "unable to find an applicable action given the policy scope constraints",
        "Jira::Project::\"OPS\"",
        "`jira_get_issue` is never on `Jira::Project::\"OPS\"` itself, but on what lies in it, such as Jira::Issue; write `resource in Jira::Project::\"OPS\"`",
    ),
    (
        "permit (principal, action == Mcp::Action::\"jira_search\", resource in Jira::Project::\"OPS\");",
        "unable to find an applicable action given the policy scope constraints",
        "Jira::Project::\"OPS\"",
        "`jira_search` is never on a `Jira::Project`, but on `Jira::Instance`; write only `resource`: it is on all of Jira, and finds nothing but what the caller may view",
    ),
    (
        "permit (principal, action == Mcp::Action::\"jira_view_ticket\", resource);",
        "unrecognized action `Mcp::Action::\"jira_view_ticket\"`",
        "Mcp::Action::\"jira_view_ticket\"",
        "did you mean `Mcp::Action::\"jira_get_issue\"`?",
    ),
    (
        "permit (principal, action in Mcp::Action::\"delete\", resource);",
        "unrecognized action `Mcp::Action::\"delete\"`",
        "Mcp::Action::\"delete\"",
        "did you mean `Mcp::Action::\"destructive\"`?",
    ),
    (
        "permit (principal, action, resource) when { true and true };",
        "unexpected token `and`",
        "and",
        "write `&&` in place of `and`",
    ),
    (
        "permit (principal, action, resource) when { true OR true or true };",
        "unexpected token `OR`",
        "OR",
        "write `||` in place of `OR`",
    ),
    (
        "permit (principal, action, resource) when { not false };",
        "unexpected token `false`",
        "false",
        "write `!` in place of `not`",
    ),
    (
        "permit (principal action, resource);",
        "unexpected token `action`",
        "action",
        "a comma is missing before `action`",
    ),
    (
        "permit (principal, action in Mcp::Action::\"jira\" resource);",
        "unexpected token `resource`",
        "resource",
        "a comma is missing before `resource`",
    ),
    (
        "permit (principal, action == Mcp::Action::jira_get_issue, resource);",
        "expected an entity uid, found name `Mcp::Action::jira_get_issue`",
        "Mcp::Action::jira_get_issue",
        "an id stands in quotes: write `Mcp::Action::\"jira_get_issue\"`",
    ),
    (
        "permit (principal, action, resource in Jira::Project::OPS);",
        "expected an entity uid or matching template slot, found name `Jira::Project::OPS`",
        "Jira::Project::OPS",
        "an id stands in quotes: write `Jira::Project::\"OPS\"`",
    ),
    (
        "permit (principal in \"dev\", action, resource);",
        "expected an entity uid or matching template slot, found literal `\"dev\"`",
        "\"dev\"",
        "say what it is: write `Id::Group::\"jira:dev\"`",
    ),
    (
        "permit (principal, action == Mcp::Action::\"jira_get_issue\", resource) when { resource has state && resource.state == \"x\" };",
        "policy is impossible: the policy expression evaluates to false for all valid requests",
        "resource has state",
        "no resource has `state`; did you mean `status`? `Confluence::Page` has labels, restricted, space; `Confluence::Space` has key, kind; `Jira::Issue` has issue_type, key, labels, project, security_level, status; `Jira::Project` has category, key",
    ),
    (
        "permit (principal, action == Mcp::Action::\"jira_get_issue\", resource) when { resource has labels && resource.labels == \"x\" };",
        "the types String and Set<String> are not compatible",
        "resource.labels == \"x\"",
        "`labels` are several: write `resource.labels.contains(\"x\")`",
    ),
    (
        "permit (principal, action, resource) when { principal.groups.contains(\"dev\") };",
        "attribute `groups` on entity type `Id::Service` not found",
        "principal.groups.contains(\"dev\")",
        "groups are what a principal is in: write `principal in Id::Group::\"jira:dev\"`",
    ),
    (
        "@advise(\"no\") forbid (principal, action, resource);",
        "`@advise` means nothing here",
        "@advise(\"no\")",
        "write `@advice(\"...\")`, or choose a name that is less like it",
    ),
    (
        "@limits(\"2/h\") permit (principal, action in Mcp::Action::\"write\", resource);",
        "`@limits` means nothing here",
        "@limits(\"2/h\")",
        "write `@limit(\"...\")`, or choose a name that is less like it",
    ),
    (
        "@shadow permit (principal, action, resource);",
        "`@shadow` means nothing here",
        "@shadow",
        "write `@mode(\"...\")`, or choose a name that is less like it",
    ),
    (
        "@limit(\"2/w\") permit (principal, action in Mcp::Action::\"write\", resource);",
        "`@limit(\"2/w\")` is no limit; write a number from 1 to 1000000, a slash and s, m, h or d, such as `@limit(\"20/h\")`",
        "2/w",
        "",
    ),
];

#[test]
fn a_mistake_is_shown_in_its_line_with_what_to_write_instead() {
    for (policy, message, meant, help) in MISTAKEN {
        let text = format!("@id(\"x\")\n{policy}\n");
        let column = policy.find(meant).unwrap() + 1;
        let blank = " ".repeat(column - 1);
        let caret = "^".repeat(meant.len());
        let help = if help.is_empty() { String::new() } else { format!("\n    = {help}") };
        let wanted = format!(
            "own.cedar:2:{column}: policy `x`: {message}\n  2 | {policy}\n    | {blank}{caret}{help}"
        );
        assert_eq!(told(&text, |_| ()), wanted);
    }
}

#[test]
fn an_id_without_quotes_is_found_wherever_the_parser_stumbles() {
    let table = [
        ("permit (principal in Id::Group::jira:dev, action, resource);", "Id::Group::\"jira:dev\""),
        ("permit (principal, action, resource == Jira::Issue::OPS-1);", "Jira::Issue::\"OPS-1\""),
        ("permit (principal, action, resource in Confluence::Page::65537);", "Confluence::Page::\"65537\""),
        ("permit (principal, action in Mcp::Action::jira:read, resource);", "Mcp::Action::\"jira:read\""),
    ];
    for (policy, right) in table {
        let told = told(&format!("@id(\"x\") {policy}"), |_| ());
        assert!(told.contains(&format!("an id stands in quotes: write `{right}`")), "{told}");
    }
}

/// A permit, and what it likely does not mean; nothing where it does.
#[test]
fn what_is_valid_and_likely_not_meant_is_warned_of() {
    let table = [
        (
            "(principal in Id::User::\"dev\", action, resource)",
            Some(
                "1:31: policy `x`: `Id::User::\"dev\"` is one account and no group; write `principal == Id::User::\"dev\"`, or `principal in Id::Group::\"jira:dev\"` if it is a group",
            ),
        ),
        (
            "(principal, action in Mcp::Action::\"jira\", resource == Jira::Project::\"OPS\")",
            Some(
                "1:72: policy `x`: takes `Jira::Project::\"OPS\"` itself and not what lies in it: 1 of 4 actions; write `resource in Jira::Project::\"OPS\"` for each Jira::Issue in it as well",
            ),
        ),
        ("(principal, action in Mcp::Action::\"jira\", resource in Jira::Project::\"OPS\")", None),
        ("(principal == Id::User::\"dev\", action, resource)", None),
        ("(principal, action in Mcp::Action::\"jira\", resource == Jira::Issue::\"OPS-1\")", None),
    ];
    for (permit, wanted) in table {
        let told = warned(&format!("@id(\"x\") permit {permit};"));
        let wanted: Vec<String> = wanted.iter().map(|wanted| format!("own.cedar:{wanted}")).collect();
        assert_eq!(told, wanted, "{permit}");
    }
}

#[test]
fn every_mistake_of_a_policy_is_listed_once() {
    let text = "@id(\"x\") permit (principal == Id::Group::\"jira:dev\", action == Mcp::Action::\"write\", resource);";
    let told = told(text, |_| ());
    assert_eq!(told.matches("own.cedar:1:").count(), 2, "{told}");
    assert!(
        told.contains("write `principal in Id::Group") && told.contains("write `action in Mcp"),
        "{told}"
    );
}

#[test]
fn a_policy_without_its_end_is_found() {
    let table = [
        (
            "@id(\"a\") permit (principal, action, resource)\n\n// b\n@id(\"b\") permit (principal, action, resource);",
            "4:1",
            1,
        ),
        ("@id(\"a\") permit (principal, action, resource)\nwhen { true }\n// the end", "2:14", 2),
        (
            "@id(\"a\") permit (principal, action, resource) // no end\n  permit (principal, action, resource);",
            "2:10",
            1,
        ),
        ("@id(\"a\") permit (principal in [Id::Group::\"jira:a\"], action, resource)", "1:71", 1),
    ];
    for (text, place, line) in table {
        let told = told(text, |_| ());
        assert!(told.starts_with(&format!("own.cedar:{place}: policy `a`: unexpected ")), "{told}");
        let help = format!("= a policy ends with `;`; write it at the end of line {line}");
        assert!(told.ends_with(&help), "{told}");
    }
    for text in ["@id(\"a\") permit (principal action, resource);", "", "@id(\"a\")", "permit"] {
        let directory = directory(&[("own.cedar", text)]);
        let error = load_from(directory.path(), |_| ()).unwrap_err().explained();
        assert!(!error.contains("ends with `;`"), "{error}");
    }
}

#[test]
fn a_user_in_capital_letters_is_nobody_on_a_data_center() {
    let policy =
        |user: &str| format!("@id(\"u\") permit (principal == Id::User::\"{user}\", action, resource);");
    let sites = |names: &[&str]| names.iter().map(|name| InstanceName::parse(name).unwrap()).collect();
    let refused = |user: &str, names: &[&str]| {
        let centers: BTreeSet<InstanceName> = sites(names);
        let directory = directory(&[("own.cedar", &policy(user))]);
        let loaded = load_from(directory.path(), |settings| settings.data_centers = Some(centers));
        loaded.err().map(|error| error.problems()[0].clone())
    };
    for (user, right) in [("Ann", "ann"), ("lab/Ann", "lab/ann"), ("ÄNNE", "änne")] {
        let problem = refused(user, &["default", "lab"]).unwrap();
        let wanted = format!(
            "`Id::User::\"{user}\"` matches nobody: users of a Data Center are named in small letters"
        );
        assert_eq!((problem.message.as_str(), problem.column), (wanted.as_str(), 31));
        assert_eq!(problem.help.as_deref(), Some(format!("write `Id::User::\"{right}\"`").as_str()));
        let warned = warned(&policy(user));
        let unsure = "matches nobody, unless this is an account id of Cloud: users of a Data Center";
        assert!(warned.len() == 1 && warned[0].contains(unsure), "{warned:?}");
    }
    // On Cloud ids are taken as they are; nothing is known of a site that a caller chooses.
    for (user, names) in [("Ann", &["lab"][..]), ("lab/Ann", &["default"]), ("cloud:a1/Ann", &["default"])] {
        assert_eq!(refused(user, names), None, "{user}");
    }
    assert_eq!(refused("ann", &["default"]), None);
    assert_eq!(warned(&policy("712020:0a")), [""; 0]);
}

/// A forbid beside [`PERMIT`], and what is said of it.
#[test]
fn a_forbid_that_leaves_nothing_of_a_permit_is_warned_of() {
    let jira = "action in Mcp::Action::\"jira\"";
    let nothing_left =
        "own.cedar:2:1: policy `f`: forbids all that `p` permits, so nothing is left: every call is denied; ";
    let unless = "if it should hold for all but these calls, write `unless` in place of `when`; else ask for less in it";
    let narrower =
        "name in it the principal, the actions or the resource that it is about, or add `unless { ... }`";
    let table = [
        ("(principal in Id::Group::\"jira:dev\", ACTIONS, resource)".to_owned(), Some(narrower)),
        ("(principal, ACTIONS, resource) when { principal in Id::Group::\"jira:dev\" }".to_owned(), Some(unless)),
        ("(principal, ACTIONS, resource) when { principal in Id::Group::\"jira:dev\" && resource in Jira::Project::\"OPS\" }".to_owned(), None),
        ("(principal, ACTIONS, resource) unless { principal in Id::Group::\"jira:dev\" }".to_owned(), None),
        ("(principal in Id::Group::\"jira:ops\", ACTIONS, resource)".to_owned(), None),
        ("(principal, action in Mcp::Action::\"jira:write\", resource)".to_owned(), None),
        ("(principal, ACTIONS, resource is Jira::Issue)".to_owned(), None),
    ];
    let permit = PERMIT.replace("action", jira);
    for (forbid, help) in table {
        let forbid = forbid.replace("ACTIONS", jira);
        let warned = warned(&format!("{permit}@id(\"f\") @advice(\"no\") forbid {forbid};"));
        let wanted: Vec<String> = help.iter().map(|help| format!("{nothing_left}{help}")).collect();
        assert_eq!(warned, wanted, "{forbid}");
    }
    let others = "@id(\"o\") permit (principal, action, resource);\n";
    let forbid = "@id(\"f\") @advice(\"no\") forbid (principal in Id::Group::\"jira:dev\", action in Mcp::Action::\"jira\", resource);";
    let warned = warned(&format!("{permit}{others}{forbid}"));
    assert_eq!(warned.len(), 1, "{warned:?}");
    assert!(warned[0].contains("forbids all that `p` permits, so that permits nothing; "), "{warned:?}");

    let directory = directory(&[(
        "own.cedar",
        &format!("{permit}@id(\"f\") @advice(\"no\") forbid (principal, action, resource);"),
    )]);
    let error = check_directory(directory.path(), &tools()).unwrap_err();
    assert_eq!(error.problems().len(), 2, "{error}");
    assert!(
        error.to_string().contains("policy `f`: forbids all that `p` permits, so nothing is left"),
        "{error}"
    );
}
