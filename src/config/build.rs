//! From checked values to [`Settings`]: defaults, and what settings ask of each other.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::AddressBlock;
use super::AuditCopy;
use super::AuditRequire;
use super::AuditRule;
use super::AuditSettings;
use super::ConfigError;
use super::DeniedTools;
use super::LogLevel;
use super::LogSettings;
use super::MetricsSettings;
use super::NetworkSettings;
use super::OAuthSettings;
use super::OAuthSetup;
use super::Origin;
use super::PolicySettings;
use super::ReadOnly;
use super::ServerSettings;
use super::Settings;
use super::ToolSettings;
use super::Transport;
use super::callers;
use super::product;
use super::product::RawProduct;
use super::product::Shared;
use super::receivers;
use super::receivers::RawReceiver;
use super::receivers::RawSyslog;
use super::tls;
use super::tls::RawTls;
use super::vault;
use super::vault::RawVault;
use crate::ids::CloudId;
use crate::secrets::EngineRef;
use crate::secrets::SecretRef;

/// Where each setting that is set was set.
pub(super) type Origins = BTreeMap<String, Origin>;

/// Everything that may be set, as figment extracts it; nothing is required here.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Raw {
    jira: RawProduct,
    jira_instances: BTreeMap<String, RawProduct>,
    confluence: RawProduct,
    confluence_instances: BTreeMap<String, RawProduct>,
    oauth: RawOAuth,
    network: RawNetwork,
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
    trusted_proxies: Vec<AddressBlock>,
    tls: RawTls,
    user_header: Option<String>,
    user_header_from: Vec<String>,
    body_limit_bytes: Option<usize>,
    nesting_limit: Option<usize>,
    deadline_seconds: Option<u64>,
    allow_global_credential_fallback: bool,
    service_name: Option<String>,
    max_concurrent_calls: Option<usize>,
    ignore_header_auth: bool,
    external_auth: bool,
    allowed_url_domains: Vec<String>,
    account_lifetime_seconds: Option<u64>,
    account_limit: Option<u64>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct RawOAuth {
    client_id: Option<String>,
    client_secret: Option<SecretRef>,
    redirect_uri: Option<String>,
    scope: Option<String>,
    cloud_id: Option<String>,
    access_token: Option<SecretRef>,
    any_site: bool,
    proxy_enable: bool,
    token_directory: Option<PathBuf>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct RawNetwork {
    system_truststore: Option<bool>,
    user_agent: Option<String>,
    retries: Option<u32>,
    retry_backoff_seconds: Option<f64>,
    retry_writes: bool,
    ignore_retry_after: bool,
    max_concurrent_requests: Option<usize>,
    requests_per_second: Option<f64>,
    breaker_threshold: Option<u32>,
    breaker_cooldown_seconds: Option<u64>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct RawTools {
    read_only: Option<bool>,
    raw_jira_markup: bool,
    enabled: Option<Vec<String>>,
    toolsets: Option<Vec<String>>,
    most_results: Option<u32>,
    sla_metrics: Option<Vec<String>>,
    working_hours_only: bool,
    working_hours_start: Option<String>,
    working_hours_end: Option<String>,
    working_days: Option<Vec<String>>,
    time_zone: Option<String>,
    hierarchy_link_phrases: Vec<String>,
    internal_only_projects: Vec<String>,
    issue_key_pattern: Option<String>,
    project_key_pattern: Option<String>,
    attachment_directory: Option<PathBuf>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct RawPolicy {
    directory: Option<PathBuf>,
    denied_tools: Option<DeniedTools>,
    require_proof: Option<PathBuf>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct RawAudit {
    directory: Option<PathBuf>,
    state_directory: Option<PathBuf>,
    hmac_key: Option<SecretRef>,
    signing_key: Option<SecretRef>,
    signing_transit_key: Option<String>,
    write_deadline_seconds: Option<u64>,
    rules: Vec<AuditRule>,
    checkpoint_records: Option<u64>,
    checkpoint_seconds: Option<u64>,
    rotate_bytes: Option<u64>,
    rotate_hours: Option<u64>,
    require: AuditRequire,
    copies: Vec<AuditCopy>,
    checkpoint_copies: Option<PathBuf>,
    http: RawReceiver,
    witness: RawReceiver,
    syslog: RawSyslog,
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

/// Builds the settings and adds to the warnings.
pub(super) fn settings(
    raw: Raw,
    origins: &Origins,
    environment: &BTreeMap<String, String>,
    warnings: &mut Vec<String>,
) -> Result<Settings, ConfigError> {
    let oauth = OAuthSettings {
        any_site: raw.oauth.any_site,
        token_directory: raw.oauth.token_directory.clone().or_else(|| token_directory(environment)),
    };
    warnings.extend(vault::unused(&raw.vault));
    let mut shared = shared(raw.oauth, raw.server.external_auth);
    if shared.proxy {
        warnings.push(
            "ATLASSIAN_OAUTH_PROXY_ENABLE: the OAuth proxy is not served yet: clients cannot register or log in here, \
             and bring credentials in headers"
                .to_owned(),
        );
    }
    shared.has_address = raw.jira.url.is_some() || raw.confluence.url.is_some();
    let server = server(raw.server)?;
    let audit = audit(raw.audit, server.transport, origins, environment)?;
    let call_deadline = Duration::from_secs(server.deadline_seconds);
    let settings = Settings {
        jira_read_only: product::read_only(&raw.jira, &raw.jira_instances),
        confluence_read_only: product::read_only(&raw.confluence, &raw.confluence_instances),
        jira_reach: product::chosen_reach("jira", &raw.jira)?,
        confluence_reach: product::chosen_reach("confluence", &raw.confluence)?,
        jira: product::build_all("jira", raw.jira, raw.jira_instances, &shared, origins, warnings)?,
        confluence: product::build_all(
            "confluence",
            raw.confluence,
            raw.confluence_instances,
            &shared,
            origins,
            warnings,
        )?,
        oauth,
        network: network(raw.network),
        metrics: metrics(raw.metrics.address.as_deref(), server.transport)?,
        tools: tools(raw.tools, server.transport == Transport::Stdio),
        server,
        policy: PolicySettings {
            directory: raw.policy.directory,
            denied_tools: raw.policy.denied_tools.unwrap_or(DeniedTools::Explain),
            require_proof: raw.policy.require_proof,
        },
        audit,
        vault: vault::build(raw.vault, call_deadline, origins)?,
        log: LogSettings { level: raw.log.level.unwrap_or(LogLevel::Warn), json: raw.log.json },
    };
    vault::is_there_if_needed(&settings)?;
    vault::users_are_known(&settings)?;
    Ok(settings)
}

/// What the wizard needs, from as much as is set.
pub(super) fn oauth_setup(
    raw: Raw,
    origins: &Origins,
    environment: BTreeMap<String, String>,
) -> Result<OAuthSetup, ConfigError> {
    let oauth = raw.oauth;
    Ok(OAuthSetup {
        client_id: oauth.client_id,
        client_secret: oauth.client_secret,
        redirect_uri: oauth.redirect_uri,
        scope: oauth.scope,
        cloud_id: oauth.cloud_id,
        token_directory: oauth.token_directory.or_else(|| token_directory(&environment)),
        reach: product::chosen_reach("jira", &raw.jira)?,
        network: network(raw.network),
        vault: vault::build(raw.vault, Duration::default(), origins)?,
        environment,
    })
}

fn shared(raw: RawOAuth, external: bool) -> Shared {
    Shared {
        client_id: raw.client_id,
        client_secret: raw.client_secret,
        redirect_uri: raw.redirect_uri,
        scope: raw.scope,
        cloud_id: raw.cloud_id.as_deref().and_then(CloudId::parse),
        access_token: raw.access_token,
        external,
        any_site: raw.any_site,
        has_address: false,
        proxy: raw.proxy_enable,
    }
}

/// Where the reference server keeps tokens, so that either reads the other's.
fn token_directory(environment: &BTreeMap<String, String>) -> Option<PathBuf> {
    let home = environment.get("HOME").or_else(|| environment.get("USERPROFILE"))?;
    Some(PathBuf::from(home)).filter(|home| home.is_absolute()).map(|home| home.join(".mcp-atlassian"))
}

fn network(raw: RawNetwork) -> NetworkSettings {
    NetworkSettings {
        system_truststore: raw.system_truststore.unwrap_or(true),
        user_agent: raw.user_agent,
        retries: raw.retries,
        retry_backoff_seconds: raw.retry_backoff_seconds,
        retry_writes: raw.retry_writes,
        ignore_retry_after: raw.ignore_retry_after,
        max_concurrent_requests: raw.max_concurrent_requests,
        requests_per_second: raw.requests_per_second,
        breaker_threshold: raw.breaker_threshold,
        breaker_cooldown_seconds: raw.breaker_cooldown_seconds,
    }
}

/// Names as clients put them into `Host`: an address of a page would never match.
fn hosts(names: Vec<String>) -> Result<Vec<String>, ConfigError> {
    match names.iter().find(|name| name.contains('/')) {
        Some(wrong) => Err(ConfigError::Combination(format!(
            "server.allowed_hosts: `{}` is no host; write its name alone, such as portcullis.example.com",
            wrong.escape_debug()
        ))),
        None => Ok(names),
    }
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
    let tls = tls::build(raw.tls)?;
    let clients = tls.as_ref().and_then(|tls| tls.clients.as_ref());
    let user_header = callers::header(raw.user_header.as_deref(), &raw.user_header_from, clients)?;
    Ok(ServerSettings {
        transport,
        host: raw.host.unwrap_or_else(|| "127.0.0.1".to_owned()),
        port: raw.port.unwrap_or(8000),
        path: raw.path.unwrap_or_else(|| path.to_owned()),
        stateless,
        allowed_hosts: hosts(raw.allowed_hosts)?,
        allowed_origins: raw.allowed_origins,
        trusted_proxies: raw.trusted_proxies,
        tls,
        user_header,
        body_limit_bytes: raw.body_limit_bytes.unwrap_or(1024 * 1024),
        nesting_limit: raw.nesting_limit.unwrap_or(64),
        deadline_seconds: raw.deadline_seconds.unwrap_or(75),
        allow_global_credential_fallback: raw.allow_global_credential_fallback,
        service_name: raw.service_name.unwrap_or_else(|| "portcullis".to_owned()),
        max_concurrent_calls: raw.max_concurrent_calls.unwrap_or(256),
        ignore_header_auth: raw.ignore_header_auth,
        allowed_url_domains: raw.allowed_url_domains,
        account_lifetime_seconds: raw.account_lifetime_seconds.unwrap_or(300),
        account_limit: raw.account_limit.unwrap_or(1000),
    })
}

fn tools(raw: RawTools, over_stdio: bool) -> ToolSettings {
    let read_only = match raw.read_only {
        None => ReadOnly::Unset,
        Some(true) => ReadOnly::On,
        Some(false) => ReadOnly::Off,
    };
    let or = |given: Option<String>, usual: &str| given.unwrap_or_else(|| usual.to_owned());
    let listed = |given: Option<Vec<String>>, usual: &[&str]| {
        given.unwrap_or_else(|| usual.iter().copied().map(str::to_owned).collect())
    };
    ToolSettings {
        read_only,
        raw_jira_markup: raw.raw_jira_markup,
        enabled: raw.enabled,
        toolsets: raw.toolsets,
        most_results: raw.most_results.filter(|most| *most > 0),
        sla_metrics: listed(raw.sla_metrics, &["cycle_time", "time_in_status"]),
        working_hours_only: raw.working_hours_only,
        working_hours_start: or(raw.working_hours_start, "09:00"),
        working_hours_end: or(raw.working_hours_end, "17:00"),
        working_days: listed(raw.working_days, &["1", "2", "3", "4", "5"]),
        time_zone: or(raw.time_zone, "UTC"),
        hierarchy_link_phrases: raw.hierarchy_link_phrases,
        internal_only_projects: raw.internal_only_projects,
        issue_key_pattern: raw.issue_key_pattern,
        project_key_pattern: raw.project_key_pattern,
        attachment_directory: raw.attachment_directory.or(over_stdio.then(|| PathBuf::from("attachments"))),
    }
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

fn transit_key(raw: &RawAudit) -> Result<Option<EngineRef>, ConfigError> {
    let refused = |problem: &str| ConfigError::Combination(format!("audit.signing_transit_key: {problem}"));
    match (&raw.signing_transit_key, &raw.signing_key) {
        (Some(_), Some(_)) => Err(refused("audit.signing_key is set as well; keep one of them")),
        (Some(text), None) => text.parse().map(Some).map_err(refused),
        (None, _) => Ok(None),
    }
}

fn audit(
    raw: RawAudit,
    transport: Transport,
    origins: &Origins,
    environment: &BTreeMap<String, String>,
) -> Result<AuditSettings, ConfigError> {
    let signing_transit_key = transit_key(&raw)?;
    let http = receivers::receiver("audit.http", raw.http, origins)?;
    receivers::check(raw.require, http.as_ref(), &raw.copies, transport)?;
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
        signing_key: raw.signing_key,
        signing_transit_key,
        write_deadline_seconds: raw.write_deadline_seconds.unwrap_or(5),
        rules: raw.rules,
        checkpoint_records: raw.checkpoint_records.unwrap_or(1000),
        checkpoint_seconds: raw.checkpoint_seconds.unwrap_or(60),
        rotate_bytes: raw.rotate_bytes.unwrap_or(256_000_000),
        rotate_hours: raw.rotate_hours.unwrap_or(24),
        require: raw.require,
        copies: raw.copies,
        checkpoint_copies: raw.checkpoint_copies,
        http,
        witness: receivers::receiver("audit.witness", raw.witness, origins)?,
        syslog: receivers::syslog(raw.syslog, origins)?,
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
