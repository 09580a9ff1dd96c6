//! Settings: flags over `.env` over the environment over a TOML file over defaults.
//!
//! [`load()`] reads [`Sources`] into [`Settings`]. Every setting is one line of `keys`; what it takes is one `kinds`;
//! variables of the reference server that ask for what is not there yet are refused by name in `refused`. No value
//! is silently dropped: it is used, refused with its place and the way to say it, or warned about.

mod addresses;
mod build;
mod callers;
mod dotenv;
mod environment;
mod error;
mod file;
mod keys;
mod kinds;
mod load;
mod login;
mod product;
mod receivers;
mod refused;
mod rules;
mod settings;
mod sources;
mod summary;
#[cfg(test)]
mod tests;
mod tls;
mod vault;

pub use addresses::AddressBlock;
pub use addresses::SyslogAddress;
pub use callers::CallerCertificates;
pub use callers::CallerHeader;
pub use callers::CallerNamePart;
pub use callers::CallerNames;
pub use callers::CallerPin;
pub use error::ConfigError;
pub use error::Origin;
pub use load::Loaded;
pub use load::load;
pub use load::load_oauth_setup;
pub use receivers::AuditCopy;
pub use receivers::AuditRequire;
pub use receivers::ReceiverSettings;
pub use receivers::SyslogSettings;
pub use rules::AuditRule;
pub use settings::AuditSettings;
pub use settings::CertificateSettings;
pub use settings::ClientCertificateSettings;
pub use settings::CredentialSettings;
pub use settings::DeniedTools;
pub use settings::Deployment;
pub use settings::LogLevel;
pub use settings::LogSettings;
pub use settings::MetricsSettings;
pub use settings::NetworkSettings;
pub use settings::OAuthApp;
pub use settings::OAuthSettings;
pub use settings::OAuthSetup;
pub use settings::PolicySettings;
pub use settings::ProductSettings;
pub use settings::ProxyUrl;
pub use settings::Reach;
pub use settings::ReadOnly;
pub use settings::ServerSettings;
pub use settings::Settings;
pub use settings::TlsSettings;
pub use settings::ToolSettings;
pub use settings::Transport;
pub use sources::Flags;
pub use sources::Sources;
#[cfg(feature = "prove")]
pub use sources::cache_directory;
#[cfg(feature = "prove")]
pub use sources::solver_program;

pub use crate::secrets::VaultSettings;
