//! `portcullis audit export`: the log in the form of a SIEM.

use clap::Args;
use clap::builder::PossibleValuesParser;

use super::selection::Selection;
use crate::audit::read::Format;
use crate::cli::Cli;
use crate::cli::Failure;
use crate::cli::output::Lines;

/// Arguments of `portcullis audit export`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The form: `ocsf` (OCSF 1.6.0, JSON Lines), `ecs` (Elastic Common Schema, JSON Lines), `cef` or `csv`.
    #[arg(long, value_parser = PossibleValuesParser::new(Format::ALL.iter().map(|(name, _)| *name)))]
    format: String,
    #[command(flatten)]
    selection: Selection,
}

pub(super) fn run(arguments: &Arguments, cli: &Cli) -> Result<(), Failure> {
    let format = Format::named(&arguments.format).ok_or_else(|| Failure::usage("there is no such format"))?;
    let mut lines = Lines::new();
    if let Some(head) = format.head() {
        lines.say(&head)?;
    }
    arguments.selection.each(cli, |row| {
        lines.say(&format.line(&row))?;
        Ok(lines.is_read())
    })?;
    lines.flush().map(drop)
}
