//! Secrets: where they are ([`SecretRef`]), what brings them ([`Secrets`]), and a type that never prints them
//! ([`Secret`]). Stands on no other module.

mod chance;
mod current;
mod error;
mod observer;
mod reference;
mod resolver;
mod secret;
mod settings;
mod source;
mod template;
pub mod vault;

pub(crate) use chance::chance;
pub use current::Current;
pub use error::SecretError;
pub use observer::Notice;
pub use observer::Observer;
pub use observer::SecretEvent;
pub use reference::InvalidReference;
pub use reference::SecretRef;
pub use reference::VaultRef;
pub(crate) use reference::is_segment;
pub use resolver::Secrets;
pub use secret::Secret;
pub use settings::VaultCertificate;
pub use settings::VaultLogin;
pub use settings::VaultSettings;
pub use settings::WatchSettings;
pub(crate) use settings::is_loopback;
pub use source::Credential;
pub use source::Env;
pub use source::File;
pub use source::Source;
pub use template::InvalidUserName;
pub use template::UserName;
pub use template::UserTemplate;
pub use vault::CertificateWish;
pub use vault::Class;
pub use vault::EngineRef;
pub use vault::Issued;
pub use vault::TransitKey;
pub use vault::UserSecrets;
pub use vault::UserSettings;
pub use vault::Vault;
pub use vault::VaultError;
pub use vault::Version;
pub use vault::Watched;
#[cfg(test)]
pub(crate) use vault::tests::played;
