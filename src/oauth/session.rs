//! The current access token of an app, renewed before it expires: once for all tasks, and once for all processes.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

use super::store::StoreError;
use super::store::TokenStore;
use super::tokens::Tokens;
use crate::net::Authority;
use crate::net::AuthorityError;
use crate::net::Credential;
use crate::net::CredentialError;
use crate::net::CredentialSource;
use crate::net::Renew;
use crate::secrets::Class;
use crate::secrets::Current;
use crate::secrets::Secret;
use crate::secrets::VaultError;
use crate::secrets::Version;

/// How often a token is renewed because it was refused: once in this time.
const OFTEN: Duration = Duration::from_mins(1);

/// How long a failed renewal stands for those who ask meanwhile.
const PAUSE: Duration = Duration::from_secs(5);

/// An OAuth app, as its token endpoint knows it.
#[derive(Debug, Clone)]
pub struct App {
    /// Its client id.
    pub client_id: String,
    /// Its secret, taken anew for each renewal.
    pub client_secret: Current<Secret>,
    /// Where refresh tokens become access tokens.
    pub token: Url,
    /// The Data Center it is an app of; none for Cloud.
    pub base_url: Option<String>,
}

/// Why there is no access token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OAuthError {
    /// Nobody has logged in yet.
    #[error("OAuth is not set up: there are no tokens for this app; run `portcullis oauth setup`")]
    NotSetUp,
    /// It expired, and there is nothing to renew it with.
    #[error(
        "the OAuth token has expired and cannot be renewed; run `portcullis oauth setup` with `offline_access` in the scope"
    )]
    Expired,
    /// The refresh token is no longer good.
    #[error("Atlassian no longer takes the OAuth refresh token; run `portcullis oauth setup` again")]
    Revoked,
    /// The authorization server gave nothing.
    #[error("the OAuth token could not be renewed: {0}")]
    Authority(#[from] AuthorityError),
    /// The secret of the app is not to be had.
    #[error("the OAuth token could not be renewed, because the secret of the app is not to be had: {0}")]
    ClientSecret(VaultError),
    /// The answer holds no token.
    #[error("the OAuth token could not be renewed: the authorization server sent no token")]
    NoToken,
    /// The tokens cannot be read or kept.
    #[error("{0}")]
    Store(#[from] StoreError),
}

/// Seconds since 1970.
pub(super) type Clock = Arc<dyn Fn() -> f64 + Send + Sync>;

/// The tokens of one app, for everybody in this process.
pub struct Session {
    app: App,
    authority: Authority,
    store: TokenStore,
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    tokens: Option<Tokens>,
    failed: Option<(Instant, OAuthError)>,
    /// When a token was renewed last because it had been refused.
    refused: Option<Instant>,
    /// When it was last tried in vain to store the tokens.
    unsaved: Option<Instant>,
}

impl Session {
    /// A session over the stored tokens of an app. Reads and asks nothing yet.
    pub fn new(app: App, authority: Authority, store: TokenStore) -> Self {
        Self::with_clock(app, authority, store, Arc::new(now))
    }

    pub(super) fn with_clock(app: App, authority: Authority, store: TokenStore, clock: Clock) -> Self {
        Self { app, authority, store, clock, state: Mutex::default() }
    }

    /// The access token as it is now; renewed if it expires within five minutes.
    pub async fn credential(self: &Arc<Self>) -> Result<Credential, OAuthError> {
        if let State { tokens: Some(tokens), unsaved, .. } = &*self.state.lock().await
            && !tokens.is_due((self.clock)())
            && unsaved.is_none_or(|since| since.elapsed() < PAUSE)
        {
            return Ok(Credential::oauth(tokens.access.clone()));
        }
        // A refresh token is good once: a caller who leaves half-way must not take the new one with them.
        let session = Arc::clone(self);
        tokio::spawn(async move { session.current().await }).await.unwrap_or(Err(OAuthError::NoToken))
    }

    async fn current(&self) -> Result<Credential, OAuthError> {
        let mut state = self.state.lock().await;
        if state.tokens.is_none() {
            state.tokens = self.load().await?;
        }
        let tokens = state.tokens.as_ref().ok_or(OAuthError::NotSetUp)?;
        if tokens.is_due((self.clock)()) {
            self.renew_in_time(&mut state).await?;
        }
        let tokens = state.tokens.as_ref().ok_or(OAuthError::NotSetUp)?;
        let credential = Credential::oauth(tokens.access.clone());
        if state.unsaved.is_some_and(|since| since.elapsed() >= PAUSE) {
            self.save_again(&mut state).await;
        }
        Ok(credential)
    }

    /// Stores tokens that could not be stored when they came, unless somebody has stored newer ones meanwhile.
    async fn save_again(&self, state: &mut State) {
        let Some(tokens) = &state.tokens else { return };
        let saved = async {
            let _lock = self.store.lock().await?;
            let stored = self.store.load().await.ok().flatten();
            if stored.is_some_and(|stored| stored.expires_at >= tokens.expires_at) {
                return Ok(());
            }
            self.store.save(tokens).await
        };
        state.unsaved = saved.await.err().map(|error: StoreError| {
            tracing::error!(%error, "OAuth tokens still cannot be stored; they are lost when this process ends");
            Instant::now()
        });
    }

    /// The stored tokens, if they are of this app's own server: another Data Center must not see them.
    async fn load(&self) -> Result<Option<Tokens>, OAuthError> {
        let tokens = self.store.load().await?;
        let trimmed = |base: &str| base.trim_end_matches('/').to_owned();
        let is_ours = |tokens: &Tokens| match (&self.app.base_url, &tokens.base_url) {
            (Some(ours), Some(theirs)) => trimmed(ours) == trimmed(theirs),
            (None, Some(_)) => false,
            (_, None) => true,
        };
        Ok(tokens.filter(is_ours))
    }

    /// Renews; goes on with what there is while it is good and the fault may pass.
    async fn renew_in_time(&self, state: &mut State) -> Result<(), OAuthError> {
        let Some(tokens) = state.tokens.clone() else { return Err(OAuthError::NotSetUp) };
        let still_good = tokens.is_good((self.clock)());
        if tokens.refresh.is_none() && still_good {
            return Ok(());
        }
        if tokens.refresh.is_none() {
            // Somebody may have logged in again meanwhile.
            let stored = self.load().await?;
            let good = |stored: &Tokens| stored.is_good((self.clock)());
            state.tokens = Some(stored.filter(good).ok_or(OAuthError::Expired)?);
            return Ok(());
        }
        match self.renew_now(state, &tokens.access).await {
            Ok(()) => Ok(()),
            Err(error) if still_good && error.is_temporary() => {
                tracing::warn!(%error, "the OAuth token is used on until it expires");
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Renews, unless somebody else has: `old` is the access token to be rid of.
    async fn renew_now(&self, state: &mut State, old: &Secret) -> Result<(), OAuthError> {
        if let Some((since, error)) = &state.failed
            && since.elapsed() < PAUSE
        {
            return Err(error.clone());
        }
        let renewed = self.renew_locked(state.tokens.clone(), old).await;
        match renewed {
            Ok((tokens, saved)) => {
                state.tokens = Some(tokens);
                state.failed = None;
                state.unsaved = (!saved).then(Instant::now);
                Ok(())
            }
            Err(error) => {
                state.failed = Some((Instant::now(), error.clone()));
                Err(error)
            }
        }
    }

    /// The new tokens, and whether they are stored.
    async fn renew_locked(&self, known: Option<Tokens>, old: &Secret) -> Result<(Tokens, bool), OAuthError> {
        let _lock = self.store.lock().await?;
        let now = (self.clock)();
        // Another process may have been here first: its tokens are newer, and our refresh token is no longer good.
        let stored = self.load().await?;
        let is_newer = |stored: &Tokens| stored.access.expose() != old.expose() && !stored.is_due(now);
        if let Some(stored) = stored.clone().filter(is_newer) {
            return Ok((stored, true));
        }
        // What could not be stored is newer than what is.
        let tokens = match (stored, known) {
            (Some(stored), Some(known)) if known.expires_at > stored.expires_at => known,
            (stored, known) => stored.or(known).ok_or(OAuthError::NotSetUp)?,
        };
        let refresh = tokens.refresh.as_ref().ok_or(OAuthError::Expired)?;
        let answer = self.exchange(refresh).await?;
        let renewed = tokens.renewed(&answer, now).ok_or(OAuthError::NoToken)?;
        let saved = self.store.save(&renewed).await;
        if let Err(error) = &saved {
            // The old refresh token is gone: what came must at least stay in memory.
            tracing::error!(%error, "renewed OAuth tokens could not be stored; they are lost when this process ends");
        }
        Ok((renewed, saved.is_ok()))
    }
}

impl Session {
    /// The answer to a refresh token. Where the secret of the app is refused, it is looked whether there is a newer one.
    async fn exchange(&self, refresh: &Secret) -> Result<Value, OAuthError> {
        let shown = self.app.client_secret.get().map_err(OAuthError::ClientSecret)?;
        let error = match self.exchange_with(refresh, &shown).await {
            Err(error) if is_of_client(&error) => error,
            answered => return answered.map_err(refused),
        };
        match self.app.client_secret.rejected(shown.number).await {
            Some(newer) => self.exchange_with(refresh, &newer).await.map_err(refused),
            None => Err(refused(error)),
        }
    }

    async fn exchange_with(
        &self,
        refresh: &Secret,
        client_secret: &Version<Secret>,
    ) -> Result<Value, AuthorityError> {
        let fields = [
            ("grant_type", "refresh_token"),
            ("client_id", self.app.client_id.as_str()),
            ("client_secret", client_secret.value.expose()),
            ("refresh_token", refresh.expose()),
        ];
        self.authority.form(&self.app.token, &fields).await
    }
}

/// Whether it is the app that was not believed. Such an answer uses up no refresh token.
fn is_of_client(error: &AuthorityError) -> bool {
    match error {
        AuthorityError::Refused { status, error, .. } => {
            error == "invalid_client" || *status == 401 && error != "invalid_grant"
        }
        _ => false,
    }
}

fn refused(error: AuthorityError) -> OAuthError {
    match &error {
        AuthorityError::Refused { error: code, .. } if code == "invalid_grant" => OAuthError::Revoked,
        AuthorityError::Refused { status: 403, error: code, .. } if code == "unauthorized_client" => {
            OAuthError::Revoked
        }
        _ => OAuthError::Authority(error),
    }
}

impl OAuthError {
    fn is_temporary(&self) -> bool {
        match self {
            Self::Authority(error) => error.is_temporary(),
            Self::ClientSecret(error) => error.class() != Class::Withdrawn,
            Self::NoToken | Self::Store(_) => true,
            Self::NotSetUp | Self::Expired | Self::Revoked => false,
        }
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Session").field("client_id", &self.app.client_id).finish_non_exhaustive()
    }
}

/// A session that several products share, as the source of their credential.
#[derive(Clone)]
struct Shared(Arc<Session>);

impl Session {
    /// As the source of a credential.
    pub fn source(self: &Arc<Self>) -> impl CredentialSource + 'static {
        Shared(Arc::clone(self))
    }
}

impl CredentialSource for Shared {
    fn current(&self) -> BoxFuture<'_, Result<Credential, CredentialError>> {
        Box::pin(async {
            let credential = self
                .0
                .credential()
                .await
                .map_err(|error| CredentialError { text: told(&error), detail: error.to_string() })?;
            Ok(credential.renewed_by(Arc::new(self.clone())))
        })
    }
}

impl Renew for Shared {
    /// After a 401: the current token if it is another one by now, else a new one.
    fn renew<'a>(&'a self, refused: &'a Credential) -> BoxFuture<'a, Option<Credential>> {
        Box::pin(async {
            let (session, refused) = (Arc::clone(&self.0), refused.clone());
            // As above: who leaves does not take the new token along.
            let renewing = tokio::spawn(async move { session.renew_refused(&refused).await });
            renewing.await.unwrap_or(None)
        })
    }
}

impl Session {
    async fn renew_refused(&self, refused: &Credential) -> Option<Credential> {
        let mut state = self.state.lock().await;
        let current = state.tokens.as_ref().map(|tokens| Credential::oauth(tokens.access.clone()));
        if let Some(current) = current.filter(|current| !current.sends_as(refused)) {
            return Some(current);
        }
        // A token that is refused again and again lacks something else, such as a scope.
        if state.refused.is_some_and(|since| since.elapsed() < OFTEN) {
            return None;
        }
        let old = refused.token()?.clone();
        state.refused = Some(Instant::now());
        match self.renew_now(&mut state, &old).await {
            Ok(()) => state.tokens.as_ref().map(|tokens| Credential::oauth(tokens.access.clone())),
            Err(error) => {
                tracing::warn!(%error, "Atlassian refused the OAuth token, and it could not be renewed");
                None
            }
        }
    }
}

/// What a caller may know: what to do, without hosts and paths.
fn told(error: &OAuthError) -> String {
    match error {
        OAuthError::Authority(_) | OAuthError::Store(_) | OAuthError::NoToken => {
            "the OAuth token could not be renewed; try again later, the administrator's log has the cause"
                .to_owned()
        }
        OAuthError::ClientSecret(error) => error.caller_text("OAuth"),
        OAuthError::NotSetUp | OAuthError::Expired | OAuthError::Revoked => {
            format!("{error} (an administrator's task)")
        }
    }
}

fn now() -> f64 {
    jiff::Timestamp::now().as_duration().as_secs_f64()
}
