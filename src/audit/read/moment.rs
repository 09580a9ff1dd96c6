//! Moments as people name them.

use jiff::SignedDuration;
use jiff::Span;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::ReadError;

/// A moment that a filter begins or ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(Timestamp);

impl Moment {
    /// A time (`2026-11-29T05:40:00Z`; UTC if it has no offset), a day (its beginning in UTC), or a span before `now`
    /// (`2h`, `1h30m`, `7d`).
    ///
    /// # Errors
    /// If it is none of these.
    pub fn parse(text: &str, now: Timestamp) -> Result<Self, ReadError> {
        let wrong = || ReadError::Moment { text: super::plain(text).into_owned() };
        if let Ok(time) = text.parse::<Timestamp>() {
            return Ok(Self(time));
        }
        // In UTC, as records are: the same filter then finds the same on every machine.
        if let Ok(civil) = text.parse::<DateTime>() {
            return civil.to_zoned(TimeZone::UTC).map(|zoned| Self(zoned.timestamp())).map_err(|_| wrong());
        }
        let span = text.parse::<Span>().map_err(|_| wrong())?;
        let length = span
            .to_duration(jiff::SpanRelativeTo::days_are_24_hours())
            .ok()
            .filter(|length| *length >= SignedDuration::ZERO)
            .ok_or_else(wrong)?;
        now.checked_sub(length).map(Self).map_err(|_| wrong())
    }

    /// The moment.
    pub fn time(self) -> Timestamp {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_days_and_spans_are_moments() {
        let now: Timestamp = "2026-11-29T12:00:00Z".parse().unwrap();
        for (text, wanted) in [
            ("2026-11-29T05:40:00Z", "2026-11-29T05:40:00Z"),
            ("2026-11-29T05:40:00.250+02:00", "2026-11-29T03:40:00.25Z"),
            ("2026-11-29T05:40", "2026-11-29T05:40:00Z"),
            ("2026-11-29", "2026-11-29T00:00:00Z"),
            ("2h", "2026-11-29T10:00:00Z"),
            ("1h30m", "2026-11-29T10:30:00Z"),
            ("90s", "2026-11-29T11:58:30Z"),
            ("7d", "2026-11-22T12:00:00Z"),
            ("2w", "2026-11-15T12:00:00Z"),
            ("0s", "2026-11-29T12:00:00Z"),
        ] {
            let moment = Moment::parse(text, now).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(moment.time().to_string(), wanted, "{text}");
        }
        for text in ["", "yesterday", "2026-13-01", "-2h", "2", "99999999999d", "1mo"] {
            assert!(Moment::parse(text, now).is_err(), "{text}");
        }
        let error = Moment::parse("a\u{1b}[0m", now).unwrap_err().to_string();
        assert!(error.contains("\\u{1b}") && error.contains("2h"), "{error}");
    }
}
