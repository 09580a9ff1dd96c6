//! The operating system's keyring, under the reference server's names. Where there is none, nothing is found.

use std::time::Duration;

use crate::secrets::Secret;

/// What the reference server calls itself there.
#[cfg(feature = "keyring")]
const SERVICE: &str = "mcp-atlassian-oauth";

/// How long a keyring may take: it may be locked, and nobody there to open it.
const LIMIT: Duration = Duration::from_secs(5);

/// Reads an entry.
pub(super) async fn read(user: &str) -> Option<Secret> {
    let user = user.to_owned();
    bounded(move || entry(&user)?.get_password().ok().map(Secret::new)).await.flatten()
}

/// Writes an entry; false where that cannot be done.
pub(super) async fn write(user: &str, value: &Secret) -> bool {
    let (user, value) = (user.to_owned(), value.clone());
    bounded(move || entry(&user).is_some_and(|entry| entry.set_password(value.expose()).is_ok()))
        .await
        .unwrap_or(false)
}

async fn bounded<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let working = tokio::task::spawn_blocking(work);
    match tokio::time::timeout(LIMIT, working).await {
        Ok(Ok(done)) => Some(done),
        Ok(Err(_)) | Err(_) => {
            tracing::debug!("the keyring did not answer; tokens are kept in a file");
            None
        }
    }
}

#[cfg(feature = "keyring")]
fn entry(user: &str) -> Option<keyring_core::Entry> {
    if keyring_core::get_default_store().is_none() {
        match store() {
            Ok(store) => keyring_core::set_default_store(store),
            Err(error) => {
                tracing::debug!(%error, "there is no keyring; tokens are kept in a file");
                return None;
            }
        }
    }
    keyring_core::Entry::new(SERVICE, user).ok()
}

#[cfg(all(feature = "keyring", target_os = "linux"))]
fn store() -> keyring_core::Result<std::sync::Arc<keyring_core::CredentialStore>> {
    Ok(zbus_secret_service_keyring_store::Store::new()?)
}

#[cfg(all(feature = "keyring", target_os = "macos"))]
fn store() -> keyring_core::Result<std::sync::Arc<keyring_core::CredentialStore>> {
    Ok(apple_native_keyring_store::keychain::Store::new()?)
}

#[cfg(all(feature = "keyring", windows))]
fn store() -> keyring_core::Result<std::sync::Arc<keyring_core::CredentialStore>> {
    Ok(windows_native_keyring_store::Store::new()?)
}

#[cfg(all(feature = "keyring", not(any(target_os = "linux", target_os = "macos", windows))))]
fn store() -> keyring_core::Result<std::sync::Arc<keyring_core::CredentialStore>> {
    Err(keyring_core::Error::NoDefaultStore)
}

#[cfg(not(feature = "keyring"))]
struct Entry;

#[cfg(not(feature = "keyring"))]
impl Entry {
    fn get_password(&self) -> Result<String, ()> {
        Err(())
    }

    fn set_password(&self, _value: &str) -> Result<(), ()> {
        Err(())
    }
}

#[cfg(not(feature = "keyring"))]
fn entry(_user: &str) -> Option<Entry> {
    None
}
