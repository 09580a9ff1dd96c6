//! `JIRA_PROJECTS_FILTER` is a boundary that no tool leads across, and no argument leads out of its place in a request.

use futures::StreamExt;
use serde_json::Value;
use serde_json::json;

use crate::support::Called;
use crate::support::Setup;
use crate::support::World;
use crate::support::examples::examples;

/// The one form there is, on SD-1.
const FORM: &str = "1946b8b7-8f03-4dc0-ac2d-5fac0d960c6a";

const UNIFORM: &str = "does not exist or is not visible to you";

async fn bounded(cloud: bool) -> World {
    let variables = vec![("READ_ONLY_MODE", "false".to_owned()), ("JIRA_PROJECTS_FILTER", "OPS".to_owned())];
    World::start(Setup { variables, cloud, gateway: cloud, ..Setup::default() }).await
}

/// Calls about something outside of OPS, or about two things of which one is.
fn outside(cloud: bool) -> Vec<(&'static str, Value)> {
    let id = if cloud { "5b10ac8d82e05b22cc7d4ef2" } else { "bob" };
    let two = r#"[{"project_key": "OPS", "summary": "One", "issue_type": "Task"},
        {"project_key": "DEV", "summary": "Two", "issue_type": "Task"}]"#;
    let below = r#"[{"project_key": "OPS", "summary": "One", "issue_type": "Sub-task", "parent": "DEV-2"}]"#;
    let mut calls = vec![
        ("jira_add_comment", json!({"issue_key": "DEV-1", "body": "x"})),
        ("jira_add_comment", json!({"issue_key": "SD-1", "body": "x", "public": true})),
        ("jira_add_issues_to_sprint", json!({"sprint_id": "3", "issue_keys": "OPS-1"})),
        ("jira_add_watcher", json!({"issue_key": "DEV-1", "user_identifier": id})),
        ("jira_add_worklog", json!({"issue_key": "DEV-1", "time_spent": "1h"})),
        ("jira_assign_issue", json!({"issue_key": "DEV-1", "assignee": id})),
        ("jira_batch_create_issues", json!({"issues": two})),
        ("jira_batch_create_issues", json!({"issues": below})),
        ("jira_batch_create_versions", json!({"project_key": "DEV", "versions": r#"[{"name": "9"}]"#})),
        (
            "jira_create_customer_request",
            json!({"service_desk_id": "4", "request_type_id": "10",
            "request_field_values": r#"{"summary": "x"}"#}),
        ),
        ("jira_create_issue", json!({"project_key": "DEV", "summary": "x", "issue_type": "Task"})),
        (
            "jira_create_issue",
            json!({"project_key": "OPS", "summary": "x", "issue_type": "Sub-task",
            "additional_fields": r#"{"parent": "DEV-2"}"#}),
        ),
        (
            "jira_create_issue",
            json!({"project_key": "OPS", "summary": "x", "issue_type": "Task",
            "additional_fields": r#"{"epicKey": "DEV-1"}"#}),
        ),
        (
            "jira_create_issue_link",
            json!({"link_type": "Blocks", "inward_issue_key": "OPS-1", "outward_issue_key": "DEV-2"}),
        ),
        (
            "jira_create_issue_link",
            json!({"link_type": "Blocks", "inward_issue_key": "DEV-2", "outward_issue_key": "OPS-1"}),
        ),
        (
            "jira_create_remote_issue_link",
            json!({"issue_key": "DEV-1", "url": "https://x.example.com", "title": "x"}),
        ),
        (
            "jira_create_sprint",
            json!({"board_id": "2", "name": "x", "start_date": "2026-12-01T08:00:00.000Z",
            "end_date": "2026-12-14T08:00:00.000Z"}),
        ),
        ("jira_create_version", json!({"project_key": "DEV", "name": "x"})),
        // Moved out of OPS: the old key leads to DEV-30.
        ("jira_delete_issue", json!({"issue_key": "OPS-900"})),
        ("jira_download_attachments", json!({"issue_key": "DEV-2"})),
        ("jira_edit_comment", json!({"issue_key": "DEV-2", "comment_id": "10001020", "body": "x"})),
        ("jira_transition_issue", json!({"issue_key": "DEV-1", "transition_id": "31"})),
        ("jira_update_issue", json!({"issue_key": "DEV-1", "fields": r#"{"summary": "x"}"#})),
        ("jira_update_issue", json!({"issue_key": "OPS-1", "fields": r#"{"epicKey": "DEV-1"}"#})),
        ("jira_update_issue", json!({"issue_key": "OPS-1", "fields": r#"{"customfield_10010": "DEV-1"}"#})),
        (
            "jira_update_proforma_form_answers",
            json!({"issue_key": "SD-1", "form_id": FORM,
            "answers": [{"questionId": "1", "value": "x"}]}),
        ),
    ];
    let remove = if cloud { "account_id" } else { "username" };
    calls.push(("jira_remove_watcher", json!({"issue_key": "DEV-1", remove: id})));
    if cloud {
        calls.push(("jira_batch_get_changelogs", json!({"issue_ids_or_keys": "DEV-2,DEV-3"})));
        calls.push(("jira_move_issue", json!({"issue_key": "OPS-5", "target_project_key": "DEV"})));
        calls.push(("jira_move_issue", json!({"issue_key": "DEV-5", "target_project_key": "OPS"})));
    }
    calls
}

/// Reads outside of OPS, and what two issues are needed for.
fn more_outside() -> Vec<(&'static str, Value)> {
    vec![
        ("jira_update_version", json!({"version_id": "1000150", "name": "x"})),
        ("jira_update_sprint", json!({"sprint_id": "3", "goal": "x"})),
        ("jira_delete_issue", json!({"issue_key": "DEV-1"})),
        ("jira_link_to_epic", json!({"issue_key": "OPS-14", "epic_key": "DEV-1"})),
        ("jira_link_to_epic", json!({"issue_key": "DEV-14", "epic_key": "OPS-1"})),
        ("jira_move_issues_to_backlog", json!({"issue_keys": "OPS-1,DEV-3"})),
        ("jira_remove_issue_link", json!({"link_id": "50006"})),
        // Between OPS-3 and DEV-5.
        ("jira_remove_issue_link", json!({"link_id": "50002"})),
        ("jira_search_assignable_users", json!({"query": "a", "project_key": "DEV"})),
        ("jira_search_assignable_users", json!({"query": "a", "issue_key": "DEV-1"})),
        ("jira_get_agile_boards", json!({"project_key": "DEV"})),
        ("jira_get_board_issues", json!({"board_id": "2", "jql": ""})),
        ("jira_get_create_fields", json!({"project_key": "DEV", "issue_type_id": "10001"})),
        ("jira_get_cross_project_dependencies", json!({"project_key": "DEV"})),
        (
            "jira_get_field_options",
            json!({"field_id": "customfield_10030", "project_key": "DEV", "issue_type": "Task"}),
        ),
        ("jira_get_issue", json!({"issue_key": "DEV-1"})),
        ("jira_get_issue", json!({"issue_key": "OPS-900"})),
        ("jira_get_issue_dates", json!({"issue_key": "DEV-1"})),
        ("jira_get_issue_development_info", json!({"issue_key": "DEV-3"})),
        ("jira_get_issue_images", json!({"issue_key": "DEV-2"})),
        ("jira_get_issue_proforma_forms", json!({"issue_key": "SD-1"})),
        ("jira_get_issue_sla", json!({"issue_key": "DEV-1"})),
        ("jira_get_issue_watchers", json!({"issue_key": "DEV-1"})),
        ("jira_get_issues_development_info", json!({"issue_keys": "DEV-2,DEV-3"})),
        ("jira_get_proforma_form_details", json!({"issue_key": "SD-1", "form_id": FORM})),
        ("jira_get_project_components", json!({"project_key": "DEV"})),
        ("jira_get_project_epic_hierarchy", json!({"project_key": "DEV"})),
        ("jira_get_project_fields", json!({"project_key": "DEV"})),
        ("jira_get_project_issue_types", json!({"project_key": "DEV"})),
        ("jira_get_project_issues", json!({"project_key": "DEV"})),
        ("jira_get_project_versions", json!({"project_key": "DEV"})),
        ("jira_get_queue_issues", json!({"service_desk_id": "4", "queue_id": "47"})),
        ("jira_get_request_type_fields", json!({"service_desk_id": "4", "request_type_id": "10"})),
        ("jira_get_request_types", json!({"service_desk_id": "4"})),
        ("jira_get_service_desk_for_project", json!({"project_key": "SD"})),
        ("jira_get_service_desk_queues", json!({"service_desk_id": "4"})),
        ("jira_get_sprint_issues", json!({"sprint_id": "2"})),
        ("jira_get_sprints_from_board", json!({"board_id": "2"})),
        ("jira_get_transitions", json!({"issue_key": "DEV-1"})),
        ("jira_get_worklog", json!({"issue_key": "DEV-1"})),
    ]
}

/// What asks about nothing in particular: its result holds nothing of other projects.
const OF_THE_WHOLE: [&str; 7] = [
    "jira_get_agile_boards",
    "jira_get_all_projects",
    "jira_get_link_types",
    "jira_get_user_profile",
    "jira_search",
    "jira_search_fields",
    "jira_search_projects",
];

#[tokio::test]
async fn no_tool_leads_out_of_the_operators_projects() {
    for cloud in [false, true] {
        let world = bounded(cloud).await;
        let mut calls = outside(cloud);
        calls.extend(more_outside());
        for tool in portcullis::tools::ALL.iter().map(|tool| tool.spec()) {
            let is_here = tool.name.starts_with("jira_") && (cloud || !tool.cloud_only);
            let is_tried =
                OF_THE_WHOLE.contains(&tool.name) || calls.iter().any(|(name, _)| *name == tool.name);
            assert!(!is_here || is_tried, "{} is not tried outside of the boundary: add it here", tool.name);
        }
        for (tool, arguments) in calls {
            let Called { text, is_error } = world.call("alice-token", tool, arguments.clone()).await;
            assert!(is_error && text.contains(UNIFORM), "{cloud} {tool} {arguments}: {text}");
        }
        let log = world.log().await;
        for entry in &log {
            let (method, path) = (entry["method"].as_str().unwrap(), entry["path"].as_str().unwrap());
            assert_eq!(method, "GET", "{cloud} {path}");
            for below in
                ["/comment", "/worklog", "/transitions", "/watchers", "/createmeta", "/form", "/queue"]
            {
                assert!(!path.contains(below), "{cloud} {path}");
            }
        }
        world.end();
    }
}

/// A tool that answers issue by issue tells of one outside by the key it was given, and shows the others.
#[tokio::test]
async fn an_issue_outside_leaves_the_others_of_a_call() {
    let tool = "jira_get_issues_development_info";
    for cloud in [false, true] {
        let world = bounded(cloud).await;
        let Called { text, is_error } =
            world.call("alice-token", tool, json!({"issue_keys": "OPS-3,DEV-3"})).await;
        assert!(!is_error && text.contains("OPS-3"), "{cloud}: {text}");
        assert_eq!(text.matches("DEV-").count(), 1, "{cloud}: {text}");
        assert!(text.contains(UNIFORM), "{cloud}: {text}");
        world.end();
    }
}

#[tokio::test]
async fn what_lies_elsewhere_is_in_no_result() {
    let jql = |jql: &str| ("jira_search", json!({"jql": jql, "limit": 50}));
    for cloud in [false, true] {
        let world = bounded(cloud).await;
        for (tool, arguments) in [
            ("jira_get_agile_boards", json!({"limit": 50})),
            ("jira_get_all_projects", json!({})),
            ("jira_search_projects", json!({"query": "e"})),
            // Linked to DEV-5.
            ("jira_get_issue", json!({"issue_key": "OPS-3", "fields": "*all", "include": "all"})),
            ("jira_get_cross_project_dependencies", json!({"project_key": "OPS"})),
            ("jira_get_project_epic_hierarchy", json!({"project_key": "OPS"})),
            (
                "jira_get_board_issues",
                json!({"board_id": "1", "jql": "status = Done OR project = DEV", "fields": "*all"}),
            ),
            jql("project = DEV"),
            jql("project in (DEV, SECRET, SD) OR key = DEV-1"),
            jql("summary ~ \"a\" OR project = DEV ORDER BY project DESC"),
            jql("text ~ \"x\\\") OR (project = DEV\" OR project = DEV"),
            jql("labels = 'a)' OR project = DEV"),
        ] {
            let called = world.call("alice-token", tool, arguments.clone()).await;
            assert!(!called.is_error, "{cloud} {tool} {arguments}: {}", called.text);
            for other in ["DEV-", "\"DEV", "\"SECRET", "\"SD"] {
                let at = called.text.find(other);
                let around = at.map(|at| called.text.get(at.saturating_sub(60)..at + 60));
                assert!(at.is_none(), "{cloud} {tool} {arguments}: {around:?}");
            }
        }
        world.end();
    }
}

#[tokio::test]
async fn no_query_closes_brackets_that_it_did_not_open() {
    let world = bounded(false).await;
    for jql in [
        "project = DEV) OR (project = DEV",
        "status = Done ORDER BY key) OR (project = DEV",
        "summary ~ \"a",
        "summary ~ 'a\" OR project = DEV",
        "summary ~ \"a\\\" OR project = DEV",
        "project = DEV \\",
        "((project = DEV)",
    ] {
        for (tool, arguments) in [
            ("jira_search", json!({"jql": jql})),
            ("jira_get_board_issues", json!({"board_id": "1", "jql": jql})),
        ] {
            let called = world.call("alice-token", tool, arguments).await;
            assert!(called.is_error && called.text.contains("`jql`"), "{tool} {jql}: {}", called.text);
        }
    }
    let asked = world.requests().await;
    assert!(asked.iter().all(|request| !request.contains("search")), "{asked:?}");
    world.end();
}

/// What somebody may write where an id or a key belongs.
const HOSTILE: [&str; 8] = [
    "1/../../issue/OPS-1",
    "OPS-1/../OPS-2",
    "..",
    "%2e%2e%2fissue%2fOPS-1",
    "1?expand=names",
    "1#x",
    "OPS-1\\..\\OPS-2",
    "\u{ff0e}\u{ff0e}\u{2215}1",
];

#[tokio::test]
async fn no_argument_leads_out_of_its_place_in_a_path() {
    let is_id = |name: &str| {
        ["_id", "_key", "_keys", "_ids"].iter().any(|end| name.ends_with(end))
            || matches!(name, "issue_ids_or_keys" | "user_identifier" | "username" | "assignee" | "data_type")
    };
    for cloud in [false, true] {
        let variables = vec![("READ_ONLY_MODE", "false".to_owned())];
        let world = World::start(Setup { variables, cloud, gateway: cloud, ..Setup::default() }).await;
        let mut calls = Vec::new();
        for example in examples() {
            let Some(arguments) = example.arguments(cloud) else { continue };
            let tool = portcullis::tools::find(example.tool).unwrap();
            let schema = tool.schema();
            let properties = schema["properties"].as_object().unwrap();
            for name in properties.keys().filter(|name| is_id(name)) {
                for hostile in HOSTILE {
                    let mut arguments = arguments.clone();
                    arguments[name] = hostile.into();
                    calls.push((example.tool, name.clone(), arguments));
                }
            }
        }
        let made = calls.into_iter().enumerate().map(async |(number, (tool, name, arguments))| {
            let mark = number.to_string();
            let token = format!("alice-token~{mark}");
            let called = world.call_all(&token, tool, arguments.clone()).await;
            (mark, called, format!("{cloud} {tool} {name} {arguments}"))
        });
        let made: Vec<(String, Called, String)> =
            futures::stream::iter(made).buffer_unordered(16).collect().await;
        assert!(made.len() > 300, "{}", made.len());
        let log = world.log().await;
        for (mark, called, what) in made {
            for entry in log.iter().filter(|entry| entry["mark"] == mark.as_str()) {
                let path = entry["path"].as_str().unwrap();
                let segments: Vec<&str> = path.split('/').skip(1).collect();
                let is_whole = segments.iter().all(|segment| !matches!(*segment, "" | "." | ".."));
                assert!(is_whole && !path.contains('\\'), "{what}: {path}");
                let changes = entry["method"] != "GET" && !path.contains("/search/");
                assert!(!changes || !called.is_error, "{what}: {path}: {}", called.text);
            }
        }
        world.end();
    }
}
