//! What all requests to one site share: how many at once, how many a second, and the breaker.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use super::Admission;
use super::Open;
use super::Patience;
use super::breaker::Breaker;
use super::breaker::Shown;
use super::rate::Rate;
use tokio::sync::Semaphore;
use tokio::sync::SemaphorePermit;

/// How many sites are known at once, so that callers who choose addresses cannot fill the memory.
const MOST: usize = 256;

/// The limits and the breaker of one site.
#[derive(Debug)]
pub(in crate::net) struct Lane {
    places: Option<Semaphore>,
    rate: Option<Rate>,
    breaker: Breaker,
}

/// A request on its way, with its place among those at once.
#[derive(Debug)]
pub(in crate::net) struct Entered<'l> {
    /// For the breaker.
    pub(in crate::net) admission: Admission<'l>,
    _place: Option<SemaphorePermit<'l>>,
}

impl Lane {
    /// A lane nobody is on. With a place in the metrics if it is the operator's own: what addresses callers choose
    /// is nothing to be woken up for.
    pub(in crate::net) fn new(patience: &Patience, shown: Option<Shown>) -> Self {
        let most = |count: usize| count.min(Semaphore::MAX_PERMITS);
        Self {
            places: patience
                .max_concurrent
                .filter(|count| *count > 0)
                .map(|count| Semaphore::new(most(count))),
            rate: patience.per_second.and_then(Rate::new),
            breaker: Breaker::new(patience, shown),
        }
    }

    /// Waits for a place, which is given up when the future is dropped. An open breaker answers at once.
    pub(in crate::net) async fn enter(&self) -> Result<Entered<'_>, Open> {
        self.breaker.look()?;
        let place = match &self.places {
            // Closed by nobody.
            Some(places) => places.acquire().await.ok(),
            None => None,
        };
        if let Some(rate) = &self.rate {
            rate.wait().await;
        }
        // Again: it may have opened meanwhile.
        Ok(Entered { admission: self.breaker.admit()?, _place: place })
    }
}

/// The lanes of sites by their base address, besides the operator's own one.
#[derive(Debug, Default)]
pub(in crate::net) struct Lanes(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    lanes: HashMap<String, (Arc<Lane>, u64)>,
    asked: u64,
}

impl Lanes {
    /// The lane of a site, new if it is not known or no longer.
    pub(in crate::net) fn of(&self, base: &str, patience: &Patience) -> Arc<Lane> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.asked += 1;
        let now = known.asked;
        if let Some((lane, asked)) = known.lanes.get_mut(base) {
            *asked = now;
            return lane.clone();
        }
        if known.lanes.len() >= MOST {
            known.forget_one();
        }
        let lane = Arc::new(Lane::new(patience, None));
        known.lanes.insert(base.to_owned(), (lane.clone(), now));
        lane
    }
}

impl Known {
    /// Forgets the lane that was asked for longest ago; one that somebody is on lives until they are done.
    fn forget_one(&mut self) {
        let oldest = self.lanes.iter().min_by_key(|(_, (lane, asked))| (Arc::strong_count(lane) > 1, *asked));
        if let Some(base) = oldest.map(|(base, _)| base.clone()) {
            self.lanes.remove(&base);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn a_site_has_one_lane_and_the_oldest_is_forgotten() {
        let (lanes, patience) = (Lanes::default(), Patience::default());
        let of = |text: &str| lanes.of(text, &patience);
        let (first, in_use) = (of("https://a.example.com/"), of("https://in.use"));
        assert!(Arc::ptr_eq(&first, &of("https://a.example.com/")));
        assert!(!Arc::ptr_eq(&first, &of("http://a.example.com")));
        let weak = Arc::downgrade(&first);
        drop(first);
        for number in 0..2 * MOST {
            of(&format!("https://{number}.example.com"));
        }
        assert_eq!(lanes.0.lock().unwrap().lanes.len(), MOST);
        assert_eq!(weak.strong_count(), 0);
        assert!(Arc::ptr_eq(&in_use, &of("https://in.use")));
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_is_waited_for_and_an_open_breaker_is_not() {
        let patience = Patience { max_concurrent: Some(1), breaker_threshold: 1, ..Patience::default() };
        let lane = Lane::new(&patience, None);
        let first = lane.enter().await.unwrap();
        let mut second = Box::pin(lane.enter());
        assert!(second.as_mut().now_or_never().is_none());
        drop(first);
        let second = second.await.unwrap();
        let mut third = Box::pin(lane.enter());
        assert!(third.as_mut().now_or_never().is_none());
        let Entered { admission, _place: place } = second;
        admission.failed();
        assert!(lane.enter().now_or_never().unwrap().is_err(), "at once, though no place is free");
        drop(place);
        assert!(third.await.is_err(), "opened while it waited");
    }
}
