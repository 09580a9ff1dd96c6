//! `portcullis policy diff`: what a change of policies allows and denies.

use std::path::PathBuf;

use clap::Args;

use super::Failure;
use super::output;
use super::prove::Limits;
use super::prove::example_lines;
use super::prove::named;
use crate::policy::prove::Cause;
use crate::policy::prove::Change;
use crate::policy::prove::DiffReport;
use crate::policy::prove::Direction;
use crate::tools;

/// Arguments of `portcullis policy diff`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The policies as they were: a file or a directory.
    old: PathBuf,
    /// The policies as they are to be: a file or a directory.
    new: PathBuf,
    #[command(flatten)]
    limits: Limits,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let prover = arguments.limits.prover(None)?;
    let report =
        prover.diff(&tools::facts(), &arguments.old, &arguments.new).map_err(Failure::configuration)?;
    if arguments.json {
        output::say(&serde_json::to_string(&report).map_err(Failure::failed)?);
    } else {
        output::say(&text(&report));
    }
    match report.unknown.len() {
        0 => Ok(()),
        _ => Err(Failure::failed("some calls could not be compared")),
    }
}

fn text(report: &DiffReport) -> String {
    let mut lines = Vec::new();
    for change in &report.widened {
        lines.extend(change_lines(change, report, "now allowed"));
    }
    for change in &report.narrowed {
        lines.extend(change_lines(change, report, "no longer allowed"));
    }
    for (direction, word) in [(Direction::Widened, "more"), (Direction::Narrowed, "less")] {
        let changes = report.limits.iter().filter(|change| change.direction == direction);
        lines.extend(changes.map(|change| {
            format!("allowed {word} often: permit `{}` ({}): {}", change.policy, change.file, change.what)
        }));
    }
    if report.widened.is_empty() && report.unknown.is_empty() && !has(report, Direction::Widened) {
        lines.push("nothing is allowed that was not".to_owned());
    }
    if report.narrowed.is_empty() && report.unknown.is_empty() && !has(report, Direction::Narrowed) {
        lines.push("nothing is denied that was not".to_owned());
    }
    for cause in &report.without_effect {
        lines.push(format!("{}: no call was found whose outcome it changes", describe(cause)));
    }
    for finding in &report.unknown {
        let problem = finding.problem.as_deref().unwrap_or_default();
        lines.push(format!("could not compare {}: {problem}", report.groups.describe(&finding.calls)));
    }
    lines.push(format!("compared in {:.1} s by {}", report.seconds, report.solver));
    lines.join("\n")
}

fn has(report: &DiffReport, direction: Direction) -> bool {
    report.limits.iter().any(|change| change.direction == direction)
}

fn change_lines(change: &Change, report: &DiffReport, what: &str) -> Vec<String> {
    let causes: Vec<String> = change.causes.iter().map(describe).collect();
    let mut lines = vec![
        format!("{what}: {}", report.groups.describe(&change.calls)),
        format!("  because: {}", causes.join("; ")),
        "  for example".to_owned(),
    ];
    lines.extend(
        example_lines(&change.example)
            .into_iter()
            .filter(|line| !line.starts_with("replayed"))
            .map(|line| format!("    {line}")),
    );
    let allowed = format!("allowed by {}", named(&change.example.policies));
    let denied = match change.denied_by.as_slice() {
        [] => "denied, as no policy permits it".to_owned(),
        forbids => format!("denied by {}", named(forbids)),
    };
    let (old, new) = if what == "now allowed" { (denied, allowed) } else { (allowed, denied) };
    lines.push(format!("    old        {old}"));
    lines.push(format!("    new        {new}"));
    lines
}

fn describe(cause: &Cause) -> String {
    format!("{} {} `{}` ({})", cause.kind.as_str(), cause.effect, cause.policy, cause.file)
}
