//! How long to wait before Vault is asked again: longer each time, and never in step with others.

use std::time::Duration;

use crate::secrets::chance;

const FIRST: Duration = Duration::from_secs(1);
/// A lease that is nearly over is not renewed all the time.
const SHORTEST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_mins(1);

/// The wait after the next failure in a row.
#[derive(Debug)]
pub(crate) struct Backoff(Duration);

impl Default for Backoff {
    fn default() -> Self {
        Self(FIRST)
    }
}

impl Backoff {
    /// The wait now; the next one is twice as long. `told` is what the server asked for.
    pub(crate) fn wait(&mut self, told: Option<Duration>) -> Duration {
        let wait = self.0.mul_f64(0.75_f64.mul_add(chance(), 0.25));
        self.0 = (self.0 * 2).min(LONGEST);
        // A server that asks for a day is asked again in an hour all the same.
        wait.max(told.unwrap_or_default().min(LONGEST * 60))
    }

    /// After a success.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }
}

/// A span give or take a fifth.
pub(super) fn around(span: Duration) -> Duration {
    span.mul_f64(0.4_f64.mul_add(chance(), 0.8))
}

/// When a lease of this length is to be renewed: at two thirds, up to a tenth of it earlier.
pub(crate) fn renewal(lease: Duration) -> Duration {
    lease.mul_f64((-0.1_f64).mul_add(chance(), 2.0 / 3.0)).max(SHORTEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_minute_and_begin_anew() {
        let mut backoff = Backoff::default();
        for most in [1, 2, 4, 8, 16, 32, 60, 60] {
            let wait = backoff.wait(None);
            let most = Duration::from_secs(most);
            assert!(wait >= most / 4 && wait <= most, "{wait:?} of {most:?}");
        }
        backoff.reset();
        assert!(backoff.wait(None) <= FIRST);
        assert_eq!(backoff.wait(Some(Duration::from_secs(90))), Duration::from_secs(90));
        assert_eq!(backoff.wait(Some(Duration::from_hours(24))), Duration::from_hours(1));
    }

    #[test]
    fn spans_vary_within_their_bounds() {
        let span = Duration::from_mins(1);
        for _ in 0..200 {
            let wait = around(span);
            assert!(wait >= Duration::from_secs(48) && wait <= Duration::from_secs(72), "{wait:?}");
            let wait = renewal(span);
            assert!(wait >= Duration::from_secs(33) && wait <= Duration::from_secs(41), "{wait:?}");
        }
    }
}
