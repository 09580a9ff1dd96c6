//! Callers whose credentials fail: what is counted, for whom, and who is let alone.

use std::time::Duration;

use futures::StreamExt as _;
use serde_json::Value;
use serde_json::json;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::support::Setup;
use crate::support::World;

/// How many credentials that are not accepted a network has in a minute.
const REJECTED: usize = 20;

/// The accounts are asked for at every call.
const NEVER_KNOWN: (&str, &str) = ("MCP_ATLASSIAN_VALIDATION_CACHE_TTL", "0");

async fn world(variables: &[(&'static str, &str)]) -> World {
    let variables = variables.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    World::start(Setup { variables, ..Setup::default() }).await
}

/// Sends a message with these headers; the status and the answer.
async fn send(world: &World, headers: &[(&str, &str)], message: &Value) -> (u16, Value) {
    let request = world.http.post(&world.endpoint).json(message);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

fn list() -> Value {
    json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}})
}

fn issue() -> Value {
    let params = json!({"name": "jira_get_issue", "arguments": {"issue_key": "OPS-1"}});
    json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
}

/// Asks for an issue with a bearer token, from behind a proxy that says from where.
async fn ask(world: &World, token: &str, from: &str) -> u16 {
    let token = format!("Bearer {token}");
    send(world, &[("Authorization", &token), ("X-Forwarded-For", from)], &issue()).await.0
}

/// Uses up what a network may fail.
async fn fail(world: &World, from: &str) {
    for number in 0..REJECTED {
        assert_eq!(ask(world, &format!("made-up-{from}-{number}"), from).await, 401);
    }
}

#[tokio::test]
async fn questions_at_once_are_counted_before_they_are_asked() {
    let world = world(&[]).await;
    world.faults(json!([{"path": "/myself", "status": 401, "delay_ms": 300}])).await;
    let asked = world.requests().await.len();
    let at_once = (0..200).map(async |number| ask(&world, &format!("made-up-{number}"), "").await);
    let answers = futures::stream::iter(at_once).buffer_unordered(200).collect::<Vec<_>>().await;
    let of = |status: u16| answers.iter().filter(|answer| **answer == status).count();
    assert_eq!((of(401), of(429)), (REJECTED, 200 - REJECTED), "{answers:?}");
    assert_eq!(world.requests().await.len() - asked, REJECTED);
    world.end();
}

#[tokio::test]
async fn good_credentials_at_once_wait_for_each_other_and_none_is_refused() {
    let world = world(&[]).await;
    world.faults(json!([{"path": "/myself", "delay_ms": 100}])).await;
    let at_once = (0..60).map(async |number| ask(&world, &format!("alice-token~{number}"), "").await);
    let answers = futures::stream::iter(at_once).buffer_unordered(60).collect::<Vec<_>>().await;
    assert!(answers.iter().all(|status| *status == 200), "{answers:?}");
    world.end();
}

#[tokio::test]
async fn a_made_up_token_counts_beside_a_good_one_for_the_other_product() {
    let world = world(&[]).await;
    let both = async |confluence: &str| {
        let (jira, confluence) = (
            ("X-Atlassian-Jira-Personal-Token", "alice-token"),
            ("X-Atlassian-Confluence-Personal-Token", confluence),
        );
        send(&world, &[jira, confluence], &list()).await
    };
    let asked = async || {
        let requests = world.requests().await;
        requests.iter().filter(|request| request.ends_with("/rest/api/user/current")).count()
    };
    for number in 0..2 * REJECTED {
        let (status, answer) = both(&format!("made-up-{number}")).await;
        assert!(status == 200 && answer["result"]["tools"].is_array(), "{answer}");
    }
    assert_eq!(asked().await, REJECTED);
    assert_eq!(ask(&world, "alice-token", "").await, 200, "who is known goes on");
    world.end();
}

#[tokio::test]
async fn a_credential_that_one_of_two_products_knows_is_no_failure() {
    let world = world(&[]).await;
    world.faults(json!([{"path": "/rest/api/user/current", "status": 401}])).await;
    for number in 0..2 * REJECTED {
        let token = format!("Bearer alice-token~{number}");
        let (status, answer) = send(&world, &[("Authorization", &token)], &list()).await;
        assert!(status == 200 && answer["result"]["tools"].is_array(), "{answer}");
    }
    assert_eq!(ask(&world, "bob-token", "").await, 200);
    world.end();
}

#[tokio::test]
async fn who_was_good_once_is_not_refused_for_what_others_make_up() {
    let world = world(&[NEVER_KNOWN]).await;
    assert_eq!(ask(&world, "alice-token", "").await, 200);
    fail(&world, "").await;
    assert_eq!(ask(&world, "bob-token", "").await, 429, "he was never good");
    assert_eq!(ask(&world, "alice-token", "").await, 200);
    // Whose credential is refused is no better than anybody.
    world.faults(json!([{"path": "/myself", "status": 401}])).await;
    assert_eq!(ask(&world, "alice-token", "").await, 401);
    world.faults(json!([])).await;
    assert_eq!(ask(&world, "alice-token", "").await, 429);
    world.end();
}

#[tokio::test]
async fn behind_a_trusted_proxy_each_client_is_limited_for_itself() {
    let world = world(&[("PORTCULLIS_SERVER__TRUSTED_PROXIES", "127.0.0.1,10.1.0.0/16")]).await;
    fail(&world, "192.0.2.7").await;
    assert_eq!(ask(&world, "alice-token", "192.0.2.7, 10.1.2.3").await, 429);
    // What the client wrote itself stands on the left.
    assert_eq!(ask(&world, "bob-token", "192.0.2.8, 192.0.2.7").await, 429);
    assert_eq!(ask(&world, "alice-token", "192.0.2.8").await, 200);
    let refused = world.until_audited(|record| record["reason"] == "failing").await;
    assert_eq!((&refused["address"], &refused["proxy"]), (&json!("192.0.2.7"), &json!("127.0.0.1")));
    let (status, answer) = send(
        &world,
        &[
            ("Authorization", "Bearer alice-token"),
            ("X-Forwarded-For", "192.0.2.8"),
            ("Forwarded", "for=10.0.0.1"),
        ],
        &issue(),
    )
    .await;
    let text = answer["error"]["message"].as_str().unwrap_or_default();
    assert!(
        status == 400 && text.contains("`Forwarded` and `X-Forwarded-For` name different clients"),
        "{answer}"
    );
    world.end();
}

#[tokio::test]
async fn policies_and_records_see_the_client_behind_a_trusted_proxy_alone() {
    const NEAR: &str = r#"@id("near")
        permit (principal, action, resource)
        when { context.session has address && context.session.address.isInRange(ip("192.0.2.0/24")) };"#;
    for (proxies, allowed) in [(Some("127.0.0.0/8"), true), (Some("10.0.0.5"), false), (None, false)] {
        let variables = proxies.map(|proxies| ("PORTCULLIS_SERVER__TRUSTED_PROXIES", proxies.to_owned()));
        let variables = variables.into_iter().collect();
        let world = World::start(Setup { variables, policies: Some(NEAR), ..Setup::default() }).await;
        let headers = [("Authorization", "Bearer alice-token"), ("Forwarded", "for=\"192.0.2.7:4711\"")];
        let (_, answer) = send(&world, &headers, &issue()).await;
        assert_eq!(answer["result"]["isError"] != true, allowed, "{proxies:?}: {answer}");
        let record = world.until_audited(|record| record["tool"] == "jira_get_issue").await;
        let wanted = if allowed { ("192.0.2.7", json!("127.0.0.1")) } else { ("127.0.0.1", Value::Null) };
        assert_eq!(
            (record["address"].as_str(), &record["proxy"]),
            (Some(wanted.0), &wanted.1),
            "{proxies:?}"
        );
        world.end();
    }
}

#[tokio::test]
async fn a_credential_that_was_just_refused_is_answered_without_its_body() {
    let world = world(&[]).await;
    let (status, _) = send(&world, &[("Authorization", "Bearer nobody")], &list()).await;
    assert_eq!(status, 401);
    let head = |length: usize| {
        format!(
            "POST /mcp HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer nobody\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n"
        )
    };
    let mut stream = TcpStream::connect(world.authority()).await.unwrap();
    // One whose body never comes is answered all the same.
    stream.write_all(head(1_000_000).as_bytes()).await.unwrap();
    let answer = answered(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 401") && answer.contains("\"id\":null"), "{answer}");
    // A small one that came does not end the connection.
    let mut stream = TcpStream::connect(world.authority()).await.unwrap();
    let body = list().to_string();
    for _ in 0..3 {
        stream.write_all(format!("{}{body}", head(body.len())).as_bytes()).await.unwrap();
        let answer = answered(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 401") && answer.contains("does not accept"), "{answer}");
    }
    world.end();
}

/// One answer on a connection that stays open.
async fn answered(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let reading = async {
        // The error's object ends before the message does.
        while !answer.ends_with(b"}}") {
            answer.push(stream.read_u8().await.unwrap());
        }
    };
    let read = tokio::time::timeout(Duration::from_secs(10), reading).await;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    assert!(read.is_ok(), "no answer: {answer}");
    answer
}
