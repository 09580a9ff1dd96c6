//! `portcullis audit`: what there is to know of the audit log.

mod export;
mod hash;
mod key;
mod log;
mod prove;
mod report;
mod selection;
mod show;
mod verify;

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
    /// Say whether the log is what the server wrote: no record changed, added, removed or moved, and no file.
    ///
    /// Exit code 1 says that something is wrong, and names what and where.
    Verify(verify::Arguments),
    /// Prove to an auditor that the records of a call are in the log; prints a file that is checked without it.
    Prove(prove::Arguments),
    /// Check a file of proofs.
    ///
    /// Exit code 1 says that it proves nothing.
    CheckProof(prove::CheckArguments),
    /// Print the keys that the log's checkpoints are signed with, to give to an auditor or to `audit verify`.
    Key(key::Arguments),
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
        Command::Verify(arguments) => verify::run(arguments, cli),
        Command::Prove(arguments) => prove::run(arguments, cli),
        Command::CheckProof(arguments) => prove::check(arguments),
        Command::Key(arguments) => key::run(arguments, cli),
    }
}
