//! What is done beside the log: copies to syslog and standard output, and checkpoints that are kept elsewhere.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use regex::Regex;
use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;

use crate::support::Setup;
use crate::support::World;
use crate::support::command;
use crate::support::line::run;
use crate::support::outside::acceptor;
use crate::support::outside::authority;
use crate::support::receiver::Mood;
use crate::support::receiver::Receiver;

const CALLS: usize = 3;

async fn world(variables: Vec<(&'static str, String)>, launch: Option<crate::support::Launch>) -> World {
    let world = World::start(Setup { variables, launch, ..Setup::default() }).await;
    for _ in 0..CALLS {
        let called = world.call("alice-token", "jira_get_issue", json!({"issue_key": "OPS-1"})).await;
        assert!(!called.is_error, "{}", called.text);
    }
    world
}

/// The text of the one log file.
fn log(home: &TempDir) -> String {
    let paths = std::fs::read_dir(home.path().join("audit")).unwrap().map(|entry| entry.unwrap().path());
    let logs: Vec<_> = paths.filter(|path| path.extension().is_some_and(|kind| kind == "jsonl")).collect();
    assert_eq!(logs.len(), 1);
    std::fs::read_to_string(&logs[0]).unwrap()
}

/// Reads a message as RFC 5424 has it, and gives its record.
fn record(message: &str) -> Value {
    let form = r"(?s)^<(\d{1,3})>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z) ([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128}) ([!-~]{1,32}) - (.*)$";
    let found = Regex::new(form).unwrap().captures(message).unwrap_or_else(|| panic!("{message}"));
    // Facility 13 is the log audit, severity 6 informational.
    assert_eq!((&found[1], &found[4]), ("110", "portcullis"));
    let record: Value = serde_json::from_str(&found[7]).unwrap();
    assert_eq!((&record["time"], &record["code"]), (&json!(found[2]), &json!(found[6])));
    record
}

#[tokio::test]
async fn syslog_over_a_socket_has_every_record() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("log");
    let socket = UnixDatagram::bind(&path).unwrap();
    let (message, messages) = std::sync::mpsc::channel();
    // A socket holds few of them.
    std::thread::spawn(move || {
        let mut bytes = vec![0; 1 << 18];
        while let Ok(length) = socket.recv(&mut bytes) {
            let text = std::str::from_utf8(&bytes[..length]).unwrap().to_owned();
            if message.send(text).is_err() {
                return;
            }
        }
    });
    let address = format!("unix:{}", path.display());
    let mut world = world(vec![("PORTCULLIS_AUDIT__SYSLOG__ADDRESS", address)], None).await;
    world.terminate();
    assert_eq!(world.ended_by_itself().await, Some(0));
    for line in log(&world.home).lines() {
        let message = messages.recv_timeout(Duration::from_secs(20)).unwrap();
        assert!(message.ends_with(line), "{message}");
        record(&message);
    }
    world.end();
}

/// The messages of a stream with octet counting.
fn messages(bytes: &[u8]) -> Vec<String> {
    let (mut rest, mut messages) = (bytes, Vec::new());
    while let Some(space) = rest.iter().position(|byte| *byte == b' ') {
        let length: usize = std::str::from_utf8(&rest[..space]).unwrap().parse().unwrap();
        let Some(message) = rest.get(space + 1..space + 1 + length) else { break };
        messages.push(String::from_utf8(message.to_vec()).unwrap());
        rest = &rest[space + 1 + length..];
    }
    messages
}

#[tokio::test]
async fn syslog_over_tls_counts_octets_and_has_every_record() {
    let (pem, issuer) = authority();
    let place = tempfile::tempdir().unwrap();
    let ca_file = place.path().join("ca.pem");
    std::fs::write(&ca_file, pem).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let received = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&received);
    let serving = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = acceptor(&issuer, "localhost").accept(stream).await.unwrap();
        let mut bytes = [0; 4096];
        while let Ok(read @ 1..) = stream.read(&mut bytes).await {
            into.lock().unwrap().extend_from_slice(&bytes[..read]);
        }
    });
    let variables = vec![
        ("PORTCULLIS_AUDIT__SYSLOG__ADDRESS", format!("tcp+tls://localhost:{port}")),
        ("PORTCULLIS_AUDIT__SYSLOG__CA_FILE", ca_file.display().to_string()),
    ];
    let mut world = world(variables, None).await;
    world.terminate();
    assert_eq!(world.ended_by_itself().await, Some(0));
    serving.await.unwrap();
    let messages = messages(&received.lock().unwrap());
    let records: Vec<Value> = messages.iter().map(|message| record(message)).collect();
    assert_eq!(records, world.audit());
    world.end();
}

/// A copy that nobody takes is counted, and slows nothing.
#[tokio::test]
async fn a_syslog_server_that_is_not_there_slows_nothing_and_is_told() {
    let address = format!("tcp://{}", crate::support::free_address());
    let world = world(vec![("PORTCULLIS_AUDIT__SYSLOG__ADDRESS", address)], None).await;
    let failed = "portcullis_audit_sink_errors_total{sink=\"syslog\"}";
    world.until("the failure", async || world.metric(failed).await > 0).await;
    assert_eq!(world.readiness().await.0, 200);
    assert!(world.stderr().contains("cannot be handed on"), "{}", world.stderr());
    world.end();
}

fn to_a_file(variables: &BTreeMap<&'static str, String>, home: &TempDir) -> Command {
    let mut command = command(variables);
    command.stdout(File::create(home.path().join("stdout")).unwrap());
    command
}

#[tokio::test]
async fn standard_output_equals_the_file() {
    let mut world = world(vec![("PORTCULLIS_AUDIT__COPIES", "stdout".to_owned())], Some(to_a_file)).await;
    world.terminate();
    assert_eq!(world.ended_by_itself().await, Some(0));
    let copied = std::fs::read_to_string(world.home.path().join("stdout")).unwrap();
    assert_eq!(copied, log(&world.home));
    assert!(copied.lines().count() > 2 * CALLS);
    world.end();
}

/// Runs a command; its exit code and what it printed.
async fn audit(home: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let variables = BTreeMap::from([("HOME", home.display().to_string())]);
    let output = run(&variables, &[&["audit"], arguments].concat()).await;
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[tokio::test]
async fn checkpoints_are_kept_elsewhere_and_tell_of_a_cut_tail() {
    let receiver = Receiver::start().await;
    let place = tempfile::tempdir().unwrap();
    let kept = place.path().display().to_string();
    receiver.set(Mood::Refuses);
    let variables = vec![
        ("PORTCULLIS_AUDIT__WITNESS__URL", receiver.url("witness")),
        ("PORTCULLIS_AUDIT__CHECKPOINT_COPIES", kept.clone()),
        ("PORTCULLIS_AUDIT__CHECKPOINT_RECORDS", "2".to_owned()),
    ];
    let mut world = world(variables, None).await;
    let failed = "portcullis_audit_sink_errors_total{sink=\"witness\"}";
    world.until("the failure", async || world.metric(failed).await > 0).await;
    assert_eq!(world.readiness().await.0, 200, "a witness refuses no call");
    receiver.set(Mood::Takes);
    world.terminate();
    assert_eq!(world.ended_by_itself().await, Some(0));
    let files = std::fs::read_dir(&kept).unwrap().map(|entry| entry.unwrap().path());
    let mut copies: Vec<String> = files.map(|path| std::fs::read_to_string(path).unwrap()).collect();
    copies.sort();
    let size = |note: &String| note.lines().nth(1).unwrap().parse::<usize>().unwrap();
    copies.sort_by_key(size);
    assert!(copies.len() > CALLS && copies.iter().all(|note| note.starts_with("portcullis/audit-default-")));
    let newest = copies.last().unwrap();
    assert_eq!(size(newest), world.audit().len());
    assert!(receiver.notes().contains(newest), "{:?}", receiver.notes());

    let directory = world.home.path().join("audit").display().to_string();
    let (code, said) = audit(world.home.path(), &["verify", &directory, "--checkpoint", &kept]).await;
    assert_eq!(code, Some(0), "{said}");
    // Whoever can write to the directory cuts off the tail, and puts back the checkpoint of before.
    let text = log(&world.home);
    let earlier = &copies[copies.len() - 3];
    let rest: String = text.split_inclusive('\n').take(size(earlier)).collect();
    for entry in std::fs::read_dir(&directory).unwrap() {
        let path = entry.unwrap().path();
        match path.extension().and_then(|kind| kind.to_str()) {
            Some("jsonl") => std::fs::write(path, &rest).unwrap(),
            Some("checkpoint") => std::fs::write(path, earlier).unwrap(),
            _ => {}
        }
    }
    let (code, said) = audit(world.home.path(), &["verify", &directory, "--checkpoint", &kept]).await;
    assert_eq!(code, Some(1), "{said}");
    world.end();
}

#[tokio::test]
async fn check_says_what_is_wrong_with_a_place() {
    let home = tempfile::tempdir().unwrap();
    let mut usual = crate::support::usual("http://127.0.0.1:1", &home, false);
    usual.extend(["JIRA_PERSONAL_TOKEN", "CONFLUENCE_PERSONAL_TOKEN"].map(|name| (name, "token".to_owned())));
    let http = ("PORTCULLIS_AUDIT__HTTP__URL", "https://collector.example.com");
    for (set, says) in [
        (
            vec![("PORTCULLIS_AUDIT__CHECKPOINT_COPIES", "/nowhere")],
            "audit.checkpoint_copies `/nowhere` cannot",
        ),
        (vec![http, ("PORTCULLIS_AUDIT__HTTP__CA_FILE", "/no.pem")], "audit.http: cannot read the CA file"),
        (
            vec![
                ("PORTCULLIS_AUDIT__SYSLOG__ADDRESS", "tcp+tls://logs"),
                ("PORTCULLIS_AUDIT__SYSLOG__CA_FILE", "/no.pem"),
            ],
            "audit.syslog: cannot read the CA file",
        ),
        (
            vec![("PORTCULLIS_AUDIT__SIGNING_KEY", "file:///nowhere.key")],
            "`file:///nowhere.key`: cannot be read",
        ),
        (vec![("PORTCULLIS_AUDIT__SIGNING_KEY", "0123")], "audit.signing_key"),
        (
            vec![
                ("PORTCULLIS_VAULT__ADDRESS", "https://vault.example.com"),
                ("PORTCULLIS_VAULT__LOGIN", "token"),
                ("PORTCULLIS_VAULT__TOKEN", "env://HOME"),
                ("PORTCULLIS_VAULT__CA_FILE", "/no.pem"),
            ],
            "vault.ca_file",
        ),
        (vec![("PORTCULLIS_AUDIT__COPIES", "stdout")], "standard output belongs to the protocol"),
        (vec![("PORTCULLIS_AUDIT__REQUIRE", "any")], "set audit.http.url"),
    ] {
        let mut variables = usual.clone();
        variables.extend(set.into_iter().map(|(name, value)| (name, value.to_owned())));
        let output = run(&variables, &["check"]).await;
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && said.contains(says), "{said}");
    }
}

/// The record of a freeze has its checkpoint elsewhere as well, before the command ends.
#[tokio::test]
async fn the_checkpoint_of_a_freeze_is_kept_elsewhere_too() {
    let (home, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut variables = crate::support::usual("http://127.0.0.1:9", &home, false);
    // As a server leaves it.
    std::fs::create_dir(home.path().join("state")).unwrap();
    variables.insert("PORTCULLIS_AUDIT__CHECKPOINT_COPIES", place.path().display().to_string());
    let output = run(&variables, &["policy", "freeze", "writes", "--reason", "drill"]).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = log(&home);
    assert!(text.contains("\"PC0007\""), "{text}");
    assert!(
        text.contains("\"PC0009\"") && text.contains("\"PC0019\""),
        "no server started or stopped: {text}"
    );
    assert!(!text.contains("\"PC0001\"") && !text.contains("\"PC0002\""), "{text}");
    let kept = std::fs::read_dir(place.path()).unwrap().map(|entry| entry.unwrap().path());
    let sizes = kept.map(|path| std::fs::read_to_string(path).unwrap().lines().nth(1).unwrap().to_owned());
    let sizes: Vec<usize> = sizes.map(|size| size.parse().unwrap()).collect();
    assert_eq!(sizes.iter().max(), Some(&text.lines().count()), "{sizes:?}");
}
