//! What a page keeps when it is written, and what it would lose.

use crate::atlassian::conversion;
use crate::markup;
use crate::tools::ToolError;

/// A page as it is to be written, and what is no longer in it.
#[derive(Debug)]
pub(super) struct Update {
    pub(super) storage: String,
    pub(super) removed: Vec<String>,
}

/// The page with the changes that a caller made to its Markdown. What they did not change stays byte for byte; where
/// something would go that they were not shown, nothing is written.
pub(super) fn update(page: &str, shown: &str, new: &str) -> Result<Update, ToolError> {
    let shown = conversion::markdown_to_storage(shown).value;
    let kept = conversion::apart(page.len() + new.len(), || markup::keep(page, &shown, new));
    if !kept.lost.is_empty() {
        return Err(ToolError::Arguments(format!(
            "nothing was written: Markdown does not carry all of what this page holds, and this would be lost: {}. \
             Read the page with convert_to_markdown false and send it with content_format storage, or change a \
             section of it with confluence_update_page_section",
            kept.lost.join(", ")
        )));
    }
    let mut removed = removed(page, &kept.storage);
    removed.extend(kept.gone);
    Ok(Update { storage: kept.storage, removed })
}

/// What a page held and no longer holds.
pub(super) fn removed(before: &str, after: &str) -> Vec<String> {
    conversion::apart(before.len() + after.len(), || {
        markup::missing(&markup::holdings(before), &markup::holdings(after))
    })
}
