//! What an auditor asks of the log of a running server.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use serde_json::json;
use tokio::io::AsyncBufReadExt;
use tokio::io::AsyncWriteExt;
use tokio::io::BufReader;

use crate::support::Setup;
use crate::support::World;
use crate::support::command;
use crate::support::line::run;
use crate::support::policy_directory;
use crate::support::usual;

const LIMIT: Duration = Duration::from_secs(20);

/// A value that stands in no record.
const CANARY: &str = "canary of an auditor";

const POLICIES: &str = r#"
@id("read") permit (principal, action in Mcp::Action::"read", resource);
@id("spare") permit (principal, action == Mcp::Action::"jira_add_comment", resource in Jira::Project::"SPARE");
"#;

/// What a command printed, if it ended well.
async fn well(variables: &BTreeMap<&'static str, String>, arguments: &[&str]) -> String {
    let output = run(variables, arguments).await;
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn calls_are_shown_and_found_while_the_server_runs() {
    let world = World::start(Setup { policies: Some(POLICIES), ..Setup::default() }).await;
    let variables = usual("http://127.0.0.1:9", &world.home, false);
    let mut follow = tokio::process::Command::from(command(&variables));
    let mut follow =
        follow.args(["audit", "show", "--follow"]).stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let mut shown = BufReader::new(follow.stdout.take().unwrap()).lines();
    let head = tokio::time::timeout(LIMIT, shown.next_line()).await.unwrap().unwrap().unwrap();
    assert!(head.starts_with("TIME") && head.ends_with("CALL"), "{head}");

    world.call("alice-token", "jira_get_issue", json!({"issue_key": "OPS-1", "expand": CANARY})).await;
    world.call("alice-token", "jira_get_issue", json!({"issue_key": "DEV-1"})).await;
    let denied = json!({"issue_key": "OPS-1", "body": CANARY});
    world.call("alice-token", "jira_add_comment", denied).await;
    world.until_audited(|record| record["outcome"] == "denied").await;
    // The follower sees each call when it has ended, as one row.
    let mut rows = Vec::new();
    while rows.len() < 3 {
        let row = tokio::time::timeout(LIMIT, shown.next_line()).await.unwrap().unwrap().unwrap();
        rows.extend(row.contains(" jira_").then_some(row));
    }
    assert!(rows[0].contains("Jira::Issue OPS-1") && rows[2].contains("denied ("), "{rows:#?}");
    follow.kill().await.unwrap();

    let table = well(&variables, &["audit", "show", "--project", "OPS", "--since", "1h"]).await;
    assert_eq!(table.lines().count(), 3, "{table}");
    let events = well(&variables, &["audit", "export", "--format", "ocsf", "--tool", "jira_get_issue"]).await;
    let events: Vec<Value> = events.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events.len(), 2);
    assert!(
        events.iter().all(|event| event["type_uid"] == 600_302 && event["status"] == "Success"),
        "{events:?}"
    );
    let cells = well(&variables, &["audit", "export", "--format", "csv"]).await;
    assert!(cells.starts_with("time,began,code,"), "{cells}");
    let denied = well(&variables, &["audit", "show", "--decision", "deny", "--json"]).await;
    let denied: Vec<Value> = denied.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(denied.iter().any(|record| record["code"] == "PC1004"), "{denied:?}");
    assert!(denied.iter().all(|record| record["tool"] == "jira_add_comment"), "{denied:?}");

    // Whoever was denied knows the id of the decision, and that finds the call as well.
    let outcome = denied.iter().find(|record| record["code"] == "PC1004").unwrap();
    let decision = outcome["decision"]["id"].as_str().unwrap();
    for id in [outcome["call"].as_str().unwrap(), decision] {
        let shown = well(&variables, &["audit", "show", "--call", id]).await;
        assert_eq!(shown.lines().count(), 3, "{shown}");
        assert!(
            shown.lines().nth(2).unwrap().starts_with(&format!("  decision {decision}: deny (")),
            "{shown}"
        );
    }
    let records = well(&variables, &["audit", "show", "--records", "--tool", "jira_get_issue"]).await;
    assert!(records.contains(" intent ") && !records.contains("no outcome"), "{records}");
    let unknown = run(&variables, &["audit", "show", "--outcome", "dennied"]).await;
    let said = String::from_utf8_lossy(&unknown.stderr);
    assert_eq!(unknown.status.code(), Some(64), "{said}");
    assert!(said.contains("'denied'") && said.contains("upstream_error"), "{said}");

    let told = well(&variables, &["audit", "report", "--principal", "alice", "--format", "json"]).await;
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["filters"], json!({"principal": "alice"}), "{told}");
    let policies = policy_directory(&world.home, POLICIES);
    let report = ["audit", "report", "--since", "1h", "--policies", &policies];
    let text = well(&variables, &report).await;
    assert!(text.contains("| alice | Jira OPS | 1 | 0 | 1 | 0 |"), "{text}");
    assert!(
        text.contains("| spare | permit | in force | own.cedar |") && !text.contains("| read | permit |"),
        "{text}"
    );
    let html = well(&variables, &[&report[..], &["--format", "html"]].concat()).await;
    assert!(html.starts_with("<!doctype html>") && html.ends_with("</html>\n"), "{html}");

    let found = well(&variables, &["audit", "hash", CANARY, "--find"]).await;
    assert_eq!(found.lines().count(), 3, "{found}");
    assert!(found.contains("expand") && found.contains("body") && !found.contains(CANARY), "{found}");
    let none = run(&variables, &["audit", "hash", "another value", "--find"]).await;
    assert_eq!(none.status.code(), Some(1));
    world.end();
}

#[tokio::test]
async fn a_value_is_hashed_from_standard_input_as_well() {
    let home = tempfile::tempdir().unwrap();
    let variables = usual("http://127.0.0.1:9", &home, false);
    let key = home.path().join("key");
    std::fs::write(&key, "0123456789abcdef0123456789abcdef").unwrap();
    let key = key.display().to_string();
    let named = well(&variables, &["audit", "hash", CANARY, "--key", &key]).await;
    let mut child = tokio::process::Command::from(command(&variables))
        .args(["audit", "hash", "-", "--key", &key])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(format!("{CANARY}\n").as_bytes()).await.unwrap();
    let read = tokio::time::timeout(LIMIT, child.wait_with_output()).await.unwrap().unwrap();
    assert_eq!(String::from_utf8(read.stdout).unwrap(), named);
    assert!(named.starts_with("hmac:") && named.trim_end().len() == 5 + 32, "{named}");
    let keyless = run(&variables, &["audit", "hash", CANARY]).await;
    assert_eq!(keyless.status.code(), Some(64));
    assert!(String::from_utf8_lossy(&keyless.stderr).contains("--key"), "{keyless:?}");
}

#[tokio::test]
async fn a_verification_is_recorded_where_there_is_a_log_and_nowhere_else() {
    let home = tempfile::tempdir().unwrap();
    let variables = usual("http://127.0.0.1:9", &home, false);
    let audit = home.path().join("audit");
    let verify = ["audit", "verify", "--record"];
    let refused = async || {
        let output = run(&variables, &verify).await;
        assert_eq!(output.status.code(), Some(78), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(refused().await.contains("there is no `"), "no directory");
    assert!(!audit.exists(), "nothing was begun");
    std::fs::create_dir(&audit).unwrap();
    let told = refused().await;
    assert!(told.contains("there is no log in `") && told.contains("--config"), "{told}");
    assert_eq!(std::fs::read_dir(&audit).unwrap().count(), 0);

    let world = World::start(Setup::default()).await;
    let variables = usual("http://127.0.0.1:9", &world.home, false);
    let audit = world.home.path().join("audit");
    let output = run(&variables, &verify).await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("recorded (PC0018)") && said.contains(&audit.display().to_string()), "{said}");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(told.contains("records in 1 file, "), "{told}");
    let records = well(&variables, &["audit", "show", "--code", "PC0018", "--json"]).await;
    let record: Value = serde_json::from_str(&records).unwrap();
    assert_eq!(
        (&record["good"], &record["files"], &record["keys_given"]),
        (&json!(true), &json!(1), &json!(false))
    );
    let name = record["names"][0].as_str().unwrap();
    assert!(audit.join(name).exists(), "{record}");
    assert!(record["keys"][0].as_str().unwrap().starts_with("portcullis/default+"), "{record}");
    world.end();
}
