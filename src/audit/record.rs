//! The form of a record: its first fields, its texts, and one line whatever a client sent.

use std::fmt::Write;

use serde_json::Map;
use serde_json::Value;

use super::Code;
use super::TreeHash;
use super::values::cut;

/// The version of the record format, `v` in every record.
pub const FORMAT: u32 = 2;

/// The longest text of a client, in characters, that a record takes.
pub(super) const LONGEST: usize = 200;

/// The fields every record begins with, after version, number and the hash of the record before.
pub(super) fn head(stage: &'static str, code: Code, instance: &str) -> Map<String, Value> {
    let mut record = Map::new();
    record.insert("time".into(), moment(jiff::Timestamp::now()).into());
    record.insert("stage".into(), stage.into());
    record.insert("code".into(), code.as_str().into());
    record.insert("instance".into(), instance.into());
    record
}

/// A moment as records have it, in UTC.
pub(super) fn moment(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// The inside of a record: JSON without the outer braces, where the writer puts what chains it.
pub(super) fn inside(record: &Map<String, Value>) -> String {
    let text = serde_json::to_string(record).unwrap_or_default();
    escaped(text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or_default())
}

/// Adds the whole line of a record, without its newline.
pub(super) fn write_line(text: &mut String, sequence: u64, previous: TreeHash, inside: &str) {
    // Writing to a string cannot fail.
    let _ = write!(text, "{{\"v\":{FORMAT},\"seq\":{sequence},\"prev\":\"{previous}\",{inside}}}");
}

/// A text of a client, cut to what a record takes.
pub(super) fn clipped(text: &str) -> String {
    cut(text, LONGEST)
}

/// JSON escapes the controls of ASCII alone. What else ends a line or turns the direction of text somewhere is
/// escaped here; outside of strings JSON has no such character.
fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        match character {
            '\u{7f}'..='\u{9f}'
            | '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}' => {
                // Writing to a string cannot fail.
                let _ = write!(text, "\\u{:04x}", u32::from(character));
            }
            other => text.push(other),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn line(inside: &str) -> String {
        let mut text = String::new();
        write_line(&mut text, 7, TreeHash::ZERO, inside);
        text
    }

    #[test]
    fn long_texts_are_cut_with_a_mark() {
        assert_eq!(clipped("short"), "short");
        assert_eq!(clipped(&"é".repeat(LONGEST)), "é".repeat(LONGEST));
        assert_eq!(clipped(&"é".repeat(LONGEST + 1)), format!("{}…", "é".repeat(LONGEST)));
    }

    #[test]
    fn a_record_is_one_line_for_every_reader() {
        let hostile = "a\"\n\r\u{85}\u{2028}\u{2029}\u{202e}\u{0}\u{7f}\u{feff}{}";
        let mut record = head("event", Code::Start, "default");
        record.insert("client".into(), hostile.into());
        let body = line(&inside(&record));
        assert!(
            !body.chars().any(|c| c.is_control() || "\u{2028}\u{2029}\u{202e}\u{feff}".contains(c)),
            "{body}"
        );
        let read: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((&read["client"], &read["seq"], &read["v"]), (&json!(hostile), &json!(7), &json!(FORMAT)));
        let time = read["time"].as_str().unwrap();
        assert_eq!((time.len(), time.as_bytes()[19], time.as_bytes()[23]), (24, b'.', b'Z'), "{time}");
    }

    proptest! {
        #[test]
        fn any_text_comes_back_as_it_was(text in any::<String>(), name in any::<String>()) {
            let mut record = Map::new();
            record.insert(name, text.into());
            let line = line(&inside(&record));
            prop_assert_eq!(line.matches('\n').count(), 0);
            let mut read: Map<String, Value> = serde_json::from_str(&line).unwrap();
            for (key, value) in record {
                if !["v", "seq", "prev"].contains(&key.as_str()) {
                    prop_assert_eq!(read.remove(&key), Some(value));
                }
            }
        }
    }
}
