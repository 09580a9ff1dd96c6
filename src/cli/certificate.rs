//! The certificate of the listener: read from files, or signed by Vault; and another one before it ends.

use std::sync::Arc;
use std::time::Duration;

use rcgen::CertificateParams;
use rcgen::DistinguishedName;
use rcgen::DnType;
use rcgen::KeyPair;
use tokio::time::MissedTickBehavior;
use tokio_util::task::AbortOnDropHandle;

use super::Failure;
use super::assemble::Parts;
use super::assemble::secret_failure;
use super::authorities;
use super::check::Untried;
use crate::audit::Event;
use crate::call::Gate;
use crate::config::CertificateSettings;
use crate::config::TlsSettings;
use crate::mcp;
use crate::mcp::Certificate;
use crate::mcp::Shown;
use crate::secrets::CertificateWish;
use crate::secrets::SecretError;
use crate::secrets::Secrets;
use crate::secrets::vault::Backoff;
use crate::secrets::vault::renewal;

/// How often files are looked at.
const PERIOD: Duration = Duration::from_secs(2);

/// TLS for a listener, as long as it is held.
pub(super) struct Tls {
    pub(super) tls: mcp::Tls,
    _keeping: Vec<AbortOnDropHandle<()>>,
}

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("server.tls.certificate `{file}` cannot be read: {error}")]
    Unreadable { file: String, error: std::io::Error },
    #[error("server.tls.key: {0}")]
    Key(SecretError),
    #[error("server.tls.pki_role: {0}")]
    Unsigned(SecretError),
    #[error("the request for a certificate cannot be made: {0}")]
    Request(#[from] rcgen::Error),
    #[error("server.tls: {0}")]
    Useless(#[from] crate::mcp::CertificateError),
}

/// Gets the certificate and whose clients' are taken, and keeps them from then on.
pub(super) async fn serve(
    TlsSettings { certificate: settings, clients }: &TlsSettings,
    gate: &Arc<Gate>,
    parts: &Parts,
) -> Result<Tls, Failure> {
    let secrets = &parts.secrets;
    let first = get(settings, secrets, true).await.map_err(|problem| match problem {
        Problem::Key(error) | Problem::Unsigned(error) => secret_failure(error),
        other => Failure::configuration(other),
    })?;
    tell(gate, settings, &first).await;
    let shown = Shown::new(first);
    let mut keeping = Vec::new();
    let taken = match clients {
        Some(from) => {
            let taken = authorities::clients(from, gate).await?;
            let (from, gate, clients) = (from.clone(), Arc::clone(gate), Arc::clone(&taken));
            let following = tokio::spawn(async move { authorities::follow(&from, &gate, &clients).await });
            keeping.push(AbortOnDropHandle::new(following));
            Some(taken)
        }
        None => None,
    };
    let tls = shown.accepting(taken).map_err(Failure::failed)?;
    let keeper =
        Keeper { settings: settings.clone(), secrets: Arc::clone(secrets), gate: Arc::clone(gate), shown };
    keeping.push(AbortOnDropHandle::new(tokio::spawn(async move { keeper.keep().await })));
    Ok(Tls { tls, _keeping: keeping })
}

/// Whether the start will take the certificate; one that Vault signs is made then.
pub(super) async fn check(settings: &CertificateSettings, secrets: &Secrets) -> Result<(), Untried> {
    if matches!(settings, CertificateSettings::Signed(_)) {
        return Ok(());
    }
    match get(settings, secrets, true).await {
        Ok(_) => Ok(()),
        Err(Problem::Key(SecretError::NoCredentials { name })) => {
            Err(Untried::NotHere(SecretError::NoCredentials { name }))
        }
        Err(problem) => Err(Untried::Wrong(Failure::configuration(problem))),
    }
}

struct Keeper {
    settings: CertificateSettings,
    secrets: Arc<Secrets>,
    gate: Arc<Gate>,
    shown: Arc<Shown>,
}

impl Keeper {
    async fn keep(&self) {
        match &self.settings {
            CertificateSettings::Given { .. } => self.follow().await,
            CertificateSettings::Signed(_) => self.renew().await,
        }
    }

    /// Shows what is in the files when that is another certificate. One that is of no use is told of once.
    async fn follow(&self) {
        let mut ticks = tokio::time::interval(PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut told = None;
        loop {
            ticks.tick().await;
            match get(&self.settings, &self.secrets, false).await {
                Ok(found) if found.fingerprint == self.shown.current().fingerprint => told = None,
                Ok(found) => self.show(found).await,
                Err(problem) => {
                    let problem = problem.to_string();
                    if told.as_ref() != Some(&problem) {
                        tracing::error!("the certificate is not exchanged, the old one goes on: {problem}");
                    }
                    told = Some(problem);
                }
            }
        }
    }

    /// Has another one signed at two thirds of the life of each.
    async fn renew(&self) {
        let mut backoff = Backoff::default();
        loop {
            let rest = self.shown.current().expires.saturating_sub(jiff::Timestamp::now().as_second());
            tokio::time::sleep(renewal(Duration::from_secs(u64::try_from(rest).unwrap_or_default()))).await;
            loop {
                match get(&self.settings, &self.secrets, false).await {
                    Ok(found) => {
                        backoff = Backoff::default();
                        self.show(found).await;
                        break;
                    }
                    Err(problem) => {
                        let expires = self.shown.current().expires;
                        tracing::error!(expires, "the certificate is not renewed yet: {problem}");
                        tokio::time::sleep(backoff.wait(None)).await;
                    }
                }
            }
        }
    }

    async fn show(&self, certificate: Certificate) {
        tell(&self.gate, &self.settings, &certificate).await;
        self.shown.replace(certificate);
    }
}

/// In the log, the audit log and the metrics. A certificate is shown also if that cannot be written down: without it nobody
/// could call, and calls are refused for that reason anyway.
async fn tell(gate: &Gate, settings: &CertificateSettings, certificate: &Certificate) {
    let from = match settings {
        CertificateSettings::Given { .. } => "file",
        CertificateSettings::Signed(_) => "vault",
    };
    let Certificate { fingerprint, expires, .. } = certificate;
    gate.metrics.server_certificate(*expires);
    let expiry = jiff::Timestamp::from_second(*expires).unwrap_or_default();
    tracing::info!(from, %fingerprint, expires = %expiry, "the listener shows this certificate");
    if let Err(error) = gate.audit.event(Event::server_certificate(from, fingerprint, *expires)).await {
        tracing::error!("that the certificate was exchanged cannot be written down: {error}");
    }
}

async fn get(
    settings: &CertificateSettings,
    secrets: &Secrets,
    at_start: bool,
) -> Result<Certificate, Problem> {
    match settings {
        CertificateSettings::Given { certificate, key } => {
            let chain = tokio::fs::read(certificate)
                .await
                .map_err(|error| Problem::Unreadable { file: certificate.display().to_string(), error })?;
            let key = secrets.resolve(key).await.map_err(Problem::Key)?;
            Ok(Certificate::read(&chain, key.expose().as_bytes())?)
        }
        CertificateSettings::Signed(wish) => {
            // A key for each certificate: none is ever on disk or on a wire.
            let key = KeyPair::generate()?;
            let request = request(wish, &key)?;
            let issued = if at_start {
                secrets.certificate_at_start(wish, &request).await
            } else {
                secrets.certificate(wish, request).await
            };
            let issued = issued.map_err(Problem::Unsigned)?;
            let key = zeroize::Zeroizing::new(key.serialize_pem());
            Ok(Certificate::read(issued.chain.as_bytes(), key.as_bytes())?)
        }
    }
}

fn request(wish: &CertificateWish, key: &KeyPair) -> Result<String, rcgen::Error> {
    let mut params = CertificateParams::new(wish.names.clone())?;
    let mut name = DistinguishedName::new();
    if let Some(first) = wish.names.first() {
        name.push(DnType::CommonName, first.as_str());
    }
    params.distinguished_name = name;
    params.serialize_request(key)?.pem()
}
