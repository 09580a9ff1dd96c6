//! The tools for Jira.

mod add_comment;
mod get_issue;
mod search;

pub(super) use add_comment::AddComment;
pub(super) use get_issue::GetIssue;
pub(super) use search::Search;
