//! Secrets: where they are ([`SecretRef`]), what brings them ([`Secrets`]), and a type that never prints them
//! ([`Secret`]). Stands on no other module.

mod error;
mod reference;
mod resolver;
mod secret;
mod settings;
mod source;
pub mod vault;

pub use error::SecretError;
pub use reference::InvalidReference;
pub use reference::SecretRef;
pub use reference::VaultRef;
pub(crate) use reference::is_segment;
pub use resolver::Secrets;
pub use secret::Secret;
pub use settings::VaultSettings;
pub(crate) use settings::is_loopback;
pub use source::Credential;
pub use source::Env;
pub use source::File;
pub use source::Source;
pub use vault::Vault;
pub use vault::VaultError;
