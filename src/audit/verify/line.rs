//! One line of a log file: what every record begins with, read strictly, and how one record follows another.

use serde::Deserialize;

use super::super::merkle::TreeHash;
use super::finding::RecordFault;

/// The longest line that can be a record, in bytes.
pub(super) const LONGEST: usize = 16 * 1024 * 1024;

/// What a record is, as far as the chain asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// The first of a process.
    Start,
    /// The first of a file after a rotation.
    Continue,
    /// The last of a process.
    Stop,
    /// The last of a file before a rotation.
    Continued,
    /// The last of a file whose process was killed, written by another one.
    Recovered,
    /// Any other.
    Other,
}

impl Stage {
    fn named(name: &str) -> Self {
        match name {
            "start" => Self::Start,
            "continue" => Self::Continue,
            "stop" => Self::Stop,
            "continued" => Self::Continued,
            "recovered" => Self::Recovered,
            _ => Self::Other,
        }
    }

    /// Whether it stands first in a file, and nowhere else.
    pub(super) fn begins(self) -> bool {
        matches!(self, Self::Start | Self::Continue)
    }

    /// Whether it stands last in a file, and nowhere else.
    pub(super) fn ends(self) -> bool {
        matches!(self, Self::Stop | Self::Continued | Self::Recovered)
    }
}

/// What is known of a line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    pub(super) sequence: u64,
    /// What it says is the hash of the record before.
    pub(super) previous: TreeHash,
    pub(super) stage: Stage,
    /// Its own hash.
    pub(super) hash: TreeHash,
}

/// The fields that no record may have twice; serde refuses a second one.
#[derive(Deserialize)]
struct Fields<'line> {
    #[serde(rename = "v")]
    _version: u32,
    #[serde(rename = "seq")]
    _sequence: u64,
    #[serde(borrow, rename = "prev")]
    _previous: &'line str,
    #[serde(borrow)]
    stage: &'line str,
}

impl Line {
    /// Reads a line without its newline.
    pub(super) fn read(line: &[u8]) -> Result<Self, RecordFault> {
        if line.len() > LONGEST {
            return Err(RecordFault::TooLong);
        }
        let form = |cause: &str| RecordFault::Form { cause: cause.to_owned() };
        let text = std::str::from_utf8(line).map_err(|_| form("it is not UTF-8"))?;
        let rest = text.strip_prefix("{\"v\":2,\"seq\":");
        let rest = rest.ok_or_else(|| form("it does not begin with `{\"v\":2,\"seq\":`"))?;
        let (sequence, rest) = number(rest).ok_or_else(|| form("its `seq` is not a number"))?;
        let previous = previous(rest);
        let previous = previous.ok_or_else(|| form("its third field is not a `prev` of 64 digits"))?;
        let fields: Fields<'_> =
            serde_json::from_str(text).map_err(|error| RecordFault::Form { cause: error.to_string() })?;
        if !text.ends_with('}') {
            return Err(form("it does not end with its last field"));
        }
        let stage = Stage::named(fields.stage);
        Ok(Self { sequence, previous, stage, hash: TreeHash::of_line(line) })
    }

    /// Whether this record may stand right after the other in one file.
    pub(super) fn follows(&self, before: &Self) -> Result<(), RecordFault> {
        if Some(self.sequence) != before.sequence.checked_add(1) {
            let expected = before.sequence.saturating_add(1);
            return Err(RecordFault::Sequence { found: self.sequence, expected });
        }
        if self.previous != before.hash {
            return Err(RecordFault::Chain { found: self.previous, expected: before.hash });
        }
        if before.stage.ends() {
            return Err(RecordFault::AfterEnd);
        }
        if self.stage.begins() {
            return Err(RecordFault::SecondStart);
        }
        Ok(())
    }
}

/// A number up to the next comma, spelled as we spell it.
fn number(text: &str) -> Option<(u64, &str)> {
    let (digits, rest) = text.split_once(',')?;
    let plain = digits.bytes().all(|digit| digit.is_ascii_digit()) && !digits.starts_with('0');
    digits.parse().ok().filter(|_| plain).map(|number| (number, rest))
}

fn previous(text: &str) -> Option<TreeHash> {
    let (digits, rest) = text.strip_prefix("\"prev\":\"")?.split_at_checked(TreeHash::LENGTH * 2)?;
    rest.strip_prefix("\",").and_then(|_| TreeHash::from_hex(digits.as_bytes()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn record(start: &str) -> String {
        format!("{start}\"stage\":\"intent\",\"tool\":\"jira_search\"}}")
    }

    fn chained(sequence: &str) -> String {
        record(&format!("{{\"v\":2,\"seq\":{sequence},\"prev\":\"{}\",", TreeHash::ZERO))
    }

    #[test]
    fn a_record_is_read() {
        let line = Line::read(chained("7").as_bytes()).unwrap();
        assert_eq!((line.sequence, line.stage), (7, Stage::Other));
        assert_eq!((line.previous, line.hash), (TreeHash::ZERO, TreeHash::of_line(chained("7").as_bytes())));
    }

    #[test]
    fn a_record_has_one_form() {
        let good = chained("7");
        let others = [
            chained("07"),
            chained("+7"),
            chained("0"),
            chained("18446744073709551616"),
            good.replace(":2,", ":3,"),
            good.replace("{\"v\"", "{ \"v\""),
            good.replace("\"prev\"", "\"Prev\""),
            good.replace("0000", "000O"),
            good.replace("intent\",", "intent\",\"seq\":8,"),
            good.replace("intent\",", "intent\",\"stage\":\"stop\","),
            good.replace("intent\",", "intent\",,"),
            good.replace("\"stage\"", "\"Stage\""),
            good.replace("intent", "inten\t"),
            format!("{good}{{}}"),
            format!("{good} "),
            good[..good.len() - 1].to_owned(),
            record("{\"v\":1,\"seq\":7,"),
            record("{\"v\":2,\"seq\":7,"),
            String::new(),
        ];
        for other in others {
            assert!(Line::read(other.as_bytes()).is_err(), "{other}");
        }
        let mut not_text = good.into_bytes();
        let place = not_text.len() - 4;
        not_text[place] = 0xff;
        assert!(Line::read(&not_text).is_err());
        assert_eq!(Line::read(&vec![b' '; LONGEST + 1]).unwrap_err(), RecordFault::TooLong);
    }

    proptest! {
        #[test]
        fn nothing_panics_on_any_line(line in proptest::collection::vec(any::<u8>(), 0..300), tail in ".{0,200}") {
            prop_assert!(Line::read(&line).is_err());
            let digits = TreeHash::ZERO;
            let begun = format!("{{\"v\":2,\"seq\":1,\"prev\":\"{digits}\",{tail}");
            let whole = begun.ends_with('}');
            prop_assert!(whole || Line::read(begun.as_bytes()).is_err());
        }
    }
}
