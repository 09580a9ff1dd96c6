//! A flood of requests that are refused before they are calls: few bytes, and nobody else notices.

use futures::StreamExt;
use serde_json::json;

use crate::support::Setup;
use crate::support::World;

/// How many bad requests come.
const FLOOD: usize = 5_000;

/// How many of them at once.
const AT_ONCE: usize = 32;

/// How many calls somebody makes meanwhile.
const CALLS: usize = 50;

#[tokio::test]
async fn thousands_of_anonymous_bad_requests_are_few_bytes_and_stop_nobody() {
    let world = World::start(Setup::default()).await;
    let bytes = || {
        let entries = std::fs::read_dir(world.home.path().join("audit")).unwrap().flatten();
        let logs = entries.filter(|entry| entry.path().extension().is_some_and(|kind| kind == "jsonl"));
        logs.map(|entry| entry.metadata().unwrap().len()).sum::<u64>()
    };
    let call = async || {
        let called = world.call("alice-token", "jira_get_issue", json!({"issue_key": "OPS-1"})).await;
        assert!(!called.is_error, "{}", called.text);
    };
    call().await;
    let before = bytes();
    call().await;
    let of_a_call = bytes() - before;
    let before = bytes();
    let bad = (0..FLOOD).map(async |number| {
        let request = world.http.post(&world.endpoint);
        // No credential, no JSON, a host that is not served.
        let request = match number % 3 {
            0 => request.json(&json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}})),
            1 => request.bearer_auth("alice-token").header("Content-Type", "application/json").body("{"),
            _ => request.header("Host", format!("h{number}.example.com")).body("{}"),
        };
        request.send().await.unwrap().status().as_u16()
    });
    let flood = futures::stream::iter(bad).buffer_unordered(AT_ONCE).collect::<Vec<u16>>();
    let calls = async {
        for _ in 0..CALLS {
            call().await;
        }
    };
    let (answers, ()) = futures::join!(flood, calls);
    assert!(answers.iter().all(|status| (400..500).contains(status)), "{answers:?}");
    let written = bytes() - before - of_a_call * CALLS as u64;
    println!("{FLOOD} refusals: {written} bytes");
    assert!(written < 1_000_000 / 200, "{written} bytes of {FLOOD} refusals");
    world.end();
}
