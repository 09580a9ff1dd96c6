//! Audit matching: which requests count as announced.

use std::io::Write;

use axum::body::Body;
use http::Request;
use serde_json::Value;
use serde_json::json;
use tower::ServiceExt;

use super::super::Deployment;
use super::super::SimSettings;
use super::super::router;

fn record(stage: &str, call: &str, resources: &[&str]) -> String {
    format!("{}\n", json!({"version": 1, "stage": stage, "call": call, "resources": resources, "more": null}))
}

/// Sends one request and answers whether it was a violation.
async fn violates(
    router: &axum::Router,
    call: Option<&str>,
    (method, path, body): (&str, &str, &str),
) -> bool {
    let count = |router: axum::Router| async move {
        let request = Request::get("/__sim/violations").body(Body::empty()).unwrap();
        let response = router.oneshot(request).await.unwrap();
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        serde_json::from_slice::<Value>(&bytes).unwrap().as_array().unwrap().len()
    };
    let before = count(router.clone()).await;
    let mut request =
        Request::builder().method(method).uri(path).header("authorization", "Bearer alice-token");
    if let Some(call) = call {
        request = request.header("x-request-id", call);
    }
    router.clone().oneshot(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap();
    count(router.clone()).await > before
}

#[tokio::test]
async fn only_announced_requests_are_no_violations() {
    let directory = tempfile::tempdir().unwrap();
    let mut log = std::fs::File::create(directory.path().join("audit-a.jsonl")).unwrap();
    log.write_all(record("intent", "c1", &["Jira::Issue::\"OPS-1\"", "Jira::Project::\"OPS\""]).as_bytes())
        .unwrap();
    log.write_all(record("resolve", "c2", &["Confluence::Page::\"65537\""]).as_bytes()).unwrap();
    log.write_all(record("intent", "c3", &["Confluence::Space::\"DOCS\""]).as_bytes()).unwrap();
    log.write_all(record("outcome", "c4", &["Jira::Issue::\"OPS-1\""]).as_bytes()).unwrap();
    log.write_all(record("intent", "c5", &["Jira::Issue::\"OPS-900\""]).as_bytes()).unwrap();
    log.write_all(record("intent", "c6", &["Jira::Issue::\"DEV-30\""]).as_bytes()).unwrap();
    let audit = Some(directory.path().to_owned());
    let router = router(SimSettings { deployment: Deployment::DataCenter, audit, quiet: true });
    let create = r#"{"type":"page","title":"T","space":{"key":"DOCS"}}"#;
    let below = r#"{"type":"page","title":"U","space":{"key":"DOCS"},"ancestors":[{"id":"65538"}]}"#;
    let table = [
        (Some("c1"), ("GET", "/rest/api/2/issue/OPS-1", ""), false),
        (Some("c1"), ("GET", "/rest/api/2/issue/ops-1/comment", ""), false),
        (Some("c1"), ("GET", "/rest/api/2/issue/1000001", ""), false),
        (Some("c1"), ("GET", "/rest/api/2/issue/OPS%2D2", ""), true),
        (Some("c1"), ("GET", "/rest/api/2/project/OPS/versions", ""), false),
        (Some("c1"), ("GET", "/rest/api/2/project/DEV", ""), true),
        (Some("c1"), ("GET", "/rest/api/2/search?jql=project=DEV", ""), false),
        (Some("c1"), ("GET", "/rest/api/2/myself", ""), false),
        (Some("c2"), ("GET", "/rest/api/content/65537", ""), false),
        (Some("c2"), ("GET", "/rest/api/content/65538", ""), true),
        (Some("c2"), ("GET", "/rest/api/2/issue/OPS-1", ""), true),
        (Some("c3"), ("POST", "/rest/api/content", create), false),
        (Some("c3"), ("POST", "/rest/api/content", below), true),
        (Some("c3"), ("GET", "/rest/api/space/DOCS", ""), false),
        (Some("c2"), ("POST", "/rest/api/content", create), true),
        (Some("c4"), ("GET", "/rest/api/2/issue/OPS-1", ""), true),
        (Some("c4"), ("GET", "/rest/api/2/myself", ""), true),
        (Some("c5"), ("GET", "/rest/api/2/issue/OPS-900", ""), false),
        (Some("c5"), ("GET", "/rest/api/2/issue/DEV-30", ""), true),
        (Some("c6"), ("GET", "/rest/api/2/issue/OPS-900", ""), false),
        (Some("unknown"), ("GET", "/rest/api/2/myself", ""), true),
        (None, ("GET", "/rest/api/2/myself", ""), true),
    ];
    for (call, request, wanted) in table {
        assert_eq!(violates(&router, call, request).await, wanted, "{call:?} {request:?}");
    }
}

#[tokio::test]
async fn a_line_counts_once_it_is_whole() {
    let directory = tempfile::tempdir().unwrap();
    let audit = Some(directory.path().to_owned());
    let router = router(SimSettings { deployment: Deployment::DataCenter, audit, quiet: true });
    let request = ("GET", "/rest/api/2/issue/OPS-1", "");
    let line = record("intent", "c1", &["Jira::Issue::\"OPS-1\""]);
    let (start, end) = line.split_at(20);
    let mut log = std::fs::File::create(directory.path().join("audit-b.jsonl")).unwrap();
    log.write_all(b"not json\n").unwrap();
    log.write_all(start.as_bytes()).unwrap();
    assert!(violates(&router, Some("c1"), request).await);
    log.write_all(end.as_bytes()).unwrap();
    assert!(!violates(&router, Some("c1"), request).await);
    let mut other = std::fs::File::create(directory.path().join("audit-c.jsonl")).unwrap();
    other.write_all(record("intent", "c2", &["Jira::Instance::\"default\""]).as_bytes()).unwrap();
    assert!(!violates(&router, Some("c2"), ("GET", "/rest/api/2/field", "")).await);
}
