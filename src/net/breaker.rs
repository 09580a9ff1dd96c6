//! Circuit breakers: a site that failed several times in a row is left alone for a while, then tried by one request.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::time::Instant;

/// How many sites are watched; callers may choose sites, so there is no end of them.
const MOST_SITES: usize = 256;

/// The breakers of a product, one for each base address.
#[derive(Debug)]
pub(super) struct Breakers {
    threshold: u32,
    cooldown: Duration,
    sites: Mutex<HashMap<String, Breaker>>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Breaker {
    failures: u32,
    open_until: Option<Instant>,
    probing: bool,
}

/// Leave to send one request. If it is dropped without a word, the site has shown nothing.
#[must_use]
pub(super) struct Leave<'a> {
    breakers: &'a Breakers,
    site: &'a str,
    is_probe: bool,
    told: bool,
}

impl Breakers {
    pub(super) fn new(threshold: u32, cooldown: Duration) -> Self {
        Self { threshold, cooldown, sites: Mutex::default() }
    }

    /// Leave to send a request to a site, or how long it is left alone.
    pub(super) fn leave<'a>(&'a self, site: &'a str) -> Result<Leave<'a>, Duration> {
        let mut is_probe = false;
        if self.threshold > 0
            && let Some(breaker) = self.sites().get_mut(site)
            && let Some(until) = breaker.open_until
        {
            let left = until.saturating_duration_since(Instant::now());
            if !left.is_zero() || breaker.probing {
                return Err(left.max(Duration::from_secs(1)));
            }
            breaker.probing = true;
            is_probe = true;
        }
        Ok(Leave { breakers: self, site, is_probe, told: false })
    }

    /// Whether the site is left alone now.
    pub(super) fn is_open(&self, site: &str) -> bool {
        self.sites().get(site).is_some_and(|breaker| breaker.open_until.is_some())
    }

    fn sites(&self) -> MutexGuard<'_, HashMap<String, Breaker>> {
        self.sites.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, site: &str) {
        let mut sites = self.sites();
        if sites.len() >= MOST_SITES && !sites.contains_key(site) {
            let now = Instant::now();
            sites.retain(|_, breaker| breaker.open_until.is_some_and(|until| until > now));
        }
        if sites.len() >= MOST_SITES && !sites.contains_key(site) {
            return;
        }
        let breaker = sites.entry(site.to_owned()).or_default();
        breaker.failures = breaker.failures.saturating_add(1);
        breaker.probing = false;
        if breaker.failures >= self.threshold {
            breaker.open_until = Some(Instant::now() + self.cooldown);
        }
    }
}

impl Leave<'_> {
    /// The site answered, or is in trouble.
    pub(super) fn tell(mut self, is_trouble: bool) {
        self.told = true;
        if self.breakers.threshold == 0 {
            return;
        }
        if is_trouble {
            self.breakers.failed(self.site);
        } else {
            self.breakers.sites().remove(self.site);
        }
    }
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        if self.is_probe
            && !self.told
            && let Some(breaker) = self.breakers.sites().get_mut(self.site)
        {
            breaker.probing = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SITE: &str = "https://jira.example.com";

    fn tell(breakers: &Breakers, is_trouble: bool) {
        breakers.leave(SITE).ok().unwrap().tell(is_trouble);
    }

    #[tokio::test(start_paused = true)]
    async fn it_opens_lets_one_through_and_closes() {
        let breakers = Breakers::new(3, Duration::from_secs(30));
        for trouble in [true, true, false, true, true] {
            tell(&breakers, trouble);
        }
        assert!(!breakers.is_open(SITE), "a success begins the count again");
        tell(&breakers, true);
        assert!(breakers.is_open(SITE));
        assert_eq!(breakers.leave(SITE).err(), Some(Duration::from_secs(30)));
        assert!(breakers.leave("https://other.example.com").is_ok());

        tokio::time::advance(Duration::from_secs(30)).await;
        let probe = breakers.leave(SITE).ok().unwrap();
        assert!(breakers.leave(SITE).is_err(), "one at a time");
        drop(probe);
        let probe = breakers.leave(SITE).ok().unwrap();
        probe.tell(true);
        assert!(breakers.leave(SITE).is_err(), "it is left alone again");

        tokio::time::advance(Duration::from_secs(30)).await;
        tell(&breakers, false);
        assert!(!breakers.is_open(SITE) && breakers.leave(SITE).is_ok());
    }

    #[tokio::test]
    async fn it_can_be_off_and_keeps_no_more_than_it_may() {
        let off = Breakers::new(0, Duration::from_secs(30));
        for _ in 0..10 {
            tell(&off, true);
        }
        assert!(off.leave(SITE).is_ok());
        let breakers = Breakers::new(1, Duration::from_secs(30));
        for number in 0..2 * MOST_SITES {
            if let Ok(leave) = breakers.leave(&format!("https://{number}.example.com")) {
                leave.tell(true);
            }
        }
        assert_eq!(breakers.sites().len(), MOST_SITES);
    }
}
