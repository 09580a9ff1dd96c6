//! `portcullis policy freeze` and `thaw`: the kill switch of the servers that have one state directory.

use std::path::PathBuf;

use clap::Args;
use clap::ValueEnum;
use serde_json::Value;
use serde_json::json;

use super::say_json;
use crate::audit::Event;
use crate::brake;
use crate::brake::Brake;
use crate::brake::BrakeError;
use crate::brake::Freeze;
use crate::brake::Scope;
use crate::brake::State;
use crate::cli::Cli;
use crate::cli::Failure;
use crate::cli::load;
use crate::cli::noted;
use crate::cli::noted::who;
use crate::cli::output;

/// Arguments of `portcullis policy freeze`.
#[derive(Debug, Args)]
pub(super) struct FreezeArguments {
    /// What to freeze.
    what: What,
    #[command(flatten)]
    why: Why,
}

/// Arguments of `portcullis policy thaw`.
#[derive(Debug, Args)]
pub(super) struct ThawArguments {
    #[command(flatten)]
    why: Why,
}

#[derive(Debug, Args)]
struct Why {
    /// Why, on one line: it stands in the audit log, and who is refused is told.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// The state directory of the server, if it is not the one of this configuration.
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum What {
    /// Every call that writes.
    Writes,
    /// Every call.
    All,
}

/// The switch first, the record after: a full disk of the log is no reason to go on writing to Jira.
pub(super) fn freeze(arguments: &FreezeArguments, cli: &Cli) -> Result<(), Failure> {
    let FreezeArguments { what, why } = arguments;
    let scope = match what {
        What::Writes => Scope::Writes,
        What::All => Scope::All,
    };
    let brake = brake(why, cli)?;
    let freeze = Freeze { scope, since: jiff::Timestamp::now(), by: who(), reason: why.reason.clone() };
    brake.freeze(&freeze).map_err(refused)?;
    let state = brake.state();
    tell(why, &brake, &format!("{state} ({})", brake.file().display()), json!({"state": told(&state)}))?;
    let event = Event::frozen(scope.as_str(), &freeze.by, freeze.reason.as_deref());
    noted::event(cli, "policy freeze", event).map_err(|failure| Failure {
        message: format!("it is frozen, but that could not be written down: {}", failure.message),
        ..failure
    })
}

/// The record first: nothing is freed that could not be written down.
pub(super) fn thaw(arguments: &ThawArguments, cli: &Cli) -> Result<(), Failure> {
    let why = &arguments.why;
    brake::check_reason(why.reason.as_deref()).map_err(refused)?;
    let brake = brake(why, cli)?;
    let before = brake.state();
    let file = brake.file();
    let told = json!({"state": told(&State::Free), "was": told(&before)});
    if before == State::Free {
        return tell(why, &brake, &format!("nothing is frozen ({})", file.display()), told);
    }
    let event = Event::thawed(&before.to_string(), &who(), why.reason.as_deref());
    noted::event(cli, "policy thaw", event)?;
    brake.thaw().map_err(refused)?;
    tell(why, &brake, &format!("thawed; it was {before} ({})", file.display()), told)
}

/// Says what came of it, for people or for programs.
fn tell(why: &Why, brake: &Brake, text: &str, mut told: Value) -> Result<(), Failure> {
    if !why.json {
        output::say(text);
        return Ok(());
    }
    if let Some(told) = told.as_object_mut() {
        told.insert("file".to_owned(), brake.file().display().to_string().into());
    }
    say_json(&told)
}

/// A state for programs: what is frozen and, if that is known, since when, by whom and why.
fn told(state: &State) -> Value {
    match state {
        State::Free => json!({"frozen": null}),
        State::Frozen(Freeze { scope, since, by, reason }) => {
            json!({"frozen": scope, "since": since, "by": by, "reason": reason})
        }
        State::Unreadable(problem) => json!({"frozen": Scope::All, "problem": problem}),
    }
}

fn brake(why: &Why, cli: &Cli) -> Result<Brake, Failure> {
    match &why.state {
        Some(directory) => Ok(Brake::of(directory)),
        None => Ok(Brake::of(&load(cli)?.settings.audit.state_directory)),
    }
}

fn refused(error: BrakeError) -> Failure {
    match error {
        BrakeError::Wider | BrakeError::Reason => Failure::usage(error),
        BrakeError::Nowhere(_) => Failure::configuration(error),
        BrakeError::Write { .. } => Failure::temporary(error),
    }
}
