//! Accounts that Atlassian has vouched for, remembered by a keyed hash of the credential.

use std::time::Duration;
use std::time::Instant;

use moka::future::Cache;

use super::IdentityError;
use super::Route;
use super::vouched::Vouched;
use crate::ids::InstanceName;
use crate::policy::Principal;
use crate::policy::Product;

/// How accounts are remembered; the defaults are the reference server's lifetime, and ten times its size.
#[derive(Debug, Clone, Copy)]
pub struct AccountSettings {
    /// How long an account is believed before the credential is shown to Atlassian again; zero is not at all.
    pub lifetime: Duration,
    /// How many are remembered at most.
    pub most: u64,
}

impl Default for AccountSettings {
    fn default() -> Self {
        Self { lifetime: Duration::from_mins(5), most: 1000 }
    }
}

/// How long a credential that Atlassian did not accept is refused without being shown again.
const REJECTED_FOR: Duration = Duration::from_secs(30);

/// How many of those are remembered at most.
const MOST_REJECTED: u64 = 10_000;

/// Product, instance, the hash of what is sent (the credential with the headers that are passed on), and whether the groups
/// are wanted: policies that come into force may name one where the ones before did not.
type Key = (Product, InstanceName, [u8; 32], bool);

#[derive(Debug)]
pub(super) struct Accounts {
    known: Cache<Key, Principal>,
    rejected: Cache<Key, ()>,
    vouched: Vouched,
    remembers: bool,
}

impl Accounts {
    pub(super) fn new(settings: AccountSettings) -> Self {
        // A cache that keeps nothing would still join calls that ask at the same time, and must not.
        let remembers = !settings.lifetime.is_zero() && settings.most > 0;
        let lifetime = settings.lifetime.max(Duration::from_secs(1));
        let known = Cache::builder().max_capacity(settings.most.max(1)).time_to_live(lifetime).build();
        let rejected = Cache::builder().max_capacity(MOST_REJECTED).time_to_live(REJECTED_FOR).build();
        Self { known, rejected, vouched: Vouched::default(), remembers }
    }

    pub(super) async fn known(&self, route: &Route, groups: bool) -> Option<Principal> {
        self.known.get(&key(route, groups)).await
    }

    /// Whether Atlassian did not accept the credential a moment ago.
    pub(super) fn is_rejected(&self, route: &Route) -> bool {
        self.rejected.contains_key(&key(route, false))
    }

    /// Whether Atlassian accepted the credential of late, and has not refused it since.
    pub(super) fn has_vouched(&self, route: &Route) -> bool {
        self.vouched.has(&shown(route), Instant::now())
    }

    /// Remembers that Atlassian accepted the credential. What a site that a caller chose says is worth nothing here.
    pub(super) fn vouch(&self, route: &Route) {
        if !route.instance.name.is_chosen() {
            self.vouched.add(&shown(route), Instant::now());
        }
    }

    /// Remembers that Atlassian did not accept the credential.
    pub(super) async fn reject(&self, route: &Route) {
        self.vouched.remove(&shown(route));
        if self.remembers {
            self.rejected.insert(key(route, false), ()).await;
        }
    }

    /// The account, asked for once however many calls want it at the same time. A failure is not remembered.
    pub(super) async fn get(
        &self,
        route: &Route,
        groups: bool,
        asking: impl Future<Output = Result<Principal, IdentityError>>,
    ) -> Result<Principal, IdentityError> {
        if !self.remembers {
            return asking.await;
        }
        self.known
            .try_get_with(key(route, groups), asking)
            .await
            .map_err(|shared| IdentityError::clone(&shared))
    }
}

/// Where a credential was shown, and its hash.
fn shown(route: &Route) -> (Product, &InstanceName, [u8; 32]) {
    (route.instance.upstream.product(), &route.instance.name, route.credential.fingerprint())
}

fn key(route: &Route, groups: bool) -> Key {
    let (product, name, fingerprint) = shown(route);
    (product, name.clone(), fingerprint, groups)
}
