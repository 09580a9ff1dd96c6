//! `portcullis policy`: the schema, a check of a policy directory, its tests and proofs, and what policies say and why.

mod chosen;
mod explain;
mod freeze;
mod inputs;
mod matrix;
mod recorded;
mod show;
mod test;
mod unseen;

use std::path::Path;
use std::path::PathBuf;

use clap::Args;
use clap::Subcommand;
use serde_json::Value;
use serde_json::json;

use super::Cli;
use super::Failure;
use super::output;
use crate::policy;
use crate::policy::PolicyError;
use crate::policy::Profile;
use crate::policy::Summary;
use crate::tools;

/// Arguments of `portcullis policy`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print the Cedar schema, made from the list of tools.
    Schema,
    /// Check a directory of policies, or of profiles, as the server does at start.
    Check {
        /// The directory with `*.cedar` files, or with profiles.
        directory: PathBuf,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Prove what properties.toml says of policies, over all requests there can be; needs the solver cvc5.
    ///
    /// Exit code 1 says that something does not hold or could not be told, 78 that a file is wrong or there is no solver.
    #[cfg(feature = "prove")]
    Prove(super::prove::Arguments),
    /// Show what a change of policies allows and denies, each with one call as an example; needs the solver cvc5.
    ///
    /// Exit code 1 says that something could not be told, 78 that a file is wrong or there is no solver.
    #[cfg(feature = "prove")]
    Diff(super::diff::Arguments),
    /// Run the test cases of a profile, `tests/*.toml` in it, or those of a directory of profiles.
    Test(test::Arguments),
    /// Say why a call is allowed or denied, policy by policy, and what would have to change.
    Explain(explain::Arguments),
    /// Show which group may use which tool in which project or space.
    Matrix(matrix::Arguments),
    /// Show the policies in force: those of the profile or directory, and those made from settings. With a directory,
    /// those in it, without any configuration.
    Show(show::Arguments),
    /// Stop the running server from writing, or from doing anything, before its next call; until `thaw`.
    Freeze(freeze::FreezeArguments),
    /// Let the server go on after `freeze`.
    Thaw(freeze::ThawArguments),
}

pub(super) fn run(arguments: &Arguments, cli: &Cli) -> Result<(), Failure> {
    match &arguments.command {
        Command::Schema => {
            output::say(policy::schema_text(&tools::facts()).trim_end());
            Ok(())
        }
        Command::Check { directory, json } => check(directory, *json),
        #[cfg(feature = "prove")]
        Command::Prove(arguments) => super::prove::run(arguments, cli),
        #[cfg(feature = "prove")]
        Command::Diff(arguments) => super::diff::run(arguments),
        Command::Test(arguments) => test::run(arguments),
        Command::Explain(arguments) => explain::run(arguments, cli),
        Command::Matrix(arguments) => matrix::run(arguments, cli),
        Command::Show(arguments) => show::run(arguments, cli),
        Command::Freeze(arguments) => freeze::freeze(arguments, cli),
        Command::Thaw(arguments) => freeze::thaw(arguments, cli),
    }
}

/// Every profile is checked, so that one run says all that is wrong.
fn check(directory: &Path, as_json: bool) -> Result<(), Failure> {
    let profiles = policy::profiles(directory).map_err(wrong)?;
    let facts = tools::facts();
    let (mut checked, mut problems) = (Vec::new(), Vec::new());
    for profile in &profiles {
        match policy::check_directory(&profile.directory, &facts) {
            Ok(summary) => checked.push((profile, summary)),
            Err(problem) => problems.push(problem.explained()),
        }
    }
    if !problems.is_empty() {
        return Err(Failure::configuration(problems.join("\n")));
    }
    if as_json {
        let told: Vec<Value> = checked.iter().map(|(profile, summary)| describe(profile, summary)).collect();
        let alone = told.iter().find(|_| profiles.iter().all(|profile| profile.directory == directory));
        output::say(&alone.cloned().unwrap_or_else(|| json!({"profiles": told})).to_string());
        return Ok(());
    }
    for warning in checked.iter().flat_map(|(_, summary)| &summary.warnings) {
        output::complain(&format!("warning: {}", warning.explained()));
    }
    for (profile, summary) in checked {
        for policy in &summary.policies {
            let shadow = if policy.shadow { ", only tried" } else { "" };
            let limit = policy.limit.as_ref().map(|limit| format!(", at most {limit}")).unwrap_or_default();
            output::say(&format!("{:<6} {:<40} {}{shadow}{limit}", policy.effect, policy.id, policy.file));
        }
        let count = summary.policies.len();
        output::say(&format!("{}: {count} policies, hash {}", profile.name, summary.policy_hash));
    }
    Ok(())
}

fn describe(profile: &Profile, summary: &Summary) -> Value {
    let policies: Vec<Value> = summary
        .policies
        .iter()
        .map(|policy| {
            let mode = policy.shadow.then_some("shadow");
            json!({"id": policy.id, "effect": policy.effect, "file": policy.file, "mode": mode, "limit": policy.limit})
        })
        .collect();
    let warnings: Vec<String> = summary.warnings.iter().map(ToString::to_string).collect();
    json!({
        "profile": profile.name,
        "policies": policies,
        "warnings": warnings,
        "policy_hash": summary.policy_hash,
        "schema_hash": summary.schema_hash,
    })
}

/// Policies that cannot be taken, with the lines of the files where something is wrong.
#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` gives")]
fn wrong(error: PolicyError) -> Failure {
    Failure::configuration(error.explained())
}

/// What a command prints with `--json`.
fn say_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    output::say(&serde_json::to_string_pretty(value).map_err(Failure::failed)?);
    Ok(())
}
