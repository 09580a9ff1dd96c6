//! Makes invisible characters visible.

use std::borrow::Cow;
use std::fmt::Write as _;

pub(super) fn clean(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_hidden(character) {
            // INVARIANT: writing to a String cannot fail.
            let _ = write!(shown, "&#x{:X};", u32::from(character));
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

pub(super) fn is_hidden(character: char) -> bool {
    match character {
        '\n' | '\t' => false,
        '\u{AD}'
        | '\u{200B}'
        | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{2064}'
        | '\u{2066}'..='\u{2069}'
        | '\u{FEFF}'
        | '\u{E0000}'..='\u{E007F}' => true,
        other => other.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_become_references() {
        let cases = [
            ("plain\n\ttext", "plain\n\ttext"),
            ("a\u{202E}b", "a&#x202E;b"),
            ("\u{2066}x\u{2069}", "&#x2066;x&#x2069;"),
            ("tag\u{E0041}\u{E007F}", "tag&#xE0041;&#xE007F;"),
            ("\u{200B}\u{2060}\u{FEFF}\u{AD}", "&#x200B;&#x2060;&#xFEFF;&#xAD;"),
            ("\u{0}\u{1B}\u{85}\r", "&#x0;&#x1B;&#x85;&#xD;"),
            ("👩\u{200D}🚀 می\u{200C}خواهم", "👩\u{200D}🚀 می\u{200C}خواهم"),
        ];
        for (given, expected) in cases {
            assert_eq!(clean(given), expected, "{given:?}");
        }
    }

    #[test]
    fn clean_text_is_borrowed() {
        assert!(matches!(clean("schön"), Cow::Borrowed(_)));
    }
}
