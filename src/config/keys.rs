//! Every setting there is: its key, what it takes, and its other names. The loader, the error messages, the
//! nearest-name hints and the check of `config/example.toml` all read this one list.

use super::kinds::Kind;
use crate::ids::InstanceName;

/// One setting.
#[derive(Debug)]
pub(super) struct Key {
    /// `section.key` in TOML; `PORTCULLIS_SECTION__KEY` in the environment.
    pub(super) name: &'static str,
    /// What values it takes.
    pub(super) kind: Kind,
    /// The reference server's variable, where it has one.
    pub(super) variable: Option<&'static str>,
    /// The flag, where there is one.
    pub(super) flag: Option<&'static str>,
}

impl Key {
    const fn new(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, variable: None, flag: None }
    }

    const fn variable(mut self, variable: &'static str) -> Self {
        self.variable = Some(variable);
        self
    }

    const fn flag(mut self, flag: &'static str) -> Self {
        self.flag = Some(flag);
        self
    }

    /// `server.port` is `PORTCULLIS_SERVER__PORT`.
    pub(super) fn own_variable(&self) -> String {
        format!("{OWN_PREFIX}{}", self.name.replace('.', "__").to_ascii_uppercase())
    }
}

/// What the variables of this server begin with.
pub(super) const OWN_PREFIX: &str = "PORTCULLIS_";

const DEPLOYMENTS: &[&str] = &["auto", "datacenter", "cloud"];
const TRANSPORTS: &[&str] = &["stdio", "streamable-http", "sse"];
const LOGINS: &[&str] = &["approle", "kubernetes", "jwt", "certificate", "token", "token-file"];
const LEVELS: &[&str] = &["error", "warn", "info", "debug", "trace"];
const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;

/// All settings, in the order of `config/example.toml`.
pub(super) const KEYS: &[Key] = &[
    Key::new("jira.url", Kind::BaseUrl).variable("JIRA_URL").flag("--jira-url"),
    Key::new("jira.deployment", Kind::Choice(DEPLOYMENTS)).variable("JIRA_DEPLOYMENT"),
    Key::new("jira.username", Kind::Text).variable("JIRA_USERNAME").flag("--jira-username"),
    Key::new("jira.api_token", Kind::Secret).variable("JIRA_API_TOKEN").flag("--jira-token"),
    Key::new("jira.personal_token", Kind::Secret)
        .variable("JIRA_PERSONAL_TOKEN")
        .flag("--jira-personal-token"),
    Key::new("jira.oauth_client_id", Kind::Text).variable("JIRA_OAUTH_CLIENT_ID"),
    Key::new("jira.oauth_client_secret", Kind::Secret).variable("JIRA_OAUTH_CLIENT_SECRET"),
    Key::new("jira.oauth_redirect_uri", Kind::Text).variable("JIRA_OAUTH_REDIRECT_URI"),
    Key::new("jira.oauth_scope", Kind::Text).variable("JIRA_OAUTH_SCOPE"),
    Key::new("jira.oauth_access_token", Kind::Secret).variable("JIRA_OAUTH_ACCESS_TOKEN"),
    Key::new("jira.oauth_cloud_id", Kind::CloudId),
    Key::new("jira.client_certificate", Kind::Path).variable("JIRA_CLIENT_CERT"),
    Key::new("jira.client_key", Kind::Path).variable("JIRA_CLIENT_KEY"),
    Key::new("jira.client_key_password", Kind::Secret).variable("JIRA_CLIENT_KEY_PASSWORD"),
    Key::new("jira.ssl_verify", Kind::Flag).variable("JIRA_SSL_VERIFY").flag("--jira-ssl-verify"),
    Key::new("jira.ca_file", Kind::Path).variable("JIRA_CA_FILE"),
    Key::new("jira.timeout_seconds", Kind::Number(1, HOUR)).variable("JIRA_TIMEOUT"),
    Key::new("jira.custom_headers", Kind::Headers).variable("JIRA_CUSTOM_HEADERS"),
    Key::new("jira.passthrough_headers", Kind::HeaderNames).variable("JIRA_PASSTHROUGH_HEADERS"),
    Key::new("jira.http_proxy", Kind::Proxy).variable("JIRA_HTTP_PROXY"),
    Key::new("jira.https_proxy", Kind::Proxy).variable("JIRA_HTTPS_PROXY"),
    Key::new("jira.socks_proxy", Kind::Proxy).variable("JIRA_SOCKS_PROXY"),
    Key::new("jira.no_proxy", Kind::Text).variable("JIRA_NO_PROXY"),
    Key::new("jira.proxy_wpad_enable", Kind::Flag).variable("JIRA_PROXY_WPAD_ENABLE"),
    Key::new("jira.proxy_wpad_url", Kind::Text).variable("JIRA_PROXY_WPAD_URL"),
    Key::new("jira.projects_filter", Kind::Projects)
        .variable("JIRA_PROJECTS_FILTER")
        .flag("--jira-projects-filter"),
    Key::new("jira.read_only", Kind::Flag).variable("JIRA_READ_ONLY_MODE"),
    Key::new("confluence.url", Kind::BaseUrl).variable("CONFLUENCE_URL").flag("--confluence-url"),
    Key::new("confluence.deployment", Kind::Choice(DEPLOYMENTS)).variable("CONFLUENCE_DEPLOYMENT"),
    Key::new("confluence.username", Kind::Text).variable("CONFLUENCE_USERNAME").flag("--confluence-username"),
    Key::new("confluence.api_token", Kind::Secret)
        .variable("CONFLUENCE_API_TOKEN")
        .flag("--confluence-token"),
    Key::new("confluence.personal_token", Kind::Secret)
        .variable("CONFLUENCE_PERSONAL_TOKEN")
        .flag("--confluence-personal-token"),
    Key::new("confluence.oauth_client_id", Kind::Text).variable("CONFLUENCE_OAUTH_CLIENT_ID"),
    Key::new("confluence.oauth_client_secret", Kind::Secret).variable("CONFLUENCE_OAUTH_CLIENT_SECRET"),
    Key::new("confluence.oauth_redirect_uri", Kind::Text).variable("CONFLUENCE_OAUTH_REDIRECT_URI"),
    Key::new("confluence.oauth_scope", Kind::Text).variable("CONFLUENCE_OAUTH_SCOPE"),
    Key::new("confluence.oauth_access_token", Kind::Secret).variable("CONFLUENCE_OAUTH_ACCESS_TOKEN"),
    Key::new("confluence.oauth_cloud_id", Kind::CloudId),
    Key::new("confluence.client_certificate", Kind::Path).variable("CONFLUENCE_CLIENT_CERT"),
    Key::new("confluence.client_key", Kind::Path).variable("CONFLUENCE_CLIENT_KEY"),
    Key::new("confluence.client_key_password", Kind::Secret).variable("CONFLUENCE_CLIENT_KEY_PASSWORD"),
    Key::new("confluence.ssl_verify", Kind::Flag)
        .variable("CONFLUENCE_SSL_VERIFY")
        .flag("--confluence-ssl-verify"),
    Key::new("confluence.ca_file", Kind::Path).variable("CONFLUENCE_CA_FILE"),
    Key::new("confluence.timeout_seconds", Kind::Number(1, HOUR)).variable("CONFLUENCE_TIMEOUT"),
    Key::new("confluence.custom_headers", Kind::Headers).variable("CONFLUENCE_CUSTOM_HEADERS"),
    Key::new("confluence.passthrough_headers", Kind::HeaderNames).variable("CONFLUENCE_PASSTHROUGH_HEADERS"),
    Key::new("confluence.http_proxy", Kind::Proxy).variable("CONFLUENCE_HTTP_PROXY"),
    Key::new("confluence.https_proxy", Kind::Proxy).variable("CONFLUENCE_HTTPS_PROXY"),
    Key::new("confluence.socks_proxy", Kind::Proxy).variable("CONFLUENCE_SOCKS_PROXY"),
    Key::new("confluence.no_proxy", Kind::Text).variable("CONFLUENCE_NO_PROXY"),
    Key::new("confluence.proxy_wpad_enable", Kind::Flag).variable("CONFLUENCE_PROXY_WPAD_ENABLE"),
    Key::new("confluence.proxy_wpad_url", Kind::Text).variable("CONFLUENCE_PROXY_WPAD_URL"),
    Key::new("confluence.spaces_filter", Kind::Spaces)
        .variable("CONFLUENCE_SPACES_FILTER")
        .flag("--confluence-spaces-filter"),
    Key::new("confluence.read_only", Kind::Flag).variable("CONFLUENCE_READ_ONLY_MODE"),
    Key::new("oauth.client_id", Kind::Text).variable("ATLASSIAN_OAUTH_CLIENT_ID").flag("--oauth-client-id"),
    Key::new("oauth.client_secret", Kind::Secret)
        .variable("ATLASSIAN_OAUTH_CLIENT_SECRET")
        .flag("--oauth-client-secret"),
    Key::new("oauth.redirect_uri", Kind::Text)
        .variable("ATLASSIAN_OAUTH_REDIRECT_URI")
        .flag("--oauth-redirect-uri"),
    Key::new("oauth.scope", Kind::Text).variable("ATLASSIAN_OAUTH_SCOPE").flag("--oauth-scope"),
    Key::new("oauth.cloud_id", Kind::CloudId).variable("ATLASSIAN_OAUTH_CLOUD_ID").flag("--oauth-cloud-id"),
    Key::new("oauth.access_token", Kind::Secret)
        .variable("ATLASSIAN_OAUTH_ACCESS_TOKEN")
        .flag("--oauth-access-token"),
    Key::new("oauth.proxy_enable", Kind::Flag).variable("ATLASSIAN_OAUTH_PROXY_ENABLE"),
    Key::new("oauth.any_site", Kind::Flag).variable("ATLASSIAN_OAUTH_ENABLE"),
    Key::new("oauth.token_directory", Kind::Path),
    Key::new("server.transport", Kind::Choice(TRANSPORTS)).variable("TRANSPORT").flag("--transport"),
    Key::new("server.host", Kind::Host).variable("HOST").flag("--host"),
    Key::new("server.port", Kind::Number(0, 65535)).variable("PORT").flag("--port"),
    Key::new("server.path", Kind::UrlPath).variable("STREAMABLE_HTTP_PATH").flag("--path"),
    Key::new("server.stateless", Kind::Flag).variable("STATELESS").flag("--stateless"),
    Key::new("server.allowed_hosts", Kind::List),
    Key::new("server.allowed_origins", Kind::List),
    Key::new("server.trusted_proxies", Kind::AddressBlocks),
    Key::new("server.tls.certificate", Kind::Path),
    Key::new("server.tls.key", Kind::Secret),
    Key::new("server.tls.pki_role", Kind::Text),
    Key::new("server.tls.names", Kind::List),
    Key::new("server.tls.hours", Kind::Number(1, 8_760)),
    Key::new("server.tls.client_ca", Kind::Path),
    Key::new("server.tls.client_certificate", Kind::Choice(&["required", "optional"])),
    Key::new("server.tls.client_name", Kind::Choice(&["cn", "email", "dns", "uri"])),
    Key::new("server.tls.client_name_prefix", Kind::Text),
    Key::new("server.tls.client_name_suffix", Kind::Text),
    Key::new("server.tls.client_crl", Kind::Path),
    Key::new("server.user_header", Kind::Text),
    Key::new("server.user_header_from", Kind::List),
    Key::new("server.body_limit_bytes", Kind::Number(1024, 1 << 30)),
    Key::new("server.nesting_limit", Kind::Number(8, 128)),
    Key::new("server.deadline_seconds", Kind::Number(1, HOUR)),
    Key::new("server.allow_global_credential_fallback", Kind::Flag).variable("ALLOW_GLOBAL_CRED_FALLBACK"),
    Key::new("server.service_name", Kind::Text),
    Key::new("server.ignore_header_auth", Kind::Flag).variable("IGNORE_HEADER_AUTH"),
    Key::new("server.external_auth", Kind::Flag).variable("ATLASSIAN_EXTERNAL_AUTH_ENABLE"),
    Key::new("server.allowed_url_domains", Kind::Domains).variable("MCP_ALLOWED_URL_DOMAINS"),
    Key::new("server.account_lifetime_seconds", Kind::Number(0, DAY))
        .variable("MCP_ATLASSIAN_VALIDATION_CACHE_TTL"),
    Key::new("server.account_limit", Kind::Number(0, 100_000))
        .variable("MCP_ATLASSIAN_VALIDATION_CACHE_MAXSIZE"),
    Key::new("server.max_concurrent_calls", Kind::Number(1, 65536)),
    Key::new("network.system_truststore", Kind::Flag).variable("MCP_ATLASSIAN_USE_SYSTEM_TRUSTSTORE"),
    Key::new("network.user_agent", Kind::HeaderValue),
    Key::new("network.retries", Kind::Number(0, 10)).variable("ATLASSIAN_RETRY_TOTAL"),
    Key::new("network.retry_backoff_seconds", Kind::Decimal(60)).variable("ATLASSIAN_RETRY_BACKOFF"),
    Key::new("network.retry_writes", Kind::Flag).variable("ATLASSIAN_RETRY_INCLUDE_WRITES"),
    Key::new("network.ignore_retry_after", Kind::Flag).variable("ATLASSIAN_RETRY_IGNORE_RETRY_AFTER"),
    Key::new("network.max_concurrent_requests", Kind::Number(0, 10_000))
        .variable("ATLASSIAN_MAX_CONCURRENT_REQUESTS"),
    Key::new("network.requests_per_second", Kind::Decimal(10_000)).variable("ATLASSIAN_REQUESTS_PER_SECOND"),
    Key::new("network.breaker_threshold", Kind::Number(0, 10_000))
        .variable("ATLASSIAN_CIRCUIT_BREAKER_THRESHOLD"),
    Key::new("network.breaker_cooldown_seconds", Kind::Number(1, HOUR))
        .variable("ATLASSIAN_CIRCUIT_BREAKER_COOLDOWN"),
    Key::new("tools.read_only", Kind::Flag).variable("READ_ONLY_MODE").flag("--read-only"),
    Key::new("tools.raw_jira_markup", Kind::Flag).variable("DISABLE_JIRA_MARKUP_TRANSLATION"),
    Key::new("tools.enabled", Kind::List).variable("ENABLED_TOOLS").flag("--enabled-tools"),
    Key::new("tools.toolsets", Kind::List).variable("TOOLSETS").flag("--toolsets"),
    Key::new("tools.most_results", Kind::Number(0, 1_000_000)).variable("ATLASSIAN_MAX_PAGINATION_LIMIT"),
    Key::new("tools.sla_metrics", Kind::List).variable("JIRA_SLA_METRICS"),
    Key::new("tools.working_hours_only", Kind::Flag).variable("JIRA_SLA_WORKING_HOURS_ONLY"),
    Key::new("tools.working_hours_start", Kind::Text).variable("JIRA_SLA_WORKING_HOURS_START"),
    Key::new("tools.working_hours_end", Kind::Text).variable("JIRA_SLA_WORKING_HOURS_END"),
    Key::new("tools.working_days", Kind::List).variable("JIRA_SLA_WORKING_DAYS"),
    Key::new("tools.time_zone", Kind::Text).variable("JIRA_SLA_TIMEZONE"),
    Key::new("tools.hierarchy_link_phrases", Kind::List).variable("HIERARCHY_LINK_PHRASES"),
    Key::new("tools.internal_only_projects", Kind::Projects).variable("JIRA_INTERNAL_ONLY_PROJECTS"),
    Key::new("tools.issue_key_pattern", Kind::Text).variable("JIRA_ISSUE_KEY_PATTERN"),
    Key::new("tools.project_key_pattern", Kind::Text).variable("JIRA_PROJECT_KEY_PATTERN"),
    Key::new("tools.attachment_directory", Kind::Path),
    Key::new("policy.directory", Kind::Path),
    Key::new("policy.denied_tools", Kind::Choice(&["explain", "hide"])),
    Key::new("policy.require_proof", Kind::Path),
    Key::new("audit.directory", Kind::Path),
    Key::new("audit.state_directory", Kind::Path),
    Key::new("audit.hmac_key", Kind::Secret),
    Key::new("audit.signing_key", Kind::Secret),
    Key::new("audit.signing_transit_key", Kind::Text),
    Key::new("audit.write_deadline_seconds", Kind::Number(1, 300)),
    Key::new("audit.rules", Kind::AuditRules),
    Key::new("audit.checkpoint_records", Kind::Number(1, 1_000_000)),
    Key::new("audit.checkpoint_seconds", Kind::Number(1, 86_400)),
    Key::new("audit.rotate_bytes", Kind::Number(65_536, 1_000_000_000_000)),
    Key::new("audit.rotate_hours", Kind::Number(1, 8_760)),
    Key::new("audit.require", Kind::Choice(&["all", "any"])),
    Key::new("audit.copies", Kind::Choices(&["stdout", "journald"])),
    Key::new("audit.checkpoint_copies", Kind::Path),
    Key::new("audit.http.url", Kind::BaseUrl),
    Key::new("audit.http.token", Kind::Secret),
    Key::new("audit.http.ca_file", Kind::Path),
    Key::new("audit.http.client_certificate", Kind::Path),
    Key::new("audit.http.client_key", Kind::Path),
    Key::new("audit.http.client_key_password", Kind::Secret),
    Key::new("audit.http.timeout_seconds", Kind::Number(1, 300)),
    Key::new("audit.witness.url", Kind::BaseUrl),
    Key::new("audit.witness.token", Kind::Secret),
    Key::new("audit.witness.ca_file", Kind::Path),
    Key::new("audit.witness.client_certificate", Kind::Path),
    Key::new("audit.witness.client_key", Kind::Path),
    Key::new("audit.witness.client_key_password", Kind::Secret),
    Key::new("audit.witness.timeout_seconds", Kind::Number(1, 300)),
    Key::new("audit.syslog.address", Kind::Syslog),
    Key::new("audit.syslog.ca_file", Kind::Path),
    Key::new("metrics.address", Kind::Address),
    Key::new("log.level", Kind::Choice(LEVELS)).flag("--verbose"),
    Key::new("log.json", Kind::Flag),
    Key::new("vault.address", Kind::BaseUrl),
    Key::new("vault.other_addresses", Kind::List),
    Key::new("vault.namespace", Kind::Text),
    Key::new("vault.ca_file", Kind::Path),
    Key::new("vault.client_certificate", Kind::Path),
    Key::new("vault.client_key", Kind::Path),
    Key::new("vault.login", Kind::Choice(LOGINS)),
    Key::new("vault.auth_mount", Kind::Text),
    Key::new("vault.role", Kind::Text),
    Key::new("vault.role_id", Kind::Secret),
    Key::new("vault.secret_id", Kind::Secret),
    Key::new("vault.secret_id_wrapped", Kind::Flag),
    Key::new("vault.jwt", Kind::Secret),
    Key::new("vault.token", Kind::Secret),
    Key::new("vault.token_file", Kind::Path),
    Key::new("vault.timeout_seconds", Kind::Number(1, 300)),
    Key::new("vault.poll_seconds", Kind::Number(1, HOUR)),
    Key::new("vault.max_stale_seconds", Kind::Number(0, 7 * 24 * HOUR)),
    Key::new("vault.startup", Kind::Choice(&["wait", "fail"])),
    Key::new("vault.help_url", Kind::BaseUrl),
];

/// The setting of that name.
pub(super) fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// Whether there may be several of a section: `[jira.lab]` beside `[jira]`.
pub(super) fn has_instances(section: &str) -> bool {
    matches!(section, "jira" | "confluence")
}

/// Whether a section within a section has settings, as `audit.http` has.
pub(super) fn has_settings(section: &str) -> bool {
    KEYS.iter().any(|key| key.name.strip_prefix(section).is_some_and(|rest| rest.starts_with('.')))
}

/// The setting that a dotted name means, and of which site: `jira.url`, or `jira.lab.url`.
pub(super) fn find_in_instance(name: &str) -> Option<(&'static Key, InstanceName)> {
    if let Some(key) = find(name) {
        return Some((key, InstanceName::default()));
    }
    let mut parts = name.splitn(3, '.');
    let (section, instance, setting) = (parts.next()?, parts.next()?, parts.next()?);
    let instance = InstanceName::parse(instance).ok().filter(|name| !name.is_default())?;
    let key = find(&format!("{section}.{setting}")).filter(|_| has_instances(section))?;
    Some((key, instance))
}

/// The setting behind a variable of the reference server.
pub(super) fn find_variable(variable: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.variable == Some(variable))
}

/// The candidate nearest to a name, as the end of a sentence; empty if none is near.
pub(super) fn hint<Candidate: AsRef<str>>(
    name: &str,
    candidates: impl IntoIterator<Item = Candidate>,
) -> String {
    let allowed = 2 + name.len() / 6;
    let distances =
        candidates.into_iter().map(|known| (strsim::damerau_levenshtein(known.as_ref(), name), known));
    let nearest =
        distances.filter(|(distance, _)| *distance <= allowed).min_by_key(|(distance, _)| *distance);
    nearest.map(|(_, known)| format!("; did you mean `{}`?", known.as_ref())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_of_one_form() {
        let names: BTreeSet<_> = KEYS.iter().map(|key| key.name).collect();
        let variables: BTreeSet<_> = KEYS.iter().filter_map(|key| key.variable).collect();
        assert_eq!(names.len(), KEYS.len());
        assert_eq!(variables.len(), KEYS.iter().filter(|key| key.variable.is_some()).count());
        for name in names {
            let parts: Vec<&str> = name.split('.').collect();
            assert!((2..=3).contains(&parts.len()), "{name}");
            let of_form = |part: &&str| part.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
            assert!(parts.iter().all(of_form), "{name}");
            assert!(!name.contains("__"), "{name} would not survive as a variable");
        }
    }

    #[test]
    fn hints_name_the_nearest_or_nothing() {
        let names = KEYS.iter().map(|key| key.name);
        assert_eq!(hint("server.prot", names.clone()), "; did you mean `server.port`?");
        assert_eq!(hint("jira.personnal_token", names.clone()), "; did you mean `jira.personal_token`?");
        assert_eq!(hint("quite.different", names), "");
    }
}
