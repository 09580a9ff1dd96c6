//! Checkpoints that somebody else signs, who may be slow, silent or wrong.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use aws_lc_rs::signature::Ed25519KeyPair;
use aws_lc_rs::signature::KeyPair;
use futures::future::BoxFuture;
use tokio::sync::watch;

use super::*;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    Signs,
    Refuses,
    SignsOther,
    IsSilent,
}

/// Keeps a key.
#[derive(Debug)]
struct Keeper {
    pair: Ed25519KeyPair,
    mood: watch::Sender<Mood>,
    asked: AtomicUsize,
}

impl Keeper {
    fn new() -> Arc<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[9; 32]).unwrap();
        Arc::new(Self { pair, mood: watch::channel(Mood::Signs).0, asked: AtomicUsize::new(0) })
    }

    fn key(self: &Arc<Self>) -> SigningKey {
        let public = self.pair.public_key().as_ref().try_into().unwrap();
        SigningKey::remote("test", public, Arc::clone(self) as Arc<dyn KeyKeeper>).unwrap()
    }
}

impl KeyKeeper for Keeper {
    fn sign(&self, text: Vec<u8>) -> BoxFuture<'_, Result<Vec<u8>, String>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            let mood = *self.mood.borrow();
            match mood {
                Mood::Signs => Ok(self.pair.sign(&text).as_ref().to_vec()),
                Mood::Refuses => Err("sealed".to_owned()),
                Mood::SignsOther => Ok(self.pair.sign(b"something else").as_ref().to_vec()),
                Mood::IsSilent => futures::future::pending().await,
            }
        })
    }
}

/// How many records the newest checkpoint of the newest file covers, and how many there are.
fn covered(directory: &Path, key: &SigningKey) -> (u64, u64) {
    let path = logs(directory).pop().unwrap();
    let name = LogName::read(path.file_name().unwrap().to_str().unwrap()).unwrap();
    let records = std::fs::read_to_string(&path).unwrap().lines().count() as u64;
    let note = std::fs::read(path.with_file_name(name.checkpoint_file())).unwrap();
    (SignedCheckpoint::read(&note).unwrap().verify(key.verifier()).unwrap().size, records)
}

async fn until(what: &str, fits: impl Fn() -> bool) {
    let waiting = async {
        while !fits() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), waiting).await.unwrap_or_else(|_| panic!("{what}"));
}

async fn stop(audit: Audit) {
    tokio::task::spawn_blocking(move || audit.shutdown()).await.unwrap();
}

fn event() -> Event {
    Event::key_created("k")
}

fn good(directory: &Path, key: &SigningKey) {
    let (paths, keys) = (vec![directory.to_path_buf()], vec![key.verifier().clone()]);
    let report = verify::Verification { paths, keys, checkpoints: Vec::new() }.run();
    assert!(report.is_good(), "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_else_signs_is_kept_once_it_is_signed() {
    let directory = tempfile::tempdir().unwrap();
    let keeper = Keeper::new();
    let key = keeper.key();
    let settings =
        AuditSettings { signing_key: key.clone(), checkpoint_records: 2, ..settings(directory.path()) };
    let open = {
        let settings = settings.clone();
        move || Audit::open(&settings, &opening()).unwrap()
    };
    let audit = tokio::task::spawn_blocking(open.clone()).await.unwrap();
    assert_eq!(covered(directory.path(), &key), (1, 1), "the first record is signed before anything else");
    audit.event(event()).await.unwrap();
    audit.event(event()).await.unwrap();
    until("the checkpoint", || covered(directory.path(), &key) == (3, 3)).await;
    // Nobody waits for a key that does not sign, and nothing but its signature is kept.
    for mood in [Mood::Refuses, Mood::SignsOther, Mood::IsSilent] {
        keeper.mood.send_replace(mood);
        let asked = keeper.asked.load(Ordering::SeqCst);
        audit.event(event()).await.unwrap();
        audit.event(event()).await.unwrap();
        until("a question", || keeper.asked.load(Ordering::SeqCst) > asked).await;
        assert_eq!(covered(directory.path(), &key).0, 3, "{mood:?}");
    }
    // The one that nobody answers is given up after a while; the next one comes.
    keeper.mood.send_replace(Mood::Signs);
    let signed = async {
        while covered(directory.path(), &key).0 <= 3 {
            audit.event(event()).await.unwrap();
        }
    };
    tokio::time::timeout(Duration::from_mins(1), signed).await.unwrap();
    // What is left when a key is silent at the end is signed by the next start.
    keeper.mood.send_replace(Mood::IsSilent);
    audit.event(event()).await.unwrap();
    stop(audit).await;
    let first = logs(directory.path()).remove(0);
    keeper.mood.send_replace(Mood::Signs);
    let next = tokio::task::spawn_blocking(open).await.unwrap();
    stop(next).await;
    let both = logs(directory.path());
    assert_eq!((both.len(), &both[0]), (2, &first));
    let (size, records) = covered(directory.path(), &key);
    assert_eq!(size, records);
    good(directory.path(), &key);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_left_is_signed_though_the_next_one_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let keeper = Keeper::new();
    let key = keeper.key();
    let small = AuditSettings { signing_key: key.clone(), rotate_bytes: 4096, ..settings(directory.path()) };
    let audit = tokio::task::spawn_blocking(move || Audit::open(&small, &opening()).unwrap()).await.unwrap();
    while logs(directory.path()).len() < 3 {
        audit.event(event()).await.unwrap();
    }
    stop(audit).await;
    good(directory.path(), &key);
}
