use super::*;
use crate::policy::Observed;

fn bounded(policies: &str) -> Engine {
    let directory = directory(&[("own.cedar", policies)]);
    load_from(directory.path(), |settings| {
        settings.projects = default_only(vec![project("ops"), project("DEV")]);
        settings.spaces = default_only(vec![space("docs"), space("~ann")]);
    })
    .unwrap()
}

#[test]
fn what_is_outside_the_filters_is_not_there() {
    let engine = bounded(ALL);
    let ann = user(&[]);
    let table = [
        ("jira_get_issue", vec![issue("OPS-1")], None),
        ("jira_add_comment", vec![issue("DEV-9")], None),
        ("jira_get_issue", vec![issue("HR-1")], Some(DenyReason::NotVisible)),
        ("jira_add_comment", vec![issue("HR-1")], Some(DenyReason::NotVisible)),
        ("jira_search", vec![Resource::Instance(Product::Jira)], None),
        ("confluence_search", vec![Resource::Instance(Product::Confluence)], None),
        ("confluence_get_page", vec![page("1", "DOCS")], None),
        ("confluence_get_page", vec![page("1", "~Ann")], None),
        ("confluence_get_page", vec![page("1", "HR")], Some(DenyReason::NotVisible)),
        ("confluence_create_page", vec![Resource::Space(space("DOCS")), page("1", "DOCS")], None),
        (
            "confluence_create_page",
            vec![Resource::Space(space("DOCS")), page("1", "HR")],
            Some(DenyReason::NotVisible),
        ),
        ("confluence_create_page", vec![Resource::Space(space("HR"))], Some(DenyReason::NotVisible)),
    ];
    for (tool, resources, wanted) in table {
        assert_eq!(verdict(&engine, &ann, tool, &resources), wanted, "{tool} {resources:?}");
        for resource in resources.iter().filter(|resource| !matches!(resource, Resource::Instance(_))) {
            let inside = ["OPS-1", "DEV-9"].contains(&resource.id())
                || matches!(resource, Resource::Space(key) | Resource::Page { space: Some(key), .. }
                    if ["DOCS", "~ANN"].contains(&key.as_str()));
            assert_eq!(
                engine.may_view(&ann, &session(), resource, &Observed::default()),
                inside,
                "{resource}"
            );
        }
    }
    let denied = ask(&engine, &ann, "jira_get_issue", &[issue("HR-1")]).unwrap_err();
    assert_eq!(denied.policies, ["portcullis:projects-filter"]);
}

#[test]
fn a_filter_asks_for_the_project() {
    let engine = bounded(ALL);
    assert!(!engine.decides_alone("jira_get_issue"));
    assert!(!engine.decides_alone("confluence_create_page"));
    let answer = verdict(&engine, &user(&[]), "jira_get_issue", &[unresolved_issue("OPS-1")]);
    assert_eq!(answer, Some(DenyReason::Error));
}

#[test]
fn a_project_filter_leaves_confluence_alone() {
    let directory = directory(&[("own.cedar", ALL)]);
    let engine =
        load_from(directory.path(), |settings| settings.projects = default_only(vec![project("OPS")]))
            .unwrap();
    assert_eq!(verdict(&engine, &user(&[]), "confluence_get_page", &[page("1", "HR")]), None);
    assert!(engine.decides_alone("confluence_get_page"));
}
