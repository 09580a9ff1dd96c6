//! A disk that is full, whose sync fails, or that stands still.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::time::Duration;

use super::*;
use crate::audit::storage::Storage;
use crate::audit::writer::ADMISSIONS;
use crate::audit::writer::QUEUE;

struct Faulty {
    syncs: Arc<AtomicUsize>,
    fault: Fault,
}

enum Fault {
    None,
    Full,
    SyncFails,
    /// Every write says that it began and waits for one message; when the sender is gone, none does.
    Stands(mpsc::Sender<()>, mpsc::Receiver<()>),
    Panics,
}

impl Storage for Faulty {
    fn write(&mut self, _bytes: &[u8]) -> std::io::Result<()> {
        match &self.fault {
            Fault::Full => return Err(std::io::Error::from(std::io::ErrorKind::StorageFull)),
            Fault::Stands(begun, until) => {
                let _ = begun.send(());
                let _ = until.recv();
            }
            Fault::Panics => panic!("a fault of the writer"),
            Fault::None | Fault::SyncFails => {}
        }
        Ok(())
    }

    fn sync(&mut self) -> std::io::Result<()> {
        self.syncs.fetch_add(1, Ordering::SeqCst);
        match &self.fault {
            Fault::SyncFails => Err(std::io::Error::other("the sync failed")),
            _ => Ok(()),
        }
    }

    fn check(&mut self) -> std::io::Result<()> {
        match &self.fault {
            Fault::Full => Err(std::io::Error::from(std::io::ErrorKind::StorageFull)),
            _ => Ok(()),
        }
    }
}

const LONG: Duration = Duration::from_secs(30);
const SHORT: Duration = Duration::from_millis(20);

fn on(fault: Fault, deadline: Duration) -> (Audit, Metrics, Arc<AtomicUsize>) {
    let settings = AuditSettings { write_deadline: deadline, ..settings(Path::new("/nowhere")) };
    let syncs = Arc::new(AtomicUsize::new(0));
    let audit = Audit::with(Faulty { syncs: Arc::clone(&syncs), fault }, &settings).unwrap();
    (audit, settings.metrics, syncs)
}

fn errors(metrics: &Metrics) -> u64 {
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
        let (audit, metrics, _) = on(fault, LONG);
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
    let (audit, ..) = on(Fault::SyncFails, LONG);
    let error = audit
        .trail(facts(Access::Write))
        .close(Outcome::Ok(Ended { bytes: 1, ..Ended::default() }))
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(text.contains("the sync failed") && !text.contains("refused"), "{text}");
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
    let (audit, _, syncs) = on(Fault::None, LONG);
    // A steady stream of records, none of which asks for a sync.
    for _ in 0..1_000_000 {
        audit
            .trail(facts(Access::Read))
            .close(Outcome::Ok(Ended { bytes: 1, ..Ended::default() }))
            .await
            .unwrap();
        if syncs.load(Ordering::SeqCst) > 0 {
            return;
        }
    }
    panic!("nothing was synced");
}
