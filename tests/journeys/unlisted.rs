//! Fields and functions that Jira does not bring itself: the ones may take issues, the others a query, and nobody says so.

use serde_json::Value;
use serde_json::json;

use crate::support::Called;
use crate::support::Setup;
use crate::support::World;

/// The account sees it; policy alone hides it.
const ALL_BUT_SECRET: &str = r#"
@id("all") permit (principal, action, resource);
@id("secret") @advice("closed")
forbid (principal, action in Mcp::Action::"jira", resource in Jira::Project::"SECRET");
"#;

const ALL: &str = r#"@id("all") permit (principal, action, resource);"#;

async fn world(policies: &'static str, cloud: bool) -> World {
    World::start(Setup { policies: Some(policies), cloud, ..Setup::default() }).await
}

async fn search(world: &World, jql: &str) -> (Called, u64) {
    let before = world.asked().await;
    let mut called = world.call("alice-token", "jira_search", json!({"jql": jql, "limit": 3})).await;
    if let Some((text, _)) = called.text.split_once(" (reference") {
        called.text = text.to_owned();
    }
    (called, world.asked().await - before)
}

fn keys(called: &Called) -> Vec<String> {
    let page = called.json();
    let issues = page["issues"].as_array().unwrap_or_else(|| panic!("{page}"));
    issues.iter().map(|issue| issue["key"].as_str().unwrap().to_owned()).collect()
}

/// What Jira may say of the fields: that of epics takes issues, whatever is said of it.
fn lists_of_fields() -> [Value; 4] {
    let epic = |schema: Value| json!({"id": "customfield_10010", "name": "Epic Link", "schema": schema});
    [
        json!([]),
        json!([epic(json!({"type": "any", "custom": "com.example.app:related"}))]),
        json!([epic(json!({"type": "array", "items": "string", "custom": "com.example.app:related"}))]),
        json!([epic(json!({"type": "any"}))]),
    ]
}

#[tokio::test]
async fn a_field_that_nobody_knows_tells_no_hidden_issue() {
    let queries = [
        "rank != {}",
        "rank < {} OR project = OPS",
        "rank not in (1000001, {})",
        "cf[10010] != {}",
        "customfield_10010 not in (1000001, \"{}\") ORDER BY key",
        "NOT cf[10010] = {}",
    ];
    for cloud in [false, true] {
        for fields in lists_of_fields() {
            let world = world(ALL_BUT_SECRET, cloud).await;
            world
                .faults(json!([{"path": "/api/2/field$", "method": "GET", "status": 200, "body": fields}]))
                .await;
            for query in queries {
                for (hidden, absent) in [("1000201", "1000901"), ("SECRET-1", "SECRET-901")] {
                    let ask = async |named: &str| search(&world, &query.replace("{}", named)).await;
                    let _ = (ask(hidden).await, ask(absent).await);
                    let (one, other) = (ask(hidden).await, ask(absent).await);
                    assert_eq!(one, other, "{cloud} {fields} {query}");
                    assert_eq!(keys(&one.0), Vec::<String>::new(), "{cloud} {fields} {query}");
                }
            }
            world.end();
        }
    }
}

#[tokio::test]
async fn a_field_that_takes_no_issues_is_searched_by_any_number() {
    for cloud in [false, true] {
        let world = world(ALL_BUT_SECRET, cloud).await;
        let schema = json!({"type": "number", "custom": "com.example.app:points"});
        let fields = json!([{"id": "customfield_10016", "name": "Points", "clauseNames": ["Story Points"], "schema": schema}]);
        world
            .faults(json!([{"path": "/api/2/field$", "method": "GET", "status": 200, "body": fields}]))
            .await;
        for query in ["cf[10016] < 9999999", "'story points' < 9999999", "rank != 1000001", "rank != OPS-1"] {
            let (found, _) = search(&world, query).await;
            assert_eq!(keys(&found).len(), 3, "{cloud} {query}");
        }
        world.end();
    }
}

/// A query inside a query is not narrowed: it would find by what is hidden.
#[tokio::test]
async fn a_function_that_may_take_a_query_is_refused_where_something_is_hidden() {
    for cloud in [false, true] {
        let (hiding, open) = (world(ALL_BUT_SECRET, cloud).await, world(ALL, cloud).await);
        // Who asks is asked once.
        search(&hiding, "key = OPS-1").await;
        for (query, function) in [
            ("issue in linkedIssuesOf(\"project = {}\")", "linkedIssuesOf"),
            ("issue not in (OPS-1, \"linkedIssuesOf\"('summary ~ {}'))", "linkedIssuesOf"),
            ("issueFunction in hasLinks()", "issueFunction"),
            ("parent in epicsOf({}) AND nonsense = 1", "epicsOf"),
            ("summary ~ wordsOf({})", "wordsOf"),
            ("status was Done by membersIn(\"project = {}\")", "membersIn"),
        ] {
            let before = hiding.asked().await;
            for named in ["SECRET", "NOPE"] {
                let (refused, _) = search(&hiding, &query.replace("{}", named)).await;
                let says = format!("`jql` has `{function}`, which is none of Jira's own");
                assert!(refused.is_error && refused.text.contains(&says), "{cloud} {query} {}", refused.text);
            }
            assert_eq!(hiding.asked().await, before, "{cloud} {query}");
        }
        let linked = "issue in linkedIssuesOf(\"project = DEV\") AND project = OPS";
        assert!(!keys(&search(&open, linked).await.0).is_empty(), "{cloud} where nothing is hidden");
        assert!(!keys(&search(&hiding, "issue in linkedIssues(OPS-900)").await.0).is_empty(), "{cloud}");
        hiding.end();
        open.end();
    }
}
