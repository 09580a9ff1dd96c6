//! The Atlassian Document Format of Jira Cloud.

mod parse;
mod render;

pub(super) use parse::parse;
pub(super) use render::render;
