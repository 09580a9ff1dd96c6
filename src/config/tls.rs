//! TLS on the listener.

use std::path::PathBuf;

use serde::Deserialize;

use super::CertificateSettings;
use super::ConfigError;
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
}

/// How long a certificate is asked for.
const HOURS: u64 = 72;

pub(super) fn build(raw: RawTls) -> Result<Option<CertificateSettings>, ConfigError> {
    let refuse = |text: &str| Err(ConfigError::Combination(format!("server.tls.{text}")));
    match raw {
        RawTls { certificate: None, key: None, pki_role: None, names, hours: None } if names.is_empty() => {
            Ok(None)
        }
        RawTls { certificate: Some(certificate), key: Some(key), pki_role: None, names, hours: None }
            if names.is_empty() =>
        {
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
        RawTls { certificate: None, key: None, pki_role: Some(role), names, hours } => {
            let role = role.parse();
            let role = match role {
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
        RawTls { certificate, key, pki_role: None, .. } if certificate.is_some() != key.is_some() => {
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
