//! Texts of strangers, for a terminal or a page.

use std::borrow::Cow;
use std::fmt::Write;

/// A text that stays where it is put: whatever could end its line, move the cursor, colour the terminal, turn its
/// direction or hide in it is written as an escape, such as `\u{1b}`.
pub fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hostile) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_hostile(character) {
            // Writing to a string cannot fail.
            let _ = write!(plain, "\\u{{{:x}}}", u32::from(character));
        } else {
            plain.push(character);
        }
    }
    Cow::Owned(plain)
}

/// Controls, separators of lines, and characters that cannot be seen.
pub(super) fn is_hostile(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_something_is_shown_as_what_it_is() {
        assert_eq!(plain("Zoë 日本 e\u{301}"), "Zoë 日本 e\u{301}");
        assert_eq!(plain("\u{1b}[31mred\n"), "\\u{1b}[31mred\\u{a}");
        for hostile in ['\0', '\r', '\t', '\u{7f}', '\u{9b}', '\u{2028}', '\u{202e}', '\u{200b}', '\u{e0041}']
        {
            let shown = plain(&hostile.to_string()).into_owned();
            assert!(shown.is_ascii() && shown.starts_with("\\u{"), "{shown}");
        }
    }
}
