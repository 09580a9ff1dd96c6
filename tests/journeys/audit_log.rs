//! What an auditor does with a log: `audit verify`, `prove`, `check-proof` and `key`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use portcullis::audit::Checkpoint;
use portcullis::audit::Frontier;
use portcullis::audit::Signer;
use portcullis::audit::TreeHash;
use serde_json::Value;

use crate::support::line::run;

const CALL: &str = "196690f9e4d7cce48064478ef6764b0a";

/// Writes a log of one call, and returns the key that it is signed with.
fn write_log(directory: &Path) -> String {
    let signer = Signer::new("portcullis/default", &[7; 32]).unwrap();
    let key = signer.verifier().to_string();
    let records = [
        format!(
            "\"stage\":\"start\",\"code\":\"PC0001\",\"checkpoint_key\":\"{key}\",\"continues\":null,\"heads\":[]"
        ),
        format!("\"stage\":\"intent\",\"code\":\"PC1002\",\"call\":\"{CALL}\""),
        format!("\"stage\":\"outcome\",\"code\":\"PC1003\",\"call\":\"{CALL}\""),
        "\"stage\":\"stop\",\"code\":\"PC0002\"".to_owned(),
    ];
    let (mut tree, mut previous, mut text) = (Frontier::default(), TreeHash::ZERO, String::new());
    for (body, sequence) in records.iter().zip(1..) {
        let line = format!("{{\"v\":2,\"seq\":{sequence},\"prev\":\"{previous}\",{body}}}");
        previous = TreeHash::of_line(line.as_bytes());
        tree.push(previous);
        text += &(line + "\n");
    }
    let name = "audit-default-20261129T054000Z";
    let checkpoint =
        Checkpoint { origin: format!("portcullis/{name}"), size: tree.size(), root: tree.root() };
    fs::write(directory.join(format!("{name}.jsonl")), text).unwrap();
    fs::write(directory.join(format!("{name}.checkpoint")), signer.sign(&checkpoint)).unwrap();
    key
}

/// Runs a command; its exit code and what it printed.
async fn audit(home: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let variables = BTreeMap::from([("HOME", home.display().to_string())]);
    let output = run(&variables, &[&["audit"], arguments].concat()).await;
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[tokio::test]
async fn a_log_is_verified_and_what_was_changed_is_named() {
    let home = tempfile::tempdir().unwrap();
    let log = home.path().join("log");
    fs::create_dir(&log).unwrap();
    let key = write_log(&log);
    let directory = log.display().to_string();

    assert_eq!(audit(home.path(), &["key", &directory]).await, (Some(0), format!("{key}\n")));
    let (code, said) = audit(home.path(), &["verify", &directory, "--key", &key]).await;
    assert!(code == Some(0) && said.contains("4 records, 4 of them signed\nnothing is wrong"), "{said}");
    let kept = home.path().join("kept");
    fs::copy(log.join("audit-default-20261129T054000Z.checkpoint"), &kept).unwrap();

    let file = log.join("audit-default-20261129T054000Z.jsonl");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("PC1002", "PC1004")).unwrap();
    let (code, said) = audit(home.path(), &["verify", &directory, "--json"]).await;
    let said: Value = serde_json::from_str(&said).unwrap();
    let finding = &said["findings"][0];
    assert_eq!((code, &said["good"], &finding["fault"]), (Some(1), &false.into(), &"record_chain".into()));
    assert_eq!(
        (&finding["file"], &finding["line"]),
        (&"audit-default-20261129T054000Z.jsonl".into(), &3.into())
    );

    for gone in [log.join("audit-default-20261129T054000Z.checkpoint"), file] {
        fs::remove_file(gone).unwrap();
        let kept = kept.display().to_string();
        let (code, said) =
            audit(home.path(), &["verify", &directory, "--key", &key, "--checkpoint", &kept]).await;
        assert_eq!(code, Some(1), "{said}");
    }
    let (code, _) = audit(home.path(), &["verify", &directory, "--key", "not a key"]).await;
    assert_eq!(code, Some(64));
}

#[tokio::test]
async fn an_auditor_checks_a_proof_without_the_log() {
    let home = tempfile::tempdir().unwrap();
    let log = home.path().join("log");
    fs::create_dir(&log).unwrap();
    let key = write_log(&log);
    let (code, proofs) = audit(home.path(), &["prove", CALL, &log.display().to_string()]).await;
    assert_eq!(code, Some(0), "{proofs}");
    let (code, _) = audit(home.path(), &["prove", "another", &log.display().to_string()]).await;
    assert_eq!(code, Some(65));
    fs::remove_dir_all(&log).unwrap();

    let file = home.path().join("proof.json");
    let path = file.display().to_string();
    fs::write(&file, &proofs).unwrap();
    let (code, said) = audit(home.path(), &["check-proof", &path, "--key", &key]).await;
    assert!(code == Some(0) && said.contains("054000Z.jsonl:3") && said.contains("PC1003"), "{said}");
    fs::write(&file, proofs.replace("PC1003", "PC1005")).unwrap();
    assert_eq!(audit(home.path(), &["check-proof", &path, "--key", &key]).await, (Some(1), String::new()));
    let other = Signer::new("portcullis/default", &[8; 32]).unwrap().verifier().to_string();
    fs::write(&file, &proofs).unwrap();
    assert_eq!(audit(home.path(), &["check-proof", &path, "--key", &other]).await.0, Some(1));
}
