//! Proofs as an operator meets them: the commands, the record, and a server that asks for one.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::line::run;
use crate::support::usual;

const CONFIGURATION: i32 = 78;

const POLICIES: &str = r#"
@id("read")
permit (principal, action in Mcp::Action::"read", resource);
"#;

/// What a command printed, and how it ended.
struct Ended {
    code: Option<i32>,
    out: String,
    err: String,
}

async fn portcullis(home: &TempDir, more: &[(&'static str, &str)], arguments: &[&str]) -> Ended {
    let mut variables: BTreeMap<&'static str, String> = usual("http://127.0.0.1:9", home, false);
    variables.insert("JIRA_PERSONAL_TOKEN", "alice-token".to_owned());
    variables.insert("CONFLUENCE_PERSONAL_TOKEN", "alice-token".to_owned());
    // What is proved is kept below the test's own home.
    variables.insert("XDG_CACHE_HOME", home.path().join("cache").display().to_string());
    variables.extend(solver());
    variables.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
    let ended = run(&variables, arguments).await;
    Ended {
        code: ended.status.code(),
        out: String::from_utf8_lossy(&ended.stdout).into_owned(),
        err: String::from_utf8_lossy(&ended.stderr).into_owned(),
    }
}

/// Where the solver of the test is.
#[expect(clippy::disallowed_methods, reason = "tells the test where its tool is")]
fn solver() -> Vec<(&'static str, String)> {
    let names = ["CVC5", "PATH"];
    names.into_iter().filter_map(|name| Some((name, std::env::var(name).ok()?))).collect()
}

fn profile(home: &TempDir, policies: &str, properties: &str) -> String {
    let directory = home.path().join("policies");
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join("own.cedar"), policies).unwrap();
    std::fs::write(directory.join("properties.toml"), properties).unwrap();
    directory.display().to_string()
}

#[tokio::test]
async fn a_server_that_asks_for_a_proof_starts_with_the_right_record_only() {
    let home = tempfile::tempdir().unwrap();
    let directory = profile(&home, POLICIES, "read_only = true\n");
    let record = home.path().join("proof.json").display().to_string();
    let asking = [
        ("PORTCULLIS_POLICY__DIRECTORY", directory.as_str()),
        ("PORTCULLIS_POLICY__REQUIRE_PROOF", record.as_str()),
        // The forbid of this setting is part of the set.
        ("READ_ONLY_MODE", "true"),
    ];
    let says = format!("to make the record, run: portcullis policy prove --record {record}");
    for arguments in [&[][..], &["check"], &["--transport", "streamable-http"]] {
        let refused = portcullis(&home, &asking, arguments).await;
        assert_eq!(refused.code, Some(CONFIGURATION), "{}", refused.err);
        assert!(
            refused.err.contains("policy.require_proof: cannot read") && refused.err.contains(&says),
            "{}",
            refused.err
        );
        assert_eq!(refused.out, "");
    }

    // As the text says, with the same settings.
    let made = portcullis(&home, &asking, &["policy", "prove", "--record", &record]).await;
    assert_eq!(made.code, Some(0), "{}{}", made.out, made.err);
    assert!(made.out.contains("proven   read_only"), "{}", made.out);
    let checked = portcullis(&home, &asking, &["check"]).await;
    assert_eq!(checked.code, Some(0), "{}", checked.err);
    let written: Value = serde_json::from_slice(&std::fs::read(&record).unwrap()).unwrap();
    let proof = &written["proofs"][0];
    assert!(checked.out.contains(proof["policy_hash"].as_str().unwrap()), "{} {proof}", checked.out);
    assert!(proof["solver"].as_str().unwrap().starts_with("cvc5 "), "{proof}");
    assert_eq!(proof["properties"][0]["result"], "proven");

    // Without the setting it is another set.
    let open = [asking[0], asking[1]];
    let refused = portcullis(&home, &open, &["check"]).await;
    assert_eq!(refused.code, Some(CONFIGURATION), "{}", refused.err);
    assert!(
        refused.err.contains("is not of these policies") && refused.err.contains(&says),
        "{}",
        refused.err
    );
}

#[tokio::test]
async fn proofs_end_with_what_they_found() {
    let home = tempfile::tempdir().unwrap();
    let directory = profile(&home, POLICIES, "unreachable = [\"Jira::Project::SECRET\"]\n");
    let failed = portcullis(&home, &[], &["policy", "prove", &directory]).await;
    assert_eq!(failed.code, Some(1), "{}", failed.err);
    for part in [
        "failed   unreachable Jira::Project::\"SECRET\"",
        "allowed by `read`",
        "resource   Jira::Issue::\"SECRET-1\"",
    ] {
        assert!(failed.out.contains(part), "`{part}` is not in: {}", failed.out);
    }
    assert!(failed.err.contains("not proven: 1 of 1 profiles"), "{}", failed.err);
    let told = portcullis(&home, &[], &["policy", "prove", &directory, "--json"]).await;
    let report: Value = serde_json::from_str(&told.out).unwrap();
    let property = &report["profiles"][0]["properties"][0];
    assert_eq!((told.code, &property["result"]), (Some(1), &Value::from("failed")));
    assert_eq!(property["findings"][0]["example"]["resource"], "Jira::Issue::\"SECRET-1\"");

    profile(&home, POLICIES, "read_onyl = true\n");
    let wrong = portcullis(&home, &[], &["policy", "prove", &directory]).await;
    assert_eq!(wrong.code, Some(CONFIGURATION), "{}", wrong.err);
    assert!(wrong.err.contains("did you mean `read_only`?"), "{}", wrong.err);

    for arguments in [&["policy", "prove", &directory][..], &["policy", "diff", &directory, &directory]] {
        let absent = portcullis(&home, &[("CVC5", "/nowhere/cvc5")], arguments).await;
        assert_eq!(absent.code, Some(CONFIGURATION), "{}", absent.err);
        assert!(absent.err.contains("apt install cvc5"), "{}", absent.err);
    }
}

#[tokio::test]
async fn a_comparison_shows_each_cause_with_a_call() {
    let home = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = |path: &str| root.join(path).display().to_string();
    let (old, new) = (path("policies/read-only"), path("tests/policies/widened"));
    let shown = portcullis(&home, &[], &["policy", "diff", &old, &new]).await;
    assert_eq!(shown.code, Some(0), "{}", shown.err);
    for part in [
        "now allowed: `jira_add_comment` for Id::User, Id::Service on Jira::Issue\n",
        "because: added permit `comment`",
        "removed forbid `no-writes`",
        "principal  Id::User::\"ann\" in Id::Group::\"jira:dev\"\n",
        "with       context.session.method == \"oauth\"\n",
        "old        denied by `no-writes`\n",
        "new        allowed by `comment`\n",
        "nothing is denied that was not\n",
    ] {
        assert!(shown.out.contains(part), "`{part}` is not in: {}", shown.out);
    }
    let told = portcullis(&home, &[], &["policy", "diff", &new, &old, "--json"]).await;
    let report: Value = serde_json::from_str(&told.out).unwrap();
    assert_eq!(report["widened"], Value::Array(Vec::new()));
    assert_eq!(report["narrowed"][0]["example"]["action"], "jira_add_comment");
}
