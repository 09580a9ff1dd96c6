//! Issues by the keys they had before they were moved: OPS-900 is DEV-30 by now, and OPS-901 never was.
//!
//! Where policies hide the one project or the other, no query that names the first may be told from one that names the
//! second: not by a byte of the answer, nor by how often Jira is asked.

use serde_json::Value;
use serde_json::json;

use crate::support::Called;
use crate::support::Setup;
use crate::support::World;

/// OPS alone, and nothing of where the issue lies now.
const ONLY_OPS: &str = r#"
@id("tools") permit (principal, action in Mcp::Action::"read", resource is Jira::Instance);
@id("ops") permit (principal, action in Mcp::Action::"jira:read", resource in Jira::Project::"OPS");
"#;

/// Everything but where it lies now.
const ALL_BUT_DEV: &str = r#"
@id("all") permit (principal, action, resource);
@id("dev") @advice("closed")
forbid (principal, action in Mcp::Action::"jira", resource in Jira::Project::"DEV");
"#;

/// Everything but where it was.
const ALL_BUT_OPS: &str = r#"
@id("all") permit (principal, action, resource);
@id("ops") @advice("closed")
forbid (principal, action in Mcp::Action::"jira", resource in Jira::Project::"OPS");
"#;

/// Everything but a project that Jira hides from some as well.
const ALL_BUT_SECRET: &str = r#"
@id("all") permit (principal, action, resource);
@id("secret") @advice("closed")
forbid (principal, action in Mcp::Action::"jira", resource in Jira::Project::"SECRET");
"#;

/// The same as [`ALL_BUT_DEV`] in a way that no query can say.
const NOTHING_LIKE_DEV: &str = r#"
@id("all") permit (principal, action, resource);
@id("like") @advice("closed") forbid (principal, action in Mcp::Action::"jira", resource)
when {
    (resource is Jira::Project && resource.key like "DE*") ||
    (resource is Jira::Issue && resource.project.key like "DE*")
};
"#;

/// Single issues of DEV, and not this one: a condition that names issues.
const SOME_OF_DEV: &str = r#"
@id("tools") permit (principal, action in Mcp::Action::"read", resource is Jira::Instance);
@id("ops") permit (principal, action in Mcp::Action::"jira:read", resource in Jira::Project::"OPS");
@id("one") permit (principal, action in Mcp::Action::"jira:read", resource == Jira::Issue::"DEV-2");
@id("gone") permit (principal, action in Mcp::Action::"jira:read", resource == Jira::Issue::"DEV-999");
"#;

/// Queries that name an issue.
const QUERIES: [&str; 27] = [
    "key = {}",
    "issuekey = \"{}\" AND status != Done",
    "(key = {}) AND (project = OPS OR project = DEV)",
    "key = {} AND key = OPS-1",
    "key != {}",
    "NOT key = {}",
    "NOT (key = {} AND status = Done)",
    "key not in ({})",
    "key in (DEV-1, {})",
    "key in (OPS-1, {})",
    "key = {} OR project = OPS",
    "key = {} OR project = DEV",
    "project = OPS AND issue != '{}'",
    "id != {}",
    "parent = {}",
    "parent != {}",
    "\"Epic Link\" != {}",
    "cf[10010] not in ({}, OPS-1)",
    "key < {}",
    "key >= {}",
    "issue in linkedIssues({})",
    "issue not in linkedIssues({}, blocks)",
    "key = {} AND issue in linkedIssues({})",
    "key != {} AND project = OPS ORDER BY created",
    "key = {} AND nonsense = 1",
    "key != {} AND nonsense = 1",
    "nonsense != {}",
];

async fn world(policies: &'static str, cloud: bool) -> World {
    World::start(Setup { policies: Some(policies), cloud, ..Setup::default() }).await
}

/// The calls that take a query.
fn calls(jql: &str, board: &str) -> Vec<(&'static str, Value)> {
    vec![
        ("jira_search", json!({"jql": jql, "limit": 3})),
        ("jira_search", json!({"jql": jql, "projects_filter": "OPS,DEV", "expand": "names"})),
        ("jira_search", json!({"jql": jql, "start_at": 2, "use_display_names": true})),
        ("jira_get_board_issues", json!({"board_id": board, "jql": jql, "limit": 3})),
    ]
}

/// What is answered, and how often Jira was asked.
async fn ask(world: &World, tool: &str, arguments: &Value, key: &str) -> (Called, u64) {
    let arguments = serde_json::from_str(&arguments.to_string().replace("{}", key)).unwrap();
    let before = world.asked().await;
    let mut called = world.call_all("alice-token", tool, arguments).await;
    if let Some((text, _)) = called.text.split_once(" (reference") {
        called.text = text.to_owned();
    }
    (called, world.asked().await - before)
}

fn keys(called: &Called) -> Vec<String> {
    let page: Value = serde_json::from_str(called.text.lines().next().unwrap()).unwrap();
    let issues = page["issues"].as_array().unwrap_or_else(|| panic!("{page}"));
    issues.iter().map(|issue| issue["key"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn an_issue_that_was_moved_is_no_other_than_one_that_never_was() {
    for cloud in [false, true] {
        for (policies, board) in [
            (ONLY_OPS, "1"),
            (ALL_BUT_DEV, "1"),
            (ALL_BUT_OPS, "2"),
            (NOTHING_LIKE_DEV, "1"),
            (SOME_OF_DEV, "1"),
        ] {
            let world = world(policies, cloud).await;
            let mut differences = Vec::new();
            for query in QUERIES {
                for (tool, arguments) in calls(query, board) {
                    // What may be remembered is, from then on.
                    let _ = ask(&world, tool, &arguments, "OPS-901").await;
                    let _ = ask(&world, tool, &arguments, "OPS-900").await;
                    let moved = ask(&world, tool, &arguments, "OPS-900").await;
                    let absent = ask(&world, tool, &arguments, "OPS-901").await;
                    if moved != absent {
                        differences
                            .push(format!("{tool} {arguments}\n  moved  {moved:?}\n  absent {absent:?}"));
                    }
                    let is_told = query.contains("nonsense");
                    assert_eq!(moved.0.is_error, is_told, "{cloud} {tool} {arguments} {}", moved.0.text);
                    assert!(is_told || keys(&moved.0).is_empty(), "{cloud} {tool} {arguments}");
                }
            }
            assert!(differences.is_empty(), "{cloud} {policies}\n{}", differences.join("\n"));
            world.end();
        }
    }
}

/// What Jira's limit is where it is smaller than ours stands on no page without issues.
#[tokio::test]
async fn a_page_without_issues_says_our_own_limit() {
    for cloud in [false, true] {
        let world = world(ALL_BUT_DEV, cloud).await;
        for (tool, arguments) in calls("key = {}", "1") {
            let _ = ask(&world, tool, &arguments, "OPS-901").await;
            let (absent, _) = ask(&world, tool, &arguments, "OPS-901").await;
            let mut body = json!({"startAt": 0, "maxResults": 2, "issues": [], "isLast": true});
            if !(cloud && tool == "jira_search") {
                body["total"] = 0.into();
            }
            let path = "(/api/[23]/search|/board/1/issue)";
            world.faults(json!([{"path": path, "status": 200, "body": body}])).await;
            let (moved, _) = ask(&world, tool, &arguments, "OPS-900").await;
            world.faults(json!([])).await;
            assert_eq!(moved, absent, "{cloud} {tool} {arguments}");
        }
        world.end();
    }
}

/// The first question of all is none that tells either.
#[tokio::test]
async fn the_first_to_ask_learns_nothing_from_how_often_jira_is_asked() {
    for cloud in [false, true] {
        for query in ["key = {}", "key != {}", "key = {} AND nonsense = 1"] {
            let first = async |key: &str| {
                let world = world(ALL_BUT_DEV, cloud).await;
                let answer = ask(&world, "jira_search", &json!({"jql": query}), key).await;
                world.end();
                answer
            };
            assert_eq!(first("OPS-900").await, first("OPS-901").await, "{cloud} {query}");
        }
    }
}

/// What Jira itself does not show to an account is no other than what policies hide.
#[tokio::test]
async fn a_project_that_jira_hides_too_is_no_other_than_an_absent_one() {
    for cloud in [false, true] {
        let world = world(ALL_BUT_SECRET, cloud).await;
        for query in ["key = {}", "key != {}", "key = {} AND nonsense = 1", "parent = {} OR project = DEV"] {
            let ask = async |key: &str| {
                let before = world.asked().await;
                let arguments = json!({"jql": query.replace("{}", key)});
                let answer = world.call("bob-token", "jira_search", arguments).await;
                let text = answer.text.split(" (reference").next().unwrap().replace(key, "KEY");
                (text, world.asked().await - before)
            };
            let _ = (ask("SECRET-1").await, ask("NOPE-1").await);
            assert_eq!(ask("SECRET-1").await, ask("NOPE-1").await, "{cloud} {query}");
        }
        world.end();
    }
}

#[tokio::test]
async fn what_may_be_seen_is_found_by_either_key() {
    for cloud in [false, true] {
        let world = world(ALL_BUT_SECRET, cloud).await;
        for (jql, wanted) in [
            ("key = OPS-900", vec!["DEV-30"]),
            ("key in (OPS-900, OPS-1) ORDER BY key", vec!["DEV-30", "OPS-1"]),
            ("issue in linkedIssues(OPS-900)", vec!["OPS-16"]),
            // By both of its keys it is not known again.
            ("key != OPS-900 AND key in (DEV-29, DEV-30)", vec![]),
            ("key != OPS-900 AND project = DEV AND key > DEV-28 ORDER BY key", vec!["DEV-29"]),
            ("key = OPS-1 OR key = OPS-2 ORDER BY key", vec!["OPS-1", "OPS-2"]),
        ] {
            let (found, _) = ask(&world, "jira_search", &json!({"jql": jql}), "").await;
            assert_eq!(keys(&found), wanted, "{cloud} {jql}");
        }
        // A key alone is looked for, and nothing besides.
        let (_, asked) =
            ask(&world, "jira_search", &json!({"jql": "key = {} AND status = Done"}), "OPS-3").await;
        assert_eq!(asked, 1, "{cloud}");
        world.end();
    }
}
