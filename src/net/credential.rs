//! What is shown to Atlassian, never to anybody else.

use std::sync::Arc;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::future::BoxFuture;
use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use http::header::AUTHORIZATION;

use crate::secrets::Secret;
use crate::secrets::UserName;

/// Where a newer credential comes from when Atlassian refused the one that was shown.
pub trait Renew: Send + Sync {
    /// A credential other than the refused one, or nothing if there is none newer.
    fn renew<'a>(&'a self, refused: &'a Credential) -> BoxFuture<'a, Option<Credential>>;
}

/// Where the operator's credential comes from: it may be another one tomorrow.
pub trait CredentialSource: Send + Sync {
    /// The credential as it is now, with the way to a newer one in it.
    fn current(&self) -> BoxFuture<'_, Result<Credential, CredentialError>>;
}

/// Where the credentials of users come from, of each their own.
pub trait UserCredentials: Send + Sync {
    /// The credential of a user as it is now, with the way to a newer one in it.
    fn of<'a>(&'a self, user: &'a UserName) -> BoxFuture<'a, Result<Credential, NoUserCredential>>;
}

/// Why there is no credential of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoUserCredential {
    /// None is stored: the user can change that.
    NotStored(CredentialError),
    /// It is not to be had, which is no matter of the user's.
    Unavailable(CredentialError),
}

/// Why there is no credential now. The text is for the caller; the detail, for the operator, is not in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct CredentialError {
    /// What failed and what to do, without hosts, paths and names of secrets.
    pub text: String,
    /// The same for the operator.
    pub detail: String,
}

impl CredentialSource for Credential {
    fn current(&self) -> BoxFuture<'_, Result<Credential, CredentialError>> {
        Box::pin(async { Ok(self.clone()) })
    }
}

/// A credential for Jira or Confluence. Its `Debug` shows the method alone.
#[derive(Clone)]
pub struct Credential {
    authorization: Authorization,
    passed: HeaderMap,
    renewal: Option<Arc<dyn Renew>>,
}

#[derive(Clone)]
enum Authorization {
    Bearer { token: Secret, method: &'static str },
    Basic { username: String, secret: Secret },
    None,
}

impl Credential {
    /// `Authorization: Bearer` with a personal access token.
    pub fn personal_token(token: Secret) -> Self {
        Self::new(Authorization::Bearer { token, method: "pat" })
    }

    /// `Authorization: Bearer` with an OAuth access token.
    pub fn oauth(token: Secret) -> Self {
        Self::new(Authorization::Bearer { token, method: "oauth" })
    }

    /// `Authorization: Basic`, a user name or e-mail with a password or API token.
    pub fn basic(username: impl Into<String>, secret: Secret) -> Self {
        Self::new(Authorization::Basic { username: username.into(), secret })
    }

    /// No `Authorization` at all: a client certificate, or headers that are passed on, say who it is.
    pub fn none() -> Self {
        Self::new(Authorization::None)
    }

    fn new(authorization: Authorization) -> Self {
        Self { authorization, passed: HeaderMap::new(), renewal: None }
    }

    /// Adds headers of the caller's request that are passed on; they win over headers the operator adds, and over
    /// the credential's own.
    #[must_use]
    pub fn passing(mut self, headers: HeaderMap) -> Self {
        self.passed = headers;
        self
    }

    /// Says where a newer one comes from after a 401.
    #[must_use]
    pub fn renewed_by(mut self, renewal: Arc<dyn Renew>) -> Self {
        self.renewal = Some(renewal);
        self
    }

    /// A newer credential after a 401, if there is one.
    pub async fn renewed(&self) -> Option<Self> {
        let renewal = self.renewal.as_ref()?;
        let newer = renewal.renew(self).await?;
        // It may be refused as well, if it was replaced in the meantime.
        let renewed = newer.passing(self.passed.clone()).renewed_by(Arc::clone(renewal));
        (!renewed.sends_as(self)).then_some(renewed)
    }

    /// A text of somebody else's without what this shows to Atlassian: an error may repeat the request.
    pub(crate) fn hidden_in(&self, text: &str) -> String {
        let mut hidden = match &self.authorization {
            Authorization::Bearer { token, .. } => vec![token.expose().to_owned()],
            Authorization::Basic { username, secret } => {
                vec![STANDARD.encode(format!("{username}:{}", secret.expose())), secret.expose().to_owned()]
            }
            Authorization::None => Vec::new(),
        };
        let passed = self.passed.values().filter_map(|value| value.to_str().ok());
        hidden.extend(passed.map(|value| value.trim_start_matches("Bearer ").to_owned()));
        // Shorter ones are no secrets, and would be found everywhere.
        hidden.retain(|secret| secret.len() >= 4);
        hidden.iter().fold(text.to_owned(), |text, secret| text.replace(secret, "[secret]"))
    }

    /// How the caller logs in: `pat`, `oauth`, `basic`, `passed` or `none`.
    pub fn method(&self) -> &'static str {
        match &self.authorization {
            Authorization::Bearer { method, .. } => method,
            Authorization::Basic { .. } => "basic",
            Authorization::None if self.passed.is_empty() => "none",
            Authorization::None => "passed",
        }
    }

    /// The name it logs in with, where it has one.
    pub fn username(&self) -> Option<&str> {
        match &self.authorization {
            Authorization::Basic { username, .. } => Some(username),
            Authorization::Bearer { .. } | Authorization::None => None,
        }
    }

    /// Whether another credential logs in with the same secret, whatever headers are passed on beside it.
    pub fn sends_as(&self, other: &Self) -> bool {
        match (&self.authorization, &other.authorization) {
            (Authorization::Bearer { token, .. }, Authorization::Bearer { token: other, .. }) => {
                token.expose() == other.expose()
            }
            (
                Authorization::Basic { username, secret },
                Authorization::Basic { username: other, secret: other_secret },
            ) => username == other && secret.expose() == other_secret.expose(),
            (Authorization::None, Authorization::None) => true,
            _ => false,
        }
    }

    /// The secret of a bearer credential, for who has to compare it with a newer one.
    pub fn token(&self) -> Option<&Secret> {
        match &self.authorization {
            Authorization::Bearer { token, .. } => Some(token),
            Authorization::Basic { .. } | Authorization::None => None,
        }
    }

    /// Whether its headers can be sent: a line break in a token, for example, cannot.
    pub fn is_sendable(&self) -> bool {
        matches!(self.authorization, Authorization::None) || self.authorization().is_some()
    }

    /// Writes its headers over those that are there, marked sensitive.
    pub fn apply(&self, headers: &mut HeaderMap) {
        if let Some(value) = self.authorization() {
            headers.insert(AUTHORIZATION, value);
        }
        for name in self.passed.keys() {
            headers.remove(name);
        }
        for (name, value) in &self.passed {
            headers.append(name, value.clone());
        }
    }

    fn authorization(&self) -> Option<HeaderValue> {
        let text = match &self.authorization {
            Authorization::Bearer { token, .. } => format!("Bearer {}", token.expose()),
            Authorization::Basic { username, secret } => {
                format!("Basic {}", STANDARD.encode(format!("{username}:{}", secret.expose())))
            }
            Authorization::None => return None,
        };
        let mut value = HeaderValue::from_str(&text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// A key for caches that is not the secret: the SHA-256 of the kind and of everything that is sent.
    pub fn fingerprint(&self) -> [u8; 32] {
        let mut context = digest::Context::new(&digest::SHA256);
        let mut part = |bytes: &[u8]| {
            context.update(&(bytes.len() as u64).to_be_bytes());
            context.update(bytes);
        };
        part(self.method().as_bytes());
        match &self.authorization {
            Authorization::Bearer { token, .. } => part(token.expose().as_bytes()),
            Authorization::Basic { username, secret } => {
                part(username.as_bytes());
                part(secret.expose().as_bytes());
            }
            Authorization::None => {}
        }
        let mut passed: Vec<(&HeaderName, &HeaderValue)> = self.passed.iter().collect();
        passed.sort_by_key(|(name, _)| name.as_str());
        for (name, value) in passed {
            part(name.as_str().as_bytes());
            part(value.as_bytes());
        }
        let mut key = [0; 32];
        key.copy_from_slice(context.finish().as_ref());
        key
    }
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credential({})", self.method())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_shown_to_atlassian_is_left_in_a_text() {
        let secret = |text: &str| Secret::new(text.to_owned());
        let passed = HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static("Bearer passed-on"))]);
        let table = [
            (
                Credential::personal_token(secret("TOKEN-1")),
                "bad token Bearer TOKEN-1",
                "bad token Bearer [secret]",
            ),
            (Credential::basic("ann", secret("pass-word")), "Basic YW5uOnBhc3Mtd29yZA==", "Basic [secret]"),
            (Credential::basic("ann", secret("pass-word")), "ann and pass-word", "ann and [secret]"),
            (Credential::none().passing(passed), "not Bearer passed-on", "not Bearer [secret]"),
            (Credential::none(), "nothing", "nothing"),
        ];
        for (credential, text, wanted) in table {
            assert_eq!(credential.hidden_in(text), wanted);
        }
    }

    fn sent(credential: &Credential) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("x-gateway", HeaderValue::from_static("operator"));
        credential.apply(&mut headers);
        headers
    }

    #[test]
    fn a_credential_shows_itself_to_nobody() {
        let basic = Credential::basic("ann", Secret::new("canary"));
        assert_eq!(format!("{basic:?}"), "Credential(basic)");
        assert_eq!(format!("{:?}", sent(&basic)[AUTHORIZATION]), "Sensitive");
        assert!(!Credential::personal_token(Secret::new("a\nb")).is_sendable());
        assert!(Credential::none().is_sendable());
    }

    #[test]
    fn no_two_credentials_share_a_key() {
        let passing = |name: &'static str, value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_static(value));
            Credential::none().passing(headers)
        };
        let all = [
            Credential::basic("ann", Secret::new("canary")),
            Credential::basic("annc", Secret::new("anary")),
            Credential::personal_token(Secret::new("canary")),
            Credential::oauth(Secret::new("canary")),
            Credential::none(),
            passing("cookie", "a=b"),
            passing("cookie", "a=c"),
            passing("x-session", "a=b"),
        ];
        let keys: std::collections::BTreeSet<_> = all.iter().map(Credential::fingerprint).collect();
        assert_eq!(keys.len(), all.len());
    }

    #[test]
    fn what_is_passed_on_wins() {
        let mut passed = HeaderMap::new();
        passed.insert("x-gateway", HeaderValue::from_static("caller"));
        passed.append("cookie", HeaderValue::from_static("a=b"));
        passed.append("cookie", HeaderValue::from_static("c=d"));
        let headers = sent(&Credential::none().passing(passed));
        assert_eq!(headers["x-gateway"], "caller");
        assert_eq!(headers.get_all("cookie").iter().count(), 2);
        assert!(!headers.contains_key(AUTHORIZATION));
    }
}
