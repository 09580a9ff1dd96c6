//! The areas of Jira, one by one, on both deployments: what a tool writes, another reads back.

use serde_json::Value;
use serde_json::json;

use crate::support::alice::Alice;

fn texts<'a>(list: &'a Value, pointer: &str) -> Vec<&'a str> {
    list.as_array().unwrap().iter().map(|item| item.pointer(pointer).unwrap().as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_sprint_is_planned_filled_started_and_emptied() {
    for cloud in [false, true] {
        let alice = Alice::start(cloud).await;
        let new = json!({"board_id": "2", "name": "Sprint 4", "start_date": "2026-12-01T08:00:00.000Z",
            "end_date": "2026-12-14T08:00:00.000Z", "goal": "Rest"});
        let made = alice.call("jira_create_sprint", new).await;
        let id = made["id"].as_str().unwrap().to_owned();
        let listed =
            alice.call("jira_get_sprints_from_board", json!({"board_id": "2", "state": "future"})).await;
        assert_eq!(texts(&listed, "/name"), ["Sprint 3", "Sprint 4"]);
        alice
            .call("jira_add_issues_to_sprint", json!({"sprint_id": id, "issue_keys": "dev-21, DEV-22"}))
            .await;
        let issues =
            alice.call("jira_get_sprint_issues", json!({"sprint_id": id, "fields": "summary"})).await;
        assert_eq!(texts(&issues["issues"], "/key"), ["DEV-22", "DEV-21"], "{cloud}: {issues}");
        assert_eq!(issues["complete"], true);
        let started = alice.call("jira_update_sprint", json!({"sprint_id": id, "state": "active"})).await;
        assert_eq!((&started["state"], &started["goal"]), (&json!("active"), &json!("Rest")));
        let back = alice.refused("jira_update_sprint", json!({"sprint_id": id, "state": "future"})).await;
        assert!(back.contains("Jira answered 400: The sprint cannot go from active to future"), "{back}");
        alice.call("jira_move_issues_to_backlog", json!({"issue_keys": "DEV-21,DEV-22"})).await;
        let issues = alice.call("jira_get_sprint_issues", json!({"sprint_id": id})).await;
        assert_eq!(issues["issues"], json!([]), "{cloud}");
        alice.end();
    }
}

#[tokio::test]
async fn a_version_is_made_used_and_released() {
    for cloud in [false, true] {
        let alice = Alice::start(cloud).await;
        let new =
            json!({"project_key": "OPS", "name": "9.0", "release_date": "2027-01-31", "description": "Big"});
        let made = alice.call("jira_create_version", new).await;
        let more = json!({"project_key": "OPS", "versions": [{"name": "9.1"}, {"name": "9.2"}]});
        assert_eq!(alice.call("jira_batch_create_versions", more).await.as_array().unwrap().len(), 2);
        let id = made["id"].as_str().unwrap();
        alice.call("jira_update_version", json!({"version_id": id, "released": true, "name": "9.0.1"})).await;
        let listed = alice.call("jira_get_project_versions", json!({"project_key": "OPS"})).await;
        let names = texts(&listed, "/name");
        assert_eq!(names.get(2..).unwrap(), ["9.0.1", "9.1", "9.2"], "{cloud}: {names:?}");
        let found = listed.as_array().unwrap().iter().find(|version| version["id"] == id).unwrap();
        assert_eq!((&found["released"], &found["releaseDate"]), (&json!(true), &json!("2027-01-31")));
        let used = json!({"issue_key": "OPS-1", "fields": r#"{"fixVersions": ["9.1"]}"#, "return_fields": "fixVersions"});
        assert_eq!(alice.call("jira_update_issue", used).await["issue"]["fix_versions"], json!(["9.1"]));
        let components = alice.call("jira_get_project_components", json!({"project_key": "OPS"})).await;
        assert_eq!(texts(&components, "/name"), ["Network", "Storage", "Platform"]);
        alice.end();
    }
}

#[tokio::test]
async fn watchers_work_and_links_hang_on_an_issue() {
    for cloud in [false, true] {
        let alice = Alice::start(cloud).await;
        alice
            .call("jira_add_watcher", json!({"issue_key": "OPS-1", "user_identifier": "Bob Development"}))
            .await;
        let watchers = alice.call("jira_get_issue_watchers", json!({"issue_key": "OPS-1"})).await;
        assert!(texts(&watchers["watchers"], "/display_name").contains(&"Bob Development"), "{watchers}");
        let bob = if cloud {
            json!({"account_id": "5b10ac8d82e05b22cc7d4ef2"})
        } else {
            json!({"username": "bob"})
        };
        let mut less = json!({"issue_key": "OPS-1"});
        less.as_object_mut().unwrap().extend(bob.as_object().unwrap().clone());
        alice.call("jira_remove_watcher", less).await;
        let watchers = alice.call("jira_get_issue_watchers", json!({"issue_key": "OPS-1"})).await;
        assert!(!texts(&watchers["watchers"], "/display_name").contains(&"Bob Development"), "{watchers}");

        let log = json!({"issue_key": "OPS-1", "time_spent": "1h 30m", "started": "2026-11-01T10:00:00+01:00",
            "original_estimate": "2d", "remaining_estimate": "1d"});
        alice.call("jira_add_worklog", log).await;
        let wanted = json!({"issue_key": "OPS-1", "fields": "timetracking"});
        let times = alice.call("jira_get_issue", wanted).await["timetracking"].clone();
        assert_eq!(
            times,
            json!({"time_spent": "1h 30m", "original_estimate": "2d", "remaining_estimate": "1d"})
        );
        let logs = alice.call("jira_get_worklog", json!({"issue_key": "OPS-1"})).await;
        assert_eq!(logs["worklogs"][0]["started"], "2026-11-01 09:00:00+00:00", "{logs}");

        let link = json!({"issue_key": "OPS-1", "url": "https://docs.example.com/x", "title": "Docs", "relationship": "documents"});
        alice.call("jira_create_remote_issue_link", link).await;
        let shown =
            alice.call("jira_get_issue", json!({"issue_key": "OPS-1", "include": "remote_links"})).await;
        assert_eq!(texts(&shown["remote_links"], "/object/url"), ["https://docs.example.com/x"]);

        let link = json!({"link_type": "Blocks", "inward_issue_key": "OPS-1", "outward_issue_key": "OPS-10", "comment": "**so**"});
        alice.call("jira_create_issue_link", link).await;
        let linked = alice
            .call("jira_get_issue", json!({"issue_key": "OPS-10", "fields": "issuelinks,comment"}))
            .await;
        assert_eq!(linked["issuelinks"][0]["inward_issue"]["key"], "OPS-1", "{linked}");
        assert_eq!(texts(&linked["comments"], "/body").last(), Some(&"**so**"), "{linked}");

        alice.call("jira_link_to_epic", json!({"issue_key": "OPS-14", "epic_key": "OPS-1"})).await;
        let found = alice.call("jira_search", json!({"jql": "\"Epic Link\" = OPS-1 AND key = OPS-14"})).await;
        assert_eq!(texts(&found["issues"], "/key"), ["OPS-14"], "{cloud}");
        alice.end();
    }
}

#[tokio::test]
async fn files_go_up_and_come_down_as_they_were() {
    for cloud in [false, true] {
        let alice = Alice::start(cloud).await;
        let pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
        let files = json!([
            {"filename": "größe \"x\".txt", "content_base64": "aGVsbG8=", "mime_type": "text/plain"},
            {"filename": "dot.png", "content_base64": pixel, "mime_type": "image/png"},
        ]);
        let changed =
            alice.call("jira_update_issue", json!({"issue_key": "OPS-1", "attachments": files})).await;
        assert_eq!(changed["operations_performed"], json!(["attachments_uploaded"]));
        let got = alice
            .world
            .call_all("alice-token", "jira_download_attachments", json!({"issue_key": "OPS-1"}))
            .await;
        assert!(
            got.text.contains("\"text\":\"hello\"") && got.text.contains("größe"),
            "{cloud}: {}",
            got.text
        );
        let images = alice.call("jira_get_issue_images", json!({"issue_key": "OPS-1"})).await;
        assert_eq!((&images["total_images"], &images["downloaded"]), (&json!(1), &json!(1)), "{images}");
        // Over HTTP no path of the server is read.
        let path = json!({"issue_key": "OPS-1", "attachments": "/etc/passwd"});
        let refused = alice.refused("jira_update_issue", path).await;
        assert!(refused.contains("tools.attachment_directory"), "{refused}");
        alice.end();
    }
}

#[tokio::test]
async fn a_comment_on_a_request_stays_internal_unless_it_is_said_to_be_public() {
    let internal = json!([{"key": "sd.public.comment", "value": {"internal": true}}]);
    for cloud in [false, true] {
        let alice = Alice::with(cloud, &[("JIRA_INTERNAL_ONLY_PROJECTS", "sd")]).await;
        let version = if cloud { 3 } else { 2 };
        for (issue, public) in [("SD-1", None), ("sd-2", Some(false)), ("OPS-1", None)] {
            let arguments = json!({"issue_key": issue, "body": "for us", "public": public});
            alice.call("jira_add_comment", arguments).await;
            let sent = alice.sent("POST", &format!("{}/comment", issue.to_uppercase())).await;
            assert_eq!(sent["properties"], internal, "{cloud} {issue}");
        }
        let refused = alice
            .refused("jira_add_comment", json!({"issue_key": " sd-1", "body": "x", "public": true}))
            .await;
        assert!(refused.contains("comments in SD stay internal"), "{refused}");
        let step = json!({"issue_key": "SD-3", "transition_id": "Reopen", "comment": "done"});
        alice.call("jira_transition_issue", step).await;
        let sent = alice.sent("POST", &format!("/rest/api/{version}/issue/SD-3/transitions")).await;
        assert_eq!(sent["update"]["comment"][0]["add"]["properties"], internal, "{cloud}");
        alice.end();
        let open = Alice::start(cloud).await;
        let said = open
            .call("jira_add_comment", json!({"issue_key": "SD-1", "body": "**hello**", "public": true}))
            .await;
        assert_eq!((&said["public"], &said["body"]), (&json!(true), &json!("**hello**")), "{cloud}");
        let no_request = open
            .refused("jira_add_comment", json!({"issue_key": "OPS-1", "body": "x", "public": true}))
            .await;
        assert!(no_request.contains("OPS-1 is not a service desk request"), "{no_request}");
        open.end();
    }
}

#[tokio::test]
async fn a_request_is_raised_for_a_customer_with_files() {
    for cloud in [false, true] {
        let alice = Alice::start(cloud).await;
        let desk = alice.call("jira_get_service_desk_for_project", json!({"project_key": "SD"})).await;
        assert_eq!(desk["service_desk"]["id"], "4");
        let types = alice.call("jira_get_request_types", json!({"service_desk_id": "4"})).await;
        assert_eq!(types["request_types"][0]["id"], "10");
        let dave = if cloud { "5b10ac8d82e05b22cc7d4ef4" } else { "dave" };
        let new = json!({"service_desk_id": "4", "request_type_id": "10", "raise_on_behalf_of": dave,
            "request_field_values": {"Summary": "Help me", "description": "# Now"},
            "attachments": [{"filename": "log.txt", "content_base64": "aGVsbG8="}]});
        let made = alice.call("jira_create_customer_request", new).await;
        assert_eq!(made["created_mode"], "created_on_behalf_of", "{made}");
        let key = made["request_key"].as_str().unwrap();
        let shown = alice.call("jira_get_issue", json!({"issue_key": key, "fields": "*all"})).await;
        assert_eq!((&shown["summary"], &shown["description"]), (&json!("Help me"), &json!("# Now")));
        assert_eq!(shown["reporter"]["display_name"], "Dave Operations");
        assert_eq!(texts(&shown["attachments"], "/filename"), ["log.txt"]);
        let queue =
            alice.call("jira_get_queue_issues", json!({"service_desk_id": "4", "queue_id": "47"})).await;
        assert!(texts(&queue["issues"], "/key").contains(&key), "{queue}");
        let nobody = json!({"service_desk_id": "4", "request_type_id": "10", "raise_on_behalf_of": "nobody",
            "request_field_values": {"summary": "x"}});
        let own = alice.call("jira_create_customer_request", nobody.clone()).await;
        assert_eq!(own["created_mode"], "created_as_agent_fallback", "{own}");
        let mut strict = nobody;
        strict["strict_on_behalf"] = true.into();
        let refused = alice.refused("jira_create_customer_request", strict).await;
        assert!(refused.contains("Jira answered 400: The customer account does not exist"), "{refused}");
        let missing = json!({"service_desk_id": "4", "request_type_id": "10", "request_field_values": {"description": "x"}});
        let refused = alice.refused("jira_create_customer_request", missing).await;
        assert!(refused.contains("field `summary` (Summary) is required"), "{refused}");
        alice.end();
    }
}

#[tokio::test]
async fn null_clears_and_fields_are_honoured_exactly() {
    for cloud in [false, true] {
        let alice = Alice::start(cloud).await;
        let new = json!({"project_key": "DEV", "summary": "To clear", "issue_type": "Story", "description": "text",
            "assignee": "Bob Development", "additional_fields": {"Story Points": 3, "Team": "Red", "duedate": "2026-12-24"}});
        let made = alice.call("jira_create_issue", new).await;
        let key = made["issue"]["key"].as_str().unwrap().to_owned();
        let nothing = json!({"assignee": null, "description": null, "Story Points": null, "Team": null, "duedate": null});
        alice.call("jira_update_issue", json!({"issue_key": key, "fields": nothing})).await;
        let wanted = "assignee,description,duedate,customfield_10016,customfield_10030";
        let shown = alice.call("jira_get_issue", json!({"issue_key": key, "fields": wanted})).await;
        assert_eq!(shown["assignee"]["display_name"], "Unassigned");
        let keys: Vec<&String> = shown.as_object().unwrap().keys().collect();
        assert_eq!(
            keys,
            ["id", "key", "browse_url", "assignee", "customfield_10016", "customfield_10030"],
            "{shown}"
        );
        assert_eq!(shown["customfield_10016"], json!({"value": null}));
        let shown =
            alice.call("jira_get_issue", json!({"issue_key": "DEV-2", "fields": "summary,labels"})).await;
        let keys: Vec<&String> = shown.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["id", "key", "summary", "browse_url", "labels"], "{cloud}");
        let named = json!({"issue_key": "DEV-2", "fields": "customfield_10016", "use_display_names": true});
        let shown = alice.call("jira_get_issue", named).await;
        assert_eq!(shown["Story Points"]["field_id"], "customfield_10016", "{shown}");
        let found = alice.call("jira_search", json!({"jql": "key = OPS-1", "fields": "description"})).await;
        let text = found["issues"][0]["description"].as_str().unwrap();
        assert!(text.contains("## ") && text.contains("**two**"), "search results are Markdown: {text}");
        alice.end();
    }
}

#[tokio::test]
async fn what_is_partly_refused_says_what_was_done() {
    for cloud in [false, true] {
        let alice = Alice::start(cloud).await;
        let two = json!({"issues": [
            {"project_key": "OPS", "summary": "Good", "issue_type": "Task"},
            {"project_key": "OPS", "summary": "Bad", "issue_type": "Nonsense"},
        ]});
        let refused = alice.refused("jira_batch_create_issues", two).await;
        let says = "1 of 2 issues were created: OPS-31; then it failed: Jira refused entry 2: issuetype: valid issue type";
        assert!(refused.contains(says), "{refused}");
        let shown = alice.call("jira_get_issue", json!({"issue_key": "OPS-31"})).await;
        assert_eq!(shown["summary"], "Good");
        let step = json!({"issue_key": "OPS-31", "fields": {"summary": "Better"}, "comment": "x",
            "comment_visibility": {"type": "group", "value": "security"}});
        let refused = alice.refused("jira_update_issue", step).await;
        assert!(
            refused.contains(
                "issue OPS-31 was changed in part (fields_updated); then it failed: Jira answered 400"
            ),
            "{refused}"
        );
        assert_eq!(alice.call("jira_get_issue", json!({"issue_key": "OPS-31"})).await["summary"], "Better");
        alice.end();
    }
}

#[tokio::test]
async fn what_only_cloud_has() {
    let alice = Alice::start(true).await;
    let moved =
        alice.call("jira_move_issue", json!({"issue_key": "OPS-5", "target_project_key": "DEV"})).await;
    assert_eq!(moved["issue"]["key"], "DEV-31", "{moved}");
    assert_eq!(alice.call("jira_get_issue", json!({"issue_key": "OPS-5"})).await["key"], "DEV-31");
    let refused =
        alice.refused("jira_move_issue", json!({"issue_key": "OPS-6", "target_project_key": "SD"})).await;
    assert!(
        refused.contains("project SD takes no issue of type `Task`; it takes Service Request"),
        "{refused}"
    );

    alice.call("jira_transition_issue", json!({"issue_key": "OPS-3", "transition_id": "Done"})).await;
    let logs = alice.call("jira_batch_get_changelogs", json!({"issue_ids_or_keys": "OPS-3"})).await;
    let last = logs[0]["changelogs"].as_array().unwrap().last().unwrap();
    assert_eq!(last["items"][0]["to_string"], "Done", "{logs}");

    let forms = alice.call("jira_get_issue_proforma_forms", json!({"issue_key": "SD-1"})).await;
    let form = forms["forms"][0]["id"].as_str().unwrap();
    let answers = json!([{"questionId": "1", "value": "to work"}, {"questionId": "2", "type": "DATE", "value": "2026-12-24"}]);
    let answered = json!({"issue_key": "SD-1", "form_id": form, "answers": answers});
    assert_eq!(alice.call("jira_update_proforma_form_answers", answered).await["updated_fields"], 2);
    let details =
        alice.call("jira_get_proforma_form_details", json!({"issue_key": "SD-1", "form_id": form})).await;
    let stored = json!({"1": {"text": "to work"}, "2": {"date": "2026-12-24"}});
    assert_eq!(details["form"]["state"]["answers"], stored, "{details}");
    let unknown =
        json!({"issue_key": "SD-1", "form_id": form, "answers": [{"questionId": "7", "value": "x"}]});
    let refused = alice.refused("jira_update_proforma_form_answers", unknown).await;
    assert!(refused.contains("Jira answered 400: There is no question 7"), "{refused}");
    alice.end();
    let there = Alice::start(false).await;
    let refused = there.refused("jira_get_issue_proforma_forms", json!({"issue_key": "SD-1"})).await;
    assert!(refused.contains("Jira Data Center has no interface for forms"), "{refused}");
    there.end();
}

#[tokio::test]
async fn code_and_times_are_told() {
    for cloud in [false, true] {
        let more = [
            ("JIRA_SLA_METRICS", "lead_time,time_in_status"),
            ("JIRA_SLA_TIMEZONE", "Europe/Vienna"),
            ("HIERARCHY_LINK_PHRASES", "child:relates to"),
        ];
        let alice = Alice::with(cloud, &more).await;
        let code = alice.call("jira_get_issue_development_info", json!({"issue_key": "OPS-3"})).await;
        assert_eq!(
            (&code["pullRequests"][0]["id"], &code["branches"][0]["name"]),
            (&json!("#7"), &json!("OPS-3"))
        );
        let both = alice.call("jira_get_issues_development_info", json!({"issue_keys": "OPS-3,OPS-4"})).await;
        assert_eq!(
            (texts(&both, "/issue_key"), both[1]["commits"].clone()),
            (vec!["OPS-3", "OPS-4"], json!([]))
        );
        let times =
            alice.call("jira_get_issue_sla", json!({"issue_key": "OPS-4", "working_hours_only": true})).await;
        let figures: Vec<&String> = times["metrics"].as_object().unwrap().keys().collect();
        assert_eq!(figures, ["lead_time", "time_in_status"], "{times}");
        let whole = alice.call("jira_get_issue_sla", json!({"issue_key": "OPS-4"})).await;
        let minutes = |sla: &Value| sla["metrics"]["lead_time"]["value_minutes"].as_i64().unwrap();
        assert!(minutes(&times) > 0 && minutes(&times) < minutes(&whole), "{times} {whole}");
        let dates = alice.call("jira_get_issue_dates", json!({"issue_key": "OPS-4"})).await;
        assert!(dates["created"].as_str().unwrap().ends_with("+00:00"), "{dates}");
        alice.end();
    }
}
