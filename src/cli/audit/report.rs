//! `portcullis audit report`: what happened, for people who answer for it.

use std::path::Path;
use std::path::PathBuf;

use clap::Args;

use super::selection::Selection;
use crate::audit::read::KnownPolicy;
use crate::audit::read::Report;
use crate::audit::read::ReportFormat;
use crate::cli::Cli;
use crate::cli::Failure;
use crate::cli::output;
use crate::policy;
use crate::tools;

/// Arguments of `portcullis audit report`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    selection: Selection,
    /// The form: a page of HTML that needs nothing else, Markdown, or JSON.
    #[arg(long, value_parser = ["html", "markdown", "json"], default_value = "markdown")]
    format: String,
    /// A directory of policies: say which of them decided nothing.
    #[arg(long, value_name = "DIRECTORY")]
    policies: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments, cli: &Cli) -> Result<(), Failure> {
    let format = match arguments.format.as_str() {
        "html" => ReportFormat::Html,
        "json" => ReportFormat::Json,
        _ => ReportFormat::Markdown,
    };
    // Spans are of now, and the report has to name the same moments that its rows were taken by.
    let filter = arguments.selection.filter()?;
    let policies = arguments.policies.as_deref().map(known).transpose()?;
    let mut report = Report::default();
    arguments.selection.each_of(cli, &filter, |row| {
        report.add(&row);
        Ok(true)
    })?;
    let mut lines = output::Lines::new();
    lines.say(report.finish(&filter, policies.as_deref(), format).trim_end())?;
    lines.flush().map(drop)
}

/// The policies of a directory, as `policy check` reads them.
fn known(directory: &Path) -> Result<Vec<KnownPolicy>, Failure> {
    let summary = policy::check_directory(directory, &tools::facts()).map_err(Failure::configuration)?;
    let known = |policy: policy::PolicySummary| KnownPolicy {
        id: policy.id,
        effect: policy.effect,
        // Who reads a report need not know where policies lie on this machine.
        file: Path::new(&policy.file)
            .file_name()
            .map_or(policy.file.clone(), |name| name.to_string_lossy().into_owned()),
        shadow: policy.shadow,
    };
    Ok(summary.policies.into_iter().map(known).collect())
}
