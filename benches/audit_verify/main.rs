//! How fast a large audit log is verified, and in how much memory.
//!
//! It makes a log of records as calls leave them, verifies it, and removes it. The bar, 10 million records in 60 seconds
//! on two processors, is its exit code; it counts on an idle machine only.
#![expect(clippy::print_stdout, reason = "the figures are what it is for")]
#![expect(clippy::cast_precision_loss, reason = "they are for people")]

use std::fs;
use std::fs::File;
use std::io;
use std::io::BufWriter;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context;
use anyhow::ensure;
use clap::Parser;
use portcullis::audit::Checkpoint;
use portcullis::audit::Frontier;
use portcullis::audit::Signer;
use portcullis::audit::TreeHash;
use portcullis::audit::verify::Verification;

/// The bar, for each record: 10 million in 60 seconds.
const BAR: Duration = Duration::from_micros(6);

/// Verifies a large audit log.
#[derive(Debug, Parser)]
struct Arguments {
    /// How many records; 600 bytes each.
    #[arg(long, default_value_t = 1_000_000)]
    records: u64,
    /// Where to make the log.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/target/tmp/audit-verify"))]
    directory: PathBuf,
    /// Cargo says this to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let _removed = Directory::new(&arguments.directory)?;
    let signer = Signer::new("portcullis/bench", &[7; 32])?;
    let written = Instant::now();
    let bytes = write(&arguments.directory, &signer, arguments.records).context("cannot write the log")?;
    println!(
        "written   {} records, {bytes} bytes in {:.1} s",
        arguments.records,
        written.elapsed().as_secs_f64()
    );

    let before = peak_memory();
    let since = Instant::now();
    let verification = Verification {
        paths: vec![arguments.directory.clone()],
        keys: vec![signer.verifier().clone()],
        ..Verification::default()
    };
    let report = verification.run();
    let took = since.elapsed();
    ensure!(report.is_good() && report.records() == arguments.records, "{:?}", report.findings);
    let count = report.records() as f64;
    println!(
        "verified  {:.0} records/s, {:.0} MB/s, in {:.1} s",
        count / took.as_secs_f64(),
        bytes as f64 / 1e6 / took.as_secs_f64(),
        took.as_secs_f64()
    );
    println!("memory    peak {} before, {} after", before, peak_memory());
    let bar = BAR.mul_f64(count);
    println!(
        "bar       {:.1} s for as many records: {}",
        bar.as_secs_f64(),
        if took < bar { "met" } else { "missed" }
    );
    Ok(if took < bar { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A directory that is removed in the end.
struct Directory(PathBuf);

impl Directory {
    fn new(path: &Path) -> io::Result<Self> {
        fs::create_dir_all(path)?;
        Ok(Self(path.to_owned()))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A log of one file, whose records are as long as those of calls.
fn write(directory: &Path, signer: &Signer, records: u64) -> io::Result<u64> {
    let name = "audit-bench-20261129T054000Z";
    let mut out = BufWriter::with_capacity(1 << 20, File::create(directory.join(format!("{name}.jsonl")))?);
    let (mut tree, mut previous, mut bytes) = (Frontier::default(), TreeHash::ZERO, 0);
    for sequence in 1..=records {
        let body = match sequence {
            1 => format!(
                "\"stage\":\"start\",\"checkpoint_key\":\"{}\",\"continues\":null,\"heads\":[]",
                signer.verifier()
            ),
            last if last == records => "\"stage\":\"stop\"".to_owned(),
            call => body(call),
        };
        let line = format!("{{\"v\":2,\"seq\":{sequence},\"prev\":\"{previous}\",{body}}}");
        previous = TreeHash::of_line(line.as_bytes());
        tree.push(previous);
        writeln!(out, "{line}")?;
        bytes += line.len() as u64 + 1;
    }
    out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    let checkpoint =
        Checkpoint { origin: format!("portcullis/{name}"), size: tree.size(), root: tree.root() };
    fs::write(directory.join(format!("{name}.checkpoint")), signer.sign(&checkpoint))?;
    Ok(bytes)
}

fn body(number: u64) -> String {
    format!(
        concat!(
            r#""time":"2026-11-29T05:40:00.123Z","stage":"intent","code":"PC1002","instance":"bench","#,
            r#""call":"{number:032x}","tool":"jira_get_issue","access":"read","method":"token","transport":"http","#,
            r#""client":"claude-code 2.0.14","address":"10.20.30.40","principal":{{"kind":"user","id":"user-{id}"}},"#,
            r#""resources":["Jira::Issue::\"OPS-{id}\"","Jira::Project::\"OPS\""],"#,
            r#""arguments":{{"issue_key":"hmac:6f3b2a10:{number:032x}"}},"decision":{{"id":"{number:032x}","#,
            r#""effect":"permit","policies":["readers"]}}"#
        ),
        number = number,
        id = number % 1000,
    )
}

/// The most memory this process ever had, as the operating system says.
fn peak_memory() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or_else(|| "unknown".to_owned(), |value| value.trim().to_owned())
}
