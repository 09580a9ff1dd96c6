//! `portcullis policy`: the schema, and a check of a policy directory.

use std::path::PathBuf;

use clap::Args;
use clap::Subcommand;
use serde_json::json;

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
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.command {
        Command::Schema => {
            output::say(policy::schema_text(&tools::facts()).trim_end());
            Ok(())
        }
        Command::Check { directory, json } => check(directory, *json),
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
