//! Callers whose credentials cannot be verified, limited before anything is asked or written for them.
//!
//! To find out whose credential it is costs a question to Atlassian and two records. Whoever makes credentials up gets so
//! many in a minute; what comes after is refused and counted. A place is taken before the question and given back if the
//! credential is good, so that questions at once are no way past the limit: they wait for each other. Callers who are
//! known already, or were good once, are not concerned.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;
use std::time::Duration;

use moka::future::Cache;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::Semaphore;

use crate::audit::Network;

/// How much one network may fail in a minute: twenty credentials that are not accepted, or two hundred questions that come
/// to nothing, which may be Atlassian's fault.
const MOST: u32 = 200;

/// What one credential that is not accepted counts, and so what each takes until it is known what it is.
const REJECTED: u32 = 10;

/// How long a network's failures count, from the first question.
pub(super) const PERIOD: Duration = Duration::from_mins(1);

/// How many questions of one network wait for those before them; one more is refused. Each that waits has one of the server's
/// places for calls, and Atlassian may be slow.
const MOST_WAITING: usize = 100;

/// How many networks are told apart; those that fail least are forgotten first.
const MOST_NETWORKS: u64 = 10_000;

/// How often each network failed of late.
#[derive(Debug, Clone)]
pub(super) struct Failing(Cache<Network, Arc<Failures>>);

/// What one network may still fail, and how much it did.
#[derive(Debug)]
struct Failures {
    left: Arc<Semaphore>,
    waiting: Semaphore,
    counted: AtomicU32,
}

/// Why a question came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// The credential is not accepted.
    Rejected,
    /// Nobody said what it is.
    Unanswered,
}

/// So many credentials from a network failed, or wait, that no further one is looked at.
#[derive(Debug)]
pub(super) struct Exhausted;

/// A question's place among those that may fail. One that is dropped counts as a credential that is not accepted: whoever
/// goes away before the answer has asked all the same, and nobody knows what it would have been.
#[derive(Debug)]
#[must_use = "a place that is dropped counts as a credential that is not accepted"]
pub(super) struct Place {
    failures: Arc<Failures>,
    taken: Option<OwnedSemaphorePermit>,
}

impl Failing {
    /// A place for one question. Where those under way could use up what is left, it waits for their ends.
    pub(super) async fn place(&self, address: Option<IpAddr>) -> Result<Place, Exhausted> {
        let failures = self.0.get_with(Network::of(address), async { Arc::default() }).await;
        let left = Arc::clone(&failures.left);
        let taken = {
            let _waits = failures.waiting.try_acquire().map_err(|_full| Exhausted)?;
            left.acquire_many_owned(REJECTED).await.map_err(|_closed| Exhausted)?
        };
        Ok(Place { failures, taken: Some(taken) })
    }
}

impl Place {
    /// The credential is good, or it was no fault of the caller's that nobody said so.
    pub(super) fn give_back(mut self) {
        self.taken = None;
    }

    /// The question came to nothing.
    pub(super) fn fail(mut self, failure: Failure) {
        self.count(failure);
    }

    fn count(&mut self, failure: Failure) {
        let Some(mut taken) = self.taken.take() else { return };
        let cost = match failure {
            Failure::Rejected => REJECTED,
            Failure::Unanswered => 1,
        };
        // Counted before the rest is given back, so that nobody waits for what will never be.
        let counted = self.failures.counted.fetch_add(cost, Ordering::AcqRel) + cost;
        if counted >= MOST {
            self.failures.left.close();
        }
        if let Some(spent) = taken.split(cost as usize) {
            spent.forget();
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.count(Failure::Rejected);
    }
}

impl Default for Failures {
    fn default() -> Self {
        // Whoever may fail at all may fail in either way: the last place is there until the limit is reached.
        let left = (MOST + REJECTED - 1) as usize;
        let waiting = Semaphore::new(MOST_WAITING);
        Self { left: Arc::new(Semaphore::new(left)), waiting, counted: AtomicU32::new(0) }
    }
}

impl Default for Failing {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(MOST_NETWORKS).time_to_live(PERIOD).build())
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    async fn place(failing: &Failing, text: &str) -> Result<Place, Exhausted> {
        failing.place(Some(text.parse().unwrap())).await
    }

    /// Whether there is a place at once, or none any more, or one to wait for.
    fn is_limited(failing: &Failing, text: &str) -> Option<bool> {
        let place = Box::pin(tokio::task::unconstrained(place(failing, text))).now_or_never()?;
        Some(place.map(Place::give_back).is_err())
    }

    #[tokio::test]
    async fn a_network_that_fails_too_often_is_limited_and_no_other() {
        let failing = Failing::default();
        for (text, failure, most) in
            [("192.0.2.1", Failure::Rejected, MOST / REJECTED), ("192.0.2.3", Failure::Unanswered, MOST)]
        {
            for number in 0..most {
                assert_eq!(is_limited(&failing, text), Some(false), "{text}: {number}");
                place(&failing, text).await.unwrap().fail(failure);
            }
            assert_eq!(is_limited(&failing, text), Some(true), "{text}");
        }
        assert_eq!(is_limited(&failing, "::ffff:192.0.2.1"), Some(true));
        assert_eq!(is_limited(&failing, "192.0.2.2"), Some(false));
    }

    #[tokio::test]
    async fn questions_at_once_are_no_way_past_the_limit() {
        let failing = Failing::default();
        let from = "192.0.2.1";
        let mut places = Vec::new();
        while let Some(place) = Box::pin(place(&failing, from)).now_or_never() {
            places.push(place.unwrap());
        }
        assert_eq!(places.len(), (MOST / REJECTED) as usize);
        // Who waits goes on when one of them is good, and not when all of them fail.
        let next = place(&failing, from);
        tokio::pin!(next);
        assert!(next.as_mut().now_or_never().is_none());
        places.pop().unwrap().give_back();
        let next = next.await.unwrap();
        let waiting = place(&failing, from);
        tokio::pin!(waiting);
        assert!(waiting.as_mut().now_or_never().is_none());
        for place in places {
            place.fail(Failure::Rejected);
        }
        assert!(waiting.as_mut().now_or_never().is_none());
        next.fail(Failure::Rejected);
        assert!(waiting.await.is_err());
    }

    #[tokio::test]
    async fn whoever_goes_away_before_the_answer_has_asked() {
        let failing = Failing::default();
        for number in 0..MOST / REJECTED {
            assert_eq!(is_limited(&failing, "192.0.2.1"), Some(false), "{number}");
            drop(place(&failing, "192.0.2.1").await.unwrap());
        }
        assert_eq!(is_limited(&failing, "192.0.2.1"), Some(true));
    }

    #[tokio::test]
    async fn who_waits_takes_no_more_than_a_part_of_the_places() {
        let failing = Failing::default();
        let from = "192.0.2.1";
        let mut places = Vec::new();
        for _ in 0..MOST / REJECTED {
            places.push(place(&failing, from).await.unwrap());
        }
        let mut waiting: Vec<_> = (0..MOST_WAITING).map(|_| Box::pin(place(&failing, from))).collect();
        for one in &mut waiting {
            assert!(one.now_or_never().is_none());
        }
        assert_eq!(is_limited(&failing, from), Some(true), "one too many");
        assert_eq!(is_limited(&failing, "192.0.2.2"), Some(false));
        drop(waiting);
        assert_eq!(is_limited(&failing, from), None, "it waits as any other");
        places.into_iter().for_each(Place::give_back);
        assert_eq!(is_limited(&failing, from), Some(false));
    }
}
