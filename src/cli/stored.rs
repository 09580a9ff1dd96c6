//! The credentials that are stored in Vault for each user, over HTTP: one place for each, by their name.

use std::sync::Arc;

use futures::future::BoxFuture;
use url::Url;

use crate::net::Credential;
use crate::net::CredentialError;
use crate::net::NoUserCredential;
use crate::net::Renew;
use crate::net::UserCredentials;
use crate::policy::Product;
use crate::secrets::UserName;
use crate::secrets::UserSecrets;
use crate::secrets::VaultError;

/// The credentials of users for one product.
#[derive(Clone)]
pub(super) struct Stored {
    pub(super) secrets: Arc<UserSecrets<Credential>>,
    pub(super) product: Product,
    /// Where users find out how to store one.
    pub(super) help: Option<Url>,
}

/// The way to a newer credential of one user.
struct OfUser {
    stored: Stored,
    user: UserName,
}

impl UserCredentials for Stored {
    fn of<'a>(&'a self, user: &'a UserName) -> BoxFuture<'a, Result<Credential, NoUserCredential>> {
        Box::pin(async move {
            let version = self.secrets.of(user).await.map_err(|error| self.none(&error))?;
            let newer = OfUser { stored: self.clone(), user: user.clone() };
            Ok(version.value.clone().renewed_by(Arc::new(newer)))
        })
    }
}

impl Stored {
    fn none(&self, error: &VaultError) -> NoUserCredential {
        let text = error.user_text(self.product.title(), self.help.as_ref());
        let told = CredentialError { text, detail: error.to_string() };
        match error {
            VaultError::Missing { .. } => NoUserCredential::NotStored(told),
            _ => NoUserCredential::Unavailable(told),
        }
    }
}

impl Renew for OfUser {
    fn renew<'a>(&'a self, refused: &'a Credential) -> BoxFuture<'a, Option<Credential>> {
        Box::pin(async {
            let secrets = &self.stored.secrets;
            let current = secrets.of(&self.user).await.ok()?;
            if !current.value.sends_as(refused) {
                return Some(current.value.clone());
            }
            let newer = secrets.rejected(&self.user, current.number).await?;
            Some(newer.value.clone())
        })
    }
}
