//! One call of every tool that works in front of the sample upstream, for the tests that go through all of them.

use serde_json::Value;
use serde_json::json;

/// A call of a tool that brings a result.
#[derive(Debug, Clone)]
pub(crate) struct Example {
    pub(crate) tool: &'static str,
    /// Arguments on Data Center; none where it has no such operation.
    pub(crate) data_center: Option<Value>,
    /// Arguments on Cloud; none where this site has no way to it.
    pub(crate) cloud: Option<Value>,
}

impl Example {
    /// The arguments for a deployment.
    pub(crate) fn arguments(&self, cloud: bool) -> Option<&Value> {
        if cloud { self.cloud.as_ref() } else { self.data_center.as_ref() }
    }
}

/// The examples of every tool, in the order of their names. A tool without one fails: add it here.
pub(crate) fn examples() -> Vec<Example> {
    let known: Vec<Example> =
        [pages(), talk(), rights(), issues(), parts(), agile(), projects(), desk(), analysis()]
            .into_iter()
            .flatten()
            .collect();
    let example = |name: &str| {
        let found = known.iter().find(|example| example.tool == name);
        found
            .cloned()
            .unwrap_or_else(|| panic!("{name} has no example: add one to tests/journeys/support/examples.rs"))
    };
    portcullis::tools::ALL.iter().map(|tool| example(tool.spec().name)).collect()
}

fn both(tool: &'static str, arguments: Value) -> Example {
    Example { tool, data_center: Some(arguments.clone()), cloud: Some(arguments) }
}

fn each(tool: &'static str, data_center: Value, cloud: Value) -> Example {
    Example { tool, data_center: Some(data_center), cloud: Some(cloud) }
}

fn cloud(tool: &'static str, arguments: Value) -> Example {
    Example { tool, data_center: None, cloud: Some(arguments) }
}

fn pages() -> Vec<Example> {
    vec![
        both("confluence_add_label", json!({"page_id": "65539", "name": "checked"})),
        both(
            "confluence_copy_page",
            json!({"source_page_id": "65539", "destination_space_key": "DOCS", "new_title": "A copy"}),
        ),
        both("confluence_create_page", json!({"space_key": "DOCS", "title": "An example", "content": "x"})),
        cloud(
            "confluence_create_page_from_template",
            json!({"space_key": "DOCS", "title": "From a template", "template_id": "90001"}),
        ),
        both("confluence_delete_page", json!({"page_id": "65544"})),
        both("confluence_get_labels", json!({"page_id": "65538"})),
        both("confluence_get_page", json!({"page_id": "65538"})),
        both("confluence_get_page_children", json!({"parent_id": "65537"})),
        both("confluence_get_page_diff", json!({"page_id": "65539", "from_version": 1, "to_version": 3})),
        both("confluence_get_page_history", json!({"page_id": "65539", "version": 1})),
        cloud("confluence_get_page_template", json!({"template_id": "90001"})),
        cloud("confluence_get_page_views", json!({"page_id": "65538"})),
        both("confluence_get_space_page_tree", json!({"space_key": "DOCS"})),
        cloud("confluence_list_page_templates", json!({"space_key": "DOCS"})),
        both("confluence_move_page", json!({"page_id": "65540", "target_parent_id": "65546"})),
        both("confluence_search", json!({"query": "type = page AND space = DOCS"})),
        both(
            "confluence_update_page",
            json!({"page_id": "65541", "title": "Restore a backup", "content": "new", "emoji": "🚀",
                "page_width": "full-width"}),
        ),
        both(
            "confluence_update_page_section",
            json!({"page_id": "65541", "heading_text": "Steps", "new_content": "one"}),
        ),
    ]
}

fn talk() -> Vec<Example> {
    vec![
        both("confluence_add_comment", json!({"page_id": "65539", "body": "Taken **over**"})),
        both(
            "confluence_add_inline_comment",
            json!({"page_id": "65538", "body": "Which?", "text_selection": "node-1"}),
        ),
        both("confluence_delete_attachment", json!({"attachment_id": "att655394"})),
        both("confluence_download_attachment", json!({"attachment_id": "att655394"})),
        both("confluence_download_content_attachments", json!({"content_id": "65539"})),
        both("confluence_get_attachments", json!({"content_id": "65539"})),
        both("confluence_get_comments", json!({"page_id": "65539"})),
        both("confluence_get_inline_comments", json!({"page_id": "65539"})),
        both("confluence_get_page_images", json!({"content_id": "65539"})),
        both("confluence_reply_to_comment", json!({"comment_id": "655391", "body": "yes"})),
        both(
            "confluence_upload_attachment",
            json!({"content_id": "65539", "content_base64": "aGVsbG8=", "filename": "log.txt"}),
        ),
        both("confluence_upload_attachments", json!({"content_id": "65539", "file_paths": FILE})),
    ]
}

fn rights() -> Vec<Example> {
    let asked = |user: &str| json!({"content_id": "65538", "user_identifier": user, "operation": "read"});
    vec![
        each("confluence_check_content_permissions", asked("bob"), asked("5b10ac8d82e05b22cc7d4ef2")),
        both("confluence_get_page_restrictions", json!({"page_id": "65538"})),
        both("confluence_get_space_permissions", json!({"space_id": "DOCS"})),
        both("confluence_search_user", json!({"query": "Bob"})),
        both(
            "confluence_set_page_restrictions",
            json!({"page_id": "65545", "read_users": ["Alice Operations"], "edit_users": ["Alice Operations"]}),
        ),
    ]
}

const FILE: &str = r#"[{"filename": "log.txt", "content_base64": "aGVsbG8="}]"#;

fn issues() -> Vec<Example> {
    let new = r#"[{"project_key": "OPS", "summary": "One", "issue_type": "Task"},
        {"project_key": "DEV", "summary": "Two", "issue_type": "Bug", "assignee": "Bob Development"}]"#;
    let fields = r#"{"summary": "Changed", "Story Points": 3, "description": "**new**"}"#;
    vec![
        both("jira_assign_issue", json!({"issue_key": "OPS-3", "assignee": "Bob Development"})),
        both("jira_batch_create_issues", json!({"issues": new})),
        cloud("jira_batch_get_changelogs", json!({"issue_ids_or_keys": "1000002,DEV-3"})),
        both(
            "jira_create_issue",
            json!({"project_key": "OPS", "summary": "An example", "issue_type": "Epic", "description": "**x**",
                "assignee": "Alice Operations", "additional_fields": r#"{"Story Points": 2, "labels": ["x"]}"#}),
        ),
        both("jira_delete_issue", json!({"issue_key": "OPS-20"})),
        both("jira_get_issue", json!({"issue_key": "OPS-2", "include": "all", "fields": "*all"})),
        both("jira_get_project_issues", json!({"project_key": "OPS"})),
        cloud("jira_move_issue", json!({"issue_key": "OPS-5", "target_project_key": "DEV"})),
        both(
            "jira_search",
            json!({"jql": "project = OPS ORDER BY key", "fields": "*all", "use_display_names": true}),
        ),
        both(
            "jira_transition_issue",
            json!({"issue_key": "OPS-3", "transition_id": "Finish", "comment": "done"}),
        ),
        both(
            "jira_update_issue",
            json!({"issue_key": "OPS-4", "fields": fields, "attachments": FILE, "transition": "Start",
                "comment": "a _word_", "worklog": "1h"}),
        ),
    ]
}

fn parts() -> Vec<Example> {
    vec![
        both("jira_add_comment", json!({"issue_key": "OPS-1", "body": "Taken **over**"})),
        each(
            "jira_add_watcher",
            json!({"issue_key": "OPS-1", "user_identifier": "bob"}),
            json!({"issue_key": "OPS-1", "user_identifier": "Bob Development"}),
        ),
        both(
            "jira_add_worklog",
            json!({"issue_key": "OPS-1", "time_spent": "1h", "comment": "x", "original_estimate": "1d"}),
        ),
        both(
            "jira_create_issue_link",
            json!({"link_type": "Blocks", "inward_issue_key": "OPS-1", "outward_issue_key": "DEV-2", "comment": "x"}),
        ),
        both(
            "jira_create_remote_issue_link",
            json!({"issue_key": "OPS-1", "url": "https://docs.example.com/x", "title": "Docs"}),
        ),
        both("jira_download_attachments", json!({"issue_key": "OPS-2"})),
        both(
            "jira_edit_comment",
            json!({"issue_key": "OPS-1", "comment_id": "10000010", "body": "said anew"}),
        ),
        both("jira_get_issue_images", json!({"issue_key": "OPS-2"})),
        both("jira_get_issue_watchers", json!({"issue_key": "OPS-2"})),
        both("jira_get_link_types", json!({})),
        both("jira_get_transitions", json!({"issue_key": "OPS-2"})),
        both("jira_get_user_profile", json!({"user_identifier": "Bob Development"})),
        both("jira_get_worklog", json!({"issue_key": "OPS-2"})),
        both("jira_link_to_epic", json!({"issue_key": "OPS-14", "epic_key": "OPS-1"})),
        both("jira_remove_issue_link", json!({"link_id": "50001"})),
        each(
            "jira_remove_watcher",
            json!({"issue_key": "OPS-1", "username": "bob"}),
            json!({"issue_key": "OPS-1", "account_id": "5b10ac8d82e05b22cc7d4ef2"}),
        ),
        both("jira_search_assignable_users", json!({"query": "o", "project_key": "OPS"})),
        both("jira_search_fields", json!({"keyword": "story"})),
    ]
}

fn agile() -> Vec<Example> {
    vec![
        both("jira_add_issues_to_sprint", json!({"sprint_id": "3", "issue_keys": "DEV-3,DEV-4"})),
        both(
            "jira_create_sprint",
            json!({"board_id": "2", "name": "Sprint 4", "start_date": "2026-12-01T08:00:00.000Z",
                "end_date": "2026-12-14T08:00:00.000Z", "goal": "Rest"}),
        ),
        both("jira_get_agile_boards", json!({"board_type": "scrum"})),
        both("jira_get_board_issues", json!({"board_id": "1", "jql": "status = Done"})),
        both("jira_get_sprint_issues", json!({"sprint_id": "2"})),
        both("jira_get_sprints_from_board", json!({"board_id": "2"})),
        both("jira_move_issues_to_backlog", json!({"issue_keys": "DEV-3,DEV-4"})),
        both("jira_update_sprint", json!({"sprint_id": "3", "goal": "Less"})),
    ]
}

fn projects() -> Vec<Example> {
    let versions = r#"[{"name": "9.1"}, {"name": "9.2", "releaseDate": "2027-01-31"}]"#;
    vec![
        both("jira_batch_create_versions", json!({"project_key": "OPS", "versions": versions})),
        both("jira_create_version", json!({"project_key": "OPS", "name": "9.0"})),
        both("jira_get_all_projects", json!({})),
        both("jira_get_create_fields", json!({"project_key": "OPS", "issue_type_id": "10001"})),
        each(
            "jira_get_field_options",
            json!({"field_id": "customfield_10030", "project_key": "OPS", "issue_type": "Task"}),
            json!({"field_id": "customfield_10030"}),
        ),
        both("jira_get_project_components", json!({"project_key": "OPS"})),
        both("jira_get_project_fields", json!({"project_key": "SD"})),
        both("jira_get_project_issue_types", json!({"project_key": "OPS"})),
        both("jira_get_project_versions", json!({"project_key": "OPS"})),
        both("jira_search_projects", json!({"query": "dev"})),
        both("jira_update_version", json!({"version_id": "1000050", "released": true})),
    ]
}

fn desk() -> Vec<Example> {
    let values = r#"{"summary": "Help", "description": "**now**"}"#;
    let form = "1946b8b7-8f03-4dc0-ac2d-5fac0d960c6a";
    let answers = json!([{"questionId": "1", "type": "TEXT", "value": "to work"}]);
    vec![
        each(
            "jira_create_customer_request",
            json!({"service_desk_id": "4", "request_type_id": "10", "request_field_values": values,
                "raise_on_behalf_of": "dave", "attachments": FILE}),
            json!({"service_desk_id": "4", "request_type_id": "10", "request_field_values": values,
                "raise_on_behalf_of": "5b10ac8d82e05b22cc7d4ef4", "attachments": FILE}),
        ),
        cloud("jira_get_issue_proforma_forms", json!({"issue_key": "SD-1"})),
        cloud("jira_get_proforma_form_details", json!({"issue_key": "SD-1", "form_id": form})),
        both("jira_get_queue_issues", json!({"service_desk_id": "4", "queue_id": "47"})),
        both("jira_get_request_type_fields", json!({"service_desk_id": "4", "request_type_id": "10"})),
        both("jira_get_request_types", json!({"service_desk_id": "4"})),
        both("jira_get_service_desk_for_project", json!({"project_key": "SD"})),
        both("jira_get_service_desk_queues", json!({"service_desk_id": "4"})),
        cloud(
            "jira_update_proforma_form_answers",
            json!({"issue_key": "SD-1", "form_id": form, "answers": answers}),
        ),
    ]
}

fn analysis() -> Vec<Example> {
    vec![
        both("jira_get_cross_project_dependencies", json!({"project_key": "OPS"})),
        both("jira_get_issue_dates", json!({"issue_key": "OPS-4"})),
        both("jira_get_issue_development_info", json!({"issue_key": "OPS-3"})),
        both("jira_get_issue_sla", json!({"issue_key": "OPS-4"})),
        both("jira_get_issues_development_info", json!({"issue_keys": "OPS-3,OPS-6"})),
        both("jira_get_project_epic_hierarchy", json!({"project_key": "OPS"})),
    ]
}
