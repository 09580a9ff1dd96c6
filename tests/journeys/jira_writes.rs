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
    World::start(Setup { variables, policies, cloud, gateway: cloud }).await
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
