//! The operator's own credentials: read from where the configuration says, and read again when Atlassian refuses one.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::sync::RwLock;
use url::Url;

use super::Failure;
use super::assemble::Parts;
use super::assemble::secret_failure;
use super::connect;
use super::os_user;
use super::stored::Stored;
use crate::audit::Audit;
use crate::audit::Event;
use crate::config::CredentialSettings;
use crate::config::Deployment;
use crate::config::OAuthApp;
use crate::config::ProductSettings;
use crate::config::Settings;
use crate::config::Transport;
use crate::identity::Operator;
use crate::ids::InstanceName;
use crate::net::Authority;
use crate::net::Credential;
use crate::net::CredentialError;
use crate::net::CredentialSource;
use crate::net::Renew;
use crate::oauth::App;
use crate::oauth::Endpoints;
use crate::oauth::Session;
use crate::oauth::TokenStore;
use crate::policy::Product;
use crate::secrets::Secret;
use crate::secrets::SecretError;
use crate::secrets::SecretRef;
use crate::secrets::Secrets;
use crate::secrets::VaultError;
use crate::secrets::Watched;

/// The sessions of OAuth apps: one for each app, whatever products use it.
pub(super) struct Sessions {
    apps: BTreeMap<(String, Url), Arc<Session>>,
    audit: Audit,
}

impl Sessions {
    /// None yet; that a credential is another one than before goes to this log.
    pub(super) fn new(audit: &Audit) -> Self {
        Self { apps: BTreeMap::new(), audit: audit.clone() }
    }

    /// The operator's own way in to a site.
    pub(super) async fn operator(
        &mut self,
        (product, instance): (Product, &InstanceName),
        from: &ProductSettings,
        settings: &Settings,
        parts: &Parts,
    ) -> Result<Operator, Failure> {
        let name = instance.qualify(product.as_str()).into_owned();
        let (kind, reference) = match &from.credential {
            CredentialSettings::None => return Ok(Operator::None),
            CredentialSettings::Certificate => return Ok(Operator::Certificate),
            CredentialSettings::Passed => return Ok(Operator::Passed),
            CredentialSettings::App(app) => {
                let session = self.session(app, (&name, from), settings, parts).await?;
                return Ok(Operator::Credential(Arc::new(session.source())));
            }
            CredentialSettings::BasicInVault(both) => {
                let watched = parts.secrets.watch_both(&name, both, basic).await.map_err(secret_failure)?;
                let whose = Whose::Operator;
                return Ok(Operator::Credential(Arc::new(Kept { watched, product, whose })));
            }
            CredentialSettings::PersonalToken(reference) => (Kind::PersonalToken, reference),
            CredentialSettings::AccessToken(reference) => (Kind::AccessToken, reference),
            CredentialSettings::Basic { username, secret } => (Kind::Basic(username.clone()), secret),
        };
        if let (SecretRef::User(template), false) = (reference, settings.server.transport == Transport::Stdio)
        {
            let make = move |secret: &Secret| kind.made_of(secret);
            let secrets = parts.secrets.of_users_at_start(template.clone(), make).await;
            let secrets = Arc::new(secrets.map_err(secret_failure)?);
            let help = settings.vault.as_ref().and_then(|vault| vault.help_url.clone());
            return Ok(Operator::Users(Arc::new(Stored { secrets, product, help })));
        }
        if let Some(place) = os_user::in_vault(reference)? {
            let make = move |secret: &Secret| kind.made_of(secret);
            let (watched, whose) = if matches!(reference, SecretRef::User(_)) {
                let help = settings.vault.as_ref().and_then(|vault| vault.help_url.clone());
                (parts.secrets.watch_own(&name, &place, make).await, Whose::User { help })
            } else {
                (parts.secrets.watch(&name, &place, make).await, Whose::Operator)
            };
            let watched = watched.map_err(secret_failure)?;
            return Ok(Operator::Credential(Arc::new(Kept { watched, product, whose })));
        }
        let secrets = Arc::clone(&parts.secrets);
        let site = (product, instance.clone());
        let source =
            Referenced { kind, reference: reference.clone(), secrets, site, audit: self.audit.clone() };
        let credential = source.read().await.map_err(secret_failure)?.map_err(|problem| {
            Failure::configuration(format!("{}: the credential {problem}", product.title()))
        })?;
        let current = Arc::new(RwLock::new(credential));
        Ok(Operator::Credential(Arc::new(Held { source: Arc::new(source), current })))
    }

    async fn session(
        &mut self,
        app: &OAuthApp,
        (site, from): (&str, &ProductSettings),
        settings: &Settings,
        parts: &Parts,
    ) -> Result<Arc<Session>, Failure> {
        let endpoints = match (from.deployment, &from.url) {
            (Deployment::DataCenter, Some(base)) => Some(Endpoints::data_center(base)),
            _ => Endpoints::cloud(),
        };
        let endpoints = endpoints.ok_or_else(|| Failure::failed("there is no authorization server"))?;
        let key = (app.client_id.clone(), endpoints.token.clone());
        if let Some(session) = self.apps.get(&key) {
            return Ok(Arc::clone(session));
        }
        let directory = settings.oauth.token_directory.clone().ok_or_else(|| {
            Failure::configuration("there is no place for OAuth tokens: set HOME, or oauth.token_directory")
        })?;
        let store = TokenStore::new(directory, &app.client_id, true).map_err(Failure::configuration)?;
        let certificate = connect::client_certificate(from.reach.client_certificate.as_ref(), parts).await?;
        let is_cloud = endpoints.is_cloud();
        let client = connect::authority_client(&from.reach, &settings.network, is_cloud, certificate).await?;
        let name = format!("{site} oauth app");
        let client_secret = parts.secrets.current(&name, &app.client_secret, |secret| Ok(secret.clone()));
        let client_secret = client_secret.await.map_err(secret_failure)?;
        let base_url = from.url.as_ref().filter(|_| !is_cloud).map(ToString::to_string);
        let client_id = app.client_id.clone();
        let known = App { client_id, client_secret, token: endpoints.token, base_url };
        let session = Arc::new(Session::new(known, Authority::new(client), store));
        self.apps.insert(key, Arc::clone(&session));
        Ok(session)
    }
}

/// What kind of credential a secret is the secret of.
enum Kind {
    PersonalToken,
    AccessToken,
    Basic(String),
}

impl Kind {
    /// The credential, or what is wrong with the secret.
    fn made_of(&self, secret: &Secret) -> Result<Credential, String> {
        let trimmed = || Secret::new(secret.expose().trim());
        let credential = match self {
            Self::PersonalToken => Credential::personal_token(trimmed()),
            Self::AccessToken => Credential::oauth(trimmed()),
            Self::Basic(username) => Credential::basic(username.clone(), secret.clone()),
        };
        sendable(credential)
    }
}

/// A user name and its secret that were lent together.
fn basic(username: &Secret, secret: &Secret) -> Result<Credential, String> {
    sendable(Credential::basic(username.expose().trim(), secret.clone()))
}

fn sendable(credential: Credential) -> Result<Credential, String> {
    if credential.is_sendable() {
        Ok(credential)
    } else {
        Err("holds characters that cannot be sent, such as a line break".to_owned())
    }
}

/// A credential whose secret is referred to.
struct Referenced {
    kind: Kind,
    reference: SecretRef,
    secrets: Arc<Secrets>,
    site: (Product, InstanceName),
    audit: Audit,
}

impl Referenced {
    async fn read(&self) -> Result<Result<Credential, String>, SecretError> {
        Ok(self.kind.made_of(&self.secrets.resolve(&self.reference).await?))
    }
}

/// A credential that is watched where it lies.
#[derive(Clone)]
struct Kept {
    watched: Arc<Watched<Credential>>,
    product: Product,
    whose: Whose,
}

/// Whose credential it is, which is told to who misses it.
#[derive(Clone)]
enum Whose {
    /// The operator's.
    Operator,
    /// Of whoever runs the server; with where they find out how to store one.
    User { help: Option<Url> },
}

impl Whose {
    fn text(&self, error: &VaultError, product: Product) -> String {
        match self {
            Self::Operator => error.caller_text(product.title()),
            Self::User { help } => error.user_text(product.title(), help.as_ref()),
        }
    }
}

impl CredentialSource for Kept {
    fn current(&self) -> BoxFuture<'_, Result<Credential, CredentialError>> {
        Box::pin(async {
            let told = |error: VaultError| CredentialError {
                text: self.whose.text(&error, self.product),
                detail: error.to_string(),
            };
            let version = self.watched.get().map_err(told)?;
            Ok(version.value.clone().renewed_by(Arc::new(self.clone())))
        })
    }
}

impl Renew for Kept {
    fn renew<'a>(&'a self, refused: &'a Credential) -> BoxFuture<'a, Option<Credential>> {
        Box::pin(async {
            let current = self.watched.get().ok()?;
            if !current.value.sends_as(refused) {
                return Some(current.value.clone());
            }
            let newer = self.watched.rejected(current.number).await?;
            Some(newer.value.clone())
        })
    }
}

impl Referenced {
    /// Writes down that the credential is another one from here on. One that is not written down is not used.
    async fn rotated(&self, newer: &Credential) -> bool {
        let (product, instance) = &self.site;
        let event = Event::secret_rotated(*product, instance, newer.method());
        let written = self.audit.event(event).await;
        if let Err(error) = &written {
            tracing::warn!(%error, "a newer credential is not used: it could not be written down");
        }
        written.is_ok()
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
                Ok(Ok(newer)) if !newer.sends_as(refused) => {
                    if !self.source.rotated(&newer).await {
                        return None;
                    }
                    *current = newer.clone();
                    Some(newer)
                }
                Ok(Ok(_)) => None,
                Ok(Err(problem)) => {
                    tracing::warn!(
                        "a credential was refused, and what is there now cannot be used: it {problem}"
                    );
                    None
                }
                Err(error) => {
                    tracing::warn!(%error, "a credential was refused, and it cannot be read again");
                    None
                }
            }
        })
    }
}
