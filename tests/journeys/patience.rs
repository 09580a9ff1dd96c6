//! Faults that pass are survived; a site that fails on and on is left alone for a while.

use serde_json::json;

use crate::support::Setup;
use crate::support::World;

#[tokio::test]
async fn a_read_survives_faults_that_pass_and_every_request_is_on_record() {
    let world = World::start(Setup::default()).await;
    let issue = json!({"issue_key": "OPS-1"});
    assert!(!world.call("alice-token", "jira_get_issue", issue.clone()).await.is_error);
    let path = "^/rest/api/2/issue/OPS-1$";
    for (fault, reason) in [
        (json!({"status": 503, "times": 2}), "503"),
        (json!({"status": 429, "headers": {"Retry-After": "0"}, "times": 1}), "429"),
        (json!({"kind": "reset", "times": 1}), "broken"),
    ] {
        let retries = format!("portcullis_upstream_retries_total{{product=\"jira\",reason=\"{reason}\"}}");
        let (before, times) = (world.metric(&retries).await, fault["times"].as_u64().unwrap());
        let mut injected = fault.clone();
        injected["method"] = "GET".into();
        injected["path"] = path.into();
        world.faults(json!([injected])).await;
        let called = world.call("alice-token", "jira_get_issue", issue.clone()).await;
        assert!(!called.is_error, "{fault}: {}", called.text);
        assert_eq!(world.metric(&retries).await, before + times, "{fault}");
        let record = world.audit().into_iter().rfind(|record| record["stage"] == "outcome").unwrap();
        assert_eq!(record["upstream"].as_array().unwrap().len() as u64, times + 1, "{record}");
    }
    world.end();
}

#[tokio::test]
async fn a_write_is_sent_once_unless_told_otherwise() {
    let comment = json!({"issue_key": "OPS-1", "body": "x"});
    for (repeats, posts) in [("false", 1), ("true", 2)] {
        let variables = vec![
            ("READ_ONLY_MODE", "false".to_owned()),
            ("ATLASSIAN_RETRY_INCLUDE_WRITES", repeats.to_owned()),
        ];
        let world = World::start(Setup { variables, ..Setup::default() }).await;
        world.faults(json!([{"method": "POST", "path": "/comment$", "status": 503, "times": 1}])).await;
        let called = world.call("alice-token", "jira_add_comment", comment.clone()).await;
        assert_eq!(called.is_error, posts == 1, "{}", called.text);
        let sent = world.requests().await.into_iter().filter(|request| request.starts_with("POST")).count();
        assert_eq!(sent, posts);
        world.end();
    }
}

#[tokio::test]
async fn a_site_that_fails_on_and_on_is_left_alone_and_the_other_product_is_not() {
    let variables = vec![
        ("ATLASSIAN_CIRCUIT_BREAKER_THRESHOLD", "2".to_owned()),
        ("ATLASSIAN_RETRY_TOTAL", "0".to_owned()),
    ];
    let world = World::start(Setup { variables, ..Setup::default() }).await;
    world.faults(json!([{"path": "^/rest/api/2/", "status": 503}])).await;
    let issue = json!({"issue_key": "OPS-1"});
    let mut said = Vec::new();
    for _ in 0..3 {
        said.push(world.call("alice-token", "jira_get_issue", issue.clone()).await.text);
    }
    let last = said.pop().unwrap();
    assert!(last.contains("Jira failed 2 times in a row and is left alone"), "{last}");
    let open = "portcullis_upstream_breaker_open{instance=\"default\",product=\"jira\"}";
    assert_eq!(world.metric(open).await, 1);
    let before = world.requests().await.len();
    world.call("alice-token", "jira_get_issue", issue).await;
    assert_eq!(world.requests().await.len(), before, "nothing is sent");
    let page = world.call("alice-token", "confluence_get_page", json!({"page_id": "65537"})).await;
    assert!(!page.is_error, "{}", page.text);
    world.end();
}
