//! What verifies the audit log, without what writes it.

#[path = "../../../src/audit/merkle.rs"]
pub mod merkle;
#[path = "../../../src/audit/note.rs"]
pub mod note;
#[path = "../../../src/audit/verify/mod.rs"]
pub mod verify;

use std::fs;

use merkle::TreeHash;
use note::SignedCheckpoint;
use note::Signer;
use note::VerifierKey;
use verify::ProofFile;
use verify::Verification;

/// Verifies an input as a log, its checkpoint and a proof: none of them is ever signed, so none may pass.
///
/// # Panics
/// If one passes.
pub fn hold(input: &[u8]) {
    let signer = Signer::new("portcullis/default", &[7; TreeHash::LENGTH]).expect("a key");
    let (log, note) = match input.iter().position(|byte| *byte == 0) {
        Some(end) => (&input[..end], &input[end + 1..]),
        None => (input, &[][..]),
    };
    let directory = std::env::temp_dir().join(format!("portcullis-fuzz-{}", std::process::id()));
    let file = directory.join("audit-default-20261129T054000Z.jsonl");
    fs::create_dir_all(&directory).expect("a directory");
    fs::write(&file, log).expect("a log");
    fs::write(file.with_extension("checkpoint"), note).expect("a checkpoint");
    let keys = vec![signer.verifier().clone()];
    let report = Verification { paths: vec![directory], keys, checkpoints: Vec::new() }.run();
    for finding in &report.findings {
        assert!(!finding.fault.told().name.is_empty());
    }
    assert!(!report.is_good(), "nobody has signed it");

    if let Ok(read) = SignedCheckpoint::read(note) {
        assert!(read.verify(signer.verifier()).is_err(), "nobody has signed it");
    }
    if let Ok(proofs) = ProofFile::read(input) {
        assert!(proofs.check(signer.verifier()).is_err(), "nobody has signed it");
    }
    if let Ok(text) = std::str::from_utf8(input)
        && let Ok(key) = text.parse::<VerifierKey>()
    {
        assert_eq!(key.to_string(), text, "a key has one spelling");
    }
}
