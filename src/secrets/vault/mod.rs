//! Vault and OpenBao: log in by `AppRole`, read one key of a KV version 2 secret.
//!
//! One login serves all reads. A 403 may mean that the token is gone, so it is answered by exactly one new login;
//! a second 403 is policy. Many readers that meet the same dead token make one login between them.

mod answers;
mod error;
#[cfg(test)]
mod tests;
mod transport;

use std::sync::Arc;

use futures::future::BoxFuture;
use http::StatusCode;
use tokio::sync::Mutex;
use vaultrs::api::auth::approle::requests::LoginWithApproleRequest;
use vaultrs::api::kv2::requests::ReadSecretRequest;

pub use error::VaultError;

use super::Secret;
use super::SecretError;
use super::SecretRef;
use super::Source;
use super::VaultRef;
use super::VaultSettings;
use super::resolver::Local;
use transport::Answer;
use transport::Transport;

/// A Vault that secrets are read from.
#[derive(Debug)]
pub struct Vault {
    settings: VaultSettings,
    transport: Transport,
    /// Where the role's own secrets are; asked again at every login, so that they may rotate.
    local: Arc<Local>,
    session: Mutex<Option<Session>>,
}

/// One login.
#[derive(Debug, Clone)]
struct Session {
    token: Secret,
    /// Which login this was; tells a reader with a dead token whether another has logged in since.
    number: u64,
}

impl Vault {
    /// Prepares the connection; asks nothing yet.
    pub(super) fn new(settings: VaultSettings, local: Arc<Local>) -> Result<Self, VaultError> {
        let transport = Transport::new(&settings)?;
        Ok(Self { settings, transport, local, session: Mutex::new(None) })
    }

    /// Reads the secret as it is now.
    pub async fn read(&self, reference: &VaultRef) -> Result<Secret, VaultError> {
        let session = self.session(None).await?;
        match self.read_with(reference, &session).await {
            Err(VaultError::Forbidden { .. }) => {
                let session = self.session(Some(&session)).await?;
                self.read_with(reference, &session).await
            }
            read => read,
        }
    }

    /// The login in use; a new one if there is none, or if it is the one that was refused.
    async fn session(&self, refused: Option<&Session>) -> Result<Session, VaultError> {
        let mut current = self.session.lock().await;
        let number = match &*current {
            Some(session) if refused.is_none_or(|refused| refused.number != session.number) => {
                return Ok(session.clone());
            }
            Some(session) => session.number + 1,
            None => 1,
        };
        let session = Session { token: self.login().await?, number };
        *current = Some(session.clone());
        Ok(session)
    }

    async fn login(&self) -> Result<Secret, VaultError> {
        let mount = &self.settings.auth_mount;
        let role_id = self.own("vault.role_id", &self.settings.role_id).await?;
        let secret_id = self.own("vault.secret_id", &self.settings.secret_id).await?;
        let request = LoginWithApproleRequest {
            mount: mount.clone(),
            role_id: role_id.expose().to_owned(),
            secret_id: secret_id.expose().to_owned(),
        };
        let answer = self.transport.ask(&request, None).await?;
        if answer.status.is_client_error() {
            return Err(VaultError::LoginRefused { mount: mount.clone(), status: answer.status.as_u16() });
        }
        answers::token(&answer.body)
    }

    async fn own(&self, setting: &'static str, reference: &SecretRef) -> Result<Secret, VaultError> {
        let resolved = self.local.resolve(reference).await;
        resolved.map_err(|error| VaultError::Settings { setting, problem: error.to_string() })
    }

    async fn read_with(&self, reference: &VaultRef, session: &Session) -> Result<Secret, VaultError> {
        let request = ReadSecretRequest {
            mount: reference.mount().to_owned(),
            path: reference.path().to_owned(),
            version: None,
        };
        let Answer { status, body } = self.transport.ask(&request, Some(&session.token)).await?;
        match status {
            StatusCode::OK => answers::value(&body, reference),
            StatusCode::FORBIDDEN => Err(VaultError::Forbidden {
                reference: reference.to_string(),
                path: format!("{}/data/{}", reference.mount(), reference.path()),
            }),
            StatusCode::NOT_FOUND => Err(answers::missing(&body, reference)),
            other => Err(VaultError::Malformed {
                what: format!("the read of `{reference}`"),
                problem: format!("status {}; the mount must be a KV version 2 engine", other.as_u16()),
            }),
        }
    }
}

impl Source for Vault {
    fn fetch<'a>(&'a self, reference: &'a SecretRef) -> BoxFuture<'a, Option<Result<Secret, SecretError>>> {
        Box::pin(async move {
            let SecretRef::Vault(reference) = reference else {
                return None;
            };
            Some(self.read(reference).await.map_err(SecretError::from))
        })
    }
}
