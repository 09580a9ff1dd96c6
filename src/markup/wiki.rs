//! The wiki markup of Jira.

mod escape;
mod finder;
mod inlines;
mod parse;
mod render;

pub(super) use parse::parse;
pub(super) use render::render;
