//! What the tools for attachments share.

use serde_json::Map;
use serde_json::Value;

use crate::atlassian::Attachment;
use crate::atlassian::confluence::Confluence;
use crate::atlassian::confluence::Said;
use crate::audit::Permit;
use crate::ids::PageId;
use crate::net::File;
use crate::policy::Read;
use crate::policy::Write;
use crate::tools::ToolError;
use crate::tools::files;
use crate::tools::files::Fetched;
use crate::tools::uploads;

/// The files of a page, and whether they are all.
pub(super) struct Attached {
    pub(super) files: Vec<Attachment>,
    pub(super) complete: bool,
}

/// The files of a page as Confluence lists them.
pub(super) async fn all(
    confluence: &Confluence<'_>,
    permit: &Permit<Read>,
    page: &PageId,
) -> Result<Attached, ToolError> {
    let listed = confluence.attachments_to_read(permit, page).await?;
    let files = listed.items.iter().map(Attachment::of_content).collect::<Result<_, _>>()?;
    Ok(Attached { files, complete: listed.complete })
}

/// Reads what is in files of a page.
pub(super) async fn fetch(
    confluence: &Confluence<'_>,
    permit: &Permit<Read>,
    page: &PageId,
    attachments: Vec<Attachment>,
) -> Result<Fetched, ToolError> {
    let download = async |attachment: Attachment| {
        let answer = confluence.download(permit, page, &attachment).await;
        (attachment, answer)
    };
    files::fetch(attachments, download).await
}

/// Attaches a file, and says what became of it.
pub(super) async fn attach(
    confluence: &Confluence<'_>,
    permit: &Permit<Write>,
    page: &PageId,
    file: File,
    said: &Said,
) -> Result<Map<String, Value>, ToolError> {
    let file = uploads::typed(file);
    let (name, size) = (file.name.clone(), file.bytes.len());
    let stored = confluence.attach(permit, page, file, said).await?;
    let mut shown = Map::new();
    shown.insert("filename".into(), name.into());
    shown.insert("size".into(), size.into());
    shown.insert("id".into(), stored.get("id").cloned().into());
    // More than 1: there was a file of that name.
    if let Some(version) = stored.pointer("/version/number") {
        shown.insert("version".into(), version.clone());
    }
    Ok(shown)
}

/// The name of a file that was attached.
pub(super) fn name(attachment: &Map<String, Value>) -> &str {
    attachment.get("filename").and_then(Value::as_str).unwrap_or_default()
}
