//! The wiki markup of Jira, after its "Text Formatting Notation Help".

mod calls;
mod editor;
mod emoticons;
mod escape;
mod finder;
mod inlines;
mod likeness;
mod links;
mod lists;
mod parameters;
mod parse;
mod render;
mod steps;
mod tables;

/// Whose reading of the notation it is.
///
/// They differ where the notation is used loosely, and in what they can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// As Jira Data Center shows the text.
    Jira,
    /// As the editor of Jira Cloud takes old text over into ADF: `@atlaskit/editor-wikimarkup-transformer`, whose
    /// behaviour `tests/oracle/README.md` describes.
    Editor,
}

pub(super) use likeness::tell;
pub(super) use parse::parse;
pub(super) use render::render;
#[cfg(test)]
pub(super) use steps::taken;
