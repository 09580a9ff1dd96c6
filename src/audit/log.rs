//! The audit log of this process: one writer, one file after the other.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;

use super::AuditError;
use super::CallFacts;
use super::CopyTo;
use super::Event;
use super::HmacKey;
use super::HttpSink;
use super::LogName;
use super::Opening;
use super::Require;
use super::SigningKey;
use super::Trail;
use super::VerifierKey;
use super::WitnessSettings;
use super::alarm::FileLeftBehind;
use super::aside::Beside;
use super::group::Elsewhere;
use super::http::Carrier;
use super::http::Courier;
use super::http::DirectoryShelf;
use super::http::HttpCarrier;
use super::http::Progress;
use super::http::Shelf;
use super::http::unfinished;
use super::ledger::Keys;
use super::ledger::Ledger;
use super::ledger::Pace;
use super::recovery;
use super::storage::Directory;
use super::storage::Ground;
use super::writer::Durability;
use super::writer::Kind;
use super::writer::Record;
use super::writer::Writer;
use crate::telemetry::Metrics;

/// What an audit log is made of.
#[derive(Debug, Clone)]
pub struct AuditSettings {
    /// The directory of the log files, made for this user alone.
    pub directory: PathBuf,
    /// The key for argument values.
    pub key: HmacKey,
    /// The key that checkpoints are signed with.
    pub signing_key: SigningKey,
    /// The name of this server in file names and records.
    pub instance: String,
    /// How long a record may take to reach the disk.
    pub write_deadline: Duration,
    /// After how many records a checkpoint is written.
    pub checkpoint_records: u64,
    /// After what time a checkpoint is written, if there are new records.
    pub checkpoint_interval: Duration,
    /// The size after which a file is left for another.
    pub rotate_bytes: u64,
    /// The age after which a file is left for another.
    pub rotate_age: Duration,
    /// How much of the disk is kept free for the ends of calls.
    pub reserve_bytes: u64,
    /// Where records go besides the file.
    pub http: Option<HttpSink>,
    /// Where records are copied to.
    pub copies: Vec<CopyTo>,
    /// Where checkpoints go besides the directory.
    pub witness: WitnessSettings,
    /// What is counted.
    pub metrics: Metrics,
}

impl AuditSettings {
    pub(super) fn keys(&self) -> Keys {
        Keys { signer: self.signing_key.clone(), records: self.key.records().clone() }
    }
}

/// The audit log. Clones write to the same files.
#[derive(Debug, Clone)]
pub struct Audit {
    pub(super) writer: Writer,
    pub(super) key: Arc<HmacKey>,
    signing_key: SigningKey,
    pub(super) instance: Arc<str>,
    pub(super) metrics: Metrics,
}

impl Audit {
    /// Ends what killed processes have left, and opens a file of its own, `audit-<instance>-<start>.jsonl` (0600), locked
    /// against a second writer.
    pub fn open(settings: &AuditSettings, opening: &Opening) -> Result<Self, AuditError> {
        let AuditSettings { directory, instance, .. } = settings;
        let failed = |cause: String| AuditError::Open { directory: directory.display().to_string(), cause };
        if !is_plain(instance) {
            return Err(failed(format!("`{}` cannot be part of a file name", instance.escape_debug())));
        }
        let open = || {
            let mut ground = Directory::new(directory, instance, settings.reserve_bytes)?;
            let left = recovery::recover(directory, instance, &settings.keys())?;
            ground.check()?;
            ground.reserve()?;
            for left in &left {
                FileLeftBehind { left }.emit();
            }
            let elsewhere = elsewhere(settings)?;
            Self::on(ground, elsewhere, settings, opening, left.iter().map(Event::left_behind))
        };
        open().map_err(|error: std::io::Error| failed(error.to_string()))
    }

    pub(super) fn on(
        ground: impl Ground,
        elsewhere: Option<Elsewhere>,
        settings: &AuditSettings,
        opening: &Opening,
        events: impl Iterator<Item = Event>,
    ) -> std::io::Result<Self> {
        let instance: Arc<str> = settings.instance.as_str().into();
        let pace = Pace {
            checkpoint_records: settings.checkpoint_records,
            checkpoint_interval: settings.checkpoint_interval,
            rotate_bytes: settings.rotate_bytes,
            rotate_age: settings.rotate_age,
        };
        let progress = elsewhere.as_ref().map(|elsewhere| Arc::clone(&elsewhere.progress));
        let patience = settings.write_deadline / 8;
        let beside = Beside::start(&settings.copies, &settings.witness, patience, &settings.metrics)?;
        let (ledger, opening) =
            Ledger::begin(ground, &instance, settings.keys(), pace, opening, progress, beside)?;
        let events = events.map(|event| Record::own(event.stage(), event.body(&instance)));
        let records = std::iter::once(Record::own("start", opening)).chain(events).collect();
        let (deadline, metrics) = (settings.write_deadline, settings.metrics.clone());
        Ok(Self {
            writer: Writer::start(ledger, records, elsewhere, Arc::clone(&instance), deadline, metrics)?,
            key: Arc::new(settings.key.clone()),
            signing_key: settings.signing_key.clone(),
            instance,
            metrics: settings.metrics.clone(),
        })
    }

    /// Begins the trail of one call.
    pub fn trail(&self, facts: CallFacts) -> Trail {
        Trail::new(self.clone(), facts)
    }

    /// Writes an event that belongs to no call; returns when it is on disk.
    pub async fn event(&self, event: Event) -> Result<(), AuditError> {
        let body = event.body(&self.instance);
        let record = Record {
            stage: event.stage(),
            call: None,
            body,
            durability: Durability::Durable,
            kind: Kind::Announced,
        };
        self.writer.announce(record).await
    }

    /// Whether a call could be written down now: a real write to the disk of the log, which leaves no record.
    pub async fn probe(&self) -> Result<(), AuditError> {
        self.writer.check().await
    }

    /// [`Self::probe`] for whoever asks again and again.
    pub fn prober(&self) -> impl Fn() -> BoxFuture<'static, Result<(), AuditError>> + Send + Sync + 'static {
        let audit = self.clone();
        move || {
            let audit = audit.clone();
            Box::pin(async move { audit.probe().await })
        }
    }

    /// The id of the key for argument values.
    pub fn key_id(&self) -> &str {
        self.key.id()
    }

    /// The key that checks the checkpoints of the log.
    pub fn checkpoint_key(&self) -> &VerifierKey {
        self.signing_key.verifier()
    }

    /// Ends the log, and waits until everything is on disk, at most as long as a record may take. Nothing can be written
    /// after that.
    pub fn shutdown(&self) {
        if !self.writer.stop() {
            tracing::error!("the audit log did not take its last records in time");
        }
    }
}

/// Starts sending to the receiver, first what earlier processes have not.
fn elsewhere(settings: &AuditSettings) -> std::io::Result<Option<Elsewhere>> {
    let shelf: Arc<dyn Shelf> = Arc::new(DirectoryShelf(settings.directory.clone()));
    match &settings.http {
        Some(HttpSink::Receiver { receiver, require }) => {
            let left = unfinished(&settings.directory, &settings.instance)?;
            let carrier = HttpCarrier::new(receiver.clone())?;
            start(carrier, shelf, left, *require, settings).map(Some)
        }
        Some(HttpSink::Later) => {
            let progress = Arc::new(Progress::new(shelf, Vec::new()));
            Ok(Some(Elsewhere { progress, require: Require::Any, bound: Duration::ZERO }))
        }
        None => Ok(None),
    }
}

/// Starts a courier; records that are announced have to be there a little before their calls give up.
pub(super) fn start(
    carrier: impl Carrier,
    shelf: Arc<dyn Shelf>,
    left: Vec<(LogName, u64, u64)>,
    require: Require,
    settings: &AuditSettings,
) -> std::io::Result<Elsewhere> {
    let progress = Arc::new(Progress::new(Arc::clone(&shelf), left));
    let metrics = settings.metrics.clone();
    Courier { carrier, shelf, progress: Arc::clone(&progress), metrics }.start()?;
    Ok(Elsewhere { progress, require, bound: settings.write_deadline.mul_f64(0.8) })
}

fn is_plain(instance: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    !instance.is_empty() && instance.len() <= 64 && instance.chars().all(plain)
}
