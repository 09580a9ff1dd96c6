//! Callers whose credentials cannot be verified, limited before anything is asked or written for them.
//!
//! To find out whose credential it is costs a question to Atlassian and two records. Whoever makes credentials up gets so
//! many in a minute; what comes after is refused and counted. Callers who are known already are not concerned.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;
use std::time::Duration;

use moka::future::Cache;

use crate::audit::Network;

/// How much one network may fail in a minute: twenty credentials that are not accepted, or two hundred questions that come
/// to nothing, which may be Atlassian's fault.
const MOST: u32 = 200;

/// What one credential that is not accepted counts.
const REJECTED: u32 = 10;

/// How long a network's failures count, from the first.
pub(super) const PERIOD: Duration = Duration::from_mins(1);

/// How many networks are told apart; those that fail least are forgotten first.
const MOST_NETWORKS: u64 = 10_000;

/// How often each network failed of late.
#[derive(Debug, Clone)]
pub(super) struct Failing(Cache<Network, Arc<AtomicU32>>);

impl Failing {
    /// Whether so many credentials from there failed that no further one is looked at.
    pub(super) async fn is_limited(&self, address: Option<IpAddr>) -> bool {
        let failures = self.0.get(&Network::of(address)).await;
        failures.is_some_and(|failures| failures.load(Ordering::Relaxed) >= MOST)
    }

    /// Counts one that failed, and whether because the credential is not accepted.
    pub(super) async fn note(&self, address: Option<IpAddr>, is_rejected: bool) {
        let failures = self.0.get_with(Network::of(address), async { Arc::default() }).await;
        failures.fetch_add(if is_rejected { REJECTED } else { 1 }, Ordering::Relaxed);
    }
}

impl Default for Failing {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(MOST_NETWORKS).time_to_live(PERIOD).build())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_network_that_fails_too_often_is_limited_and_no_other() {
        let failing = Failing::default();
        let address = |text: &str| Some(text.parse().unwrap());
        for _ in 0..MOST / REJECTED {
            assert!(!failing.is_limited(address("192.0.2.1")).await);
            failing.note(address("192.0.2.1"), true).await;
            failing.note(address("192.0.2.3"), false).await;
        }
        assert!(!failing.is_limited(address("192.0.2.3")).await, "Atlassian may be at fault");
        for _ in 0..MOST {
            failing.note(address("192.0.2.3"), false).await;
        }
        assert!(failing.is_limited(address("192.0.2.3")).await);
        assert!(failing.is_limited(address("192.0.2.1")).await);
        assert!(failing.is_limited(address("::ffff:192.0.2.1")).await);
        assert!(!failing.is_limited(address("192.0.2.2")).await);
    }
}
