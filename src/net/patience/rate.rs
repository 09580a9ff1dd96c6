//! So many requests a second, in the order in which they came.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::Quota;
use governor::RateLimiter;
use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::state::InMemoryState;
use governor::state::NotKeyed;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// The runtime's clock, so that a test can stop it.
#[derive(Debug, Clone)]
struct RuntimeClock(Instant);

impl Clock for RuntimeClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

/// A limit of requests a second.
#[derive(Debug)]
pub(super) struct Rate {
    clock: RuntimeClock,
    limiter: RateLimiter<NotKeyed, InMemoryState, RuntimeClock, NoOpMiddleware<Duration>>,
    /// Who waits, waits here, first come, first served.
    turn: Mutex<()>,
}

impl Rate {
    /// A limit with bursts of one second's worth; nothing if the number makes none.
    pub(super) fn new(per_second: f64) -> Option<Self> {
        let period = Duration::try_from_secs_f64(per_second.recip()).ok()?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a cast stops at the ends"
        )]
        let burst = NonZeroU32::new(per_second as u32).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::with_period(period)?.allow_burst(burst);
        let clock = RuntimeClock(Instant::now());
        let limiter = RateLimiter::direct_with_clock(quota, clock.clone());
        Some(Self { clock, limiter, turn: Mutex::new(()) })
    }

    /// Waits until one more request may go.
    pub(super) async fn wait(&self) {
        let _turn = self.turn.lock().await;
        while let Err(early) = self.limiter.check() {
            tokio::time::sleep(early.wait_time_from(self.clock.now())).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_second_holds_so_many_requests() {
        for (per_second, requests, seconds) in [(2.0, 2, 0.0), (2.0, 6, 2.0), (0.5, 3, 4.0), (10.0, 15, 0.5)]
        {
            let rate = Rate::new(per_second).unwrap();
            let started = Instant::now();
            for _ in 0..requests {
                rate.wait().await;
            }
            let took = started.elapsed().as_secs_f64();
            assert!((took - seconds).abs() < 0.01, "{per_second} a second, {requests}: {took}");
        }
    }

    #[test]
    fn a_number_that_makes_no_limit_is_none() {
        for number in [0.0, -1.0, f64::NAN, f64::INFINITY, f64::MIN_POSITIVE] {
            assert!(Rate::new(number).is_none(), "{number}");
        }
    }
}
