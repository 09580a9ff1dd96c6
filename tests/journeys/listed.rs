//! What the list of tools costs a client, and whether it says what every argument is.

use serde_json::Value;
use serde_json::json;

use crate::support::World;

/// Tools whose arguments are too many for a kilobyte, with the bytes they may take.
const LARGE: &[(&str, usize)] = &[
    ("confluence_create_page", 1_500),
    ("confluence_update_page", 1_600),
    ("confluence_update_page_section", 1_100),
    ("jira_create_customer_request", 1_300),
    ("jira_get_issue", 1_400),
    ("jira_search", 1_300),
    ("jira_update_issue", 1_450),
];

/// Arguments whose names say it all.
const PLAIN: &[&str] = &[
    "archived",
    "board_id",
    "copy_attachments",
    "description",
    "destination_space_key",
    "goal",
    "inward_issue_key",
    "issue_key",
    "limit",
    "link_id",
    "max_results",
    "name",
    "new_title",
    "outward_issue_key",
    "page_id",
    "parent_id",
    "project_key",
    "query",
    "released",
    "source_page_id",
    "space_key",
    "sprint_id",
    "start_at",
    "summary",
    "target_project_key",
    "title",
    "user_identifier",
    "version_id",
];

#[tokio::test]
async fn the_list_is_short_and_says_what_arguments_are() {
    let world = World::writing(true).await;
    let answer = world.rpc("alice-token", "tools/list", json!({})).await;
    let tools = answer.pointer("/result/tools").and_then(Value::as_array).unwrap();
    assert_eq!(tools.len(), portcullis::tools::ALL.len());
    let bytes = |tool: &Value| tool.to_string().len();
    let (jira, confluence): (Vec<&Value>, Vec<&Value>) =
        tools.iter().partition(|tool| tool["name"].as_str().unwrap().starts_with("jira"));
    let [jira, confluence] = [jira, confluence].map(|tools| tools.into_iter().map(bytes).sum::<usize>());
    assert!(jira < 36_000, "the tools of Jira take {jira} bytes");
    assert!(confluence < 24_000, "the tools of Confluence take {confluence} bytes");
    assert!(jira + confluence < 60_000, "all tools take {} bytes", jira + confluence);
    for tool in tools {
        let name = tool["name"].as_str().unwrap();
        let limit = LARGE.iter().find(|(large, _)| *large == name).map_or(1_000, |(_, limit)| *limit);
        assert!(bytes(tool) < limit, "{name} takes {} bytes", bytes(tool));
        assert!(tool["description"].as_str().unwrap().len() > 20, "{name} says nothing of itself");
        for (argument, schema) in tool["inputSchema"]["properties"].as_object().unwrap() {
            let described = schema["description"].as_str().is_some_and(|text| text.len() > 5);
            assert!(
                described || PLAIN.contains(&argument.as_str()),
                "{name} does not say what `{argument}` is"
            );
        }
    }
    world.end();
}
