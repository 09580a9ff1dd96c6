//! Vault and OpenBao: log in, stay logged in, read secrets of the KV engines, and see when they change.
//!
//! `wire` and `transport` carry questions, `connection` says what answers mean, `session` and `login` hold the
//! token, `kv` looks at secrets, `leases` has what is lent, `held` has the rules for one that is held, `watched` and `users` hold them.

mod answers;
mod backoff;
mod connection;
mod doctor;
mod engine;
mod error;
mod held;
mod kv;
mod leases;
mod login;
mod pki;
mod session;
#[cfg(test)]
pub(crate) mod tests;
mod transit;
mod transport;
mod users;
mod watched;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::task::AbortHandle;

pub(crate) use backoff::Backoff;
pub(crate) use backoff::renewal;
pub use doctor::Finding;
pub use doctor::Health;
pub use engine::EngineRef;
pub use error::Class;
pub use error::VaultError;
pub use held::Version;
pub use pki::CertificateWish;
pub use pki::Issued;
pub(super) use pki::sign;
pub use transit::TransitKey;
pub use users::UserSecrets;
pub use users::UserSettings;
pub(in crate::secrets) use watched::First;
pub(in crate::secrets) use watched::Make;
pub use watched::Watched;

use super::Secret;
use super::SecretError;
use super::SecretRef;
use super::Source;
use super::VaultLogin;
use super::VaultRef;
use super::VaultSettings;
use super::WatchSettings;
use super::observer::Teller;
use super::resolver::Local;
use connection::Connection;
use held::Trust;
use kv::Found;
use kv::Look;
use kv::Mark;
use kv::Mounts;
use session::Session;
use transport::Transport;
use wire::Wire;

/// A Vault that secrets are read from.
#[derive(Debug)]
pub struct Vault {
    session: Arc<Session>,
    mounts: Mounts,
    watch: WatchSettings,
    timeout: Duration,
    teller: Teller,
    tasks: std::sync::Mutex<Vec<AbortHandle>>,
}

impl Vault {
    /// Prepares the connection; asks nothing yet.
    pub(super) fn new(
        settings: VaultSettings,
        local: Arc<Local>,
        teller: Teller,
    ) -> Result<Self, VaultError> {
        let wire = Arc::new(Transport::new(&settings)?);
        Self::over(wire, settings, local, teller)
    }

    /// The same over any wire.
    fn over(
        wire: Arc<dyn Wire>,
        settings: VaultSettings,
        local: Arc<Local>,
        teller: Teller,
    ) -> Result<Self, VaultError> {
        let trimmed = |address: &url::Url| address.as_str().trim_end_matches('/').to_owned();
        let addresses: Vec<String> = settings.addresses.iter().map(trimmed).collect();
        if addresses.is_empty() {
            let problem = "is not set".to_owned();
            return Err(VaultError::Settings { setting: "vault.address", problem });
        }
        let timeout = Duration::from_secs(settings.timeout_seconds);
        let connection = Connection::new(addresses, wire, timeout, teller.clone());
        let session = Arc::new(Session::new(connection, settings.login, local, teller.clone()));
        let (mounts, tasks) = (Mounts::new(settings.watch.grace)?, std::sync::Mutex::default());
        Ok(Self { session, mounts, watch: settings.watch, timeout, teller, tasks })
    }

    /// Reads the secret as it is now.
    pub async fn read(&self, reference: &VaultRef) -> Result<Secret, VaultError> {
        first(self.look(reference, None).await?.found)
    }

    /// Reads a secret that nothing can begin without.
    pub(super) async fn read_at_start(&self, reference: &VaultRef) -> Result<Secret, VaultError> {
        self.at_start(reference, || Box::pin(self.read_for_good(reference))).await
    }

    /// Asks for something that nothing can begin without. A Vault that does not answer is waited for, unless the settings
    /// want such a start to fail.
    pub(super) async fn at_start<'a, T>(
        &self,
        what: &(dyn std::fmt::Display + Sync),
        ask: impl Fn() -> BoxFuture<'a, Result<T, VaultError>>,
    ) -> Result<T, VaultError> {
        let mut backoff = Backoff::default();
        loop {
            match ask().await {
                Err(error) if error.is_temporary() && !self.watch.must_start => {
                    tracing::warn!(%error, "the start waits for `{what}`; it is tried again");
                    tokio::time::sleep(backoff.wait(error.retry_after())).await;
                }
                answer => return answer,
            }
        }
    }

    /// Logs in where nothing is read at the start, so that a login that is refused ends it. One that gets no answer is tried
    /// again when somebody needs it, unless the settings want such a start to fail.
    pub(super) async fn begin(&self) -> Result<(), VaultError> {
        match self.session.life().await {
            Err(error) if error.is_temporary() && !self.watch.must_start => {
                tracing::warn!(%error, "Vault is asked again when somebody calls");
                Ok(())
            }
            begun => begun.map(drop),
        }
    }

    /// What is lent ends before the process does.
    async fn read_for_good(&self, reference: &VaultRef) -> Result<Secret, VaultError> {
        let look = self.look(reference, None).await?;
        match look.found {
            _ if look.until.is_some() => {
                let problem = "it is lent for a time, and this setting is read once".to_owned();
                Err(VaultError::Unusable { reference: reference.to_string(), problem })
            }
            found => first(found),
        }
    }

    async fn look(&self, reference: &VaultRef, known: Option<Mark>) -> Result<Look, VaultError> {
        self.mounts.look(&self.session, reference, known).await
    }

    /// Keeps the token alive from now on. Asks nothing until somebody has logged in.
    pub(super) fn stay(&self) {
        let mut tasks = self.tasks.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if !tasks.is_empty() {
            return;
        }
        let session = Arc::downgrade(&self.session);
        tasks.push(tokio::spawn(session::keep(session.clone())).abort_handle());
        if let VaultLogin::TokenFile(file) = self.session.way() {
            tasks.push(tokio::spawn(session::follow(session, file.clone())).abort_handle());
        }
    }

    /// Says goodbye: what is lent and the token are given back.
    pub(super) async fn end(&self) {
        self.rest();
        self.mounts.end(&self.session).await;
        self.session.end().await;
    }

    fn rest(&self) {
        let mut tasks = self.tasks.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        tasks.drain(..).for_each(|task| task.abort());
    }

    /// When this must be looked at at the latest, where it is lent.
    fn due(&self, reference: &VaultRef) -> Option<tokio::time::Instant> {
        self.mounts.due(&self.session, reference)
    }

    /// Tells of the logins from now on.
    fn logins(&self) -> tokio::sync::watch::Receiver<u64> {
        self.session.logins()
    }

    fn trust(&self, until: Option<tokio::time::Instant>) -> Trust {
        // The longest wait between two looks, and as long as one may take: a login and three questions.
        let looks_within = self.watch.interval.mul_f64(1.2) + self.timeout * 4;
        Trust { looks_within, max_stale: self.watch.max_stale, until }
    }
}

fn first(found: Found) -> Result<Secret, VaultError> {
    match found {
        Found::Other(_, values) => values.into_iter().next().ok_or(VaultError::NotYet),
        Found::Same => Err(VaultError::NotYet),
    }
}

impl Drop for Vault {
    fn drop(&mut self) {
        self.rest();
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
