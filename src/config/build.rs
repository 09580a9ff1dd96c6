//! From checked values to [`Settings`]: defaults, and what settings ask of each other.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;
use url::Url;

use super::AuditSettings;
use super::ConfigError;
use super::DeniedTools;
use super::LogLevel;
use super::LogSettings;
use super::MetricsSettings;
use super::Origin;
use super::PolicySettings;
use super::ReadOnly;
use super::ServerSettings;
use super::Settings;
use super::ToolSettings;
use super::Transport;
use super::VaultSettings;
use super::product;
use super::product::RawProduct;
use crate::secrets::SecretRef;
use crate::secrets::is_loopback;

/// Where each setting that is set was set.
pub(super) type Origins = BTreeMap<&'static str, Origin>;

/// Everything that may be set, as figment extracts it; nothing is required here.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Raw {
    jira: RawProduct,
    confluence: RawProduct,
    server: RawServer,
    tools: RawTools,
    policy: RawPolicy,
    audit: RawAudit,
    metrics: RawMetrics,
    log: RawLog,
    vault: RawVault,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct RawServer {
    transport: Option<Transport>,
    host: Option<String>,
    port: Option<u16>,
    path: Option<String>,
    stateless: Option<bool>,
    allowed_hosts: Vec<String>,
    allowed_origins: Vec<String>,
    body_limit_bytes: Option<usize>,
    nesting_limit: Option<usize>,
    deadline_seconds: Option<u64>,
    allow_global_credential_fallback: bool,
    service_name: Option<String>,
    max_concurrent_calls: Option<usize>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct RawTools {
    read_only: Option<bool>,
    enabled: Option<Vec<String>>,
    toolsets: Option<Vec<String>>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct RawPolicy {
    directory: Option<PathBuf>,
    denied_tools: Option<DeniedTools>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct RawAudit {
    directory: Option<PathBuf>,
    state_directory: Option<PathBuf>,
    hmac_key: Option<SecretRef>,
    write_deadline_seconds: Option<u64>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct RawMetrics {
    address: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct RawLog {
    level: Option<LogLevel>,
    json: bool,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct RawVault {
    address: Option<Url>,
    namespace: Option<String>,
    ca_file: Option<PathBuf>,
    auth_mount: Option<String>,
    role_id: Option<SecretRef>,
    secret_id: Option<SecretRef>,
    timeout_seconds: Option<u64>,
}

/// Builds the settings and adds to the warnings.
pub(super) fn settings(
    raw: Raw,
    origins: &Origins,
    environment: &BTreeMap<String, String>,
    warnings: &mut Vec<String>,
) -> Result<Settings, ConfigError> {
    let server = server(raw.server)?;
    let settings = Settings {
        jira: product::build("jira", raw.jira, origins, warnings)?,
        confluence: product::build("confluence", raw.confluence, origins, warnings)?,
        metrics: metrics(raw.metrics.address.as_deref(), server.transport)?,
        server,
        tools: tools(raw.tools),
        policy: PolicySettings {
            directory: raw.policy.directory,
            denied_tools: raw.policy.denied_tools.unwrap_or(DeniedTools::Explain),
        },
        audit: audit(raw.audit, environment)?,
        vault: vault(raw.vault, origins)?,
        log: LogSettings { level: raw.log.level.unwrap_or(LogLevel::Warn), json: raw.log.json },
    };
    needs_vault(&settings)?;
    Ok(settings)
}

fn server(raw: RawServer) -> Result<ServerSettings, ConfigError> {
    let transport = raw.transport.unwrap_or(Transport::Stdio);
    let stateless = raw.stateless.unwrap_or(false);
    if stateless && transport != Transport::StreamableHttp {
        let text =
            "STATELESS (server.stateless) only goes with TRANSPORT=streamable-http; set that or unset it";
        return Err(ConfigError::Combination(text.to_owned()));
    }
    let path = if transport == Transport::Sse { "/sse" } else { "/mcp" };
    Ok(ServerSettings {
        transport,
        host: raw.host.unwrap_or_else(|| "127.0.0.1".to_owned()),
        port: raw.port.unwrap_or(8000),
        path: raw.path.unwrap_or_else(|| path.to_owned()),
        stateless,
        allowed_hosts: raw.allowed_hosts,
        allowed_origins: raw.allowed_origins,
        body_limit_bytes: raw.body_limit_bytes.unwrap_or(1024 * 1024),
        nesting_limit: raw.nesting_limit.unwrap_or(64),
        deadline_seconds: raw.deadline_seconds.unwrap_or(75),
        allow_global_credential_fallback: raw.allow_global_credential_fallback,
        service_name: raw.service_name,
        max_concurrent_calls: raw.max_concurrent_calls.unwrap_or(256),
    })
}

fn tools(raw: RawTools) -> ToolSettings {
    let read_only = match raw.read_only {
        None => ReadOnly::Unset,
        Some(true) => ReadOnly::On,
        Some(false) => ReadOnly::Off,
    };
    ToolSettings { read_only, enabled: raw.enabled, toolsets: raw.toolsets }
}

/// stdio opens no port unless told.
fn metrics(address: Option<&str>, transport: Transport) -> Result<MetricsSettings, ConfigError> {
    let over_http = transport != Transport::Stdio;
    let address = match address {
        Some("off") => None,
        Some(text) => {
            Some(text.parse().map_err(|_| ConfigError::Combination(format!("`{text}` is no address")))?)
        }
        None if over_http => Some(SocketAddr::from(([127, 0, 0, 1], 9464))),
        None => None,
    };
    Ok(MetricsSettings { address, required: over_http })
}

fn audit(raw: RawAudit, environment: &BTreeMap<String, String>) -> Result<AuditSettings, ConfigError> {
    let homeless = |key: &str, variable: &str| {
        let text =
            format!("there is no place for {key}: neither it nor {variable}, XDG_STATE_HOME or HOME is set");
        ConfigError::Combination(text)
    };
    let state = state_home(environment).map(|home| home.join("portcullis"));
    let directory = raw.directory.or_else(|| service_directory(environment, "LOGS_DIRECTORY"));
    let directory = directory.or_else(|| state.as_ref().map(|state| state.join("audit")));
    let state_directory =
        raw.state_directory.or_else(|| service_directory(environment, "STATE_DIRECTORY")).or(state);
    Ok(AuditSettings {
        directory: directory.ok_or_else(|| homeless("audit.directory", "LOGS_DIRECTORY"))?,
        state_directory: state_directory
            .ok_or_else(|| homeless("audit.state_directory", "STATE_DIRECTORY"))?,
        hmac_key: raw.hmac_key,
        write_deadline_seconds: raw.write_deadline_seconds.unwrap_or(5),
    })
}

/// A directory the service manager made for this service; systemd separates several by colons.
fn service_directory(environment: &BTreeMap<String, String>, name: &str) -> Option<PathBuf> {
    let first = environment.get(name)?.split(':').next()?;
    Some(PathBuf::from(first)).filter(|path| path.is_absolute())
}

fn state_home(environment: &BTreeMap<String, String>) -> Option<PathBuf> {
    let absolute =
        |name| environment.get(name).map(PathBuf::from).filter(|path: &PathBuf| path.is_absolute());
    let home = || absolute("HOME").map(|home| home.join(".local").join("state"));
    absolute("XDG_STATE_HOME").or_else(home).or_else(|| absolute("LOCALAPPDATA"))
}

fn vault(raw: RawVault, origins: &Origins) -> Result<Option<VaultSettings>, ConfigError> {
    if !origins.keys().any(|key| key.starts_with("vault.")) {
        return Ok(None);
    }
    let missing = |key| {
        ConfigError::Combination(format!(
            "vault.{key} is not set; Vault needs an address, a role_id and a secret_id"
        ))
    };
    let address = raw.address.ok_or_else(|| missing("address"))?;
    if address.scheme() != "https" && !is_loopback(&address) {
        let text =
            format!("vault.address `{address}` is not https; secrets would cross the network in the clear");
        return Err(ConfigError::Combination(text));
    }
    let role_id = raw.role_id.ok_or_else(|| missing("role_id"))?;
    let secret_id = raw.secret_id.ok_or_else(|| missing("secret_id"))?;
    for (key, reference) in [("role_id", &role_id), ("secret_id", &secret_id)] {
        if matches!(reference, SecretRef::Vault(_)) {
            let text = format!("vault.{key} cannot itself be in Vault; use file://, cred:// or env://");
            return Err(ConfigError::Combination(text));
        }
    }
    let auth_mount = raw.auth_mount.unwrap_or_else(|| "approle".to_owned());
    if !auth_mount.split('/').all(crate::secrets::is_segment) {
        let text = "vault.auth_mount is not the name of a mount, for example `approle`";
        return Err(ConfigError::Combination(text.to_owned()));
    }
    if raw
        .namespace
        .as_ref()
        .is_some_and(|name| !name.trim_end_matches('/').split('/').all(crate::secrets::is_segment))
    {
        let text = "vault.namespace is not the name of a namespace, for example `team/infra`";
        return Err(ConfigError::Combination(text.to_owned()));
    }
    Ok(Some(VaultSettings {
        address,
        namespace: raw.namespace,
        ca_file: raw.ca_file,
        auth_mount,
        role_id,
        secret_id,
        timeout_seconds: raw.timeout_seconds.unwrap_or(5),
    }))
}

/// A `vault://` reference without a `[vault]` section would fail at the first call; say it at the start.
fn needs_vault(settings: &Settings) -> Result<(), ConfigError> {
    let used = settings.references().find(|reference| matches!(reference, SecretRef::Vault(_)));
    match (&settings.vault, used) {
        (None, Some(reference)) => Err(ConfigError::Combination(format!(
            "`{reference}` is in Vault, but vault.address is not set (PORTCULLIS_VAULT__ADDRESS)"
        ))),
        _ => Ok(()),
    }
}
