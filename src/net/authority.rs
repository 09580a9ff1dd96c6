//! The way to an authorization server, and to nothing else: forms out, small JSON in.

use std::time::Duration;

use serde_json::Value;
use url::Host;
use url::Url;
use zeroize::Zeroizing;

use crate::secrets::Secret;

/// The largest answer taken.
const ANSWER_LIMIT: usize = 1 << 20;

/// The fields of a form that must not come back in an error, whatever the server says.
const SECRETS: [&str; 4] = ["client_secret", "code", "code_verifier", "refresh_token"];

/// How long one request may take.
const LIMIT: Duration = Duration::from_secs(20);

/// An authorization server's client.
#[derive(Debug, Clone)]
pub struct Authority {
    client: reqwest::Client,
}

/// Why an authorization server gave nothing. The texts hold neither tokens nor what was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthorityError {
    /// The address would show the secret to everybody on the way.
    #[error("`{0}` is not https; the client secret would cross the network in the clear")]
    Insecure(String),
    /// There was no answer.
    #[error("the authorization server {host} cannot be reached ({cause})")]
    Unreachable {
        /// Its host.
        host: String,
        /// Why.
        cause: String,
    },
    /// It said no.
    #[error("the authorization server answered {status}{}", said(.error, .description))]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The code of RFC 6749, section 5.2, or empty.
        error: String,
        /// Its own words, shortened, or empty.
        description: String,
    },
    /// It said something else.
    #[error("the authorization server answered {status} with something that is not the JSON it must send")]
    Malformed {
        /// The HTTP status.
        status: u16,
    },
}

impl AuthorityError {
    /// Whether trying again later makes sense.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Insecure(_) => false,
            Self::Unreachable { .. } | Self::Malformed { .. } => true,
            Self::Refused { status, .. } => *status == 429 || *status >= 500,
        }
    }
}

impl Authority {
    /// Takes the client to ask with.
    pub fn new(client: reqwest::Client) -> Self {
        Self { client }
    }

    /// Refuses an address that would show secrets on the way: anything but https, except on this machine.
    pub fn check(url: &Url) -> Result<(), AuthorityError> {
        let loopback = match url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
            None => false,
        };
        if url.scheme() == "https" || loopback {
            return Ok(());
        }
        Err(AuthorityError::Insecure(url.origin().ascii_serialization()))
    }

    /// Posts a form.
    pub async fn form(&self, url: &Url, fields: &[(&str, &str)]) -> Result<Value, AuthorityError> {
        Self::check(url)?;
        let secrets: Vec<&str> =
            fields.iter().filter(|(name, _)| SECRETS.contains(name)).map(|(_, value)| *value).collect();
        self.send(url, self.client.post(url.clone()).form(fields), &secrets).await
    }

    /// Gets a document with an access token.
    pub async fn get(&self, url: &Url, token: &Secret) -> Result<Value, AuthorityError> {
        Self::check(url)?;
        self.send(url, self.client.get(url.clone()).bearer_auth(token.expose()), &[token.expose()]).await
    }

    async fn send(
        &self,
        url: &Url,
        request: reqwest::RequestBuilder,
        secrets: &[&str],
    ) -> Result<Value, AuthorityError> {
        let unreachable = |error: reqwest::Error| AuthorityError::Unreachable {
            host: url.host_str().unwrap_or_default().to_owned(),
            cause: super::Problem::of(&error, &super::client::causes(&error)).to_string(),
        };
        let request = request.header("accept", "application/json").timeout(LIMIT);
        let mut answer = request.send().await.map_err(unreachable)?;
        let status = answer.status();
        let mut body = Zeroizing::new(Vec::new());
        while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
            if body.len() + chunk.len() > ANSWER_LIMIT {
                return Err(AuthorityError::Malformed { status: status.as_u16() });
            }
            body.extend_from_slice(&chunk);
        }
        let read = serde_json::from_slice::<Value>(&body);
        if !status.is_success() {
            let said = read.unwrap_or_default();
            let text = |name: &str| {
                said.get(name)
                    .and_then(Value::as_str)
                    .map(|text| shortened(text, secrets))
                    .unwrap_or_default()
            };
            let (error, description) = (text("error"), text("error_description"));
            return Err(AuthorityError::Refused { status: status.as_u16(), error, description });
        }
        read.map_err(|_| AuthorityError::Malformed { status: status.as_u16() })
    }
}

/// The server's own words: first without what it was sent, then printable, then cut.
fn shortened(text: &str, secrets: &[&str]) -> String {
    let mut text = text.to_owned();
    // What is shorter is no secret, and may stand in any word.
    for secret in secrets.iter().filter(|secret| secret.len() >= 6) {
        let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        text = text.replace(secret, "…").replace(&encoded, "…");
    }
    text.chars().map(|c| if is_printable(c) { c } else { ' ' }).take(200).collect()
}

/// Neither a control character nor one that hides, or turns round, what stands beside it.
fn is_printable(c: char) -> bool {
    let hides = matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}');
    !c.is_control() && !hides
}

fn said(error: &str, description: &str) -> String {
    match (error, description) {
        ("", "") => String::new(),
        (error, "") => format!(": {error}"),
        ("", description) => format!(": {description}"),
        (error, description) => format!(": {error} ({description})"),
    }
}
