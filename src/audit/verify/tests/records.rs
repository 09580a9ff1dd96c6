//! Single bits and single records.

use std::fs;
use std::fs::File;
use std::io::Seek;
use std::io::SeekFrom;
use std::io::Write;

use proptest::prelude::*;
use serde_json::json;

use super::A;
use super::B;
use super::C;
use super::contents;
use super::example;
use super::faults;
use super::verify;
use crate::audit::verify::Note;
use crate::audit::verify::tests::builder::Directory;

#[test]
fn a_log_that_nobody_touched_is_good() {
    let log = example();
    let report = verify(log.path());
    assert_eq!(faults(&report), [""; 0]);
    assert_eq!(report.notes, [Note::OwnKeys]);
    let files: Vec<_> =
        report.files.iter().map(|file| (file.file.as_str(), file.records, file.covered)).collect();
    assert_eq!(files, [(A, 4, 4), (B, 4, 4), (C, 4, 4)]);
}

#[test]
fn every_single_bit_counts() {
    let log = Directory::new(7);
    let mut a = log.begin(A, "start", None, &[], 1);
    a.record("event", &json!({}));
    let a = a.end("stop");
    log.begin(B, "start", Some(&a), &[&a], 1).end("recovered");
    let mut flipped = 0;
    for (path, bytes) in contents(log.path()) {
        let mut file = File::options().write(true).open(&path).unwrap();
        for (place, byte) in (0..).zip(&bytes) {
            let mut put = |byte| {
                file.seek(SeekFrom::Start(place)).unwrap();
                file.write_all(&[byte]).unwrap();
            };
            for bit in 0..8 {
                put(byte ^ (1 << bit));
                assert!(!verify(log.path()).is_good(), "{}: byte {place}, bit {bit}", path.display());
                flipped += 1;
            }
            put(*byte);
        }
    }
    assert!(flipped > 10_000 && verify(log.path()).is_good());
}

/// Changes the lines of every file, and says what is found.
fn changed(change: impl Fn(&[String], usize) -> Vec<String>) -> Vec<(String, Vec<String>)> {
    let log = example();
    let mut found = Vec::new();
    for file in [A, B, C] {
        let text = fs::read_to_string(log.file(file)).unwrap();
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        for place in 0..lines.len() {
            let changed = change(&lines, place);
            if changed != lines {
                fs::write(log.file(file), changed.join("\n") + "\n").unwrap();
                found.push((format!("{file}:{}", place + 1), faults(&verify(log.path()))));
            }
        }
        fs::write(log.file(file), text).unwrap();
    }
    assert!(verify(log.path()).is_good());
    found
}

#[test]
fn a_record_that_is_deleted_is_missed_where_it_stood() {
    for (place, faults) in changed(|lines, place| [&lines[..place], &lines[place + 1..]].concat()) {
        let wanted = match &place[place.len() - 1..] {
            "1" => "record_no_start",
            "4" => "file_unended",
            _ => "record_sequence",
        };
        assert!(faults.iter().any(|fault| fault.ends_with(wanted)), "{place}: {faults:?}");
    }
}

#[test]
fn a_record_that_is_repeated_is_named() {
    for (place, faults) in changed(|lines, place| [&lines[..=place], &lines[place..]].concat()) {
        let (file, line) = place.split_once(':').unwrap();
        let wanted = format!("{file}:{} record_sequence", line.parse::<usize>().unwrap() + 1);
        assert!(faults.contains(&wanted), "{place}: {faults:?}");
    }
}

#[test]
fn records_in_another_order_are_found() {
    for other in 0..4 {
        let swap = |lines: &[String], place: usize| {
            let mut lines = lines.to_vec();
            lines.swap(place, other);
            lines
        };
        for (place, faults) in changed(swap) {
            assert!(faults.iter().any(|fault| fault.contains(" record_")), "{place}: {faults:?}");
        }
    }
}

#[test]
fn a_record_that_was_changed_is_told_by_the_one_after_it() {
    let forge = |lines: &[String], place: usize| {
        let mut lines = lines.to_vec();
        lines[place] = lines[place].replace("\"PC1003\"", "\"PC1004\"");
        lines
    };
    for (place, faults) in changed(forge) {
        let file = place.split(':').next().unwrap();
        assert!(faults.contains(&format!("{file}:4 record_chain")), "{place}: {faults:?}");
    }
}

#[test]
fn what_was_cut_off_anywhere_is_missed() {
    let log = example();
    for file in [A, B, C] {
        let bytes = fs::read(log.file(file)).unwrap();
        let writer = File::options().write(true).open(log.file(file)).unwrap();
        for length in (0..bytes.len() as u64).rev() {
            writer.set_len(length).unwrap();
            assert!(!verify(log.path()).is_good(), "{file} cut to {length} bytes");
        }
        fs::write(log.file(file), bytes).unwrap();
    }
}

#[test]
fn a_bad_record_far_into_a_file_is_named() {
    let log = Directory::new(7);
    let mut file = log.begin(A, "start", None, &[], 1);
    for number in 0..12_000 {
        file.call(&format!("{number:032}"));
    }
    file.end("stop");
    assert!(verify(log.path()).is_good());
    let bytes = fs::read(log.file(A)).unwrap();
    assert!(bytes.len() > 3 * 1024 * 1024, "more than a few blocks");
    for place in [1, 5_000, 7_777, 12_345, 20_000] {
        let mut lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
        let removed = lines.remove(place);
        fs::write(log.file(A), lines.concat()).unwrap();
        assert_eq!(faults(&verify(log.path())), [format!("{A}:{} record_sequence", place + 1)]);
        let forged = String::from_utf8(removed.to_vec()).unwrap().replace("\"PC", "\"XX");
        lines.insert(place, forged.as_bytes());
        fs::write(log.file(A), lines.concat()).unwrap();
        assert_eq!(faults(&verify(log.path())), [format!("{A}:{} record_chain", place + 2)]);
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), note in any::<String>()) {
        let log = example();
        fs::write(log.file(B), &bytes).unwrap();
        fs::write(log.file(&C.replace("jsonl", "checkpoint")), note).unwrap();
        prop_assert!(!verify(log.path()).is_good());
    }

    #[test]
    fn no_change_of_bytes_passes(start in 0_usize..1500, end in 0_usize..1500, new in proptest::collection::vec(any::<u8>(), 0..9)) {
        let log = example();
        let bytes = fs::read(log.file(B)).unwrap();
        let (start, end) = (start.min(end).min(bytes.len()), start.max(end).min(bytes.len()));
        let changed = [&bytes[..start], &new, &bytes[end..]].concat();
        fs::write(log.file(B), &changed).unwrap();
        prop_assert_eq!(verify(log.path()).is_good(), changed == bytes);
    }
}
