//! `portcullis policy test`: the cases of profiles, and the policies that no case is about.

use std::path::PathBuf;

use clap::Args;
use serde_json::Value;
use serde_json::json;

use super::say_json;
use super::wrong;
use crate::cli::Failure;
use crate::cli::output;
use crate::policy;
use crate::policy::CaseResult;
use crate::policy::Profile;
use crate::policy::Report;
use crate::tools;

/// A case to begin with.
const CASE: &str = r#"[[case]]
name = "somebody reads an issue"
user = "ann"
groups = ["jira:dev"]
tool = "jira_get_issue"
resources = ['Jira::Issue::"DEV-1"']
expect = "allow""#;

/// Arguments of `portcullis policy test`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A profile, or a directory of profiles.
    directory: PathBuf,
    /// Fail as well if a policy decided in no case.
    #[arg(long)]
    require_coverage: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let profiles = policy::profiles(&arguments.directory).map_err(wrong)?;
    let facts = tools::facts();
    let mut reports = Vec::new();
    for profile in &profiles {
        policy::check_directory(&profile.directory, &facts).map_err(wrong)?;
        let report = policy::run_cases(&profile.directory, &profile.cases, &facts);
        reports.push((profile.name.as_str(), report.map_err(wrong)?));
    }
    let failed: usize = reports.iter().map(|(_, report)| report.failed().count()).sum();
    let undecided: usize = reports.iter().map(|(_, report)| report.never_decided.len()).sum();
    if arguments.json {
        let told: Vec<Value> = reports.iter().map(|(name, report)| described(name, report)).collect();
        say_json(&json!({"profiles": told}))?;
    } else {
        for (name, report) in &reports {
            tell(name, report);
        }
    }
    if reports.iter().all(|(_, report)| report.cases.is_empty()) {
        return Err(Failure::failed(without_cases(&profiles)));
    }
    let mut wrong = Vec::new();
    if failed > 0 {
        wrong.push(format!("{failed} cases failed"));
    }
    if undecided > 0 && arguments.require_coverage {
        wrong.push(format!("{undecided} policies decided in no case"));
    }
    if wrong.is_empty() { Ok(()) } else { Err(Failure::failed(wrong.join(", "))) }
}

/// A run without a case tells nothing, and must not be taken for one in which all came out well.
fn without_cases(profiles: &[Profile]) -> String {
    let places: Vec<String> = profiles
        .iter()
        .map(|profile| profile.directory.join("tests/own.toml").display().to_string())
        .collect();
    format!(
        "no case was run, so nothing was tested; write what must hold as `[[case]]` into `{}`, for example\n\n{CASE}",
        places.join("` or `")
    )
}

fn described(name: &str, report: &Report) -> Value {
    json!({"profile": name, "cases": report.cases, "never_decided": report.never_decided})
}

fn tell(name: &str, report: &Report) {
    let failed = report.failed().count();
    output::say(&format!("{name}: {} cases, {failed} failed", report.cases.len()));
    report.failed().for_each(tell_failure);
    if !report.never_decided.is_empty() {
        output::say(&format!("  decided in no case: {}", report.never_decided.join(", ")));
    }
}

fn tell_failure(case: &CaseResult) {
    output::say(&format!("  FAILED {}: {}", case.file, case.case));
    output::say(&format!("    expected    {}", case.expected));
    output::say(&format!("    got         {}", case.got.replace('\n', "\n                ")));
    if !case.deciding.is_empty() {
        output::say(&format!("    decided by  {}", case.deciding.join(", ")));
    }
    for change in &case.change {
        output::say(&format!("    to allow it: {}", change.replace('\n', "\n      ")));
    }
}
