//! Refusals before dispatch, limited before they are written: whoever floods the server fills neither the disk nor the
//! queue of the log, and stops nobody.
//!
//! The first of a network and a reason is written in full; what comes after it within the minute is counted, and one
//! record a minute says how many there were.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::net::Ipv6Addr;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Semaphore;
use tokio::time::MissedTickBehavior;

use super::Audit;
use super::AuditError;
use super::Event;
use super::RefusalReason;

/// How many networks and reasons are told apart; the others share one entry a reason.
const MOST_SOURCES: usize = 1_024;

/// How many refusals are on their way to the disk at once; more are counted.
const MOST_WAITING: usize = 64;

/// How often counts are written.
const PERIOD: Duration = Duration::from_mins(1);

/// One refused request.
#[derive(Debug, Clone)]
pub struct Refused {
    /// The HTTP status; none over stdio and for an unknown tool.
    pub status: Option<u16>,
    /// Why.
    pub reason: RefusalReason,
    /// Where it came from; none over stdio.
    pub address: Option<IpAddr>,
    /// The trusted proxy that says so, if one stands between.
    pub proxy: Option<IpAddr>,
    /// The tool that there is not.
    pub tool: Option<String>,
}

/// Writes down refusals, as far as they are not too many.
#[derive(Debug)]
pub struct Refusals {
    audit: Audit,
    limiter: Mutex<Limiter>,
    waiting: Semaphore,
}

impl Refusals {
    /// Takes the log to write to.
    pub fn new(audit: Audit) -> Self {
        Self { audit, limiter: Mutex::default(), waiting: Semaphore::new(MOST_WAITING) }
    }

    /// Notes a refusal. The first of its kind is on disk when this returns; if it cannot be, that is the error.
    pub async fn note(&self, refused: Refused) -> Result<(), AuditError> {
        let place = self.waiting.try_acquire().ok();
        if !self.limiter().note(&refused, place.is_some(), Timestamp::now()) {
            return Ok(());
        }
        let written = self.audit.event(Event::refused(&refused)).await;
        if written.is_err() {
            self.limiter().note(&refused, false, Timestamp::now());
        }
        written
    }

    /// Writes what was counted, every minute.
    pub async fn keep_writing(&self) {
        let mut minutes = tokio::time::interval(PERIOD);
        minutes.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            minutes.tick().await;
            self.write_counts().await;
        }
    }

    /// Writes what was counted so far. What cannot be written stays counted.
    pub async fn write_counts(&self) {
        let counted = self.limiter().take();
        for (source, tally) in counted {
            if let Err(error) = self.audit.event(Event::refused_again(&source, &tally)).await {
                tracing::warn!(%error, count = tally.count, "refusals are counted, but could not be written down");
                self.limiter().give_back(source, tally);
            }
        }
    }

    fn limiter(&self) -> MutexGuard<'_, Limiter> {
        self.limiter.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where requests come from, as far as it is told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Network {
    /// This machine's user.
    Stdio,
    /// One address of IPv4.
    Address(IpAddr),
    /// What one subscriber of IPv6 has: 64 bits.
    Prefix(Ipv6Addr),
    /// All that the table has no place for.
    Others,
}

impl Network {
    /// The network of an address; none is this machine's user.
    pub fn of(address: Option<IpAddr>) -> Self {
        match address.map(|address| address.to_canonical()) {
            None => Self::Stdio,
            Some(IpAddr::V6(address)) => {
                let [a, b, c, d, ..] = address.segments();
                Self::Prefix(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
            Some(address) => Self::Address(address),
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdio => f.write_str("stdio"),
            Self::Address(address) => address.fmt(f),
            Self::Prefix(prefix) => write!(f, "{prefix}/64"),
            Self::Others => f.write_str("others"),
        }
    }
}

/// What is counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Source {
    pub(super) network: Network,
    pub(super) reason: RefusalReason,
}

/// What was counted since the last record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) status: Option<u16>,
    pub(super) count: u64,
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
}

/// Which refusals are written in full, and how many were not. Its memory is bounded.
#[derive(Debug, Default)]
struct Limiter {
    sources: HashMap<Source, Tally>,
}

impl Limiter {
    /// Whether this one is written in full; else it is counted. One that may not be written is counted in any case.
    fn note(&mut self, refused: &Refused, may_be_written: bool, now: Timestamp) -> bool {
        let mut source = Source { network: Network::of(refused.address), reason: refused.reason };
        if self.sources.len() >= MOST_SOURCES && !self.sources.contains_key(&source) {
            source.network = Network::Others;
        }
        let mut first = false;
        let tally = self.sources.entry(source).or_insert_with(|| {
            first = may_be_written;
            Tally { status: refused.status, count: 0, first: now, last: now }
        });
        if first {
            return true;
        }
        if tally.count == 0 {
            tally.first = now;
        }
        tally.count += 1;
        tally.last = tally.last.max(now);
        false
    }

    /// Takes what was counted. A source that was quiet since the last time is forgotten: its next one is a first.
    fn take(&mut self) -> Vec<(Source, Tally)> {
        self.sources.retain(|_, tally| tally.count > 0);
        let taken = self.sources.iter().map(|(source, tally)| (*source, *tally)).collect();
        self.sources.values_mut().for_each(|tally| tally.count = 0);
        taken
    }

    /// Counts once more what could not be written.
    fn give_back(&mut self, source: Source, unwritten: Tally) {
        let tally = self.sources.entry(source).or_insert(Tally { count: 0, ..unwritten });
        tally.first = unwritten.first;
        tally.last = tally.last.max(unwritten.last);
        tally.count += unwritten.count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(address: &str, reason: RefusalReason) -> Refused {
        Refused {
            status: Some(401),
            reason,
            address: Some(address.parse().unwrap()),
            proxy: None,
            tool: None,
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn the_first_is_written_and_the_others_are_counted_by_network_and_reason() {
        let mut limiter = Limiter::default();
        let mut note = |address, reason, second| limiter.note(&refused(address, reason), true, at(second));
        assert!(note("192.0.2.1", RefusalReason::Credential, 0));
        assert!(!note("192.0.2.1", RefusalReason::Credential, 1));
        assert!(!note("::ffff:192.0.2.1", RefusalReason::Credential, 5));
        assert!(note("192.0.2.1", RefusalReason::Host, 6));
        assert!(note("192.0.2.2", RefusalReason::Credential, 7));
        assert!(note("2001:db8::1", RefusalReason::Credential, 8));
        assert!(!note("2001:db8::ffff:1:2:3", RefusalReason::Credential, 9));
        assert!(note("2001:db8:0:1::1", RefusalReason::Credential, 10));
        let mut counted = limiter.take();
        counted.sort_by_key(|(_, tally)| tally.first);
        let told: Vec<_> =
            counted.iter().map(|(source, tally)| (source.network.to_string(), tally.count)).collect();
        assert_eq!(told, [("192.0.2.1".to_owned(), 2), ("2001:db8::/64".to_owned(), 1)]);
        assert_eq!((counted[0].1.first, counted[0].1.last), (at(1), at(5)));
        assert!(!limiter.note(&refused("192.0.2.1", RefusalReason::Credential), true, at(70)));
        assert_eq!(limiter.take().len(), 1);
        assert!(limiter.take().is_empty());
        assert!(limiter.note(&refused("192.0.2.1", RefusalReason::Credential), true, at(200)));
    }

    #[test]
    fn what_cannot_be_written_stays_counted() {
        let mut limiter = Limiter::default();
        let one = refused("192.0.2.1", RefusalReason::BadJson);
        assert!(!limiter.note(&one, false, at(0)));
        let (source, tally) = limiter.take().remove(0);
        assert_eq!(tally.count, 1);
        assert!(!limiter.note(&one, true, at(3)));
        limiter.give_back(source, tally);
        let (_, tally) = limiter.take().remove(0);
        assert_eq!((tally.count, tally.first, tally.last), (2, at(0), at(3)));
    }

    /// An hour's flood from as many networks as there are requests a second, and from one.
    #[test]
    fn a_million_refusals_are_few_bytes_and_no_memory() {
        for networks in [1_u32, 1_000, 1_000_000] {
            let (mut limiter, mut bytes, mut noted, mut told) = (Limiter::default(), 0, 0_u64, 0);
            for number in 0..1_000_000_u32 {
                let address = std::net::Ipv4Addr::from(0x0a00_0000 + number % networks).to_string();
                let one = refused(&address, RefusalReason::Credential);
                if limiter.note(&one, number % 3 != 0, at(i64::from(number / 20_000))) {
                    bytes += Event::refused(&one).body("default").len();
                    told += 1;
                }
                noted += 1;
                assert!(limiter.sources.len() <= MOST_SOURCES + RefusalReason::ALL.len());
            }
            for (source, tally) in limiter.take() {
                bytes += Event::refused_again(&source, &tally).body("default").len();
                told += tally.count;
            }
            assert_eq!(told, noted, "every one of them is in a record");
            assert!(bytes < 1_000_000, "{networks} networks: {bytes} bytes");
            println!("{noted} refusals from {networks} networks: {bytes} bytes");
        }
    }
}
