//! Whose client certificates the listener takes: read from files, and again when these change.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::MissedTickBehavior;

use super::Failure;
use crate::audit::Event;
use crate::call::Gate;
use crate::config::CallerCertificates;
use crate::config::CallerNamePart;
use crate::config::CallerNames;
use crate::identity::CertificateNames;
use crate::identity::NamePart;
use crate::mcp::Authorities;
use crate::mcp::AuthoritiesError;
use crate::mcp::Clients;

/// How often files are looked at.
const PERIOD: Duration = Duration::from_secs(2);

/// Why nobody could be let in.
#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("{setting} `{file}` cannot be read: {error}")]
    Unreadable { setting: &'static str, file: String, error: std::io::Error },
    #[error("{setting} `{file}`: {error}")]
    Useless { setting: &'static str, file: String, error: AuthoritiesError },
}

/// Reads the authorities, as the start does.
pub(super) fn read(from: &CallerCertificates) -> Result<Authorities, Failure> {
    get(from).map_err(Failure::configuration)
}

/// Takes certificates of these authorities.
pub(super) async fn clients(from: &CallerCertificates, gate: &Gate) -> Result<Arc<Clients>, Failure> {
    let first = read(from)?;
    tell(gate, from, &first).await;
    Ok(Clients::new(first, from.required, from.names.as_ref().map(names)))
}

/// Takes what is in the files when that is something else. What is of no use is told of once, and nobody is let in or kept
/// out by it.
pub(super) async fn follow(from: &CallerCertificates, gate: &Gate, clients: &Clients) {
    let mut ticks = tokio::time::interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut told, mut ended) = (None, None);
    loop {
        ticks.tick().await;
        let ends = clients.current().ends.filter(|ends| *ends <= jiff::Timestamp::now().as_second());
        if let Some(ends) = ends.filter(|_| ended != ends) {
            let at = jiff::Timestamp::from_second(ends).unwrap_or_default();
            tracing::error!(
                "a revocation list of server.tls.client_crl ended at {at}: nobody is let in whom it is about; put a newer one there"
            );
        }
        ended = ends;
        let files = from.clone();
        // Nothing is read where other tasks wait for it.
        let Ok(found) = tokio::task::spawn_blocking(move || get(&files)).await else { continue };
        match found {
            Ok(found) if found.fingerprint == clients.current().fingerprint => told = None,
            Ok(found) => {
                tell(gate, from, &found).await;
                clients.replace(found);
                told = None;
            }
            Err(problem) => {
                let problem = problem.to_string();
                if told.as_ref() != Some(&problem) {
                    tracing::error!(
                        "the authorities of clients are not exchanged, the old ones go on: {problem}"
                    );
                }
                told = Some(problem);
            }
        }
    }
}

fn get(from: &CallerCertificates) -> Result<Authorities, Problem> {
    let file = |setting, path: &Path| {
        let unreadable = |error| Problem::Unreadable { setting, file: path.display().to_string(), error };
        std::fs::read(path).map_err(unreadable)
    };
    let authorities = file("server.tls.client_ca", &from.authorities)?;
    let revoked = from.revoked.as_ref().map(|path| file("server.tls.client_crl", path)).transpose()?;
    Authorities::read(&authorities, revoked.as_deref()).map_err(|error| {
        let (setting, path) = match (&error, &from.revoked) {
            (AuthoritiesError::NoList | AuthoritiesError::List(_), Some(path)) => {
                ("server.tls.client_crl", path)
            }
            _ => ("server.tls.client_ca", &from.authorities),
        };
        Problem::Useless { setting, file: path.display().to_string(), error }
    })
}

fn names(from: &CallerNames) -> CertificateNames {
    let part = match from.part {
        CallerNamePart::Cn => NamePart::CommonName,
        CallerNamePart::Email => NamePart::Email,
        CallerNamePart::Dns => NamePart::Dns,
        CallerNamePart::Uri => NamePart::Uri,
    };
    CertificateNames { part, prefix: from.prefix.clone(), suffix: from.suffix.clone() }
}

/// In the log and the audit log. They are used also if that cannot be written down: calls are refused for that anyway.
async fn tell(gate: &Gate, from: &CallerCertificates, authorities: &Authorities) {
    let revokes = from.revoked.is_some();
    let Authorities { fingerprints, .. } = authorities;
    tracing::info!(?fingerprints, revokes, "the listener takes client certificates of these authorities");
    let event = Event::client_authorities(fingerprints, from.required, revokes);
    if let Err(error) = gate.audit.event(event).await {
        tracing::error!("whose client certificates are taken cannot be written down: {error}");
    }
}
