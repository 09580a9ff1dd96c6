//! Emoji of page titles, as Confluence stores them.

/// An emoji as Confluence stores it: its code points in hexadecimal, joined by hyphens. Takes that form as well,
/// which is how pages show theirs.
pub(super) fn code_point(emoji: &str) -> Option<String> {
    let emoji = emoji.trim();
    if is_code(emoji) {
        return Some(emoji.to_ascii_lowercase());
    }
    let points: Vec<String> = emoji.chars().map(|point| format!("{:x}", u32::from(point))).collect();
    (!emoji.is_ascii() && points.len() <= 10).then(|| points.join("-"))
}

/// Hexadecimal code points that begin with a symbol: words such as `face` are hexadecimal too.
fn is_code(text: &str) -> bool {
    let mut points =
        text.split('-').map(|part| u32::from_str_radix(part, 16).ok().filter(|_| part.len() >= 4));
    let symbol = points.next().flatten().is_some_and(
        |point| matches!(point, 0x2190..=0x2bff | 0x3030 | 0x303d | 0x3297 | 0x3299 | 0x1f000..=0x1faff),
    );
    symbol
        && text.len() <= 70
        && points.all(|point| point.is_some_and(|point| char::from_u32(point).is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_emoji_is_given_as_itself_or_as_confluence_shows_it() {
        let table = [
            ("🚀", Some("1f680")),
            (" 🚀 ", Some("1f680")),
            ("❤️", Some("2764-fe0f")),
            ("👩\u{200d}💻", Some("1f469-200d-1f4bb")),
            ("1f680", Some("1f680")),
            ("1F469-200D-1F4BB", Some("1f469-200d-1f4bb")),
            ("face", None),
            ("1f680-", None),
            ("smile", None),
            (":rocket:", None),
            ("", None),
        ];
        for (given, wanted) in table {
            assert_eq!(code_point(given).as_deref(), wanted, "{given}");
        }
    }
}
