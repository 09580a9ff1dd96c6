//! `portcullis policy show`: the policies that a server with this configuration decides by.

use clap::Args;

use super::say_json;
use crate::cli::Cli;
use crate::cli::Failure;
use crate::cli::assemble;
use crate::cli::load;
use crate::cli::output;
use crate::policy;
use crate::tools;

/// Arguments of `portcullis policy show`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments, cli: &Cli) -> Result<(), Failure> {
    let settings = assemble::engine_settings(&load(cli)?.settings)?;
    let shown = policy::in_force(&settings, &tools::facts()).map_err(Failure::configuration)?;
    if arguments.json {
        return say_json(&shown);
    }
    for file in &shown.files {
        let made = if file.file == "settings" { "made from settings" } else { &file.file };
        output::say(&format!("// {made}\n\n{}\n", file.text.trim_end()));
    }
    let count: usize = shown.files.iter().map(|file| file.policies.len()).sum();
    output::say(&format!("// {count} policies, hash {}", shown.policy_hash));
    output::say(&format!("// schema hash {}", shown.schema_hash));
    Ok(())
}
