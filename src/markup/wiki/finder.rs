//! Finds what comes next in a text, each place once: searching again from every opening would take too long.

use std::collections::HashMap;
use std::collections::VecDeque;

use super::steps;

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// A line feed.
    LineEnd,
    /// The brace that ends a tag.
    Brace,
    /// The two braces that end monospaced text, or the line feed that none of it spans. What a backslash keeps from
    /// being markup is no end.
    CodeEnd,
}

/// Remembers the next place of everything that was searched for; the places that it is asked from must not go back.
pub(super) struct Finder<'a> {
    text: &'a str,
    /// By what was wanted.
    next: [Place; 3],
    /// The places of `{name}`, by name; all of them are found when one is asked for.
    tags: Option<HashMap<&'a str, VecDeque<usize>>>,
}

/// Where something comes next, as far as is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Unknown,
    At(usize),
    Nowhere,
}

impl<'a> Finder<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, next: [Place::Unknown; 3], tags: None }
    }

    /// The first place of what is wanted, at or after `from`.
    pub(super) fn find(&mut self, wanted: Wanted, from: usize) -> Option<usize> {
        let known = self.next.get_mut(wanted as usize)?;
        match *known {
            Place::Nowhere => return None,
            Place::At(at) if at >= from => return Some(at),
            Place::At(_) | Place::Unknown => {}
        }
        let rest = self.text.get(from..).unwrap_or_default();
        let found = wanted.in_text(rest);
        steps::add(found.unwrap_or(rest.len()));
        *known = found.map_or(Place::Nowhere, |at| Place::At(from + at));
        found.map(|at| from + at)
    }

    /// The first `{name}` at or after `from`.
    pub(super) fn tag(&mut self, name: &str, from: usize) -> Option<usize> {
        let places = self.tags.get_or_insert_with(|| tags(self.text)).get_mut(name)?;
        while places.front().is_some_and(|at| *at < from) {
            places.pop_front();
        }
        places.front().copied()
    }
}

impl Wanted {
    fn in_text(self, text: &str) -> Option<usize> {
        match self {
            Self::LineEnd => text.find('\n'),
            Self::Brace => text.find('}'),
            Self::CodeEnd => code_end(text),
        }
    }
}

fn code_end(text: &str) -> Option<usize> {
    let mut at = 0;
    loop {
        at += text.get(at..)?.find(['\\', '}', '\n'])?;
        let rest = text.get(at..)?;
        if rest.starts_with("}}") || rest.starts_with('\n') {
            return Some(at);
        }
        let escaped = if rest.starts_with('\\') { rest.chars().nth(1).map_or(0, char::len_utf8) } else { 0 };
        at += 1 + escaped;
    }
}

/// Whether a name of a tag may have this byte.
pub(super) fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

fn tags(text: &str) -> HashMap<&str, VecDeque<usize>> {
    let mut tags: HashMap<&str, VecDeque<usize>> = HashMap::new();
    steps::add(text.len());
    for (at, _) in text.match_indices('{') {
        let inside = text.get(at + 1..).unwrap_or_default();
        let end = inside.bytes().position(|byte| !is_of_name(byte)).unwrap_or(inside.len());
        steps::add(end);
        if let Some((name, rest)) = inside.split_at_checked(end)
            && rest.starts_with('}')
        {
            tags.entry(name).or_default().push_back(at);
        }
    }
    tags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_in_order() {
        let mut finder = Finder::new("{a} {b}\n{a}{{x\\}}}y");
        assert_eq!((finder.tag("a", 0), finder.tag("a", 1), finder.tag("a", 9)), (Some(0), Some(8), None));
        assert_eq!((finder.tag("b", 0), finder.tag("c", 0)), (Some(4), None));
        assert_eq!(finder.find(Wanted::Brace, 0), Some(2));
        assert_eq!((finder.find(Wanted::Brace, 2), finder.find(Wanted::Brace, 3)), (Some(2), Some(6)));
        assert_eq!((finder.find(Wanted::LineEnd, 3), finder.find(Wanted::LineEnd, 8)), (Some(7), None));
        assert_eq!((finder.find(Wanted::CodeEnd, 4), finder.find(Wanted::CodeEnd, 8)), (Some(7), Some(16)));
    }
}
