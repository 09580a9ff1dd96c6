//! The tools for Confluence.

mod create_page;
mod decorate;
mod emoji;
mod get_page;
mod search;

pub(super) use create_page::CreatePage;
pub(super) use get_page::GetPage;
pub(super) use search::Search;
