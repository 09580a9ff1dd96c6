//! Secrets: where they are ([`SecretRef`]), how they are fetched, and a type that never prints them
//! ([`Secret`]).

mod reference;
mod secret;
mod settings;

pub use reference::InvalidReference;
pub use reference::SecretRef;
pub use reference::VaultRef;
pub use secret::Secret;
pub use settings::VaultSettings;
/// stub
#[derive(Debug, thiserror::Error)]
#[error("x")]
pub struct SecretError;
impl SecretError { /// x
 pub fn caller_text(&self) -> String { String::new() } }
