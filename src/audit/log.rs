//! The audit log of this process: one file, one writer.

use std::fs::File;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;

use super::AuditError;
use super::CallFacts;
use super::Event;
use super::HmacKey;
use super::Trail;
use super::key::private_directory;
use super::key::private_file;
use super::key::sync_directory;
use super::storage::LogFile;
use super::storage::Storage;
use super::writer::Durability;
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
    /// The name of this server in file names and records.
    pub instance: String,
    /// How long a record may take to reach the disk.
    pub write_deadline: Duration,
    /// What is counted.
    pub metrics: Metrics,
}

/// The audit log. Clones write to the same file.
#[derive(Debug, Clone)]
pub struct Audit {
    pub(super) writer: Writer,
    pub(super) key: Arc<HmacKey>,
    pub(super) instance: Arc<str>,
    pub(super) metrics: Metrics,
}

impl Audit {
    /// Opens a file of its own, `audit-<instance>-<start>.jsonl` (0600), locked against a second writer.
    pub fn open(settings: &AuditSettings) -> Result<Self, AuditError> {
        let failed =
            |cause: String| AuditError::Open { directory: settings.directory.display().to_string(), cause };
        if !is_plain(&settings.instance) {
            return Err(failed(format!(
                "`{}` cannot be part of a file name",
                settings.instance.escape_debug()
            )));
        }
        let file =
            open(&settings.directory, &settings.instance).map_err(|error| failed(error.to_string()))?;
        Self::with(file, settings).map_err(|error| failed(error.to_string()))
    }

    pub(super) fn with(storage: impl Storage, settings: &AuditSettings) -> std::io::Result<Self> {
        Ok(Self {
            writer: Writer::start(storage, settings.write_deadline, settings.metrics.clone())?,
            key: Arc::new(settings.key.clone()),
            instance: settings.instance.as_str().into(),
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
        let record = Record { stage: event.stage(), call: None, body, durability: Durability::Durable };
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

    /// Waits until everything is on disk, at most as long as a record may take.
    pub fn shutdown(&self) {
        if !self.writer.flush() {
            tracing::error!("the audit log did not take its last records in time");
        }
    }
}

fn open(directory: &Path, instance: &str) -> std::io::Result<LogFile> {
    private_directory(directory)?;
    let (file, path) = new_file(directory, instance)?;
    let mut file = LogFile::new(file, &path)?;
    file.check()?;
    sync_directory(directory)?;
    Ok(file)
}

fn is_plain(instance: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    !instance.is_empty() && instance.len() <= 64 && instance.chars().all(plain)
}

/// A new file whose name tells when the process started; a second one in the same second gets a number.
fn new_file(directory: &Path, instance: &str) -> std::io::Result<(File, PathBuf)> {
    let start = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
    let mut last = None;
    for number in 0..1000 {
        let suffix = if number == 0 { String::new() } else { format!("-{number}") };
        let path = directory.join(format!("audit-{instance}-{start}{suffix}.jsonl"));
        match private_file(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => last = Some(error),
            result => return result.map(|file| (file, path)),
        }
    }
    Err(last.unwrap_or_else(|| std::io::Error::other("no free name")))
}
