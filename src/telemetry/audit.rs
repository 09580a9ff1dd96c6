//! What can go wrong with the audit log, as log lines and counts. The log itself cannot say it.

use super::Metrics;
use crate::audit::AuditError;

/// The audit log takes nothing more until a restart.
#[derive(Debug)]
pub(crate) struct AuditClosed<'a> {
    pub(crate) error: &'a AuditError,
}

/// A record did not get to the disk in time; its call was refused, or its end is uncertain.
#[derive(Debug)]
pub(crate) struct AuditLate {
    pub(crate) cause: &'static str,
}

/// What has happened could not be written down.
#[derive(Debug)]
pub(crate) struct AuditRecordLost<'a> {
    pub(crate) stage: &'static str,
    pub(crate) call: Option<&'a str>,
}

impl AuditClosed<'_> {
    pub(crate) fn emit(self, metrics: &Metrics) {
        metrics.audit_write_errors(1);
        tracing::error!(error = %self.error, "the audit log is closed; every call is refused until the cause is removed and the server restarted");
    }
}

impl AuditLate {
    pub(crate) fn emit(self, metrics: &Metrics) {
        metrics.audit_write_errors(1);
        tracing::error!(cause = self.cause, "the audit log is too slow");
    }
}

impl AuditRecordLost<'_> {
    pub(crate) fn emit(self, metrics: &Metrics) {
        metrics.audit_write_errors(1);
        tracing::error!(stage = self.stage, call = self.call, "an audit record was lost");
    }
}
