//! What operators see: metrics, health and log lines. Principals are never labels.

mod audit;
mod health;
mod logging;
mod metrics;
mod stages;

pub(crate) use audit::AuditClosed;
pub(crate) use audit::AuditLate;
pub(crate) use audit::AuditRecordLost;
pub use health::health_router;
pub use logging::init_logging;
pub use metrics::Metrics;
pub use stages::Stages;
