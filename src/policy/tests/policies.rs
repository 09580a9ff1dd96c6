//! Other policies take the place of those in force, or are refused.

use super::*;
use crate::policy::Policies;
use crate::policy::Proof;
use crate::policy::ProofRecord;
use crate::policy::Proved;
use crate::policy::Verdict;
use crate::policy::properties::Properties;

const CASE: &str = "[[case]]\nname = \"reads\"\nuser = \"ann\"\ntool = \"jira_get_issue\"\n\
                    resources = ['Jira::Issue::\"OPS-1\"']\n";

fn loaded(directory: &TempDir, change: impl FnOnce(&mut EngineSettings)) -> Policies {
    let mut settings = settings(PolicySource::Directory(directory.path().to_owned()));
    change(&mut settings);
    Policies::load(tools(), settings).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_change_is_seen_once_it_stands_still_and_once_only() {
    let home = directory(&[("own.cedar", READ_ALL)]);
    let policies = loaded(&home, |_| ());
    assert!(!policies.have_changed());
    for (file, text) in [
        ("own.cedar", ALL),
        ("more.cedar", "@id(\"x\") permit (principal, action, resource);"),
        ("tests/own.toml", CASE),
    ] {
        std::fs::create_dir_all(home.path().join("tests")).unwrap();
        std::fs::write(home.path().join(file), text).unwrap();
        assert!(!policies.have_changed(), "{file}: it may still be written");
        assert!(policies.have_changed(), "{file}");
        drop(policies.candidate());
        assert!(
            !policies.have_changed() && !policies.have_changed(),
            "{file} was tried, whatever came of it"
        );
    }
    std::fs::write(home.path().join("notes.txt"), "x").unwrap();
    std::fs::write(home.path().join(".own.cedar.swp"), "x").unwrap();
    assert!(!policies.have_changed() && !policies.have_changed(), "these are no policies");
    std::fs::remove_dir_all(home.path()).unwrap();
    assert!(!policies.have_changed() && policies.have_changed(), "there are none any more");
}

#[test]
fn what_is_not_in_order_is_no_candidate() {
    for (name, text, says) in [
        (
            "own.cedar",
            "@id(\"x\") permit (principal, action == Mcp::Action::\"jira_get_isue\", resource);",
            "own.cedar:1:",
        ),
        ("own.cedar", "", "holds no policy"),
        (
            "tests/own.toml",
            &format!("{CASE}expect = \"deny\"\n"),
            "own.toml: case `reads`: expected deny, got allow",
        ),
        ("tests/own.toml", "[[case", "the tests of the policies fail"),
    ] {
        let home = directory(&[("own.cedar", READ_ALL)]);
        std::fs::create_dir(home.path().join("tests")).unwrap();
        let policies = loaded(&home, |_| ());
        let hash = policies.current().policy_hash().to_owned();
        std::fs::write(home.path().join(name), text).unwrap();
        let error = policies.candidate().unwrap_err().to_string();
        assert!(error.contains(says), "`{says}` is not in: {error}");
        assert_eq!(policies.current().policy_hash(), hash, "{name}");
    }
}

#[test]
fn a_start_runs_the_cases_as_well_and_says_the_same() {
    let home = directory(&[("own.cedar", READ_ALL)]);
    std::fs::create_dir(home.path().join("tests")).unwrap();
    let running = loaded(&home, |_| ());
    let start = || {
        let settings = settings(PolicySource::Directory(home.path().to_owned()));
        Policies::load(tools(), settings).map(|_| ())
    };
    let case = |expected: &str| {
        let text = format!("{CASE}expect = \"{expected}\"\n");
        std::fs::write(home.path().join("tests/own.toml"), text).unwrap();
    };
    case("deny");
    let refused = start().unwrap_err().to_string();
    assert!(refused.contains("own.toml: case `reads`: expected deny, got allow"), "{refused}");
    assert_eq!(running.candidate().unwrap_err().to_string(), refused);
    case("allow");
    start().unwrap();
    std::fs::write(home.path().join("tests/own.toml"), b"\xff").unwrap();
    assert!(start().unwrap_err().to_string().starts_with("cannot read `"));
}

#[test]
fn a_set_without_its_proof_is_no_candidate() {
    let home = directory(&[("own.cedar", READ_ALL), ("properties.toml", "never_errors = true\n")]);
    let (file, property) = (home.path().join("proof.json"), home.path().join("properties.toml"));
    let properties = Properties::parse(&property, "never_errors = true\n").unwrap();
    let engine = load_from(home.path(), |_| ()).unwrap();
    let proof = |policy_hash: &str| Proof {
        profile: String::new(),
        policy_hash: policy_hash.to_owned(),
        schema_hash: engine.schema_hash().to_owned(),
        solver: String::new(),
        time: String::new(),
        seconds: 0.0,
        properties: vec![Proved {
            property: properties.all[0].name.clone(),
            definition: properties.all[0].definition(),
            result: Verdict::Proven,
            environments: 1,
            cached: 0,
        }],
    };
    let write = |hashes: &[&str]| {
        let record = ProofRecord::new(hashes.iter().map(|hash| proof(hash)).collect());
        std::fs::write(&file, record.to_text().unwrap()).unwrap();
    };
    write(&[engine.policy_hash()]);
    let policies = loaded(&home, |settings| settings.require_proof = Some(file.clone()));
    std::fs::write(home.path().join("own.cedar"), ALL).unwrap();
    let refused = policies.candidate().unwrap_err().to_string();
    assert!(refused.contains("is not of these policies"), "{refused}");
    // The record that comes later is a change as well.
    let new = load_from(home.path(), |_| ()).unwrap();
    write(&[new.policy_hash()]);
    assert!(!policies.have_changed() && policies.have_changed());
    assert_eq!(policies.candidate().unwrap().policy_hash(), new.policy_hash());
}

#[test]
fn who_holds_a_set_keeps_it() {
    let home = directory(&[("own.cedar", READ_ALL)]);
    let policies = loaded(&home, |_| ());
    let held = policies.current();
    std::fs::write(home.path().join("own.cedar"), format!("{SEE_ALL}\n@id(\"no\") @advice(\"no\") forbid (principal, action == Mcp::Action::\"jira_get_issue\", resource);")).unwrap();
    policies.replace(policies.candidate().unwrap());
    let asked = |engine: &Engine| verdict(engine, &user(&[]), "jira_get_issue", &[issue("OPS-1")]);
    assert_eq!(asked(&held), None);
    assert_eq!(asked(&policies.current()), Some(DenyReason::Policy));
}
