//! Markdown: `CommonMark` with the tables, task lists, strikethrough and bare links of GitHub, and the additions of
//! `docs/MARKUP.md`.

mod escape;
mod fold;
mod foreign;
mod inlines;
mod layout;
mod parse;
mod pieces;
mod render;
mod surplus;
mod tags;
mod text;

pub(super) use foreign::has_other_tags;
pub(super) use inlines::Lines;
pub(super) use parse::parse;
pub(super) use parse::parse_each;
pub(super) use render::render;

/// How much of a document is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// All of it, so that it can be read back.
    All,
    /// What there is to read.
    Text,
}
