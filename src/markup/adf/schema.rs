//! The schema of Atlassian (`full.json` of `@atlaskit/adf-schema`), as far as it decides what may be written.

mod attributes;
mod check;
mod marks;
mod nodes;

pub(super) use check::Kept;
pub(super) use check::fits;
pub(super) use check::kept_attributes;
pub(super) use check::kept_marks;
pub(super) use check::mark_fits;
pub(super) use marks::is_mark;
pub(super) use marks::is_text_mark;
pub(super) use marks::mark_name;
pub(super) use nodes::Place;
pub(super) use nodes::allowed;
pub(super) use nodes::is_inline;
pub(super) use nodes::node;
