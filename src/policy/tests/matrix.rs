use super::*;
use crate::policy::Cell;
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
        class.rows.iter().find(|row| row.groups.iter().any(|name| name == group)).unwrap().cells.clone()
    };
    let (yes, no, depends, none) = (Cell::Allowed, Cell::Denied, Cell::Depends, Cell::None);
    let table = [
        (jira, "jira_get_issue", "none", vec![none, yes, no, yes]),
        (jira, "jira_get_issue", "jira:security", vec![none, yes, yes, yes]),
        (jira, "jira_search", "none", vec![yes, none, none, none]),
        (jira, "jira_add_comment", "jira:ops", vec![none, depends, no, depends]),
        (jira, "jira_add_comment", "jira:security", vec![none, no, no, no]),
        (confluence, "confluence_get_page", "confluence:x", vec![none, yes, yes]),
        (confluence, "confluence_create_page", "none", vec![none, no, no]),
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
