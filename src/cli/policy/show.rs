//! `portcullis policy show`: the policies that a server with this configuration decides by.

use clap::Args;
use serde::Serialize;

use super::say_json;
use crate::brake::Brake;
use crate::cli::Cli;
use crate::cli::Failure;
use crate::cli::assemble;
use crate::cli::load;
use crate::cli::output;
use crate::policy;
use crate::policy::Shown;
use crate::tools;

/// Arguments of `portcullis policy show`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What is printed as JSON.
#[derive(Debug, Serialize)]
struct Told {
    #[serde(flatten)]
    shown: Shown,
    /// What an administrator has frozen besides, in a sentence.
    frozen: Option<String>,
}

pub(super) fn run(arguments: &Arguments, cli: &Cli) -> Result<(), Failure> {
    let loaded = load(cli)?.settings;
    let settings = assemble::engine_settings(&loaded)?;
    let shown = policy::in_force(&settings, &tools::facts()).map_err(Failure::configuration)?;
    let state = Brake::of(&loaded.audit.state_directory).state();
    if arguments.json {
        return say_json(&Told { frozen: state.scope().map(|_| state.to_string()), shown });
    }
    if state.scope().is_some() {
        output::say(&format!("// {state}\n"));
    }
    for file in &shown.files {
        let made = if file.file == "settings" { "made from settings" } else { &file.file };
        output::say(&format!("// {made}\n\n{}\n", file.text.trim_end()));
    }
    if !shown.shadow.is_empty() {
        output::say(&format!("// only tried, not in force: {}", shown.shadow.join(", ")));
    }
    let count: usize = shown.files.iter().map(|file| file.policies.len()).sum();
    output::say(&format!("// {count} policies, hash {}", shown.policy_hash));
    output::say(&format!("// schema hash {}", shown.schema_hash));
    Ok(())
}
