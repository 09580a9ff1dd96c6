//! The key of the audit log's checkpoints in the transit engine: the server signs with it, and never has it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;

use serde_json::Value;
use serde_json::json;

use crate::bao::Bao;
use crate::bao::POLICY;
use crate::bao::Role;

const SIGNING: &str = "path \"transit/keys/portcullis-audit\" { capabilities = [\"read\"] }
path \"transit/sign/portcullis-audit\" { capabilities = [\"update\"] }";

fn variables(bao: &Bao, role: &Role, home: &Path, key: &str) -> BTreeMap<&'static str, String> {
    let path = |name: &str| home.join(name).display().to_string();
    BTreeMap::from([
        ("JIRA_URL", "http://127.0.0.1:9".to_owned()),
        ("JIRA_PERSONAL_TOKEN", "token".to_owned()),
        ("PORTCULLIS_AUDIT__DIRECTORY", path("audit")),
        ("PORTCULLIS_AUDIT__STATE_DIRECTORY", path("state")),
        ("PORTCULLIS_AUDIT__SIGNING_TRANSIT_KEY", key.to_owned()),
        ("PORTCULLIS_VAULT__ADDRESS", bao.address.clone()),
        ("PORTCULLIS_VAULT__ROLE_ID", role.role_id.clone()),
        ("PORTCULLIS_VAULT__SECRET_ID", role.secret_id.clone()),
    ])
}

/// Runs the program to its end; over stdio nobody says anything.
async fn run(variables: BTreeMap<&'static str, String>, arguments: &'static [&'static str]) -> Output {
    let run = move || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
        command.env_clear().envs(variables).args(arguments).stdin(Stdio::null());
        command.output().unwrap()
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn checkpoints_are_signed_by_a_key_that_never_leaves() {
    let bao = Bao::start();
    let role = bao.set_up().await;
    bao.write("sys/mounts/transit", &json!({"type": "transit"})).await;
    bao.write("transit/keys/portcullis-audit", &json!({"type": "ed25519"})).await;
    bao.write("transit/keys/other", &json!({"type": "aes256-gcm96"})).await;
    let home = tempfile::tempdir().unwrap();
    let set = |key: &str| variables(&bao, &role, home.path(), key);

    // Without the policy, without such a key, with one that does not sign, and with no name of one.
    for (key, policy, says) in [
        (
            "transit/portcullis-audit",
            "",
            "add a policy with `read` on transit/keys/portcullis-audit and `update`",
        ),
        (
            "transit/other",
            "path \"transit/*\" { capabilities = [\"read\", \"update\"] }",
            "it is no Ed25519 key",
        ),
        (
            "transit/nothing",
            "path \"transit/*\" { capabilities = [\"read\", \"update\"] }",
            "there is no such key",
        ),
        ("transit", "", "write the mount of the engine, a slash and the name"),
    ] {
        let policy = json!({"policy": format!("{POLICY}\n{policy}")});
        bao.write("sys/policies/acl/portcullis", &policy).await;
        let output = run(set(key), &[]).await;
        assert!(output.status.code() == Some(78) && said(&output).contains(says), "{key}: {}", said(&output));
    }
    let policy = json!({"policy": format!("{POLICY}\n{SIGNING}")});
    bao.write("sys/policies/acl/portcullis", &policy).await;
    let doctor = run(set("transit/portcullis-audit"), &["doctor"]).await;
    assert!(
        said(&doctor).contains("[+] vault: `transit/portcullis-audit` signs (version 1)"),
        "{}",
        said(&doctor)
    );

    let output = run(set("transit/portcullis-audit"), &[]).await;
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(!home.path().join("state/audit-signing.key").exists(), "no key is made here");
    let logs: Vec<_> =
        std::fs::read_dir(home.path().join("audit")).unwrap().map(|entry| entry.unwrap().path()).collect();
    let log = logs.iter().find(|path| path.extension().is_some_and(|kind| kind == "jsonl")).unwrap();
    let text = std::fs::read_to_string(log).unwrap();
    let first: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!((&first["code"], &last["code"]), (&json!("PC0001"), &json!("PC0002")));
    let verified = Command::new(env!("CARGO_BIN_EXE_portcullis"))
        .env_clear()
        .args(["audit", "verify", "--key", first["checkpoint_key"].as_str().unwrap()])
        .arg(home.path().join("audit"))
        .output()
        .unwrap();
    assert!(verified.status.success(), "{}", said(&verified));

    // Without Vault there is no log that could be signed, so no start.
    bao.kill();
    let mut strict = set("transit/portcullis-audit");
    strict.insert("PORTCULLIS_VAULT__STARTUP", "fail".to_owned());
    let output = run(strict, &[]).await;
    assert_eq!(output.status.code(), Some(75), "{}", said(&output));
}
