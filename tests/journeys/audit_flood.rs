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

/// How many bytes the log has.
fn written(world: &World) -> u64 {
    let entries = std::fs::read_dir(world.home.path().join("audit")).unwrap().flatten();
    let logs = entries.filter(|entry| entry.path().extension().is_some_and(|kind| kind == "jsonl"));
    logs.map(|entry| entry.metadata().unwrap().len()).sum()
}

#[tokio::test]
async fn thousands_of_anonymous_bad_requests_are_few_bytes_and_stop_nobody() {
    let world = World::start(Setup::default()).await;
    let bytes = || written(&world);
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

#[tokio::test]
async fn made_up_credentials_are_few_questions_and_few_bytes_and_stop_nobody_who_is_known() {
    let world = World::start(Setup::default()).await;
    let issue = || json!({"issue_key": "OPS-1"});
    let known = world.call("alice-token", "jira_get_issue", issue()).await;
    assert!(!known.is_error, "{}", known.text);
    let (bytes, asked) = (written(&world), world.requests().await.len());
    let ask = async |token: &str| {
        let params = json!({"name": "jira_get_issue", "arguments": issue()});
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
        let request = world.http.post(&world.endpoint).bearer_auth(token).json(&message);
        let answer = request.header("Accept", "application/json").send().await.unwrap();
        let wait = answer.headers().get("retry-after").map(|wait| wait.to_str().unwrap().to_owned());
        (answer.status().as_u16(), wait, answer.text().await.unwrap())
    };
    // The same one again and again is shown to Jira once.
    for _ in 0..100 {
        let (status, _, text) = ask("nobody").await;
        assert_eq!(status, 401, "{text}");
    }
    assert_eq!(world.requests().await.len(), asked + 1);
    let made_up = (0..1_500).map(async |number| ask(&format!("nobody-{number}")).await);
    let answers = futures::stream::iter(made_up).buffer_unordered(AT_ONCE).collect::<Vec<_>>().await;
    let limited = answers.iter().filter(|(status, ..)| *status == 429).collect::<Vec<_>>();
    assert!(answers.iter().all(|(status, ..)| [401, 429].contains(status)), "{answers:?}");
    let (asked, bytes) = (world.requests().await.len() - asked, written(&world) - bytes);
    println!(
        "1,600 made-up credentials: {asked} requests to Jira, {bytes} bytes, {} of them limited",
        limited.len()
    );
    assert_eq!(asked, 20);
    assert!(bytes < 100_000, "{bytes} bytes");
    let (_, wait, text) = limited.first().unwrap();
    assert_eq!(wait.as_deref(), Some("60"));
    assert!(text.contains("too many credentials from your network could not be verified"), "{text}");
    let known = world.call("alice-token", "jira_get_issue", issue()).await;
    assert!(!known.is_error, "{}", known.text);
    world.end();
}
