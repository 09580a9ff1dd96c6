//! Whole files, checkpoints and keys.

use std::fs;
use std::fs::File;
use std::path::PathBuf;

use serde_json::json;

use super::A;
use super::B;
use super::C;
use super::contents;
use super::example;
use super::faults;
use super::verify;
use crate::audit::note::Signer;
use crate::audit::note::VerifierKey;
use crate::audit::verify::Note;
use crate::audit::verify::Removed;
use crate::audit::verify::Verification;
use crate::audit::verify::counted;
use crate::audit::verify::tests::builder::Directory;

fn checkpoint(file: &str) -> String {
    file.replace(".jsonl", ".checkpoint")
}

/// Verifies against the key, and against checkpoints that were kept elsewhere.
fn anchored(log: &Directory, kept: &[PathBuf]) -> Vec<String> {
    let keys = vec![log.signer.verifier().clone()];
    let paths = vec![log.path().to_owned()];
    faults(&Verification { paths, keys, checkpoints: kept.to_vec() }.run())
}

#[test]
fn the_oldest_file_may_be_gone_and_no_other() {
    let log = example();
    fs::remove_file(log.file(A)).unwrap();
    fs::remove_file(log.file(&checkpoint(A))).unwrap();
    let report = verify(log.path());
    assert_eq!(faults(&report), [""; 0]);
    let removed = Some(Removed { records: 4, numbers: Some((1, 4)), all: true });
    assert!(report.notes.contains(&Note::Older { file: A.to_owned(), named_by: B.to_owned(), removed }));

    let log = example();
    fs::remove_file(log.file(B)).unwrap();
    fs::remove_file(log.file(&checkpoint(B))).unwrap();
    assert_eq!(faults(&verify(log.path())), [format!("{B} file_missing")]);
}

#[test]
fn the_newest_file_is_missed_by_a_checkpoint_that_was_kept() {
    let log = example();
    let elsewhere = tempfile::tempdir().unwrap();
    let kept = elsewhere.path().join("kept");
    fs::copy(log.file(&checkpoint(C)), &kept).unwrap();
    assert_eq!(anchored(&log, std::slice::from_ref(&kept)), [""; 0]);
    fs::remove_file(log.file(C)).unwrap();
    assert_eq!(faults(&verify(log.path())), [format!("{C} file_missing")]);
    fs::remove_file(log.file(&checkpoint(C))).unwrap();
    // Nothing that is left knows of it: that is why checkpoints are kept elsewhere.
    assert_eq!(faults(&verify(log.path())), [""; 0]);
    assert_eq!(anchored(&log, &[kept]), [format!("{C} file_missing")]);
}

#[test]
fn files_in_each_others_place_are_found() {
    for (one, other) in [(A, B), (A, C), (B, C)] {
        for with_checkpoints in [false, true] {
            let log = example();
            let swap = |one: &str, other: &str| {
                fs::rename(log.file(one), log.file("kept")).unwrap();
                fs::rename(log.file(other), log.file(one)).unwrap();
                fs::rename(log.file("kept"), log.file(other)).unwrap();
            };
            swap(one, other);
            if with_checkpoints {
                swap(&checkpoint(one), &checkpoint(other));
            }
            assert!(!verify(log.path()).is_good(), "{one} and {other}");
        }
    }
}

#[test]
fn a_copy_under_any_name_is_no_log() {
    let later = "audit-default-20261129T090000Z.jsonl";
    for file in [A, B, C] {
        for (name, with_checkpoint) in [("copy.jsonl", false), (later, false), (later, true)] {
            let log = example();
            fs::copy(log.file(file), log.file(name)).unwrap();
            if with_checkpoint {
                fs::copy(log.file(&checkpoint(file)), log.file(&checkpoint(name))).unwrap();
            }
            assert!(!verify(log.path()).is_good(), "{file} as {name}");
        }
    }
}

#[test]
fn a_log_that_was_written_anew_is_found_by_its_key_or_a_checkpoint() {
    let log = example();
    let elsewhere = tempfile::tempdir().unwrap();
    let kept = elsewhere.path().join("kept");
    fs::copy(log.file(&checkpoint(B)), &kept).unwrap();
    let forged = Directory::new(8);
    let mut b = forged.begin(B, "start", None, &[], 1);
    b.call("44444444444444444444444444444444");
    b.end("stop");
    assert!(verify(forged.path()).is_good(), "it is a whole log by itself");
    for (path, bytes) in contents(forged.path()) {
        fs::write(log.file(path.file_name().unwrap().to_str().unwrap()), bytes).unwrap();
    }
    let found = faults(&verify(log.path()));
    assert!(found.contains(&format!("{B} file_exchanged")), "{found:?}");
    assert!(anchored(&log, &[]).contains(&format!("{B}:1 checkpoint_key")));

    // With the key itself, only what was kept elsewhere tells.
    let forged = Directory::new(7);
    let mut b = forged.begin(B, "start", None, &[], 1);
    b.call("44444444444444444444444444444444");
    b.end("stop");
    assert_eq!(anchored(&forged, &[]), [""; 0]);
    assert_eq!(
        anchored(&forged, std::slice::from_ref(&kept)),
        [format!("{} checkpoint_rewritten", kept.display())]
    );
}

#[test]
fn a_cut_tail_is_found_by_a_checkpoint_that_was_kept() {
    let log = Directory::new(7);
    let elsewhere = tempfile::tempdir().unwrap();
    let kept = elsewhere.path().join("kept");
    let mut file = log.begin(A, "start", None, &[], 1);
    file.record("stop", &json!({}));
    let short = file.sign();
    let whole = Directory::new(7);
    let mut file = whole.begin(A, "start", None, &[], 1);
    file.call("11111111111111111111111111111111");
    assert!(file.end("stop").records > short.records);
    fs::copy(whole.file(&checkpoint(A)), &kept).unwrap();
    assert_eq!(
        anchored(&log, std::slice::from_ref(&kept)),
        [format!("{} checkpoint_cut_tail", kept.display())]
    );
    assert_eq!(
        anchored(&log, &[elsewhere.path().to_owned()]),
        [format!("{} checkpoint_cut_tail", kept.display())],
        "all of a directory"
    );
    fs::write(&kept, "anything").unwrap();
    assert_eq!(
        anchored(&log, std::slice::from_ref(&kept)),
        [format!("{} checkpoint_refused", kept.display())]
    );
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(
        anchored(&log, &[empty.path().to_owned()]),
        [format!("{} checkpoint_absent", empty.path().display())]
    );
    assert!(anchored(&log, &[elsewhere.path().join("none")])[0].ends_with("none checkpoint_unreadable"));
}

#[test]
fn a_file_that_is_left_is_signed_to_its_end() {
    let log = Directory::new(7);
    let mut file = log.begin(A, "start", None, &[], 1);
    file.sign();
    file.record("stop", &json!({}));
    file.leave();
    assert_eq!(faults(&verify(log.path())), [format!("{} checkpoint_uncovered", checkpoint(A))]);
    fs::remove_file(log.file(&checkpoint(A))).unwrap();
    assert_eq!(faults(&verify(log.path())), [format!("{} checkpoint_absent", checkpoint(A))]);
}

#[test]
fn a_file_that_is_being_written_needs_no_end() {
    let log = Directory::new(7);
    let mut file = log.begin(A, "start", None, &[], 1);
    file.sign();
    file.call("11111111111111111111111111111111");
    file.leave();
    let writer = File::options().append(true).open(log.file(A)).unwrap();
    assert_eq!(
        faults(&verify(log.path())),
        [format!("{A}:3 file_unended"), format!("{} checkpoint_uncovered", checkpoint(A))]
    );
    writer.try_lock().unwrap();
    let report = verify(log.path());
    assert_eq!(faults(&report), [""; 0]);
    assert!(report.notes.contains(&Note::BeingWritten { file: A.to_owned(), uncovered: 2 }));
    // Anybody can hold a lock; a server signs its first record at once.
    fs::remove_file(log.file(&checkpoint(A))).unwrap();
    assert_eq!(faults(&verify(log.path())), [format!("{} checkpoint_absent", checkpoint(A))]);
}

#[test]
fn a_lock_makes_no_file_that_has_its_end_one_that_is_being_written() {
    let log = Directory::new(7);
    log.begin(A, "start", None, &[], 1).end("stop");
    fs::remove_file(log.file(&checkpoint(A))).unwrap();
    let other = File::options().append(true).open(log.file(A)).unwrap();
    other.try_lock().unwrap();
    assert_eq!(faults(&verify(log.path())), [format!("{} checkpoint_absent", checkpoint(A))]);
}

#[test]
fn a_rotation_that_was_killed_leaves_a_log_that_is_good() {
    for recovered in [false, true] {
        let log = Directory::new(7);
        let mut a = log.begin(A, "start", None, &[], 1);
        a.next(B);
        a.end("continued");
        fs::write(log.file(B), "").unwrap();
        if recovered {
            log.begin(B, "recovered", None, &[], 1).sign();
        }
        assert_eq!(faults(&verify(log.path())), [""; 0], "recovered: {recovered}");
    }
}

#[test]
fn a_file_may_be_recovered_by_a_process_with_another_key() {
    let log = Directory::new(7);
    let other = Signer::new("portcullis/default", &[8; 32]).unwrap();
    let mut file = log.begin(A, "start", None, &[], 1);
    file.record("recovered", &json!({"checkpoint_key": other.verifier().to_string()}));
    file.sign_with(&other);
    assert_eq!(faults(&verify(log.path())), [""; 0]);
    assert_eq!(anchored(&log, &[])[0], format!("{A}:2 checkpoint_key"));
    let keys = vec![log.signer.verifier().clone(), other.verifier().clone()];
    let report = Verification { paths: vec![log.path().to_owned()], keys, checkpoints: vec![] }.run();
    assert_eq!((faults(&report), report.notes), (vec![], vec![]));

    let mut file = log.begin(A, "start", None, &[], 1);
    file.record("recovered", &json!({"checkpoint_key": "none"}));
    file.sign();
    assert_eq!(faults(&verify(log.path())), [format!("{A}:2 record_closing")]);
}

#[test]
fn files_that_do_not_agree_who_goes_on_are_found() {
    let log = Directory::new(7);
    let a = log.begin(A, "start", None, &[], 1).end("stop");
    log.begin(B, "continue", Some(&a), &[], a.records + 1).end("stop");
    assert_eq!(faults(&verify(log.path())), [format!("{A}:2 file_succession")]);

    let log = Directory::new(7);
    let mut a = log.begin(A, "start", None, &[], 1);
    a.next(B);
    let a = a.end("continued");
    log.begin(B, "start", None, &[], 1).end("stop");
    assert_eq!(faults(&verify(log.path())), [format!("{B}:1 file_succession")]);
    log.begin(B, "continue", Some(&a), &[], a.records + 2).end("stop");
    assert_eq!(faults(&verify(log.path())), [format!("{B}:1 file_sequence")]);
    log.begin(B, "continue", None, &[&a], a.records + 1).end("stop");
    assert!(faults(&verify(log.path())).contains(&format!("{B}:1 record_opening")));
}

#[test]
fn records_without_a_chain_are_no_records() {
    let old = "{\"v\":1,\"seq\":1,\"stage\":\"start\"}\n{\"v\":1,\"seq\":2,\"stage\":\"stop\"}\n";
    let log = Directory::new(7);
    fs::write(log.file(A), old).unwrap();
    assert_eq!(faults(&verify(log.path())), [format!("{A}:1 record_form")]);
}

#[test]
fn what_cannot_be_read_is_never_good() {
    let log = example();
    assert_eq!(
        faults(&verify(&log.file("none.jsonl"))),
        [format!("{} file_name", log.file("none.jsonl").display())]
    );
    let missing = "audit-default-20261129T000000Z.jsonl";
    assert_eq!(faults(&verify(&log.file(missing))), [format!("{missing} file_unreadable")]);
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(faults(&verify(empty.path())), [format!("{} file_none", empty.path().display())]);
    let paths = vec![log.path().to_owned(), log.file(A)];
    let report = Verification { paths, ..Verification::default() }.run();
    assert_eq!(faults(&report), [format!("{} file_twice", log.file(A).display())]);
    fs::remove_file(log.file(B)).unwrap();
    fs::create_dir(log.file(B)).unwrap();
    assert_eq!(faults(&verify(log.path())), [format!("{B} file_unreadable")]);
}

#[test]
fn one_file_alone_is_verified_and_the_others_are_named() {
    let log = example();
    let report = verify(&log.file(C));
    assert_eq!(faults(&report), [""; 0]);
    let not_read = |file: &str| Note::NotRead { file: file.to_owned(), named_by: C.to_owned() };
    assert_eq!(report.notes, [not_read(B), not_read(A), Note::OwnKeys]);
}

#[test]
fn what_was_in_older_files_that_were_removed_is_told() {
    let notes = |log: &Directory, keys: &[VerifierKey], kept: &[PathBuf]| -> Vec<String> {
        let paths = vec![log.path().to_owned()];
        let report = Verification { paths, keys: keys.to_vec(), checkpoints: kept.to_vec() }.run();
        assert_eq!(faults(&report), [""; 0]);
        let older = report.notes.iter().filter(|note| note.name() == "older");
        older.map(ToString::to_string).collect()
    };
    let end = "; it was older than all there are, as after retention";
    let keys = |log: &Directory| vec![log.signer.verifier().clone()];
    let log = example();
    fs::remove_file(log.file(A)).unwrap();
    // The checkpoint beside it stays, as after `rm *.jsonl` of the oldest ones.
    assert_eq!(
        notes(&log, &[], &[]),
        [format!("{A}, which {B} names, was removed with 4 records, `seq` 1 to 4{end}")]
    );
    // C is another process: its numbers begin anew, and say nothing of those of B.
    let elsewhere = tempfile::tempdir().unwrap();
    let kept = elsewhere.path().join("kept");
    fs::copy(log.file(&checkpoint(A)), &kept).unwrap();
    fs::remove_file(log.file(B)).unwrap();
    assert_eq!(
        notes(&log, &keys(&log), std::slice::from_ref(&kept)),
        [
            format!("{B}, which {C} names, was removed with 4 records{end}"),
            format!("{A}, which {C} names, was removed with 4 records{end}"),
        ]
    );

    // Of what no file that is left names, a checkpoint tells, if it is known who signed it.
    let log = Directory::new(7);
    let older = "audit-default-20261128T054000Z.jsonl";
    let mut gone = log.begin(older, "start", None, &[], 1);
    gone.call("11111111111111111111111111111111");
    gone.sign();
    let (early, late) = (elsewhere.path().join("early"), elsewhere.path().join("late"));
    fs::copy(log.file(&checkpoint(older)), &early).unwrap();
    gone.end("stop");
    fs::copy(log.file(&checkpoint(older)), &late).unwrap();
    fs::remove_file(log.file(older)).unwrap();
    fs::remove_file(log.file(&checkpoint(older))).unwrap();
    log.begin(A, "start", None, &[], 1).end("stop");
    let checkpoints = [early, late.clone()];
    let told = format!("{older}, which {} names, was removed with at least 4 records{end}", late.display());
    assert_eq!(notes(&log, &keys(&log), &checkpoints), [told]);
    let unsigned = notes(&log, &[], &checkpoints);
    assert!(
        unsigned.len() == 1 && unsigned[0].ends_with(&format!("names, was removed{end}")),
        "{unsigned:?}"
    );
}

#[test]
fn numbers_of_things_are_told_as_people_say_them() {
    let written = |uncovered| Note::BeingWritten { file: A.to_owned(), uncovered }.to_string();
    assert_eq!(written(0), format!("{A} is being written; all its records are signed"));
    assert_eq!(written(1), format!("{A} is being written; its newest record is not signed yet"));
    assert_eq!(written(22), format!("{A} is being written; its newest 22 records are not signed yet"));
    assert_eq!([0, 1, 2].map(|count| counted(count, "file")), ["0 files", "1 file", "2 files"]);
}
