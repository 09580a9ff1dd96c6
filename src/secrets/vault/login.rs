//! The ways to log in. What they log in with is read anew each time, so that it may rotate.

use std::path::Path;

use tokio::sync::Mutex;
use vaultrs::api::auth::approle::requests::LoginWithApproleRequest;
use vaultrs::api::auth::cert::requests::LoginRequest;
use vaultrs::api::auth::kubernetes::requests::LoginWithKubernetesRequest;
use vaultrs::api::auth::oidc::requests::JWTLoginRequest;
use vaultrs::api::sys::requests::UnwrapRequest;
use vaultrs::api::sys::requests::WrappingLookupRequest;
use vaultrs::api::token::requests::LookupTokenSelfRequest;

use super::VaultError;
use super::answers;
use super::answers::Granted;
use super::connection::Connection;
use super::wire::Question;
use crate::secrets::Secret;
use crate::secrets::SecretRef;
use crate::secrets::VaultLogin;
use crate::secrets::resolver::Local;

/// The configured way to log in.
#[derive(Debug)]
pub(super) struct Login {
    way: VaultLogin,
    /// The secret id that was in the wrapping, which opens once, and that wrapping.
    unwrapped: Mutex<Option<(Secret, Secret)>>,
}

impl Login {
    pub(super) fn new(way: VaultLogin) -> Self {
        Self { way, unwrapped: Mutex::default() }
    }

    pub(super) fn way(&self) -> &VaultLogin {
        &self.way
    }

    /// Logs in.
    pub(super) async fn log_in(&self, at: &Connection, local: &Local) -> Result<Granted, VaultError> {
        let question = match &self.way {
            VaultLogin::Token(reference) => {
                let token = own(local, "vault.token", reference).await?;
                return self.look_up(at, Secret::new(token.expose().trim())).await;
            }
            VaultLogin::TokenFile(file) => {
                return self.look_up(at, token_file(local, file).await?).await;
            }
            VaultLogin::AppRole { mount, role_id, secret_id, wrapped_for } => {
                let role_id = own(local, "vault.role_id", role_id).await?;
                let secret_id = own(local, "vault.secret_id", secret_id).await?;
                let secret_id = match wrapped_for {
                    Some(role) => self.unwrapped(at, secret_id, mount, role).await?,
                    None => secret_id,
                };
                let request = LoginWithApproleRequest {
                    mount: mount.clone(),
                    role_id: role_id.expose().to_owned(),
                    secret_id: secret_id.expose().to_owned(),
                };
                Question::to("login", &request)?
            }
            VaultLogin::Kubernetes { mount, role, jwt } => {
                let jwt = own(local, "vault.jwt", jwt).await?.expose().trim().to_owned();
                let request = LoginWithKubernetesRequest { mount: mount.clone(), role: role.clone(), jwt };
                Question::to("login", &request)?
            }
            VaultLogin::Jwt { mount, role, jwt } => {
                let jwt = own(local, "vault.jwt", jwt).await?.expose().trim().to_owned();
                let request = JWTLoginRequest { mount: mount.clone(), jwt, role: role.clone() };
                Question::to("login", &request)?
            }
            VaultLogin::Certificate { mount, role } => {
                let cert_name = role.clone().unwrap_or_default();
                // The catalogue calls it `cert_name`, the server `name`.
                let mut question =
                    Question::to("login", &LoginRequest { mount: mount.clone(), cert_name: String::new() })?;
                question.body = Some(serde_json::json!({"name": cert_name}).to_string().into_bytes().into());
                question
            }
        };
        let answer = at.ask(&question, None).await?;
        if answer.status.is_client_error() {
            return Err(self.refused(answer.status.as_u16()));
        }
        no_root(answers::login(&answer.body)?)
    }

    /// A token that was given says itself what it is good for.
    async fn look_up(&self, at: &Connection, token: Secret) -> Result<Granted, VaultError> {
        let question = Question::to("lookup", &LookupTokenSelfRequest {})?;
        let answer = at.ask(&question, Some(&token)).await?;
        if answer.status.is_client_error() {
            return Err(self.refused(answer.status.as_u16()));
        }
        no_root(answers::token_itself(&answer.body, token)?)
    }

    /// What is in the wrapping, if it was made for this role and nobody has opened it.
    async fn unwrapped(
        &self,
        at: &Connection,
        wrapping: Secret,
        mount: &str,
        role: &str,
    ) -> Result<Secret, VaultError> {
        let wrapping = Secret::new(wrapping.expose().trim());
        let mut unwrapped = self.unwrapped.lock().await;
        if let Some((opened, secret_id)) = &*unwrapped
            && opened.expose() == wrapping.expose()
        {
            return Ok(secret_id.clone());
        }
        let intercepted = |problem: &str| VaultError::Intercepted { problem: problem.to_owned() };
        let used = || intercepted("its wrapping was opened before, has expired, or never was");
        let look_up = WrappingLookupRequest { token: wrapping.expose().to_owned() };
        let answer = at.ask(&Question::to("unwrap", &look_up)?, None).await?;
        if answer.status.is_client_error() {
            return Err(used());
        }
        if answers::creation_path(&answer.body)? != format!("auth/{mount}/role/{role}/secret-id") {
            return Err(intercepted("it was not wrapped where secret ids of this role are made"));
        }
        let open = Question::to("unwrap", &UnwrapRequest { token: None })?;
        let answer = at.ask(&open, Some(&wrapping)).await?;
        if answer.status.is_client_error() {
            return Err(used());
        }
        let secret_id = answers::secret_id(&answer.body)?;
        *unwrapped = Some((wrapping, secret_id.clone()));
        Ok(secret_id)
    }

    fn refused(&self, status: u16) -> VaultError {
        let (mount, settings) = match &self.way {
            VaultLogin::AppRole { mount, .. } => {
                (mount.as_str(), "vault.role_id, vault.secret_id (it may have expired), vault.auth_mount")
            }
            VaultLogin::Kubernetes { mount, .. } | VaultLogin::Jwt { mount, .. } => {
                (mount.as_str(), "vault.role, vault.jwt (it may have expired), vault.auth_mount")
            }
            VaultLogin::Certificate { mount, .. } => {
                (mount.as_str(), "vault.client_certificate, vault.role, vault.auth_mount")
            }
            VaultLogin::Token(_) => ("token", "vault.token (it may have expired or been revoked)"),
            VaultLogin::TokenFile(_) => ("token", "vault.token_file (it may be old)"),
        };
        VaultError::LoginRefused { method: self.way.method(), mount: mount.to_owned(), status, settings }
    }
}

/// Whoever may do anything would make of a stolen token a stolen Vault.
fn no_root(granted: Granted) -> Result<Granted, VaultError> {
    if granted.is_root { Err(VaultError::RootToken) } else { Ok(granted) }
}

async fn own(local: &Local, setting: &'static str, reference: &SecretRef) -> Result<Secret, VaultError> {
    let resolved = local.resolve(reference).await;
    resolved.map_err(|error| VaultError::Settings { setting, problem: error.to_string() })
}

/// Whoever writes tokens into files puts a line break after them.
async fn token_file(local: &Local, file: &Path) -> Result<Secret, VaultError> {
    let token = own(local, "vault.token_file", &SecretRef::File(file.to_path_buf())).await?;
    Ok(Secret::new(token.expose().trim()))
}
