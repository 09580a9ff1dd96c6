//! The storage format of Confluence: XHTML with elements of its own for macros, tasks and references.

mod parse;
mod render;
mod tree;

pub(super) use parse::parse;
pub(super) use render::render;
