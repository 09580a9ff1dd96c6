//! Atlassian's timestamps in the forms that the results use.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// `2024-01-01 10:00:00 UTC`: issues and pages. What cannot be read passes as it is.
pub(crate) fn spaced(text: &str) -> String {
    form(text, "%Y-%m-%d %H:%M:%S UTC")
}

/// `2024-01-01 10:00:00+00:00`: added comments and worklogs.
pub(crate) fn offset(text: &str) -> String {
    form(text, "%Y-%m-%d %H:%M:%S+00:00")
}

/// `2024-01-01T10:00:00+00:00`: changelogs.
pub(crate) fn iso(text: &str) -> String {
    form(text, "%Y-%m-%dT%H:%M:%S+00:00")
}

/// `2024-01-01T10:00:00Z`: forms.
pub(crate) fn zulu(text: &str) -> String {
    form(text, "%Y-%m-%dT%H:%M:%SZ")
}

/// `2024-01-01T10:00:00.000+0000`, the only form that Jira takes; nothing if the text is no moment.
pub(crate) fn jira(text: &str) -> Option<String> {
    let text = text.trim();
    // As results show times, too: with a space, and with the zone spelled out.
    let text = &text
        .strip_suffix(" UTC")
        .map_or_else(|| text.to_owned(), |text| format!("{text}Z"))
        .replacen(' ', "T", 1);
    let zoned = jiff::fmt::strtime::parse("%Y-%m-%dT%H:%M:%S%.f%z", text)
        .or_else(|_| jiff::fmt::strtime::parse("%Y-%m-%dT%H:%M:%S%.f%:z", text))
        .and_then(|parsed| parsed.to_zoned());
    let zoned = match zoned {
        Ok(zoned) => zoned,
        Err(_) => parse(text)?.to_zoned(TimeZone::UTC),
    };
    Some(zoned.strftime("%Y-%m-%dT%H:%M:%S%.3f%z").to_string())
}

/// A moment in milliseconds since 1970, in the form of changelogs. Atlassian's own example has seconds, which would be
/// in January 1970.
pub(crate) fn of_epoch(time: i64) -> String {
    let milliseconds = if time < 100_000_000_000 { time.saturating_mul(1000) } else { time };
    match Timestamp::from_millisecond(milliseconds) {
        Ok(time) => time.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string(),
        Err(_) => milliseconds.to_string(),
    }
}

fn form(text: &str, format: &str) -> String {
    let Some(time) = parse(text) else { return text.to_owned() };
    time.to_zoned(TimeZone::UTC).strftime(format).to_string()
}

/// Reads `2024-01-01T10:00:00.000+0000` (Jira) and RFC 3339 (Confluence).
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", text).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_atlassian_are_read() {
        let table = [
            ("2024-01-01T12:00:00.000+0200", "2024-01-01 10:00:00 UTC"),
            ("2024-01-01T10:00:00.000Z", "2024-01-01 10:00:00 UTC"),
            ("2024-01-01T10:00:00+00:00", "2024-01-01 10:00:00 UTC"),
            ("yesterday", "yesterday"),
        ];
        for (given, wanted) in table {
            assert_eq!(spaced(given), wanted);
        }
        assert_eq!(offset("2024-01-01T10:00:00.000+0000"), "2024-01-01 10:00:00+00:00");
        assert_eq!(iso("2024-01-01T10:00:00.000+0000"), "2024-01-01T10:00:00+00:00");
        for epoch in [1_704_103_200_000, 1_704_103_200] {
            assert_eq!(of_epoch(epoch), "2024-01-01T10:00:00+00:00");
        }
    }
}
