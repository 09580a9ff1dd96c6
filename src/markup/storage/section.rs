//! One section of a page in the storage format, replaced byte for byte.
//!
//! A section begins with its heading and ends before the next heading of the same or a higher level that stands beside
//! it, or with the element that it stands in: a heading in a macro, a cell or a column is another matter than one
//! outside.

use std::ops::Range;

use super::tree;
use super::tree::Child;
use super::tree::Element;
use super::tree::Node;
use super::tree::TreeError;

/// How many candidates an error names.
const MOST_NAMED: usize = 20;

/// A section of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// 1 to 6.
    pub level: u8,
    /// The text of the heading without its macros, every run of white space one space.
    pub title: String,
    /// The bytes of the heading and of all that belongs to it.
    pub whole: Range<usize>,
    /// The bytes of the heading alone.
    pub heading: Range<usize>,
}

/// Which section is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// The text of its heading.
    pub title: &'a str,
    /// The level of its heading, if there are several.
    pub level: Option<u8>,
    /// Which of those that are left, from 0.
    pub index: Option<usize>,
}

/// What of a section is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// All of it, with the heading.
    Whole,
    /// What comes after the heading.
    Body,
}

/// Why a section is not replaced.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SectionError {
    /// The page cannot be read.
    #[error("the page cannot be read: {0}")]
    Page(TreeError),
    /// The new content would not be a part of a page.
    #[error("the new content cannot be read: {0}")]
    Content(TreeError),
    /// The new content would run something.
    #[error("the new content has a script, a frame, a form or something else that runs")]
    Live,
    /// No heading has this text.
    #[error("no heading is `{wanted}`; the headings are {}", named(headings))]
    Missing {
        /// The text that was looked for.
        wanted: String,
        /// Every heading of the page.
        headings: Vec<Section>,
    },
    /// Several headings have this text.
    #[error("several headings are `{wanted}`, say the level or the index: {}", named(headings))]
    Ambiguous {
        /// The text that was looked for.
        wanted: String,
        /// The headings with this text.
        headings: Vec<Section>,
    },
}

/// Every section of a page, in order; sections of lower levels are inside of those above.
pub fn sections(storage: &str) -> Result<Vec<Section>, TreeError> {
    let tree = tree::read(storage)?;
    let mut found = Vec::new();
    // The lists of nodes that are still to be looked through, each with where it ends in the source.
    let mut rest: Vec<(&[Node<'_>], usize)> = vec![(&tree.nodes, storage.len())];
    while let Some((nodes, end)) = rest.pop() {
        add_siblings(&mut found, nodes, end);
        for (_, child) in tree::children(nodes) {
            if let Child::Element(element) = child
                && level(&element).is_none()
                // Its content stands there twice, once for readers that do not know it.
                && element.tag.name != "ac:adf-extension"
                && !element.inner.is_empty()
            {
                rest.push((element.inner, inner_end(storage, &element)));
            }
        }
    }
    found.sort_by_key(|section| section.whole.start);
    Ok(found)
}

/// The page with one section replaced; everything else stays as it is, byte for byte.
pub fn replace_section(
    storage: &str,
    wanted: Wanted<'_>,
    part: Part,
    content: &str,
) -> Result<String, SectionError> {
    let content_tree = tree::read(content).map_err(SectionError::Content)?;
    if content_tree.is_live {
        return Err(SectionError::Live);
    }
    let section = chosen(sections(storage).map_err(SectionError::Page)?, wanted)?;
    let start = match part {
        Part::Whole => section.whole.start,
        Part::Body => section.heading.end,
    };
    let before = storage.get(..start).unwrap_or_default();
    let after = storage.get(section.whole.end..).unwrap_or_default();
    Ok([before, content, after].concat())
}

fn chosen(all: Vec<Section>, wanted: Wanted<'_>) -> Result<Section, SectionError> {
    let title = line(wanted.title);
    let is_level = |section: &&Section| wanted.level.is_none_or(|level| level == section.level);
    let same: Vec<&Section> = all.iter().filter(|section| section.title == title).filter(is_level).collect();
    let folded = title.to_lowercase();
    let candidates: Vec<&Section> = if same.is_empty() {
        all.iter().filter(|section| section.title.to_lowercase() == folded).filter(is_level).collect()
    } else {
        same
    };
    let found = match (candidates.as_slice(), wanted.index) {
        ([one], None) => Some(*one),
        (several, index) => index.and_then(|index| several.get(index).copied()),
    };
    match found.cloned() {
        Some(section) => Ok(section),
        None if candidates.is_empty() => Err(SectionError::Missing { wanted: title, headings: all }),
        None => {
            let headings = candidates.into_iter().cloned().collect();
            Err(SectionError::Ambiguous { wanted: title, headings })
        }
    }
}

/// The sections whose headings stand beside each other.
fn add_siblings(found: &mut Vec<Section>, nodes: &[Node<'_>], end: usize) {
    // The sections that are still open, each of a lower level than the one before.
    let mut open: Vec<Section> = Vec::new();
    for (_, child) in tree::children(nodes) {
        let Child::Element(element) = child else { continue };
        let Some(level) = level(&element) else { continue };
        let heading = element.tag.source.clone();
        while let Some(mut done) = open.pop_if(|section| section.level >= level) {
            done.whole.end = heading.start;
            found.push(done);
        }
        open.push(Section {
            level,
            title: line(&tree::text(element.inner)),
            whole: heading.start..end,
            heading,
        });
    }
    found.append(&mut open);
}

fn level(element: &Element<'_, '_>) -> Option<u8> {
    match element.tag.name.as_bytes() {
        [b'h', digit @ b'1'..=b'6'] => Some(digit - b'0'),
        _ => None,
    }
}

/// Where the content of an element ends, before its closing tag.
fn inner_end(storage: &str, element: &Element<'_, '_>) -> usize {
    let source = storage.get(element.tag.source.clone()).unwrap_or_default();
    element.tag.source.start + source.rfind("</").unwrap_or(source.len())
}

fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn named(headings: &[Section]) -> String {
    let names =
        headings.iter().take(MOST_NAMED).map(|section| format!("`h{} {}`", section.level, section.title));
    let mut named = names.collect::<Vec<_>>().join(", ");
    match headings.len() {
        0 => named.push_str("none"),
        count if count > MOST_NAMED => named.push_str(", .."),
        _ => {}
    }
    named
}
