//! Every setting there is: its key, what it takes, and its other names. The loader, the error messages, the
//! nearest-name hints and the check of `config/example.toml` all read this one list.

use super::kinds::Kind;

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
const LEVELS: &[&str] = &["error", "warn", "info", "debug", "trace"];
const HOUR: u64 = 3600;

/// All settings, in the order of `config/example.toml`.
pub(super) const KEYS: &[Key] = &[
    Key::new("jira.url", Kind::BaseUrl).variable("JIRA_URL").flag("--jira-url"),
    Key::new("jira.deployment", Kind::Choice(DEPLOYMENTS)).variable("JIRA_DEPLOYMENT"),
    Key::new("jira.username", Kind::Text).variable("JIRA_USERNAME").flag("--jira-username"),
    Key::new("jira.api_token", Kind::Secret).variable("JIRA_API_TOKEN").flag("--jira-token"),
    Key::new("jira.personal_token", Kind::Secret)
        .variable("JIRA_PERSONAL_TOKEN")
        .flag("--jira-personal-token"),
    Key::new("jira.ssl_verify", Kind::Flag).variable("JIRA_SSL_VERIFY").flag("--jira-ssl-verify"),
    Key::new("jira.ca_file", Kind::Path).variable("JIRA_CA_FILE"),
    Key::new("jira.timeout_seconds", Kind::Number(1, HOUR)).variable("JIRA_TIMEOUT"),
    Key::new("jira.custom_headers", Kind::Headers).variable("JIRA_CUSTOM_HEADERS"),
    Key::new("jira.http_proxy", Kind::Proxy).variable("JIRA_HTTP_PROXY"),
    Key::new("jira.https_proxy", Kind::Proxy).variable("JIRA_HTTPS_PROXY"),
    Key::new("jira.no_proxy", Kind::Text).variable("JIRA_NO_PROXY"),
    Key::new("jira.projects_filter", Kind::Projects)
        .variable("JIRA_PROJECTS_FILTER")
        .flag("--jira-projects-filter"),
    Key::new("confluence.url", Kind::BaseUrl).variable("CONFLUENCE_URL").flag("--confluence-url"),
    Key::new("confluence.deployment", Kind::Choice(DEPLOYMENTS)).variable("CONFLUENCE_DEPLOYMENT"),
    Key::new("confluence.username", Kind::Text).variable("CONFLUENCE_USERNAME").flag("--confluence-username"),
    Key::new("confluence.api_token", Kind::Secret)
        .variable("CONFLUENCE_API_TOKEN")
        .flag("--confluence-token"),
    Key::new("confluence.personal_token", Kind::Secret)
        .variable("CONFLUENCE_PERSONAL_TOKEN")
        .flag("--confluence-personal-token"),
    Key::new("confluence.ssl_verify", Kind::Flag)
        .variable("CONFLUENCE_SSL_VERIFY")
        .flag("--confluence-ssl-verify"),
    Key::new("confluence.ca_file", Kind::Path).variable("CONFLUENCE_CA_FILE"),
    Key::new("confluence.timeout_seconds", Kind::Number(1, HOUR)).variable("CONFLUENCE_TIMEOUT"),
    Key::new("confluence.custom_headers", Kind::Headers).variable("CONFLUENCE_CUSTOM_HEADERS"),
    Key::new("confluence.http_proxy", Kind::Proxy).variable("CONFLUENCE_HTTP_PROXY"),
    Key::new("confluence.https_proxy", Kind::Proxy).variable("CONFLUENCE_HTTPS_PROXY"),
    Key::new("confluence.no_proxy", Kind::Text).variable("CONFLUENCE_NO_PROXY"),
    Key::new("confluence.spaces_filter", Kind::Spaces)
        .variable("CONFLUENCE_SPACES_FILTER")
        .flag("--confluence-spaces-filter"),
    Key::new("server.transport", Kind::Choice(TRANSPORTS)).variable("TRANSPORT").flag("--transport"),
    Key::new("server.host", Kind::Host).variable("HOST").flag("--host"),
    Key::new("server.port", Kind::Number(0, 65535)).variable("PORT").flag("--port"),
    Key::new("server.path", Kind::UrlPath).variable("STREAMABLE_HTTP_PATH").flag("--path"),
    Key::new("server.stateless", Kind::Flag).variable("STATELESS").flag("--stateless"),
    Key::new("server.allowed_hosts", Kind::List),
    Key::new("server.allowed_origins", Kind::List),
    Key::new("server.body_limit_bytes", Kind::Number(1024, 1 << 30)),
    Key::new("server.nesting_limit", Kind::Number(8, 128)),
    Key::new("server.deadline_seconds", Kind::Number(1, HOUR)),
    Key::new("server.allow_global_credential_fallback", Kind::Flag).variable("ALLOW_GLOBAL_CRED_FALLBACK"),
    Key::new("server.service_name", Kind::Text),
    Key::new("server.max_concurrent_calls", Kind::Number(1, 65536)),
    Key::new("tools.read_only", Kind::Flag).variable("READ_ONLY_MODE").flag("--read-only"),
    Key::new("tools.enabled", Kind::List).variable("ENABLED_TOOLS").flag("--enabled-tools"),
    Key::new("tools.toolsets", Kind::List).variable("TOOLSETS").flag("--toolsets"),
    Key::new("policy.directory", Kind::Path),
    Key::new("policy.denied_tools", Kind::Choice(&["explain", "hide"])),
    Key::new("audit.directory", Kind::Path),
    Key::new("audit.state_directory", Kind::Path),
    Key::new("audit.hmac_key", Kind::Secret),
    Key::new("audit.write_deadline_seconds", Kind::Number(1, 300)),
    Key::new("metrics.address", Kind::Address),
    Key::new("log.level", Kind::Choice(LEVELS)).flag("--verbose"),
    Key::new("log.json", Kind::Flag),
    Key::new("vault.address", Kind::BaseUrl),
    Key::new("vault.namespace", Kind::Text),
    Key::new("vault.ca_file", Kind::Path),
    Key::new("vault.auth_mount", Kind::Text),
    Key::new("vault.role_id", Kind::Secret),
    Key::new("vault.secret_id", Kind::Secret),
    Key::new("vault.timeout_seconds", Kind::Number(1, 300)),
];

/// The setting of that name.
pub(super) fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
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
            let (section, key) = name.split_once('.').unwrap();
            assert!(
                [section, key].iter().all(|part| part.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
            );
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
