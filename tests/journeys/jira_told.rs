//! What a caller is told who names a thing by its name, names what is not there, or asks for what cannot be: on both
//! deployments, in front of the sample upstream.

use serde_json::Value;
use serde_json::json;

use crate::support::Setup;
use crate::support::World;
use crate::support::alice::Alice;

#[tokio::test]
async fn fields_are_read_by_the_names_that_people_see() {
    for cloud in [false, true] {
        let alice = Alice::start(cloud).await;
        let fields = "summary,Story Points,Epic Link,Stori Points";
        let got = alice.call("jira_get_issue", json!({"issue_key": "DEV-2", "fields": fields})).await;
        let jql = json!({"jql": "key = DEV-2", "fields": fields});
        let found = alice.call("jira_search", jql).await;
        let change = json!({"issue_key": "DEV-2", "fields": {"labels": ["x"]}, "return_fields": fields});
        let changed = alice.call("jira_update_issue", change).await;
        for (what, issue, told) in [
            ("get", &got, &got),
            ("search", &found["issues"][0], &found),
            ("update", &changed["issue"], &changed["issue"]),
        ] {
            assert_eq!(issue["Story Points"]["field_id"], "customfield_10016", "{cloud} {what}: {issue}");
            assert!(
                issue.get("Epic Link").is_some() && issue["summary"].is_string(),
                "{cloud} {what}: {issue}"
            );
            let unknown = told["unknown_fields"]["Stori Points"].as_str().unwrap();
            assert!(unknown.contains("did you mean `Story Points`"), "{cloud} {what}: {unknown}");
        }
        let lists = async || {
            let requests = alice.world.requests().await;
            requests.iter().filter(|request| request.ends_with("/field")).count()
        };
        assert_eq!(lists().await, 1, "the list of fields is asked for once");
        let sprint = json!({"sprint_id": "2", "fields": "Story Points"});
        let board = json!({"board_id": "2", "jql": "", "fields": "Story Points"});
        for (tool, arguments) in [("jira_get_sprint_issues", sprint), ("jira_get_board_issues", board)] {
            let listed = alice.call(tool, arguments).await;
            assert!(listed["issues"][0].get("Story Points").is_some(), "{cloud} {tool}: {listed}");
        }
        alice.end();
        let other = Alice::start(cloud).await;
        other.call("jira_get_issue", json!({"issue_key": "DEV-2"})).await;
        let requests = other.world.requests().await;
        assert!(!requests.iter().any(|request| request.ends_with("/field")), "{requests:?}");
        other.end();
    }
}

#[tokio::test]
async fn a_word_that_is_none_of_those_there_are_is_told() {
    for cloud in [false, true] {
        let alice = Alice::start(cloud).await;
        for (tool, arguments, wanted) in [
            (
                "jira_get_sprints_from_board",
                json!({"board_id": "2", "state": "actve"}),
                "`state` has `actve`; there are active, future, closed",
            ),
            (
                "jira_get_agile_boards",
                json!({"board_type": "scum"}),
                "`board_type` has `scum`; there are scrum, kanban",
            ),
            (
                "jira_create_issue",
                json!({"project_key": "OPS", "summary": "s", "issue_type": "Task",
                    "additional_fields": {"duedate": "tomorrow"}}),
                "wants a day in the form YYYY-MM-DD",
            ),
            (
                "jira_create_issue",
                json!({"project_key": "NOPE", "summary": "s", "issue_type": "Task"}),
                "project NOPE does not exist or is not visible to you; jira_get_all_projects lists",
            ),
            (
                "jira_batch_create_issues",
                json!({"issues": [{"project_key": "NOPE", "summary": "s", "issue_type": "Task"}]}),
                "project NOPE does not exist or is not visible to you",
            ),
            (
                "jira_create_issue_link",
                json!({"link_type": "Blots", "inward_issue_key": "OPS-1", "outward_issue_key": "OPS-2"}),
                "no link type `Blots`; there are Blocks, Duplicate, Relates",
            ),
            (
                "jira_get_create_fields",
                json!({"project_key": "OPS", "issue_type_id": "9"}),
                "Jira answered 404: The issue type does not exist; jira_get_project_issue_types lists",
            ),
            (
                "jira_edit_comment",
                json!({"issue_key": "OPS-1", "comment_id": "7", "body": "x"}),
                "jira_get_issue gives comments with their ids",
            ),
            (
                "jira_update_issue",
                json!({"issue_key": "OPS-1", "fields": {"project": "DEV"}}),
                "jira_move_issue",
            ),
        ] {
            let refused = alice.refused(tool, arguments.clone()).await;
            assert!(refused.contains(wanted), "{cloud} {tool} {arguments}: {refused}");
            assert!(!refused.starts_with("issue OPS-1"), "{cloud} {tool}: {refused}");
        }
        let shown =
            alice.call("jira_get_issue", json!({"issue_key": "OPS-1", "include": "worklogs,watcher"})).await;
        let told = shown["not_included"]["watcher"].as_str().unwrap();
        assert!(told.starts_with("there is no such part; there are comments, worklogs"), "{cloud}: {told}");
        if !cloud {
            let refused = alice.refused("jira_search", json!({"jql": "", "page_token": "x"})).await;
            assert!(refused.contains("on Data Center go on with `start_at`"), "{refused}");
        }
        alice.end();
    }
}

#[tokio::test]
async fn what_cannot_be_created_is_told_before_it_is_tried() {
    for cloud in [false, true] {
        let alice = Alice::start(cloud).await;
        let new =
            |project: &str, kind: &str| json!({"project_key": project, "summary": "s", "issue_type": kind});
        let check = |issues: Value| json!({"issues": issues, "validate_only": true});
        let tool = "jira_batch_create_issues";
        let refused = alice
            .refused(tool, check(json!([new("OPS", "Task"), new("NOPE", "Task"), new("SD", "Task")])))
            .await;
        assert!(
            refused.contains("`issues`, entry 2: project NOPE does not exist or is not visible"),
            "{refused}"
        );
        let wanted = "`issues`, entry 3: project SD takes no issue of type `Task`; it takes Service Request";
        assert!(refused.contains(wanted), "{cloud}: {refused}");
        let fine = alice.call(tool, check(json!([new("OPS", "task")]))).await;
        let message = fine["message"].as_str().unwrap();
        assert!(
            message.starts_with("1 issue can be sent: ") && message.contains("was not checked"),
            "{message}"
        );
        let requests = alice.world.requests().await;
        assert!(requests.iter().all(|request| request.starts_with("GET ")), "{cloud}: {requests:?}");
        alice.end();
    }
}

#[tokio::test]
async fn every_history_that_was_asked_for_has_an_entry() {
    let alice = Alice::start(true).await;
    let asked = json!({"issue_ids_or_keys": "OPS-3,OPS-999,DEV-3", "limit": 1});
    let logs = alice.call("jira_batch_get_changelogs", asked).await;
    let keys: Vec<&str> =
        logs.as_array().unwrap().iter().map(|entry| entry["issue_key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["OPS-3", "OPS-999", "DEV-3"], "{logs}");
    assert!(
        logs[1]["nothing_found"].as_str().unwrap().contains("does not exist or is not visible"),
        "{logs}"
    );
    assert!(logs[0]["complete"].is_boolean() && logs[0]["issue_id"].is_string(), "{logs}");
    // An issue that moved is found by its old key, and told under it.
    let moved = alice.call("jira_batch_get_changelogs", json!({"issue_ids_or_keys": "OPS-900,OPS-3"})).await;
    assert_eq!((&moved[0]["issue_key"], moved[0].get("nothing_found")), (&json!("OPS-900"), None), "{moved}");
    alice.end();
}

#[tokio::test]
async fn lists_say_whether_they_are_whole_and_how_to_go_on() {
    for cloud in [false, true] {
        let alice = Alice::start(cloud).await;
        let all = async |tool: &str, arguments: Value| {
            alice.world.call_all("alice-token", tool, arguments).await.text
        };
        let cut = all("jira_search_projects", json!({"query": "e", "max_results": 1})).await;
        assert_eq!(cut.matches("\"key\"").count(), 1, "{cloud}: {cut}");
        assert!(cut.contains("\"next\":\"call again with max_results = 50\""), "{cloud}: {cut}");
        let whole = all("jira_search_projects", json!({"query": "e"})).await;
        assert!(!whole.contains("\"complete\":false"), "{cloud}: {whole}");
        let people = json!({"query": "o", "project_key": "OPS", "limit": 1});
        let people = alice.call("jira_search_assignable_users", people).await;
        assert_eq!(people["next"], "call again with limit = 1000", "{cloud}: {people}");
        let shown = alice.call("jira_get_issue", json!({"issue_key": "OPS-1", "comment_limit": 1})).await;
        let total = shown["comments_total"].as_u64().unwrap();
        let next = format!("call jira_get_issue with comment_limit = {total}");
        assert_eq!(shown["comments_next"], json!(next), "{cloud}: {shown}");
        alice.end();
    }
}

#[tokio::test]
async fn fields_of_jiras_own_have_choices_too() {
    for cloud in [false, true] {
        let alice = Alice::start(cloud).await;
        let names = async |arguments: Value| {
            let mut arguments = arguments;
            arguments["values_only"] = true.into();
            alice.call("jira_get_field_options", arguments).await
        };
        let priorities = json!(["Highest", "High", "Medium", "Low", "Lowest"]);
        assert_eq!(names(json!({"field_id": "priority"})).await, priorities, "{cloud}");
        let whole = json!({"field_id": "priority", "project_key": "OPS", "issue_type": "Task"});
        assert_eq!(names(whole).await, priorities, "{cloud}");
        let resolutions = names(json!({"field_id": "resolution"})).await;
        assert!(resolutions.as_array().unwrap().contains(&json!("Duplicate")), "{cloud}: {resolutions}");
        let components = names(json!({"field_id": "components", "project_key": "OPS"})).await;
        assert_eq!(components, json!(["Network", "Storage", "Platform"]), "{cloud}");
        for (field, wanted) in [("fixVersions", "1.0"), ("issuetype", "Epic")] {
            let found = names(json!({"field_id": field, "project_key": "OPS"})).await;
            assert!(!found.as_array().unwrap().is_empty(), "{cloud} {field} {wanted}: {found}");
        }
        let refused = alice.refused("jira_get_field_options", json!({"field_id": "components"})).await;
        assert!(refused.contains("every project has its own `components`: give `project_key`"), "{refused}");
        alice.end();
    }
}

#[tokio::test]
async fn the_sample_refuses_what_jira_refuses() {
    for cloud in [false, true] {
        let alice = Alice::start(cloud).await;
        let step = |resolution: &str| json!({"issue_key": "OPS-3", "transition_id": "Done", "fields": {"resolution": resolution}});
        let refused = alice.refused("jira_transition_issue", step("Nonsense")).await;
        assert!(refused.contains("`Resolution` takes Done, Won't Do, Duplicate"), "{cloud}: {refused}");
        alice.call("jira_transition_issue", step("Duplicate")).await;
        let shown = alice.call("jira_get_issue", json!({"issue_key": "OPS-3", "fields": "resolution"})).await;
        assert_eq!(shown["resolution"]["name"], "Duplicate", "{cloud}: {shown}");
        let again = alice.refused("jira_transition_issue", step("Done")).await;
        assert!(again.contains("issue OPS-3 has the status `Done` already; it offers"), "{cloud}: {again}");

        let link = json!({"issue_key": "OPS-14", "fields": {"epicKey": "OPS-2"}});
        let refused = alice.refused("jira_update_issue", link).await;
        assert!(refused.contains("Jira answered 400"), "{cloud}: {refused}");
        let closed = json!({"sprint_id": "1", "issue_keys": "DEV-3"});
        let refused = alice.refused("jira_add_issues_to_sprint", closed).await;
        assert!(refused.contains("sprints that are not completed"), "{cloud}: {refused}");
        let open = json!({"sprint_id": "3", "issue_keys": "DEV-3"});
        let added = alice.call("jira_add_issues_to_sprint", open).await;
        assert_eq!(added["message"], "1 issue is in sprint 3.", "{cloud}");
        alice.call("jira_create_version", json!({"project_key": "OPS", "name": "9.0"})).await;
        let twice = alice.refused("jira_create_version", json!({"project_key": "OPS", "name": "9.0"})).await;
        assert!(twice.contains("A version with this name already exists"), "{cloud}: {twice}");
        alice.end();
    }
}

#[tokio::test]
async fn a_denial_names_the_tool_and_the_object_and_a_hidden_object_is_as_absent() {
    const READ_OPS: &str = r#"
        @id("ops") permit (principal, action in Mcp::Action::"read", resource in Jira::Project::"OPS");
        @id("dev") permit (principal, action in Mcp::Action::"jira", resource in Jira::Project::"NOPE");
    "#;
    let variables = vec![("READ_ONLY_MODE", "false".to_owned())];
    let world = World::start(Setup { variables, policies: Some(READ_OPS), ..Setup::default() }).await;
    let new = json!({"project_key": "OPS", "summary": "s", "issue_type": "Task"});
    let denied = world.call("alice-token", "jira_create_issue", new).await;
    let wanted = "denied: no policy permits jira_create_issue on project OPS for you; ask your administrator (decision ";
    assert!(denied.is_error && denied.text.starts_with(wanted), "{denied:?}");
    let answer = async |key: &str| {
        let called =
            world.call("alice-token", "jira_get_project_versions", json!({"project_key": key})).await;
        let (text, _) = called.text.split_once(" (reference").unwrap_or_else(|| panic!("{called:?}"));
        text.replace(key, "KEY")
    };
    // NOPE may be asked for and is not there; SECRET is there and may not be asked for.
    assert_eq!(answer("NOPE").await, answer("SECRET").await);
    world.end();
}
