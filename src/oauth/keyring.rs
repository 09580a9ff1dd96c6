//! The operating system's keyring, under the reference server's names. Where there is none, nothing is found.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::secrets::Secret;

/// What the reference server calls itself there.
#[cfg(feature = "keyring")]
const SERVICE: &str = "mcp-atlassian-oauth";

/// How long a keyring may take: it may be locked, and nobody there to open it.
const LIMIT: Duration = Duration::from_secs(5);

/// One at a time: what waits for a locked keyring must not fill the threads of everybody.
static TURN: Turn = Turn { free: Semaphore::const_new(1), stuck: AtomicBool::new(false) };

struct Turn {
    free: Semaphore,
    /// The one whose turn it is took too long, and may never end.
    stuck: AtomicBool,
}

/// Reads an entry.
pub(super) async fn read(user: &str) -> Option<Secret> {
    let user = user.to_owned();
    TURN.bounded(move || told(entry(&user)?.get_password()).map(Secret::new)).await.flatten()
}

/// Writes an entry; false where that cannot be done.
pub(super) async fn write(user: &str, value: &Secret) -> bool {
    let (user, value) = (user.to_owned(), value.clone());
    TURN.bounded(move || entry(&user).and_then(|entry| told(entry.set_password(value.expose()))).is_some())
        .await
        .unwrap_or(false)
}

impl Turn {
    async fn bounded<T: Send + 'static>(
        &'static self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let until = tokio::time::Instant::now() + LIMIT;
        let turn = if self.stuck.load(Ordering::Relaxed) {
            self.free.try_acquire().ok()?
        } else {
            tokio::time::timeout_at(until, self.free.acquire()).await.ok()?.ok()?
        };
        let working = tokio::task::spawn_blocking(move || {
            let done = work();
            self.stuck.store(false, Ordering::Relaxed);
            drop(turn);
            done
        });
        match tokio::time::timeout_at(until, working).await {
            Ok(done) => done.ok(),
            Err(_) => {
                self.stuck.store(true, Ordering::Relaxed);
                tracing::debug!("the keyring did not answer; tokens are kept in a file");
                None
            }
        }
    }
}

/// Says why a keyring gave nothing, unless it is that there is nothing. Its errors show no secret.
#[cfg(feature = "keyring")]
fn told<T>(result: keyring_core::Result<T>) -> Option<T> {
    result
        .inspect_err(|error| {
            if !matches!(error, keyring_core::Error::NoEntry) {
                tracing::debug!(%error, "the keyring cannot be used; tokens are kept in a file");
            }
        })
        .ok()
}

#[cfg(not(feature = "keyring"))]
fn told<T>(result: Result<T, ()>) -> Option<T> {
    result.ok()
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

#[cfg(test)]
#[cfg(feature = "keyring")]
mod tests {
    use std::sync::mpsc;

    use keyring_core::Entry;
    use keyring_core::mock;
    use serde_json::Value;
    use serde_json::json;

    use super::super::TokenStore;
    use super::super::Tokens;
    use super::*;

    fn tokens(access: &str, expires_at: f64) -> Tokens {
        let text = json!({"refresh_token": "r", "access_token": access, "expires_at": expires_at,
            "cloud_id": "cid-1", "base_url": null});
        Tokens::from_stored(&text.to_string()).unwrap()
    }

    fn kept(user: &str) -> Option<String> {
        let text = Entry::new(SERVICE, user).unwrap().get_password().ok()?;
        let tokens: Value = serde_json::from_str(&text).unwrap();
        Some(tokens["access_token"].as_str().unwrap().to_owned())
    }

    /// The store of the process is one for all tests: only this one uses it.
    #[tokio::test]
    async fn the_keyring_has_the_tokens_and_a_file_that_is_there_stays_fresh() {
        keyring_core::set_default_store(mock::Store::new().unwrap());
        let home = tempfile::tempdir().unwrap();
        let store = TokenStore::new(home.path().join("tokens"), "app-k", true).unwrap();
        let file = home.path().join("tokens/oauth-app-k.json");
        assert!(store.load().await.unwrap().is_none());

        store.save(&tokens("one", 1.0)).await.unwrap();
        for user in ["oauth-app-k", "oauth-app-k-cloud-cid-1"] {
            assert_eq!(kept(user).as_deref(), Some("one"), "{user}");
        }
        assert!(!file.exists(), "the keyring has them");

        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, tokens("filed", 2.0).to_stored().expose()).unwrap();
        assert_eq!(store.load().await.unwrap().unwrap().access.expose(), "filed", "what expires last");
        store.save(&tokens("two", 3.0)).await.unwrap();
        assert_eq!(kept("oauth-app-k").as_deref(), Some("two"));
        let filed = Tokens::from_stored(&std::fs::read_to_string(&file).unwrap()).unwrap();
        assert_eq!(filed.access.expose(), "two");

        let entry = Entry::new(SERVICE, "oauth-app-k").unwrap();
        let cred: &mock::Cred = entry.as_any().downcast_ref().unwrap();
        let locked = || keyring_core::Error::NoStorageAccess(Box::new(std::io::Error::other("locked")));
        cred.set_error(locked());
        assert_eq!(store.load().await.unwrap().unwrap().access.expose(), "two", "from the file");
        std::fs::remove_file(&file).unwrap();
        cred.set_error(locked());
        store.save(&tokens("three", 4.0)).await.unwrap();
        assert_eq!(kept("oauth-app-k").as_deref(), Some("two"), "the keyring was locked");
        assert_eq!(store.load().await.unwrap().unwrap().access.expose(), "three");
        entry.set_password("nonsense").unwrap();
        assert_eq!(store.load().await.unwrap().unwrap().access.expose(), "three");
    }

    #[tokio::test(start_paused = true)]
    async fn a_keyring_that_does_not_answer_holds_one_thread_and_only_the_first_who_asks() {
        static OWN: Turn = Turn { free: Semaphore::const_new(1), stuck: AtomicBool::new(false) };
        let (open, locked) = mpsc::channel::<()>();
        let first = tokio::spawn(OWN.bounded(move || locked.recv().is_ok()));
        tokio::task::yield_now().await;
        tokio::time::advance(LIMIT + Duration::from_millis(1)).await;
        assert_eq!(first.await.unwrap(), None);

        let since = tokio::time::Instant::now();
        for _ in 0..100 {
            assert_eq!(OWN.bounded(|| 1).await, None, "not even tried");
        }
        assert_eq!(since.elapsed(), Duration::ZERO);

        open.send(()).unwrap();
        drop(OWN.free.acquire().await.unwrap());
        assert_eq!(OWN.bounded(|| 1).await, Some(1));
    }
}
