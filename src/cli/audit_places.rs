//! From settings to the places that the audit log goes to besides its directory.

use super::Failure;
use super::assemble::Parts;
use super::connect;
use crate::audit::CopyTo;
use crate::audit::HttpSink;
use crate::audit::Require;
use crate::audit::SyslogServer;
use crate::audit::WitnessSettings;
use crate::config::AuditCopy;
use crate::config::AuditRequire;
use crate::config::Settings;
use crate::config::SyslogAddress;
use crate::config::SyslogSettings;
use crate::net::StreamSettings;

/// The second place for records, if there is one.
pub(super) async fn http_sink(settings: &Settings, parts: &Parts) -> Result<Option<HttpSink>, Failure> {
    let Some(from) = &settings.audit.http else { return Ok(None) };
    let require = match settings.audit.require {
        AuditRequire::All => Require::All,
        AuditRequire::Any => Require::Any,
    };
    let receiver = connect::receiver("audit.http", from, settings, parts).await?;
    Ok(Some(HttpSink::Receiver { receiver, require }))
}

/// Refuses a directory for checkpoints that is not there, which a mount may be that is missing, and that of the log.
pub(super) fn check(settings: &Settings) -> Result<(), Failure> {
    let Some(directory) = &settings.audit.checkpoint_copies else { return Ok(()) };
    let wrong = |what: String| {
        Failure::configuration(format!("audit.checkpoint_copies `{}` {what}", directory.display()))
    };
    if *directory == settings.audit.directory {
        return Err(wrong("is the directory of the log itself; name one that lies elsewhere".to_owned()));
    }
    match std::fs::metadata(directory) {
        Ok(found) if found.is_dir() => Ok(()),
        Ok(_) => Err(wrong("is no directory".to_owned())),
        Err(error) => Err(wrong(format!("cannot be used: {error}; make it, or mount what it is on"))),
    }
}

/// Where records are copied to.
pub(super) async fn copies(settings: &Settings) -> Result<Vec<CopyTo>, Failure> {
    let named = settings.audit.copies.iter().map(|copy| match copy {
        AuditCopy::Stdout => CopyTo::Stdout,
        AuditCopy::Journald => CopyTo::Journald,
    });
    let mut copies: Vec<CopyTo> = named.collect();
    if let Some(from) = &settings.audit.syslog {
        copies.push(CopyTo::Syslog(syslog(settings, from).await?));
    }
    Ok(copies)
}

async fn syslog(settings: &Settings, from: &SyslogSettings) -> Result<SyslogServer, Failure> {
    let (host, port, tls) = match &from.address {
        SyslogAddress::Unix(path) => return Ok(SyslogServer::Unix(path.clone())),
        SyslogAddress::Tcp { host, port } => (host, port, None),
        SyslogAddress::Tls { host, port } => {
            let tls = connect::stream_tls("audit.syslog", from.ca_file.clone(), &settings.network).await?;
            (host, port, Some(tls))
        }
    };
    Ok(SyslogServer::Tcp(StreamSettings { host: host.clone(), port: *port, tls }))
}

/// Where checkpoints go besides the directory of the log.
pub(super) async fn witness(settings: &Settings, parts: &Parts) -> Result<WitnessSettings, Failure> {
    let directory = settings.audit.checkpoint_copies.clone();
    let receiver = match &settings.audit.witness {
        Some(from) => Some(connect::receiver("audit.witness", from, settings, parts).await?),
        None => None,
    };
    Ok(WitnessSettings { directory, receiver })
}
