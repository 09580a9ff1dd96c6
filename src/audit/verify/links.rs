//! How files belong together: what each says of others, against those that are there.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::super::merkle::TreeHash;
use super::file::Examined;
use super::finding::Fault;
use super::finding::Finding;
use super::finding::LinkFault;
use super::finding::RecordFault;
use super::line::Line;
use super::line::Stage;
use super::name::LogName;
use super::opening::Head;
use super::opening::Opening;
use super::report::Note;
use super::report::Removed;

/// A log that something other than a log names.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) log: LogName,
    /// Who names it.
    pub(super) by: String,
    /// How many records it had, where that is signed.
    pub(super) size: Option<u64>,
}

/// What was in a file that is gone. The numbers go on only within a process, so only a file that continues it tells them.
fn removed(by: &Examined, head: &Head) -> Removed {
    let continues = by.opening.as_ref().and_then(|opening| opening.continues.as_ref());
    let first = by.contents.first.as_ref().map(|(first, _)| first);
    let goes_on = first.filter(|first| {
        first.stage == Stage::Continue && continues.is_some_and(|before| before.file == head.file)
    });
    let numbers = goes_on.and_then(|first| {
        let last = first.sequence.checked_sub(1)?;
        Some((last.checked_sub(head.records)?.checked_add(1)?, last))
    });
    Removed { records: head.records, numbers, all: true }
}

/// All files together.
pub(super) struct Links<'l> {
    files: BTreeMap<&'l LogName, &'l Examined>,
    /// Files that are there, but could not be read.
    unread: &'l BTreeSet<LogName>,
    told: BTreeSet<LogName>,
    findings: Vec<Finding>,
    notes: Vec<Note>,
}

impl<'l> Links<'l> {
    pub(super) fn new(files: &'l [Examined], unread: &'l BTreeSet<LogName>) -> Self {
        let files = files.iter().map(|file| (&file.log.name, file)).collect();
        Self { files, unread, told: BTreeSet::new(), findings: Vec::new(), notes: Vec::new() }
    }

    /// Holds all files against each other.
    pub(super) fn check(mut self, named: &[Named]) -> (Vec<Finding>, Vec<Note>) {
        for file in self.files.clone().into_values() {
            if let Some(next) = &file.next {
                self.check_next(file, next);
            }
            let (Some(opening), Some((first, _))) = (&file.opening, &file.contents.first) else { continue };
            for head in opening.named() {
                self.check_head(file, head);
            }
            self.check_first(file, first, opening);
        }
        for Named { log, by, size } in named {
            if !self.files.contains_key(log) {
                let removed = size.map(|records| Removed { records, numbers: None, all: false });
                self.missing(log, by, None, removed);
            }
        }
        (self.findings, self.notes)
    }

    fn find(&mut self, file: &LogName, line: Option<u64>, fault: LinkFault) {
        self.findings.push(Finding { file: file.file(), line, fault: Fault::Link(fault) });
    }

    /// Whether a file is as another one has seen it.
    fn check_head(&mut self, by: &Examined, head: &Head) {
        let Some(file) = self.files.get(&head.file) else {
            return self.missing(&head.file, &by.log.name.file(), Some(by), Some(removed(by, head)));
        };
        let found = (file.contents.records(), file.contents.tree.root());
        if file.is_sound() && found != (head.records, head.root) {
            let fault = LinkFault::Exchanged {
                seen_by: by.log.name.file(),
                found: (found.0, found.1.to_string()),
                expected: (head.records, head.root.to_string()),
            };
            self.find(&head.file, None, fault);
        }
    }

    /// Whether the first record follows the last one of the file that it continues.
    fn check_first(&mut self, file: &Examined, first: &Line, opening: &Opening) {
        let name = &file.log.name;
        let rotated = first.stage == Stage::Continue;
        let before = opening.continues.as_ref().map(|head| self.files.get(&head.file).copied());
        let (hash, sequence) = match before {
            None if rotated => {
                let cause = "`continues` is null after a rotation".to_owned();
                let fault = Fault::Record(RecordFault::Opening { cause });
                return self.findings.push(Finding { file: name.file(), line: Some(1), fault });
            }
            None => (Some(TreeHash::ZERO), 0),
            Some(before) => {
                let last = before
                    .filter(|before| before.is_sound())
                    .and_then(|before| before.contents.last.as_ref());
                if let (true, Some(before)) = (rotated, before) {
                    self.check_succession(before, name);
                }
                let sequence = if rotated {
                    last.map_or(first.sequence.saturating_sub(1), |(last, _)| last.sequence)
                } else {
                    0
                };
                (last.map(|(last, _)| last.hash), sequence)
            }
        };
        if let Some(expected) = hash.filter(|hash| *hash != first.previous) {
            self.find(name, Some(1), LinkFault::Chain { found: first.previous, expected });
        }
        if first.sequence != sequence.saturating_add(1) {
            let expected = sequence.saturating_add(1);
            self.find(name, Some(1), LinkFault::Sequence { found: first.sequence, expected });
        }
    }

    fn check_succession(&mut self, before: &Examined, name: &LogName) {
        if before.is_sound() && before.next.as_ref() != Some(name) {
            let found = match &before.next {
                Some(next) => format!("it goes on in {next}"),
                None => "it does not go on in another file".to_owned(),
            };
            let fault = LinkFault::Succession { found, expected: format!("it goes on in {name}") };
            self.find(&before.log.name, Some(before.contents.records()), fault);
        }
    }

    /// Whether the file that another one goes on in says the same.
    fn check_next(&mut self, file: &Examined, next: &LogName) {
        let name = &file.log.name;
        let Some(follower) = self.files.get(next).copied() else {
            return self.missing(next, &name.file(), Some(file), None);
        };
        // A process that was killed in a rotation leaves an empty file, or one that only says that it was recovered.
        let begun =
            follower.contents.first.as_ref().is_some_and(|(first, _)| first.stage != Stage::Recovered);
        let continues = follower.opening.as_ref().and_then(|opening| opening.continues.as_ref());
        if begun && follower.is_sound() && continues.map(|head| &head.file) != Some(name) {
            let found = match continues {
                Some(head) => format!("it continues {}", head.file),
                None => "it continues no file".to_owned(),
            };
            self.find(
                next,
                Some(1),
                LinkFault::Succession { found, expected: format!("it continues {name}") },
            );
        }
    }

    /// A file that is named and not there: retention removes the oldest, and no other.
    fn missing(&mut self, name: &LogName, named_by: &str, by: Option<&Examined>, removed: Option<Removed>) {
        if self.unread.contains(name) || !self.told.insert(name.clone()) {
            return;
        }
        let (file, named_by) = (name.file(), named_by.to_owned());
        let is_there = by.is_some_and(|by| by.log.path.with_file_name(&file).exists());
        if is_there {
            self.notes.push(Note::NotRead { file, named_by });
        } else if self.files.keys().next().is_some_and(|oldest| name < oldest) {
            self.notes.push(Note::Older { file, named_by, removed });
        } else {
            self.find(name, None, LinkFault::Missing { named_by });
        }
    }
}
