//! The files of a log: each record after the one before, each file after the one before, and what a killed process
//! leaves.

use std::collections::BTreeSet;

use super::*;

/// A file as verification sees it.
struct Checked {
    records: Vec<Value>,
    root: TreeHash,
    last: TreeHash,
}

/// Reads a file of which each record follows the one before, and whose checkpoint covers as much as it says.
fn checked(path: &Path) -> Checked {
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'), "{} is torn", path.display());
    let mut tree = merkle::Frontier::default();
    let mut roots = vec![tree.root()];
    let mut before: Option<(u64, TreeHash)> = None;
    let mut records: Vec<Value> = Vec::new();
    for line in text.lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        let sequence = record["seq"].as_u64().unwrap();
        if let Some((number, hash)) = before {
            assert_eq!((sequence, record["prev"].as_str().unwrap()), (number + 1, hash.to_string().as_str()));
        }
        let hash = TreeHash::of_line(line.as_bytes());
        tree.push(hash);
        roots.push(tree.root());
        before = Some((sequence, hash));
        records.push(record);
    }
    let name = LogName::read(path.file_name().unwrap().to_str().unwrap()).unwrap();
    let note = std::fs::read(path.with_file_name(name.checkpoint_file())).unwrap();
    let note = SignedCheckpoint::read(&note).unwrap();
    let checkpoint = note.verify(signing_key().verifier()).unwrap();
    assert_eq!(checkpoint.origin, name.origin());
    let size = usize::try_from(checkpoint.size).unwrap();
    assert_eq!(checkpoint.root, roots[size]);
    let stage = records.last().map(|record| record["stage"].as_str().unwrap().to_owned());
    if stage.is_some_and(|stage| heads::ends(&stage)) {
        assert_eq!(size, records.len(), "the checkpoint of {name} covers all of it");
    }
    Checked { records, root: tree.root(), last: before.map_or(TreeHash::ZERO, |(_, hash)| hash) }
}

/// Holds what the first records say of other files against those.
fn linked(directory: &Path) -> Vec<Checked> {
    let paths = logs(directory);
    let files: Vec<Checked> = paths.iter().map(|path| checked(path)).collect();
    let find = |name: &Value| {
        let place = paths.iter().position(|path| path.ends_with(name.as_str().unwrap()));
        &files[place.unwrap_or_else(|| panic!("{name} is not there"))]
    };
    for file in &files {
        let first = &file.records[0];
        for head in first["heads"]
            .as_array()
            .unwrap()
            .iter()
            .chain(first["continues"].as_object().map(|_| &first["continues"]))
        {
            let other = find(&head["file"]);
            let found = (other.records.len() as u64, other.root.to_string());
            assert_eq!((head["records"].as_u64().unwrap(), head["root"].as_str().unwrap().to_owned()), found);
        }
        let previous = match &first["continues"] {
            Value::Null => TreeHash::ZERO,
            head => find(&head["file"]).last,
        };
        assert_eq!(first["prev"].as_str().unwrap(), previous.to_string());
    }
    files
}

async fn calls(audit: &Audit, count: usize) {
    let engine = engine();
    for _ in 0..count {
        let trail = audit.trail(facts(Access::Read));
        trail.admit(allowed(&engine), &arguments()).await.unwrap();
        trail.close(ok()).await.unwrap();
    }
}

/// A directory as a process that is killed now leaves it.
fn killed(directory: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    copy
}

fn codes(records: &[Value]) -> Vec<&str> {
    records.iter().map(|record| record["code"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_log_begins_with_its_start_and_ends_with_its_stop() {
    let directory = tempfile::tempdir().unwrap();
    let audit = open(directory.path());
    calls(&audit, 3).await;
    audit.shutdown();
    assert!(audit.event(Event::key_created("a")).await.is_err(), "nothing comes after the end");
    let files = linked(directory.path());
    let records = &files[0].records;
    assert_eq!(records.len(), 8);
    assert_eq!(
        (&records[0]["v"], &records[0]["seq"], &records[0]["code"]),
        (&json!(2), &json!(1), &json!("PC0001"))
    );
    assert_eq!(records[0]["checkpoint_key"], json!(signing_key().verifier().to_string()));
    assert_eq!(records[7]["code"], "PC0002");
}

#[tokio::test]
async fn a_new_process_goes_on_from_the_newest_file_and_names_the_others() {
    let directory = tempfile::tempdir().unwrap();
    for _ in 0..3 {
        let audit = open(directory.path());
        calls(&audit, 1).await;
        audit.shutdown();
    }
    let running = open(directory.path());
    let beside = open(directory.path());
    let files = linked(directory.path());
    let heads: Vec<usize> =
        files.iter().map(|file| file.records[0]["heads"].as_array().unwrap().len()).collect();
    assert_eq!(heads, [0, 1, 2, 3, 3], "a file that is being written is no head");
    running.shutdown();
    beside.shutdown();
    linked(directory.path());
}

#[tokio::test]
async fn a_file_is_left_for_the_next_by_its_size_and_the_log_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let small = AuditSettings { rotate_bytes: 4096, checkpoint_records: 3, ..settings(directory.path()) };
    let audit = Audit::open(&small, &opening()).unwrap();
    calls(&audit, 100).await;
    audit.shutdown();
    let files = linked(directory.path());
    assert!(files.len() > 10, "{} files", files.len());
    let records: Vec<&Value> = files.iter().flat_map(|file| &file.records).collect();
    let numbers: Vec<u64> = records.iter().map(|record| record["seq"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
    let names = logs(directory.path());
    for (file, next) in files.iter().zip(&names[1..]) {
        let last = file.records.last().unwrap();
        assert!(next.ends_with(last["next"].as_str().unwrap()), "{last}");
    }
    assert_eq!(records.iter().filter(|record| record["stage"] == "intent").count(), 100);
    assert_eq!(records.iter().filter(|record| record["stage"] == "outcome").count(), 100);
}

#[tokio::test]
async fn a_file_is_left_for_the_next_by_its_age() {
    let directory = tempfile::tempdir().unwrap();
    let old = AuditSettings { rotate_age: Duration::ZERO, ..settings(directory.path()) };
    let audit = Audit::open(&old, &opening()).unwrap();
    calls(&audit, 3).await;
    audit.shutdown();
    assert!(linked(directory.path()).len() > 1);
}

#[tokio::test]
async fn what_a_killed_process_leaves_gets_an_end() {
    let directory = tempfile::tempdir().unwrap();
    let engine = engine();
    let audit = open(directory.path());
    calls(&audit, 2).await;
    let open_call = audit.trail(facts(Access::Read));
    open_call.admit(allowed(&engine), &arguments()).await.unwrap();
    for torn in ["", "{\"v\":2,\"seq\"", "{\"v\":2}\n", "\0\0\0\0"] {
        let left = killed(directory.path());
        let path = logs(left.path()).remove(0);
        let before = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{before}{torn}")).unwrap();
        let next = open(left.path());
        next.shutdown();
        let after = std::fs::read_to_string(&path).unwrap();
        assert!(after.starts_with(&before), "nothing that was there is changed");
        let files = linked(left.path());
        let ended = &files[0].records[before.lines().count()..];
        assert_eq!(codes(ended), ["PC1008", "PC0012"], "{torn:?}");
        assert_eq!(
            (&ended[0]["call"], &ended[0]["outcome"]),
            (&json!(open_call.call().as_str()), &json!("unknown"))
        );
        assert_eq!(ended[0]["tool"], "jira_get_issue");
        assert_eq!((&ended[1]["cut_bytes"], &ended[1]["unknown"]), (&json!(torn.len()), &json!(1)));
        assert_eq!(codes(&files[1].records), ["PC0001", "PC0013", "PC0002"]);
        open(left.path()).shutdown();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), after, "an end is given once");
    }
    open_call.close(ok()).await.unwrap();
    audit.shutdown();
}

#[tokio::test]
async fn a_call_that_was_open_before_a_rotation_is_known_after_it() {
    let directory = tempfile::tempdir().unwrap();
    let engine = engine();
    let small = AuditSettings { rotate_bytes: 4096, ..settings(directory.path()) };
    let audit = Audit::open(&small, &opening()).unwrap();
    let open_call = audit.trail(facts(Access::Read));
    open_call.admit(allowed(&engine), &arguments()).await.unwrap();
    calls(&audit, 30).await;
    let left = killed(directory.path());
    open(left.path()).shutdown();
    let files = linked(left.path());
    let unknown: Vec<&Value> =
        files.iter().flat_map(|file| &file.records).filter(|record| record["code"] == "PC1008").collect();
    assert!(unknown.iter().any(|record| record["call"] == json!(open_call.call().as_str())), "{unknown:?}");
    drop(open_call);
    audit.shutdown();
}

#[tokio::test]
async fn a_file_that_is_not_as_it_was_written_stays_as_it_is_and_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let every = AuditSettings { checkpoint_records: 1, ..settings(directory.path()) };
    let audit = Audit::open(&every, &opening()).unwrap();
    calls(&audit, 5).await;
    audit.event(Event::key_created("last")).await.unwrap();
    assert!(audit.writer.flush());
    let cut = |text: &str| format!("{}\n", text.lines().take(4).collect::<Vec<_>>().join("\n"));
    let changed = |text: &str| text.replacen("jira_get_issue", "jira_get_other", 1);
    let swapped = |text: &str| {
        let mut lines: Vec<&str> = text.lines().collect();
        lines.swap(2, 3);
        format!("{}\n", lines.join("\n"))
    };
    let garbage = |text: &str| text.replacen('\n', "\n\0\n", 1);
    let changes: [&dyn Fn(&str) -> String; 4] = [&cut, &changed, &swapped, &garbage];
    for change in changes {
        let left = killed(directory.path());
        let path = logs(left.path()).remove(0);
        let changed = change(&std::fs::read_to_string(&path).unwrap());
        std::fs::write(&path, &changed).unwrap();
        open(left.path()).shutdown();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), changed);
        let next = checked(&logs(left.path())[1]);
        assert_eq!(codes(&next.records), ["PC0001", "PC0014", "PC0002"]);
    }
    audit.shutdown();
}

#[tokio::test]
async fn a_file_without_a_record_gets_the_one_that_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("audit-test-20200101T000000Z.jsonl");
    std::fs::write(&path, "").unwrap();
    open(directory.path()).shutdown();
    let file = checked(&path);
    assert_eq!(codes(&file.records), ["PC0012"]);
    assert_eq!((&file.records[0]["seq"], &file.records[0]["continues"]), (&json!(1), &Value::Null));
    linked(directory.path());
}

#[tokio::test]
async fn a_log_of_the_first_format_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("audit-test-20200101T000000Z.jsonl");
    let text = "{\"v\":1,\"seq\":1,\"stage\":\"start\"}\n{\"v\":1,\"seq\":2,\"st";
    std::fs::write(&path, text).unwrap();
    open(directory.path()).shutdown();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[tokio::test]
async fn processes_that_start_at_once_end_a_file_once() {
    let directory = tempfile::tempdir().unwrap();
    let audit = open(directory.path());
    calls(&audit, 50).await;
    let left = killed(directory.path());
    let starts: Vec<_> = (0..4)
        .map(|_| {
            let path = left.path().to_path_buf();
            std::thread::spawn(move || open(&path).shutdown())
        })
        .collect();
    for start in starts {
        start.join().unwrap();
    }
    let files = linked(left.path());
    assert_eq!(files.len(), 5);
    let all: Vec<&Value> = files.iter().flat_map(|file| &file.records).collect();
    assert_eq!(all.iter().filter(|record| record["code"] == "PC0012").count(), 1);
    audit.shutdown();
}

#[tokio::test]
async fn a_clock_that_steps_back_does_not_break_the_log() {
    let directory = tempfile::tempdir().unwrap();
    open(directory.path()).shutdown();
    // What a process leaves that has started a day after now.
    let (log, later) = (logs(directory.path()).remove(0), "audit-test-29991231T000000Z");
    let other = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(&log).unwrap();
    std::fs::write(other.path().join(format!("{later}.jsonl")), text).unwrap();
    let Checked { records, root, .. } = checked(&log);
    let checkpoint = Checkpoint { origin: format!("portcullis/{later}"), size: records.len() as u64, root };
    std::fs::write(
        other.path().join(format!("{later}.checkpoint")),
        signing_key().sign(&checkpoint).unwrap(),
    )
    .unwrap();
    let audit = open(other.path());
    calls(&audit, 2).await;
    audit.shutdown();
    let files = linked(other.path());
    assert_eq!(files[0].records[0]["continues"]["file"], json!(format!("{later}.jsonl")));
}

#[tokio::test]
async fn what_stands_beside_a_log_is_private_and_goes_with_it() {
    let directory = tempfile::tempdir().unwrap();
    let settings = AuditSettings { reserve_bytes: 1 << 20, ..settings(directory.path()) };
    let endings = || {
        let files = std::fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().path());
        files.map(|file| file.extension().unwrap().to_str().unwrap().to_owned()).collect::<BTreeSet<_>>()
    };
    let audit = Audit::open(&settings, &opening()).unwrap();
    assert_eq!(endings(), ["checkpoint", "jsonl", "reserve"].map(str::to_owned).into());
    #[cfg(unix)]
    for entry in std::fs::read_dir(directory.path()).unwrap() {
        use std::os::unix::fs::PermissionsExt;
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{entry:?}");
    }
    audit.shutdown();
    let left = killed(directory.path());
    std::fs::write(left.path().join("audit-test-0.reserve"), "left").unwrap();
    open(left.path()).shutdown();
    assert!(!left.path().join("audit-test-0.reserve").exists());
    // The thread gives its room back when it has ended.
    let until = std::time::Instant::now() + Duration::from_secs(30);
    while endings().contains("reserve") {
        assert!(std::time::Instant::now() < until);
        std::thread::yield_now();
    }
}

#[tokio::test]
async fn a_file_that_nobody_signed_is_not_signed_at_the_next_start() {
    let directory = tempfile::tempdir().unwrap();
    let audit = open(directory.path());
    calls(&audit, 3).await;
    let left = killed(directory.path());
    audit.shutdown();
    let path = logs(left.path()).remove(0);
    let name = LogName::read(path.file_name().unwrap().to_str().unwrap()).unwrap();
    std::fs::remove_file(path.with_file_name(name.checkpoint_file())).unwrap();
    let before = std::fs::read(&path).unwrap();
    let next = open(left.path());
    assert_eq!(std::fs::read(&path).unwrap(), before);
    assert!(!path.with_file_name(name.checkpoint_file()).exists());
    next.shutdown();
    let newest = logs(left.path()).pop().unwrap();
    assert!(std::fs::read_to_string(newest).unwrap().contains("PC0014"));
}

/// The tail that no checkpoint covers yet: nobody but the server can have written it.
#[tokio::test]
async fn records_that_somebody_else_adds_to_a_killed_process_file_are_not_signed() {
    let directory = tempfile::tempdir().unwrap();
    let audit = open(directory.path());
    calls(&audit, 3).await;
    let stranger = HmacKey::from_secret("a key of somebody else, who has not the server's");
    let inside = |record: &Value| super::record::inside(record.as_object().unwrap());
    let written = |lines: usize, mac: Option<&HmacKey>, more: usize| {
        let left = killed(directory.path());
        let path = logs(left.path()).remove(0);
        let text = std::fs::read_to_string(&path).unwrap();
        let mut text: String = text.split_inclusive('\n').take(lines).collect();
        for _ in 0..more {
            let last = text.lines().last().unwrap().to_owned();
            let mut record: Value = serde_json::from_str(&last).unwrap();
            let sequence = record["seq"].as_u64().unwrap() + 1;
            for name in ["v", "seq", "prev", "mac"] {
                record.as_object_mut().unwrap().remove(name);
            }
            let start = text.len();
            let previous = TreeHash::of_line(last.as_bytes());
            super::record::write_line(&mut text, sequence, previous, &inside(&record));
            if let Some(mac) = mac {
                mac.records().seal(&mut text, start);
            }
            text.push('\n');
        }
        std::fs::write(&path, &text).unwrap();
        (left, path, text)
    };
    let all = std::fs::read_to_string(&logs(directory.path())[0]).unwrap().lines().count();
    // Added to all that there is, or in the place of the end.
    for (lines, mac) in [(all, None), (all, Some(&stranger)), (2, None), (2, Some(&stranger))] {
        let (left, path, text) = written(lines, mac, 2);
        open(left.path()).shutdown();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "it stays as it is");
        let next = checked(&logs(left.path())[1]);
        assert_eq!(codes(&next.records), ["PC0001", "PC0014", "PC0002"]);
        let problem = next.records[1]["problem"].as_str().unwrap();
        assert!(problem.contains("not sealed with this server's key"), "{problem}");
    }
    // A server whose own key is another one by now cannot tell, and says so.
    let (left, path, _) = written(all, None, 0);
    let other = AuditSettings { key: stranger, ..settings(left.path()) };
    Audit::open(&other, &opening()).unwrap().shutdown();
    let last = checked(&path).records.pop().unwrap();
    assert_eq!((&last["code"], &last["unchecked"]), (&json!("PC0012"), &json!(all - 1)));
    audit.shutdown();
}
