//! `portcullis policy show`: the policies that a server with this configuration decides by.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use serde_json::json;

use super::chosen;
use super::chosen::Instead;
use super::say_json;
use super::wrong;
use crate::brake::Brake;
use crate::cli::Cli;
use crate::cli::Failure;
use crate::cli::assemble;
use crate::cli::load;
use crate::cli::output;
use crate::policy;
use crate::policy::EngineSettings;
use crate::policy::PolicySource;
use crate::policy::Shown;
use crate::tools;

/// Arguments of `portcullis policy show`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A profile, or a directory of profiles, to show in place of what the configuration names.
    directory: Option<PathBuf>,
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
    if let Some(directory) = &arguments.directory {
        return show_directory(directory, arguments.json);
    }
    let loaded = load(cli)?.settings;
    let settings = assemble::engine_settings(&loaded)?;
    let shown = policy::in_force(&settings, &tools::facts()).map_err(wrong)?;
    let state = Brake::of(&loaded.audit.state_directory).state();
    if arguments.json {
        return say_json(&Told { frozen: state.scope().map(|_| state.to_string()), shown });
    }
    if state.scope().is_some() {
        output::say(&format!("// {state}\n"));
    }
    output::say(&format!("// {}\n", chosen::name(&settings.source, false, Instead("`policy show DIR`"))));
    say(&shown);
    Ok(())
}

/// The policies of a directory as a server would take them that is configured with nothing else.
fn show_directory(directory: &Path, as_json: bool) -> Result<(), Failure> {
    let facts = tools::facts();
    let profiles = policy::profiles(directory).map_err(wrong)?;
    let shown = profiles.iter().map(|profile| {
        let settings = EngineSettings::alone(PolicySource::Directory(profile.directory.clone()));
        policy::in_force(&settings, &facts).map_err(wrong)
    });
    let shown: Vec<Shown> = shown.collect::<Result<_, Failure>>()?;
    match (as_json, shown.as_slice()) {
        (true, [only]) => return say_json(only),
        (true, several) => {
            let names = profiles.iter().map(|profile| profile.name.as_str());
            let named: BTreeMap<&str, &Shown> = names.zip(several).collect();
            return say_json(&json!({ "profiles": named }));
        }
        (false, several) => several.iter().for_each(say),
    }
    Ok(())
}

fn say(shown: &Shown) {
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
}
