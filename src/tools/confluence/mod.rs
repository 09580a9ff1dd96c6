//! The tools for Confluence.

mod copy_page;
mod create_page;
mod create_page_from_template;
mod decorate;
mod delete_page;
mod emoji;
mod get_page;
mod given;
mod kept;
mod move_page;
mod present;
mod search;
mod template;
mod update_page;
mod update_page_section;

pub(super) use copy_page::CopyPage;
pub(super) use create_page::CreatePage;
pub(super) use create_page_from_template::CreatePageFromTemplate;
pub(super) use delete_page::DeletePage;
pub(super) use get_page::GetPage;
pub(super) use move_page::MovePage;
pub(super) use search::Search;
pub(super) use update_page::UpdatePage;
pub(super) use update_page_section::UpdatePageSection;
