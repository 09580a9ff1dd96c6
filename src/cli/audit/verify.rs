//! `portcullis audit verify`.

use std::time::Instant;

use clap::Args;
use serde_json::Value;
use serde_json::json;

use super::log::Anchors;
use super::log::Log;
use super::log::place;
use crate::audit::Event;
use crate::audit::Verified;
use crate::audit::verify::FileReport;
use crate::audit::verify::Finding;
use crate::audit::verify::Note;
use crate::audit::verify::Report;
use crate::audit::verify::Verification;
use crate::audit::verify::counted;
use crate::cli::Cli;
use crate::cli::Failure;
use crate::cli::noted;
use crate::cli::output;

/// Arguments of `portcullis audit verify`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    log: Log,
    #[command(flatten)]
    anchors: Anchors,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Write into the log of the configuration that it was verified, by whom, and what came of it. There has to be one:
    /// name the server's configuration with --config.
    #[arg(long)]
    record: bool,
}

pub(super) fn run(arguments: &Arguments, cli: &Cli) -> Result<(), Failure> {
    let verification = arguments.log.verification(&arguments.anchors, cli)?;
    // Before the work, and not after it.
    let recorded_in = arguments.record.then(|| noted::existing_log(cli)).transpose()?;
    let since = Instant::now();
    let report = verification.run();
    let seconds = since.elapsed().as_secs_f64();
    if arguments.json {
        output::say(&json(&report, seconds).to_string());
    } else {
        tell(&report, seconds);
    }
    if let Some(directory) = recorded_in {
        let event = Event::verified(&verified(&report, &verification), &noted::who());
        noted::event(cli, "audit verify", event)?;
        let directory = directory.display();
        output::complain(&format!(
            "this verification is recorded (PC0018) in a new file of the log in `{directory}`"
        ));
    }
    match report.findings.len() {
        0 => Ok(()),
        1 => Err(Failure::failed("the audit log is not in order: one thing is wrong")),
        count => Err(Failure::failed(format!("the audit log is not in order: {count} things are wrong"))),
    }
}

/// What is to be written down of it.
fn verified(report: &Report, verification: &Verification) -> Verified {
    let keys_given = !verification.keys.is_empty();
    let mut keys = verification.keys.clone();
    if !keys_given {
        for key in report.files.iter().filter_map(|file| file.key.as_ref()?.parse().ok()) {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
    }
    Verified {
        files: report.files.iter().map(|file| file.file.clone()).collect(),
        keys,
        keys_given,
        records: report.records(),
        findings: report.findings.len(),
        checkpoints: report.kept,
    }
}

fn tell(report: &Report, seconds: f64) {
    for file in &report.files {
        output::say(&line(file));
    }
    for note in &report.notes {
        output::say(&format!("note: {note}"));
    }
    for finding in &report.findings {
        let told = finding.fault.told();
        output::say(&format!(
            "{}: {}\n  found     {}\n  expected  {}\n  {}",
            place(finding),
            told.name,
            told.found,
            told.expected,
            told.meaning
        ));
    }
    let (records, files) = (report.records(), counted(report.files.len() as u64, "file"));
    let verdict = if report.is_good() { "nothing is wrong" } else { "not in order" };
    let told = counted(records, "record");
    output::say(&format!("{verdict}: {told} in {files}, {}", speed(records, seconds)));
}

fn line(file: &FileReport) -> String {
    let FileReport { file: name, records, covered, active, .. } = file;
    let state = if *active { ", being written" } else { "" };
    format!("{name}  {}, {covered} of them signed{state}", counted(*records, "record"))
}

#[expect(clippy::cast_precision_loss, reason = "it is a figure for people")]
fn speed(records: u64, seconds: f64) -> String {
    format!("{seconds:.1} s, {:.0} records/s", records as f64 / seconds.max(f64::EPSILON))
}

fn json(report: &Report, seconds: f64) -> Value {
    json!({
        "good": report.is_good(),
        "records": report.records(),
        "bytes": report.bytes(),
        "seconds": seconds,
        "files": report.files.iter().map(file).collect::<Vec<_>>(),
        "findings": report.findings.iter().map(finding).collect::<Vec<_>>(),
        "notes": report.notes.iter().map(note).collect::<Vec<_>>(),
    })
}

fn file(file: &FileReport) -> Value {
    json!({
        "file": file.file,
        "records": file.records,
        "signed": file.covered,
        "bytes": file.bytes,
        "being_written": file.active,
        "key": file.key,
    })
}

fn finding(finding: &Finding) -> Value {
    let told = finding.fault.told();
    json!({
        "file": finding.file,
        "line": finding.line,
        "fault": told.name,
        "found": told.found,
        "expected": told.expected,
        "meaning": told.meaning,
    })
}

fn note(note: &Note) -> Value {
    let removed = note.removed().map(|removed| {
        let (first, last) = removed.numbers.unzip();
        json!({"records": removed.records, "all": removed.all, "first": first, "last": last})
    });
    json!({"note": note.name(), "file": note.file(), "text": note.to_string(), "removed": removed})
}
