//! The settings as the rest of the program sees them: checked, complete, free of secrets.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use http::HeaderName;
use serde::Deserialize;
use url::Url;

use super::AddressBlock;
use super::AuditCopy;
use super::AuditRequire;
use super::AuditRule;
use super::CallerCertificates;
use super::CallerHeader;
use super::ReceiverSettings;
use super::SyslogSettings;
use crate::ids::CloudId;
use crate::ids::InstanceName;
use crate::secrets::CertificateWish;
use crate::secrets::EngineRef;
use crate::secrets::SecretRef;
use crate::secrets::VaultSettings;

/// Everything that can be set.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Every configured Jira.
    pub jira: BTreeMap<InstanceName, ProductSettings>,
    /// Every configured Confluence.
    pub confluence: BTreeMap<InstanceName, ProductSettings>,
    /// Every Jira at which nothing is written; with the default one, no Jira is written to at all.
    pub jira_read_only: BTreeSet<InstanceName>,
    /// The same for Confluence.
    pub confluence_read_only: BTreeSet<InstanceName>,
    /// How a Jira is reached that a caller chose.
    pub jira_reach: Reach,
    /// How a Confluence is reached that a caller chose.
    pub confluence_reach: Reach,
    /// OAuth beyond one product.
    pub oauth: OAuthSettings,
    /// How products are reached.
    pub network: NetworkSettings,
    /// How clients reach this server.
    pub server: ServerSettings,
    /// Which tools are offered.
    pub tools: ToolSettings,
    /// Where policies are.
    pub policy: PolicySettings,
    /// Where records go.
    pub audit: AuditSettings,
    /// Where secrets may be fetched from.
    pub vault: Option<VaultSettings>,
    /// Where metrics and health are served.
    pub metrics: MetricsSettings,
    /// What is logged.
    pub log: LogSettings,
}

/// One product: where it is and who we are there.
#[derive(Debug, Clone)]
pub struct ProductSettings {
    /// The base address, without a trailing slash; none for a Cloud site that is known by its id alone.
    pub url: Option<Url>,
    /// The site's id on Cloud, if it is known.
    pub cloud_id: Option<CloudId>,
    /// Whether bearer tokens of callers are OAuth tokens here.
    pub oauth: bool,
    /// Data Center or Cloud.
    pub deployment: Deployment,
    /// The operator's credential.
    pub credential: CredentialSettings,
    /// How it is reached.
    pub reach: Reach,
    /// Headers that are sent with every request to [`url`](Self::url).
    pub custom_headers: BTreeMap<String, SecretRef>,
    /// Headers that are copied from the caller's request.
    pub passthrough_headers: Vec<HeaderName>,
    /// The only projects or spaces that are reached; empty means all that policy allows.
    pub filter: Vec<String>,
}

/// How a product is reached.
#[derive(Debug, Clone)]
pub struct Reach {
    /// Whether the server's certificate is checked.
    pub ssl_verify: bool,
    /// The certificate this server shows.
    pub client_certificate: Option<ClientCertificateSettings>,
    /// Certificates that are trusted besides the system's.
    pub ca_file: Option<PathBuf>,
    /// How long one request may take.
    pub timeout_seconds: u64,
    /// The proxy for `http` addresses.
    pub http_proxy: Option<ProxyUrl>,
    /// The proxy for `https` addresses.
    pub https_proxy: Option<ProxyUrl>,
    /// The SOCKS proxy for all addresses; it wins over the others.
    pub socks_proxy: Option<ProxyUrl>,
    /// Hosts that are reached without the proxy, separated by commas.
    pub no_proxy: Option<String>,
    /// The script that says which proxy to take where none is set.
    pub proxy_script: Option<Url>,
}

/// A certificate of our own, in PEM.
#[derive(Debug, Clone)]
pub struct ClientCertificateSettings {
    /// The certificate, and its key unless that is apart.
    pub certificate: PathBuf,
    /// The key.
    pub key: Option<PathBuf>,
    /// What an encrypted key is opened with.
    pub password: Option<SecretRef>,
}

/// Which of the two kinds of Atlassian installation a product is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Deployment {
    /// Run by the operator.
    DataCenter,
    /// Run by Atlassian.
    Cloud,
}

/// Who this server is at a product when the caller brings no credential.
#[derive(Debug, Clone)]
pub enum CredentialSettings {
    /// Nobody.
    None,
    /// A personal access token (Data Center).
    PersonalToken(SecretRef),
    /// A user name with a password (Data Center) or an API token (Cloud).
    Basic {
        /// The user name or the account's mail address.
        username: String,
        /// The password or the API token.
        secret: SecretRef,
    },
    /// The same, both in one secret in Vault, so that they always belong together.
    BasicInVault(SecretRef),
    /// An OAuth access token that somebody else renews.
    AccessToken(SecretRef),
    /// An OAuth app, whose tokens `portcullis oauth setup` has stored.
    App(OAuthApp),
    /// The client certificate alone (Data Center).
    Certificate,
    /// The session in headers that callers bring.
    Passed,
}

/// An OAuth app (Cloud) or an incoming link (Data Center).
#[derive(Debug, Clone)]
pub struct OAuthApp {
    /// Its client id.
    pub client_id: String,
    /// Its secret.
    pub client_secret: SecretRef,
    /// Where the browser is sent back to.
    pub redirect_uri: String,
    /// The scopes, separated by blanks.
    pub scope: String,
}

/// OAuth beyond one product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuthSettings {
    /// Whether callers may choose a Cloud site by its id.
    pub any_site: bool,
    /// Where tokens are stored that no keyring keeps.
    pub token_directory: Option<PathBuf>,
}

/// What `portcullis oauth setup` needs, as far as it is set.
#[derive(Clone)]
pub struct OAuthSetup {
    /// The app's client id.
    pub client_id: Option<String>,
    /// Its secret.
    pub client_secret: Option<SecretRef>,
    /// Where the browser is sent back to.
    pub redirect_uri: Option<String>,
    /// The scopes.
    pub scope: Option<String>,
    /// The Cloud site.
    pub cloud_id: Option<String>,
    /// Where tokens are stored that no keyring keeps.
    pub token_directory: Option<PathBuf>,
    /// How the authorization server is reached.
    pub reach: Reach,
    /// The rest of that.
    pub network: NetworkSettings,
    pub(super) vault: Option<VaultSettings>,
    pub(super) environment: BTreeMap<String, String>,
}

impl fmt::Debug for OAuthSetup {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("OAuthSetup").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

/// How products are reached; what is not set has the default of `net`.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkSettings {
    /// Whether the operating system's store says who is trusted, and not the roots that come with this program.
    pub system_truststore: bool,
    /// `User-Agent`.
    pub user_agent: Option<String>,
    /// How often a read is repeated.
    pub retries: Option<u32>,
    /// The first wait before that, in seconds.
    pub retry_backoff_seconds: Option<f64>,
    /// Whether writes are repeated as well.
    pub retry_writes: bool,
    /// Whether `Retry-After` is not looked at.
    pub ignore_retry_after: bool,
    /// How many requests run at once; zero is no limit.
    pub max_concurrent_requests: Option<usize>,
    /// How many requests leave in a second; zero is no limit.
    pub requests_per_second: Option<f64>,
    /// After how many failures in a row a product is left alone; zero is never.
    pub breaker_threshold: Option<u32>,
    /// For how long.
    pub breaker_cooldown_seconds: Option<u64>,
}

/// The address of a proxy; its user name and password do not show.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyUrl(Url);

/// How clients reach this server.
#[derive(Debug, Clone)]
pub struct ServerSettings {
    /// The MCP transport.
    pub transport: Transport,
    /// The address or host name to listen on.
    pub host: String,
    /// The port to listen on.
    pub port: u16,
    /// The path of the endpoint.
    pub path: String,
    /// `STATELESS`: no sessions are kept. This server never keeps any; the setting is checked and has no effect.
    pub stateless: bool,
    /// Values of `Host` that are accepted besides loopback names.
    pub allowed_hosts: Vec<String>,
    /// Values of `Origin` that are accepted besides loopback ones.
    pub allowed_origins: Vec<String>,
    /// The proxies that are believed when they say who calls.
    pub trusted_proxies: Vec<AddressBlock>,
    /// TLS; none is plain HTTP.
    pub tls: Option<TlsSettings>,
    /// The header by which a proxy names users.
    pub user_header: Option<CallerHeader>,
    /// The longest request body.
    pub body_limit_bytes: usize,
    /// The deepest nesting of a request's JSON.
    pub nesting_limit: usize,
    /// How long one call may take in all.
    pub deadline_seconds: u64,
    /// Whether an HTTP caller without a credential is lent the operator's.
    pub allow_global_credential_fallback: bool,
    /// The name of the `Service` principal such a caller becomes.
    pub service_name: String,
    /// How many calls run at once.
    pub max_concurrent_calls: usize,
    /// Whether credentials of callers are ignored.
    pub ignore_header_auth: bool,
    /// The hosts that callers may choose; empty is all that are public.
    pub allowed_url_domains: Vec<String>,
    /// How long an account is believed; zero is not at all.
    pub account_lifetime_seconds: u64,
    /// How many accounts are remembered.
    pub account_limit: u64,
}

/// TLS on the listener.
#[derive(Debug, Clone)]
pub struct TlsSettings {
    /// The certificate to show.
    pub certificate: CertificateSettings,
    /// The certificates to ask clients for.
    pub clients: Option<CallerCertificates>,
}

impl ServerSettings {
    /// The client certificates that are asked for.
    pub fn clients(&self) -> Option<&CallerCertificates> {
        self.tls.as_ref()?.clients.as_ref()
    }

    /// Whether something says which user a caller is, before Atlassian is asked.
    pub fn names_users(&self) -> bool {
        self.user_header.is_some() || self.clients().is_some_and(|clients| clients.names.is_some())
    }
}

/// Where the certificate of the listener comes from.
#[derive(Debug, Clone)]
pub enum CertificateSettings {
    /// Somebody keeps it up to date.
    Given {
        /// The certificate and those above it, in PEM.
        certificate: PathBuf,
        /// Its key in PEM.
        key: SecretRef,
    },
    /// It is signed by Vault.
    Signed(CertificateWish),
}

/// An MCP transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    /// Standard input and output, one client.
    Stdio,
    /// Streamable HTTP.
    StreamableHttp,
    /// HTTP with server-sent events, for old clients.
    Sse,
}

/// Which tools are offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolSettings {
    /// `READ_ONLY_MODE`.
    pub read_only: ReadOnly,
    /// Whether texts of Jira stay wiki markup, in results and in arguments.
    pub raw_jira_markup: bool,
    /// The only tools that are offered; `None` means all.
    pub enabled: Option<Vec<String>>,
    /// The only toolsets that are offered; `None` means all.
    pub toolsets: Option<Vec<String>>,
    /// How many results a list gives at most; `None` is no bound.
    pub most_results: Option<u32>,
    /// What `jira_get_issue_sla` measures where the caller does not say.
    pub sla_metrics: Vec<String>,
    /// Whether it counts working hours alone where the caller does not say.
    pub working_hours_only: bool,
    /// When a working day starts, like `09:00`.
    pub working_hours_start: String,
    /// When it ends.
    pub working_hours_end: String,
    /// The working days, 1 for Monday to 7 for Sunday.
    pub working_days: Vec<String>,
    /// The time zone of these hours.
    pub time_zone: String,
    /// What links say of parents and children besides Jira's own phrases, like `child:is part of`.
    pub hierarchy_link_phrases: Vec<String>,
    /// Projects whose comments customers never see.
    pub internal_only_projects: Vec<String>,
    /// What issue keys look like; `None` is Jira's default form.
    pub issue_key_pattern: Option<String>,
    /// What project keys look like.
    pub project_key_pattern: Option<String>,
    /// Where arguments may name files on the server; nowhere without.
    pub attachment_directory: Option<PathBuf>,
}

/// The three answers to whether writes are off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReadOnly {
    /// Not said: the `read-only` profile, or the operator's own policies.
    Unset,
    /// Read-only beats every policy.
    On,
    /// The `read-write` profile where there is no policy of the operator's own.
    Off,
}

/// Where policies are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicySettings {
    /// The operator's own policies; `None` means a built-in profile.
    pub directory: Option<PathBuf>,
    /// What a caller sees of tools that policy denies.
    pub denied_tools: DeniedTools,
    /// The proof record without which the server does not start.
    pub require_proof: Option<PathBuf>,
}

/// What a caller sees of tools that policy denies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeniedTools {
    /// They are listed, and a call says why it is refused.
    Explain,
    /// They look like unknown tools.
    Hide,
}

/// Where records go.
#[derive(Debug, Clone)]
pub struct AuditSettings {
    /// The directory of the records.
    pub directory: PathBuf,
    /// The directory of keys and other state.
    pub state_directory: PathBuf,
    /// The key that hides caller-chosen text in records; made at first start if it is not given.
    pub hmac_key: Option<SecretRef>,
    /// The key that signs checkpoints; made at first start if it is not given.
    pub signing_key: Option<SecretRef>,
    /// The key in Vault that signs checkpoints instead.
    pub signing_transit_key: Option<EngineRef>,
    /// How long a record may take to become durable.
    pub write_deadline_seconds: u64,
    /// How much of the arguments is written down; the first rule that fits says.
    pub rules: Vec<AuditRule>,
    /// After how many records a checkpoint is written.
    pub checkpoint_records: u64,
    /// After what time a checkpoint is written, if there are new records.
    pub checkpoint_seconds: u64,
    /// The size after which a file is left for another.
    pub rotate_bytes: u64,
    /// The age after which a file is left for another.
    pub rotate_hours: u64,
    /// Whether a record must be in the file and with the receiver.
    pub require: AuditRequire,
    /// Where records are copied to.
    pub copies: Vec<AuditCopy>,
    /// A directory that every checkpoint is copied into.
    pub checkpoint_copies: Option<PathBuf>,
    /// The receiver of records.
    pub http: Option<ReceiverSettings>,
    /// The receiver of checkpoints.
    pub witness: Option<ReceiverSettings>,
    /// The syslog server that records are copied to.
    pub syslog: Option<SyslogSettings>,
}

/// Where metrics and health are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetricsSettings {
    /// The address to listen on; `None` means nowhere.
    pub address: Option<SocketAddr>,
    /// Whether the program must end when the address is taken: over HTTP, but not in stdio.
    pub required: bool,
}

/// What is logged, always to standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogSettings {
    /// The least important level that is written.
    pub level: LogLevel,
    /// One JSON object per line instead of text.
    pub json: bool,
}

/// How much is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogLevel {
    /// What failed.
    Error,
    /// And what looks wrong.
    Warn,
    /// And what happens.
    Info,
    /// And how.
    Debug,
    /// And every detail.
    Trace,
}

impl Deployment {
    /// `datacenter` or `cloud`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DataCenter => "datacenter",
            Self::Cloud => "cloud",
        }
    }
}

impl Transport {
    /// The name the flag takes.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stdio => "stdio",
            Self::StreamableHttp => "streamable-http",
            Self::Sse => "sse",
        }
    }
}

impl LogLevel {
    /// The name the setting takes, which `tracing` reads as well.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

impl ProxyUrl {
    /// Takes an address whose scheme a proxy can have.
    pub fn parse(text: &str) -> Result<Self, url::ParseError> {
        let url = Url::parse(text)?;
        let known = matches!(url.scheme(), "http" | "https" | "socks4" | "socks4a" | "socks5" | "socks5h");
        if known && url.has_host() { Ok(Self(url)) } else { Err(url::ParseError::EmptyHost) }
    }

    /// The address with its user name and password.
    pub fn expose(&self) -> &Url {
        &self.0
    }
}

impl fmt::Display for ProxyUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.0.host_str().unwrap_or_default();
        write!(formatter, "{}://{host}", self.0.scheme())?;
        self.0.port().map_or(Ok(()), |port| write!(formatter, ":{port}"))
    }
}

impl fmt::Debug for ProxyUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ProxyUrl({self})")
    }
}
