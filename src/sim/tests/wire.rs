//! What only a socket shows: torn connections, answers that never come, and a graceful end.

use serde_json::Value;
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::net::TcpStream;

use super::super::Deployment;
use super::super::Sim;
use super::super::SimSettings;

async fn start() -> Sim {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    Sim::start(listener, SimSettings { deployment: Deployment::DataCenter, audit: None, quiet: true }).await
}

async fn open(sim: &Sim, method: &str, path: &str, body: &str) -> TcpStream {
    let url = sim.url();
    let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).await.unwrap();
    let head = format!("{method} {path} HTTP/1.1\r\nhost: sim\r\nauthorization: Bearer alice-token\r\n");
    let rest = format!("connection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    stream.write_all(format!("{head}{rest}").as_bytes()).await.unwrap();
    stream
}

/// Everything that comes until the connection ends.
async fn exchange(sim: &Sim, method: &str, path: &str, body: &str) -> String {
    let mut received = Vec::new();
    // A reset shows as an error on some systems and as an end on others.
    let _ = open(sim, method, path, body).await.read_to_end(&mut received).await;
    String::from_utf8_lossy(&received).into_owned()
}

async fn fault(sim: &Sim, faults: Value) {
    let answer = exchange(sim, "POST", "/__sim/faults", &faults.to_string()).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

async fn log(sim: &Sim) -> Value {
    let answer = exchange(sim, "GET", "/__sim/log", "").await;
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

#[tokio::test]
async fn faults_are_played_in_order_and_counted() {
    let sim = start().await;
    let path = "/rest/api/2/myself";
    fault(&sim, json!([
        {"method": "GET", "path": "myself$", "times": 1, "status": 503, "headers": {"Retry-After": "7"}, "body": "busy"},
        {"path": "myself$", "times": 1, "kind": "html"},
        {"path": "myself$", "times": 1, "kind": "reset"},
        {"path": "myself$", "times": 1, "kind": "truncate", "body": {"name": "al"}},
        {"path": "myself$", "times": 1, "delay_ms": 1},
        {"method": "POST", "path": "myself$", "status": 500},
    ]))
    .await;
    let busy = exchange(&sim, "GET", path, "").await;
    assert!(
        busy.starts_with("HTTP/1.1 503") && busy.contains("retry-after: 7") && busy.ends_with("busy"),
        "{busy}"
    );
    let page = exchange(&sim, "GET", path, "").await;
    assert!(
        page.starts_with("HTTP/1.1 200") && page.contains("text/html") && page.contains("os_username"),
        "{page}"
    );
    assert_eq!(exchange(&sim, "GET", path, "").await, "");
    let cut = exchange(&sim, "GET", path, "").await;
    let (head, body) = cut.split_once("\r\n\r\n").unwrap();
    let announced: usize =
        head.split("content-length: ").nth(1).unwrap().split("\r\n").next().unwrap().parse().unwrap();
    assert_eq!(body, "{\"name\":\"al\"}");
    assert!(announced > body.len(), "{head}");
    for _ in 0..2 {
        assert!(exchange(&sim, "GET", path, "").await.contains("\"name\":\"alice\""));
    }
    assert!(exchange(&sim, "POST", "/__sim/faults", "[{\"path\": \"(\"}]").await.starts_with("HTTP/1.1 400"));
    sim.stop().await;
}

#[tokio::test]
async fn a_client_that_leaves_is_noticed() {
    let sim = start().await;
    fault(&sim, json!([{"path": "field$", "kind": "hang"}])).await;
    let waiting = open(&sim, "GET", "/rest/api/2/field", "").await;
    while log(&sim).await.as_array().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(log(&sim).await[0]["client_gone"], false);
    drop(waiting);
    while log(&sim).await[0]["client_gone"] != true {
        tokio::task::yield_now().await;
    }
    let entry = &log(&sim).await[0];
    assert_eq!((&entry["status"], &entry["path"]), (&Value::Null, &json!("/rest/api/2/field")));
    sim.stop().await;
}

#[tokio::test]
async fn the_log_has_requests_without_secrets_and_reset_forgets() {
    let sim = start().await;
    exchange(&sim, "POST", "/rest/api/2/issue/OPS-1/comment?a=1&a=2", "{\"body\":\"hi\"}").await;
    let entries = log(&sim).await;
    let entry = &entries[0];
    assert_eq!((&entry["method"], &entry["status"]), (&json!("POST"), &json!(201)));
    assert_eq!(entry["query"], json!([["a", "1"], ["a", "2"]]));
    assert_eq!(entry["body"], json!({"body": "hi"}));
    assert_eq!(entry["headers"]["authorization"], "Bearer …");
    assert!(!entries.to_string().contains("alice-token"));
    let comments = "/rest/api/2/issue/OPS-1/comment";
    assert!(exchange(&sim, "GET", comments, "").await.contains("\"body\":\"hi\""));
    exchange(&sim, "POST", "/__sim/reset", "").await;
    assert_eq!(log(&sim).await, json!([]));
    assert!(!exchange(&sim, "GET", comments, "").await.contains("\"body\":\"hi\""));
    assert_eq!(sim.violations(), Vec::<String>::new());
    sim.stop().await;
}

#[tokio::test]
async fn stopping_ends_even_hanging_connections() {
    let sim = start().await;
    fault(&sim, json!([{"path": "field$", "kind": "hang"}])).await;
    let mut waiting = open(&sim, "GET", "/rest/api/2/field", "").await;
    while log(&sim).await.as_array().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    let url = sim.url();
    sim.stop().await;
    let mut received = Vec::new();
    let _ = waiting.read_to_end(&mut received).await;
    assert!(received.is_empty());
    assert!(TcpStream::connect(url.strip_prefix("http://").unwrap()).await.is_err());
}
