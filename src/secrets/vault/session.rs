//! The token in use: one login for all readers, renewed at two thirds of its life, and a new one before it ends.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Weak;
use std::time::Duration;
use std::time::SystemTime;

use http::StatusCode;
use tokio::sync::Mutex;
use tokio::sync::Notify;
use tokio::sync::watch;
use tokio::time::Instant;
use vaultrs::api::token::requests::RenewTokenSelfRequest;
use vaultrs::api::token::requests::RevokeTokenSelfRequest;

use super::VaultError;
use super::answers;
use super::answers::Granted;
use super::backoff;
use super::backoff::Backoff;
use super::connection::Connection;
use super::login::Login;
use super::wire::Answer;
use super::wire::Question;
use crate::secrets::Notice;
use crate::secrets::Secret;
use crate::secrets::VaultLogin;
use crate::secrets::observer::Teller;
use crate::secrets::resolver::Local;

/// How long a failed login stands for those who want one meanwhile.
const PAUSE: Duration = Duration::from_secs(1);

/// How often the file of a token is looked at.
const FILE_PERIOD: Duration = Duration::from_secs(1);

/// How long the last goodbye may take.
const GOODBYE: Duration = Duration::from_secs(2);

/// The login in use.
#[derive(Debug)]
pub(super) struct Session {
    connection: Connection,
    login: Login,
    /// Where what logs in is; asked again at every login, so that it may rotate.
    local: Arc<Local>,
    state: Mutex<State>,
    /// Another token came into use.
    changed: Notify,
    /// How many logins there were; whoever holds what ends with its token waits for the next.
    logins: watch::Sender<u64>,
    teller: Teller,
}

#[derive(Debug, Default)]
struct State {
    token: Option<Token>,
    /// How many logins there were.
    number: u64,
    failed: Option<(Instant, VaultError)>,
}

/// A token and how long it is good for.
#[derive(Debug, Clone)]
struct Token {
    secret: Secret,
    /// Which login this was; tells a reader with a dead token whether another has logged in since.
    number: u64,
    /// How long it was good for at first; zero is for ever.
    first: Duration,
    /// How long it is good for now, and since when.
    ttl: Duration,
    since: Instant,
    renewable: bool,
}

impl Session {
    pub(super) fn new(connection: Connection, login: VaultLogin, local: Arc<Local>, teller: Teller) -> Self {
        let (state, changed, logins) = (Mutex::default(), Notify::new(), watch::Sender::new(0));
        Self { connection, login: Login::new(login), local, state, changed, logins, teller }
    }

    /// The configured way to log in.
    pub(super) fn way(&self) -> &VaultLogin {
        self.login.way()
    }

    /// Asks with the token in use. A 403 may mean that the token is gone, so it is answered by exactly one new login; a
    /// second 403 is policy.
    pub(super) async fn ask(&self, question: &Question) -> Result<Answer, VaultError> {
        Ok(self.ask_as(question).await?.0)
    }

    /// The same, with the number of the login that asked.
    pub(super) async fn ask_as(&self, question: &Question) -> Result<(Answer, u64), VaultError> {
        let token = self.token(None).await?;
        let answer = self.connection.ask(question, Some(&token.secret)).await?;
        if answer.status != StatusCode::FORBIDDEN {
            return Ok((answer, token.number));
        }
        let token = self.token(Some(token.number)).await?;
        Ok((self.connection.ask(question, Some(&token.secret)).await?, token.number))
    }

    /// How many logins there were.
    pub(super) fn number(&self) -> u64 {
        *self.logins.borrow()
    }

    /// Tells of the logins from now on.
    pub(super) fn logins(&self) -> watch::Receiver<u64> {
        self.logins.subscribe()
    }

    /// How long the token in use is good for, zero for ever, and whether it can be renewed.
    pub(super) async fn life(&self) -> Result<(Duration, bool), VaultError> {
        let token = self.token(None).await?;
        Ok((token.ttl, token.renewable))
    }

    /// The token in use; a new one if there is none, or if it is the one that was refused.
    async fn token(&self, refused: Option<u64>) -> Result<Token, VaultError> {
        let mut state = self.state.lock().await;
        if let Some(token) = &state.token
            && refused.is_none_or(|refused| refused != token.number)
        {
            return Ok(token.clone());
        }
        // Those who waited while a login failed do not try one after the other.
        if let Some((since, error)) = &state.failed
            && since.elapsed() < PAUSE
        {
            return Err(error.clone());
        }
        self.log_in(&mut state).await
    }

    async fn log_in(&self, state: &mut State) -> Result<Token, VaultError> {
        let granted = self.login.log_in(&self.connection, &self.local).await;
        self.teller.tell(Notice::Login { accepted: granted.is_ok() });
        let (granted, secret) = match granted {
            Ok(Granted { token: Some(secret), ttl, renewable, .. }) => ((ttl, renewable), secret),
            Ok(_) => return Err(VaultError::NotYet),
            Err(error) => {
                if matches!(error, VaultError::Intercepted { .. }) {
                    self.teller.tell(Notice::Suspicious(&error));
                }
                state.failed = Some((Instant::now(), error.clone()));
                return Err(error);
            }
        };
        let (ttl, renewable) = granted;
        state.number += 1;
        let (number, since) = (state.number, Instant::now());
        let token = Token { secret, number, first: ttl, ttl, since, renewable };
        (state.token, state.failed) = (Some(token.clone()), None);
        // Who keeps the token alive is the only one that waits.
        self.changed.notify_one();
        self.logins.send_replace(number);
        self.tell_expiry(ttl);
        Ok(token)
    }

    fn tell_expiry(&self, ttl: Duration) {
        self.teller.tell(Notice::Expires((!ttl.is_zero()).then_some(ttl)));
    }

    /// Gives the token back, if it is our own.
    pub(super) async fn end(&self) {
        let Some(token) = self.state.lock().await.token.take() else { return };
        if !self.login.way().is_own() {
            return;
        }
        let Ok(question) = Question::to("revoke", &RevokeTokenSelfRequest {}) else { return };
        let revoked =
            tokio::time::timeout(GOODBYE, self.connection.ask(&question, Some(&token.secret))).await;
        if !matches!(revoked, Ok(Ok(ref answer)) if answer.status.is_success()) {
            tracing::warn!("the Vault token could not be revoked; it expires by itself");
        }
    }

    /// Makes the token last: once for the time it is good for now.
    async fn prolong(&self, token: &Token) -> Result<(), VaultError> {
        if token.renewable && token.since.elapsed() < token.ttl && self.login.way().is_renewed_by_us() {
            let question = Question::to("renew", &RenewTokenSelfRequest { increment: None })?;
            let answer = self.connection.ask(&question, Some(&token.secret)).await?;
            let granted = answer.status.is_success().then(|| answers::renewal(&answer.body)).transpose()?;
            // Whoever gives less and less is about to give nothing.
            let enough = granted.filter(|granted| granted.ttl >= token.first / 2 || granted.ttl.is_zero());
            self.teller.tell(Notice::Renewal { accepted: enough.is_some() });
            if let Some(granted) = enough {
                self.renewed(token.number, &granted).await;
                return Ok(());
            }
        }
        let mut state = self.state.lock().await;
        // Meanwhile somebody with a refused token may have logged in.
        if state.token.as_ref().is_some_and(|current| current.number != token.number) {
            return Ok(());
        }
        self.log_in(&mut state).await.map(drop)
    }

    async fn renewed(&self, number: u64, granted: &Granted) {
        let mut state = self.state.lock().await;
        if let Some(token) = state.token.as_mut().filter(|token| token.number == number) {
            (token.ttl, token.since, token.renewable) = (granted.ttl, Instant::now(), granted.renewable);
            self.tell_expiry(granted.ttl);
        }
    }

    async fn current(&self) -> Option<Token> {
        self.state.lock().await.token.clone()
    }

    /// Reads the token anew, because its file changed.
    async fn adopt(&self) {
        let mut state = self.state.lock().await;
        if let Err(error) = self.log_in(&mut state).await {
            tracing::warn!(%error, "the new token in vault.token_file is not taken");
        }
    }
}

impl VaultLogin {
    /// Who keeps a token in a file renews it as well.
    fn is_renewed_by_us(&self) -> bool {
        !matches!(self, Self::TokenFile(_))
    }
}

/// Keeps the token of a session alive, as long as somebody holds the session.
pub(super) async fn keep(session: Weak<Session>) {
    loop {
        let Some(held) = session.upgrade() else { return };
        let (token, changed) = (held.current().await, held.changed.notified());
        let due = match &token {
            // Nobody has logged in yet, or the token never expires.
            None => None,
            Some(token) if token.ttl.is_zero() => None,
            Some(token) => Some(token.since + backoff::renewal(token.ttl)),
        };
        let Some((token, due)) = token.zip(due) else {
            // Looked at now and then as well: the session must not be held for ever by who waits for it.
            let _ = tokio::time::timeout(Duration::from_secs(5), changed).await;
            continue;
        };
        let other = tokio::time::timeout_at(due.min(Instant::now() + Duration::from_mins(1)), changed).await;
        if other.is_ok() || Instant::now() < due {
            continue;
        }
        insist(&held, token).await;
    }
}

/// Prolongs until that succeeds, or another token is in use.
async fn insist(session: &Session, mut token: Token) {
    let mut backoff = Backoff::default();
    while let Err(error) = session.prolong(&token).await {
        tracing::warn!(%error, "the Vault token could not be renewed; it is tried again");
        tokio::time::sleep(backoff.wait(error.retry_after())).await;
        match session.current().await {
            Some(current) if current.number == token.number => token = current,
            _ => return,
        }
    }
}

/// Takes another token when its file changes, as long as somebody holds the session.
pub(super) async fn follow(session: Weak<Session>, file: PathBuf) {
    let mut seen = stamp(&file).await;
    loop {
        tokio::time::sleep(FILE_PERIOD).await;
        let now = stamp(&file).await;
        if now == seen || now.is_none() {
            continue;
        }
        seen = now;
        let Some(session) = session.upgrade() else { return };
        session.adopt().await;
    }
}

/// What tells that a file is another one.
async fn stamp(file: &PathBuf) -> Option<(SystemTime, u64)> {
    let metadata = tokio::fs::metadata(file).await.ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}
