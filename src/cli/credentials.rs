//! The operator's own credentials: read from where the configuration says, and read again when Atlassian refuses one.

use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::sync::RwLock;

use super::Failure;
use super::assemble::Parts;
use super::assemble::secret_failure;
use crate::config::CredentialSettings;
use crate::config::ProductSettings;
use crate::config::Settings;
use crate::identity::Operator;
use crate::net::Credential;
use crate::net::CredentialError;
use crate::net::CredentialSource;
use crate::net::Renew;
use crate::policy::Product;
use crate::secrets::Secret;
use crate::secrets::SecretError;
use crate::secrets::SecretRef;
use crate::secrets::Secrets;

/// The operator's own way in to a site.
pub(super) async fn operator(
    product: Product,
    from: &ProductSettings,
    _settings: &Settings,
    parts: &Parts,
) -> Result<Operator, Failure> {
    let kind = match &from.credential {
        CredentialSettings::None => return Ok(Operator::None),
        CredentialSettings::Certificate => return Ok(Operator::Certificate),
        CredentialSettings::Passed => return Ok(Operator::Passed),
        CredentialSettings::App(_) => {
            return Err(Failure::configuration(format!(
                "{}: OAuth apps are not there yet; use ATLASSIAN_OAUTH_ACCESS_TOKEN, or an API token",
                product.title()
            )));
        }
        CredentialSettings::PersonalToken(reference) => (Kind::PersonalToken, reference),
        CredentialSettings::AccessToken(reference) => (Kind::AccessToken, reference),
        CredentialSettings::Basic { username, secret } => (Kind::Basic(username.clone()), secret),
    };
    let (kind, reference) = kind;
    let source = Referenced { kind, reference: reference.clone(), secrets: Arc::clone(&parts.secrets) };
    let credential = source.read().await.map_err(secret_failure)?;
    if !credential.is_sendable() {
        let text = format!(
            "{}: the credential holds characters that cannot be sent, such as a line break",
            product.title()
        );
        return Err(Failure::configuration(text));
    }
    Ok(Operator::Credential(Arc::new(Held {
        source: Arc::new(source),
        current: Arc::new(RwLock::new(credential)),
    })))
}

/// What kind of credential a secret is the secret of.
enum Kind {
    PersonalToken,
    AccessToken,
    Basic(String),
}

/// A credential whose secret is referred to.
struct Referenced {
    kind: Kind,
    reference: SecretRef,
    secrets: Arc<Secrets>,
}

impl Referenced {
    async fn read(&self) -> Result<Credential, SecretError> {
        let secret = self.secrets.resolve(&self.reference).await?;
        let trimmed = || Secret::new(secret.expose().trim());
        Ok(match &self.kind {
            Kind::PersonalToken => Credential::personal_token(trimmed()),
            Kind::AccessToken => Credential::oauth(trimmed()),
            Kind::Basic(username) => Credential::basic(username.clone(), secret),
        })
    }
}

/// The credential in use, and where a newer one comes from.
#[derive(Clone)]
struct Held {
    source: Arc<Referenced>,
    current: Arc<RwLock<Credential>>,
}

impl CredentialSource for Held {
    fn current(&self) -> BoxFuture<'_, Result<Credential, CredentialError>> {
        Box::pin(async {
            let current = self.current.read().await.clone();
            Ok(current.renewed_by(Arc::new(self.clone())))
        })
    }
}

impl Renew for Held {
    /// Looks whether the secret has changed where it comes from. Several calls that were refused at once look once.
    fn renew<'a>(&'a self, refused: &'a Credential) -> BoxFuture<'a, Option<Credential>> {
        Box::pin(async {
            let mut current = self.current.write().await;
            if !current.sends_as(refused) {
                return Some(current.clone());
            }
            match self.source.read().await {
                Ok(newer) if newer.is_sendable() && !newer.sends_as(refused) => {
                    *current = newer.clone();
                    Some(newer)
                }
                Ok(_) => None,
                Err(error) => {
                    tracing::warn!(%error, "a credential was refused, and it cannot be read again");
                    None
                }
            }
        })
    }
}
