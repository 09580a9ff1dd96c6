//! Where the audit log goes besides its file: receivers over HTTP, syslog, and what only copies it.

use std::path::PathBuf;

use serde::Deserialize;
use url::Url;

use super::ClientCertificateSettings;
use super::ConfigError;
use super::SyslogAddress;
use super::Transport;
use super::build::Origins;
use crate::secrets::SecretRef;
use crate::secrets::is_loopback;

/// Something of the operator's that is sent what this server writes down.
#[derive(Debug, Clone)]
pub struct ReceiverSettings {
    /// Where it is sent.
    pub url: Url,
    /// The token that is shown there.
    pub token: Option<SecretRef>,
    /// Certificates that are trusted besides the system's.
    pub ca_file: Option<PathBuf>,
    /// The certificate to show where one is demanded.
    pub client_certificate: Option<ClientCertificateSettings>,
    /// How long one request may take.
    pub timeout_seconds: u64,
}

/// A syslog server.
#[derive(Debug, Clone)]
pub struct SyslogSettings {
    /// Where it is.
    pub address: SyslogAddress,
    /// Certificates that are trusted besides the system's.
    pub ca_file: Option<PathBuf>,
}

/// Whether a record must be in every place, or in one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuditRequire {
    /// The file and the receiver.
    #[default]
    All,
    /// One of the two.
    Any,
}

/// Where records are copied to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuditCopy {
    /// Standard output, one record a line.
    Stdout,
    /// The journal of systemd.
    Journald,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawReceiver {
    url: Option<Url>,
    token: Option<SecretRef>,
    ca_file: Option<PathBuf>,
    client_certificate: Option<PathBuf>,
    client_key: Option<PathBuf>,
    client_key_password: Option<SecretRef>,
    timeout_seconds: Option<u64>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawSyslog {
    address: Option<String>,
    ca_file: Option<PathBuf>,
}

/// How long a receiver may take, if nothing else is said: less than a record may.
const TIMEOUT: u64 = 3;

/// The settings of one receiver, `audit.http` or `audit.witness`.
pub(super) fn receiver(
    section: &str,
    raw: RawReceiver,
    origins: &Origins,
) -> Result<Option<ReceiverSettings>, ConfigError> {
    let refuse = |text: String| Err(ConfigError::Combination(text));
    let Some(url) = raw.url else {
        return match first_of(section, origins) {
            Some(set) => refuse(format!("{set} is set, but {section}.url is not")),
            None => Ok(None),
        };
    };
    if url.scheme() != "https" && !is_loopback(&url) {
        return refuse(format!(
            "{section}.url `{url}` is not https; the audit log would cross the network in the clear"
        ));
    }
    let client_certificate = match (raw.client_certificate, raw.client_key, raw.client_key_password) {
        (Some(certificate), key, password) => Some(ClientCertificateSettings { certificate, key, password }),
        (None, None, None) => None,
        (None, ..) => {
            return refuse(format!(
                "{section}.client_key and {section}.client_key_password belong to a certificate; set \
                 {section}.client_certificate"
            ));
        }
    };
    Ok(Some(ReceiverSettings {
        url,
        token: raw.token,
        ca_file: raw.ca_file,
        client_certificate,
        timeout_seconds: raw.timeout_seconds.unwrap_or(TIMEOUT),
    }))
}

/// The settings of the syslog server.
pub(super) fn syslog(raw: RawSyslog, origins: &Origins) -> Result<Option<SyslogSettings>, ConfigError> {
    let Some(address) = raw.address else {
        return match first_of("audit.syslog", origins) {
            Some(set) => {
                Err(ConfigError::Combination(format!("{set} is set, but audit.syslog.address is not")))
            }
            None => Ok(None),
        };
    };
    let address = SyslogAddress::parse(&address)
        .map_err(|problem| ConfigError::Combination(format!("audit.syslog.address {problem}")))?;
    if raw.ca_file.is_some() && !matches!(address, SyslogAddress::Tls { .. }) {
        let text = "audit.syslog.ca_file is for an address that begins with tcp+tls://";
        return Err(ConfigError::Combination(text.to_owned()));
    }
    Ok(Some(SyslogSettings { address, ca_file: raw.ca_file }))
}

/// What must not be combined.
pub(super) fn check(
    require: AuditRequire,
    http: Option<&ReceiverSettings>,
    copies: &[AuditCopy],
    transport: Transport,
) -> Result<(), ConfigError> {
    let problem = if require == AuditRequire::Any && http.is_none() {
        "audit.require = \"any\" needs a second place for records; set audit.http.url"
    } else if copies.contains(&AuditCopy::Stdout) && transport == Transport::Stdio {
        "audit.copies has \"stdout\", but over stdio standard output belongs to the protocol; leave it out, or serve \
         HTTP with TRANSPORT=streamable-http"
    } else if copies.contains(&AuditCopy::Journald) && !cfg!(target_os = "linux") {
        "audit.copies has \"journald\", which only Linux has"
    } else {
        return Ok(());
    };
    Err(ConfigError::Combination(problem.to_owned()))
}

/// A setting of this section that is set.
fn first_of<'o>(section: &str, origins: &'o Origins) -> Option<&'o String> {
    let prefix = format!("{section}.");
    origins.keys().find(|key| key.starts_with(&prefix))
}
