//! What happens with Vault: counted at once, written down as soon as there is an audit log.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::Failure;
use crate::audit::Audit;
use crate::audit::Event;
use crate::call::Gate;
use crate::config::Settings;
use crate::secrets::Notice;
use crate::secrets::Observer;
use crate::secrets::SecretEvent;
use crate::secrets::Secrets;
use crate::telemetry::Metrics;
use crate::telemetry::SecretHealth;
use crate::telemetry::VaultMetrics;

/// Events that may wait to be written. There are few: one for each change, not for each request.
const WAITING: usize = 256;

/// What was told and is to be written down.
#[derive(Debug, Clone, Default)]
pub(super) struct Told(Arc<Mutex<Option<mpsc::Receiver<Event>>>>);

/// Ends the writing when it is dropped.
#[derive(Debug)]
pub(super) struct Writing(Option<AbortHandle>);

#[derive(Debug)]
struct Counted {
    metrics: VaultMetrics,
    events: mpsc::Sender<Event>,
}

/// Counts what happens with Vault from now on, where there is one.
pub(super) fn observe(
    settings: &Settings,
    secrets: &Arc<Secrets>,
    metrics: &Metrics,
) -> Result<Told, Failure> {
    if settings.vault.is_none() {
        return Ok(Told::default());
    }
    let (events, told) = mpsc::channel(WAITING);
    let counting = Arc::clone(secrets);
    let metrics = metrics.vault(move || counting.take_stale()).map_err(Failure::failed)?;
    secrets.tell_to(Arc::new(Counted { metrics, events }));
    Ok(Told(Arc::new(Mutex::new(Some(told)))))
}

/// Says which credentials are not there, for the readiness of this server. The listener is the operator's own.
pub(super) fn closed(secrets: &Arc<Secrets>) -> impl Fn() -> Vec<String> + Send + Sync + 'static {
    let secrets = Arc::clone(secrets);
    move || secrets.closed().into_iter().map(|(name, error)| format!("{name}: {error}")).collect()
}

impl Told {
    /// Writes into the audit log what was told and what will be.
    pub(super) fn write_down(&self, gate: &Arc<Gate>) -> Writing {
        let Some(mut told) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take() else {
            return Writing(None);
        };
        let gate = Arc::clone(gate);
        let task = tokio::spawn(async move {
            while let Some(event) = told.recv().await {
                write(&gate.audit, event).await;
            }
        });
        Writing(Some(task.abort_handle()))
    }

    /// Writes what was told so far, because the start has failed.
    pub(super) async fn write_last(&self, audit: &Audit) {
        let told = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut told) = told else { return };
        while let Ok(event) = told.try_recv() {
            write(audit, event).await;
        }
    }
}

async fn write(audit: &Audit, event: Event) {
    if let Err(error) = audit.event(event).await {
        tracing::error!(%error, "what happened with Vault is not in the audit log");
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

impl Counted {
    fn write(&self, event: Event) {
        if self.events.try_send(event).is_err() {
            tracing::error!("what happened with Vault is not in the audit log: too much waits to be written");
        }
    }

    fn secret(&self, name: &str, event: SecretEvent<'_>) {
        match event {
            SecretEvent::Confirmed => self.metrics.confirmed(name),
            SecretEvent::Changed { number } => {
                self.metrics.changed(name, number);
                self.write(Event::secret_changed(name, number));
            }
            SecretEvent::Stale(error) => {
                self.metrics.health(name, SecretHealth::Stale);
                self.write(Event::secret_stale(name, &error.to_string()));
            }
            SecretEvent::Refused(error) => {
                self.metrics.health(name, SecretHealth::Stale);
                self.write(Event::secret_refused(name, &error.to_string()));
            }
            SecretEvent::Closed(error) => {
                self.metrics.health(name, SecretHealth::Closed);
                self.write(Event::secret_closed(name, &error.to_string()));
            }
        }
        log(name, event);
    }
}

fn log(name: &str, event: SecretEvent<'_>) {
    match event {
        SecretEvent::Confirmed | SecretEvent::Changed { .. } => {
            tracing::debug!(secret = name, "Vault vouches for the secret");
        }
        SecretEvent::Stale(error) | SecretEvent::Refused(error) => {
            tracing::warn!(secret = name, %error, "the last good version goes on for now");
        }
        SecretEvent::Closed(error) => {
            tracing::error!(secret = name, %error, "the secret is not used any more");
        }
    }
}

impl Observer for Counted {
    fn notice(&self, notice: Notice<'_>) {
        match notice {
            Notice::Asked { operation, class, elapsed } => self.metrics.asked(operation, class, elapsed),
            Notice::Up(is_up) => self.metrics.up(is_up),
            Notice::Login { accepted } => self.metrics.login(accepted),
            Notice::Renewal { accepted } => self.metrics.renewal(accepted),
            Notice::Expires(within) => self.metrics.expires(within),
            Notice::Secret { name, event } => self.secret(name, event),
            Notice::Suspicious(error) => {
                self.metrics.suspicious();
                tracing::error!(%error, "this may be an attack");
                self.write(Event::vault_suspicious(&error.to_string()));
            }
        }
    }
}
