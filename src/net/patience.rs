//! Patience with a product: what is repeated and when, how much is asked at once, and when it is left alone.

use std::num::NonZeroU32;
use std::time::Duration;

use aws_lc_rs::rand;
use governor::DefaultDirectRateLimiter;
use governor::Quota;
use governor::RateLimiter;
use tokio::sync::Semaphore;
use tokio::sync::SemaphorePermit;
use tokio::time::Instant;

use super::Problem;
use super::UpstreamError;
use super::breaker::Breakers;

/// The longest `Retry-After` that is waited for; a longer one is for the caller to wait.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// How patient to be. The defaults are right without configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Patience {
    /// How often a read is repeated.
    pub retries: u32,
    /// The first wait; it doubles, and a random part of it is waited.
    pub backoff: Duration,
    /// Whether writes are repeated as well. They might be carried out twice.
    pub include_writes: bool,
    /// Whether `Retry-After` is not looked at.
    pub ignore_retry_after: bool,
    /// How many requests run at once.
    pub max_concurrent: Option<usize>,
    /// How many requests leave in a second, which is also the burst.
    pub per_second: Option<f64>,
    /// After how many failures in a row a site is left alone; zero is never.
    pub breaker_threshold: u32,
    /// For how long.
    pub breaker_cooldown: Duration,
    /// How long a request may take with all its repetitions.
    pub budget: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            retries: 2,
            backoff: Duration::from_secs(1),
            include_writes: false,
            ignore_retry_after: false,
            max_concurrent: None,
            per_second: None,
            breaker_threshold: 5,
            breaker_cooldown: Duration::from_secs(30),
            budget: Duration::from_mins(1),
        }
    }
}

/// The state that all ways to one product share.
#[derive(Debug)]
pub(super) struct Pacing {
    pub(super) patience: Patience,
    pub(super) breakers: Breakers,
    places: Option<Semaphore>,
    rate: Option<DefaultDirectRateLimiter>,
}

/// A place among the requests that run at once; given back when dropped.
pub(super) struct Turn<'a> {
    _place: Option<SemaphorePermit<'a>>,
}

impl Pacing {
    pub(super) fn new(patience: Patience) -> Self {
        let places = patience.max_concurrent.filter(|most| *most > 0).map(Semaphore::new);
        let rate = patience.per_second.and_then(quota).map(RateLimiter::direct);
        let breakers = Breakers::new(patience.breaker_threshold, patience.breaker_cooldown);
        Self { patience, breakers, places, rate }
    }

    /// Waits until a request may leave. The wait ends with the call's own deadline, which drops it.
    pub(super) async fn turn(&self) -> Turn<'_> {
        let place = match &self.places {
            // Nothing closes the semaphore.
            Some(places) => places.acquire().await.ok(),
            None => None,
        };
        if let Some(rate) = &self.rate {
            rate.until_ready().await;
        }
        Turn { _place: place }
    }

    /// How long to wait before the request is sent once more; nothing where that would be wrong.
    pub(super) fn again(
        &self,
        error: &UpstreamError,
        is_read: bool,
        attempt: u32,
        since: Instant,
    ) -> Option<Duration> {
        let patience = &self.patience;
        let repeatable = is_read || patience.include_writes || was_not_sent(error);
        if attempt >= patience.retries || !repeatable || !is_passing(error) {
            return None;
        }
        let told = error.retry_after().filter(|_| !patience.ignore_retry_after).map(Duration::from_secs);
        let wait = match told {
            Some(told) if told > LONGEST_WAIT => return None,
            // A little more than told, so that those who were told the same do not come back at once.
            Some(told) => told + random_part(patience.backoff / 4),
            None => random_part(patience.backoff.saturating_mul(1 << attempt.min(6))),
        };
        (since.elapsed() + wait < patience.budget).then_some(wait)
    }
}

/// Whether the fault may be gone in a moment.
fn is_passing(error: &UpstreamError) -> bool {
    match error {
        UpstreamError::Unreachable { problem, .. } => problem.is_passing(),
        other => matches!(other.status(), Some(429 | 502 | 503 | 504)) && other.is_answer(),
    }
}

/// Whether there was no connection to send anything on, so that nothing can have been carried out.
fn was_not_sent(error: &UpstreamError) -> bool {
    matches!(
        error,
        UpstreamError::Unreachable { problem: Problem::Refused | Problem::Name | Problem::Slow, .. }
    )
}

/// Whether the site as a whole seems to be in trouble. Too many requests of one account are that account's matter.
pub(super) fn is_trouble(error: &UpstreamError) -> bool {
    match error {
        // A connection that breaks may be the fault of what one caller sent.
        UpstreamError::Unreachable { problem, .. } => *problem != Problem::Broken,
        UpstreamError::Timeout { .. } => true,
        other => matches!(other.status(), Some(502..=504)) && other.is_answer(),
    }
}

fn quota(per_second: f64) -> Option<Quota> {
    if per_second <= 0.0 {
        return None;
    }
    // The configuration takes no more than ten thousand.
    let burst = (1..=10_000).find(|burst| f64::from(*burst) >= per_second).unwrap_or(10_000);
    let burst = NonZeroU32::new(burst)?;
    Some(Quota::with_period(Duration::from_secs_f64(1.0 / per_second))?.allow_burst(burst))
}

/// A random part of a wait, so that callers who failed together do not come back together.
fn random_part(most: Duration) -> Duration {
    let mut bytes = [0; 4];
    match rand::fill(&mut bytes) {
        Ok(()) => most.mul_f64(f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX)),
        Err(_) => most,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Product;

    fn status(status: u16, retry_after: Option<u64>) -> UpstreamError {
        UpstreamError::from_answer(Product::Jira, status, retry_after, b"{}")
    }

    fn unreachable(problem: Problem) -> UpstreamError {
        UpstreamError::Unreachable { product: Product::Jira, in_doubt: false, problem, detail: String::new() }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_repeated_and_how_long_is_waited() {
        let second = Duration::from_secs(1);
        let defaults = Pacing::new(Patience::default());
        let table = [
            (status(429, None), true, 0, Some(second)),
            (status(503, None), true, 1, Some(2 * second)),
            (status(503, None), true, 2, None),
            (status(429, Some(7)), true, 0, Some(8 * second)),
            (status(429, Some(31)), true, 0, None),
            (status(500, None), true, 0, None),
            (status(401, None), true, 0, None),
            (status(404, None), true, 0, None),
            (status(503, None), false, 0, None),
            (status(429, Some(1)), false, 0, None),
            (unreachable(Problem::Broken), true, 0, Some(second)),
            (unreachable(Problem::Broken), false, 0, None),
            (unreachable(Problem::Refused), false, 0, Some(second)),
            (unreachable(Problem::Untrusted), true, 0, None),
            (UpstreamError::Timeout { product: Product::Jira, in_doubt: false }, true, 0, None),
            (UpstreamError::malformed(Product::Jira, "cut"), true, 0, None),
        ];
        for (error, is_read, attempt, most) in table {
            let wait = defaults.again(&error, is_read, attempt, Instant::now());
            assert_eq!(wait.is_some(), most.is_some(), "{error} {is_read} {attempt}");
            assert!(wait <= most, "{error}: {wait:?}");
        }
        let late = Instant::now();
        tokio::time::advance(Duration::from_secs(59)).await;
        assert_eq!(defaults.again(&status(429, Some(5)), true, 0, late), None, "the budget is used up");
        let bold =
            Pacing::new(Patience { include_writes: true, ignore_retry_after: true, ..Patience::default() });
        assert!(bold.again(&status(503, Some(500)), false, 0, Instant::now()).is_some());
        let none = Pacing::new(Patience { retries: 0, ..Patience::default() });
        assert_eq!(none.again(&status(503, None), true, 0, Instant::now()), None);
    }

    #[tokio::test]
    async fn one_place_is_one_request_at_a_time() {
        let pacing = Pacing::new(Patience { max_concurrent: Some(1), ..Patience::default() });
        let first = pacing.turn().await;
        assert!(futures::poll!(std::pin::pin!(pacing.turn())).is_pending());
        drop(first);
        assert!(futures::poll!(std::pin::pin!(pacing.turn())).is_ready());
        let open =
            Pacing::new(Patience { max_concurrent: Some(0), per_second: Some(0.0), ..Patience::default() });
        assert!(futures::poll!(std::pin::pin!(open.turn())).is_ready());
    }

    #[tokio::test]
    async fn a_rate_lets_a_burst_of_one_second_through() {
        let pacing = Pacing::new(Patience { per_second: Some(3.0), ..Patience::default() });
        for _ in 0..3 {
            assert!(futures::poll!(std::pin::pin!(pacing.turn())).is_ready());
        }
        assert!(futures::poll!(std::pin::pin!(pacing.turn())).is_pending());
    }
}
