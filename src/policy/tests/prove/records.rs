//! properties.toml, and the record a server may ask for.

use super::*;
use crate::policy::ProofRecord;

#[test]
fn properties_that_are_wrong_are_named_with_line_and_nearest_name() {
    let cases = [
        ("read_onyl = true", "properties.toml:1: `read_onyl` is no property; did you mean `read_only`?"),
        (
            "\nsomething = 1",
            "properties.toml:2: `something` is no property; there are destructive_needs_mfa, never,",
        ),
        ("read_only = \"yes\"", "properties.toml:1: read_only is true or false"),
        ("unreachable = \"OPS\"", "unreachable is a list"),
        (
            "unreachable = [\"Jira::Issue::OPS-1\"]",
            "is neither Jira::Project::KEY nor Confluence::Space::KEY",
        ),
        ("unreachable = [\"Jira::Project::secret\"]", "matches nothing; write `SECRET`"),
        ("[[never]]\nname = \"x\"", "properties.toml:1: a `[[never]]` has a name and a policy"),
        (
            "[[never]]\nname = \"x\"\npolicies = \"y\"",
            "properties.toml:3: `policies` is no property; did you mean `policy`?",
        ),
        ("[[never]]\nname = \"x\"\npolicy = \"y\"", "`never: x`: "),
        (
            "[[never]]\nname = \"x\"\npolicy = \"forbid (principal, action, resource);\"",
            "write a permit, not a forbid",
        ),
        (
            "[[never]]\nname = \"x\"\npolicy = 'permit (principal, action == Mcp::Action::\"jira_get_isue\", resource);'",
            "unrecognized action",
        ),
        (
            "[[never]]\nname = \"x\"\npolicy = 'permit (principal, action, resource in Jira::Project::\"ops\");'",
            "matches nothing; write `OPS`",
        ),
        ("no_widening_from = \"nowhere\"", "cannot read"),
        ("never_errors = false", "names nothing to prove"),
        ("never_errors = ", "properties.toml:1: "),
    ];
    for (properties, says) in cases {
        let error = prove_text(READ_ALL, properties).map(|report| report.proof).unwrap_err().to_string();
        assert!(error.contains(says), "{properties}: `{says}` is not in: {error}");
    }
    let nothing = directory(&[("own.cedar", READ_ALL)]);
    let settings = settings(PolicySource::Directory(nothing.path().to_owned()));
    let error = prover().prove(&tools(), &settings).map(|report| report.proof).unwrap_err().to_string();
    assert!(error.contains("properties.toml` names nothing to prove"), "{error}");
}

#[test]
fn policies_outside_of_a_profile_are_an_error() {
    let tree = tempfile::tempdir().unwrap();
    let profile = tree.path().join("team");
    std::fs::create_dir(&profile).unwrap();
    std::fs::create_dir(profile.join("tests")).unwrap();
    std::fs::write(profile.join("own.cedar"), READ_ALL).unwrap();
    let profiles = |path: &Path| crate::policy::prove::profiles(path);
    assert_eq!(profiles(tree.path()).unwrap(), std::slice::from_ref(&profile));
    assert_eq!(profiles(&profile).unwrap(), std::slice::from_ref(&profile));
    std::fs::write(tree.path().join("stray.cedar"), READ_ALL).unwrap();
    let error = profiles(tree.path()).unwrap_err().to_string();
    assert!(error.contains("stray.cedar` is outside of a profile"), "{error}");
}

#[test]
fn a_server_that_asks_for_a_proof_takes_the_right_one_only() {
    let properties = "never_errors = true\nunreachable = [\"Jira::Project::SECRET\"]\n";
    let forbid = "@id(\"secret\") @advice(\"no\") forbid (principal, action in Mcp::Action::\"jira\",\n\
                  resource in Jira::Project::\"SECRET\");";
    let good = format!("{READ_ALL}{forbid}");
    let profile = directory(&[("own.cedar", &good), ("properties.toml", properties)]);
    let own = profile.path().join("own.cedar");
    let file = profile.path().join("proof.json");
    let mut asking = settings(PolicySource::Directory(profile.path().to_owned()));
    asking.require_proof = Some(file.clone());
    let start = || Engine::load(&tools(), &asking).map(|_| ()).map_err(|error| error.to_string());
    let refused = |says: &str| {
        let error = start().unwrap_err();
        assert!(error.contains(says), "`{says}` is not in: {error}");
        assert!(error.contains(&format!("portcullis policy prove --record {}", file.display())), "{error}");
    };
    let record = |report: &Report| {
        let text = ProofRecord::new(vec![report.proof.clone()]).to_text().unwrap();
        std::fs::write(&file, text).unwrap();
    };

    refused("cannot read");
    std::fs::write(&file, "{}").unwrap();
    refused("is no proof record");
    let report = prover().prove(&tools(), &asking).unwrap();
    record(&report);
    assert_eq!(start(), Ok(()));
    assert_eq!(
        verdicts(&report),
        [("never_errors", Verdict::Proven), ("unreachable Jira::Project::\"SECRET\"", Verdict::Proven),]
    );

    // Another set, another property, another schema, a failure.
    std::fs::write(&own, format!("{good}{SEE_ALL}")).unwrap();
    refused("is not of these policies, whose hash is");
    std::fs::write(&own, &good).unwrap();
    std::fs::write(profile.path().join("properties.toml"), "unreachable = [\"Jira::Project::HR\"]").unwrap();
    refused("says nothing of `unreachable Jira::Project::\"HR\"` as ");
    record(&prover().prove(&tools(), &asking).unwrap());
    refused("`unreachable Jira::Project::\"HR\"` does not hold");
    std::fs::write(profile.path().join("properties.toml"), properties).unwrap();
    let mut old = report.clone();
    old.proof.schema_hash = "0".repeat(64);
    record(&old);
    refused("its schema has changed");
    record(&report);
    assert_eq!(start(), Ok(()));
}
