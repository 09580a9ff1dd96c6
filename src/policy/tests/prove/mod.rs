//! Proofs and comparisons, with the real solver. `scripts/test` installs it.

mod assumed;
mod diff;
mod records;
mod wrong;

use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use super::*;
use crate::policy::Verdict;
use crate::policy::prove::PropertyReport;
use crate::policy::prove::Prover;
use crate::policy::prove::Report;
use crate::policy::prove::Solver;

fn solver() -> Solver {
    Solver::find(crate::config::solver_program()).unwrap_or_else(|error| panic!("{error}"))
}

fn prover() -> Prover {
    Prover { solver: solver(), jobs: 2, cache: None, timeout: Duration::from_secs(30) }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A deliberately wrong profile.
fn wrong(name: &str) -> PathBuf {
    root().join("tests/policies").join(name)
}

fn prove(directory: &Path) -> Report {
    let settings = settings(PolicySource::Directory(directory.to_owned()));
    prover().prove(&crate::tools::facts(), &settings).unwrap_or_else(|error| panic!("{error}"))
}

/// Policies and properties of a test, with the six tools of the tests, which are asked faster.
fn prove_text(policies: &str, properties: &str) -> Result<Report, PolicyError> {
    let directory = directory(&[("own.cedar", policies), ("properties.toml", properties)]);
    prover().prove(&tools(), &settings(PolicySource::Directory(directory.path().to_owned())))
}

fn property<'a>(report: &'a Report, name: &str) -> &'a PropertyReport {
    report.properties.iter().find(|property| property.proved.property == name).unwrap()
}

fn verdicts(report: &Report) -> Vec<(&str, Verdict)> {
    report.proof.properties.iter().map(|proved| (proved.property.as_str(), proved.result)).collect()
}

#[test]
fn every_shipped_profile_holds_what_it_promises() {
    let profiles = crate::policy::prove::profiles(&root().join("policies")).unwrap();
    let names: Vec<_> = profiles.iter().filter_map(|path| path.file_name()?.to_str()).collect();
    let known = [
        "break-glass",
        "contractors",
        "demo",
        "read-only",
        "read-write",
        "service-desk",
        "soc-reader",
        "team-projects",
    ];
    assert_eq!(names, known);
    for profile in &profiles {
        let report = prove(profile);
        assert!(report.proof.holds(), "{}: {:?}", profile.display(), report.properties);
        assert!(report.proof.properties.iter().all(|proved| proved.environments > 0), "{:?}", report.proof);
        assert!(report.proof.seconds < 60.0, "{}: {}", profile.display(), report.proof.seconds);
    }
    // The built-in copies are asked the same.
    for source in [PolicySource::ReadOnly, PolicySource::ReadWrite] {
        let report = prover().prove(&tools(), &settings(source)).unwrap();
        assert!(report.proof.holds(), "{:?}", report.properties);
    }
}

#[test]
fn policies_of_settings_belong_to_the_set() {
    let directory = directory(&[
        ("own.cedar", ALL),
        (
            "properties.toml",
            "read_only = true\nunreachable = [\"Jira::Project::HR\", \"Confluence::Space::HR\"]\n",
        ),
    ]);
    let mut settings = settings(PolicySource::Directory(directory.path().to_owned()));
    let open = prover().prove(&tools(), &settings).unwrap();
    assert!(open.proof.properties.iter().all(|proved| proved.result == Verdict::Failed), "{:?}", open.proof);

    settings.read_only = true;
    settings.projects = default_only(vec![project("OPS")]);
    settings.spaces = default_only(vec![space("DOCS")]);
    let bounded = prover().prove(&tools(), &settings).unwrap();
    assert!(bounded.proof.holds(), "{:?}", bounded.properties);
    // It is the set that a server with these settings has.
    let engine = Engine::load(&tools(), &settings).unwrap();
    assert_eq!(bounded.proof.policy_hash, engine.policy_hash());
    assert_eq!(bounded.proof.schema_hash, engine.schema_hash());
    assert_ne!(bounded.proof.policy_hash, open.proof.policy_hash);
}

#[test]
fn what_was_proved_is_not_asked_again_until_it_changes() {
    let cache = tempfile::tempdir().unwrap();
    let prover = Prover { cache: Some(cache.path().to_owned()), ..prover() };
    let properties = ("properties.toml", "read_only = true\nnever_errors = true\nno_dead_policies = true\n");
    let directory = directory(&[("own.cedar", READ_ALL), properties]);
    let settings = settings(PolicySource::Directory(directory.path().to_owned()));
    let cached = |report: &Report| -> Vec<(usize, usize)> {
        report.proof.properties.iter().map(|proved| (proved.environments, proved.cached)).collect()
    };
    let first = prover.prove(&tools(), &settings).unwrap();
    assert!(cached(&first).iter().all(|(asked, known)| *asked > 0 && *known == 0), "{:?}", first.proof);
    let second = prover.prove(&tools(), &settings).unwrap();
    assert!(cached(&second).iter().all(|(asked, known)| asked == known), "{:?}", second.proof);
    assert!(second.proof.holds());

    // One policy for Jira more: Confluence is known, Jira is asked again, and fails though it was proved before.
    let more = format!(
        "{READ_ALL}\n@id(\"w\") permit (principal, action in Mcp::Action::\"jira:write\", resource);"
    );
    std::fs::write(directory.path().join("own.cedar"), more).unwrap();
    let third = prover.prove(&tools(), &settings).unwrap();
    let read_only = &property(&third, "read_only").proved;
    assert_eq!(read_only.result, Verdict::Failed);
    assert!(read_only.cached > 0 && read_only.cached < read_only.environments, "{read_only:?}");
}

#[test]
fn a_set_that_was_proved_can_be_named_by_its_hash() {
    let cache = tempfile::tempdir().unwrap();
    let prover = Prover { cache: Some(cache.path().to_owned()), ..prover() };
    let prove = |policies: &str, properties: &str| {
        let directory = directory(&[("own.cedar", policies), ("properties.toml", properties)]);
        let mut settings = settings(PolicySource::Directory(directory.path().to_owned()));
        settings.projects = default_only(vec![project("OPS")]);
        prover.prove(&tools(), &settings)
    };
    let narrow = prove(READ_ALL, "never_errors = true").unwrap().proof.policy_hash;
    let from = format!("no_widening_from = \"{narrow}\"");
    assert!(prove(READ_ALL, &from).unwrap().proof.holds());
    assert!(!prove(ALL, &from).unwrap().proof.holds());
    let unknown = prove(READ_ALL, &format!("no_widening_from = \"{}\"", "0".repeat(64))).unwrap_err();
    assert!(unknown.to_string().contains("no set of hash 000"), "{unknown}");
}

#[test]
fn a_solver_that_cannot_tell_proves_nothing() {
    // It answers as cvc5 does, and never anything else.
    let home = tempfile::tempdir().unwrap();
    let program = home.path().join("slow");
    let script = "#!/bin/sh\n[ \"$1\" = --version ] && echo 'This is cvc5 version 0.0' && exit\n\
                  while read -r line; do [ \"$line\" = '(check-sat)' ] && echo unknown; done\n";
    std::fs::write(&program, script).unwrap();
    make_executable(&program);
    let prover = Prover { solver: Solver::find(program).unwrap(), ..prover() };
    assert_eq!(prover.solver.version(), "cvc5 0.0");
    let directory = directory(&[
        ("own.cedar", READ_ALL),
        ("properties.toml", "unreachable = [\"Jira::Project::SECRET\"]\n"),
    ]);
    let report =
        prover.prove(&tools(), &settings(PolicySource::Directory(directory.path().to_owned()))).unwrap();
    let [only] = report.properties.as_slice() else { panic!("{:?}", report.properties) };
    assert_eq!(only.proved.result, Verdict::Unknown);
    assert!(!report.proof.holds());
    let problem = only.findings[0].problem.as_deref().unwrap();
    assert!(problem.contains("could not tell within 30 seconds"), "{problem}");
}

#[test]
fn without_a_solver_it_says_what_to_install() {
    let absent = Solver::find(PathBuf::from("/nowhere/cvc5")).unwrap_err().to_string();
    assert!(absent.contains("apt install cvc5") && absent.contains("CVC5"), "{absent}");
    let other = Solver::find(PathBuf::from("/bin/true")).unwrap_err().to_string();
    assert!(other.contains("does not say that it is cvc5"), "{other}");
}

fn make_executable(program: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(program, std::fs::Permissions::from_mode(0o755)).unwrap();
}
