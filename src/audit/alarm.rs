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

/// The HTTP sink did not take records; it is tried again.
#[derive(Debug)]
pub(super) struct HttpSinkFailed<'a> {
    pub(super) cause: &'a str,
    /// Whether it took them until now.
    pub(super) is_new: bool,
}

/// The HTTP sink takes records again.
#[derive(Debug)]
pub(super) struct HttpSinkBack<'a> {
    /// Why it did not.
    pub(super) was: &'a str,
}

/// A file that has ended is gone or holds something else than records, and no more of it is sent.
#[derive(Debug)]
pub(super) struct HttpSinkSkips<'a> {
    pub(super) log: &'a LogName,
}

/// The file takes nothing, and the HTTP sink has its records meanwhile.
#[derive(Debug)]
pub(super) struct FileAway<'a> {
    pub(super) cause: &'a str,
}

/// The file has everything again.
#[derive(Debug)]
pub(super) struct FileBack<'a> {
    /// Why it had not.
    pub(super) cause: &'a str,
}

/// What is done beside the log came to nothing; it is tried again.
#[derive(Debug)]
pub(super) struct AsideFailed<'a> {
    pub(super) name: &'static str,
    pub(super) error: &'a std::io::Error,
    /// Whether it worked until now.
    pub(super) is_new: bool,
}

/// Some of what was to be done beside the log was left out.
#[derive(Debug)]
pub(super) struct AsideLost {
    pub(super) name: &'static str,
    pub(super) count: u64,
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
                unchecked = ended.unchecked,
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

impl HttpSinkFailed<'_> {
    pub(super) fn emit(self, metrics: &Metrics) {
        metrics.audit_sink_failed("http");
        if self.is_new {
            tracing::error!(
                cause = self.cause,
                "the HTTP sink does not take the audit log; it is tried again"
            );
        }
    }
}

impl HttpSinkBack<'_> {
    pub(super) fn emit(self) {
        tracing::warn!(was = self.was, "the HTTP sink takes the audit log again");
    }
}

impl HttpSinkSkips<'_> {
    pub(super) fn emit(self, metrics: &Metrics) {
        metrics.audit_sink_failed("http");
        let log = self.log;
        tracing::error!(%log, "an audit log is gone or holds something else than records, and the HTTP sink does not get the rest of it; check it with `portcullis audit verify`");
    }
}

impl FileAway<'_> {
    pub(super) fn emit(self, metrics: &Metrics) {
        metrics.audit_write_errors(1);
        metrics.audit_sink_failed("file");
        tracing::error!(
            cause = self.cause,
            "the audit log's file takes nothing; the HTTP sink alone has what comes now"
        );
    }
}

impl FileBack<'_> {
    pub(super) fn emit(self) {
        tracing::warn!(
            was = self.cause,
            "the audit log's file takes records again, and has those that it missed"
        );
    }
}

impl AsideFailed<'_> {
    pub(super) fn emit(self, metrics: &Metrics) {
        metrics.audit_sink_failed(self.name);
        if self.is_new {
            tracing::error!(to = self.name, error = %self.error, "the audit log cannot be handed on; it is tried again");
        }
    }
}

impl AsideLost {
    pub(super) fn emit(self) {
        tracing::error!(
            to = self.name,
            count = self.count,
            "what was to be handed on of the audit log was left out; the log itself has it"
        );
    }
}
