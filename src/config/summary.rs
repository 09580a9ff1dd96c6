//! The settings in plain lines for `portcullis check`: where secrets come from, never what they are.

use std::fmt::Write as _;

use super::ConfigError;
use super::CredentialSettings;
use super::Loaded;
use super::ProductSettings;
use super::ReadOnly;
use super::Settings;
use super::Transport;
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

impl Settings {
    /// The configured products by name; an error if there is none, or none that could be used.
    pub fn products(&self) -> Result<Vec<(&'static str, &ProductSettings)>, ConfigError> {
        let both = [("jira", &self.jira), ("confluence", &self.confluence)];
        let products: Vec<_> =
            both.into_iter().filter_map(|(name, set)| Some((name, set.as_ref()?))).collect();
        if products.is_empty() {
            return Err(ConfigError::NoProduct);
        }
        // Over HTTP callers bring credentials of their own; over stdio nobody does.
        let nobody = |product: &ProductSettings| matches!(product.credential, CredentialSettings::None);
        match products
            .iter()
            .find(|(_, product)| self.server.transport == Transport::Stdio && nobody(product))
        {
            Some((name, _)) => Err(ConfigError::Combination(format!(
                "{name} has an address but no credential, and over stdio callers bring none; set {variables}_PERSONAL_TOKEN, \
                 or {variables}_USERNAME and {variables}_API_TOKEN",
                variables = name.to_ascii_uppercase()
            ))),
            None => Ok(products),
        }
    }

    /// Every secret the settings refer to.
    pub fn references(&self) -> impl Iterator<Item = &SecretRef> {
        let products = self.jira.iter().chain(&self.confluence);
        let of_products = products.flat_map(|product| {
            product.credential.reference().into_iter().chain(product.custom_headers.values())
        });
        let of_vault = self.vault.iter().flat_map(|vault| [&vault.role_id, &vault.secret_id]);
        of_products.chain(&self.audit.hmac_key).chain(of_vault)
    }

    /// The settings in plain lines without secrets.
    pub fn summary(&self) -> String {
        let mut text = String::new();
        let mut line = |name: &str, value: &str| {
            let _ = writeln!(text, "{name:<11} {value}");
        };
        for (name, product) in [("jira", &self.jira), ("confluence", &self.confluence)] {
            line(name, &product.as_ref().map_or_else(|| "not configured".to_owned(), describe_product));
        }
        line("transport", &self.describe_transport());
        line("writes", describe_writes(self.tools.read_only));
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
        line("state", &self.audit.state_directory.display().to_string());
        line("hmac key", self.audit.hmac_key.as_ref().map_or("made at first start", |key| origin(key)));
        line(
            "metrics",
            &self.metrics.address.map_or_else(|| "off".to_owned(), |address| address.to_string()),
        );
        line(
            "vault",
            &self
                .vault
                .as_ref()
                .map_or_else(|| "not configured".to_owned(), |vault| vault.address.to_string()),
        );
        line("log", &format!("{}{}", self.log.level.as_str(), if self.log.json { ", JSON" } else { "" }));
        text
    }

    fn describe_transport(&self) -> String {
        let server = &self.server;
        match server.transport {
            Transport::Stdio => "stdio".to_owned(),
            other => format!("{} on {}:{}{}", other.as_str(), server.host, server.port, server.path),
        }
    }
}

impl CredentialSettings {
    /// Where its secret is.
    pub fn reference(&self) -> Option<&SecretRef> {
        match self {
            Self::None => None,
            Self::PersonalToken(secret) | Self::Basic { secret, .. } => Some(secret),
        }
    }
}

fn describe_product(product: &ProductSettings) -> String {
    let credential = match &product.credential {
        CredentialSettings::None => "no credential of its own".to_owned(),
        CredentialSettings::PersonalToken(token) => format!("personal token from {}", origin(token)),
        CredentialSettings::Basic { username, secret } => {
            format!("user {username}, secret from {}", origin(secret))
        }
    };
    let mut text = format!("{} ({}), {credential}", product.url, product.deployment.as_str());
    for (name, value) in &product.custom_headers {
        let _ = write!(text, ", header {name} from {}", origin(value));
    }
    if !product.filter.is_empty() {
        let _ = write!(text, ", only {}", product.filter.join(" "));
    }
    if !product.ssl_verify {
        text.push_str(", certificate NOT checked");
    }
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
