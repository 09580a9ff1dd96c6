//! The audit log of this process: one file, one writer.

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::AuditError;
use super::CallFacts;
use super::Event;
use super::HmacKey;
use super::Trail;
use super::key::private_directory;
use super::key::private_file;
use super::writer::Durability;
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
        private_directory(&settings.directory).map_err(|error| failed(error.to_string()))?;
        let file =
            new_file(&settings.directory, &settings.instance).map_err(|error| failed(error.to_string()))?;
        file.try_lock().map_err(|error| failed(format!("the file is in use: {error}")))?;
        file.sync_all().map_err(|error| failed(error.to_string()))?;
        let writer = Writer::start(file, settings.write_deadline, settings.metrics.clone())
            .map_err(|error| failed(error.to_string()))?;
        Ok(Self::with(writer, settings))
    }

    pub(super) fn with(writer: Writer, settings: &AuditSettings) -> Self {
        Self {
            writer,
            key: Arc::new(settings.key.clone()),
            instance: settings.instance.as_str().into(),
            metrics: settings.metrics.clone(),
        }
    }

    /// Begins the trail of one call.
    pub fn trail(&self, facts: CallFacts) -> Trail {
        Trail::new(self.clone(), facts)
    }

    /// Writes an event that belongs to no call; returns when it is on disk.
    pub async fn event(&self, event: Event) -> Result<(), AuditError> {
        self.metrics.audit_record(event.stage());
        self.writer.write(event.body(&self.instance), Durability::Durable).await
    }

    /// Whether a call could be admitted now.
    pub fn writable(&self) -> bool {
        self.writer.closed().is_none()
    }

    /// The id of the key for argument values.
    pub fn key_id(&self) -> &str {
        self.key.id()
    }

    /// Waits until everything is on disk.
    pub fn shutdown(&self) {
        self.writer.flush();
    }
}

/// A new file whose name tells when the process started; a second one in the same second gets a number.
fn new_file(directory: &Path, instance: &str) -> std::io::Result<std::fs::File> {
    let start = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
    let mut last = None;
    for number in 0..1000 {
        let suffix = if number == 0 { String::new() } else { format!("-{number}") };
        match private_file(&directory.join(format!("audit-{instance}-{start}{suffix}.jsonl"))) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => last = Some(error),
            result => return result,
        }
    }
    Err(last.unwrap_or_else(|| std::io::Error::other("no free name")))
}
