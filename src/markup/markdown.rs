//! Markdown: `CommonMark` with the tables, task lists, strikethrough and bare links of GitHub.

mod escape;
mod parse;
mod render;

pub(super) use parse::parse;
pub(super) use render::render;
