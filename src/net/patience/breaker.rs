//! The circuit breaker: after so many failures in a row nothing is asked for a while, then one request tries.
//!
//! A request with its repetitions is one failure, so that one question that is too hard does not shut out the others.

use std::sync::Mutex;
use std::sync::MutexGuard;
use std::time::Duration;

use tokio::time::Instant;

use super::Patience;
use crate::ids::InstanceName;
use crate::policy::Product;
use crate::telemetry::Metrics;

/// Where a breaker shows itself: the operator's own sites do, addresses that callers choose do not.
pub(in crate::net) type Shown = (Product, InstanceName, Metrics);

/// After how long without an answer a request that is given up counts as a failure: a site that hangs is not answered
/// for by those who lost patience with it.
const HANGING: Duration = Duration::from_secs(20);

/// A breaker for one site.
#[derive(Debug)]
pub(super) struct Breaker {
    threshold: u32,
    cooldown: Duration,
    state: Mutex<State>,
    shown: Option<Shown>,
}

#[derive(Debug, Default)]
struct State {
    /// Failures since the last success.
    failures: u32,
    /// Until when nothing is asked; nothing while the breaker is closed.
    until: Option<Instant>,
    /// Whether the one request that tries is on its way.
    probing: bool,
    /// Counts openings, closings and trials: what was asked before one of them says nothing about what is after it.
    epoch: u64,
}

/// The breaker is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::net) struct Open {
    /// How many requests in a row failed.
    pub(in crate::net) failures: u32,
    /// In how many seconds one may try, at least one.
    pub(in crate::net) seconds: u64,
}

/// A request that may be sent, and whose end the breaker wants to hear of. Dropped without a word, it says nothing.
#[derive(Debug)]
pub(in crate::net) struct Admission<'b> {
    breaker: &'b Breaker,
    epoch: u64,
    since: Instant,
    told: bool,
}

impl Breaker {
    /// A closed breaker; it shows itself in the metrics it is given.
    pub(super) fn new(patience: &Patience, shown: Option<Shown>) -> Self {
        if let Some((product, instance, metrics)) = &shown {
            metrics.upstream_breaker(*product, instance, false);
        }
        Self {
            threshold: patience.breaker_threshold,
            cooldown: patience.breaker_cooldown,
            state: Mutex::default(),
            shown,
        }
    }

    /// Whether a request could be sent now.
    pub(super) fn look(&self) -> Result<(), Open> {
        self.lock().look(Instant::now())
    }

    /// Lets a request be sent. While the breaker is open that is one at a time, once the time is over.
    pub(super) fn admit(&self) -> Result<Admission<'_>, Open> {
        let mut state = self.lock();
        state.look(Instant::now())?;
        if state.until.is_some() {
            state.probing = true;
            state.epoch += 1;
        }
        Ok(Admission { breaker: self, epoch: state.epoch, since: Instant::now(), told: false })
    }

    fn failed(&self, state: &mut State) {
        state.failures = state.failures.saturating_add(1);
        let was_open = state.until.is_some();
        if self.threshold == 0 || (!was_open && state.failures < self.threshold) {
            return;
        }
        state.until = Some(Instant::now() + self.cooldown);
        state.probing = false;
        state.epoch += 1;
        if !was_open {
            self.show(true);
        }
    }

    fn succeeded(&self, state: &mut State) {
        state.failures = 0;
        if state.until.take().is_some() {
            state.probing = false;
            state.epoch += 1;
            self.show(false);
        }
    }

    fn show(&self, open: bool) {
        let Some((product, instance, metrics)) = &self.shown else { return };
        metrics.upstream_breaker(*product, instance, open);
        if open {
            tracing::warn!(
                product = product.as_str(),
                %instance,
                "the last requests failed; nothing is asked for a while"
            );
        } else {
            tracing::info!(product = product.as_str(), %instance, "requests are answered again");
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl State {
    fn look(&self, now: Instant) -> Result<(), Open> {
        let Some(until) = self.until else { return Ok(()) };
        if now >= until && !self.probing {
            return Ok(());
        }
        let left = until.saturating_duration_since(now);
        let seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
        Err(Open { failures: self.failures, seconds: seconds.max(1) })
    }
}

impl Admission<'_> {
    /// There was no answer that counts, and the request is sent again: what becomes of it is what counts, unless this
    /// was the one that tried.
    pub(in crate::net) fn missed(mut self) {
        self.told = true;
        let mut state = self.breaker.lock();
        if state.epoch == self.epoch && state.until.is_some() {
            self.breaker.failed(&mut state);
        }
    }

    /// There was no answer that counts.
    pub(in crate::net) fn failed(mut self) {
        self.told = true;
        let mut state = self.breaker.lock();
        if state.epoch == self.epoch {
            self.breaker.failed(&mut state);
        }
    }

    /// There was an answer.
    pub(in crate::net) fn succeeded(mut self) {
        self.told = true;
        let mut state = self.breaker.lock();
        if state.epoch == self.epoch {
            self.breaker.succeeded(&mut state);
        }
    }
}

impl Drop for Admission<'_> {
    fn drop(&mut self) {
        let mut state = self.breaker.lock();
        if state.epoch != self.epoch {
            return;
        }
        if !self.told && self.since.elapsed() >= HANGING {
            self.breaker.failed(&mut state);
            return;
        }
        // The one that tried was given up: the next one tries.
        state.probing = false;
    }
}

/// A breaker that is forgotten is not open any more.
impl Drop for Breaker {
    fn drop(&mut self) {
        if self.lock().until.is_some() {
            self.show(false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaker(threshold: u32) -> (Breaker, Metrics) {
        let metrics = Metrics::new().unwrap();
        let patience = Patience { breaker_threshold: threshold, ..Patience::default() };
        (Breaker::new(&patience, Some((Product::Jira, InstanceName::default(), metrics.clone()))), metrics)
    }

    fn shown(metrics: &Metrics) -> bool {
        metrics.text().contains("portcullis_upstream_breaker_open{instance=\"default\",product=\"jira\"} 1")
    }

    fn fail(breaker: &Breaker, times: u32) {
        for _ in 0..times {
            breaker.admit().unwrap().failed();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn failures_in_a_row_open_it_and_one_trial_closes_it() {
        let (breaker, metrics) = breaker(3);
        fail(&breaker, 2);
        breaker.admit().unwrap().succeeded();
        fail(&breaker, 2);
        assert!(breaker.look().is_ok() && !shown(&metrics), "not in a row");
        fail(&breaker, 1);
        assert!(shown(&metrics));
        assert_eq!(breaker.admit().unwrap_err(), Open { failures: 3, seconds: 30 });
        tokio::time::advance(Duration::from_millis(28_500)).await;
        assert_eq!(breaker.look(), Err(Open { failures: 3, seconds: 2 }));

        tokio::time::advance(Duration::from_millis(1500)).await;
        let trial = breaker.admit().unwrap();
        assert_eq!(breaker.admit().unwrap_err().seconds, 1, "one tries");
        trial.missed();
        assert_eq!(breaker.look(), Err(Open { failures: 4, seconds: 30 }));

        tokio::time::advance(Duration::from_secs(30)).await;
        breaker.admit().unwrap().failed();
        assert_eq!(breaker.look(), Err(Open { failures: 5, seconds: 30 }));

        tokio::time::advance(Duration::from_secs(30)).await;
        drop(breaker.admit().unwrap());
        assert!(shown(&metrics), "a trial that was given up says nothing");
        breaker.admit().unwrap().succeeded();
        assert!(!shown(&metrics));
        fail(&breaker, 2);
        breaker.admit().unwrap().missed();
        assert!(breaker.look().is_ok(), "counts from the start again, and what is sent again does not count");
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_asked_before_says_nothing_about_after() {
        let (breaker, _) = breaker(1);
        let (old, older) = (breaker.admit().unwrap(), breaker.admit().unwrap());
        fail(&breaker, 1);
        old.succeeded();
        assert!(breaker.look().is_err(), "a late success does not close it");
        tokio::time::advance(Duration::from_secs(30)).await;
        breaker.admit().unwrap().succeeded();
        older.failed();
        assert!(breaker.look().is_ok(), "a late failure does not open it");
    }

    #[tokio::test(start_paused = true)]
    async fn a_site_that_hangs_opens_it_though_nobody_waits_to_the_end() {
        let (breaker, _) = breaker(2);
        for _ in 0..3 {
            drop(breaker.admit().unwrap());
        }
        assert!(breaker.look().is_ok(), "given up at once says nothing");
        for _ in 0..2 {
            let waiting = breaker.admit().unwrap();
            tokio::time::advance(HANGING).await;
            drop(waiting);
        }
        assert!(breaker.look().is_err());
    }

    #[test]
    fn off_is_off_and_forgotten_is_closed() {
        let (off, metrics) = breaker(0);
        fail(&off, 100);
        assert!(off.look().is_ok() && !shown(&metrics));
        let (forgotten, metrics) = breaker(1);
        fail(&forgotten, 1);
        assert!(shown(&metrics));
        drop(forgotten);
        assert!(!shown(&metrics));
    }
}
