//! Forms in which callers write what they mean, and what the tools of Jira make of them, on both deployments.

use serde_json::Value;
use serde_json::json;

use crate::support::Called;
use crate::support::Setup;
use crate::support::World;

const UNSEEN: &str = "does not exist or is not visible to you";

impl World {
    /// What alice gets.
    async fn gets(&self, tool: &str, arguments: Value) -> Value {
        let Called { text, is_error } = self.call("alice-token", tool, arguments.clone()).await;
        assert!(!is_error, "{tool} {arguments}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// Why alice gets nothing, and that nothing was written.
    async fn declines(&self, tool: &str, arguments: Value) -> String {
        let before = self.changes().await;
        let Called { text, is_error } = self.call("alice-token", tool, arguments.clone()).await;
        assert!(is_error, "{tool} {arguments}: {text}");
        assert_eq!(self.changes().await, before, "{tool} {arguments} changed something");
        text
    }

    async fn changes(&self) -> usize {
        let is_change = |request: &&String| {
            let reads = ["/search/jql", "/changelog/bulkfetch"];
            !request.starts_with("GET ") && !reads.iter().any(|read| request.ends_with(read))
        };
        self.requests().await.iter().filter(is_change).count()
    }

    /// The body of the last request that was sent so.
    async fn last(&self, method: &str, end: &str) -> Value {
        let log = self.log().await;
        let fits =
            |entry: &&Value| entry["method"] == method && entry["path"].as_str().unwrap().ends_with(end);
        log.iter().rev().find(fits).unwrap_or_else(|| panic!("no {method} {end}"))["body"].clone()
    }
}

#[tokio::test]
async fn what_is_empty_clears() {
    for cloud in [false, true] {
        let world = World::writing(cloud).await;
        let version = json!({"version_id": "1000050", "description": "Big"});
        assert_eq!(world.gets("jira_update_version", version).await["description"], "Big");
        let cleared = json!({"version_id": "1000050", "description": ""});
        assert_eq!(world.gets("jira_update_version", cleared).await["description"], "");
        for nobody in [json!(""), json!(null)] {
            let bob = json!({"issue_key": "OPS-3", "assignee": "Bob Development"});
            world.gets("jira_assign_issue", bob).await;
            let fields = json!({"issue_key": "OPS-3", "fields": {"assignee": nobody}});
            let shown = world.gets("jira_update_issue", fields).await;
            assert_eq!(shown["issue"]["assignee"]["display_name"], "Unassigned", "{cloud}: {shown}");
        }
        world.end();
    }
}

#[tokio::test]
async fn only_an_epic_takes_issues_in() {
    for cloud in [false, true] {
        for world in [World::writing(cloud).await, World::closed(cloud).await] {
            let text = world
                .declines("jira_link_to_epic", json!({"issue_key": "OPS-14", "epic_key": "OPS-2"}))
                .await;
            assert_eq!(text, "OPS-2 is not an Epic", "{cloud}");
            let text = world
                .declines("jira_link_to_epic", json!({"issue_key": "OPS-14", "epic_key": "OPS-999"}))
                .await;
            assert!(text.contains(UNSEEN), "{cloud}: {text}");
            let linked =
                world.gets("jira_link_to_epic", json!({"issue_key": "OPS-14", "epic_key": "ops-1"})).await;
            assert_eq!(linked["message"], "Issue OPS-14 is in epic OPS-1.");
            world.end();
        }
    }
}

#[tokio::test]
async fn an_epic_without_a_name_is_called_as_its_summary_says() {
    for cloud in [false, true] {
        let world = World::writing(cloud).await;
        let new = |more: Value| json!({"project_key": "OPS", "summary": "Large", "issue_type": "epic", "additional_fields": more});
        world.gets("jira_create_issue", new(json!({}))).await;
        let sent = world.last("POST", "/issue").await["fields"].clone();
        assert_eq!(sent["issuetype"], json!({"id": "10000", "name": "Epic"}), "{sent}");
        assert_eq!(sent.get("customfield_10011"), (!cloud).then_some(&json!("Large")), "{sent}");
        world.gets("jira_create_issue", new(json!({"epicName": "Short"}))).await;
        assert_eq!(world.last("POST", "/issue").await["fields"]["customfield_10011"], "Short");
        let two = json!({"issues": [
            {"project_key": "OPS", "summary": "One", "issue_type": "Epic"},
            {"project_key": "OPS", "summary": "Two", "issue_type": "Sub-Task", "parent": "OPS-3"},
        ]});
        let made = world.gets("jira_batch_create_issues", two).await;
        assert_eq!(made["issues"][1]["issue_type"]["name"], "Sub-task", "{made}");
        let all = world.gets("jira_get_issue", json!({"issue_key": "OPS-1", "fields": "*all"})).await;
        assert_eq!(all["epic_name"], all["summary"], "{cloud}: {all}");
        let found = json!({"jql": "project = OPS AND issuetype = Epic", "fields": "*all"});
        let found = world.gets("jira_search", found).await;
        let called = |epic: &Value| epic["epic_name"] == epic["summary"] || epic["epic_name"] == "Short";
        assert!(found["issues"].as_array().unwrap().iter().all(called), "{found}");
        let short = world.gets("jira_get_issue", json!({"issue_key": "OPS-1"})).await;
        assert_eq!(short.get("epic_name"), None, "{short}");
        world.end();
    }
}

#[tokio::test]
async fn a_subtask_is_meant_however_it_is_written() {
    for cloud in [false, true] {
        let world = World::writing(cloud).await;
        for kind in ["Subtask", "sub task", "Sub-Task", "Sub-task"] {
            let new = json!({"project_key": "OPS", "summary": "Part", "issue_type": kind,
                "additional_fields": {"fields": {"parent": "OPS-3"}, "priority": "High", "labels": "a, b",
                    "components": ["Network"]}});
            let made = world.gets("jira_create_issue", new).await["issue"].clone();
            assert_eq!(made["issue_type"]["name"], "Sub-task", "{cloud} {kind}: {made}");
            assert_eq!(made["parent"]["key"], "OPS-3", "{made}");
            assert_eq!((&made["priority"]["name"], &made["labels"]), (&json!("High"), &json!(["a", "b"])));
            assert_eq!(made["components"], json!(["Network"]), "{made}");
        }
        let files = json!({"issue_key": "OPS-3", "fields": {"attachments": ["a.txt"]}});
        let text = world.declines("jira_update_issue", files).await;
        assert!(text.contains("files go into the argument `attachments`"), "{text}");
        world.end();
    }
}

#[tokio::test]
async fn how_an_issue_ended_and_what_is_called_how() {
    for cloud in [false, true] {
        let world = World::writing(cloud).await;
        for fields in ["*all", "resolution,resolutiondate"] {
            let shown = world.gets("jira_get_issue", json!({"issue_key": "OPS-4", "fields": fields})).await;
            assert_eq!(shown["resolution"], json!({"name": "Done", "id": "10000"}), "{cloud}: {shown}");
            assert!(shown["resolutiondate"].as_str().unwrap().ends_with("+00:00"), "{shown}");
        }
        let named = json!({"jql": "key = DEV-2", "fields": "*all", "use_display_names": true});
        let found = world.gets("jira_search", named).await;
        assert_eq!(found["issues"][0]["Story Points"]["field_id"], "customfield_10016", "{cloud}: {found}");
        let shown = world.gets("jira_get_issue", json!({"issue_key": "OPS-2", "include": "ALL"})).await;
        assert!(shown.get("watchers").is_some() && shown.get("comments").is_some(), "{shown}");
        let projects = |left_out: &str| json!({"query": "", "current_project_ids": left_out});
        let all = world.gets("jira_search_projects", projects("")).await;
        let fewer = world.gets("jira_search_projects", projects("10000, 10003")).await;
        assert_eq!(fewer.as_array().unwrap().len() + 2, all.as_array().unwrap().len(), "{fewer}");
        assert!(!fewer.to_string().contains("\"OPS\""), "{fewer}");
        world.end();
    }
}

#[tokio::test]
async fn time_is_sent_in_jiras_own_notation() {
    for cloud in [false, true] {
        let world = World::writing(cloud).await;
        for (given, sent) in [("2h30m", "2h 30m"), ("1h, 30m", "1h 30m"), ("3600s", "60m")] {
            world.gets("jira_add_worklog", json!({"issue_key": "OPS-1", "time_spent": given})).await;
            assert_eq!(world.last("POST", "/worklog").await["timeSpent"], sent);
            world.gets("jira_update_issue", json!({"issue_key": "OPS-1", "worklog": given})).await;
            assert_eq!(world.last("POST", "/worklog").await["timeSpent"], sent);
        }
        let text =
            world.declines("jira_add_worklog", json!({"issue_key": "OPS-1", "time_spent": "90"})).await;
        assert!(text.contains("`time_spent` must be a time with its units, such as `1h 30m`"), "{text}");
        let empty = world.gets("jira_get_issue_images", json!({"issue_key": "OPS-3"})).await;
        assert_eq!(
            (&empty["total_images"], &empty["message"]),
            (&json!(0), &json!("Issue OPS-3 has no images attached."))
        );
        world.end();
    }
}

#[tokio::test]
async fn a_link_is_named_by_its_type_or_its_words_and_says_what_it_says() {
    for cloud in [false, true] {
        let world = World::writing(cloud).await;
        for (kind, one, other) in [
            ("blocks", "OPS-20", "OPS-26"),
            ("10000", "OPS-20", "OPS-26"),
            ("Is Blocked By", "OPS-26", "OPS-20"),
        ] {
            let link = json!({"link_type": kind, "inward_issue_key": one, "outward_issue_key": other});
            let made = world.gets("jira_create_issue_link", link).await;
            assert_eq!(made["link_type"], "Blocks");
            assert_eq!(made["reads"], "OPS-20 blocks OPS-26", "{cloud} {kind}");
        }
        let shown =
            world.gets("jira_get_issue", json!({"issue_key": "OPS-20", "fields": "issuelinks"})).await;
        let link = &shown["issuelinks"][0];
        assert_eq!(link["outward_issue"]["key"], "OPS-26", "what it says of itself is what Jira has: {link}");
        let unknown =
            json!({"link_type": "Clones", "inward_issue_key": "OPS-20", "outward_issue_key": "OPS-26"});
        let text = world.declines("jira_create_issue_link", unknown).await;
        assert_eq!(text, "no link type `Clones`; there are Blocks, Duplicate, Relates");
        world.end();
    }
}

#[tokio::test]
async fn issues_that_are_not_visible_leave_the_others_in_the_answer() {
    for cloud in [false, true] {
        // Jira shows SECRET to alice; the policies of one of these worlds do not.
        for (world, unseen) in
            [(World::closed(cloud).await, &[1, 2][..]), (World::writing(cloud).await, &[1])]
        {
            let asked = json!({"issue_keys": "DEV-5,OPS-999,SECRET-1,OPS-3"});
            let Called { text, is_error } =
                world.call("alice-token", "jira_get_issues_development_info", asked).await;
            assert!(!is_error, "{cloud}: {text}");
            let answer: Value = serde_json::from_str(&text).unwrap();
            let keys: Vec<&str> =
                answer.as_array().unwrap().iter().map(|one| one["issue_key"].as_str().unwrap()).collect();
            assert_eq!(keys, ["DEV-5", "OPS-999", "SECRET-1", "OPS-3"]);
            for hidden in unseen {
                let one = answer[*hidden].as_object().unwrap();
                assert_eq!((one.len(), &one["error"]), (2, &json!(UNSEEN)), "{cloud}: {answer}");
            }
            assert_eq!(answer[3]["pullRequests"][0]["id"], "#7", "{answer}");
            world.end();
        }
        let world = World::closed(cloud).await;
        let text = world
            .declines("jira_get_issues_development_info", json!({"issue_keys": "OPS-999,SECRET-1"}))
            .await;
        assert!(text.contains(UNSEEN), "{text}");
        let allowed =
            world.audit().into_iter().filter(|record| record["tool"] == "jira_get_issues_development_info");
        assert!(allowed.into_iter().all(|record| record["event"] != "intent"), "nothing was left to permit");
        world.end();
    }
}

#[tokio::test]
async fn histories_are_asked_for_by_ids_too_and_decided_on() {
    let world = World::closed(true).await;
    let asked = json!({"issue_ids_or_keys": "1000003,OPS-3,OPS-4"});
    let logs = world.gets("jira_batch_get_changelogs", asked).await;
    let ids: Vec<&str> =
        logs.as_array().unwrap().iter().map(|log| log["issue_id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["1000003", "1000003", "1000004"], "{logs}");
    assert!(logs.as_array().unwrap().iter().all(|log| log["issue_key"].is_string()), "{logs}");
    for hidden in ["1000201", "99999999"] {
        let text = world.declines("jira_batch_get_changelogs", json!({"issue_ids_or_keys": hidden})).await;
        assert!(text.starts_with(&format!("issue {hidden} {UNSEEN}")), "{text}");
    }
    world.end();
}

#[tokio::test]
async fn a_batch_that_is_refused_whole_says_why() {
    for cloud in [false, true] {
        let world = World::writing(cloud).await;
        let wrong = json!({"issues": [
            {"project_key": "OPS", "summary": "A", "issue_type": "Nonsense"},
            {"project_key": "OPS", "summary": "B", "issue_type": "Sub-task"},
        ]});
        let Called { text, is_error } = world.call("alice-token", "jira_batch_create_issues", wrong).await;
        let first = "Jira answered 400: entry 1: issuetype: valid issue type is required; entry 2: parent: Issue type is a sub-task";
        assert!(is_error && text.starts_with(first), "{cloud}: {text}");
        world.end();
    }
}

#[tokio::test]
async fn the_operators_words_hold_in_any_case_and_so_does_the_bound_on_results() {
    let variables = vec![
        ("TOOLSETS", "DEFAULT,Jira_Links".to_owned()),
        ("ENABLED_TOOLS", "JIRA_SEARCH,Jira_Get_Link_Types,confluence_get_page_views".to_owned()),
        ("ATLASSIAN_MAX_PAGINATION_LIMIT", "3".to_owned()),
    ];
    let world = World::start(Setup { variables, ..Setup::default() }).await;
    assert_eq!(world.tools("alice-token").await, ["jira_get_link_types", "jira_search"]);
    for arguments in [json!({"jql": "project = OPS"}), json!({"jql": "project = OPS", "limit": "40"})] {
        let found = world.gets("jira_search", arguments).await;
        assert_eq!(
            (found["issues"].as_array().unwrap().len(), &found["complete"]),
            (3, &json!(false)),
            "{found}"
        );
        assert_eq!(found["next"], "call again with start_at = 3");
    }
    world.end();
}
