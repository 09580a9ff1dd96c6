//! What operators see: metrics, health and log lines. Principals are never labels.

mod health;
mod logging;
mod metrics;
mod stages;
mod vault;

pub use health::health_router;
pub use logging::init_logging;
pub use metrics::Metrics;
pub use stages::Stages;
pub use vault::SecretHealth;
pub use vault::VaultMetrics;
