//! Which of the ways to log in a product's settings mean, in the reference server's order.
//!
//! Cloud: OAuth (a token that somebody else renews, then an app), then user name and API token. Data Center: a personal
//! token, then OAuth, then user name and password, then the client certificate alone. Sessions of callers only where
//! there is nothing else. Half a credential is an error, not nobody.

use super::ConfigError;
use super::CredentialSettings;
use super::Deployment;
use super::product::Names;
use super::product::RawProduct;
use super::product::Shared;
use super::product::oauth_app;
use crate::ids::CloudId;
use crate::secrets::SecretRef;

/// What decides.
pub(super) struct Login<'a> {
    pub(super) names: &'a Names,
    pub(super) raw: &'a RawProduct,
    pub(super) deployment: Deployment,
    pub(super) cloud_id: Option<&'a CloudId>,
    pub(super) shared: &'a Shared,
    pub(super) is_default: bool,
    pub(super) has_certificate: bool,
}

impl Login<'_> {
    /// A user name with its secret. Where the name is in Vault as well, both are of one secret: what an engine lends is lent
    /// together, and names of one version are of no use with passwords of another.
    fn basic(&self, username: &str, secret: &SecretRef) -> Result<CredentialSettings, ConfigError> {
        if !username.trim_start().starts_with("vault://") {
            return Ok(CredentialSettings::Basic { username: username.to_owned(), secret: secret.clone() });
        }
        let variables = self.names.variables.as_str();
        let name = match SecretRef::parse(username) {
            Ok(name) => name,
            Err(error) => return self.names.refuse(format!("{variables}_USERNAME: {error}")),
        };
        let both = match (&name, secret) {
            (SecretRef::Vault(name), SecretRef::Vault(secret)) => name.with(secret),
            _ => None,
        };
        match both {
            Some(both) => Ok(CredentialSettings::BasicInVault(SecretRef::Vault(both))),
            None => self.names.refuse(format!(
                "{variables}_USERNAME is in Vault, so {variables}_API_TOKEN must be another key of the same secret"
            )),
        }
    }

    /// The operator's credential.
    pub(super) fn credential(&self, warnings: &mut Vec<String>) -> Result<CredentialSettings, ConfigError> {
        let Names { product, variables, .. } = self.names;
        let oauth = match self.oauth() {
            // Clients of the proxy log in by the app, each on their own.
            Err(_) if self.shared.proxy && self.access_token().is_none() => None,
            oauth => oauth?,
        };
        let basic = match (&self.raw.username, &self.raw.api_token) {
            (Some(username), Some(secret)) => Some(self.basic(username, secret)?),
            _ => None,
        };
        let half = self.raw.username.is_some() != self.raw.api_token.is_some();
        let personal = self.raw.personal_token.clone().map(CredentialSettings::PersonalToken);
        if self.deployment == Deployment::Cloud && personal.is_some() {
            let nothing_else = oauth.is_none() && basic.is_none();
            if nothing_else {
                return self.names.refuse(format!(
                    "Cloud takes {variables}_USERNAME (the account's mail address) with {variables}_API_TOKEN; set both"
                ));
            }
            let text = "has no meaning on Cloud and is not used";
            warnings.push(format!("{product}: {variables}_PERSONAL_TOKEN {text}"));
        }
        let ranked = match self.deployment {
            Deployment::Cloud => [("OAuth", oauth), ("user name and API token", basic), ("", None)],
            Deployment::DataCenter => {
                [("the personal token", personal), ("OAuth", oauth), ("user name and password", basic)]
            }
        };
        let mut found = ranked.into_iter().filter_map(|(name, way)| Some((name, way?)));
        let half_app = self.half_app();
        if let Some((name, way)) = found.next() {
            let others: Vec<&str> = found.map(|(name, _)| name).collect();
            if !others.is_empty() {
                warnings.push(format!("{product}: {name} is used; {} is not", others.join(" and ")));
            }
            return Ok(way);
        }
        if half {
            return self.half();
        }
        if let (Some(missing), false) = (half_app, self.shared.proxy) {
            return self
                .names
                .refuse(format!("OAuth needs a client id and its secret; set {missing} as well"));
        }
        if self.shared.external && self.is_default {
            return Ok(CredentialSettings::Passed);
        }
        if self.has_certificate && self.deployment == Deployment::DataCenter {
            return Ok(CredentialSettings::Certificate);
        }
        Ok(CredentialSettings::None)
    }

    /// Whether a caller's bearer token is an OAuth token here.
    pub(super) fn takes_oauth(&self) -> bool {
        let app = app(self.raw, self.shared, self.is_default).is_some();
        app || self.access_token().is_some() || (self.shared.any_site && self.deployment == Deployment::Cloud)
    }

    /// The variable that is missing where an app has only one of its two parts.
    fn half_app(&self) -> Option<&'static str> {
        let of = |own: bool, shared: bool| own || (shared && self.is_default);
        let id = of(self.raw.oauth_client_id.is_some(), self.shared.client_id.is_some());
        let secret = of(self.raw.oauth_client_secret.is_some(), self.shared.client_secret.is_some());
        match (id, secret) {
            (true, false) => Some("ATLASSIAN_OAUTH_CLIENT_SECRET"),
            (false, true) => Some("ATLASSIAN_OAUTH_CLIENT_ID"),
            _ => None,
        }
    }

    fn half<T>(&self) -> Result<T, ConfigError> {
        let variables = &self.names.variables;
        self.names.refuse(match self.deployment {
            Deployment::Cloud => format!(
                "Cloud takes {variables}_USERNAME (the account's mail address) with {variables}_API_TOKEN; set both"
            ),
            Deployment::DataCenter => format!(
                "{variables}_USERNAME and {variables}_API_TOKEN only work together; set both, or \
                 {variables}_PERSONAL_TOKEN"
            ),
        })
    }

    fn access_token(&self) -> Option<&SecretRef> {
        let shared = self.shared.access_token.as_ref().filter(|_| self.is_default);
        self.raw.oauth_access_token.as_ref().or(shared)
    }

    /// OAuth, if it is set. On Cloud it needs the site's id.
    fn oauth(&self) -> Result<Option<CredentialSettings>, ConfigError> {
        let id = || {
            match (self.deployment, self.cloud_id) {
            (Deployment::Cloud, None) => self.names.refuse(
                "OAuth on Cloud needs the site's id: set ATLASSIAN_OAUTH_CLOUD_ID, which `portcullis oauth setup` prints",
            ),
            _ => Ok(()),
        }
        };
        if let Some(token) = self.access_token() {
            id()?;
            return Ok(Some(CredentialSettings::AccessToken(token.clone())));
        }
        let Some(parts) = app(self.raw, self.shared, self.is_default) else { return Ok(None) };
        let app = oauth_app(
            parts.client_id.clone(),
            parts.client_secret,
            parts.redirect_uri.clone(),
            parts.scope.clone(),
            self.deployment,
        );
        let Some(app) = app else {
            let missing = [
                ("ATLASSIAN_OAUTH_REDIRECT_URI", parts.redirect_uri.is_none()),
                ("ATLASSIAN_OAUTH_SCOPE", parts.scope.is_none()),
            ];
            let missing: Vec<&str> =
                missing.into_iter().filter(|(_, missing)| *missing).map(|(name, _)| name).collect();
            return self.names.refuse(format!("OAuth on Cloud also needs {}", missing.join(" and ")));
        };
        id()?;
        Ok(Some(CredentialSettings::App(app)))
    }
}

/// An app, as far as it is set: with id and secret it is one.
pub(super) struct AppParts {
    pub(super) client_id: String,
    pub(super) client_secret: SecretRef,
    pub(super) redirect_uri: Option<String>,
    pub(super) scope: Option<String>,
}

/// The product's own app before the one both products share.
pub(super) fn app(raw: &RawProduct, shared: &Shared, is_default: bool) -> Option<AppParts> {
    let or = |own: &Option<String>, shared: &Option<String>| {
        own.clone().or_else(|| shared.clone().filter(|_| is_default))
    };
    let secret = raw.oauth_client_secret.clone();
    Some(AppParts {
        client_id: or(&raw.oauth_client_id, &shared.client_id)?,
        client_secret: secret.or_else(|| shared.client_secret.clone().filter(|_| is_default))?,
        redirect_uri: or(&raw.oauth_redirect_uri, &shared.redirect_uri),
        scope: or(&raw.oauth_scope, &shared.scope),
    })
}
