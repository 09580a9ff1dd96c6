//! What is told of a Vault, kept for tests; and waiting for it.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use portcullis::secrets::Notice;
use portcullis::secrets::Observer;
use portcullis::secrets::SecretEvent;
use portcullis::secrets::SecretRef;
use portcullis::secrets::Secrets;
use portcullis::secrets::VaultError;
use portcullis::secrets::VaultRef;
use portcullis::secrets::VaultSettings;
use portcullis::secrets::Watched;

use crate::bao::CANARY;

/// What was told, one line each.
#[derive(Debug, Default)]
pub(crate) struct Told(Mutex<Vec<String>>);

impl Observer for Told {
    fn notice(&self, notice: Notice<'_>) {
        let line = match notice {
            Notice::Asked { .. } | Notice::Up(_) | Notice::Expires(_) => return,
            Notice::Login { accepted } => format!("login {accepted}"),
            Notice::Renewal { accepted } => format!("renewal {accepted}"),
            Notice::Suspicious(error) => format!("suspicious: {error}"),
            Notice::Secret { event, .. } => match event {
                SecretEvent::Confirmed => "confirmed".to_owned(),
                SecretEvent::Changed { number } => format!("changed to {number}"),
                SecretEvent::Stale(error) => format!("stale: {error}"),
                SecretEvent::Refused(error) => format!("refused: {error}"),
                SecretEvent::Closed(error) => format!("closed: {error}"),
            },
        };
        assert!(!line.contains(CANARY), "{line}");
        self.0.lock().unwrap().push(line);
    }
}

impl Told {
    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn count(&self, start: &str) -> usize {
        self.lines().iter().filter(|line| line.starts_with(start)).count()
    }

    /// Forgets what was told.
    pub(crate) fn clear(&self) {
        self.0.lock().unwrap().clear();
    }

    /// Waits for a line that begins like this.
    pub(crate) async fn until(&self, start: &str) -> String {
        let mut found = None;
        until(start, || {
            found = self.lines().into_iter().find(|line| line.starts_with(start));
            found.is_some()
        })
        .await;
        found.unwrap()
    }
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..1500 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{what} did not come");
}

/// Secrets over these settings, with what is told of them.
pub(crate) fn observed(settings: VaultSettings) -> (Secrets, Arc<Told>) {
    let secrets = Secrets::new(std::collections::BTreeMap::new(), None, Some(settings)).unwrap();
    let told = Arc::new(Told::default());
    let observer: Arc<dyn Observer> = Arc::<Told>::clone(&told);
    secrets.tell_to(observer);
    (secrets, told)
}

/// Watches the token of Jira.
pub(crate) async fn watch(secrets: &Secrets) -> Result<Arc<Watched<String>>, VaultError> {
    watch_at(secrets, "kv/atlassian/jira#token").await
}

pub(crate) async fn watch_at(secrets: &Secrets, place: &str) -> Result<Arc<Watched<String>>, VaultError> {
    let watched = secrets.watch("jira", &reference(place), |secret| Ok(secret.expose().to_owned())).await;
    watched.map_err(|error| match error {
        portcullis::secrets::SecretError::Vault(error) => {
            assert!(!format!("{error} {error:?}").contains(CANARY), "{error:?}");
            error
        }
        other => panic!("{other}"),
    })
}

pub(crate) fn reference(place: &str) -> VaultRef {
    match SecretRef::parse(&format!("vault://{place}")).unwrap() {
        SecretRef::Vault(reference) => reference,
        other => panic!("{other:?}"),
    }
}
