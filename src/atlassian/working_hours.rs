//! The hours in which people work, for durations that leave out nights and weekends.

use jiff::Timestamp;
use jiff::ToSpan as _;
use jiff::civil::Time;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;

/// The same hours on every working day.
#[derive(Debug, Clone)]
pub struct WorkingHours {
    start: Time,
    end: Time,
    days: Vec<Weekday>,
    zone: TimeZone,
}

/// Why there are no such hours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WorkingHoursError {
    /// Not of the form `09:00`.
    #[error("`{0}` is no time of the day; write it like 09:00")]
    Time(String),
    /// The end is not after the start.
    #[error("the day ends at {end}, which is not after its start at {start}")]
    Order {
        /// When it starts.
        start: Time,
        /// When it ends.
        end: Time,
    },
    /// Not a day of the week.
    #[error("`{0}` is no day of the week; write 1 for Monday to 7 for Sunday")]
    Day(String),
    /// No name of a time zone.
    #[error("`{0}` is no time zone; write a name like Europe/Vienna, or UTC")]
    Zone(String),
}

impl WorkingHours {
    /// Takes the times of the day, the days by number and the name of the time zone, as people write them.
    pub fn parse(start: &str, end: &str, days: &[String], zone: &str) -> Result<Self, WorkingHoursError> {
        let (start, end) = (time(start)?, time(end)?);
        if end <= start {
            return Err(WorkingHoursError::Order { start, end });
        }
        let mut working = Vec::new();
        for day in days {
            let number =
                day.trim().parse::<i8>().ok().and_then(|day| Weekday::from_monday_one_offset(day).ok());
            let number = number.ok_or_else(|| WorkingHoursError::Day(day.clone()))?;
            working.push(number);
        }
        let zone = TimeZone::get(zone.trim()).map_err(|_| WorkingHoursError::Zone(zone.to_owned()))?;
        Ok(Self { start, end, days: working, zone })
    }

    /// Whose clock it is.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The whole minutes of work between two moments; none if the second is not the later one.
    pub fn minutes(&self, from: Timestamp, to: Timestamp) -> i64 {
        let last = to.to_zoned(self.zone.clone()).date();
        let mut day = from.to_zoned(self.zone.clone()).date();
        let mut minutes = 0;
        while day <= last {
            if self.days.contains(&day.weekday()) {
                minutes += self.of_day(day, from, to).unwrap_or(0);
            }
            let Ok(next) = day.checked_add(1.day()) else { break };
            day = next;
        }
        minutes
    }

    fn of_day(&self, day: jiff::civil::Date, from: Timestamp, to: Timestamp) -> Option<i64> {
        let moment = |time: Time| Some(day.to_datetime(time).to_zoned(self.zone.clone()).ok()?.timestamp());
        let (start, end) = (moment(self.start)?.max(from), moment(self.end)?.min(to));
        Some((end.as_second() - start.as_second()).max(0) / 60)
    }
}

fn time(text: &str) -> Result<Time, WorkingHoursError> {
    let wrong = || WorkingHoursError::Time(text.to_owned());
    let (hour, minute) = text.trim().split_once(':').ok_or_else(wrong)?;
    let (hour, minute) = (hour.parse().map_err(|_| wrong())?, minute.parse().map_err(|_| wrong())?);
    Time::new(hour, minute, 0, 0).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(zone: &str) -> WorkingHours {
        let days: Vec<String> = (1..=5).map(|day| day.to_string()).collect();
        WorkingHours::parse("09:00", "17:00", &days, zone).unwrap()
    }

    fn minutes(hours: &WorkingHours, from: &str, to: &str) -> i64 {
        hours.minutes(from.parse().unwrap(), to.parse().unwrap())
    }

    #[test]
    fn nights_and_weekends_do_not_count() {
        let utc = hours("UTC");
        // 2024-01-05 is a Friday.
        let table = [
            ("2024-01-05T10:00:00Z", "2024-01-05T12:30:00Z", 150),
            ("2024-01-05T16:00:00Z", "2024-01-08T10:00:00Z", 120),
            ("2024-01-06T00:00:00Z", "2024-01-07T23:00:00Z", 0),
            ("2024-01-05T18:00:00Z", "2024-01-08T08:00:00Z", 0),
            ("2024-01-01T00:00:00Z", "2024-01-08T00:00:00Z", 5 * 480),
            ("2024-01-05T12:00:00Z", "2024-01-05T10:00:00Z", 0),
        ];
        for (from, to, wanted) in table {
            assert_eq!(minutes(&utc, from, to), wanted, "{from} to {to}");
        }
    }

    #[test]
    fn the_clock_is_that_of_the_time_zone() {
        let vienna = hours("Europe/Vienna");
        // From nine to half past nine there, in winter and in summer.
        assert_eq!(minutes(&vienna, "2024-01-05T00:00:00Z", "2024-01-05T08:30:00Z"), 30);
        assert_eq!(minutes(&vienna, "2024-07-05T00:00:00Z", "2024-07-05T07:30:00Z"), 30);
        // The clocks change in the night to 31 March 2024: a day's work is as long as ever.
        assert_eq!(minutes(&vienna, "2024-03-29T00:00:00Z", "2024-04-02T00:00:00Z"), 2 * 480);
    }

    #[test]
    fn what_is_no_hours_is_refused() {
        let days = |text: &str| vec![text.to_owned()];
        let table = [
            (WorkingHours::parse("9", "17:00", &days("1"), "UTC"), "`9` is no time of the day"),
            (WorkingHours::parse("09:00", "25:00", &days("1"), "UTC"), "`25:00` is no time of the day"),
            (WorkingHours::parse("17:00", "09:00", &days("1"), "UTC"), "the day ends at 09:00:00"),
            (WorkingHours::parse("09:00", "17:00", &days("8"), "UTC"), "`8` is no day of the week"),
            (WorkingHours::parse("09:00", "17:00", &days("1"), "Mars/Base"), "`Mars/Base` is no time zone"),
        ];
        for (hours, wanted) in table {
            let problem = hours.unwrap_err().to_string();
            assert!(problem.starts_with(wanted), "{problem}");
        }
    }
}
