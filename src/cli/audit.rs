//! `portcullis audit`: what there is to know of the audit log.

use clap::Args;
use clap::Subcommand;

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
}

pub(super) fn run(arguments: &Arguments) {
    match arguments.command {
        Command::Events => output::say(audit::documentation().trim_end()),
    }
}
