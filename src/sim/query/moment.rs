//! Dates in queries: absolute, relative (`-7d`, `4w 2d`) and by function (`now()`, `startOfDay("-1d")`).

use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Reads `yyyy-MM-dd`, `yyyy/MM/dd`, either with ` HH:mm`, or a period such as `-7d`.
pub(crate) fn parse(text: &str, now: Timestamp) -> Option<Timestamp> {
    let text = text.trim();
    if let Some(offset) = period(text) {
        return now.checked_add(offset).ok();
    }
    let (date, time) = match text.split_once([' ', 'T']) {
        Some((date, time)) => (date, time.trim()),
        None => (text, "00:00"),
    };
    let mut parts = date.split(['-', '/']);
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let (hour, minute) = time.get(..5)?.split_once(':')?;
    if parts.next().is_some() || year.len() != 4 {
        return None;
    }
    let date = Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()?;
    let time = jiff::civil::Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()?;
    Some(date.to_datetime(time).to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// A date function with its optional offset; `None` where there is no such function.
pub(crate) fn function(name: &str, arguments: &[String], now: Timestamp) -> Option<Timestamp> {
    let shifted = match arguments.first() {
        Some(argument) => now.checked_add(period(argument)?).ok()?,
        None => now,
    };
    let day = shifted.to_zoned(TimeZone::UTC).date();
    let weekday = i64::from(day.weekday().to_sunday_zero_offset());
    let start = match name.to_ascii_lowercase().as_str() {
        "now" => return Some(shifted),
        "startofday" => day,
        "endofday" => day.checked_add(1.day()).ok()?,
        "startofweek" => day.checked_sub(weekday.days()).ok()?,
        "endofweek" => day.checked_add((7 - weekday).days()).ok()?,
        "startofmonth" => day.first_of_month(),
        "endofmonth" => day.last_of_month().checked_add(1.day()).ok()?,
        "startofyear" => day.first_of_year(),
        "endofyear" => day.last_of_year().checked_add(1.day()).ok()?,
        _ => return None,
    };
    Some(start.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

fn period(text: &str) -> Option<SignedDuration> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let mut seconds: i64 = 0;
    for part in rest.split_whitespace() {
        let unit = part.chars().last()?;
        let number: i64 =
            part.strip_suffix(unit)?.parse().ok().filter(|number| (0..1_000_000).contains(number))?;
        let size = match unit {
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            'w' => 604_800,
            'M' => 2_592_000,
            'y' => 31_536_000,
            _ => return None,
        };
        seconds += number * size;
    }
    (!rest.trim().is_empty()).then(|| SignedDuration::from_secs(sign * seconds))
}
