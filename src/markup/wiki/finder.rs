//! Searches that only move forward.

/// Finds the next place of a few fixed strings and remembers it, so that asking at every position of a text
/// reads the text once.
#[derive(Debug)]
pub(super) struct Finder<'a> {
    text: &'a str,
    known: Vec<(&'static str, Option<usize>)>,
}

impl<'a> Finder<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, known: Vec::new() }
    }

    /// The first place of `wanted` at or after `from`; `from` must not go back between calls.
    pub(super) fn find(&mut self, wanted: &'static str, from: usize) -> Option<usize> {
        let search = || self.text.get(from..).and_then(|rest| rest.find(wanted)).map(|at| from + at);
        let Some((_, known)) = self.known.iter_mut().find(|(name, _)| *name == wanted) else {
            let found = search();
            self.known.push((wanted, found));
            return found;
        };
        if known.is_some_and(|at| at < from) {
            *known = search();
        }
        *known
    }
}
