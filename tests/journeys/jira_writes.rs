//! What a write to Jira says when Jira refuses it, and when the issue went elsewhere meanwhile.

use serde_json::Value;
use serde_json::json;

use crate::support::Setup;
use crate::support::World;

const READ_AND_WRITE_OPS: &str = r#"
    @id("ops") permit (principal, action in Mcp::Action::"jira", resource in Jira::Project::"OPS");
    @id("writes") permit (principal, action in Mcp::Action::"write", resource in Jira::Project::"SECRET");
"#;

async fn world(cloud: bool, policies: Option<&'static str>) -> World {
    let variables = vec![("READ_ONLY_MODE", "false".to_owned())];
    World::start(Setup { variables, policies, cloud, gateway: cloud, ..Setup::default() }).await
}

#[tokio::test]
async fn a_refused_field_is_answered_with_what_the_screen_takes() {
    for cloud in [false, true] {
        let world = world(cloud, None).await;
        let refused = async |errors: Value, path: &str, tool: &str, arguments: Value| {
            let body = json!({"errorMessages": [], "errors": errors});
            let method = if tool == "jira_update_issue" { "PUT" } else { "POST" };
            let fault = json!([{"method": method, "path": path, "status": 400, "body": body, "times": 1}]);
            world.faults(fault).await;
            let called = world.call("alice-token", tool, arguments).await;
            assert!(called.is_error, "{called:?}");
            called.text
        };
        let new = |kind: &str| json!({"project_key": "OPS", "summary": "s", "issue_type": kind});
        let text = refused(
            json!({"priority": "The priority selected is invalid."}),
            "/issue$",
            "jira_create_issue",
            new("Task"),
        )
        .await;
        assert!(text.contains("priority: The priority selected is invalid; "), "{text}");
        assert!(text.contains("`Priority` takes Highest, High, Medium, Low"), "{text}");
        let text = refused(
            json!({"issuetype": "The issue type selected is invalid."}),
            "/issue$",
            "jira_create_issue",
            new("Tsak"),
        )
        .await;
        assert!(text.contains("issues of project OPS can be Epic, Story, Task, Sub-task, Bug"), "{text}");
        let text = refused(
            json!({"customfield_99": "Field 'customfield_99' cannot be set. It is not on the appropriate screen, or unknown."}),
            "/issue/OPS-1$",
            "jira_update_issue",
            json!({"issue_key": "OPS-1", "fields": {"summary": "x"}}),
        )
        .await;
        assert!(text.contains("what can be set here: ") && text.contains("Summary"), "{text}");
        let text = refused(
            json!({"resolution": "Please select a resolution."}),
            "/transitions$",
            "jira_transition_issue",
            json!({"issue_key": "OPS-1", "transition_id": "Done"}),
        )
        .await;
        assert!(text.contains("resolution: Please select a resolution"), "{text}");
        world.end();
    }
}

#[tokio::test]
async fn a_refusal_stays_as_it_is_where_the_screen_cannot_be_read() {
    let world = world(false, None).await;
    let body = json!({"errorMessages": [], "errors": {"priority": "No."}});
    world
        .faults(json!([
            {"method": "PUT", "path": "/issue/OPS-1$", "status": 400, "body": body},
            {"method": "GET", "path": "editmeta", "status": 500},
        ]))
        .await;
    let arguments = json!({"issue_key": "OPS-1", "fields": {"priority": "High"}});
    let called = world.call("alice-token", "jira_update_issue", arguments).await;
    assert_eq!(called.text, "Jira answered 400: priority: No");
    world.end();
}

#[tokio::test]
async fn an_issue_that_went_elsewhere_while_it_was_written_is_told_and_written_down() {
    let world = world(false, Some(READ_AND_WRITE_OPS)).await;
    let moved = json!({"id": "10001", "key": "SECRET-77", "fields": {"summary": "canary", "project": {"key": "SECRET"}}});
    // The look-up before the write gets the true answer, the read after it the other.
    let read = "/issue/OPS-1$";
    world
        .faults(json!([
            {"method": "GET", "path": read, "times": 1},
            {"method": "GET", "path": read, "status": 200, "body": moved},
        ]))
        .await;
    let arguments = json!({"issue_key": "OPS-1", "fields": {"summary": "x"}});
    let called = world.call("alice-token", "jira_update_issue", arguments).await;
    assert!(!called.is_error, "the change was made: {called:?}");
    assert!(called.text.contains("it lies elsewhere now"), "{called:?}");
    assert!(!called.text.contains("canary") && !called.text.contains("SECRET"), "{called:?}");
    let record = world.until_audited(|record| record["code"] == "PC1007").await;
    assert_eq!(record["resources"], json!(["Jira::Issue::\"OPS-1\""]));
    assert_eq!(record["actual"], "Jira::Issue::\"SECRET-77\"");
    assert_eq!(record["actual_place"], "Jira::Project::\"SECRET\"");
    world.end();
}

/// Everything in OPS and nothing elsewhere.
const ONLY_OPS: &str =
    r#"@id("ops") permit (principal, action in Mcp::Action::"jira", resource in Jira::Project::"OPS");"#;

const OPS_AND_DEV: &str = r#"
    @id("ops") permit (principal, action in Mcp::Action::"jira", resource in Jira::Project::"OPS");
    @id("dev") permit (principal, action in Mcp::Action::"jira", resource in Jira::Project::"DEV");
"#;

/// What fields can name, the sprints being those of DEV.
const NAMING: [&str; 7] = [
    r#"{"Sprint": 3}"#,
    r#"{"customfield_10020": "3"}"#,
    r#"{"customfield_10020": [{"id": 3}]}"#,
    r#"{"Epic Link": "DEV-1"}"#,
    r#"{"epicKey": {"key": "DEV-1"}}"#,
    r#"{"parent": "DEV-1"}"#,
    r#"{"customfield_10010": ["DEV-1"]}"#,
];

#[tokio::test]
async fn what_fields_name_is_decided_on_whatever_their_form() {
    let world = world(false, Some(ONLY_OPS)).await;
    for fields in NAMING {
        let update = json!({"issue_key": "OPS-4", "fields": fields});
        let create =
            json!({"project_key": "OPS", "summary": "s", "issue_type": "Task", "additional_fields": fields});
        let step = json!({"issue_key": "OPS-4", "transition_id": "Done", "fields": fields});
        for (tool, arguments) in
            [("jira_update_issue", update), ("jira_create_issue", create), ("jira_transition_issue", step)]
        {
            let called = world.call("alice-token", tool, arguments).await;
            assert!(called.is_error, "{tool} {fields}: {called:?}");
            assert!(
                called.text.contains("does not exist or is not visible to you"),
                "{tool} {fields}: {called:?}"
            );
        }
    }
    for fields in [r#"{"Epic Link": "10001"}"#, r#"{"Sprint": "next"}"#, r#"{" Project ": "DEV"}"#] {
        let called = world
            .call("alice-token", "jira_update_issue", json!({"issue_key": "OPS-4", "fields": fields}))
            .await;
        assert!(called.is_error, "{fields}: {called:?}");
    }
    let changes = world.requests().await;
    assert!(!changes.iter().any(|request| !request.starts_with("GET")), "{changes:?}");
    world.end();
}

#[tokio::test]
async fn what_fields_name_may_be_written_where_all_of_it_is_allowed() {
    for policies in [None, Some(OPS_AND_DEV)] {
        let world = world(false, policies).await;
        for fields in
            [r#"{"Sprint": 3}"#, r#"{"customfield_10020": "2"}"#, r#"{"Story Points": 5, "Team": "Red"}"#]
        {
            let update = json!({"issue_key": "OPS-4", "fields": fields});
            let called = world.call("alice-token", "jira_update_issue", update).await;
            assert!(!called.is_error, "{policies:?} {fields}: {called:?}");
        }
        world.end();
    }
}

#[tokio::test]
async fn an_issue_goes_only_if_all_of_its_subtasks_may() {
    let policies = r#"
        @id("ops") permit (principal, action in Mcp::Action::"jira", resource in Jira::Project::"OPS");
        @id("kept") @advice("this one stays") forbid (
            principal, action == Mcp::Action::"jira_delete_issue", resource == Jira::Issue::"OPS-24"
        );
    "#;
    let world = world(false, Some(policies)).await;
    let called = world.call("alice-token", "jira_delete_issue", json!({"issue_key": "OPS-23"})).await;
    assert!(
        called.is_error && called.text.contains("this one stays"),
        "OPS-24 is a subtask of it: {called:?}"
    );
    assert!(!world.requests().await.iter().any(|request| request.starts_with("DELETE")));
    world.end();
}

#[tokio::test]
async fn a_project_that_is_hidden_and_one_that_is_absent_are_one() {
    let policies = r#"
        @id("all") permit (principal, action, resource);
        @id("secret") @advice("no") forbid (principal, action, resource in Jira::Project::"SECRET");
    "#;
    for cloud in [false, true] {
        let world = world(cloud, Some(policies)).await;
        for (tool, more) in [
            ("jira_get_project_versions", json!({})),
            ("jira_get_project_components", json!({})),
            ("jira_get_project_issues", json!({})),
            ("jira_get_project_issue_types", json!({})),
            ("jira_get_service_desk_for_project", json!({})),
            ("jira_get_cross_project_dependencies", json!({})),
            ("jira_create_issue", json!({"summary": "s", "issue_type": "Task"})),
            ("jira_create_version", json!({"name": "9"})),
        ] {
            let said = async |key: &str| {
                let before = world.requests().await.len();
                let mut arguments = more.clone();
                arguments["project_key"] = key.into();
                let called = world.call("alice-token", tool, arguments).await;
                assert!(called.is_error, "{tool} {key}: {called:?}");
                let (text, _) = called.text.split_once("(reference").unwrap_or_else(|| panic!("{called:?}"));
                (text.replace(key, "KEY"), world.requests().await.len() - before)
            };
            said("SECRET").await;
            said("NOSUCH").await;
            assert_eq!(said("SECRET").await, said("NOSUCH").await, "{tool}");
        }
        world.end();
    }
}

#[tokio::test]
async fn a_success_that_complains_is_none() {
    let world = world(false, None).await;
    let body = json!({"errorMessages": ["nope"], "errors": {}});
    world.faults(json!([{"method": "PUT", "path": "/assignee$", "status": 200, "body": body}])).await;
    let called = world
        .call("alice-token", "jira_assign_issue", json!({"issue_key": "OPS-1", "assignee": "bob"}))
        .await;
    assert!(called.is_error && called.text.contains("it is a success that complains"), "{called:?}");
    world.end();
}
