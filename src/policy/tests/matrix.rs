use super::*;
use crate::policy::Explainer;

const OWN: &str = r#"
@id("read") permit (principal, action in Mcp::Action::"read", resource);
@id("secret") @advice("no")
forbid (principal, action in Mcp::Action::"jira", resource in Jira::Project::"SECRET")
unless { principal in Id::Group::"jira:security" };
@id("comment")
permit (principal in Id::Group::"jira:ops", action == Mcp::Action::"jira_add_comment", resource)
when { context.input.body_len < 100 };
"#;

#[test]
fn a_matrix_says_what_each_group_may_do_where() {
    let directory = directory(&[("own.cedar", OWN)]);
    let settings = settings(PolicySource::Directory(directory.path().to_owned()));
    let explainer = Explainer::load(&tools(), &settings).unwrap();
    let matrices = explainer
        .matrix(&tools(), &["confluence:x".to_owned()], &["dev".to_owned()], &["docs".to_owned()])
        .unwrap();
    let [jira, confluence] = matrices.as_slice() else { panic!("{matrices:?}") };
    assert_eq!(jira.places, ["all of Jira", "DEV", "SECRET", "elsewhere"]);
    assert_eq!(confluence.places, ["all of Confluence", "DOCS", "elsewhere"]);
    let cells = |matrix: &crate::policy::Matrix, tool: &str, group: &str| {
        let class = matrix.classes.iter().find(|class| class.tools.iter().any(|name| name == tool)).unwrap();
        class
            .rows
            .iter()
            .find(|row| row.groups.iter().any(|name| name == group))
            .unwrap()
            .cells
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    let table = [
        (jira, "jira_get_issue", "none", vec!["-", "allowed", "denied", "allowed"]),
        (jira, "jira_get_issue", "jira:security", vec!["-", "allowed", "allowed", "allowed"]),
        (jira, "jira_search", "none", vec!["allowed", "-", "-", "-"]),
        (jira, "jira_add_comment", "jira:ops", vec!["-", "depends", "denied", "depends"]),
        (jira, "jira_add_comment", "jira:security", vec!["-", "denied", "denied", "denied"]),
        (confluence, "confluence_get_page", "confluence:x", vec!["-", "allowed", "allowed"]),
        (confluence, "confluence_create_page", "none", vec!["-", "denied", "denied"]),
    ];
    for (matrix, tool, group, wanted) in table {
        assert_eq!(cells(matrix, tool, group), wanted, "{tool} {group}");
    }
    let page = confluence
        .classes
        .iter()
        .find(|class| class.tools.contains(&"confluence_get_page".to_owned()))
        .unwrap();
    assert_eq!(page.rows[0].groups, ["none", "confluence:x"], "groups with equal cells share a row");
    assert!(explainer.matrix(&tools(), &["x".to_owned()], &[], &[]).unwrap_err().contains("has no origin"));
}

#[test]
fn a_matrix_says_how_often() {
    let permit = |id: &str, limit: &str, rest: &str| {
        let limit = if limit.is_empty() { String::new() } else { format!("@limit(\"{limit}\") ") };
        format!(
            "@id(\"{id}\") {limit}permit (principal, action == Mcp::Action::\"jira_add_comment\", {rest};\n"
        )
    };
    let table = [
        (permit("a", "20/h", "resource)"), "allowed, 20/h"),
        (permit("a", "20/h", "resource)") + &permit("b", "5/d", "resource)"), "allowed, 5/d or 20/h"),
        (permit("a", "20/h", "resource)") + &permit("b", "", "resource)"), "allowed"),
        (permit("a", "20/h", "resource) when { context.input.body_len < 9 }"), "depends, 20/h"),
    ];
    for (policies, wanted) in table {
        let directory = directory(&[("own.cedar", &format!("{READ_ALL}{policies}"))]);
        let settings = settings(PolicySource::Directory(directory.path().to_owned()));
        let matrices = Explainer::load(&tools(), &settings).unwrap().matrix(&tools(), &[], &[], &[]).unwrap();
        let class = matrices[0]
            .classes
            .iter()
            .find(|class| class.tools.contains(&"jira_add_comment".to_owned()))
            .unwrap();
        assert_eq!(class.rows[0].cells[1].to_string(), wanted, "{policies}");
        assert_eq!(serde_json::to_value(&class.rows[0].cells[1]).unwrap(), wanted);
    }
}
