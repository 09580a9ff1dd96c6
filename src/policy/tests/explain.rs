use proptest::prelude::*;

use super::*;
use crate::policy::Explainer;
use crate::policy::Explanation;
use crate::policy::Sample;

/// Reads for all, comments for a group, and a project that only some may know of.
const OWN: &str = r#"
@id("read") permit (principal, action in Mcp::Action::"read", resource);
@id("comment")
permit (
    principal in Id::Group::"jira:ops",
    action == Mcp::Action::"jira_add_comment",
    resource in Jira::Project::"OPS"
)
when {
    context.input.body_len < 100 &&
    context.session.method == "pat"
};
@id("secret") @advice("SECRET is closed")
forbid (principal, action in Mcp::Action::"jira", resource in Jira::Project::"SECRET")
unless { principal in Id::Group::"jira:security" || principal == Id::User::"root" };
"#;

fn explainer(policies: &str) -> Explainer {
    let directory = directory(&[("own.cedar", policies)]);
    Explainer::load(&tools(), &settings(PolicySource::Directory(directory.path().to_owned()))).unwrap()
}

fn sample(tool: &str, resource: &str, groups: &[&str], input: &[(&str, &str)]) -> Sample {
    let mut sample = Sample::new("ann").unwrap();
    sample.principal.groups = user(groups).groups;
    sample.set_tool(tool, &tools()).unwrap();
    sample.add_resource(resource).unwrap();
    for (name, value) in input {
        sample.set_input_text(name, value).unwrap();
    }
    sample
}

/// The parts of one policy that are false, with their lines.
fn failed(explanation: &Explanation, policy: &str) -> Vec<(String, usize)> {
    let finding =
        explanation.steps.iter().flat_map(|step| &step.policies).rfind(|finding| finding.policy == policy);
    let parts = finding.unwrap().parts.iter().filter(|part| part.holds == Some(false));
    parts.map(|part| (part.text.clone(), part.line)).collect()
}

#[test]
fn the_part_that_fails_is_named_with_its_line_and_its_value() {
    let explainer = explainer(OWN);
    let said = |groups: &[&str], resource: &str, body: &str| {
        explainer.explain(&sample("jira_add_comment", resource, groups, &[("body", body)])).unwrap()
    };
    let ops = "Jira::Issue::\"OPS-1\"";
    assert!(said(&["jira:ops"], ops, "short").allowed);

    let long = said(&["jira:ops"], ops, &"x".repeat(250));
    assert_eq!(failed(&long, "comment"), [("context.input.body_len < 100".to_owned(), 10)]);
    let text = long.change.join("\n");
    assert!(text.contains("would have to be true (here context.input.body_len is 250)"), "{text}");

    let other = said(&["jira:dev"], ops, "short");
    assert_eq!(failed(&other, "comment"), [("principal in Id::Group::\"jira:ops\"".to_owned(), 5)]);
    let text = other.change.join("\n");
    assert!(
        text.contains(
            "the caller would have to be a member of `jira:ops` (line 5), which is decided in Jira"
        ),
        "{text}"
    );
    assert!(text.contains("principal in Id::Group::\"jira:dev\",\n  action == Mcp::Action::\"jira_add_comment\",\n  resource in Jira::Project::\"OPS\""), "{text}");

    let elsewhere = said(&["jira:ops"], "Jira::Issue::\"HR-1\"", "short");
    assert_eq!(failed(&elsewhere, "comment"), [("resource in Jira::Project::\"OPS\"".to_owned(), 7)]);
    let text = elsewhere.change.join("\n");
    assert!(text.contains("on `Jira::Project::\"OPS\"` (line 7), and it is on Jira::Issue::\"HR-1\" in Jira::Project::\"HR\""), "{text}");

    let secret = said(&["jira:ops"], "Jira::Issue::\"SECRET-1\"", "short");
    assert_eq!(
        (secret.reason.as_deref(), secret.deciding.clone()),
        (Some("not_visible"), vec!["secret".to_owned()])
    );
    let text = secret.change.join("\n");
    assert!(text.contains("whatever any permit says: \"SECRET is closed\""), "{text}");
    assert!(text.contains("or if `principal in Id::Group::\"jira:security\"` (line 15) were true"), "{text}");
}

#[test]
fn a_permit_that_is_proposed_is_one_that_helps() {
    let asked = |explainer: &Explainer, resource| {
        explainer.explain(&sample("jira_get_issue", resource, &["jira:new"], &[])).unwrap()
    };
    let policies = "@id(\"c\") permit (principal, action == Mcp::Action::\"confluence_search\", resource);";
    let denied = asked(&explainer(policies), "Jira::Issue::\"OPS-1\"");
    assert!(!denied.allowed);
    let text = denied.change.join("\n");
    assert!(
        text.contains(
            "no permit names it or one of the groups of actions it is in (any, jira, jira:read, read"
        ),
        "{text}"
    );
    let proposed: String = denied
        .change
        .iter()
        .filter_map(|change| change.split_once("would be:\n"))
        .enumerate()
        .map(|(number, (_, permit))| permit.replace("choose-a-name", &format!("own-{number}")))
        .collect();
    assert!(
        asked(&explainer(&format!("{policies}{proposed}")), "Jira::Issue::\"OPS-1\"").allowed,
        "{proposed}"
    );
}

#[test]
fn settings_are_named_where_they_forbid() {
    let directory = directory(&[("own.cedar", ALL)]);
    let mut settings = settings(PolicySource::Directory(directory.path().to_owned()));
    settings.read_only = true;
    settings.projects = default_only(vec![project("OPS")]);
    let explainer = Explainer::load(&tools(), &settings).unwrap();
    let denied = explainer.explain(&sample("jira_add_comment", "Jira::Issue::\"HR-1\"", &[], &[])).unwrap();
    let text = denied.change.join("\n");
    assert!(
        text.contains("made from the setting JIRA_PROJECTS_FILTER") && text.contains("READ_ONLY_MODE"),
        "{text}"
    );
}

#[test]
fn what_a_policy_looks_at_must_be_said() {
    let explainer = explainer(OWN);
    let unsaid = sample("jira_add_comment", "Jira::Issue::\"OPS-1\"", &[], &[]);
    let needed: Vec<&str> =
        explainer.inputs_needed(&unsaid).iter().map(|field| field.name.as_str()).collect();
    assert_eq!(needed, ["body"]);
    assert_eq!(explainer.session_needed(&unsaid), ["method"]);
    let problem = explainer.explain(&unsaid).unwrap_err();
    assert_eq!(problem, "the policy `comment` looks at `context.input.body_len`: say what `body` is");
    let wrong = explainer.explain(&sample("jira_get_issue", "Jira::Project::\"OPS\"", &[], &[])).unwrap_err();
    assert_eq!(wrong, "`jira_get_issue` is never on `Jira::Project::\"OPS\"`; it is on Jira::Issue");
}

#[test]
fn an_attribute_that_is_not_known_denies_each_step_that_looks_at_it() {
    let policies = r#"
@id("all") permit (principal, action, resource);
@id("done") @advice("it is done") forbid (principal, action == Mcp::Action::"jira_add_comment", resource)
when { resource has status && resource.status == "Done" };
"#;
    let explainer = explainer(policies);
    let asked = |sample: &Sample| explainer.explain(sample).unwrap();
    let mut sample = sample("jira_add_comment", "Jira::Issue::\"OPS-1\"", &[], &[("body", "x")]);
    let unknown = asked(&sample);
    let said = "policies name `status` of `Jira::Issue::\"OPS-1\"`, which is not known";
    let steps: Vec<_> = unknown.steps.iter().map(|step| (step.allowed, step.error.as_deref())).collect();
    assert_eq!(steps, [(true, None), (false, Some(said))]);
    assert_eq!((unknown.allowed, unknown.errors), (false, vec![said.to_owned()]));
    assert!(unknown.steps[1].deciding.is_empty() && unknown.change[0].contains("--attribute"));
    assert_eq!(unknown.change.len(), 1, "{:?}", unknown.change);
    sample.set_attribute_text("status", "Open").unwrap();
    assert!(asked(&sample).allowed);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Every policy asked alone, put together, is what the engine decides.
    #[test]
    fn the_explanation_is_the_decision(
        tool in prop::sample::select(vec!["jira_get_issue", "jira_add_comment"]),
        key in prop::sample::select(vec!["OPS-1", "SECRET-1", "HR-1"]),
        groups in prop::sample::subsequence(vec!["jira:ops", "jira:security", "jira:other"], 0..=3),
        length in 0_usize..200,
        method in prop::sample::select(vec!["pat", "oauth"]),
    ) {
        let explainer = explainer(OWN);
        let body = "x".repeat(length);
        let input: &[(&str, &str)] = if tool == "jira_add_comment" { &[("body", &body)] } else { &[] };
        let mut sample = sample(tool, &format!("Jira::Issue::\"{key}\""), &groups, input);
        sample.set_session("method", method).unwrap();
        let explanation = explainer.explain(&sample).unwrap();
        prop_assert_eq!(explanation.steps.iter().all(|step| step.allowed), explanation.allowed);
        prop_assert_eq!(explanation.change.is_empty(), explanation.allowed);
        for finding in explanation.steps.iter().flat_map(|step| &step.policies) {
            prop_assert_eq!(finding.parts.iter().all(|part| part.holds == Some(true)), finding.matches);
        }
    }
}
