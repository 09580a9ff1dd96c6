//! `Retry-After`, in seconds or as a date (RFC 9110, 10.2.3).

use http::HeaderMap;
use http::HeaderName;
use http::header;
use jiff::Timestamp;

/// How many seconds an answer says to wait; nothing if it says none, or nothing that makes sense.
///
/// A date is counted from the answer's own, so that a clock that is wrong here or there does no harm.
pub(in crate::net) fn seconds(headers: &HeaderMap) -> Option<u64> {
    let value = text(headers, header::RETRY_AFTER)?;
    if value.bytes().all(|byte| byte.is_ascii_digit()) {
        return value.parse().ok();
    }
    let until = date(value)?;
    let now = text(headers, header::DATE).and_then(date).unwrap_or_else(Timestamp::now);
    u64::try_from(until.as_second() - now.as_second()).ok()
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok().map(str::trim).filter(|value| !value.is_empty())
}

fn date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn sense_is_told_from_nonsense() {
        let table = [
            ("7", Some(7)),
            (" 7 ", Some(7)),
            ("0", Some(0)),
            ("86400", Some(86400)),
            ("Mon, 23 Nov 2026 10:00:30 GMT", Some(30)),
            ("Mon, 23 Nov 2026 10:00:00 GMT", Some(0)),
            ("Mon, 23 Nov 2026 09:59:59 GMT", None),
            ("Mon, 99 Nov 2026 10:00:30 GMT", None),
            ("-1", None),
            ("+7", None),
            ("7.5", None),
            ("1e9", None),
            ("99999999999999999999999", None),
            ("soon", None),
            ("", None),
        ];
        for (value, wanted) in table {
            let mut headers = HeaderMap::new();
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static(value));
            headers.insert(header::DATE, HeaderValue::from_static("Mon, 23 Nov 2026 10:00:00 GMT"));
            assert_eq!(seconds(&headers), wanted, "{value}");
        }
        assert_eq!(seconds(&HeaderMap::new()), None);
    }

    #[test]
    fn without_a_date_of_the_answer_the_own_clock_counts() {
        let mut headers = HeaderMap::new();
        let long_gone = HeaderValue::from_static("Sun, 06 Nov 1994 08:49:37 GMT");
        headers.insert(header::RETRY_AFTER, long_gone);
        assert_eq!(seconds(&headers), None);
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("Mon, 31 Dec 9990 23:59:59 GMT"));
        headers.insert(header::DATE, HeaderValue::from_static("today"));
        assert!(seconds(&headers).is_some_and(|seconds| seconds > 86400));
    }
}
