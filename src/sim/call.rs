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
    pub(crate) content_type: String,
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

/// What follows `~` in a token or password: it makes another credential of the same account, as many as a test needs.
pub(crate) fn mark(headers: &HeaderMap) -> Option<String> {
    let (scheme, credential) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let credential = if scheme.eq_ignore_ascii_case("basic") {
        String::from_utf8(BASE64_STANDARD.decode(credential.trim()).ok()?).ok()?
    } else {
        credential.trim().to_owned()
    };
    credential.split_once('~').map(|(_, mark)| mark.to_owned())
}

/// The account whose token or password the request brings; `None` is a 401.
pub(crate) fn account(headers: &HeaderMap, deployment: Deployment) -> Option<&'static User> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, credential) = value.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
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
        named && user.token == password.split('~').next()
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

    /// The file of a form: its name, its media type and what is in it. Only forms of one part are read.
    pub(crate) fn file(&self) -> Option<(String, String, Bytes)> {
        let boundary = self.content_type.split("boundary=").nth(1)?.trim_matches('"');
        let find = |from: usize, wanted: &[u8]| {
            let rest = self.body.get(from..)?;
            rest.windows(wanted.len()).position(|window| window == wanted).map(|at| from + at)
        };
        let head_ends = find(0, b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(self.body.get(..head_ends)?).into_owned();
        let after = |name: &str| head.split(name).nth(1).map(str::to_owned);
        let name = after("filename=\"")?.split('"').next()?.to_owned();
        let kind = after("Content-Type: ").and_then(|rest| rest.lines().next().map(str::to_owned));
        let ends = find(head_ends, format!("\r\n--{boundary}").as_bytes())?;
        let bytes = self.body.slice(head_ends + 4..ends);
        Some((name, kind.unwrap_or_else(|| "application/octet-stream".to_owned()), bytes))
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
