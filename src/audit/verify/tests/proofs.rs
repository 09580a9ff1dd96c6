//! Proofs for an auditor.

use std::fs;
use std::fs::File;

use super::A;
use super::C;
use super::example;
use crate::audit::note::Signer;
use crate::audit::verify::CheckError;
use crate::audit::verify::ProofFile;
use crate::audit::verify::ProveError;
use crate::audit::verify::Verification;
use crate::audit::verify::tests::builder::Directory;

const CALL: &str = "11111111111111111111111111111111";
const DECISION: &str = "d1111111111111111111111111111111";

fn of(log: &Directory) -> Verification {
    Verification { paths: vec![log.path().to_owned()], ..Verification::default() }
}

#[test]
fn every_record_of_a_call_is_proved_without_the_log() {
    let log = example();
    let written = of(&log).prove(CALL).unwrap().to_json();
    let read = ProofFile::read(written.as_bytes()).unwrap();
    let proved = read.check(log.signer.verifier()).unwrap();
    let places: Vec<_> = proved.iter().map(|proved| (proved.place.as_str(), proved.code.as_str())).collect();
    assert_eq!(places, [(format!("{A}:2").as_str(), "PC1002"), (format!("{A}:3").as_str(), "PC1003")]);
    assert_eq!(of(&log).prove(DECISION).unwrap().proofs.len(), 1);
    assert!(matches!(of(&log).prove("1111"), Err(ProveError::Unknown(_))));
}

#[test]
fn records_of_a_file_of_any_size_are_proved() {
    for calls in 1..20 {
        let log = Directory::new(7);
        let mut file = log.begin(A, "start", None, &[], 1);
        for _ in 0..calls {
            file.call(CALL);
        }
        file.end("stop");
        let proofs = of(&log).prove(CALL).unwrap();
        assert_eq!(proofs.check(log.signer.verifier()).unwrap().len(), calls * 2);
    }
}

#[test]
fn nothing_in_a_proof_can_be_changed() {
    let log = example();
    let proofs = of(&log).prove(CALL).unwrap();
    let key = log.signer.verifier();
    let bytes = serde_json::to_vec(&proofs).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let taken = ProofFile::read(&changed).and_then(|file| file.check(key));
        assert!(taken.is_err(), "{}", String::from_utf8_lossy(&changed));
    }
    let other = Signer::new("portcullis/default", &[8; 32]).unwrap();
    assert!(matches!(proofs.check(other.verifier()), Err(CheckError::Checkpoint { number: 1, .. })));
    let mut others = proofs.clone();
    others.proofs[0].record.clone_from(&proofs.proofs[1].record);
    assert!(matches!(others.check(key), Err(CheckError::Proof { number: 1, .. })));
    let mut none = proofs;
    none.proofs.clear();
    assert!(ProofFile::read(none.to_json().as_bytes()).is_err());
}

#[test]
fn nothing_is_proved_from_a_file_that_is_not_in_order_or_not_signed_yet() {
    let log = example();
    let text = fs::read_to_string(log.file(A)).unwrap();
    fs::write(log.file(A), text.replacen("PC1003", "PC1004", 1)).unwrap();
    assert!(matches!(of(&log).prove(CALL), Err(ProveError::Unsound(_))));

    let log = Directory::new(7);
    let mut file = log.begin(C, "start", None, &[], 1);
    file.sign();
    file.call(CALL);
    file.leave();
    let writer = File::options().append(true).open(log.file(C)).unwrap();
    writer.try_lock().unwrap();
    assert!(matches!(of(&log).prove(CALL), Err(ProveError::Uncovered { line: 3, .. })));
}
