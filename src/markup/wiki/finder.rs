//! Finds what comes next in a text, each place once: searching again from every opening would take too long.

use std::collections::HashMap;

/// How many different things are searched for: each may cost a walk through the whole text.
const MOST: usize = 64;

/// Remembers the next place of everything that was searched for.
pub(super) struct Finder<'a> {
    text: &'a str,
    known: HashMap<String, Option<usize>>,
}

impl<'a> Finder<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, known: HashMap::new() }
    }

    /// The first place of `wanted` at or after `from`; `from` must not go back between calls.
    pub(super) fn find(&mut self, wanted: &str, from: usize) -> Option<usize> {
        let search = || self.text.get(from..).and_then(|rest| rest.find(wanted)).map(|at| from + at);
        if let Some(known) = self.known.get_mut(wanted) {
            if known.is_some_and(|at| at < from) {
                *known = search();
            }
            return *known;
        }
        if self.known.len() >= MOST {
            return None;
        }
        let found = search();
        self.known.insert(wanted.to_owned(), found);
        found
    }
}
