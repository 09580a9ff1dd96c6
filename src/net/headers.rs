//! Headers that the operator adds to every request. Their values may lie in Vault, so they are taken anew for each.

use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;

use crate::secrets::Current;
use crate::secrets::Secret;
use crate::secrets::VaultError;

/// The headers, wherever their values are.
#[derive(Debug, Default)]
pub struct Headers {
    fixed: HeaderMap,
    changing: Vec<(HeaderName, Current<HeaderValue>)>,
}

/// The headers of one request.
#[derive(Debug)]
pub(super) struct Added {
    pub(super) headers: HeaderMap,
    /// Which versions of those that change are among them, in order.
    versions: Vec<u64>,
}

impl Headers {
    /// What a secret is as a header's value, or what is wrong with it.
    pub fn value(secret: &Secret) -> Result<HeaderValue, String> {
        let value = HeaderValue::from_str(secret.expose());
        let mut value = value.map_err(|_| "has a value that cannot be sent".to_owned())?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// Adds one.
    pub fn add(&mut self, name: HeaderName, value: Current<HeaderValue>) {
        match value {
            Current::Fixed(version) => drop(self.fixed.insert(name, version.value.clone())),
            changing @ Current::Watched(_) => self.changing.push((name, changing)),
        }
    }

    /// The headers as they are now. Where one of them is not to be had, there are none: what stands in front of Atlassian
    /// wants all.
    pub(super) fn current(&self) -> Result<Added, VaultError> {
        let mut added =
            Added { headers: self.fixed.clone(), versions: Vec::with_capacity(self.changing.len()) };
        for (name, value) in &self.changing {
            let version = value.get()?;
            added.headers.insert(name.clone(), version.value.clone());
            added.versions.push(version.number);
        }
        Ok(added)
    }

    /// Whether there are newer ones than those that were refused: looked for at once, but not all the time.
    pub(super) async fn are_newer_than(&self, refused: &Added) -> bool {
        let looked =
            self.changing.iter().zip(&refused.versions).map(|((_, value), version)| value.rejected(*version));
        futures::future::join_all(looked).await.iter().any(Option::is_some)
    }
}

impl Added {
    /// A text without the values of these headers: what stands in front of Atlassian may repeat them.
    pub(super) fn hidden_in(&self, text: &str) -> String {
        let values = self.headers.values().filter_map(|value| value.to_str().ok());
        values
            .filter(|value| value.len() >= 8)
            .fold(text.to_owned(), |text, value| text.replace(value, "[secret]"))
    }
}
