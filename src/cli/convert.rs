//! `portcullis convert`: what a page becomes in another format.

use std::io::Read;

use clap::Args;
use clap::ValueEnum;
use serde_json::json;

use super::Failure;
use super::output;
use crate::markup;
use crate::markup::Format;

/// The largest document that is read, in bytes.
const LARGEST: u64 = 64 << 20;

/// `portcullis convert`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The format of the document on standard input.
    #[arg(long, value_enum)]
    from: Name,
    /// The format to write to standard output.
    #[arg(long, value_enum)]
    to: Name,
    /// Write one JSON object with the document and the notes.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Name {
    Markdown,
    Wiki,
    Adf,
    Storage,
}

impl From<Name> for Format {
    fn from(name: Name) -> Self {
        match name {
            Name::Markdown => Self::Markdown,
            Name::Wiki => Self::Wiki,
            Name::Adf => Self::Adf,
            Name::Storage => Self::Storage,
        }
    }
}

/// Converts standard input to standard output; where it had to approximate is said on standard error.
pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut document = String::new();
    let mut input = std::io::stdin().lock().take(LARGEST + 1);
    input.read_to_string(&mut document).map_err(|error| {
        Failure::unreadable(format!("standard input cannot be read: {error}; it must be text in UTF-8"))
    })?;
    if document.len() as u64 > LARGEST {
        return Err(Failure::unreadable(format!("the document is larger than {LARGEST} bytes")));
    }
    let converted = markup::convert(arguments.from.into(), arguments.to.into(), &document)
        .map_err(Failure::unreadable)?;
    if arguments.json {
        output::say(&json!({"document": converted.value, "notes": converted.notes}).to_string());
        return Ok(());
    }
    for note in &converted.notes {
        match note.place.as_str() {
            "" => output::complain(&note.what),
            place => output::complain(&format!("{} (in \"{place}\")", note.what)),
        }
    }
    output::write(&converted.value);
    Ok(())
}
