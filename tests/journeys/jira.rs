//! The Jira tools in front of the sample upstream: what is written can be read back, on both deployments, and nothing
//! leads around the policy.

use serde_json::Value;
use serde_json::json;

use crate::support::World;

#[tokio::test]
async fn an_issue_lives_from_its_creation_to_its_end() {
    for cloud in [false, true] {
        let world = World::writing(cloud).await;
        let call =
            async |tool: &str, arguments: Value| world.call("alice-token", tool, arguments).await.json();
        let new = json!({
            "project_key": "OPS", "summary": "Journey", "issue_type": "Task", "description": "A **bold** word",
            "assignee": "Alice Operations", "additional_fields": r#"{"labels": ["journey"], "priority": "High"}"#,
        });
        let created = call("jira_create_issue", new).await;
        let key = created["issue"]["key"].as_str().unwrap_or_else(|| panic!("{cloud}: {created}")).to_owned();
        assert_eq!(created["issue"]["description"], "A **bold** word", "{cloud}: {created}");
        assert_eq!(created["issue"]["assignee"]["display_name"], "Alice Operations", "{cloud}: {created}");

        let changed = call(
            "jira_update_issue",
            json!({"issue_key": key, "fields": r#"{"summary": "Changed", "description": "- one"}"#, "comment": "a _word_"}),
        )
        .await;
        assert_eq!(changed["operations_performed"], json!(["fields_updated", "comment_added"]), "{changed}");
        assert_eq!(
            (&changed["issue"]["summary"], &changed["issue"]["description"]),
            (&json!("Changed"), &json!("- one"))
        );

        let offered = call("jira_get_transitions", json!({"issue_key": key})).await;
        let first = offered[0]["name"].as_str().unwrap().to_owned();
        let moved = call("jira_transition_issue", json!({"issue_key": key, "transition_id": first})).await;
        assert_eq!(moved["issue"]["status"]["name"], offered[0]["to"], "{cloud}: {moved}");

        let logged = call(
            "jira_add_worklog",
            json!({"issue_key": key, "time_spent": "1h 30m", "comment": "**done**"}),
        )
        .await;
        assert_eq!(logged["worklog"]["time_spent_seconds"], 5400, "{cloud}: {logged}");
        let worklogs = call("jira_get_worklog", json!({"issue_key": key})).await;
        assert_eq!(worklogs["worklogs"][0]["comment"], "**done**", "{cloud}: {worklogs}");

        let link = json!({"link_type": "Blocks", "inward_issue_key": key, "outward_issue_key": "OPS-1"});
        assert_eq!(call("jira_create_issue_link", link).await["success"], true);
        let linked = call("jira_get_issue", json!({"issue_key": key, "fields": "issuelinks"})).await;
        let id =
            linked["issuelinks"][0]["id"].as_str().unwrap_or_else(|| panic!("{cloud}: {linked}")).to_owned();
        assert_eq!(call("jira_remove_issue_link", json!({"link_id": id})).await["link_id"], json!(id));

        let unassigned = call("jira_assign_issue", json!({"issue_key": key})).await;
        assert_eq!(unassigned["issue"]["assignee"]["display_name"], "Unassigned", "{cloud}: {unassigned}");
        call("jira_delete_issue", json!({"issue_key": key})).await;
        let gone = world.call("alice-token", "jira_get_issue", json!({"issue_key": key})).await;
        assert!(gone.is_error && gone.text.contains("does not exist or is not visible"), "{cloud}: {gone:?}");
        world.end();
    }
}

#[tokio::test]
async fn what_cannot_be_resolved_is_refused_before_the_first_change() {
    for cloud in [false, true] {
        let world = World::writing(cloud).await;
        for (tool, arguments, wanted) in [
            (
                "jira_assign_issue",
                json!({"issue_key": "OPS-1", "assignee": "zoe"}),
                "nobody was found for `zoe`",
            ),
            ("jira_transition_issue", json!({"issue_key": "OPS-1", "transition_id": "Fly"}), "it offers"),
            (
                "jira_update_issue",
                json!({"issue_key": "OPS-1", "fields": r#"{"Stori Points": 3}"#}),
                "did you mean `Story Points`",
            ),
            (
                "jira_update_issue",
                json!({"issue_key": "OPS-1", "fields": r#"{"Story Points": "many", "summary": "x"}"#}),
                "wants a number",
            ),
            (
                "jira_update_issue",
                json!({"issue_key": "OPS-1", "fields": r#"{"summary": "x"}"#, "transition": "Fly"}),
                "it offers",
            ),
        ] {
            let refused = world.call("alice-token", tool, arguments.clone()).await;
            assert!(
                refused.is_error && refused.text.contains(wanted),
                "{cloud} {tool} {arguments}: {refused:?}"
            );
        }
        let requests = world.requests().await;
        assert!(requests.iter().all(|request| request.starts_with("GET ")), "{cloud}: {requests:?}");
        world.end();
    }
}

#[tokio::test]
async fn no_tool_leads_into_a_closed_project() {
    for cloud in [false, true] {
        let world = World::closed(cloud).await;
        for (tool, arguments) in [
            ("jira_get_transitions", json!({"issue_key": "SECRET-1"})),
            ("jira_delete_issue", json!({"issue_key": "SECRET-1"})),
            ("jira_get_project_versions", json!({"project_key": "SECRET"})),
            ("jira_create_issue", json!({"project_key": "SECRET", "summary": "x", "issue_type": "Task"})),
            (
                "jira_create_issue",
                json!({
                    "project_key": "OPS", "summary": "x", "issue_type": "Sub-task",
                    "additional_fields": r#"{"parent": "SECRET-1"}"#,
                }),
            ),
            ("jira_update_issue", json!({"issue_key": "OPS-1", "fields": r#"{"epicKey": "SECRET-1"}"#})),
            (
                "jira_create_issue_link",
                json!({"link_type": "Blocks", "inward_issue_key": "OPS-1", "outward_issue_key": "SECRET-1"}),
            ),
            ("jira_link_to_epic", json!({"issue_key": "OPS-1", "epic_key": "SECRET-1"})),
            ("jira_get_board_issues", json!({"board_id": "3", "jql": ""})),
            ("jira_get_sprints_from_board", json!({"board_id": "3"})),
            ("jira_add_issues_to_sprint", json!({"sprint_id": "3", "issue_keys": "DEV-1,SECRET-1"})),
            ("jira_move_issues_to_backlog", json!({"issue_keys": "OPS-1,SECRET-1"})),
        ] {
            // carol may look into SECRET at Jira; the policy closes it to alice alone.
            let refused = world.call("alice-token", tool, arguments.clone()).await;
            let hidden = refused.text.contains("does not exist or is not visible to you");
            assert!(refused.is_error && hidden, "{cloud} {tool} {arguments}: {refused:?}");
        }
        let requests = world.requests().await;
        assert!(requests.iter().all(|request| request.starts_with("GET ")), "{cloud}: {requests:?}");
        for (tool, arguments) in [
            ("jira_get_all_projects", json!({})),
            ("jira_search_projects", json!({"query": "e"})),
            ("jira_get_agile_boards", json!({"limit": 50})),
        ] {
            let listed = world.call("alice-token", tool, arguments).await;
            assert!(!listed.is_error && !listed.text.contains("\"SECRET"), "{cloud} {tool}: {listed:?}");
        }
        world.end();
    }
}
