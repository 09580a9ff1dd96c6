//! `portcullis audit`: what there is to know of the audit log.

mod export;
mod hash;
mod report;
mod selection;
mod show;

use clap::Args;
use clap::Subcommand;

use super::Cli;
use super::Failure;
use super::output;
use crate::audit;

/// Arguments of `portcullis audit`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print the list of codes that records have, as docs/AUDIT-EVENTS.md has it.
    Events,
    /// Show what the log says: calls and events, in the order of time.
    Show(show::Arguments),
    /// Print a value as it stands in records, and find the records that hold it.
    Hash(hash::Arguments),
    /// Print the log in the form of a SIEM: one event for each call, and one for each record that belongs to none.
    Export(export::Arguments),
    /// Print a report: who did what where, what was denied, what was never used.
    Report(report::Arguments),
}

pub(super) fn run(arguments: &Arguments, cli: &Cli) -> Result<(), Failure> {
    match &arguments.command {
        Command::Events => {
            output::say(audit::documentation().trim_end());
            Ok(())
        }
        Command::Show(arguments) => show::run(arguments, cli),
        Command::Hash(arguments) => hash::run(arguments, cli),
        Command::Export(arguments) => export::run(arguments, cli),
        Command::Report(arguments) => report::run(arguments, cli),
    }
}
