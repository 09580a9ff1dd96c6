//! A log in its decided form, and everything that can be done to it.

mod builder;
mod files;
mod proofs;
mod records;

use std::fs;
use std::path::Path;

use super::Report;
use super::Verification;
use builder::Directory;

/// Three files: `A` goes on in `B` by rotation, and `C` is the next process's, which was killed.
const A: &str = "audit-default-20261129T054000Z.jsonl";
const B: &str = "audit-default-20261129T064000Z.jsonl";
const C: &str = "audit-default-20261129T074000Z-1.jsonl";

/// The log that the tests work on.
fn example() -> Directory {
    let directory = Directory::new(7);
    let mut a = directory.begin(A, "start", None, &[], 1);
    a.call("11111111111111111111111111111111");
    a.next(B);
    let a = a.end("continued");
    let mut b = directory.begin(B, "continue", Some(&a), &[], a.records + 1);
    b.call("22222222222222222222222222222222");
    let b = b.end("stop");
    let mut c = directory.begin(C, "start", Some(&b), &[&a], 1);
    c.call("33333333333333333333333333333333");
    c.end("recovered");
    directory
}

/// Verifies a directory by the keys that its files name.
fn verify(directory: &Path) -> Report {
    Verification { paths: vec![directory.to_owned()], ..Verification::default() }.run()
}

/// The names of everything that is wrong, with the place where there is one.
fn faults(report: &Report) -> Vec<String> {
    let told = |finding: &super::Finding| {
        let line = finding.line.map(|line| format!(":{line}")).unwrap_or_default();
        format!("{}{line} {}", finding.file, finding.fault.told().name)
    };
    report.findings.iter().map(told).collect()
}

/// All files of a directory with what is in them.
fn contents(directory: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect();
    files.sort();
    files
}
