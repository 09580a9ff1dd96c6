//! What can go wrong with the audit log, as log lines and counts. The log itself cannot say it.

use super::AuditError;
use super::LogName;
use super::recovery::LeftBehind;
use crate::telemetry::Metrics;

/// The audit log takes nothing more until a restart.
#[derive(Debug)]
pub(super) struct AuditClosed<'a> {
    pub(super) error: &'a AuditError,
}

/// The disk does not take the audit log; it is tried again.
#[derive(Debug)]
pub(super) struct AuditPaused<'a> {
    pub(super) error: &'a AuditError,
    /// Whether it was taken until now.
    pub(super) is_new: bool,
}

/// The disk takes the audit log again.
#[derive(Debug)]
pub(super) struct AuditResumed<'a> {
    /// Why it was not taken.
    pub(super) error: &'a AuditError,
}

/// A checkpoint of everything was written.
#[derive(Debug)]
pub(super) struct CheckpointWritten {
    /// When, in seconds since 1970.
    pub(super) second: i64,
}

/// A checkpoint could not be written; the log itself goes on.
#[derive(Debug)]
pub(super) struct CheckpointFailed<'a> {
    pub(super) error: &'a std::io::Error,
}

/// A file could not be left for another; it goes on.
#[derive(Debug)]
pub(super) struct RotationFailed<'a> {
    pub(super) error: &'a std::io::Error,
    pub(super) file: &'a LogName,
}

/// What a killed process has left.
#[derive(Debug)]
pub(super) struct FileLeftBehind<'a> {
    pub(super) left: &'a LeftBehind,
}

/// A record did not get to the disk in time; its call was refused, or its end is uncertain.
#[derive(Debug)]
pub(super) struct AuditLate {
    pub(super) cause: &'static str,
}

/// What has happened could not be written down.
#[derive(Debug)]
pub(super) struct AuditRecordLost<'a> {
    pub(super) stage: &'static str,
    pub(super) call: Option<&'a str>,
}

impl AuditClosed<'_> {
    pub(super) fn emit(self, metrics: &Metrics) {
        metrics.audit_write_errors(1);
        tracing::error!(error = %self.error, "the audit log is closed; every call is refused until the cause is removed and the server restarted");
    }
}

impl AuditPaused<'_> {
    pub(super) fn emit(self, metrics: &Metrics) {
        metrics.audit_write_errors(1);
        if self.is_new {
            tracing::error!(error = %self.error, "the audit log cannot be written; every call is refused until it can");
        }
    }
}

impl AuditResumed<'_> {
    pub(super) fn emit(self) {
        tracing::warn!(was = %self.error, "the audit log can be written again; calls are admitted");
    }
}

impl CheckpointWritten {
    pub(super) fn emit(self, metrics: &Metrics) {
        metrics.audit_checkpoint(self.second);
    }
}

impl CheckpointFailed<'_> {
    pub(super) fn emit(self, metrics: &Metrics) {
        metrics.audit_write_errors(1);
        tracing::error!(error = %self.error, "the audit log has no new checkpoint; it is tried again");
    }
}

impl RotationFailed<'_> {
    pub(super) fn emit(self, metrics: &Metrics) {
        metrics.audit_write_errors(1);
        tracing::error!(error = %self.error, file = %self.file, "the audit log stays in its file");
    }
}

impl FileLeftBehind<'_> {
    pub(super) fn emit(self) {
        let file = &self.left.file;
        match &self.left.result {
            Ok(ended) => tracing::warn!(
                %file,
                cut_bytes = ended.cut_bytes,
                unknown = ended.unknown,
                "an audit log that a killed process left has its end now"
            ),
            Err(problem) => tracing::error!(
                %file,
                problem,
                "an audit log that a killed process left is not as it was written and stays as it is; check it with `portcullis audit verify`"
            ),
        }
    }
}

impl AuditLate {
    pub(super) fn emit(self, metrics: &Metrics) {
        metrics.audit_write_errors(1);
        tracing::error!(cause = self.cause, "the audit log is too slow");
    }
}

impl AuditRecordLost<'_> {
    pub(super) fn emit(self, metrics: &Metrics) {
        metrics.audit_write_errors(1);
        tracing::error!(stage = self.stage, call = self.call, "an audit record was lost");
    }
}
