//! The tools for Confluence.

mod add_label;
mod check_content_permissions;
mod create_page;
mod decorate;
mod emoji;
mod get_labels;
mod get_page;
mod get_page_children;
mod get_page_diff;
mod get_page_history;
mod get_page_restrictions;
mod get_page_template;
mod get_page_views;
mod get_space_page_tree;
mod get_space_permissions;
mod list_page_templates;
mod search;
mod search_user;
mod set_page_restrictions;

pub(super) use add_label::AddLabel;
pub(super) use check_content_permissions::CheckContentPermissions;
pub(super) use create_page::CreatePage;
pub(super) use get_labels::GetLabels;
pub(super) use get_page::GetPage;
pub(super) use get_page_children::GetPageChildren;
pub(super) use get_page_diff::GetPageDiff;
pub(super) use get_page_history::GetPageHistory;
pub(super) use get_page_restrictions::GetPageRestrictions;
pub(super) use get_page_template::GetPageTemplate;
pub(super) use get_page_views::GetPageViews;
pub(super) use get_space_page_tree::GetSpacePageTree;
pub(super) use get_space_permissions::GetSpacePermissions;
pub(super) use list_page_templates::ListPageTemplates;
pub(super) use search::Search;
pub(super) use search_user::SearchUser;
pub(super) use set_page_restrictions::SetPageRestrictions;
