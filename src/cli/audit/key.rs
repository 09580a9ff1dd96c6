//! `portcullis audit key`.

use clap::Args;

use super::log::Log;
use super::log::place;
use crate::audit::verify;
use crate::cli::Cli;
use crate::cli::Failure;
use crate::cli::output;

/// Arguments of `portcullis audit key`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    log: Log,
}

/// Prints each key once, the newest last.
pub(super) fn run(arguments: &Arguments, cli: &Cli) -> Result<(), Failure> {
    let keys = verify::keys(&arguments.log.paths(cli)?).map_err(|finding| {
        let told = finding.fault.told();
        Failure::unreadable(format!("{}: {}; {}", place(&finding), told.found, told.meaning))
    })?;
    let mut told = Vec::new();
    for (_, key) in keys {
        if !told.contains(&key) {
            output::say(&key.to_string());
            told.push(key);
        }
    }
    if told.is_empty() {
        return Err(Failure::unreadable("no file of the log has a record, which would name a key"));
    }
    Ok(())
}
