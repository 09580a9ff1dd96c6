//! Settings: flags over `.env` over the environment over a TOML file over defaults.

mod settings;

pub use settings::AuditSettings;
pub use settings::CredentialSettings;
pub use settings::DeniedTools;
pub use settings::Deployment;
pub use settings::LogLevel;
pub use settings::LogSettings;
pub use settings::MetricsSettings;
pub use settings::PolicySettings;
pub use settings::ProductSettings;
pub use settings::ProxyUrl;
pub use settings::ReadOnly;
pub use settings::ServerSettings;
pub use settings::Settings;
pub use settings::ToolSettings;
pub use settings::Transport;

pub use crate::secrets::VaultSettings;
