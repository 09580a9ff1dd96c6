//! The conversions against Atlassian's own, and over what fuzzing found. See `tests/oracle/README.md`.
#![cfg(test)]

mod agreement;
mod golden;
mod plain;
mod reasons;

use std::path::Path;

use portcullis::markup::Format;

#[path = "../fuzz/src/laws.rs"]
mod laws;

/// What the laws of fuzzing call.
use portcullis::markup;

#[test]
fn what_fuzzing_found_stays_found() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus");
    let mut replayed = 0;
    for (name, format) in [
        ("markdown", Format::Markdown),
        ("wiki", Format::Wiki),
        ("adf", Format::Adf),
        ("storage", Format::Storage),
    ] {
        for entry in std::fs::read_dir(corpus.join(name)).unwrap() {
            laws::hold(format, &std::fs::read(entry.unwrap().path()).unwrap());
            replayed += 1;
        }
    }
    assert!(replayed > 0);
}
