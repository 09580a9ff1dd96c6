//! The settings in plain lines for `portcullis check`: where secrets come from, never what they are.

use std::fmt::Write as _;

use aws_lc_rs::digest;

use super::AuditCopy;
use super::AuditRequire;
use super::AuditSettings;
use super::CallerCertificates;
use super::CallerNames;
use super::CertificateSettings;
use super::ConfigError;
use super::CredentialSettings;
use super::Loaded;
use super::OAuthSetup;
use super::ProductSettings;
use super::ReadOnly;
use super::Settings;
use super::SyslogAddress;
use super::Transport;
use super::VaultSettings;
use crate::ids::InstanceName;
use crate::secrets::SecretError;
use crate::secrets::SecretRef;
use crate::secrets::Secrets;

impl Loaded {
    /// The settings and the files they were read from, in plain lines without secrets.
    pub fn summary(&self) -> String {
        let mut text = String::new();
        for file in &self.files {
            let _ = writeln!(text, "read        {}", file.display());
        }
        text + &self.settings.summary()
    }

    /// What resolves the references of these settings.
    pub fn secrets(&self) -> Result<Secrets, SecretError> {
        let credentials = self.environment.get("CREDENTIALS_DIRECTORY").map(Into::into);
        Secrets::new(self.environment.clone(), credentials, self.settings.vault.clone())
    }
}

impl OAuthSetup {
    /// What resolves the references of these settings.
    pub fn secrets(&self) -> Result<Secrets, SecretError> {
        let credentials = self.environment.get("CREDENTIALS_DIRECTORY").map(Into::into);
        Secrets::new(self.environment.clone(), credentials, self.vault.clone())
    }
}

impl Settings {
    /// Every configured site with its product and how messages name it; an error if there is none, or none that could
    /// be used.
    ///
    /// Over HTTP callers may bring an address of their own, so there may be none.
    pub fn products(&self) -> Result<Vec<(String, &ProductSettings)>, ConfigError> {
        let products: Vec<_> = self.sites().map(|(product, name, set)| (named(product, name), set)).collect();
        let over_http = self.server.transport != Transport::Stdio;
        if products.is_empty() && !over_http {
            return Err(ConfigError::NoProduct);
        }
        // Over HTTP callers bring credentials of their own; over stdio nobody does.
        let nobody = |product: &ProductSettings| {
            matches!(product.credential, CredentialSettings::None | CredentialSettings::Passed)
        };
        match products.iter().find(|(_, product)| !over_http && nobody(product)) {
            Some((name, _)) => Err(ConfigError::Combination(format!(
                "{name} has an address but no credential, and over stdio callers bring none; set {variables}_PERSONAL_TOKEN, \
                 or {variables}_USERNAME and {variables}_API_TOKEN",
                variables = name.to_ascii_uppercase()
            ))),
            None => Ok(products),
        }
    }

    /// Every configured site: product, name, settings.
    pub fn sites(&self) -> impl Iterator<Item = (&'static str, &InstanceName, &ProductSettings)> {
        let jira = self.jira.iter().map(|(name, settings)| ("jira", name, settings));
        jira.chain(self.confluence.iter().map(|(name, settings)| ("confluence", name, settings)))
    }

    /// Every secret the settings refer to.
    pub fn references(&self) -> impl Iterator<Item = &SecretRef> {
        let of_products = self.sites().flat_map(|(_, _, product)| {
            let certificate = product.reach.client_certificate.as_ref();
            let password = certificate.and_then(|certificate| certificate.password.as_ref());
            product.credential.reference().into_iter().chain(password).chain(product.custom_headers.values())
        });
        let of_vault = self.vault.iter().flat_map(|vault| vault.login.references());
        let of_receivers = self.audit.http.iter().chain(&self.audit.witness).flat_map(|receiver| {
            let certificate = receiver.client_certificate.as_ref();
            receiver.token.iter().chain(certificate.and_then(|certificate| certificate.password.as_ref()))
        });
        let of_audit = self.audit.hmac_key.iter().chain(&self.audit.signing_key).chain(of_receivers);
        of_products.chain(of_audit).chain(of_vault)
    }

    /// The SHA-256 of all settings but secrets, in hexadecimal digits: another one says that something was set otherwise,
    /// or that another version reads the settings.
    pub fn fingerprint(&self) -> String {
        // No secret is in what is printed for debugging.
        hex::encode(digest::digest(&digest::SHA256, format!("{self:?}").as_bytes()))
    }

    /// The settings in plain lines without secrets.
    pub fn summary(&self) -> String {
        let mut text = String::new();
        let mut line = |name: &str, value: &str| {
            let _ = writeln!(text, "{name:<11} {value}");
        };
        for (name, sites) in [("jira", &self.jira), ("confluence", &self.confluence)] {
            if sites.is_empty() && self.oauth.any_site {
                line(
                    name,
                    "the Cloud site that a caller's X-Atlassian-Cloud-Id names, with the caller's OAuth token",
                );
            } else if sites.is_empty() {
                line(name, "not configured");
            }
            for (instance, product) in sites {
                line(&named(name, instance), &describe_product(product));
            }
        }
        line("transport", &self.describe_transport());
        if let Some(clients) = self.server.clients() {
            line("clients", &describe_clients(clients));
        }
        if let Some(header) = &self.server.user_header {
            let proxies = header.from.len();
            line(
                "users",
                &format!("also by the header {} from {proxies} client certificate(s)", header.name),
            );
        }
        line("writes", describe_writes(self.tools.read_only));
        for (name, sites) in [("jira", &self.jira_read_only), ("confluence", &self.confluence_read_only)] {
            for site in sites {
                line("writes", &format!("off in {}", named(name, site)));
            }
        }
        line(
            "tools",
            &format!(
                "{}; toolsets: {}",
                all_or(self.tools.enabled.as_deref()),
                all_or(self.tools.toolsets.as_deref())
            ),
        );
        line(
            "policy",
            &self
                .policy
                .directory
                .as_ref()
                .map_or_else(|| "built in".to_owned(), |dir| dir.display().to_string()),
        );
        line("audit", &self.audit.directory.display().to_string());
        for place in self.audit.places() {
            line("audit", &place);
        }
        line("state", &self.audit.state_directory.display().to_string());
        line("hmac key", self.audit.hmac_key.as_ref().map_or("made at first start", |key| origin(key)));
        let made =
            || self.audit.signing_key.as_ref().map_or("made at first start", |key| origin(key)).to_owned();
        let checkpoint_key = self.audit.signing_transit_key.as_ref().map(|key| format!("{key}, in Vault"));
        line("checkpoint key", &checkpoint_key.unwrap_or_else(made));
        line(
            "metrics",
            &self.metrics.address.map_or_else(|| "off".to_owned(), |address| address.to_string()),
        );
        line("vault", &self.vault.as_ref().map_or_else(|| "not configured".to_owned(), describe_vault));
        line("log", &format!("{}{}", self.log.level.as_str(), if self.log.json { ", JSON" } else { "" }));
        text
    }

    fn describe_transport(&self) -> String {
        let server = &self.server;
        match server.transport {
            Transport::Stdio => "stdio".to_owned(),
            other => {
                let tls = match server.tls.as_ref().map(|tls| &tls.certificate) {
                    None => String::new(),
                    Some(CertificateSettings::Given { certificate, .. }) => {
                        format!(", TLS with {}", certificate.display())
                    }
                    Some(CertificateSettings::Signed(wish)) => {
                        format!(", TLS with a certificate of {}, in Vault", wish.role)
                    }
                };
                format!("{} on {}:{}{}{tls}", other.as_str(), server.host, server.port, server.path)
            }
        }
    }
}

impl CredentialSettings {
    /// Where its secret is, if that may be a place of whoever runs the server.
    pub(super) fn own_reference(&self) -> Option<&SecretRef> {
        match self {
            Self::PersonalToken(secret) | Self::AccessToken(secret) | Self::Basic { secret, .. } => {
                Some(secret)
            }
            _ => None,
        }
    }

    /// Whether there is one for each user.
    pub fn is_of_user(&self) -> bool {
        matches!(self.own_reference(), Some(SecretRef::User(_)))
    }

    /// Where its secret is.
    pub fn reference(&self) -> Option<&SecretRef> {
        match self {
            Self::None | Self::Certificate | Self::Passed => None,
            Self::PersonalToken(secret)
            | Self::AccessToken(secret)
            | Self::BasicInVault(secret)
            | Self::Basic { secret, .. } => Some(secret),
            Self::App(app) => Some(&app.client_secret),
        }
    }
}

/// `jira`, or `jira.lab`.
impl AuditSettings {
    /// Where records and checkpoints go besides the directory.
    fn places(&self) -> Vec<String> {
        let mut places = Vec::new();
        if let Some(http) = &self.http {
            let needed = match self.require {
                AuditRequire::All => "must confirm",
                AuditRequire::Any => "or the directory must confirm",
            };
            places.push(format!("{} {needed}", http.url));
        }
        places.extend(self.witness.iter().map(|witness| format!("checkpoints to {}", witness.url)));
        places.extend(self.checkpoint_copies.iter().map(|path| format!("checkpoints to {}", path.display())));
        places.extend(self.copies.iter().map(|copy| match copy {
            AuditCopy::Stdout => "copied to standard output".to_owned(),
            AuditCopy::Journald => "copied to the journal".to_owned(),
        }));
        places.extend(self.syslog.iter().map(|syslog| match &syslog.address {
            SyslogAddress::Unix(path) => format!("copied to syslog at {}", path.display()),
            SyslogAddress::Tcp { host, port } => format!("copied to syslog at {host}:{port}"),
            SyslogAddress::Tls { host, port } => format!("copied to syslog at {host}:{port} over TLS"),
        }));
        places
    }
}

fn named(product: &str, instance: &InstanceName) -> String {
    if instance.is_default() { product.to_owned() } else { format!("{product}.{instance}") }
}

fn describe_product(product: &ProductSettings) -> String {
    let credential = match &product.credential {
        CredentialSettings::None => "no credential of its own".to_owned(),
        CredentialSettings::Certificate => "its client certificate".to_owned(),
        CredentialSettings::Passed => "sessions that callers bring".to_owned(),
        CredentialSettings::AccessToken(token) => format!("OAuth access token from {}", origin(token)),
        CredentialSettings::App(app) => {
            format!("OAuth app {}, secret from {}", app.client_id, origin(&app.client_secret))
        }
        CredentialSettings::PersonalToken(token) => format!("personal token from {}", origin(token)),
        CredentialSettings::BasicInVault(both) => format!("user name and secret from {}", origin(both)),
        CredentialSettings::Basic { username, secret } => {
            format!("user {username}, secret from {}", origin(secret))
        }
    };
    let place = match (&product.url, &product.cloud_id) {
        (Some(url), _) => url.to_string(),
        (None, Some(id)) => format!("the site {}", id.as_str()),
        (None, None) => String::new(),
    };
    let mut text = format!("{place} ({}), {credential}", product.deployment.as_str());
    if let Some(certificate) = &product.reach.client_certificate {
        let _ = write!(text, ", client certificate {}", certificate.certificate.display());
    }
    let by_scheme = match &product.url {
        Some(url) if url.scheme() == "http" => &product.reach.http_proxy,
        _ => &product.reach.https_proxy,
    };
    if let Some(proxy) = product.reach.socks_proxy.as_ref().or(by_scheme.as_ref()) {
        let _ = write!(text, ", through {proxy}");
    } else if let Some(script) = &product.reach.proxy_script {
        let host = script.host_str().unwrap_or_default();
        let _ = write!(text, ", through what {}://{host}{} says", script.scheme(), script.path());
    }
    for name in &product.passthrough_headers {
        let _ = write!(text, ", passes on {name}");
    }
    for (name, value) in &product.custom_headers {
        let _ = write!(text, ", header {name} from {}", origin(value));
    }
    if !product.filter.is_empty() {
        let _ = write!(text, ", only {}", product.filter.join(" "));
    }
    if !product.reach.ssl_verify {
        text.push_str(", certificate NOT checked");
    }
    text
}

fn describe_clients(clients: &CallerCertificates) -> String {
    let wanted = if clients.required { "must show" } else { "may show" };
    let mut text = format!("{wanted} a certificate of {}", clients.authorities.display());
    if let Some(revoked) = &clients.revoked {
        let _ = write!(text, ", unless it is in {}", revoked.display());
    }
    match &clients.names {
        None => text.push_str(", which names no user"),
        Some(CallerNames { part, prefix, suffix }) => {
            let _ = write!(text, ", whose {} names the user: {prefix}USER{suffix}", part.as_str());
        }
    }
    text
}

fn describe_vault(vault: &VaultSettings) -> String {
    let addresses: Vec<&str> = vault.addresses.iter().map(url::Url::as_str).collect();
    let mut text = format!("{}, login by {}", addresses.join(" "), vault.login.method());
    if let Some(namespace) = &vault.namespace {
        let _ = write!(text, ", namespace {namespace}");
    }
    let watch = vault.watch;
    let stale = watch.max_stale.as_secs();
    let _ = write!(text, ", looked at every {} s, last good for {stale} s", watch.interval.as_secs());
    text
}

fn describe_writes(read_only: ReadOnly) -> &'static str {
    match read_only {
        ReadOnly::Unset => "off, unless your own policies allow them (READ_ONLY_MODE is not set)",
        ReadOnly::On => "off (READ_ONLY_MODE=true)",
        ReadOnly::Off => "on where policy allows (READ_ONLY_MODE=false)",
    }
}

fn origin(reference: &SecretRef) -> &'static str {
    match reference.kind() {
        "env" => "environment",
        "cred" => "credential",
        other => other,
    }
}

fn all_or(names: Option<&[String]>) -> String {
    names.map_or_else(|| "all".to_owned(), |names| names.join(" "))
}
