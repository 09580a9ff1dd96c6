//! The tools for Jira.

mod add_comment;
mod add_worklog;
mod assign_issue;
mod batch_create_issues;
mod create_issue;
mod delete_issue;
mod edit_comment;
mod get_issue;
mod given;
mod link_to_epic;
mod search;
mod transition_issue;
mod update_issue;
mod written;

pub(super) use add_comment::AddComment;
pub(super) use add_worklog::AddWorklog;
pub(super) use assign_issue::AssignIssue;
pub(super) use batch_create_issues::BatchCreateIssues;
pub(super) use create_issue::CreateIssue;
pub(super) use delete_issue::DeleteIssue;
pub(super) use edit_comment::EditComment;
pub(super) use get_issue::GetIssue;
pub(super) use link_to_epic::LinkToEpic;
pub(super) use search::Search;
pub(super) use transition_issue::TransitionIssue;
pub(super) use update_issue::UpdateIssue;
