//! Tokens, in memory and in the form that is stored.

use serde_json::Map;
use serde_json::Value;

use crate::secrets::Secret;

/// How long a token is good for where the answer does not say.
const USUAL_LIFETIME: f64 = 3600.0;

/// How long before it expires a token is renewed, in seconds.
const AHEAD: f64 = 300.0;

/// The tokens of one app. The stored form is the reference server's:
/// `{refresh_token, access_token, expires_at, cloud_id, base_url}`; what else stands in it is kept.
#[derive(Clone)]
pub struct Tokens {
    /// What is shown to Atlassian.
    pub access: Secret,
    /// What it is renewed with.
    pub refresh: Option<Secret>,
    /// Until when it is good, in seconds since 1970.
    pub expires_at: f64,
    /// From when on it is renewed, in seconds since 1970.
    renew_at: f64,
    /// The Cloud site.
    pub cloud_id: Option<String>,
    /// The Data Center.
    pub base_url: Option<String>,
    other: Map<String, Value>,
}

impl Tokens {
    /// Reads the answer of a token endpoint (RFC 6749, section 5.1).
    pub fn granted(answer: &Value, now: f64) -> Option<Self> {
        let text = |name: &str| answer.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let lifetime = answer.get("expires_in").and_then(number).filter(|seconds| *seconds > 0.0);
        let lifetime = lifetime.unwrap_or(USUAL_LIFETIME);
        Some(Self {
            access: Secret::new(text("access_token")?),
            refresh: text("refresh_token").map(Secret::new),
            expires_at: now + lifetime,
            // One that never has so long to live would be renewed at every call.
            renew_at: now + lifetime - AHEAD.min(lifetime / 2.0),
            cloud_id: None,
            base_url: None,
            other: Map::new(),
        })
    }

    /// The tokens that a renewal brought. A refresh token that did not come is still the old one.
    pub(super) fn renewed(&self, answer: &Value, now: f64) -> Option<Self> {
        let new = Self::granted(answer, now)?;
        Some(Self {
            access: new.access,
            expires_at: new.expires_at,
            renew_at: new.renew_at,
            refresh: new.refresh.or(self.refresh.clone()),
            ..self.clone()
        })
    }

    /// Whether it is good now.
    pub(super) fn is_good(&self, now: f64) -> bool {
        now < self.expires_at
    }

    /// Whether it is time to renew it: five minutes before it expires.
    pub(super) fn is_due(&self, now: f64) -> bool {
        now >= self.renew_at
    }

    /// Reads the stored form.
    pub fn from_stored(text: &str) -> Option<Self> {
        let Value::Object(mut stored) = serde_json::from_str(text).ok()? else { return None };
        let mut take = |name: &str| match stored.shift_remove(name) {
            Some(Value::String(text)) if !text.is_empty() => Some(text),
            _ => None,
        };
        let (access, refresh) = (take("access_token"), take("refresh_token"));
        let (cloud_id, base_url) = (take("cloud_id"), take("base_url"));
        let expires_at = stored.shift_remove("expires_at").as_ref().and_then(number).unwrap_or(0.0);
        // A refresh token alone is worth an access token.
        let access = access.or_else(|| refresh.as_ref().map(|_| String::new()))?;
        Some(Self {
            access: Secret::new(access),
            refresh: refresh.map(Secret::new),
            expires_at,
            renew_at: expires_at - AHEAD,
            cloud_id,
            base_url,
            other: stored,
        })
    }

    /// The stored form.
    pub fn to_stored(&self) -> Secret {
        let mut stored = Map::new();
        stored.insert("refresh_token".into(), self.refresh.as_ref().map(Secret::expose).into());
        stored.insert("access_token".into(), self.access.expose().into());
        stored.insert("expires_at".into(), self.expires_at.into());
        stored.insert("cloud_id".into(), self.cloud_id.clone().into());
        stored.insert("base_url".into(), self.base_url.clone().into());
        stored.extend(self.other.clone());
        Secret::new(Value::Object(stored).to_string())
    }
}

/// What else was stored may be secret too: its names alone.
impl std::fmt::Debug for Tokens {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let other: Vec<&String> = self.other.keys().collect();
        formatter
            .debug_struct("Tokens")
            .field("access", &self.access)
            .field("refresh", &self.refresh)
            .field("expires_at", &self.expires_at)
            .field("renew_at", &self.renew_at)
            .field("cloud_id", &self.cloud_id)
            .field("base_url", &self.base_url)
            .field("other", &other)
            .finish()
    }
}

/// A number, also where it was written as text.
fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.trim().parse().ok()).filter(|number| number.is_finite())
}
