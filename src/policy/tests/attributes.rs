//! Policies on attributes of items: what is named has to be known, and empty is not unknown.

use std::collections::BTreeSet;

use super::*;
use crate::policy::Attribute;
use crate::policy::Known;
use crate::policy::Needs;

/// Everything but issues of the level `Top`, and no comments on what is done.
const LEVELS: &str = r#"
@id("all") permit (principal, action, resource);
@id("top") @advice("too secret")
forbid (principal, action in Mcp::Action::"jira", resource)
when { resource has security_level && resource.security_level == "Top" };
@id("done") @advice("it is done")
forbid (principal, action == Mcp::Action::"jira_add_comment", resource)
when { resource has status && resource.status == "Done" };
"#;

/// Only what is labelled `public`, and anything in DEV.
const PUBLIC: &str = r#"
@id("public") permit (principal, action in Mcp::Action::"read", resource)
when { resource has labels && resource.labels.contains("public") };
@id("dev") permit (principal, action in Mcp::Action::"read", resource in Jira::Project::"DEV");
"#;

fn text(text: &str) -> Known {
    Known::Text(text.to_owned())
}

fn texts(texts: &[&str]) -> Known {
    Known::Texts(texts.iter().map(|text| (*text).to_owned()).collect::<BTreeSet<_>>())
}

fn observed(resource: &Resource, known: &[(Attribute, Known)]) -> Observed {
    let mut observed = Observed::default();
    for (attribute, value) in known {
        observed.note(resource, *attribute, value.clone());
    }
    observed
}

fn decided(engine: &Engine, tool: &'static str, item: &Resource, observed: &Observed) -> Option<DenyReason> {
    let (ann, session, resources) = (user(&[]), session(), [item.clone()]);
    let input = input(tool, &resources);
    let question =
        Question { principal: &ann, session: &session, tool, resources: &resources, input: &input, observed };
    let decided = match tool {
        "jira_add_comment" => engine.decide::<Write>(&question).map(|_| ()),
        _ => engine.decide::<Read>(&question).map(|_| ()),
    };
    decided.err().map(|denied| denied.reason)
}

/// What is known, and why an issue is not read and not commented on, if it is not.
type Row<'a> = (&'a [(Attribute, Known)], Option<DenyReason>, Option<DenyReason>);

#[test]
fn what_a_policy_names_has_to_be_known() {
    use Attribute::IssueType;
    use Attribute::SecurityLevel;
    use Attribute::Status;
    let engine = engine(&[LEVELS]);
    let ops = issue("OPS-1");
    let hidden = Some(DenyReason::NotVisible);
    let (level, done) = ((SecurityLevel, Known::Absent), (Status, text("Done")));
    let table: [Row<'_>; 7] = [
        (&[], hidden, hidden),
        (&[(Status, text("Open")), (IssueType, text("Bug"))], hidden, hidden),
        (std::slice::from_ref(&level), None, Some(DenyReason::Error)),
        (&[level.clone(), done.clone()], None, Some(DenyReason::Policy)),
        (&[level.clone(), (Status, text("Open"))], None, None),
        (&[(SecurityLevel, text("Top")), (Status, text("Open"))], hidden, hidden),
        (&[(SecurityLevel, text("Low")), (Status, Known::Absent)], None, Some(DenyReason::Error)),
    ];
    for (known, read, comment) in table {
        let observed = observed(&ops, known);
        assert_eq!(decided(&engine, "jira_get_issue", &ops, &observed), read, "{known:?}");
        assert_eq!(decided(&engine, "jira_add_comment", &ops, &observed), comment, "{known:?}");
        let may_view = engine.may_view(&user(&[]), &session(), &ops, &observed);
        assert_eq!(may_view, read.is_none(), "{known:?}");
        // What is known of one issue says nothing of another.
        assert!(!engine.may_view(&user(&[]), &session(), &issue("OPS-2"), &observed));
    }
    assert!(engine.may_view(
        &user(&[]),
        &session(),
        &Resource::Project(project("OPS")),
        &Observed::default()
    ));
    assert!(engine.may_view(&user(&[]), &session(), &page("1", "DOCS"), &Observed::default()));
}

/// Nothing in a project of the category `Closed`.
const CATEGORY: &str = r#"
@id("all") permit (principal, action, resource);
@id("closed") @advice("it is closed")
forbid (principal, action in Mcp::Action::"jira", resource)
when {
    (resource is Jira::Project && resource has category && resource.category == "Closed") ||
    (resource is Jira::Issue && resource.project has category && resource.project.category == "Closed")
};
"#;

#[test]
fn the_category_of_a_project_is_known_by_its_issues_as_well() {
    let engine = engine(&[CATEGORY]);
    let (ops, place) = (issue("OPS-1"), Resource::Project(project("OPS")));
    let hidden = Some(DenyReason::NotVisible);
    for (category, outcome) in [
        (None, hidden),
        (Some(Known::Absent), None),
        (Some(text("Open")), None),
        (Some(text("Closed")), hidden),
    ] {
        let known: Vec<_> = category.into_iter().map(|value| (Attribute::Category, value)).collect();
        let observed = observed(&place, &known);
        assert_eq!(decided(&engine, "jira_get_issue", &ops, &observed), outcome, "{known:?}");
        assert_eq!(
            engine.may_view(&user(&[]), &session(), &place, &observed),
            outcome.is_none(),
            "{known:?}"
        );
    }
    let other = observed(&Resource::Project(project("DEV")), &[(Attribute::Category, Known::Absent)]);
    assert_eq!(decided(&engine, "jira_get_issue", &ops, &other), hidden, "of OPS nothing is known");
}

#[test]
fn a_space_is_personal_by_its_key() {
    let engine = engine(&[r#"
@id("team") permit (principal, action in Mcp::Action::"confluence", resource)
when {
    (resource is Confluence::Space && resource.kind == "global") ||
    (resource is Confluence::Page && resource.space.kind == "global")
};
"#]);
    let none = Observed::default();
    for (key, visible) in [("DOCS", true), ("~ann", false), ("~5B10AC8D82E05B22CC7D4EF5", false)] {
        for item in [Resource::Space(space(key)), page("7", key)] {
            assert_eq!(engine.may_view(&user(&[]), &session(), &item, &none), visible, "{key}");
        }
    }
}

#[test]
fn only_policies_that_can_match_need_to_know() {
    let engine = engine(&[LEVELS.split("@id(\"done\")").next().unwrap().trim_end(), SEE_ALL]);
    let none = Observed::default();
    assert!(!engine.may_view(&user(&[]), &session(), &issue("OPS-1"), &none));
    let scoped = self::engine(&[
        READ_ALL,
        "@id(\"top\") @advice(\"x\") forbid (principal, action, resource in Jira::Project::\"OPS\")
         when { resource has status && resource.status == \"Done\" };",
    ]);
    assert!(!scoped.may_view(&user(&[]), &session(), &issue("OPS-1"), &none));
    assert!(scoped.may_view(&user(&[]), &session(), &issue("DEV-1"), &none), "no such policy is about DEV");
}

#[test]
fn labels_permit_and_nothing_else_does() {
    let engine = engine(&[PUBLIC]);
    let item = issue("OPS-1");
    for (labels, visible) in [(&["public", "x"][..], true), (&["Public"], false), (&[], false)] {
        let observed = observed(&item, &[(Attribute::IssueLabels, texts(labels))]);
        assert_eq!(engine.may_view(&user(&[]), &session(), &item, &observed), visible, "{labels:?}");
    }
}

#[test]
fn a_tool_needs_what_its_policies_name_and_no_more() {
    let needs = |policies: &str, tool| engine(&[policies]).needs(tool).iter().collect::<Vec<_>>();
    let level = [Attribute::SecurityLevel];
    assert_eq!(needs(LEVELS, "jira_get_issue"), level);
    assert_eq!(needs(LEVELS, "jira_search"), level, "items are looked at one by one");
    assert_eq!(needs(LEVELS, "jira_add_comment"), [Attribute::Status, Attribute::SecurityLevel]);
    assert_eq!(needs(LEVELS, "confluence_get_page"), []);
    for source in [PolicySource::ReadOnly, PolicySource::ReadWrite] {
        let engine = profile(source);
        assert!(tools().iter().all(|tool| engine.needs(tool.name) == Needs::default()));
    }
}

#[test]
fn what_was_decided_on_is_told_with_the_decision() {
    let engine = engine(&[LEVELS]);
    let (ann, session, item) = (user(&[]), session(), issue("OPS-1"));
    let mut observed = observed(&item, &[(Attribute::SecurityLevel, Known::Absent)]);
    observed.note(&item, Attribute::IssueType, text("Bug"));
    let resources = [item];
    let input = input("jira_get_issue", &resources);
    let question = Question {
        principal: &ann,
        session: &session,
        tool: "jira_get_issue",
        resources: &resources,
        input: &input,
        observed: &observed,
    };
    let allowed = engine.decide::<Read>(&question).unwrap();
    let told = serde_json::json!(allowed.decision().basis.attributes);
    assert_eq!(told, serde_json::json!({"Jira::Issue::\"OPS-1\"": {"security_level": null}}));
}

#[test]
fn a_page_lies_in_the_pages_above_it() {
    let engine = engine(&[
        READ_ALL,
        "@id(\"closed\") @advice(\"no\") forbid (principal, action, resource in Confluence::Page::\"7\");",
        "@id(\"open\") @advice(\"no\") forbid (principal, action in Mcp::Action::\"confluence\", resource)
         when { resource has restricted && resource.restricted };",
    ]);
    let (item, open) = (page("9", "DOCS"), (Attribute::Restricted, Known::Flag(false)));
    let above = |ids: &[&str]| (Attribute::Ancestors, texts(ids));
    let table = [
        (vec![open.clone()], false),
        (vec![above(&[])], false),
        (vec![open.clone(), above(&[])], true),
        (vec![open.clone(), above(&["1", "8"])], true),
        (vec![open.clone(), above(&["1", "7"])], false),
        (vec![(Attribute::Restricted, Known::Flag(true)), above(&[])], false),
    ];
    for (known, visible) in table {
        let observed = observed(&item, &known);
        assert_eq!(engine.may_view(&user(&[]), &session(), &item, &observed), visible, "{known:?}");
        assert_eq!(decided(&engine, "confluence_get_page", &item, &observed).is_none(), visible, "{known:?}");
    }
    let itself = page("7", "DOCS");
    let known = observed(&itself, &[open, above(&[])]);
    assert!(!engine.may_view(&user(&[]), &session(), &itself, &known), "a page is in itself");
}
