//! One request to a product, taken apart: decoded path, query, body, and the account behind it.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::HeaderMap;
use http::Method;
use http::Uri;
use http::header;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::Deployment;
use super::data::USERS;
use super::world::User;

#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// Decoded segments: an encoded slash stays inside its segment.
    pub(crate) segments: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: Bytes,
    /// Scheme and host as the client named them.
    pub(crate) base: String,
    pub(crate) deployment: Deployment,
    pub(crate) user: &'static User,
}

/// The decoded path segments of a request; Cloud's gateway for OAuth, `/ex/jira/{cloud id}`, is taken off.
pub(crate) fn segments(uri: &Uri, deployment: Deployment) -> Vec<String> {
    let mut segments: Vec<String> = uri
        .path()
        .split('/')
        .filter(|segment| !segment.is_empty())
        .map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned())
        .collect();
    let (ex, product) = (segments.first().map(String::as_str), segments.get(1).map(String::as_str));
    let (Some("ex"), Some(product @ ("jira" | "confluence")), Deployment::Cloud) = (ex, product, deployment)
    else {
        return segments;
    };
    let confluence = product == "confluence";
    segments.drain(..segments.len().min(3));
    if confluence && segments.first().is_none_or(|first| first != "wiki") {
        segments.insert(0, "wiki".to_owned());
    }
    segments
}

/// The decoded query parameters in the order given.
pub(crate) fn query(uri: &Uri) -> Vec<(String, String)> {
    url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect()
}

/// Scheme and host for links.
pub(crate) fn base(headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    format!("http://{host}")
}

/// The account whose token or password the request brings; `None` is a 401.
pub(crate) fn account(headers: &HeaderMap, deployment: Deployment) -> Option<&'static User> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, credential) = value.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        // What follows `~` only makes it another one: an account has as many tokens as a test needs.
        let token = credential.trim().split('~').next();
        return USERS.iter().find(|user| user.token.is_some() && user.token == token);
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(BASE64_STANDARD.decode(credential.trim()).ok()?).ok()?;
    let (name, password) = pair.split_once(':')?;
    USERS.iter().find(|user| {
        let named = user.name == name || (deployment == Deployment::Cloud && user.email() == name);
        named && user.token == Some(password)
    })
}

impl Call {
    pub(crate) fn is_cloud(&self) -> bool {
        self.deployment == Deployment::Cloud
    }

    /// The first non-empty query parameter of this name.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, value)| key == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// A query parameter as a number; nonsense counts as absent.
    pub(crate) fn number(&self, name: &str, absent: usize) -> usize {
        self.parameter(name).and_then(|text| text.parse().ok()).unwrap_or(absent)
    }

    /// The body as JSON; `None` where it is not.
    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The method and path as the matches of the handlers take them.
    pub(crate) fn route(&self) -> (&str, Vec<&str>) {
        (self.method.as_str(), self.segments.iter().map(String::as_str).collect())
    }
}

/// The comma-separated parts of a parameter, trimmed.
pub(crate) fn parts(text: Option<&str>) -> Vec<&str> {
    text.unwrap_or_default().split(',').map(str::trim).filter(|part| !part.is_empty()).collect()
}
