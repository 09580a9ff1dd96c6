//! One product's settings: where it is, which kind it is, and who we are there.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::PathBuf;

use http::HeaderName;
use serde::Deserialize;
use url::Url;

use super::ClientCertificateSettings;
use super::ConfigError;
use super::Deployment;
use super::OAuthApp;
use super::ProductSettings;
use super::ProxyUrl;
use super::Reach;
use super::addresses;
use super::build::Origins;
use super::kinds::header_value;
use super::login;
use crate::ids::CloudId;
use crate::ids::InstanceName;
use crate::secrets::SecretRef;
use crate::secrets::is_loopback;

/// What may be set of a product, as figment extracts it.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawProduct {
    pub(super) url: Option<Url>,
    deployment: Option<RawDeployment>,
    pub(super) username: Option<String>,
    pub(super) api_token: Option<SecretRef>,
    pub(super) personal_token: Option<SecretRef>,
    pub(super) oauth_client_id: Option<String>,
    pub(super) oauth_client_secret: Option<SecretRef>,
    pub(super) oauth_redirect_uri: Option<String>,
    pub(super) oauth_scope: Option<String>,
    pub(super) oauth_access_token: Option<SecretRef>,
    pub(super) oauth_cloud_id: Option<String>,
    client_certificate: Option<PathBuf>,
    client_key: Option<PathBuf>,
    client_key_password: Option<SecretRef>,
    ssl_verify: Option<bool>,
    ca_file: Option<PathBuf>,
    timeout_seconds: Option<u64>,
    custom_headers: Vec<(String, String)>,
    passthrough_headers: Vec<String>,
    http_proxy: Option<String>,
    https_proxy: Option<String>,
    socks_proxy: Option<String>,
    no_proxy: Option<String>,
    proxy_wpad_enable: bool,
    proxy_wpad_url: Option<String>,
    #[serde(alias = "projects_filter", alias = "spaces_filter")]
    filter: Vec<String>,
    pub(super) read_only: bool,
}

/// The sites of a product at which nothing is written: settled apart from where they are, as it also holds of sites that
/// callers choose.
pub(super) fn read_only(
    default: &RawProduct,
    named: &BTreeMap<String, RawProduct>,
) -> BTreeSet<InstanceName> {
    let named = named.iter().filter(|(_, raw)| raw.read_only);
    let named = named.map(|(name, _)| InstanceName::parse(name).unwrap_or_default());
    named.chain(default.read_only.then(InstanceName::default)).collect()
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum RawDeployment {
    Auto,
    DataCenter,
    Cloud,
}

/// What is set for both products at once.
#[expect(clippy::struct_excessive_bools, reason = "settings that are each on or off")]
pub(super) struct Shared {
    /// The OAuth app, as far as it is set.
    pub(super) client_id: Option<String>,
    /// Its secret.
    pub(super) client_secret: Option<SecretRef>,
    /// Its redirect address.
    pub(super) redirect_uri: Option<String>,
    /// Its scopes.
    pub(super) scope: Option<String>,
    /// The Cloud site.
    pub(super) cloud_id: Option<CloudId>,
    /// A token that somebody else renews.
    pub(super) access_token: Option<SecretRef>,
    /// Whether sessions in headers stand in for a credential.
    pub(super) external: bool,
    /// Whether callers bring OAuth tokens.
    pub(super) any_site: bool,
    /// Whether the app is for the OAuth proxy, so that it need not be one that this server can log in with.
    pub(super) proxy: bool,
    /// Whether a product has an address: then the other one is off without its own.
    pub(super) has_address: bool,
}

/// How a product, its section and its variables are named in messages.
pub(super) struct Names {
    pub(super) product: String,
    /// What stands before the name of a variable: `JIRA`, or `PORTCULLIS_JIRA__LAB_`.
    pub(super) variables: String,
    section: String,
}

impl Names {
    fn new(product: &str, instance: &InstanceName) -> Self {
        let upper = product.to_ascii_uppercase();
        if instance.is_default() {
            return Self { product: product.to_owned(), variables: upper, section: product.to_owned() };
        }
        let section = format!("{product}.{instance}");
        let variables = format!("PORTCULLIS_{upper}__{}_", instance.as_str().to_ascii_uppercase());
        Self { product: section.clone(), variables, section }
    }

    /// An error about settings of this product that do not fit together.
    pub(super) fn refuse<T>(&self, text: impl std::fmt::Display) -> Result<T, ConfigError> {
        Err(ConfigError::Combination(format!("{}: {text}", self.product)))
    }
}

/// The settings of every site of a product that has an address, or is known to the gateway.
pub(super) fn build_all(
    product: &'static str,
    default: RawProduct,
    named: BTreeMap<String, RawProduct>,
    shared: &Shared,
    origins: &Origins,
    warnings: &mut Vec<String>,
) -> Result<BTreeMap<InstanceName, ProductSettings>, ConfigError> {
    let mut all = BTreeMap::new();
    let named = named.into_iter().map(|(name, raw)| (InstanceName::parse(&name).unwrap_or_default(), raw));
    for (instance, raw) in std::iter::once((InstanceName::default(), default)).chain(named) {
        if let Some(settings) = build(product, &instance, raw, shared, origins, warnings)? {
            all.insert(instance, settings);
        }
    }
    Ok(all)
}

/// The site's settings; `None` if there is no way to it.
fn build(
    product: &'static str,
    instance: &InstanceName,
    raw: RawProduct,
    shared: &Shared,
    origins: &Origins,
    warnings: &mut Vec<String>,
) -> Result<Option<ProductSettings>, ConfigError> {
    let names = Names::new(product, instance);
    let cloud_id = cloud_id(&raw, instance, shared);
    let Some(deployment) = deployment(&raw, cloud_id.as_ref(), shared) else {
        let credential = ["api_token", "personal_token"].map(|key| format!("{}.{key}", names.section));
        if let Some(origin) = credential.iter().find_map(|key| origins.get(key.as_str())) {
            warnings.push(format!("{origin} is set, but {}_URL is not: {product} is off", names.variables));
        }
        if !instance.is_default() {
            return names.refuse(format!("has no address; set {}.url", names.section));
        }
        return Ok(None);
    };
    let reach = reach(&names, &raw)?;
    let login = login::Login {
        names: &names,
        raw: &raw,
        deployment,
        cloud_id: cloud_id.as_ref(),
        shared,
        is_default: instance.is_default(),
        has_certificate: reach.client_certificate.is_some(),
    };
    let (credential, oauth) = (login.credential(warnings)?, login.takes_oauth());
    if let Some(url) = raw.url.as_ref().filter(|url| url.scheme() == "http" && !is_loopback(url)) {
        warnings.push(format!(
            "{}: `{url}` is plain http; credentials cross the network in the clear",
            names.product
        ));
    }
    if !reach.ssl_verify {
        let advice = format!("set {}_CA_FILE to trust your own authority instead", names.variables);
        warnings.push(format!("{}: the server's certificate is not checked; {advice}", names.product));
    }
    Ok(Some(ProductSettings {
        url: raw.url,
        cloud_id,
        oauth,
        deployment,
        credential,
        reach,
        custom_headers: headers(&names, raw.custom_headers)?,
        passthrough_headers: header_names(&raw.passthrough_headers),
        filter: raw.filter,
    }))
}

/// Which kind the site is; `None` if nothing says where it is.
fn deployment(raw: &RawProduct, cloud_id: Option<&CloudId>, shared: &Shared) -> Option<Deployment> {
    match (raw.deployment.unwrap_or(RawDeployment::Auto), &raw.url) {
        (RawDeployment::DataCenter, Some(_)) => Some(Deployment::DataCenter),
        (RawDeployment::Cloud, Some(_)) => Some(Deployment::Cloud),
        (RawDeployment::Auto, Some(url)) => Some(addresses::deployment(url)),
        // The gateway needs no address: the site's id and a token for it are enough.
        (_, None) => {
            let token = raw.oauth_access_token.is_some() || shared.access_token.is_some();
            let app = login::app(raw, shared, true).is_some();
            (cloud_id.is_some() && !shared.has_address && (token || app)).then_some(Deployment::Cloud)
        }
    }
}

/// The site's own id; for the default, else the one that both products share.
fn cloud_id(raw: &RawProduct, instance: &InstanceName, shared: &Shared) -> Option<CloudId> {
    let own = raw.oauth_cloud_id.as_deref().and_then(CloudId::parse);
    own.or_else(|| shared.cloud_id.clone().filter(|_| instance.is_default()))
}

fn client_certificate(
    names: &Names,
    raw: &RawProduct,
) -> Result<Option<ClientCertificateSettings>, ConfigError> {
    let variables = &names.variables;
    match (&raw.client_certificate, &raw.client_key, &raw.client_key_password) {
        (Some(certificate), key, password) => Ok(Some(ClientCertificateSettings {
            certificate: certificate.clone(),
            key: key.clone(),
            password: password.clone(),
        })),
        (None, None, None) => Ok(None),
        (None, ..) => names.refuse(format!(
            "{variables}_CLIENT_KEY and {variables}_CLIENT_KEY_PASSWORD belong to a certificate; set \
             {variables}_CLIENT_CERT"
        )),
    }
}

fn headers(names: &Names, pairs: Vec<(String, String)>) -> Result<BTreeMap<String, SecretRef>, ConfigError> {
    let read = |(name, value): (String, String)| match header_value(&value) {
        Ok(reference) => Ok((name, reference)),
        Err(error) => {
            Err(ConfigError::Combination(format!("{}: the value of `{name}` {error}", names.product)))
        }
    };
    pairs.into_iter().map(read).collect()
}

/// Names that were checked when they were read.
fn header_names(names: &[String]) -> Vec<HeaderName> {
    names.iter().filter_map(|name| HeaderName::from_bytes(name.as_bytes()).ok()).collect()
}

/// How the default site is reached, and how sites are that callers choose: there our certificate is not shown.
pub(super) fn chosen_reach(product: &str, raw: &RawProduct) -> Result<Reach, ConfigError> {
    let reach = reach(&Names::new(product, &InstanceName::default()), raw)?;
    Ok(Reach { client_certificate: None, ..reach })
}

fn reach(names: &Names, raw: &RawProduct) -> Result<Reach, ConfigError> {
    Ok(Reach {
        ssl_verify: raw.ssl_verify.unwrap_or(true),
        client_certificate: client_certificate(names, raw)?,
        ca_file: raw.ca_file.clone(),
        timeout_seconds: raw.timeout_seconds.unwrap_or(75),
        http_proxy: proxy(names, raw.http_proxy.as_deref())?,
        https_proxy: proxy(names, raw.https_proxy.as_deref())?,
        socks_proxy: proxy(names, raw.socks_proxy.as_deref())?,
        no_proxy: raw.no_proxy.clone(),
        proxy_script: proxy_script(names, raw)?,
    })
}

/// Where browsers look for the script when nobody tells them.
const USUAL_SCRIPT: &str = "http://wpad/wpad.dat";

fn proxy_script(names: &Names, raw: &RawProduct) -> Result<Option<Url>, ConfigError> {
    if !raw.proxy_wpad_enable {
        return Ok(None);
    }
    let variables = &names.variables;
    if !cfg!(feature = "pac") {
        return names.refuse(format!(
            "{variables}_PROXY_WPAD_ENABLE is on, but this program runs no proxy scripts; build it with \
             `--features pac`, or set {variables}_HTTPS_PROXY"
        ));
    }
    let text = raw.proxy_wpad_url.as_deref().unwrap_or(USUAL_SCRIPT);
    match Url::parse(text) {
        Ok(found) if matches!(found.scheme(), "http" | "https" | "file") => Ok(Some(found)),
        _ => names.refuse(format!(
            "{variables}_PROXY_WPAD_URL is not an address such as {USUAL_SCRIPT}; write http://, https:// or file://"
        )),
    }
}

fn proxy(names: &Names, text: Option<&str>) -> Result<Option<ProxyUrl>, ConfigError> {
    let refused = |_| ConfigError::Combination(format!("{}: the proxy is not an address", names.product));
    text.map(|text| ProxyUrl::parse(text).map_err(refused)).transpose()
}

/// An app as far as it goes together.
pub(super) fn oauth_app(
    client_id: String,
    client_secret: SecretRef,
    redirect_uri: Option<String>,
    scope: Option<String>,
    deployment: Deployment,
) -> Option<OAuthApp> {
    match deployment {
        Deployment::Cloud => {
            Some(OAuthApp { client_id, client_secret, redirect_uri: redirect_uri?, scope: scope? })
        }
        Deployment::DataCenter => Some(OAuthApp {
            client_id,
            client_secret,
            redirect_uri: redirect_uri.unwrap_or_else(|| "http://localhost:8080/callback".to_owned()),
            scope: scope.unwrap_or_else(|| "WRITE".to_owned()),
        }),
    }
}
