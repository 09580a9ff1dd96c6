//! Two places for records: what holds while one of them, or both, take nothing.

use std::sync::Condvar;
use std::sync::Mutex;

use super::faults::Disk;
use super::faults::Fault;
use super::faults::LONG;
use super::faults::SECOND;
use super::faults::errors;
use super::faults::resumed;
use super::*;
use crate::audit::http::Carrier;
use crate::audit::http::DirectoryShelf;
use crate::audit::http::Shelf;
use crate::audit::http::unfinished;
use crate::audit::storage::Directory;

/// A receiver in memory that keeps to the rule: what it has of a file already it leaves out.
#[derive(Clone, Default)]
struct Mailbox(Arc<(Mutex<State>, Condvar)>);

#[derive(Default)]
struct State {
    files: BTreeMap<String, Vec<u8>>,
    next: BTreeMap<String, u64>,
    mood: Mood,
}

#[derive(Default, Clone, Copy, PartialEq)]
enum Mood {
    #[default]
    Takes,
    Refuses,
    Hangs,
    /// It takes everything and says that it did not.
    Lies,
}

impl Mailbox {
    fn set(&self, mood: Mood) {
        self.0.0.lock().unwrap().mood = mood;
        self.0.1.notify_all();
    }

    fn files(&self) -> BTreeMap<String, String> {
        let state = self.0.0.lock().unwrap();
        state
            .files
            .iter()
            .map(|(name, text)| (name.clone(), String::from_utf8(text.clone()).unwrap()))
            .collect()
    }

    fn text(&self) -> String {
        self.files().into_values().collect()
    }
}

impl Carrier for Mailbox {
    fn carry(&mut self, log: &LogName, first: u64, lines: Vec<u8>) -> Result<(), String> {
        let (state, changed) = &*self.0;
        let state = state.lock().unwrap();
        let mut state = changed.wait_while(state, |state| state.mood == Mood::Hangs).unwrap();
        if state.mood == Mood::Refuses {
            return Err("it answered 500".to_owned());
        }
        let next = *state.next.entry(log.file()).or_insert(first);
        assert!(first <= next, "records {next} to {first} are missing");
        let known = usize::try_from(next - first).unwrap();
        let text = String::from_utf8(lines).unwrap();
        assert!(text.ends_with('\n'));
        let lines = text.lines().skip(known).map(|line| format!("{line}\n"));
        let lines: Vec<String> = lines.collect();
        *state.next.get_mut(&log.file()).unwrap() += lines.len() as u64;
        state.files.entry(log.file()).or_default().extend(lines.concat().bytes());
        if state.mood == Mood::Lies { Err("the connection broke off".to_owned()) } else { Ok(()) }
    }
}

impl Shelf for Disk {
    fn read(&self, log: &LogName, from: u64, most: u64) -> std::io::Result<Vec<u8>> {
        let bytes = self.state().files[&log.file()].clone();
        let from = usize::try_from(from).unwrap();
        let until = bytes.len().min(from + usize::try_from(most).unwrap());
        Ok(bytes[from..until].to_vec())
    }

    fn begin(&self, _: &LogName) -> std::io::Result<()> {
        Ok(())
    }

    fn sent(&self, _: &LogName, _: u64) {}

    fn finish(&self, _: &LogName) {}
}

fn on(require: Require, deadline: Duration) -> (Audit, Metrics, Disk, Mailbox) {
    let settings = AuditSettings { write_deadline: deadline, ..settings(Path::new("/nowhere")) };
    let (disk, mailbox) = (Disk::default(), Mailbox::default());
    let shelf: Arc<dyn Shelf> = Arc::new(disk.clone());
    let elsewhere = log::start(mailbox.clone(), shelf, Vec::new(), require, &settings).unwrap();
    let audit = Audit::on(disk.clone(), Some(elsewhere), &settings, &opening(), std::iter::empty()).unwrap();
    (audit, settings.metrics, disk, mailbox)
}

/// One whole call.
async fn call(audit: &Audit, engine: &Engine) -> Result<(), AuditError> {
    let trail = audit.trail(facts(Access::Read));
    match trail.admit(allowed(engine), &arguments()).await {
        Ok(_) => trail.close(ok()).await,
        Err(error) => {
            trail.close(Outcome::AuditFailed).await.unwrap();
            Err(error)
        }
    }
}

/// Both places have the same, and all of it.
fn assert_same(disk: &Disk, mailbox: &Mailbox) {
    assert!(disk.records().len() > 3);
    let files = disk.state().files.clone().into_values().map(|text| String::from_utf8(text).unwrap());
    assert_eq!(files.collect::<String>(), mailbox.text());
}

#[tokio::test]
async fn with_all_a_permit_exists_only_after_both_have_its_intent() {
    let engine = engine();
    let (audit, _, disk, mailbox) = on(Require::All, LONG);
    for _ in 0..20 {
        let trail = audit.trail(facts(Access::Read));
        trail.admit(allowed(&engine), &arguments()).await.unwrap();
        assert!(mailbox.text().contains(&trail.call().to_string()));
        trail.close(ok()).await.unwrap();
    }
    audit.shutdown();
    assert_same(&disk, &mailbox);
}

#[tokio::test]
async fn with_all_a_receiver_that_fails_stops_calls_until_it_takes_records() {
    let engine = engine();
    for (mood, deadline, wanted) in [
        (Mood::Refuses, LONG, "the HTTP sink: it answered 500"),
        (Mood::Lies, LONG, "the HTTP sink: the connection broke off"),
        (Mood::Hangs, SECOND, "the HTTP sink: it did not answer in time"),
    ] {
        let (audit, metrics, disk, mailbox) = on(Require::All, deadline);
        let under_way = audit.trail(facts(Access::Read));
        under_way.admit(allowed(&engine), &arguments()).await.unwrap();
        mailbox.set(mood);
        let before = errors(&metrics);
        let error = call(&audit, &engine).await.unwrap_err().to_string();
        assert!(error.contains(wanted) && error.contains("the call was refused"), "{error}");
        assert!(audit.probe().await.is_err() && errors(&metrics) > before, "{wanted}");
        drop(under_way);
        mailbox.set(Mood::Takes);
        resumed(&audit).await;
        call(&audit, &engine).await.unwrap();
        audit.shutdown();
        assert_same(&disk, &mailbox);
        let records = disk.records();
        assert!(records.iter().any(|record| record["code"] == "PC0016"), "{wanted}");
        let abandoned = records.iter().filter(|record| record["outcome"] == "abandoned").count();
        assert_eq!(abandoned, 1, "what happens meanwhile is written once");
    }
}

#[tokio::test]
async fn with_any_a_receiver_that_fails_stops_nothing_and_gets_what_it_missed() {
    let engine = engine();
    for mood in [Mood::Refuses, Mood::Lies, Mood::Hangs] {
        let (audit, _, disk, mailbox) = on(Require::Any, LONG);
        mailbox.set(mood);
        for _ in 0..50 {
            call(&audit, &engine).await.unwrap();
        }
        audit.probe().await.unwrap();
        mailbox.set(Mood::Takes);
        audit.shutdown();
        assert_same(&disk, &mailbox);
    }
}

#[tokio::test]
async fn with_any_a_file_that_fails_stops_nothing_and_gets_what_it_missed() {
    let engine = engine();
    for fault in [Fault::Full, Fault::SyncFails, Fault::ReadOnly] {
        let (audit, metrics, mut disk, mailbox) = on(Require::Any, LONG);
        storage::Ground::reserve(&mut disk).unwrap();
        let before = errors(&metrics);
        call(&audit, &engine).await.unwrap();
        let breaks = !matches!(fault, Fault::ReadOnly);
        disk.set(fault);
        for _ in 0..50 {
            call(&audit, &engine).await.unwrap();
        }
        audit.probe().await.unwrap();
        assert_eq!(errors(&metrics) > before, breaks, "the metric rises");
        disk.set(Fault::None);
        let back = async {
            while breaks && !disk.records().iter().any(|record| record["code"] == "PC0017") {
                audit.event(Event::key_created("a")).await.unwrap();
            }
        };
        tokio::time::timeout(LONG, back).await.unwrap();
        audit.shutdown();
        assert_same(&disk, &mailbox);
    }
}

#[tokio::test]
async fn with_any_calls_are_refused_only_while_both_take_nothing() {
    let engine = engine();
    let (audit, _, mut disk, mailbox) = on(Require::Any, LONG);
    storage::Ground::reserve(&mut disk).unwrap();
    mailbox.set(Mood::Refuses);
    disk.set(Fault::Full);
    for _ in 0..3 {
        let error = call(&audit, &engine).await.unwrap_err().to_string();
        assert!(error.contains("the call was refused"), "{error}");
    }
    assert!(audit.probe().await.is_err());
    mailbox.set(Mood::Takes);
    resumed(&audit).await;
    call(&audit, &engine).await.unwrap();
    disk.set(Fault::None);
    let whole = async {
        while disk.records().iter().filter(|record| record["outcome"] == "ok").count() < 2 {
            call(&audit, &engine).await.unwrap();
        }
    };
    tokio::time::timeout(LONG, whole).await.unwrap();
    audit.shutdown();
    assert_same(&disk, &mailbox);
}

/// A log in a real directory, and a receiver.
fn in_directory(settings: &AuditSettings, mailbox: &Mailbox) -> Audit {
    let ground = Directory::new(&settings.directory, "test", 0).unwrap();
    recovery::recover(&settings.directory, "test", &settings.keys()).unwrap();
    let left = unfinished(&settings.directory, "test").unwrap();
    let shelf: Arc<dyn Shelf> = Arc::new(DirectoryShelf(settings.directory.clone()));
    let elsewhere = log::start(mailbox.clone(), shelf, left, Require::Any, settings).unwrap();
    Audit::on(ground, Some(elsewhere), settings, &opening(), std::iter::empty()).unwrap()
}

#[tokio::test]
async fn what_a_receiver_missed_is_sent_by_the_next_process_over_all_files() {
    let directory = tempfile::tempdir().unwrap();
    let small = AuditSettings { rotate_bytes: 4096, write_deadline: SECOND, ..settings(directory.path()) };
    let mailbox = Mailbox::default();
    let engine = engine();
    let first = in_directory(&small, &mailbox);
    call(&first, &engine).await.unwrap();
    for mood in [Mood::Takes, Mood::Refuses] {
        mailbox.set(mood);
        for _ in 0..10 {
            call(&first, &engine).await.unwrap();
        }
    }
    first.shutdown();
    // A command asks for no network.
    let command = AuditSettings { http: Some(HttpSink::Later), ..small.clone() };
    let command = Audit::open(&command, &Opening::command("policy freeze")).unwrap();
    command.event(Event::key_created("of a command")).await.unwrap();
    command.shutdown();
    // The thread of the command's log lets go of its file a moment later; a command of its own process ends with it.
    let of_command = logs(directory.path()).pop().unwrap();
    let is_left = |(log, ..): &(LogName, u64, u64)| of_command.ends_with(log.file());
    let let_go = async {
        while !unfinished(directory.path(), "test").unwrap().iter().any(is_left) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LONG, let_go).await.unwrap();
    mailbox.set(Mood::Takes);
    let second = in_directory(&small, &mailbox);
    call(&second, &engine).await.unwrap();
    second.shutdown();
    let files = logs(directory.path());
    assert!(files.len() > 3, "{files:?}");
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    let written = files.iter().map(|path| (name(path), std::fs::read_to_string(path).unwrap()));
    let written: BTreeMap<_, _> = written.collect();
    let lengths = |files: &BTreeMap<String, String>| -> BTreeMap<String, usize> {
        files.iter().map(|(name, text)| (name.clone(), text.len())).collect()
    };
    assert_eq!(lengths(&written), lengths(&mailbox.files()));
    assert_eq!(written, mailbox.files());
    assert!(unfinished(directory.path(), "test").unwrap().is_empty(), "nothing is left to send");
}
