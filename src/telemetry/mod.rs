//! What operators see: metrics, health and log lines. Principals are never labels.

mod health;
mod logging;
mod metrics;
mod stages;

pub use health::health_router;
pub use logging::init_logging;
pub use metrics::Metrics;
pub use stages::Stages;
