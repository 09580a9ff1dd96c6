//! The words of marks and of the nodes in running text.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::Values;
use super::Words;

pub(in super::super) fn link(href: &str, title: &str) -> Words {
    let words = Words::none().saying("href", href);
    if title.is_empty() { words } else { words.saying("title", title) }
}

pub(in super::super) fn subsup(kind: &str) -> Words {
    Words::none().saying("type", kind)
}

/// A colour, `#rrggbb` in lower case; the node may have it in capitals.
pub(in super::super) fn color(color: &str, besides: Option<&Values>) -> Words {
    let same = text(besides, "color").is_some_and(|found| found.eq_ignore_ascii_case(color));
    Words::none().saying_unless(same, "color", color)
}

/// The colour as the schema wants it, if it is one.
pub(in super::super::super) fn hex(color: &str) -> Option<String> {
    let color = color.trim();
    // The parser takes digits without their sign, too, and so words such as "face".
    if color.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let [red, green, blue, _] = csscolorparser::parse(color).ok()?.to_rgba8();
    Some(format!("#{red:02x}{green:02x}{blue:02x}"))
}

/// A mention; the node may have the name without its `@`.
pub(in super::super) fn mention(id: &str, name: Option<&str>, besides: Option<&Values>) -> Words {
    let words = Words::none().saying("id", id);
    let Some(name) = name else { return words };
    let same = text(besides, "text").is_some_and(|found| mention_name(found) == name);
    words.saying_unless(same, "text", name)
}

/// The name with one `@` before it.
pub(in super::super) fn mention_name(text: &str) -> String {
    format!("@{}", text.trim_start_matches('@'))
}

pub(in super::super) fn emoji(name: &str, text: &str) -> Words {
    let words = Words::none().saying("shortName", name);
    if text.is_empty() {
        let Some(id) = of_atlassian(name) else { return words };
        return words.usually("id", format!("atlassian-{id}")).usually("text", name);
    }
    let words = words.saying("text", text);
    // Atlassian names the emoji of Unicode by their code points.
    let points = || text.chars().filter(|letter| *letter != '\u{fe0f}');
    if text.is_ascii() || points().next().is_none() {
        return words;
    }
    let points: Vec<String> = points().map(|letter| format!("{:x}", u32::from(letter))).collect();
    words.usually("id", points.join("-"))
}

/// The identifier of an emoji that is Atlassian's own, without a character of Unicode. The list is of those that wiki
/// markup has a notation for.
fn of_atlassian(name: &str) -> Option<&str> {
    const OWN: [&str; 14] = [
        "blue_star",
        "check_mark",
        "cross_mark",
        "flag_off",
        "flag_on",
        "green_star",
        "info",
        "light_bulb_off",
        "light_bulb_on",
        "minus",
        "plus",
        "red_star",
        "warning",
        "yellow_star",
    ];
    let name = name.strip_prefix(':')?.strip_suffix(':')?;
    if name == "question" { Some("question_mark") } else { OWN.contains(&name).then_some(name) }
}

pub(in super::super) fn status(text: &str, color: &str) -> Words {
    Words::none().saying("text", text).saying("color", color)
}

/// A smart link; one that shows its page says how wide it is.
pub(in super::super) fn card(url: &str, embed: bool) -> Words {
    let words = Words::none().saying("url", url);
    if embed { words.by_default("layout", "center") } else { words }
}

/// A day as `2026-01-31`; the node may have any time of that day. `None` if it is no day.
pub(in super::super) fn date(written: &str, besides: Option<&Values>) -> Option<Words> {
    let start = written.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp();
    let same = text(besides, "timestamp").and_then(day).is_some_and(|day| day == written);
    Some(Words::none().saying_unless(same, "timestamp", start.as_millisecond().to_string()))
}

/// The day of a time in milliseconds.
pub(in super::super) fn day(timestamp: &str) -> Option<String> {
    let time = Timestamp::from_millisecond(timestamp.parse().ok()?).ok()?;
    let day = time.strftime("%Y-%m-%d").to_string();
    // Years before 0 are written in a way that is not read back.
    day.parse::<Date>().is_ok().then_some(day)
}

fn text<'a>(besides: Option<&'a Values>, name: &str) -> Option<&'a str> {
    besides?.get(name).and_then(Value::as_str)
}
