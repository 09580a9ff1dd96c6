//! What a conversion says of what it had to approximate.

use serde::Serialize;

use super::Inline;
use super::text::plain;

/// How many notes one conversion makes at most.
const MOST_NOTES: usize = 100;

/// Where a conversion had to approximate, for the caller to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// What was changed, and into what.
    pub what: String,
    /// Where: the nearest heading before it, or the first words of the block; empty at the top.
    pub place: String,
}

/// The notes of one conversion, each kind of change once for a place, and a hundred at most.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in super::super) struct Notes {
    notes: Vec<Note>,
    place: String,
}

impl Notes {
    /// From here on notes are about what comes after this heading.
    pub(in super::super) fn at(&mut self, content: &[Inline]) {
        self.place = plain(content).chars().take(60).collect();
    }

    /// Adds a note.
    pub(in super::super) fn add(&mut self, what: impl Into<String>) {
        let note = Note { what: what.into(), place: self.place.clone() };
        if self.notes.len() < MOST_NOTES && !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// All of them, in order.
    pub(in super::super) fn into_vec(self) -> Vec<Note> {
        self.notes
    }
}
