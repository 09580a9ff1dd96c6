//! TLS on the listener.

use std::path::PathBuf;

use serde::Deserialize;

use super::CertificateSettings;
use super::ConfigError;
use super::TlsSettings;
use super::callers;
use super::callers::CallerNamePart;
use super::callers::RawCallers;
use super::callers::Wanted;
use crate::secrets::CertificateWish;
use crate::secrets::SecretRef;

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawTls {
    certificate: Option<PathBuf>,
    key: Option<SecretRef>,
    pki_role: Option<String>,
    names: Vec<String>,
    hours: Option<u64>,
    client_ca: Option<PathBuf>,
    client_certificate: Option<Wanted>,
    client_name: Option<CallerNamePart>,
    client_name_prefix: Option<String>,
    client_name_suffix: Option<String>,
    client_crl: Option<PathBuf>,
}

/// How long a certificate is asked for.
const HOURS: u64 = 72;

pub(super) fn build(mut raw: RawTls) -> Result<Option<TlsSettings>, ConfigError> {
    let clients = callers::certificates(RawCallers {
        ca: raw.client_ca.take(),
        certificate: raw.client_certificate,
        name: raw.client_name,
        name_prefix: raw.client_name_prefix.take(),
        name_suffix: raw.client_name_suffix.take(),
        crl: raw.client_crl.take(),
    })?;
    match (certificate(raw)?, clients) {
        (None, Some(_)) => Err(ConfigError::Combination(
            "server.tls.client_ca asks for client certificates, which is a part of TLS; set server.tls.certificate and \
             server.tls.key, or server.tls.pki_role"
                .to_owned(),
        )),
        (certificate, clients) => Ok(certificate.map(|certificate| TlsSettings { certificate, clients })),
    }
}

fn certificate(raw: RawTls) -> Result<Option<CertificateSettings>, ConfigError> {
    let refuse = |text: &str| Err(ConfigError::Combination(format!("server.tls.{text}")));
    let RawTls { certificate, key, pki_role, names, hours, .. } = raw;
    match (certificate, key, pki_role, hours) {
        (None, None, None, None) if names.is_empty() => Ok(None),
        (Some(certificate), Some(key), None, None) if names.is_empty() => {
            if let SecretRef::Literal(text) = &key
                && text.expose().starts_with(['/', '.'])
            {
                return refuse(
                    "key: a bare path would be taken for the key itself; write file:///absolute/path, or cred://NAME",
                );
            }
            if matches!(key, SecretRef::Vault(_)) {
                return refuse(
                    "key: a key in Vault is read once and not followed; set server.tls.pki_role instead, and none has to be kept",
                );
            }
            Ok(Some(CertificateSettings::Given { certificate, key }))
        }
        (None, None, Some(role), hours) => {
            let role = match role.parse() {
                Ok(role) => role,
                Err(problem) => return refuse(&format!("pki_role: {problem}")),
            };
            if names.is_empty() {
                return refuse("names is not set; list what clients call this server");
            }
            if let Some(wrong) = names.iter().find(|name| !is_name(name)) {
                return refuse(&format!("names: `{}` is no host name or address", wrong.escape_debug()));
            }
            let hours = hours.unwrap_or(HOURS);
            Ok(Some(CertificateSettings::Signed(CertificateWish { role, names, hours })))
        }
        (certificate, key, None, _) if certificate.is_some() != key.is_some() => {
            refuse("certificate and server.tls.key go together")
        }
        _ => refuse(
            "certificate and server.tls.key are one way, server.tls.pki_role with names and hours another; keep one",
        ),
    }
}

fn is_name(text: &str) -> bool {
    let is_host = |text: &str| {
        let labels = text.strip_prefix("*.").unwrap_or(text);
        labels.len() <= 253
            && labels.split('.').all(|label| {
                !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            })
    };
    text.parse::<std::net::IpAddr>().is_ok() || is_host(text)
}
