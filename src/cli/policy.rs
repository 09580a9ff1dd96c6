//! `portcullis policy`: the schema, a check of a policy directory, proofs and comparisons.

use std::path::PathBuf;

use clap::Args;
use clap::Subcommand;
use serde_json::json;

use super::Cli;
use super::Failure;
use super::output;
use crate::policy;
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
    /// Check a directory of policies as the server does at start.
    Check {
        /// The directory with `*.cedar` files.
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
}

#[cfg_attr(not(feature = "prove"), expect(unused_variables, reason = "only proofs read the configuration"))]
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
    }
}

fn check(directory: &std::path::Path, as_json: bool) -> Result<(), Failure> {
    let summary = policy::check_directory(directory, &tools::facts()).map_err(Failure::configuration)?;
    if as_json {
        let policies: Vec<_> = summary
            .policies
            .iter()
            .map(|policy| json!({"id": policy.id, "effect": policy.effect, "file": policy.file}))
            .collect();
        let text = json!({"policies": policies, "policy_hash": summary.policy_hash, "schema_hash": summary.schema_hash});
        output::say(&text.to_string());
        return Ok(());
    }
    for policy in &summary.policies {
        output::say(&format!("{:<6} {:<40} {}", policy.effect, policy.id, policy.file));
    }
    output::say(&format!("{} policies, hash {}", summary.policies.len(), summary.policy_hash));
    Ok(())
}
