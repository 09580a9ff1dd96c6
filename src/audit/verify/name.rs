//! The names of log files: `audit-<instance>-<start>.jsonl`, and their order in time.

use std::fmt;

/// The ending of a log file.
const LOG: &str = ".jsonl";

/// The ending of the newest checkpoint of a log file.
const CHECKPOINT: &str = ".checkpoint";

/// What stands before the name of a log in the first line of its checkpoints.
const ORIGIN: &str = "portcullis/";

/// How a start is written, `d` for a digit.
const START: &str = "ddddddddTddddddZ";

/// The name of a log file. Smaller is older.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogName {
    start: String,
    number: u32,
    instance: String,
}

impl LogName {
    /// Reads a file's name; none if no server gives it.
    pub fn read(file: &str) -> Option<Self> {
        let stem = file.strip_suffix(LOG)?.strip_prefix("audit-")?;
        let (front, last) = stem.rsplit_once('-')?;
        let (instance, start, number) = if is_start(last) {
            (front, last, 0)
        } else {
            let (instance, start) = front.rsplit_once('-')?;
            (instance, start, last.parse().ok().filter(|number| *number > 0)?)
        };
        let name = Self { start: start.to_owned(), number, instance: instance.to_owned() };
        (is_start(start) && is_plain(instance) && name.file() == file).then_some(name)
    }

    /// The log that a checkpoint says it is of.
    pub fn of_origin(origin: &str) -> Option<Self> {
        Self::read(&format!("{}{LOG}", origin.strip_prefix(ORIGIN)?))
    }

    /// Which instance has written it.
    pub fn instance(&self) -> &str {
        &self.instance
    }

    /// The file.
    pub fn file(&self) -> String {
        format!("{}{LOG}", self.stem())
    }

    /// The file of its newest checkpoint.
    pub fn checkpoint_file(&self) -> String {
        format!("{}{CHECKPOINT}", self.stem())
    }

    /// The log that the file of a checkpoint belongs to.
    pub fn of_checkpoint_file(file: &str) -> Option<Self> {
        Self::read(&format!("{}{LOG}", file.strip_suffix(CHECKPOINT)?))
    }

    /// The first line of its checkpoints.
    pub fn origin(&self) -> String {
        format!("{ORIGIN}{}", self.stem())
    }

    fn stem(&self) -> String {
        let Self { start, number, instance } = self;
        match number {
            0 => format!("audit-{instance}-{start}"),
            _ => format!("audit-{instance}-{start}-{number}"),
        }
    }
}

impl fmt::Display for LogName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file())
    }
}

impl fmt::Debug for LogName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Whether a file of this name claims to be a log.
pub(super) fn is_log(file: &str) -> bool {
    file.ends_with(LOG)
}

fn is_start(text: &str) -> bool {
    text.len() == START.len()
        && text.chars().zip(START.chars()).all(|(found, wanted)| match wanted {
            'd' => found.is_ascii_digit(),
            _ => found == wanted,
        })
}

fn is_plain(instance: &str) -> bool {
    !instance.is_empty() && instance.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back_as_they_were() {
        for file in [
            "audit-default-20261129T054000Z.jsonl",
            "audit-a-b.c_d-20261129T054000Z-12.jsonl",
            "audit-20261129T054000Z-20261129T054000Z.jsonl",
        ] {
            let name = LogName::read(file).unwrap();
            assert_eq!(name.file(), file);
            assert_eq!(LogName::of_origin(&name.origin()).as_ref(), Some(&name));
            assert_eq!(LogName::of_checkpoint_file(&name.checkpoint_file()), Some(name));
        }
    }

    #[test]
    fn other_names_are_none() {
        for file in [
            "audit-default-20261129T054000Z",
            "audit-default-20261129T054000Z-0.jsonl",
            "audit-default-20261129T054000Z-01.jsonl",
            "audit-default-20261129T054000Z-+1.jsonl",
            "audit-20261129T054000Z.jsonl",
            "audit--20261129T054000Z.jsonl",
            "audit-default-20261129T05400Z.jsonl",
            "audit-../x-20261129T054000Z.jsonl",
            "copy of audit-default-20261129T054000Z.jsonl",
        ] {
            assert_eq!(LogName::read(file), None, "{file}");
        }
    }

    #[test]
    fn older_is_smaller() {
        let name = |file: &str| LogName::read(&format!("audit-{file}.jsonl")).unwrap();
        let mut names =
            ["b-20261129T054000Z-10", "b-20261129T054000Z-9", "a-20261130T000000Z", "b-20261129T054000Z"]
                .map(name);
        names.sort();
        let wanted =
            ["b-20261129T054000Z", "b-20261129T054000Z-9", "b-20261129T054000Z-10", "a-20261130T000000Z"]
                .map(name);
        assert_eq!(names, wanted);
    }
}
