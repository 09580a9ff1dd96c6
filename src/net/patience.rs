//! Patience with Atlassian: what is asked again, when, and when nothing is asked for a while.
//!
//! Only what cannot have been carried out, or what does no harm when it is carried out twice, is asked again: reads,
//! and requests that never left. How long is waited is a guess below a growing limit, so that many that failed
//! together do not come back together; Atlassian's own word on it (`Retry-After`) comes first.

mod breaker;
mod lane;
mod rate;
mod retry_after;

use std::time::Duration;

pub(super) use breaker::Admission;
pub(super) use breaker::Open;
pub(super) use lane::Lane;
pub(super) use lane::Lanes;
pub(super) use retry_after::seconds as retry_after;

/// The longest wait that is taken on; beyond it the caller is told instead.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// How a product is asked again, and how much at once. The defaults are right without configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Patience {
    /// How often a request is asked again that can be.
    pub retries: u32,
    /// The limit of the first wait; doubled for each further one.
    pub backoff: Duration,
    /// Whether writes are asked again as well, though they may be carried out twice.
    pub include_writes: bool,
    /// Whether `Retry-After` is not looked at.
    pub ignore_retry_after: bool,
    /// How long one request may take with all its repetitions: none begins later.
    pub budget: Duration,
    /// How many requests may be on their way at once.
    pub max_concurrent: Option<usize>,
    /// How many requests a second, with bursts of one second's worth. Not positive: no limit.
    pub per_second: Option<f64>,
    /// After how many failures in a row nothing is asked any more; 0: never.
    pub breaker_threshold: u32,
    /// For how long then.
    pub breaker_cooldown: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            retries: 2,
            backoff: Duration::from_secs(1),
            include_writes: false,
            ignore_retry_after: false,
            budget: Duration::from_mins(1),
            max_concurrent: None,
            per_second: None,
            breaker_threshold: 5,
            breaker_cooldown: Duration::from_secs(30),
        }
    }
}

/// Why a request can be asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// There was no connection, so nothing was sent.
    Unsent,
    /// The connection broke before the whole answer was here.
    Broken,
    /// 429.
    TooMany,
    /// 502.
    BadGateway,
    /// 503.
    Unavailable,
    /// 504.
    GatewayTimeout,
}

impl Reason {
    /// What an answer's status says.
    pub(super) fn of_status(status: u16) -> Option<Self> {
        match status {
            429 => Some(Self::TooMany),
            502 => Some(Self::BadGateway),
            503 => Some(Self::Unavailable),
            504 => Some(Self::GatewayTimeout),
            _ => None,
        }
    }

    /// For the metrics.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Unsent => "connect",
            Self::Broken => "broken",
            Self::TooMany => "429",
            Self::BadGateway => "502",
            Self::Unavailable => "503",
            Self::GatewayTimeout => "504",
        }
    }
}

/// A failed request, as far as it matters for whether it is asked again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Miss {
    /// Why it can be at all.
    pub(super) reason: Reason,
    /// What Atlassian said about when, in seconds.
    pub(super) retry_after: Option<u64>,
    /// Whether it can be carried out twice.
    pub(super) repeatable: bool,
    /// How often it was asked again already.
    pub(super) retries: u32,
    /// How long ago it was asked first.
    pub(super) elapsed: Duration,
}

impl Patience {
    /// How long to wait before the request is asked again; nothing if it is not. The chance is from 0 to 1.
    pub(super) fn wait(&self, miss: Miss, chance: f64) -> Option<Duration> {
        let harmless = miss.repeatable || self.include_writes || miss.reason == Reason::Unsent;
        if miss.retries >= self.retries || !harmless {
            return None;
        }
        let told = miss.retry_after.filter(|_| !self.ignore_retry_after).map(Duration::from_secs);
        let told = told.unwrap_or_default();
        if told > LONGEST_WAIT {
            return None;
        }
        let doubled = 2_u32.saturating_pow(miss.retries);
        let limit = self.backoff.saturating_mul(doubled).min(LONGEST_WAIT);
        let wait = told + limit.mul_f64(chance.clamp(0.0, 1.0));
        (miss.elapsed + wait < self.budget).then_some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::chance;

    fn miss(reason: Reason, retries: u32) -> Miss {
        Miss { reason, retry_after: None, repeatable: true, retries, elapsed: Duration::ZERO }
    }

    #[test]
    fn waits_grow_up_to_the_longest_and_are_spread_over_all_of_it() {
        let patience = Patience { retries: 100, budget: Duration::from_hours(1), ..Patience::default() };
        let wait = |retries, chance| patience.wait(miss(Reason::Unavailable, retries), chance).unwrap();
        for (retries, longest) in [(0, 1), (1, 2), (2, 4), (4, 16), (5, 30), (40, 30)] {
            assert_eq!(wait(retries, 1.0), Duration::from_secs(longest), "{retries}");
            assert_eq!(wait(retries, 0.5) * 2, Duration::from_secs(longest), "{retries}");
            assert_eq!(wait(retries, 0.0), Duration::ZERO);
        }
        let drawn: Vec<f64> = (0..64).map(|_| chance()).collect();
        assert!(drawn.iter().all(|chance| (0.0..=1.0).contains(chance)), "{drawn:?}");
        assert!(drawn.iter().any(|chance| *chance < 0.5) && drawn.iter().any(|chance| *chance > 0.5));
    }

    #[test]
    fn atlassians_word_comes_first_up_to_the_longest_wait() {
        let told = |retry_after| Miss { retry_after: Some(retry_after), ..miss(Reason::TooMany, 0) };
        let patience = Patience::default();
        let second = Duration::from_secs(1);
        assert_eq!(patience.wait(told(7), 0.0), Some(7 * second));
        assert_eq!(patience.wait(told(7), 1.0), Some(8 * second));
        assert_eq!(patience.wait(told(30), 0.0), Some(30 * second));
        assert_eq!(patience.wait(told(31), 0.0), None);
        assert_eq!(patience.wait(told(u64::MAX), 0.0), None);
        let deaf = Patience { ignore_retry_after: true, ..patience };
        assert_eq!(deaf.wait(told(u64::MAX), 1.0), Some(second));
    }

    #[test]
    fn only_what_does_no_harm_is_asked_again() {
        let write = |reason| Miss { repeatable: false, ..miss(reason, 0) };
        let reads = Patience::default();
        let all = Patience { include_writes: true, ..Patience::default() };
        for reason in
            [Reason::Broken, Reason::TooMany, Reason::BadGateway, Reason::Unavailable, Reason::GatewayTimeout]
        {
            assert!(reads.wait(miss(reason, 0), 0.0).is_some(), "{reason:?}");
            assert!(reads.wait(write(reason), 0.0).is_none(), "{reason:?}");
            assert!(all.wait(write(reason), 0.0).is_some(), "{reason:?}");
        }
        assert!(reads.wait(write(Reason::Unsent), 0.0).is_some(), "nothing was sent");
    }

    #[test]
    fn patience_ends() {
        let patience = Patience::default();
        assert!(patience.wait(miss(Reason::Broken, 1), 0.0).is_some());
        assert!(patience.wait(miss(Reason::Broken, 2), 0.0).is_none());
        let after = |seconds| Miss { elapsed: Duration::from_secs(seconds), ..miss(Reason::Broken, 0) };
        assert!(patience.wait(after(58), 1.0).is_some());
        assert!(patience.wait(after(59), 1.0).is_none());
        let none = Patience { retries: 0, ..patience };
        assert!(none.wait(miss(Reason::Unsent, 0), 0.0).is_none());
    }
}
