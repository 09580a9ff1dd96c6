//! Texts of Jira: what is read is what was written, by whatever tool, and writing back what was read changes nothing.

use serde_json::Value;
use serde_json::json;

use crate::support::alice::Alice;

/// What wiki markup has no word for, and version 2 of Cloud's API therefore loses.
const RICH: &str = r"- [ ] open
- [x] done

H<sub>2</sub>O, <u>under</u> and <time>2026-12-24</time>

> [!WARNING]
> Take care

<details>
<summary>More</summary>

inside

</details>

| A | B |
| --- | --- |
| 1 | **2** |";

/// The parts of it that must not be lost.
const PARTS: [&str; 9] = [
    "- [ ] open",
    "- [x] done",
    "<sub>2</sub>",
    "<u>under</u>",
    "<time>2026-12-24</time>",
    "[!WARNING]",
    "<summary>More</summary>",
    "| A | B |",
    "**2**",
];

fn keeps_all(what: &str, text: &Value) -> String {
    let text = text.as_str().unwrap_or_else(|| panic!("{what} has no text: {text}"));
    for part in PARTS {
        assert!(text.contains(part), "{what} lost {part}: {text}");
    }
    text.to_owned()
}

#[tokio::test]
async fn a_text_of_cloud_is_the_same_wherever_it_is_read_and_written_back_unchanged() {
    let alice = Alice::start(true).await;
    let new = json!({"project_key": "OPS", "summary": "Rich", "issue_type": "Task", "description": RICH,
        "additional_fields": {"environment": RICH}});
    let created = alice.call("jira_create_issue", new).await;
    let sent = alice.sent("POST", "/rest/api/3/issue").await["fields"].clone();
    let key = created["issue"]["key"].as_str().unwrap();
    let read = keeps_all("jira_create_issue", &created["issue"]["description"]);

    let commented = alice.call("jira_add_comment", json!({"issue_key": key, "body": RICH})).await;
    let comment = alice.sent("POST", "/comment").await["body"].clone();
    keeps_all("jira_add_comment", &commented["body"]);
    let logged = json!({"issue_key": key, "time_spent": "1h", "comment": RICH});
    let logged = alice.call("jira_add_worklog", logged).await;
    keeps_all("jira_add_worklog", &logged["worklog"]["comment"]);

    let whole =
        json!({"issue_key": key, "fields": "description,comment,worklog,environment", "include": "worklogs"});
    let got = alice.call("jira_get_issue", whole).await;
    let jql = json!({"jql": format!("key = {key}"), "fields": "description,comment"});
    let found = alice.call("jira_search", jql).await["issues"][0].clone();
    for (what, text) in [
        ("the description", &got["description"]),
        ("the description of a search", &found["description"]),
        ("the comment", &got["comments"][0]["body"]),
        ("the comment of a search", &found["comments"][0]["body"]),
        ("the environment", &got["environment"]),
        ("the worklog", &got["worklogs"][0]["comment"]),
        ("the worklog among the fields", &got["worklog"]["worklogs"][0]["comment"]),
    ] {
        assert_eq!(keeps_all(what, text), read, "{what}");
    }

    let back = json!({"issue_key": key, "return_fields": "description",
        "fields": {"description": got["description"], "environment": got["environment"]}});
    let changed = alice.call("jira_update_issue", back).await;
    assert_eq!(changed["issue"]["description"], read);
    let resent = alice.sent("PUT", &format!("/rest/api/3/issue/{key}")).await["fields"].clone();
    assert_eq!(
        (&resent["description"], &resent["environment"]),
        (&sent["description"], &sent["environment"])
    );
    let edit = json!({"issue_key": key, "comment_id": commented["id"], "body": got["comments"][0]["body"]});
    alice.call("jira_edit_comment", edit).await;
    let id = commented["id"].as_str().unwrap();
    assert_eq!(alice.sent("PUT", &format!("/comment/{id}")).await["body"], comment);
    alice.end();
}

#[tokio::test]
async fn a_text_of_cloud_takes_no_request_more() {
    let alice = Alice::start(true).await;
    alice.call("jira_get_issue", json!({"issue_key": "OPS-1"})).await;
    let requests = alice.world.requests().await;
    let issue: Vec<&String> = requests.iter().filter(|request| request.contains("/issue/OPS-1")).collect();
    assert_eq!(issue, ["GET /rest/api/3/issue/OPS-1"], "{requests:?}");
    alice.end();
}

#[tokio::test]
async fn a_comment_may_be_an_image_alone() {
    for cloud in [false, true] {
        let alice = Alice::start(cloud).await;
        let body = "![plan](https://docs.example.com/plan.png)";
        let said = alice.call("jira_add_comment", json!({"issue_key": "OPS-1", "body": body})).await;
        let text = said["body"].as_str().unwrap();
        assert!(text.contains("https://docs.example.com/plan.png"), "{cloud}: {said}");
        alice.end();
    }
}

#[tokio::test]
async fn sprints_and_work_come_clean_and_times_have_one_form() {
    for cloud in [false, true] {
        let alice = Alice::start(cloud).await;
        let log = json!({"issue_key": "DEV-1", "time_spent": "1h", "comment": "**done**",
            "started": "2026-11-01 10:00:00 UTC"});
        alice.call("jira_add_worklog", log).await;
        alice.call("jira_add_issues_to_sprint", json!({"sprint_id": "2", "issue_keys": "DEV-1"})).await;
        let shown = alice
            .call(
                "jira_get_issue",
                json!({"issue_key": "DEV-1", "fields": "worklog,comment,customfield_10020"}),
            )
            .await;
        let last = shown["worklog"]["worklogs"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(
            (&last["comment"], &last["started"]),
            (&json!("**done**"), &json!("2026-11-01 10:00:00+00:00"))
        );
        assert_eq!(last["author"], "Alice Operations", "{cloud}: {shown}");
        let sprint = &shown["customfield_10020"]["value"][0];
        assert!(sprint["id"].is_u64() && sprint["name"].is_string(), "{cloud}: {shown}");
        assert!(!shown.to_string().contains("com.atlassian.greenhopper"), "{cloud}: {shown}");
        let commented = alice.call("jira_add_comment", json!({"issue_key": "DEV-1", "body": "x"})).await;
        assert!(commented["created"].as_str().unwrap().ends_with("+00:00"), "{cloud}: {commented}");
        let shown = alice.call("jira_get_issue", json!({"issue_key": "DEV-1"})).await;
        for time in ["created", "updated"] {
            let time = shown["comments"][0][time].as_str().unwrap();
            assert!(time.ends_with("+00:00") && time.contains('T'), "{cloud}: {shown}");
        }
        let sprints = alice.call("jira_get_sprints_from_board", json!({"board_id": "2"})).await;
        assert!(sprints[0]["start_date"].as_str().unwrap().ends_with("+00:00"), "{cloud}: {sprints}");
        alice.end();
    }
}
