//! A disk that is full, whose sync fails, or that stands still.

use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::mpsc;
use std::time::Duration;

use super::*;
use crate::audit::storage::Ground;
use crate::audit::storage::Storage;
use crate::audit::writer::ADMISSIONS;
use crate::audit::writer::QUEUE;

/// A disk in memory, whose fault is chosen while it is used.
#[derive(Clone, Default)]
pub(super) struct Disk(Arc<Mutex<State>>);

#[derive(Default)]
pub(super) struct State {
    pub(super) files: BTreeMap<String, Vec<u8>>,
    checkpoints: BTreeMap<String, String>,
    fault: Fault,
    syncs: usize,
    reserved: bool,
}

#[derive(Default)]
pub(super) enum Fault {
    #[default]
    None,
    /// Half of what is written fits, unless room was kept free and is given back.
    Full,
    SyncFails,
    /// The open file takes everything, its directory nothing.
    ReadOnly,
    /// Every write says that it began and waits for one message; when the sender is gone, none does.
    Stands(mpsc::Sender<()>, mpsc::Receiver<()>),
    Panics,
}

pub(super) struct DiskFile(Disk, String);

impl Disk {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(super) fn set(&self, fault: Fault) {
        self.state().fault = fault;
    }

    fn syncs(&self) -> usize {
        self.state().syncs
    }

    /// Every record of every file, of which each follows the one before.
    pub(super) fn records(&self) -> Vec<Value> {
        let mut previous = TreeHash::ZERO;
        let mut records = Vec::new();
        for text in self.state().files.values() {
            for line in std::str::from_utf8(text).unwrap().lines() {
                let record: Value = serde_json::from_str(line).unwrap();
                assert_eq!(
                    (&record["seq"], &record["prev"]),
                    (&json!(records.len() + 1), &json!(previous.to_string()))
                );
                previous = TreeHash::of_line(line.as_bytes());
                records.push(record);
            }
        }
        records
    }

    fn stages(&self) -> Vec<String> {
        self.records().iter().map(|record| record["stage"].as_str().unwrap().to_owned()).collect()
    }
}

fn full() -> std::io::Error {
    std::io::Error::from(std::io::ErrorKind::StorageFull)
}

impl Storage for DiskFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        let mut state = self.0.state();
        let fits = match &state.fault {
            Fault::Full if state.reserved => bytes.len() / 2,
            _ => bytes.len(),
        };
        state.files.get_mut(&self.1).unwrap().extend(&bytes[..fits]);
        match &state.fault {
            Fault::Full if fits < bytes.len() => return Err(full()),
            Fault::Stands(..) => {
                // Whoever looks at the disk must not wait as well.
                let Fault::Stands(begun, until) = std::mem::take(&mut state.fault) else { unreachable!() };
                drop(state);
                let _ = begun.send(());
                let _ = until.recv();
                self.0.set(Fault::Stands(begun, until));
            }
            Fault::Panics => {
                drop(state);
                panic!("a fault of the writer")
            }
            _ => {}
        }
        Ok(())
    }

    fn sync(&mut self) -> std::io::Result<()> {
        let mut state = self.0.state();
        state.syncs += 1;
        match &state.fault {
            Fault::SyncFails => Err(std::io::Error::other("the sync failed")),
            _ => Ok(()),
        }
    }

    fn cut(&mut self, length: u64) -> std::io::Result<()> {
        self.0.state().files.get_mut(&self.1).unwrap().truncate(usize::try_from(length).unwrap());
        Ok(())
    }
}

impl Ground for Disk {
    type File = DiskFile;

    fn create(&mut self) -> std::io::Result<(LogName, DiskFile)> {
        let file = format!("audit-test-20261129T054000Z-{}.jsonl", self.state().files.len() + 1);
        self.state().files.insert(file.clone(), Vec::new());
        Ok((LogName::read(&file).unwrap(), DiskFile(self.clone(), file)))
    }

    fn keep_checkpoint(&mut self, log: &LogName, note: &str) -> std::io::Result<()> {
        let mut state = self.state();
        if matches!(state.fault, Fault::Full) {
            return Err(full());
        }
        state.checkpoints.insert(log.file(), note.to_owned());
        Ok(())
    }

    fn heads(&mut self) -> std::io::Result<Vec<heads::Head>> {
        Ok(Vec::new())
    }

    fn writable(&self) -> std::io::Result<()> {
        match &self.state().fault {
            Fault::ReadOnly => Err(std::io::ErrorKind::ReadOnlyFilesystem.into()),
            _ => Ok(()),
        }
    }

    fn check(&mut self) -> std::io::Result<()> {
        self.writable()?;
        match &self.state().fault {
            Fault::Full => Err(full()),
            _ => Ok(()),
        }
    }

    fn reserve(&mut self) -> std::io::Result<()> {
        self.check()?;
        self.state().reserved = true;
        Ok(())
    }

    fn release(&mut self) -> std::io::Result<()> {
        self.state().reserved = false;
        Ok(())
    }
}

pub(super) const LONG: Duration = Duration::from_secs(30);
/// Some outcomes wait for as long as this.
pub(super) const SECOND: Duration = Duration::from_secs(1);
const SHORT: Duration = Duration::from_millis(20);

fn on(fault: Fault, deadline: Duration) -> (Audit, Metrics, Disk) {
    let settings = AuditSettings { write_deadline: deadline, ..settings(Path::new("/nowhere")) };
    let mut disk = Disk::default();
    disk.reserve().unwrap();
    let audit = Audit::on(disk.clone(), None, &settings, &opening(), std::iter::empty()).unwrap();
    disk.set(fault);
    (audit, settings.metrics, disk)
}

/// Waits until the log takes calls again.
pub(super) async fn resumed(audit: &Audit) {
    let ready = async {
        while audit.probe().await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LONG, ready).await.unwrap();
}

pub(super) fn errors(metrics: &Metrics) -> u64 {
    let text = metrics.text();
    let line = text.lines().find(|line| line.starts_with("portcullis_audit_write_errors_total")).unwrap();
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn without_a_durable_intent_there_is_no_permit_and_no_further_call() {
    let engine = engine();
    for (fault, wanted) in [
        (Fault::Full, "no storage space"),
        (Fault::SyncFails, "the sync failed"),
        (Fault::Panics, "its writer has ended"),
    ] {
        let (audit, metrics, _) = on(fault, SECOND);
        let trail = audit.trail(facts(Access::Read));
        let error = trail.admit(allowed(&engine), &arguments()).await.unwrap_err();
        assert!(error.to_string().contains(wanted), "{error}");
        assert!(error.to_string().contains("the call was refused"), "{error}");
        assert!(audit.probe().await.is_err(), "{wanted}");
        assert!(errors(&metrics) > 0, "{wanted}");
        let again = audit.trail(facts(Access::Read)).resolve("issue -> project", &[]).await;
        assert!(again.is_err(), "a closed log admits nothing");
    }
}

#[tokio::test]
async fn a_full_disk_is_not_ready_before_any_call_comes() {
    let (audit, ..) = on(Fault::Full, LONG);
    assert!(audit.probe().await.unwrap_err().to_string().contains("no storage space"));
}

#[tokio::test]
async fn a_disk_that_stands_still_refuses_the_call_in_time() {
    let engine = engine();
    let (begun, _) = mpsc::channel();
    let (release, until) = mpsc::channel();
    let (audit, ..) = on(Fault::Stands(begun, until), SHORT);
    let trail = audit.trail(facts(Access::Read));
    let error = trail.admit(allowed(&engine), &arguments()).await.unwrap_err();
    assert!(matches!(error, AuditError::Slow { .. }), "{error}");
    assert!(audit.probe().await.is_err(), "a log that stands still is not ready");
    drop(release);
}

#[tokio::test]
async fn an_outcome_that_cannot_be_written_is_not_told_as_a_refusal() {
    let (audit, ..) = on(Fault::SyncFails, SHORT);
    let error = audit.trail(facts(Access::Write)).close(ok()).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("in time") && !text.contains("refused"), "{text}");
}

#[tokio::test]
async fn a_queue_that_is_full_stops_admissions_first_and_loses_nothing_silently() {
    let engine = engine();
    let (begun, begins) = mpsc::channel();
    let (release, until) = mpsc::channel();
    let (audit, metrics, _) = on(Fault::Stands(begun, until), LONG);
    let open: Vec<_> = (0..=QUEUE + 1).map(|_| audit.trail(facts(Access::Read))).collect();
    let mut open = open.into_iter();
    // The thread is at the disk with the first; the others wait.
    drop(open.next());
    begins.recv().unwrap();
    open.by_ref().take(ADMISSIONS).for_each(drop);
    let error = audit.trail(facts(Access::Read)).admit(allowed(&engine), &arguments()).await.unwrap_err();
    assert!(matches!(error, AuditError::Slow { .. }), "{error}");
    let lost_before = errors(&metrics);
    // The outcomes of what was admitted still have room, until there is none: then the log closes.
    open.for_each(drop);
    assert!(errors(&metrics) > lost_before);
    assert!(audit.probe().await.is_err());
    drop(release);
}

#[tokio::test]
async fn records_nobody_waits_for_are_synced_while_others_keep_coming() {
    let (audit, _, disk) = on(Fault::None, LONG);
    let before = disk.syncs();
    // A steady stream of records, none of which asks for a sync.
    for _ in 0..1_000_000 {
        audit.trail(facts(Access::Read)).close(ok()).await.unwrap();
        if disk.syncs() > before {
            return;
        }
    }
    panic!("nothing was synced");
}

#[tokio::test]
async fn a_full_disk_takes_the_ends_of_calls_and_service_resumes_when_there_is_room() {
    let engine = engine();
    let (audit, metrics, disk) = on(Fault::None, LONG);
    let under_way = audit.trail(facts(Access::Read));
    let call = under_way.call().to_string();
    under_way.admit(allowed(&engine), &arguments()).await.unwrap();
    disk.set(Fault::Full);
    let refused = audit.trail(facts(Access::Read));
    let error = refused.admit(allowed(&engine), &arguments()).await.unwrap_err();
    assert!(error.to_string().contains("no storage space"), "{error}");
    // The room that was kept free takes what has happened, and nothing new.
    under_way.close(ok()).await.unwrap();
    let ends = disk.records();
    assert!(ends.iter().any(|record| record["outcome"] == "ok" && record["call"] == json!(call)));
    assert!(audit.probe().await.is_err());
    let before = errors(&metrics);
    assert!(audit.event(Event::key_created("a")).await.is_err());
    assert!(errors(&metrics) > before, "the metric rises while calls are refused");
    disk.set(Fault::None);
    resumed(&audit).await;
    audit.trail(facts(Access::Read)).admit(allowed(&engine), &arguments()).await.unwrap();
    drop(refused);
    audit.shutdown();
    let stages = disk.stages();
    let intents = stages.iter().filter(|stage| *stage == "intent").count();
    assert_eq!(intents, 2, "what was refused is not in the log: {stages:?}");
    assert!(disk.state().reserved, "the room is kept free again");
    assert!(disk.records().iter().any(|record| record["code"] == "PC0016"));
}

#[tokio::test]
async fn a_directory_that_became_read_only_takes_the_ends_of_calls_and_nothing_new() {
    let engine = engine();
    let (audit, _, disk) = on(Fault::None, LONG);
    let under_way = audit.trail(facts(Access::Read));
    under_way.admit(allowed(&engine), &arguments()).await.unwrap();
    disk.set(Fault::ReadOnly);
    let refused = audit.trail(facts(Access::Read));
    let error = refused.admit(allowed(&engine), &arguments()).await.unwrap_err().to_string();
    assert!(error.contains("read-only filesystem") && error.contains("the call was refused"), "{error}");
    under_way.close(ok()).await.unwrap();
    assert!(disk.records().iter().any(|record| record["outcome"] == "ok"));
    assert!(audit.probe().await.is_err());
    disk.set(Fault::None);
    resumed(&audit).await;
    refused.admit(allowed(&engine), &arguments()).await.unwrap();
    audit.shutdown();
    assert!(disk.records().iter().any(|record| record["code"] == "PC0016"));
}

#[tokio::test]
async fn what_was_acknowledged_before_a_sync_failed_is_written_again_and_the_file_is_left() {
    let engine = engine();
    let (audit, _, disk) = on(Fault::None, LONG);
    let mut calls = Vec::new();
    for _ in 0..20 {
        let trail = audit.trail(facts(Access::Read));
        trail.admit(allowed(&engine), &arguments()).await.unwrap();
        calls.push(trail.call().to_string());
        // Written, and not known to be on disk.
        trail.close(ok()).await.unwrap();
    }
    disk.set(Fault::SyncFails);
    let refused = audit.trail(facts(Access::Read));
    assert!(refused.admit(allowed(&engine), &arguments()).await.is_err());
    disk.set(Fault::None);
    resumed(&audit).await;
    drop(refused);
    audit.shutdown();
    let records = disk.records();
    for call in calls {
        let of_call = records.iter().filter(|record| record["call"] == json!(call));
        let stages: Vec<&Value> = of_call.map(|record| &record["stage"]).collect();
        assert_eq!(stages, [&json!("intent"), &json!("outcome")]);
    }
    let stages = disk.stages();
    assert!(
        stages.contains(&"continued".to_owned()) && stages.contains(&"continue".to_owned()),
        "{stages:?}"
    );
    assert_eq!(disk.state().files.len(), 2);
}

#[tokio::test]
async fn a_checkpoint_that_cannot_be_written_stops_no_call() {
    let settings = AuditSettings { checkpoint_records: 1, ..settings(Path::new("/nowhere")) };
    let disk = Disk::default();
    let audit = Audit::on(disk.clone(), None, &settings, &opening(), std::iter::empty()).unwrap();
    let notes = || disk.state().checkpoints.clone();
    let before = notes();
    // Nothing is kept free here, so that writing itself goes on.
    disk.set(Fault::Full);
    audit.event(Event::key_created("a")).await.unwrap();
    audit.event(Event::key_created("b")).await.unwrap();
    assert_eq!(notes(), before);
    assert!(errors(&settings.metrics) > 0);
    disk.set(Fault::None);
    audit.event(Event::key_created("c")).await.unwrap();
    audit.shutdown();
    assert_ne!(notes(), before);
}
