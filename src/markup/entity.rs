//! HTML character references such as `&uuml;` and `&#8211;`.

use std::collections::HashMap;

use comrak::{Arena, Options, nodes::NodeValue, parse_document};

/// The longest name in the HTML list has 31 characters.
const LONGEST: usize = 32;

/// Resolves references and remembers the names it has looked up.
#[derive(Debug, Default)]
pub(super) struct Entities {
    seen: HashMap<String, Option<String>>,
}

impl Entities {
    /// The text with every known reference replaced; unknown ones stay as they are.
    pub(super) fn decode(&mut self, text: &str) -> String {
        let mut decoded = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('&') {
            decoded.push_str(before);
            rest = after;
            let resolved = name(after).and_then(|name| Some((self.resolve(name)?, name.len() + 1)));
            let Some((value, length)) = resolved else {
                decoded.push('&');
                continue;
            };
            decoded.push_str(&value);
            rest = after.get(length..).unwrap_or_default();
        }
        decoded.push_str(rest);
        decoded
    }

    /// What the reference `&name;` stands for.
    pub(super) fn resolve(&mut self, name: &str) -> Option<String> {
        match name {
            "amp" => return Some("&".into()),
            "nbsp" => return Some("\u{A0}".into()),
            _ => {}
        }
        if let Some(known) = self.seen.get(name) {
            return known.clone();
        }
        let value = look_up(name);
        self.seen.insert(name.to_owned(), value.clone());
        value
    }
}

/// Whether the text, which follows an `&`, would be read as a reference.
pub(super) fn is_reference(after_ampersand: &str) -> bool {
    name(after_ampersand).is_some()
}

fn name(after_ampersand: &str) -> Option<&str> {
    let end = after_ampersand.bytes().take(LONGEST + 1).position(|byte| byte == b';')?;
    let name = after_ampersand.get(..end)?;
    let letters = name.strip_prefix('#').unwrap_or(name);
    let well_formed = !letters.is_empty() && letters.bytes().all(|byte| byte.is_ascii_alphanumeric());
    well_formed.then_some(name)
}

// comrak keeps its table of names to itself, so it is asked through a document of one reference.
fn look_up(name: &str) -> Option<String> {
    let source = format!("x&{name};");
    let arena = Arena::new();
    let root = parse_document(&arena, &source, &Options::default());
    let mut text = String::new();
    for node in root.descendants() {
        if let NodeValue::Text(part) = &node.data().value {
            text.push_str(part);
        }
    }
    (text != source).then(|| text.strip_prefix('x').map(str::to_owned)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_resolved() {
        let cases = [
            ("a &amp; b", "a & b"),
            ("&uuml;&nbsp;&#8211;&#x2013;", "ü\u{A0}––"),
            ("&unknown; & &; &#; &", "&unknown; & &; &#; &"),
            ("&lt;&gt;&quot;&apos;&#39;", "<>\"''"),
            ("&amp;lt;", "&lt;"),
        ];
        for (given, expected) in cases {
            assert_eq!(Entities::default().decode(given), expected, "{given:?}");
        }
    }
}
