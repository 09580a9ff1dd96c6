//! What can go wrong with the audit log, as log lines and counts. The log itself cannot say it.

use super::AuditError;
use crate::telemetry::Metrics;

/// The audit log takes nothing more until a restart.
#[derive(Debug)]
pub(super) struct AuditClosed<'a> {
    pub(super) error: &'a AuditError,
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
