//! Conversions between the Markdown that callers read and write and the formats of Jira and Confluence.
//!
//! Every format is a parser into one document model and a renderer out of it; a conversion is one of each. All
//! functions are pure and total: any input gives an output, nesting is bounded, and what has no place in the model is
//! kept in the words of its own format. Where something had to be approximated, a [`Note`] says what and where.
//! `docs/MARKUP.md` describes the Markdown.

use std::borrow::Cow;

use serde_json::Value;

mod adf;
mod clean;
mod convert;
mod document;
mod entity;
mod markdown;
mod storage;
mod wiki;

#[cfg(test)]
mod tests;

pub use convert::ConvertError;
pub use convert::Converted;
pub use convert::convert;
pub use convert::settle;
pub use document::Format;
pub use document::Note;
pub use markdown::Detail;
pub use storage::Kept;
pub use storage::Part;
pub use storage::Section;
pub use storage::SectionError;
pub use storage::TreeError;
pub use storage::Wanted;
pub use storage::holdings;
pub use storage::is_storage;
pub use storage::keep;
pub use storage::missing;
pub use storage::replace_section;
pub use storage::sections;
pub use storage::shown_lines;

use document::Notes;
use markdown::Lines;

/// Shows invisible and direction-changing characters as character references such as `&#x202E;`.
///
/// A Markdown parser reads the references back, so only the view changes. The joiners U+200C and U+200D stay,
/// because scripts and emoji need them.
#[must_use]
pub fn clean(text: &str) -> Cow<'_, str> {
    clean::clean(text)
}

/// Markdown to the wiki markup of Jira Data Center. Its lines stay lines.
#[must_use]
pub fn markdown_to_wiki(markdown: &str) -> Converted<String> {
    let mut notes = Notes::default();
    let blocks = markdown::parse(markdown, Lines::Kept, &mut notes);
    wiki::tell(&blocks, &mut notes);
    Converted::new(wiki::render(&blocks, &mut notes), notes)
}

/// Markdown to an Atlassian document, as Jira Cloud wants it in version 3 of its API. Its lines stay lines.
#[must_use]
pub fn markdown_to_adf(markdown: &str) -> Converted<Value> {
    let mut notes = Notes::default();
    let blocks = markdown::parse(markdown, Lines::Kept, &mut notes);
    wiki::tell(&blocks, &mut notes);
    Converted::new(adf::render(&blocks, &mut notes), notes)
}

/// Markdown to the storage format of Confluence. HTML in the Markdown is shown as text, never passed through.
#[must_use]
pub fn markdown_to_storage(markdown: &str) -> Converted<String> {
    let mut notes = Notes::default();
    let blocks = markdown::parse(markdown, Lines::Joined, &mut notes);
    Converted::new(storage::render(&blocks, &mut notes), notes)
}

/// What a caller wrote where Markdown is asked for, as storage format. A text that is storage format as a whole is taken
/// as such, byte for byte; where it has other HTML than Markdown has tags for, a note says that this became text.
#[must_use]
pub fn written_to_storage(text: &str) -> Converted<String> {
    let note = |what: &str| Note { what: what.to_owned(), place: String::new() };
    if is_storage(text) {
        let taken = "the text is storage format and was taken as it is, as with content_format=storage";
        return Converted { value: text.to_owned(), notes: vec![note(taken)] };
    }
    let mut converted = markdown_to_storage(text);
    if markdown::has_other_tags(text) {
        converted.notes.push(note(
            "HTML that is no tag of this Markdown was taken as text, and people see its tags: write Markdown, or storage \
             format with content_format=storage where the tool has it",
        ));
    }
    converted
}

/// The wiki markup of Jira to Markdown.
#[must_use]
pub fn wiki_to_markdown(wiki: &str, detail: Detail) -> Converted<String> {
    let mut notes = Notes::default();
    let blocks = wiki::parse(wiki, wiki::Reading::Jira, &mut notes);
    Converted::new(markdown::render(&blocks, detail, false), notes)
}

/// An Atlassian document, or one of its nodes, to Markdown.
#[must_use]
pub fn adf_to_markdown(adf: &Value, detail: Detail) -> Converted<String> {
    let mut notes = Notes::default();
    let blocks = adf::parse(adf, &mut notes);
    Converted::new(markdown::render(&blocks, detail, false), notes)
}

/// The storage format of Confluence to Markdown.
#[must_use]
pub fn storage_to_markdown(storage: &str, detail: Detail) -> Converted<String> {
    let mut notes = Notes::default();
    let blocks = storage::parse(storage, &mut notes);
    Converted::new(markdown::render(&blocks, detail, true), notes)
}
