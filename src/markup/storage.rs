//! The storage format of Confluence: XHTML with elements of its own for macros, tasks and references.
//!
//! A body is read into a flat tree of elements (`tree`), and that into the document (`parse`). What the model cannot
//! say of an element stands in an `Extra`: attributes and parameters under their names, everything else under keys that
//! begin with `#`, which no attribute does.

mod address;
mod align;
mod holdings;
mod keep;
mod layout;
mod lines;
pub(super) mod names;
mod parse;
mod render;
mod safety;
mod section;
mod style;
pub(super) mod tree;
mod unsaid;
mod whole;

pub use holdings::holdings;
pub use holdings::missing;
pub use keep::Kept;
pub use keep::keep;
pub use lines::shown_lines;
pub(super) use parse::parse;
pub(super) use render::render;
pub use section::Part;
pub use section::Section;
pub use section::SectionError;
pub use section::Wanted;
pub use section::replace_section;
pub use section::sections;
pub use tree::TreeError;
pub use whole::is_storage;
