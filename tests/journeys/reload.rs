//! Other policies while the server runs: taken whole and at once if they are in order, else refused.
#![cfg(unix)]

use std::path::Path;

use serde_json::Value;
use serde_json::json;

use crate::support::Setup;
use crate::support::World;
use crate::support::line::Session;

const READ: &str = r#"@id("read") permit (principal, action in Mcp::Action::"read", resource);"#;

const COMMENT: &str = r#"
@id("read") permit (principal, action in Mcp::Action::"read", resource);
@id("comment") permit (principal, action == Mcp::Action::"jira_add_comment", resource);
"#;

/// Nobody but a group reads OPS.
const CLOSED: &str = r#"
@id("read") permit (principal, action in Mcp::Action::"read", resource);
@id("ops") @advice("OPS is closed")
forbid (principal, action in Mcp::Action::"jira", resource in Jira::Project::"OPS")
unless { principal in Id::Group::"jira:ops" };
"#;

const TYPO: &str = "@id(\"read\") permit (principal, action in Mcp::Action::\"read\", resource);\n\n\
                    @id(\"typo\")\npermit (principal, action == Mcp::Action::\"jira_add_coment\", resource);\n";

async fn reading() -> World {
    World::start(Setup { policies: Some(READ), ..Setup::default() }).await
}

/// As an editor saves: a new file takes the place of the old one.
fn save(world: &World, policies: &str) {
    let directory = world.home.path().join("policies");
    std::fs::write(directory.join(".own.new"), policies).unwrap();
    std::fs::rename(directory.join(".own.new"), directory.join("own.cedar")).unwrap();
}

/// Asks for the new set, and waits until it is in force: its record comes first.
async fn reload(world: &World) {
    let loaded = async || world.metric("portcullis_policy_reloads_total{result=\"loaded\"}").await;
    let before = loaded().await;
    world.hang_up();
    world.until("the new set", async || loaded().await > before).await;
}

async fn comments(world: &World) -> bool {
    let arguments = json!({"issue_key": "OPS-1", "body": "hello"});
    !world.call("alice-token", "jira_add_comment", arguments).await.is_error
}

async fn reads(world: &World, token: &str) -> bool {
    !world.call(token, "jira_get_issue", json!({"issue_key": "OPS-1"})).await.is_error
}

#[tokio::test]
async fn a_change_of_the_files_comes_into_force_by_itself() {
    let world = reading().await;
    assert!(!comments(&world).await);
    assert!(!world.tools("alice-token").await.iter().any(|name| name == "jira_add_comment"));
    save(&world, COMMENT);
    world.until("the new set", async || comments(&world).await).await;
    assert!(world.tools("alice-token").await.iter().any(|name| name == "jira_add_comment"));
    let loaded = world.until_audited(|record| record["code"] == "PC0005").await;
    let start = world.until_audited(|record| record["code"] == "PC0001").await;
    assert_eq!((&loaded["reason"], &loaded["policy_hash_before"]), (&json!("files"), &start["policy_hash"]));
    let hash = loaded["policy_hash"].as_str().unwrap();
    assert_eq!(world.metric(&format!("portcullis_policy_info{{hash=\"{hash}\"}}")).await, 1);
    assert_eq!(world.metric("portcullis_policy_reloads_total{result=\"loaded\"}").await, 1);
    let intent =
        world.until_audited(|record| record["stage"] == "intent" && record["access"] == "write").await;
    assert_eq!(intent["decision"]["policy_hash"], hash);
    world.end();
}

#[tokio::test]
async fn a_bad_set_is_refused_and_the_last_good_one_stays() {
    let world = reading().await;
    let tests = world.home.path().join("policies/tests");
    std::fs::create_dir(&tests).unwrap();
    let case = "[[case]]\nname = \"nobody writes\"\nuser = \"ann\"\ntool = \"jira_add_comment\"\n\
                resources = ['Jira::Issue::\"OPS-1\"']\nexpect = \"deny\"\n";
    std::fs::write(tests.join("own.toml"), case).unwrap();
    for (policies, says) in [
        (TYPO, "own.cedar:4:30: policy `typo`: unrecognized action"),
        (COMMENT, "own.toml: case `nobody writes`: expected deny, got allow"),
        ("", "holds no policy"),
    ] {
        save(&world, policies);
        let tells =
            |record: &Value| record["code"] == "PC0006" && record["problems"].to_string().contains(says);
        let refused = world.until_audited(tells).await;
        let start = world.until_audited(|record| record["code"] == "PC0001").await;
        assert_eq!(refused["policy_hash"], start["policy_hash"], "{refused}");
        assert!(reads(&world, "alice-token").await && !comments(&world).await, "{says}");
        assert_eq!(world.metric("portcullis_policy_refused").await, 1);
        assert!(world.stderr().contains(says), "{}", world.stderr());
    }
    // What was refused is said once, not every time the files are looked at.
    assert_eq!(world.audit().iter().filter(|record| record["code"] == "PC0006").count(), 3);
    assert_eq!(world.metric("portcullis_policy_reloads_total{result=\"refused\"}").await, 3);
    save(&world, CLOSED);
    world.until("the new set", async || world.metric("portcullis_policy_refused").await == 0).await;
    world.end();
}

#[tokio::test]
async fn sighup_asks_for_the_files_at_once_and_is_answered_always() {
    let world = reading().await;
    save(&world, COMMENT);
    world.hang_up();
    let loaded = world.until_audited(|record| record["code"] == "PC0005").await;
    world.hang_up();
    let fits =
        |record: &Value| record["code"] == "PC0005" && record["policy_hash_before"] == loaded["policy_hash"];
    let again = world.until_audited(fits).await;
    assert_eq!((&again["reason"], &again["policy_hash"]), (&json!("signal"), &loaded["policy_hash"]));
    save(&world, TYPO);
    world.hang_up();
    world.until_audited(|record| record["code"] == "PC0006").await;
    assert!(comments(&world).await);
    world.end();
}

#[tokio::test]
async fn a_server_with_built_in_policies_lives_on_after_sighup() {
    let world = World::start(Setup::default()).await;
    world.hang_up();
    world.until_audited(|record| record["code"] == "PC0005").await;
    assert!(reads(&world, "alice-token").await);
    world.end();
}

#[tokio::test]
async fn a_link_that_is_swapped_is_a_change() {
    let home = tempfile::tempdir().unwrap();
    let policies = home.path().join("policies");
    let link = |version: &str| {
        std::os::unix::fs::symlink(version, policies.join("..new")).unwrap();
        std::fs::rename(policies.join("..new"), policies.join("..data")).unwrap();
    };
    for (version, text) in [("..1", READ), ("..2", COMMENT)] {
        std::fs::create_dir_all(policies.join(version)).unwrap();
        std::fs::write(policies.join(version).join("own.cedar"), text).unwrap();
    }
    link("..1");
    std::os::unix::fs::symlink(Path::new("..data/own.cedar"), policies.join("own.cedar")).unwrap();
    let variables = vec![("PORTCULLIS_POLICY__DIRECTORY", policies.display().to_string())];
    let world = World::start(Setup { variables, ..Setup::default() }).await;
    assert!(!comments(&world).await);
    link("..2");
    world.until("the new set", async || comments(&world).await).await;
    world.end();
}

#[tokio::test]
async fn a_call_in_flight_ends_by_the_set_it_began_with() {
    let world = reading().await;
    let start = world.until_audited(|record| record["code"] == "PC0001").await;
    world.faults(json!([{"path": "^/rest/api/2/search", "times": 1, "delay_ms": 10000}])).await;
    let found = |text: &str| text.contains("OPS-1");
    let search = world.call("alice-token", "jira_search", json!({"jql": "project = OPS"}));
    let meanwhile = async {
        world.until_audited(|record| record["stage"] == "intent").await;
        save(&world, &CLOSED.replace("jira:ops", "jira:nobody"));
        reload(&world).await;
        world.until_audited(|record| record["code"] == "PC0005").await
    };
    let (search, loaded) = tokio::join!(search, meanwhile);
    let ended = |record: &Value| record["code"] == "PC1003" && record["tool"] == "jira_search";
    let done = world.until_audited(ended).await;
    assert!(found(&search.text), "{}", search.text);
    assert!(done["seq"].as_u64() > loaded["seq"].as_u64(), "the call was in flight");
    let intent = world.until_audited(|record| record["stage"] == "intent").await;
    assert_eq!(intent["decision"]["policy_hash"], start["policy_hash"]);
    let later = world.call("alice-token", "jira_search", json!({"jql": "project = OPS"})).await;
    assert!(!found(&later.text), "{}", later.text);
    world.end();
}

#[tokio::test]
async fn groups_are_asked_for_when_the_first_policy_names_one() {
    let world = reading().await;
    assert!(reads(&world, "alice-token").await && reads(&world, "bob-token").await);
    save(&world, CLOSED);
    reload(&world).await;
    assert!(reads(&world, "alice-token").await, "she is in the group");
    assert!(!reads(&world, "bob-token").await, "he is not");
    save(&world, READ);
    reload(&world).await;
    assert!(reads(&world, "bob-token").await);
    world.end();
}

#[tokio::test]
async fn a_client_over_stdio_is_told_that_its_tools_changed() {
    let home = tempfile::tempdir().unwrap();
    let directory = crate::support::policy_directory(&home, READ);
    let mut session = Session::initialized(&[("PORTCULLIS_POLICY__DIRECTORY", &directory)]).await;
    let tools = |answer: &Value| answer["result"]["tools"].to_string().contains("\"jira_add_comment\"");
    assert!(!tools(&session.ask("tools/list", json!({})).await));
    crate::support::policy_directory(&home, COMMENT);
    let told = session.receive().await;
    assert_eq!(told["method"], "notifications/tools/list_changed", "{told}");
    assert!(tools(&session.ask("tools/list", json!({})).await));
    assert_eq!(session.end().await.code, Some(0));
}

/// What a client of the new era sends with everything.
fn newest(method: &str) -> (Value, [(&'static str, String); 2]) {
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let params = json!({"_meta": meta, "notifications": {"toolsListChanged": true}});
    let message = json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params});
    (message, [("MCP-Protocol-Version", "2026-07-28".to_owned()), ("Mcp-Method", method.to_owned())])
}

async fn sent(world: &World, token: &str, method: &str) -> reqwest::Response {
    let (message, headers) = newest(method);
    let request = world.http.post(&world.endpoint).bearer_auth(token).json(&message);
    let request = headers.into_iter().fold(request, |request, (name, value)| request.header(name, value));
    request.send().await.unwrap()
}

/// Reads a stream until it has said this; nothing if it ends before.
async fn heard(stream: &mut reqwest::Response, what: &str) -> Option<String> {
    let mut text = String::new();
    while !text.contains(what) {
        text.push_str(&String::from_utf8_lossy(&stream.chunk().await.ok()??));
    }
    Some(text)
}

#[tokio::test]
async fn a_client_over_http_is_told_that_its_tools_changed_if_it_listens() {
    let mut world = reading().await;
    let told = |answer: &Value| answer["result"]["capabilities"]["tools"]["listChanged"].clone();
    let discovered = sent(&world, "alice-token", "server/discover").await.json().await.unwrap();
    assert_eq!(told(&discovered), json!(true), "{discovered}");
    let hello = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
    let initialized = world.rpc("alice-token", "initialize", hello).await;
    assert_eq!(told(&initialized), Value::Null, "there is no way to tell such a client: {initialized}");
    assert_eq!(sent(&world, "nobody-token", "subscriptions/listen").await.status(), 401);

    let mut stream = sent(&world, "alice-token", "subscriptions/listen").await;
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let accepted = heard(&mut stream, "subscriptions/acknowledged").await;
    assert!(accepted.is_some_and(|text| text.contains("toolsListChanged")));
    let listed: Value = sent(&world, "alice-token", "tools/list").await.json().await.unwrap();
    let kept = (&listed["result"]["ttlMs"], &listed["result"]["cacheScope"]);
    assert_eq!(kept, (&json!(300_000), &json!("private")), "who does not listen asks anew after this time");
    assert!(!world.tools("alice-token").await.contains(&"jira_add_comment".to_owned()));
    save(&world, COMMENT);
    assert!(heard(&mut stream, "notifications/tools/list_changed").await.is_some());
    assert!(world.tools("alice-token").await.contains(&"jira_add_comment".to_owned()));
    // Who listens is let go, and does not keep the server from stopping.
    world.terminate();
    assert!(heard(&mut stream, "\"result\"").await.is_some());
    assert_eq!(world.ended_by_itself().await, Some(0));
    assert!(!world.stderr().contains("calls were still running"), "{}", world.stderr());
    world.end();
}
