//! Credentials that Atlassian accepted once, remembered for long by a few bytes of a keyed hash.
//!
//! It says that a credential is not made up, and nothing of whose it is or whether it is still good: that is asked as ever.

use std::collections::HashSet;
use std::hash::BuildHasher as _;
use std::hash::Hash;
use std::hash::RandomState;
use std::mem;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

/// How long one is remembered at least after Atlassian accepted it last; twice that at most.
const LIFETIME: Duration = Duration::from_hours(12);

/// How many are remembered at most. Of more, those go that were accepted longest ago.
const MOST: usize = 100_000;

#[derive(Debug)]
pub(super) struct Vouched {
    hasher: RandomState,
    generations: Mutex<Generations>,
}

/// Those that were accepted since some time, and those before.
#[derive(Debug)]
struct Generations {
    since: Instant,
    young: HashSet<u64>,
    old: HashSet<u64>,
}

impl Vouched {
    pub(super) fn has(&self, credential: &impl Hash, now: Instant) -> bool {
        let (hash, mut generations) = (self.hasher.hash_one(credential), self.generations());
        generations.age(now);
        generations.young.contains(&hash) || generations.old.contains(&hash)
    }

    pub(super) fn add(&self, credential: &impl Hash, now: Instant) {
        let (hash, mut generations) = (self.hasher.hash_one(credential), self.generations());
        generations.age(now);
        if generations.young.len() >= MOST / 2 && !generations.young.contains(&hash) {
            generations.turn(now);
        }
        generations.young.insert(hash);
    }

    pub(super) fn remove(&self, credential: &impl Hash) {
        let (hash, mut generations) = (self.hasher.hash_one(credential), self.generations());
        generations.young.remove(&hash);
        generations.old.remove(&hash);
    }

    fn generations(&self) -> MutexGuard<'_, Generations> {
        self.generations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generations {
    fn age(&mut self, now: Instant) {
        let age = now.saturating_duration_since(self.since);
        if age >= LIFETIME {
            self.turn(now);
        }
        if age >= 2 * LIFETIME {
            self.old = HashSet::new();
        }
    }

    fn turn(&mut self, now: Instant) {
        self.old = mem::take(&mut self.young);
        self.since = now;
    }
}

impl Default for Vouched {
    fn default() -> Self {
        let generations = Generations { since: Instant::now(), young: HashSet::new(), old: HashSet::new() };
        Self { hasher: RandomState::new(), generations: Mutex::new(generations) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_remembered_for_hours_and_not_for_days() {
        let (vouched, start) = (Vouched::default(), Instant::now());
        let at = |hours: u64| start + Duration::from_hours(hours);
        vouched.add(&"early", at(1));
        vouched.add(&"late", at(11));
        for (hours, early, late) in [(2, true, true), (13, true, true), (22, true, true), (26, false, false)]
        {
            let has = (vouched.has(&"early", at(hours)), vouched.has(&"late", at(hours)));
            assert_eq!(has, (early, late), "after {hours} hours");
            assert!(!vouched.has(&"other", at(hours)));
        }
        vouched.add(&"idle", at(27));
        assert!(!vouched.has(&"idle", at(27 + 24)), "nobody asked meanwhile");
    }

    #[test]
    fn one_that_is_refused_is_forgotten() {
        let (vouched, now) = (Vouched::default(), Instant::now());
        vouched.add(&"old", now);
        vouched.has(&"old", now + LIFETIME);
        vouched.add(&"young", now + LIFETIME);
        for credential in ["old", "young"] {
            assert!(vouched.has(&credential, now + LIFETIME));
            vouched.remove(&credential);
            assert!(!vouched.has(&credential, now + LIFETIME));
        }
    }

    #[test]
    fn however_many_there_are_the_newest_are_remembered_and_no_more_than_so_many() {
        let (vouched, now) = (Vouched::default(), Instant::now());
        for number in 0..3 * MOST {
            vouched.add(&number, now);
        }
        let generations = vouched.generations();
        assert!(generations.young.len() + generations.old.len() <= MOST);
        drop(generations);
        assert!(vouched.has(&(3 * MOST - 1), now) && vouched.has(&(3 * MOST - MOST / 2), now));
        assert!(!vouched.has(&0, now));
    }
}
