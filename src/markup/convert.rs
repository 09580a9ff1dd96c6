//! One document from any format to any other.

use serde::Serialize;

use super::adf;
use super::document::Format;
use super::document::Note;
use super::document::Notes;
use super::markdown;
use super::markdown::Detail;
use super::markdown::Lines;
use super::storage;
use super::wiki;
use super::wiki::Reading;

/// What came out of a conversion, and where it had to approximate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Converted<T> {
    /// The document.
    pub value: T,
    /// In the order of the document; empty if nothing was approximated.
    pub notes: Vec<Note>,
}

/// Why a document could not be converted at all.
#[derive(Debug, thiserror::Error)]
pub enum ConvertError {
    /// An ADF document is JSON.
    #[error("the ADF document is not JSON: {0}")]
    NotJson(#[from] serde_json::Error),
}

impl<T> Converted<T> {
    pub(super) fn new(value: T, notes: Notes) -> Self {
        Self { value, notes: notes.into_vec() }
    }
}

/// Converts a document; ADF is its JSON, compact. From a format to itself nothing is touched.
///
/// # Errors
/// When ADF is not JSON. Everything else is converted, somehow.
pub fn convert(from: Format, to: Format, document: &str) -> Result<Converted<String>, ConvertError> {
    if from == to {
        return Ok(Converted::new(document.to_owned(), Notes::default()));
    }
    rewritten(from, to, document)
}

/// The document in its own format, read and written anew: what comes back of it by way of Markdown is the same.
///
/// # Errors
/// When ADF is not JSON.
pub fn settle(format: Format, document: &str) -> Result<Converted<String>, ConvertError> {
    rewritten(format, format, document)
}

fn rewritten(from: Format, to: Format, document: &str) -> Result<Converted<String>, ConvertError> {
    let mut notes = Notes::default();
    if (from, to) == (Format::Markdown, Format::Adf) {
        let value = markdown_as_adf(document, &mut notes)?;
        return Ok(Converted::new(value, notes));
    }
    let lines = if to == Format::Wiki { Lines::Kept } else { Lines::Joined };
    let blocks = match from {
        Format::Markdown => markdown::parse(document, lines, &mut notes),
        // Nobody but the editor of Jira Cloud takes wiki markup over into ADF, so this is what people get.
        Format::Wiki if to == Format::Adf => wiki::parse(document, Reading::Editor, &mut notes),
        Format::Wiki => wiki::parse(document, Reading::Jira, &mut notes),
        Format::Adf => adf::parse(&serde_json::from_str(document)?, &mut notes),
        Format::Storage => storage::parse(document, &mut notes),
    };
    let value = match to {
        Format::Markdown => markdown::render(&blocks, Detail::All, from == Format::Storage),
        Format::Wiki => wiki::render(&blocks, &mut notes),
        Format::Adf => adf::write(blocks, &mut notes)?,
        Format::Storage => storage::render(&blocks, &mut notes),
    };
    Ok(Converted::new(value, notes))
}

/// Markdown as ADF, block by block: neither the document nor its nodes are ever there as a whole.
fn markdown_as_adf(document: &str, notes: &mut Notes) -> serde_json::Result<String> {
    let mut json = adf::Json::new();
    let mut written = Ok(());
    markdown::parse_each(document, Lines::Kept, notes, |notes, blocks| {
        if written.is_ok() {
            written = json.add(blocks, notes);
        }
    });
    written?;
    json.finish(notes)
}
