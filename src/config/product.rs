//! One product's settings: where it is, which kind it is, and who we are there.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use url::Url;

use super::ConfigError;
use super::CredentialSettings;
use super::Deployment;
use super::ProductSettings;
use super::ProxyUrl;
use super::addresses;
use super::build::Origins;
use super::kinds::header_value;
use crate::secrets::SecretRef;
use crate::secrets::is_loopback;

/// What may be set of a product, as figment extracts it.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawProduct {
    url: Option<Url>,
    deployment: Option<RawDeployment>,
    username: Option<String>,
    api_token: Option<SecretRef>,
    personal_token: Option<SecretRef>,
    ssl_verify: Option<bool>,
    ca_file: Option<PathBuf>,
    timeout_seconds: Option<u64>,
    custom_headers: Vec<(String, String)>,
    http_proxy: Option<String>,
    https_proxy: Option<String>,
    no_proxy: Option<String>,
    #[serde(alias = "projects_filter", alias = "spaces_filter")]
    filter: Vec<String>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum RawDeployment {
    Auto,
    DataCenter,
    Cloud,
}

/// How a product and its variables are named in messages.
struct Names {
    product: &'static str,
    variables: String,
}

/// The product's settings; `None` if it has no address.
pub(super) fn build(
    product: &'static str,
    raw: RawProduct,
    origins: &Origins,
    warnings: &mut Vec<String>,
) -> Result<Option<ProductSettings>, ConfigError> {
    let names = Names { product, variables: product.to_ascii_uppercase() };
    let Some(url) = raw.url.clone() else {
        let credential = ["api_token", "personal_token"].map(|key| format!("{product}.{key}"));
        if let Some(origin) = credential.iter().find_map(|key| origins.get(key.as_str())) {
            warnings.push(format!("{origin} is set, but {}_URL is not: {product} is off", names.variables));
        }
        return Ok(None);
    };
    let deployment = match raw.deployment.unwrap_or(RawDeployment::Auto) {
        RawDeployment::Auto => addresses::deployment(&url),
        RawDeployment::DataCenter => Deployment::DataCenter,
        RawDeployment::Cloud => Deployment::Cloud,
    };
    let credential = credential(&names, &raw, deployment, warnings)?;
    if url.scheme() == "http" && !is_loopback(&url) {
        warnings
            .push(format!("{product}: `{url}` is plain http; credentials cross the network in the clear"));
    }
    let ssl_verify = raw.ssl_verify.unwrap_or(true);
    if !ssl_verify {
        let advice = format!("set {}_CA_FILE to trust your own authority instead", names.variables);
        warnings.push(format!("{product}: the server's certificate is not checked; {advice}"));
    }
    Ok(Some(ProductSettings {
        url,
        deployment,
        credential,
        ssl_verify,
        ca_file: raw.ca_file,
        timeout_seconds: raw.timeout_seconds.unwrap_or(75),
        custom_headers: headers(&names, raw.custom_headers)?,
        http_proxy: proxy(&names, raw.http_proxy)?,
        https_proxy: proxy(&names, raw.https_proxy)?,
        no_proxy: raw.no_proxy,
        filter: raw.filter,
    }))
}

/// Cloud takes Basic; Data Center a personal token before Basic. Half a credential is an error, not nobody.
fn credential(
    names: &Names,
    raw: &RawProduct,
    deployment: Deployment,
    warnings: &mut Vec<String>,
) -> Result<CredentialSettings, ConfigError> {
    let Names { product, variables } = names;
    let refuse = |text: String| Err(ConfigError::Combination(format!("{product}: {text}")));
    let basic = match (&raw.username, &raw.api_token) {
        (Some(username), Some(secret)) => {
            Some(CredentialSettings::Basic { username: username.clone(), secret: secret.clone() })
        }
        _ => None,
    };
    let half = raw.username.is_some() != raw.api_token.is_some();
    match (deployment, &raw.personal_token, basic) {
        (Deployment::DataCenter, Some(token), basic) => {
            if basic.is_some() {
                warnings.push(format!(
                    "{product}: {variables}_PERSONAL_TOKEN is used; {variables}_USERNAME and {variables}_API_TOKEN are not"
                ));
            }
            Ok(CredentialSettings::PersonalToken(token.clone()))
        }
        (Deployment::Cloud, Some(_), Some(basic)) => {
            warnings.push(format!(
                "{product}: {variables}_PERSONAL_TOKEN has no meaning on Cloud and is not used"
            ));
            Ok(basic)
        }
        (_, None, Some(basic)) => Ok(basic),
        (Deployment::Cloud, _, None) if half || raw.personal_token.is_some() => refuse(format!(
            "Cloud takes {variables}_USERNAME (the account's mail address) with {variables}_API_TOKEN; set both"
        )),
        (_, None, None) if half => refuse(format!(
            "{variables}_USERNAME and {variables}_API_TOKEN only work together; set both, or {variables}_PERSONAL_TOKEN"
        )),
        (_, _, None) => Ok(CredentialSettings::None),
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

fn proxy(names: &Names, text: Option<String>) -> Result<Option<ProxyUrl>, ConfigError> {
    let refused = |_| ConfigError::Combination(format!("{}: the proxy is not an address", names.product));
    text.map(|text| ProxyUrl::parse(&text).map_err(refused)).transpose()
}
