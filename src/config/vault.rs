//! How Vault is reached and logged in to, from checked values.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use url::Url;

use super::CertificateSettings;
use super::ConfigError;
use super::Settings;
use super::Transport;
use super::addresses;
use super::build::Origins;
use crate::secrets::SecretRef;
use crate::secrets::VaultCertificate;
use crate::secrets::VaultLogin;
use crate::secrets::VaultSettings;
use crate::secrets::WatchSettings;
use crate::secrets::is_loopback;
use crate::secrets::is_segment;

/// What may be set, as figment extracts it.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawVault {
    address: Option<Url>,
    other_addresses: Vec<String>,
    namespace: Option<String>,
    ca_file: Option<PathBuf>,
    client_certificate: Option<PathBuf>,
    client_key: Option<PathBuf>,
    login: Option<Method>,
    auth_mount: Option<String>,
    role: Option<String>,
    role_id: Option<SecretRef>,
    secret_id: Option<SecretRef>,
    secret_id_wrapped: bool,
    jwt: Option<SecretRef>,
    token: Option<SecretRef>,
    token_file: Option<PathBuf>,
    timeout_seconds: Option<u64>,
    poll_seconds: Option<u64>,
    max_stale_seconds: Option<u64>,
    startup: Option<Startup>,
    help_url: Option<Url>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Method {
    Approle,
    Kubernetes,
    Jwt,
    Certificate,
    Token,
    TokenFile,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Startup {
    Wait,
    Fail,
}

/// How much longer than a call may take what is lent is kept that was replaced.
const AFTER_DEADLINE: Duration = Duration::from_secs(15);

/// The token every pod finds there.
const POD_TOKEN: &str = "file:///var/run/secrets/kubernetes.io/serviceaccount/token";

/// The settings, if anything of Vault is set.
pub(super) fn build(
    raw: RawVault,
    call_deadline: Duration,
    origins: &Origins,
) -> Result<Option<VaultSettings>, ConfigError> {
    if !origins.keys().any(|key| key.starts_with("vault.")) {
        return Ok(None);
    }
    references_are_elsewhere(&raw)?;
    if raw.namespace.as_ref().is_some_and(|name| !name.trim_end_matches('/').split('/').all(is_segment)) {
        return refuse("vault.namespace is not the name of a namespace, for example `team/infra`");
    }
    let client_certificate = match (&raw.client_certificate, &raw.client_key) {
        (Some(certificate), key) => {
            Some(VaultCertificate { certificate: certificate.clone(), key: key.clone() })
        }
        (None, None) => None,
        (None, Some(_)) => {
            return refuse("vault.client_key belongs to vault.client_certificate, which is not set");
        }
    };
    let usual = WatchSettings::default();
    let seconds = |given: Option<u64>, usual| given.map_or(usual, Duration::from_secs);
    Ok(Some(VaultSettings {
        addresses: addresses(&raw)?,
        login: login(&raw)?,
        watch: WatchSettings {
            interval: seconds(raw.poll_seconds, usual.interval),
            max_stale: seconds(raw.max_stale_seconds, usual.max_stale),
            must_start: raw.startup == Some(Startup::Fail),
            grace: call_deadline + AFTER_DEADLINE,
        },
        namespace: raw.namespace,
        help_url: raw.help_url,
        ca_file: raw.ca_file,
        client_certificate,
        timeout_seconds: raw.timeout_seconds.unwrap_or(5),
    }))
}

fn addresses(raw: &RawVault) -> Result<Vec<Url>, ConfigError> {
    let Some(first) = raw.address.clone() else {
        return missing("address", "Vault needs an address and a login");
    };
    let mut all = vec![first];
    for other in &raw.other_addresses {
        let wrong = |problem| ConfigError::Combination(format!("vault.other_addresses: {problem}"));
        all.push(addresses::base_url(other.trim()).map_err(wrong)?);
    }
    match all.iter().find(|address| address.scheme() != "https" && !is_loopback(address)) {
        Some(open) => refuse(&format!(
            "vault.address `{open}` is not https; secrets would cross the network in the clear"
        )),
        None if all.iter().any(|address| Some(address.scheme()) != raw.address.as_ref().map(Url::scheme)) => {
            refuse("vault.other_addresses must all be https, or all http on loopback, as vault.address is")
        }
        None => Ok(all),
    }
}

fn login(raw: &RawVault) -> Result<VaultLogin, ConfigError> {
    let method = raw.login.unwrap_or(Method::Approle);
    let mount = |usual: &str| {
        let mount = raw.auth_mount.clone().unwrap_or_else(|| usual.to_owned());
        if mount.split('/').all(is_segment) {
            return Ok(mount);
        }
        refuse(&format!("vault.auth_mount is not the name of a mount, for example `{usual}`"))
    };
    let needed = "Vault needs an address, a role_id and a secret_id";
    Ok(match method {
        Method::Approle => VaultLogin::AppRole {
            mount: mount("approle")?,
            role_id: required(raw.role_id.as_ref(), "role_id", needed)?,
            secret_id: required(raw.secret_id.as_ref(), "secret_id", needed)?,
            wrapped_for: if raw.secret_id_wrapped {
                Some(required(raw.role.as_ref(), "role", "a wrapped secret id must be of this role")?)
            } else {
                None
            },
        },
        Method::Kubernetes => VaultLogin::Kubernetes {
            mount: mount("kubernetes")?,
            role: required(raw.role.as_ref(), "role", "the login `kubernetes` needs it")?,
            jwt: match &raw.jwt {
                Some(jwt) => jwt.clone(),
                None => SecretRef::parse(POD_TOKEN)
                    .map_err(|error| ConfigError::Combination(error.to_string()))?,
            },
        },
        Method::Jwt => VaultLogin::Jwt {
            mount: mount("jwt")?,
            role: raw.role.clone(),
            jwt: required(raw.jwt.as_ref(), "jwt", "the login `jwt` needs it")?,
        },
        Method::Certificate if raw.client_certificate.is_none() => {
            return missing("client_certificate", "the login `certificate` needs it");
        }
        Method::Certificate => VaultLogin::Certificate { mount: mount("cert")?, role: raw.role.clone() },
        Method::Token => {
            VaultLogin::Token(required(raw.token.as_ref(), "token", "the login `token` needs it")?)
        }
        Method::TokenFile => {
            let file = required(raw.token_file.as_ref(), "token_file", "the login `token-file` needs it")?;
            VaultLogin::TokenFile(file)
        }
    })
}

/// What is set of another login, and not used.
pub(super) fn unused(raw: &RawVault) -> Vec<String> {
    use Method::Approle;
    use Method::Certificate;
    use Method::Jwt;
    use Method::Kubernetes;
    let settings: [(&str, bool, &[Method]); 7] = [
        ("role_id", raw.role_id.is_some(), &[Approle]),
        ("secret_id", raw.secret_id.is_some(), &[Approle]),
        ("secret_id_wrapped", raw.secret_id_wrapped, &[Approle]),
        ("jwt", raw.jwt.is_some(), &[Kubernetes, Jwt]),
        ("token", raw.token.is_some(), &[Method::Token]),
        ("token_file", raw.token_file.is_some(), &[Method::TokenFile]),
        ("auth_mount", raw.auth_mount.is_some(), &[Approle, Kubernetes, Jwt, Certificate]),
    ];
    let method = raw.login.unwrap_or(Method::Approle);
    let unused = settings.into_iter().filter(|(_, is_set, methods)| *is_set && !methods.contains(&method));
    unused.map(|(key, ..)| format!("vault.{key} is not used by the login that vault.login names")).collect()
}

fn references_are_elsewhere(raw: &RawVault) -> Result<(), ConfigError> {
    let references =
        [("role_id", &raw.role_id), ("secret_id", &raw.secret_id), ("jwt", &raw.jwt), ("token", &raw.token)];
    match references
        .iter()
        .find(|(_, reference)| matches!(reference, Some(SecretRef::Vault(_) | SecretRef::User(_))))
    {
        Some((key, _)) => {
            refuse(&format!("vault.{key} cannot itself be in Vault; use file://, cred:// or env://"))
        }
        None => Ok(()),
    }
}

/// A `vault://` reference without a `[vault]` section would fail at the first call; say it at the start.
pub(super) fn is_there_if_needed(settings: &Settings) -> Result<(), ConfigError> {
    let used =
        settings.references().find(|reference| matches!(reference, SecretRef::Vault(_) | SecretRef::User(_)));
    if let (None, Some(key)) = (&settings.vault, &settings.audit.signing_transit_key) {
        return refuse(&format!(
            "audit.signing_transit_key `{key}` is in Vault, but vault.address is not set (PORTCULLIS_VAULT__ADDRESS)"
        ));
    }
    let certificate = settings.server.tls.as_ref().map(|tls| &tls.certificate);
    if let (None, Some(CertificateSettings::Signed(wish))) = (&settings.vault, certificate) {
        let role = &wish.role;
        return refuse(&format!(
            "server.tls.pki_role `{role}` is in Vault, but vault.address is not set (PORTCULLIS_VAULT__ADDRESS)"
        ));
    }
    match (&settings.vault, used) {
        (None, Some(reference)) => refuse(&format!(
            "`{reference}` is in Vault, but vault.address is not set (PORTCULLIS_VAULT__ADDRESS)"
        )),
        _ => Ok(()),
    }
}

/// `{user}` is whoever runs the server over stdio, and over HTTP whoever is named; and it is for credentials alone.
pub(super) fn users_are_known(settings: &Settings) -> Result<(), ConfigError> {
    let own = settings.sites().filter_map(|(.., site)| site.credential.own_reference());
    let own: Vec<String> = own.map(ToString::to_string).collect();
    let all = settings.references().filter_map(|reference| match reference {
        SecretRef::User(template) => Some(template.to_string()),
        _ => None,
    });
    for reference in all {
        if settings.server.transport != Transport::Stdio && !settings.server.names_users() {
            return refuse(&format!(
                "`{reference}` has `{{user}}` in it, and over HTTP nothing says for certain who that is: set server.tls.client_ca \
                 and server.tls.client_name, so that client certificates do, or server.user_header with \
                 server.user_header_from, or name the place itself"
            ));
        }
        if !own.contains(&reference) {
            return refuse(&format!(
                "`{reference}` has `{{user}}` in it; only a personal token, an API token, a password or an access token may"
            ));
        }
    }
    Ok(())
}

fn required<T: Clone>(given: Option<&T>, key: &str, why: &str) -> Result<T, ConfigError> {
    given.cloned().map_or_else(|| missing(key, why), Ok)
}

fn missing<T>(key: &str, why: &str) -> Result<T, ConfigError> {
    refuse(&format!("vault.{key} is not set; {why}"))
}

fn refuse<T>(text: &str) -> Result<T, ConfigError> {
    Err(ConfigError::Combination(text.to_owned()))
}
