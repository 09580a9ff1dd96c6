//! OAuth 2.0 towards Atlassian: Cloud (3LO) and Data Center. Tokens are kept where the reference server keeps them, so
//! that either reads the other's.
//!
//! [`Session`] gives the current access token and renews it in time, once for all tasks and processes; [`setup()`] is
//! the wizard that gets the first one.

mod callback;
mod endpoints;
mod keyring;
mod session;
mod setup;
mod store;
#[cfg(test)]
mod tests;
mod tokens;

pub use endpoints::Endpoints;
pub use session::App;
pub use session::OAuthError;
pub use session::Session;
pub use setup::Defaults;
pub use setup::SetupError;
pub use setup::Terminal;
pub use setup::setup;
pub use store::StoreError;
pub use store::TokenStore;
pub use tokens::Tokens;
