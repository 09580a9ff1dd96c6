//! What is shown to Atlassian, never to anybody else.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use secrecy::ExposeSecret;
use secrecy::SecretString;

/// A credential for Jira or Confluence. Its `Debug` shows the kind alone.
#[derive(Clone)]
pub enum Credential {
    /// `Authorization: Bearer`, a personal access token or an OAuth token.
    Bearer(SecretString),
    /// `Authorization: Basic`, a user name or e-mail with a password or API token.
    Basic {
        /// User name or e-mail.
        username: String,
        /// Password or API token.
        secret: SecretString,
    },
    /// No credential at all.
    Anonymous,
}

impl Credential {
    /// How the caller logs in: `pat`, `basic` or `none`.
    pub fn method(&self) -> &'static str {
        match self {
            Self::Bearer(_) => "pat",
            Self::Basic { .. } => "basic",
            Self::Anonymous => "none",
        }
    }

    /// The `Authorization` header, marked sensitive; `None` when there is none or it cannot be sent.
    pub fn header(&self) -> Option<HeaderValue> {
        let text = match self {
            Self::Bearer(token) => format!("Bearer {}", token.expose_secret()),
            Self::Basic { username, secret } => {
                format!("Basic {}", STANDARD.encode(format!("{username}:{}", secret.expose_secret())))
            }
            Self::Anonymous => return None,
        };
        let mut value = HeaderValue::from_str(&text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// A key for caches that is not the secret: the SHA-256 of kind and content.
    pub fn fingerprint(&self) -> [u8; 32] {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(self.method().as_bytes());
        match self {
            Self::Bearer(token) => context.update(token.expose_secret().as_bytes()),
            Self::Basic { username, secret } => {
                context.update(&(username.len() as u64).to_be_bytes());
                context.update(username.as_bytes());
                context.update(secret.expose_secret().as_bytes());
            }
            Self::Anonymous => {}
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
    fn a_credential_shows_itself_to_nobody() {
        let basic = Credential::Basic { username: "ann".into(), secret: "canary".into() };
        assert_eq!(format!("{basic:?}"), "Credential(basic)");
        assert_eq!(format!("{:?}", basic.header().unwrap()), "Sensitive");
        let shifted = Credential::Basic { username: "annc".into(), secret: "anary".into() };
        assert_ne!(basic.fingerprint(), shifted.fingerprint());
        assert!(Credential::Bearer("a\nb".into()).header().is_none());
    }
}
