//! Brakes: what an administrator freezes, and how often a permit may be used.

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
