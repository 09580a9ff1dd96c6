//! Colours of text, in styles.

use super::super::document::Mark;

/// The mark that a style says, if it says nothing else.
pub(super) fn mark(style: &str) -> Option<Mark> {
    let declaration = style.trim().trim_end_matches(';');
    let (property, value) = declaration.split_once(':')?;
    let value = colour(value.trim())?;
    match property.trim() {
        "color" => Some(Mark::Color(value)),
        "background-color" => Some(Mark::Background(value)),
        _ => None,
    }
}

/// The style of a mark, as Confluence's editor writes it.
pub(super) fn style(mark: &Mark) -> Option<String> {
    let (property, value) = match mark {
        Mark::Color(value) => ("color", value),
        Mark::Background(value) => ("background-color", value),
        _ => return None,
    };
    let value = colour(value)?;
    let value = channels(&value).map_or(value, |[red, green, blue]| format!("rgb({red},{green},{blue})"));
    Some(format!("{property}: {value};"))
}

/// `#rrggbb` in lower case, or a word.
fn colour(value: &str) -> Option<String> {
    let lower = value.to_ascii_lowercase();
    if let Some(channels) = lower.strip_prefix("rgb(").and_then(|rest| rest.strip_suffix(')')) {
        let channels: Vec<u8> = channels.split(',').map_while(|part| part.trim().parse().ok()).collect();
        let [red, green, blue] = channels.as_slice() else { return None };
        let is_whole = lower.matches(',').count() == 2;
        return is_whole.then(|| format!("#{red:02x}{green:02x}{blue:02x}"));
    }
    if channels(&lower).is_some() {
        return Some(lower);
    }
    let is_word = !value.is_empty()
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"#-()".contains(&byte));
    is_word.then(|| value.to_owned())
}

fn channels(hex: &str) -> Option<[u8; 3]> {
    let digits = hex.strip_prefix('#').filter(|digits| digits.len() == 6)?;
    let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let channel = |from: usize| u8::from_str_radix(digits.get(from..from + 2)?, 16).ok();
    if is_hex { Some([channel(0)?, channel(2)?, channel(4)?]) } else { None }
}
