//! The Atlassian Document Format of Jira Cloud.
//!
//! What the schema knows is written only where it may stand, and attributes and marks that it knows are checked.
//! Nodes, marks and attributes that it does not know come from an Atlassian newer than this program: they are kept as
//! they were written, so that a document which is read and written back is the same one.

mod depth;
mod identifiers;
mod parse;
mod render;
mod schema;
mod words;

pub(super) use parse::parse;
pub(super) use render::Json;
pub(super) use render::render;
pub(super) use render::write;
pub(super) use words::hex;
