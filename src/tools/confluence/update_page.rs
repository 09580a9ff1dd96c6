//! Change a page.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use super::given;
use super::given::Rendering;
use super::given::Written as Format;
use super::kept;
use super::present;
use super::present::Current;
use super::present::Outcome;
use crate::atlassian::confluence::BodyFormat;
use crate::atlassian::confluence::Feature;
use crate::atlassian::confluence::PageEdit;
use crate::atlassian::confluence::With;
use crate::atlassian::confluence::Written;
use crate::audit::Permit;
use crate::ids::PageId;
use crate::lookup::Target;
use crate::policy::Product;
use crate::policy::ResourceKind;
use crate::policy::Write;
use crate::tools::Context;
use crate::tools::Output;
use crate::tools::Spec;
use crate::tools::Tool;
use crate::tools::ToolError;

/// The tool `confluence_update_page`.
#[derive(Debug)]
pub(crate) struct UpdatePage;

/// Arguments of `confluence_update_page`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    page_id: PageId,
    title: String,
    /// The whole new text, may be empty; without, it stays.
    #[schemars(length(min = 0))]
    content: Option<String>,
    /// Do not notify watchers (Data Center).
    #[serde(default)]
    is_minor_edit: bool,
    /// For the page's history.
    version_comment: Option<String>,
    /// Move below this page too.
    parent_id: Option<PageId>,
    /// markdown, wiki or storage.
    #[serde(default = "super::create_page::markdown")]
    content_format: String,
    /// Anchors at headings.
    #[serde(default)]
    enable_heading_anchors: bool,
    /// Return the text too.
    #[serde(default)]
    include_content: bool,
    /// Emoji of the title; empty removes it.
    #[schemars(length(min = 0))]
    emoji: Option<String>,
    /// File on the server with the text.
    content_file: Option<String>,
    /// full-width, max or default.
    page_width: Option<String>,
    /// Tables from Markdown: full-width, wide or default.
    table_layout: Option<String>,
    /// The version you read; the update is refused if there is a newer one.
    base_version: Option<u64>,
}

impl Tool for UpdatePage {
    const SPEC: Spec = Spec {
        name: "confluence_update_page",
        product: Product::Confluence,
        toolset: "confluence_pages",
        core: true,
        description: "Replace the text and title of a Confluence page or blog post. Read it first and send all of \
                      it back, macros and comments too; what is not given stays. For a part of a page use \
                      confluence_update_page_section.",
        destructive: true,
        cloud_only: false,
        resources: &[ResourceKind::Page],
        long_text: &["content"],
        aliases: &[],
    };
    type Effect = Write;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        let parent = args.parent_id.clone().map(|id| Target::Page(id, With::Place));
        [Target::Page(args.page_id.clone(), With::Body)].into_iter().chain(parent).collect()
    }

    fn check(args: &Args) -> Result<(), ToolError> {
        if args.title.trim().is_empty() {
            return Err(ToolError::Arguments("`title` is empty".to_owned()));
        }
        if args.parent_id.as_ref() == Some(&args.page_id) {
            return Err(ToolError::Arguments("`parent_id` is the page itself".to_owned()));
        }
        given::check_one(args.content.as_deref(), args.content_file.as_deref())?;
        given::properties(args.emoji.as_deref(), args.page_width.as_deref())?;
        rendering(args).map(|_| ())
    }

    async fn run(args: Args, mut context: Context<'_>, permit: &Permit<Write>) -> Result<Output, ToolError> {
        let confluence = context.confluence()?;
        let changes = given::properties(args.emoji.as_deref(), args.page_width.as_deref())?;
        let root = context.options.attachment_directory.as_deref();
        let content = given::content(args.content.clone(), args.content_file.clone(), root).await?;
        let mut current = Current::read(&mut context, permit, &args.page_id).await?;
        current.check_base(&confluence, permit, args.base_version).await?;
        let mut outcome = Outcome::new(format!("Page {} was updated.", args.page_id));
        let shown = match Format::parse(&args.content_format)? {
            Format::Markdown if content.is_some() => {
                current.markdown(&confluence, permit, &args.page_id).await
            }
            _ => String::new(),
        };
        let (body, format) = body(&args, (&current, &shown), content, &mut outcome)?;
        let edit = PageEdit {
            kind: current.kind,
            title: args.title.trim(),
            body: &body,
            format,
            parent: args.parent_id.as_ref(),
            number: current.number,
            minor: args.is_minor_edit,
            message: args.version_comment.as_deref(),
        };
        present::edit(&confluence, permit, &args.page_id, &edit).await?;
        if args.is_minor_edit && !confluence.has(Feature::MinorEdits) {
            outcome.say("not_minor", present::NOT_MINOR);
        }
        let page = Written::permitted(permit, &args.page_id, current.kind)?;
        let failed = confluence.change_properties(permit, page, &changes).await;
        outcome.not_set(&failed);
        let content = present::content_form(args.include_content);
        Ok(outcome.with_page_read(&confluence, permit, &args.page_id, content).await)
    }
}

fn rendering(args: &Args) -> Result<Rendering<'_>, ToolError> {
    Rendering::of(&args.content_format, args.enable_heading_anchors, args.table_layout.as_deref())
}

/// The new text; without one, the old byte for byte.
fn body(
    args: &Args,
    (current, shown): (&Current, &str),
    content: Option<String>,
    outcome: &mut Outcome,
) -> Result<(String, BodyFormat), ToolError> {
    let Some(content) = content else { return Ok((current.storage()?.to_owned(), BodyFormat::Storage)) };
    // Whoever wants no text at all wants none of what Markdown does not show either.
    if content.trim().is_empty() {
        outcome.removed(&kept::removed(current.storage()?, ""));
        return Ok((String::new(), BodyFormat::Storage));
    }
    let rendering = rendering(args)?;
    let new = rendering.body(&content);
    outcome.notes(&new.notes);
    match rendering.taken(&content) {
        Format::Markdown => {
            let kept = kept::update(current.storage()?, shown, &new.value)?;
            outcome.removed(&kept.removed);
            Ok((kept.storage, rendering.format()))
        }
        Format::Storage => {
            outcome.removed(&kept::removed(current.storage()?, &new.value));
            Ok((new.value, rendering.format()))
        }
        Format::Wiki => Ok((new.value, rendering.format())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn everything_is_checked_before_anything_is_asked() {
        let table = [
            (json!({}), None),
            (json!({"emoji": ""}), None),
            (json!({"title": " "}), Some("`title` is empty")),
            (json!({"parent_id": "1"}), Some("`parent_id` is the page itself")),
            (json!({"content_file": "a.md"}), Some("not both")),
            (json!({"content_file": "a.md", "content": ""}), None),
            (json!({"content_format": "html"}), Some("`content_format`")),
            (json!({"page_width": "bogus"}), Some("`page_width`")),
            (json!({"emoji": "smile"}), Some("`emoji`")),
            (json!({"table_layout": "narrow"}), Some("`table_layout`")),
        ];
        for (more, wanted) in table {
            let mut given = json!({"page_id": "1", "title": "T", "content": "x"});
            given.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let problem = UpdatePage::check(&serde_json::from_value(given).unwrap()).err();
            let problem = problem.map(|error| error.to_string());
            match wanted {
                None => assert_eq!(problem, None, "{more}"),
                Some(wanted) => assert!(problem.unwrap_or_default().contains(wanted), "{more}"),
            }
        }
    }

    #[test]
    fn an_empty_emoji_is_one_to_remove_and_an_empty_text_one_to_write() {
        let tool = crate::tools::find("confluence_update_page").unwrap();
        let arguments = json!({"page_id": "1", "title": "T", "emoji": "", "content": ""});
        let decoded = tool.decode(arguments.as_object().unwrap().clone()).unwrap();
        assert_eq!(decoded.arguments().get("emoji"), Some(&json!("")));
        assert_eq!(decoded.arguments().get("content"), Some(&json!("")));
    }
}
