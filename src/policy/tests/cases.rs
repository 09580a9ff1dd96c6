use super::*;
use crate::policy::CaseFile;
use crate::policy::Report;
use crate::policy::run_cases;

const OWN: &str = r#"
@id("read") permit (principal, action in Mcp::Action::"jira:read", resource in Jira::Project::"OPS");
@id("comment")
permit (principal in Id::Group::"jira:ops", action == Mcp::Action::"jira_add_comment", resource in Jira::Project::"OPS");
@id("never") @advice("no")
forbid (principal, action in Mcp::Action::"confluence", resource in Confluence::Space::"HR");
"#;

fn report(cases: &str) -> Report {
    let directory = directory(&[("own.cedar", OWN)]);
    let file = CaseFile { name: "own.toml".to_owned(), text: cases.to_owned() };
    run_cases(directory.path(), &[file], &tools()).unwrap()
}

#[test]
fn a_case_that_comes_out_otherwise_says_what_came() {
    let report = report(
        r#"
        [[case]]
        name = "right"
        user = "ann"
        groups = ["jira:ops"]
        tool = "jira_add_comment"
        resources = ['Jira::Issue::"OPS-1"']
        expect = "allow"
        policies = ["comment"]
        visible = true
        [[case]]
        name = "wrong outcome"
        user = "bob"
        tool = "jira_add_comment"
        resources = ['Jira::Issue::"OPS-1"']
        expect = "allow"
        [[case]]
        name = "wrong policy"
        user = "bob"
        tool = "jira_get_issue"
        resources = ['Jira::Issue::"OPS-1"']
        expect = "allow"
        policies = ["comment"]
        [[case]]
        name = "wrong reason"
        user = "bob"
        tool = "jira_get_issue"
        resources = ['Jira::Issue::"HR-1"']
        expect = "deny"
        reason = "no_policy"
        [[case]]
        name = "wrong sight"
        user = "bob"
        resources = ['Jira::Issue::"HR-1"']
        visible = true
        "#,
    );
    let told: Vec<(&str, bool, &str, &str)> = report
        .cases
        .iter()
        .map(|case| (case.case.as_str(), case.passed, case.expected.as_str(), case.got.as_str()))
        .collect();
    let wanted = [
        ("right", true, "allow, by comment, visible", "allow, by comment, visible"),
        ("wrong outcome", false, "allow", "deny"),
        ("wrong policy", false, "allow, by comment", "allow, by read"),
        ("wrong reason", false, "deny, reason no_policy", "deny, reason not_visible"),
        ("wrong sight", false, "visible", "not visible"),
    ];
    assert_eq!(told, wanted);
    assert_eq!(report.failed().count(), 4);
    let change = report.cases[1].change.join("\n");
    assert!(change.contains("member of `jira:ops`"), "{change}");
    assert_eq!(report.never_decided, ["never"]);
}

#[test]
fn a_case_that_says_nonsense_fails() {
    let head = "[[case]]\nname = \"x\"\nuser = \"ann\"\nresources = ['Jira::Issue::\"OPS-1\"']\n";
    for (more, says) in [
        ("", "a case has a `tool` and what to `expect`"),
        ("tool = \"jira_get_issue\"", "does not say what to `expect`"),
        ("expect = \"deny\"\ntool = \"jira_get_isue\"", "did you mean `jira_get_issue`?"),
        ("expect = \"deny\"\ntool = \"jira_search\"", "is never on"),
        ("expect = \"allow\"\ntool = \"jira_get_issue\"\ngroups = [\"ops\"]", "has no origin"),
        (
            "expect = \"allow\"\ntool = \"jira_get_issue\"\ninput = { body = \"x\" }",
            "policies see no input `body`",
        ),
        (
            "expect = \"allow\"\ntool = \"jira_get_issue\"\ninput = { comment_limit = \"x\" }",
            "is a whole number",
        ),
        ("expect = \"allow\"\ntool = \"jira_get_issue\"\nservice = \"s\"", "one `user` or one `service`"),
        (
            "expect = \"allow\"\ntool = \"jira_get_issue\"\nsession = { factor = true }",
            "a session has no `factor`",
        ),
        ("expects = \"allow\"", "unknown field `expects`"),
    ] {
        let report = report(&format!("{head}{more}\n"));
        let [case] = report.cases.as_slice() else { panic!("{report:?}") };
        assert!(!case.passed && case.got.contains(says), "{more}: {}", case.got);
    }
    assert!(!report("").cases[0].passed, "an empty file tests nothing");
}

#[test]
fn settings_of_a_file_hold_for_its_cases() {
    let report = report(
        r#"
        [settings]
        read_only = true
        internal_only_projects = ["SD"]
        enabled_tools = ["jira_add_comment"]
        [[case]]
        name = "read only"
        user = "ann"
        groups = ["jira:ops"]
        tool = "jira_add_comment"
        resources = ['Jira::Issue::"OPS-1"']
        expect = "deny"
        policies = ["portcullis:read-only"]
        [[case]]
        name = "off"
        user = "ann"
        tool = "jira_get_issue"
        resources = ['Jira::Issue::"OPS-1"']
        expect = "deny"
        policies = ["portcullis:enabled-tools"]
        "#,
    );
    assert!(report.failed().next().is_none(), "{report:?}");
}

#[test]
fn one_product_alone_can_be_read_only() {
    for (setting, outcome) in [
        ("jira_read_only", "expect = \"deny\"\npolicies = [\"portcullis:read-only-jira\"]"),
        ("confluence_read_only", "expect = \"allow\"\npolicies = [\"comment\"]"),
    ] {
        let report = report(&format!(
            "[settings]\n{setting} = true\n[[case]]\nname = \"c\"\nuser = \"ann\"\ngroups = [\"jira:ops\"]\n\
             tool = \"jira_add_comment\"\nresources = ['Jira::Issue::\"OPS-1\"']\n{outcome}\n"
        ));
        assert!(report.failed().next().is_none(), "{report:?}");
    }
}

#[test]
fn a_case_says_the_attributes_that_policies_look_at() {
    let policies = r#"
@id("all") permit (principal, action, resource);
@id("done") @advice("it is done") forbid (principal, action == Mcp::Action::"jira_add_comment", resource)
when { resource has status && resource.status == "Done" };
@id("level") @advice("it is secret") forbid (principal, action in Mcp::Action::"jira", resource)
when { resource has security_level && resource.security_level == "Top" };
"#;
    let directory = directory(&[("own.cedar", policies)]);
    let run = |more: &str| {
        let head = "[[case]]\nname = \"c\"\nuser = \"ann\"\ntool = \"jira_add_comment\"\n\
                    resources = ['Jira::Issue::\"OPS-1\"']\ninput = { body = \"x\" }\n";
        let file = CaseFile { name: "cases".to_owned(), text: format!("{head}{more}\n") };
        let report = run_cases(directory.path(), &[file], &tools()).unwrap();
        let [case] = report.cases.as_slice() else { panic!("{report:?}") };
        (case.passed, case.got.clone())
    };
    let table = [
        ("expect = \"allow\"\nattributes = { status = \"Open\", security_level = \"\" }", true, "allow"),
        (
            "expect = \"deny\"\npolicies = [\"done\"]\nattributes = { status = \"Done\", security_level = \"Low\" }",
            true,
            "deny",
        ),
        (
            "expect = \"deny\"\nreason = \"not_visible\"\nattributes = { security_level = \"Top\" }",
            true,
            "not_visible",
        ),
        ("expect = \"allow\"\nattributes = { status = \"Open\" }", false, "policies name `security_level`"),
        ("expect = \"deny\"\nattributes = { security_level = \"\" }", false, "policies name `status`"),
        ("expect = \"deny\"\nattributes = { status = [\"Open\"] }", false, "`status` cannot be"),
        ("expect = \"deny\"\nattributes = { restricted = true }", false, "has an attribute `restricted`"),
    ];
    for (more, passed, says) in table {
        let (came, got) = run(more);
        assert!(came == passed && got.contains(says), "{more}: {got}");
    }
}
