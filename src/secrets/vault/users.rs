//! Secrets of callers: one place each, by a template. They are held only while they are used, and looked at when they
//! are.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;
use moka::policy::EvictionPolicy;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::Class;
use super::Vault;
use super::VaultError;
use super::Version;
use super::held::Held;
use super::kv::Found;
use super::watched::Make;
use crate::secrets::UserName;
use crate::secrets::UserTemplate;
use crate::secrets::VaultRef;

/// How many secrets of callers are held, and how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserSettings {
    /// How many are held at most; the one that was used longest ago goes.
    pub most: u64,
    /// How long one is held that nobody uses.
    pub idle: Duration,
    /// How long it is remembered that there is none.
    pub negative: Duration,
}

impl Default for UserSettings {
    fn default() -> Self {
        Self { most: 10_000, idle: Duration::from_mins(15), negative: Duration::from_secs(30) }
    }
}

/// The secrets of callers below one template.
pub struct UserSecrets<T> {
    template: UserTemplate,
    vault: Arc<Vault>,
    make: Arc<Make<T>>,
    held: Cache<UserName, Arc<OfUser<T>>>,
    negative: Duration,
}

/// The secret of one caller.
struct OfUser<T> {
    held: Held<T>,
    /// One look at a time: when the last one was, and how it went.
    looked: Mutex<Option<(Instant, Option<VaultError>)>>,
}

impl<T> fmt::Debug for UserSecrets<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("UserSecrets").field("template", &self.template).finish_non_exhaustive()
    }
}

impl<T: Send + Sync + 'static> UserSecrets<T> {
    pub(in crate::secrets) fn new(
        vault: &Arc<Vault>,
        template: UserTemplate,
        settings: UserSettings,
        make: Arc<Make<T>>,
    ) -> Self {
        vault.stay();
        let held = Cache::builder()
            .max_capacity(settings.most)
            .time_to_idle(settings.idle)
            .eviction_policy(EvictionPolicy::lru())
            .build();
        Self { template, vault: Arc::clone(vault), make, held, negative: settings.negative }
    }

    /// The secret of a caller. Vault is asked once, however many calls want it at the same time.
    pub async fn of(&self, user: &UserName) -> Result<Arc<Version<T>>, VaultError> {
        let made = async { Arc::new(OfUser { held: Held::new(), looked: Mutex::default() }) };
        let secret = self.held.get_with_by_ref(user, made).await;
        let reference = self.template.of(user);
        secret.get(&self.vault, &reference, &self.make, self.negative, false).await
    }

    /// A newer version than the one that was refused where it was shown.
    pub async fn rejected(&self, user: &UserName, refused: u64) -> Option<Arc<Version<T>>> {
        let secret = self.held.get(user).await?;
        let reference = self.template.of(user);
        let newer = secret.get(&self.vault, &reference, &self.make, self.negative, true).await;
        newer.ok().filter(|version| version.number != refused)
    }

    /// How many are held.
    pub async fn count(&self) -> u64 {
        self.held.run_pending_tasks().await;
        self.held.entry_count()
    }
}

impl<T: Send + Sync + 'static> OfUser<T> {
    async fn get(
        &self,
        vault: &Vault,
        reference: &VaultRef,
        make: &Arc<Make<T>>,
        negative: Duration,
        refused: bool,
    ) -> Result<Arc<Version<T>>, VaultError> {
        let mut looked = self.looked.lock().await;
        if let Some((since, error)) = &*looked {
            let good_for = match error {
                // Who was refused looks sooner than others, but not all the time.
                None | Some(_) if refused => Duration::from_secs(2),
                None => vault.watch.interval,
                // While it does not answer, nobody waits for it who has something.
                Some(error) if error.class() == Class::Outage => Duration::from_secs(1),
                Some(_) => negative,
            };
            if since.elapsed() < good_for {
                return self.held.get();
            }
        }
        let error = self.look(vault, reference, make).await;
        *looked = Some((Instant::now(), error));
        self.held.get()
    }

    async fn look(&self, vault: &Vault, reference: &VaultRef, make: &Arc<Make<T>>) -> Option<VaultError> {
        let looked = vault.look(reference, self.held.mark()).await;
        let trust = vault.trust(looked.as_ref().ok().and_then(|look| look.until));
        let failed = match looked.map(|look| look.found) {
            Ok(Found::Same) => {
                self.held.confirm(trust);
                return None;
            }
            Ok(Found::Other(mark, values)) => match make(&values) {
                Ok(value) => {
                    self.held.replace(mark, value, trust);
                    return None;
                }
                Err(problem) => VaultError::Unusable { reference: reference.to_string(), problem },
            },
            Err(error) => error,
        };
        self.held.fail(failed.clone(), trust);
        Some(failed)
    }
}
