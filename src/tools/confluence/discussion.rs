//! What the tools for comments share.

use serde_json::Value;
use serde_json::json;

use crate::atlassian::confluence::Comments;
use crate::atlassian::confluence::Confluence;
use crate::atlassian::confluence::Kind;
use crate::atlassian::conversion;
use crate::audit::Permit;
use crate::ids::PageId;
use crate::markup::Converted;
use crate::markup::Note;
use crate::net::UpstreamError;
use crate::policy::Read;
use crate::policy::Write;
use crate::tools::Output;
use crate::tools::ToolError;
use crate::tools::add;

/// The comments of these kinds on a page, as they are shown, and what to do where they are not all.
pub(super) async fn all(
    confluence: &Confluence<'_>,
    permit: &Permit<Read>,
    page: &PageId,
    kinds: &[Kind],
) -> Result<(Vec<Value>, Option<String>), UpstreamError> {
    let Comments { list, complete } = confluence.comments(permit, page, kinds).await?;
    let view = confluence.comment_view(permit, Some(page), &list).await;
    let shown = list.iter().map(|comment| view.show(comment)).collect();
    let next = "there are more comments or replies than one call reads; the page shows them all";
    Ok((shown, (!complete).then(|| next.to_owned())))
}

/// The text of a comment in storage format.
pub(super) fn body(text: &str) -> Result<Converted<String>, ToolError> {
    if text.trim().is_empty() {
        return Err(ToolError::Arguments("`body` is empty; write what the comment should say".to_owned()));
    }
    Ok(conversion::written_to_storage(text))
}

/// A comment that was written, and what had to be approximated in it.
pub(super) async fn written(
    confluence: &Confluence<'_>,
    permit: &Permit<Write>,
    comment: Value,
    (message, notes): (String, Vec<Note>),
) -> Output {
    let list = [comment];
    let view = confluence.comment_view(permit, None, &list).await;
    let shown: Vec<Value> = list.iter().map(|comment| view.show(comment)).collect();
    let mut value = json!({"success": true, "message": message, "comment": shown.first()});
    if !notes.is_empty() {
        add(&mut value, "notes", json!(notes));
    }
    Output::Object { actual: None, value }
}
