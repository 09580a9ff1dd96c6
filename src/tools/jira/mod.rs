//! The tools for Jira.

mod add_comment;
mod get_issue;
mod search;

pub(super) use add_comment::AddComment;
pub(super) use get_issue::GetIssue;
pub(super) use search::Search;

/// Splits a comma-separated argument.
fn words(text: Option<&str>) -> Vec<String> {
    let words = text.unwrap_or_default().split(',').map(str::trim).filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}
