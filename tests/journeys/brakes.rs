//! Brakes: what an administrator freezes, and how often a permit may be used.
#![cfg(unix)]

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;

use crate::support::Setup;
use crate::support::World;
use crate::support::line::Session;
use crate::support::line::run;
use crate::support::usual;

const USAGE: i32 = 64;
const CONFIGURATION: i32 = 78;

/// Runs a command with the configuration of the server of this home; gives its exit code and what it printed.
async fn portcullis(home: &TempDir, words: &[&str]) -> (Option<i32>, String) {
    let variables: BTreeMap<&'static str, String> = usual("http://127.0.0.1:9", home, false);
    let output = run(&variables, words).await;
    let told = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&told).into_owned())
}

async fn well(home: &TempDir, words: &[&str]) -> String {
    let (code, told) = portcullis(home, words).await;
    assert_eq!(code, Some(0), "{told}");
    told
}

async fn comment(world: &World) -> Result<String, String> {
    let arguments = json!({"issue_key": "OPS-1", "body": "hello"});
    let called = world.call("alice-token", "jira_add_comment", arguments).await;
    if called.is_error { Err(called.text) } else { Ok(called.text) }
}

async fn read(world: &World) -> Result<String, String> {
    let called = world.call("alice-token", "jira_get_issue", json!({"issue_key": "OPS-1"})).await;
    if called.is_error { Err(called.text) } else { Ok(called.text) }
}

#[tokio::test]
async fn a_freeze_binds_the_next_call_of_a_running_server_until_it_is_thawed() {
    let world = World::writing(false).await;
    comment(&world).await.unwrap();
    let told = well(&world.home, &["policy", "freeze", "writes", "--reason", "incident 7"]).await;
    assert!(told.contains("frozen: writes, since ") && told.contains("incident 7"), "{told}");
    let asked = world.requests().await.len();
    let refused = comment(&world).await.unwrap_err();
    let says = "frozen: an administrator stopped everything that writes at 20";
    assert!(refused.starts_with(says) && refused.contains("Z: incident 7; try again"), "{refused}");
    assert_eq!(world.requests().await.len(), asked, "nothing was asked of Atlassian");
    read(&world).await.unwrap();
    let denied = world.until_audited(|record| record["code"] == "PC1004").await;
    assert_eq!(
        (&denied["decision"]["reason"], &denied["principal"]["id"]),
        (&json!("frozen"), &json!("alice"))
    );
    let frozen = world.until_audited(|record| record["code"] == "PC0007").await;
    assert_eq!((&frozen["frozen"], &frozen["reason"]), (&json!("writes"), &json!("incident 7")));
    assert!(frozen["os_user"].as_str().is_some_and(|user| user.starts_with("uid:")), "{frozen}");
    let gauge = "portcullis_frozen{scope=\"writes\"}";
    world.until("the gauge", async || world.metric(gauge).await == 1).await;

    // A wider freeze takes the place of a narrower one, and never the other way round.
    well(&world.home, &["policy", "freeze", "all"]).await;
    assert!(read(&world).await.unwrap_err().starts_with("frozen: an administrator stopped everything at "));
    let (code, told) = portcullis(&world.home, &["policy", "freeze", "writes"]).await;
    assert!(code == Some(USAGE) && told.contains("everything is frozen already"), "{told}");
    assert!(well(&world.home, &["policy", "show"]).await.starts_with("// frozen: all, since "));
    let shown: Value = serde_json::from_str(&well(&world.home, &["policy", "show", "--json"]).await).unwrap();
    assert!(shown["frozen"].as_str().unwrap().starts_with("frozen: all"), "{shown}");

    well(&world.home, &["policy", "thaw", "--reason", "over"]).await;
    comment(&world).await.unwrap();
    let thawed = world.until_audited(|record| record["code"] == "PC0008").await;
    assert_eq!(thawed["reason"], "over");
    assert!(thawed["was"].as_str().unwrap().starts_with("frozen: all"), "{thawed}");
    world.until("the gauge", async || world.metric(gauge).await == 0).await;
    assert!(well(&world.home, &["policy", "thaw"]).await.contains("nothing is frozen"));
    // For programs.
    let told =
        async |words: &[&str]| -> Value { serde_json::from_str(&well(&world.home, words).await).unwrap() };
    let frozen = told(&["policy", "freeze", "writes", "--reason", "drill", "--json"]).await;
    assert_eq!((&frozen["state"]["frozen"], &frozen["state"]["reason"]), (&json!("writes"), &json!("drill")));
    assert!(frozen["file"].as_str().unwrap().ends_with("freeze.json"), "{frozen}");
    let thawed = told(&["policy", "thaw", "--json"]).await;
    let states = (&thawed["was"]["frozen"], &thawed["state"]["frozen"]);
    assert_eq!(states, (&json!("writes"), &Value::Null), "{thawed}");
    world.end();
}

#[tokio::test]
async fn a_call_that_is_not_admitted_yet_is_stopped_as_well() {
    let world = World::closed(false).await;
    read(&world).await.unwrap();
    // Where the issue lies is asked for before the decision, and takes its time.
    world.faults(json!([{"path": "^/rest/api/2/issue/OPS-1$", "times": 1, "delay_ms": 8000}])).await;
    let meanwhile = async {
        let asks = |record: &Value| record["stage"] == "resolve" && record["access"] == "write";
        world.until_audited(asks).await;
        well(&world.home, &["policy", "freeze", "writes"]).await
    };
    let (commented, _) = tokio::join!(comment(&world), meanwhile);
    let refused = commented.unwrap_err();
    assert!(refused.starts_with("frozen: "), "{refused}");
    assert!(world.audit().iter().all(|record| record["stage"] != "intent" || record["access"] == "read"));
    assert!(world.requests().await.iter().all(|request| !request.starts_with("POST")));
    world.end();
}

#[tokio::test]
async fn a_freeze_binds_the_next_call_over_stdio() {
    let mut session = Session::initialized(&[("READ_ONLY_MODE", "false")]).await;
    let comment = json!({"name": "jira_add_comment", "arguments": {"issue_key": "OPS-1", "body": "hello"}});
    let answer = session.ask("tools/call", comment.clone()).await;
    assert_eq!(answer["result"]["isError"], false, "{answer}");
    well(&session.home, &["policy", "freeze", "writes"]).await;
    let answer = session.ask("tools/call", comment.clone()).await;
    assert!(answer["result"]["content"][0]["text"].as_str().unwrap().starts_with("frozen: "), "{answer}");
    well(&session.home, &["policy", "thaw"]).await;
    let answer = session.ask("tools/call", comment).await;
    assert_eq!(answer["result"]["isError"], false, "{answer}");
    assert_eq!(session.end().await.code, Some(0));
}

#[tokio::test]
async fn a_freeze_outlives_the_server_and_one_that_cannot_be_read_is_of_everything() {
    let home = tempfile::tempdir().unwrap();
    let state = home.path().join("state");
    let (code, told) = portcullis(&home, &["policy", "freeze", "all"]).await;
    assert!(code == Some(CONFIGURATION) && told.contains("no server has used the state directory"), "{told}");
    std::fs::create_dir(&state).unwrap();
    well(&home, &["policy", "freeze", "all", "--reason", "before it starts"]).await;
    let variables = vec![
        ("READ_ONLY_MODE", "false".to_owned()),
        ("PORTCULLIS_AUDIT__STATE_DIRECTORY", state.display().to_string()),
    ];
    let world = World::start(Setup { variables, ..Setup::default() }).await;
    assert!(read(&world).await.unwrap_err().contains("before it starts"));
    assert!(world.stderr().contains("before it starts"), "{}", world.stderr());
    std::fs::write(state.join("freeze.json"), "{").unwrap();
    let refused = read(&world).await.unwrap_err();
    assert!(refused.contains("cannot tell what its administrator has frozen"), "{refused}");
    assert!(!refused.contains("freeze.json") && world.stderr().contains("freeze.json"), "{refused}");
    assert_eq!(world.requests().await.iter().filter(|request| request.contains("/issue/")).count(), 0);
    well(&home, &["policy", "thaw"]).await;
    read(&world).await.unwrap();
    let (code, told) = portcullis(&home, &["policy", "freeze", "all", "--reason", "two\nlines"]).await;
    assert!(code == Some(USAGE) && told.contains("on one line"), "{told}");
    world.end();
}

/// Reading is free, comments are few, and one policy is only tried.
const POLICIES: &str = r#"
@id("read") permit (principal, action in Mcp::Action::"read", resource);
@id("comment") @limit("2/d") permit (principal, action == Mcp::Action::"jira_add_comment", resource);
@id("quiet") @mode("shadow") @advice("OPS is quiet")
forbid (principal, action == Mcp::Action::"jira_add_comment", resource in Jira::Project::"OPS");
"#;

#[tokio::test]
async fn a_limit_is_of_each_caller_and_says_when_it_starts_anew() {
    let world = World::start(Setup { policies: Some(POLICIES), ..Setup::default() }).await;
    comment(&world).await.unwrap();
    comment(&world).await.unwrap();
    let intents: Vec<Value> =
        world.audit().into_iter().filter(|record| record["access"] == "write").collect();
    let second = intents.iter().rfind(|record| record["stage"] == "intent").unwrap();
    let limit = &second["decision"]["limits"][0];
    assert_eq!((&limit["policy"], &limit["used"], &limit["of"]), (&json!("comment"), &json!(2), &json!(2)));
    let sent = async || world.requests().await.iter().filter(|request| request.starts_with("POST")).count();
    let before = sent().await;
    let refused = comment(&world).await.unwrap_err();
    let says = "denied: the limit of 2 calls a day is used up; it starts anew at 20";
    assert!(refused.starts_with(says) && refused.contains("(decision "), "{refused}");
    assert_eq!(sent().await, before);
    read(&world).await.unwrap();
    let denied = world.until_audited(|record| record["code"] == "PC1004").await;
    assert_eq!(
        (&denied["decision"]["reason"], &denied["decision"]["policies"]),
        (&json!("limit"), &json!(["comment"]))
    );
    assert_eq!(world.metric("portcullis_authz_decisions_total{decision=\"deny\",reason=\"limit\"}").await, 1);
    // Another caller has a count of their own, and other policies do not begin anew.
    let arguments = json!({"issue_key": "OPS-1", "body": "hello"});
    assert!(!world.call("bob-token", "jira_add_comment", arguments).await.is_error);
    world.hang_up();
    world.until_audited(|record| record["code"] == "PC0005").await;
    assert_eq!(
        comment(&world).await.unwrap_err().split("(decision").next(),
        refused.split("(decision").next()
    );

    let directory = world.home.path().join("policies").display().to_string();
    let audit = world.home.path().join("audit").display().to_string();
    let id = denied["decision"]["id"].as_str().unwrap();
    let told =
        well(&world.home, &["policy", "explain", "--policies", &directory, "--audit", &audit, id]).await;
    assert!(told.contains("then its limit was used up"), "{told}");
    world.end();
}

#[tokio::test]
async fn what_is_tried_is_written_down_and_not_enforced() {
    let world = World::start(Setup { policies: Some(POLICIES), ..Setup::default() }).await;
    comment(&world).await.unwrap();
    let intent =
        world.until_audited(|record| record["stage"] == "intent" && record["access"] == "write").await;
    let (shadow, decision) = (&intent["decision"]["shadow"], &intent["decision"]);
    assert_eq!((&shadow["effect"], &shadow["reason"]), (&json!("deny"), &json!("policy")), "{intent}");
    assert_eq!((&shadow["policies"], &decision["policies"]), (&json!(["quiet"]), &json!(["comment"])));
    assert_ne!(shadow["policy_hash"], decision["policy_hash"]);
    assert_eq!(
        world.metric("portcullis_shadow_decisions_total{decision=\"permit\",shadow=\"deny\"}").await,
        1
    );
    read(&world).await.unwrap();
    let read = world.until_audited(|record| record["stage"] == "intent" && record["access"] == "read").await;
    assert_eq!(read["decision"]["shadow"], Value::Null);

    let directory = world.home.path().join("policies").display().to_string();
    let call = ["--user", "ann", "--tool", "jira_add_comment", "--resource", "Jira::Issue::\"OPS-1\""];
    let explain = [&["policy", "explain", "--policies", &directory], &call[..]].concat();
    let told = well(&world.home, &explain).await;
    assert!(
        told.contains("If the policies that are only tried were in force: denied (policy) by quiet"),
        "{told}"
    );
    let checked = well(&world.home, &["policy", "check", &directory]).await;
    assert!(
        checked.contains("own.cedar, only tried") && checked.contains("own.cedar, at most 2/d"),
        "{checked}"
    );
    world.end();
}

#[tokio::test]
async fn what_a_search_would_lose_is_counted_and_not_lost() {
    let policies = r#"
@id("read") permit (principal, action in Mcp::Action::"read", resource);
@id("closed") @mode("shadow") @advice("OPS is closed")
forbid (principal, action == Mcp::Action::"jira:view_item", resource in Jira::Project::"OPS");
"#;
    let world = World::start(Setup { policies: Some(policies), ..Setup::default() }).await;
    let search = async |project: &str| {
        let arguments = json!({"jql": format!("project = {project}"), "limit": 3});
        world.call("alice-token", "jira_search", arguments).await.json()
    };
    let found = search("OPS").await;
    assert_eq!(found["issues"].as_array().unwrap().len(), 3, "{found}");
    assert_eq!(found["withheld"], Value::Null, "{found}");
    let ended = |record: &Value| record["code"] == "PC1003" && record["tool"] == "jira_search";
    assert_eq!(world.until_audited(ended).await["shadow"], json!({"withheld": 3}));
    search("DEV").await;
    assert_eq!(world.audit().into_iter().rfind(ended).unwrap()["shadow"], Value::Null);
    world.end();
}

#[tokio::test]
async fn one_product_is_read_only_and_the_other_is_not() {
    let variables = vec![("READ_ONLY_MODE", "false".to_owned()), ("JIRA_READ_ONLY_MODE", "true".to_owned())];
    let world = World::start(Setup { variables, ..Setup::default() }).await;
    let refused = comment(&world).await.unwrap_err();
    assert!(
        refused.starts_with("denied: writes to Jira are off; set JIRA_READ_ONLY_MODE=false"),
        "{refused}"
    );
    read(&world).await.unwrap();
    let page = json!({"space_key": "DOCS", "title": "Allowed", "content": "hello"});
    let created = world.call("alice-token", "confluence_create_page", page).await;
    assert!(!created.is_error, "{}", created.text);
    let tools = world.tools("alice-token").await;
    assert!(!tools.iter().any(|name| name == "jira_add_comment"));
    assert!(tools.iter().any(|name| name == "confluence_create_page"));
    world.end();

    let home = tempfile::tempdir().unwrap();
    let mut variables = usual("http://127.0.0.1:9", &home, false);
    variables.insert("CONFLUENCE_READ_ONLY_MODE", "true".to_owned());
    let shown = run(&variables, &["policy", "show"]).await;
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.contains("portcullis:read-only-confluence"), "{shown}");
}
