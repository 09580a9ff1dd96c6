//! Conversions between the Markdown that callers read and write and the formats of Jira and Confluence.
//!
//! Every format is a parser into one document model, a renderer out of it, or both; a conversion is one of each.
//! All functions are pure and total: any input gives an output, nesting is bounded, and what has no place in
//! the model is kept as code or as plain text instead of being dropped.

use std::borrow::Cow;

use serde_json::Value;

mod adf;
mod clean;
mod document;
mod entity;
mod markdown;
mod storage;
mod wiki;

#[cfg(test)]
mod tests;

/// Shows invisible and direction-changing characters as character references such as `&#x202E;`.
///
/// A Markdown parser reads the references back, so only the view changes. The joiners U+200C and U+200D stay,
/// because scripts and emoji need them.
#[must_use]
pub fn clean(text: &str) -> Cow<'_, str> {
    clean::clean(text)
}

/// Markdown to the wiki markup of Jira Data Center.
#[must_use]
pub fn markdown_to_wiki(markdown: &str) -> String {
    wiki::render(&markdown::parse(markdown))
}

/// Markdown to an Atlassian document, as Jira Cloud wants it in version 3 of its API.
#[must_use]
pub fn markdown_to_adf(markdown: &str) -> Value {
    adf::render(markdown::parse(markdown))
}

/// Markdown to the storage format of Confluence. HTML in the Markdown is shown as text, never passed through.
#[must_use]
pub fn markdown_to_storage(markdown: &str) -> String {
    storage::render(&markdown::parse(markdown))
}

/// The wiki markup of Jira to Markdown.
#[must_use]
pub fn wiki_to_markdown(wiki: &str) -> String {
    shown(&wiki::parse(wiki))
}

/// An Atlassian document to Markdown. Nodes without a Markdown form become a code block `adf:<type>`.
#[must_use]
pub fn adf_to_markdown(adf: &Value) -> String {
    shown(&adf::parse(adf))
}

/// The storage format of Confluence to Markdown. Unknown macros, and bodies that are not well-formed, become a
/// code block `storage` with their source.
#[must_use]
pub fn storage_to_markdown(storage: &str) -> String {
    shown(&storage::parse(storage))
}

fn shown(blocks: &[document::Block]) -> String {
    let markdown = markdown::render(blocks);
    match clean(&markdown) {
        Cow::Borrowed(_) => markdown,
        Cow::Owned(cleaned) => cleaned,
    }
}
