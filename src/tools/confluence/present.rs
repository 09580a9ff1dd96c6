//! A page before and after it is written: what there was, and the result.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::atlassian::confluence::Confluence;
use crate::atlassian::confluence::ContentForm;
use crate::atlassian::confluence::Details;
use crate::atlassian::confluence::Looks;
use crate::atlassian::confluence::PageEdit;
use crate::atlassian::confluence::PageKind;
use crate::audit::Permit;
use crate::ids::PageId;
use crate::lookup;
use crate::markup::Note;
use crate::net::UpstreamError;
use crate::policy::Resource;
use crate::policy::Write;
use crate::tools::Context;
use crate::tools::Output;
use crate::tools::ToolError;

/// What is said of a minor edit on Cloud.
pub(super) const NOT_MINOR: &str =
    "Confluence Cloud has no minor edits in its interface: those who watch the page are notified";

/// A page as it was read, just before it is written.
#[derive(Debug)]
pub(super) struct Current {
    pub(super) page: Value,
    pub(super) kind: PageKind,
    pub(super) number: u64,
}

impl Current {
    /// The page that a look-up brought, or one asked for now. Data Center finds comments and files by the same
    /// numbers; neither is a page.
    pub(super) async fn read(
        context: &mut Context<'_>,
        permit: &Permit<Write>,
        id: &PageId,
    ) -> Result<Self, ToolError> {
        let page = match context.found.take_page(id) {
            Some(page) => page,
            None => context.confluence()?.page(permit, id).await?,
        };
        let Some(kind) = PageKind::of(&page) else {
            return Err(ToolError::Arguments(format!("{id} is neither a page nor a blog post")));
        };
        not_draft(id, &page)?;
        let number = page.pointer("/version/number").and_then(Value::as_u64);
        let number =
            number.ok_or_else(|| ToolError::Arguments(format!("page {id} has no version to change")))?;
        Ok(Self { page, kind, number })
    }

    pub(super) fn title(&self) -> &str {
        self.page.get("title").and_then(Value::as_str).unwrap_or_default()
    }

    /// The body, byte for byte; none where Confluence did not give it.
    pub(super) fn storage(&self) -> Result<&str, ToolError> {
        let storage = self.page.pointer("/body/storage/value").and_then(Value::as_str);
        storage.ok_or_else(|| {
            ToolError::Arguments(
                "Confluence did not give the page's text, so it cannot be kept; nothing was written"
                    .to_owned(),
            )
        })
    }

    /// The text as it is shown to who reads the page as Markdown, names of people and all.
    pub(super) async fn markdown(
        &mut self,
        confluence: &Confluence<'_>,
        permit: &Permit<Write>,
        id: &PageId,
    ) -> String {
        let shown = (ContentForm::Markdown, Details::Content);
        let view = confluence.around(permit, id, &mut self.page, shown).await;
        let content = view.content(&self.page);
        let text = content.as_ref().and_then(|content| content.get("value")?.as_str());
        text.unwrap_or_default().to_owned()
    }

    /// Refuses to go on from a version that is no longer the current one.
    pub(super) async fn check_base(
        &self,
        confluence: &Confluence<'_>,
        permit: &Permit<Write>,
        base: Option<u64>,
    ) -> Result<(), ToolError> {
        match base {
            Some(base) if base != self.number => {
                let now = confluence.version_said(permit, &self.page).await;
                Err(ToolError::Arguments(format!(
                    "`base_version` is {base}, but the page is {now}. Nothing was written: read the page again and \
                     make the change there"
                )))
            }
            _ => Ok(()),
        }
    }
}

/// Refuses to change what was never published: Confluence would publish it, or throw it away for good.
pub(super) fn not_draft(id: &PageId, page: &Value) -> Result<(), ToolError> {
    if page.get("status").and_then(Value::as_str) != Some("draft") {
        return Ok(());
    }
    Err(ToolError::Arguments(format!(
        "{id} is a draft, which was never published; nothing was changed. Publish or discard it in Confluence"
    )))
}

/// Changes a page; if somebody else did so meanwhile, the error says who and when.
pub(super) async fn edit(
    confluence: &Confluence<'_>,
    permit: &Permit<Write>,
    id: &PageId,
    edit: &PageEdit<'_>,
) -> Result<(), ToolError> {
    match confluence.edit_page(permit, id, edit).await {
        Ok(_) => Ok(()),
        Err(error) if error.status() == Some(409) => {
            Err(confluence.conflict(permit, id, edit.number, error).await.into())
        }
        Err(error) => Err(error.into()),
    }
}

/// The result of a tool that wrote a page.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) said: Map<String, Value>,
}

impl Outcome {
    pub(super) fn new(message: impl Into<Value>) -> Self {
        Self { said: Map::from_iter([("message".to_owned(), message.into())]) }
    }

    /// Says something more.
    pub(super) fn say(&mut self, key: &str, value: impl Into<Value>) {
        self.said.insert(key.to_owned(), value.into());
    }

    /// What had to be approximated.
    pub(super) fn notes(&mut self, notes: &[Note]) {
        if !notes.is_empty() {
            self.say("notes", json!(notes));
        }
    }

    /// What the page held and no longer holds.
    pub(super) fn removed(&mut self, removed: &[String]) {
        if !removed.is_empty() {
            self.say("removed", json!(removed));
        }
    }

    /// What could not be set of how the page looks.
    pub(super) fn not_set(&mut self, failed: &[(&'static str, UpstreamError)]) {
        if !failed.is_empty() {
            let failed = failed.iter().map(|(key, error)| json!({"key": key, "error": error.to_string()}));
            self.say("properties_not_set", failed.collect::<Vec<_>>());
        }
    }

    /// Reads the page anew and shows it. It was written in any case: one that cannot be read is told by its id, with
    /// the reason.
    pub(super) async fn with_page_read(
        self,
        confluence: &Confluence<'_>,
        permit: &Permit<Write>,
        id: &PageId,
        content: ContentForm,
    ) -> Output {
        match confluence.page(permit, id).await {
            Ok(page) => self.with_page(confluence, permit, page, content).await,
            Err(error) => {
                let page = json!({"id": id.as_str(), "not_read": error.to_string()});
                self.finished(page)
            }
        }
    }

    /// Shows a page as Confluence gave it.
    pub(super) async fn with_page(
        self,
        confluence: &Confluence<'_>,
        permit: &Permit<Write>,
        page: Value,
        content: ContentForm,
    ) -> Output {
        self.with_new_page(confluence, permit, (page, Looks::default()), content).await
    }

    /// Shows a page that was just created, with the looks that were set: they are not asked for once more.
    pub(super) async fn with_new_page(
        self,
        confluence: &Confluence<'_>,
        permit: &Permit<Write>,
        (mut page, looks): (Value, Looks),
        content: ContentForm,
    ) -> Output {
        let Some(Resource::Page { id, .. }) = lookup::page_place(&page) else {
            return self.finished(json!({"id": page.get("id")}));
        };
        let mut view = confluence.around(permit, &id, &mut page, (content, Details::All)).await;
        view.looks.emoji = view.looks.emoji.or(looks.emoji);
        view.looks.width = view.looks.width.or(looks.width);
        let shown = Value::Object(view.show(&page));
        self.finished(shown)
    }

    fn finished(mut self, page: Value) -> Output {
        let message = self.said.remove_entry("message");
        let value = message.into_iter().chain([("page".to_owned(), page)]).chain(self.said).collect();
        Output::Object { actual: None, value: Value::Object(value) }
    }
}

/// How the text is shown in a result.
pub(super) fn content_form(include_content: bool) -> ContentForm {
    if include_content { ContentForm::Markdown } else { ContentForm::None }
}
