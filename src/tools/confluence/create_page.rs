//! Create a page.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;

use super::decorate;
use super::emoji;
use crate::atlassian::confluence::BodyFormat;
use crate::atlassian::confluence::ContentForm;
use crate::atlassian::confluence::NewPage;
use crate::atlassian::confluence::PageView;
use crate::atlassian::confluence::With;
use crate::audit::Permit;
use crate::ids::PageId;
use crate::ids::SpaceKey;
use crate::lookup::Target;
use crate::markup;
use crate::markup::Converted;
use crate::markup::Note;
use crate::policy::Product;
use crate::policy::ResourceKind;
use crate::policy::Write;
use crate::tools::Context;
use crate::tools::Output;
use crate::tools::Spec;
use crate::tools::Tool;
use crate::tools::ToolError;

/// The tool `confluence_create_page`.
#[derive(Debug)]
pub(crate) struct CreatePage;

/// Arguments of `confluence_create_page`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// Key of the space, for example DOCS.
    space_key: SpaceKey,
    /// Title; unique in the space.
    title: String,
    /// The page's text.
    content: Option<String>,
    /// Id of the page above it.
    parent_id: Option<PageId>,
    /// Format of content: markdown, wiki or storage.
    #[serde(default = "markdown")]
    content_format: String,
    /// Put an anchor before every heading.
    #[serde(default)]
    enable_heading_anchors: bool,
    /// Return the page's text too.
    #[serde(default)]
    include_content: bool,
    /// One emoji for the title.
    emoji: Option<String>,
    /// A file on the server to take the text from.
    content_file: Option<String>,
    /// full-width, max or default.
    page_width: Option<String>,
    /// Width of tables from Markdown: full-width, wide or default.
    table_layout: Option<String>,
    /// live for a live document, Cloud only.
    subtype: Option<String>,
}

fn markdown() -> String {
    "markdown".to_owned()
}

impl Tool for CreatePage {
    const SPEC: Spec = Spec {
        name: "confluence_create_page",
        product: Product::Confluence,
        toolset: "confluence_pages",
        core: true,
        description: "Create a Confluence page in a space, from Markdown, wiki markup or storage format, below a \
                      parent page if one is given. Returns the page as Confluence stored it.",
        destructive: false,
        cloud_only: false,
        resources: &[ResourceKind::Space, ResourceKind::Page],
        long_text: &["content"],
        aliases: &[],
    };
    type Effect = Write;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        let parent = args.parent_id.clone().map(|id| Target::Page(id, With::Place));
        [Target::Space(args.space_key.clone())].into_iter().chain(parent).collect()
    }

    fn check(args: &Args) -> Result<(), ToolError> {
        new_page(args).map(|_| ())
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Write>) -> Result<Output, ToolError> {
        let confluence = context.confluence()?;
        let (page, notes) = new_page(&args)?;
        let stored = if args.subtype.is_some() {
            if !confluence.has_live_pages() {
                return Err(ToolError::Arguments(
                    "live documents exist on Cloud only; leave `subtype` out".to_owned(),
                ));
            }
            confluence.create_live_page(permit, &args.space_key, &page).await?
        } else {
            confluence.create_page(permit, &args.space_key, &page).await?
        };
        let content = if args.include_content { ContentForm::Markdown } else { ContentForm::None };
        let emoji = args.emoji.as_deref().and_then(emoji::code_point);
        let view = PageView { content, emoji, ..PageView::bare(&confluence) };
        let mut value = json!({"message": "page created", "page": Value::Object(view.show(&stored))});
        if let (Value::Object(value), Some(failed)) = (&mut value, stored.get("propertiesNotSet")) {
            value.insert("properties_not_set".into(), failed.clone());
        }
        if let (Value::Object(value), false) = (&mut value, notes.is_empty()) {
            value.insert("notes".into(), json!(notes));
        }
        Ok(Output::Object { actual: None, value })
    }
}

/// The page, and what of its content had to be approximated.
fn new_page(args: &Args) -> Result<(NewPage, Vec<Note>), ToolError> {
    let wrong = |text: &str| Err(ToolError::Arguments(text.to_owned()));
    if args.title.trim().is_empty() {
        return wrong("`title` is empty");
    }
    if args.content_file.is_some() {
        return wrong(
            "`content_file` names a file on the server, which this server does not open; give `content`",
        );
    }
    let Some(content) = &args.content else { return wrong("`content` is required") };
    if !matches!(args.subtype.as_deref(), None | Some("live")) {
        return wrong("`subtype` must be `live` or left out");
    }
    let layout = args.table_layout.as_deref();
    if !matches!(layout, None | Some("full-width" | "wide" | "default")) {
        return wrong("`table_layout` must be full-width, wide or default");
    }
    let as_is = |content: &String| Converted { value: content.clone(), notes: Vec::new() };
    let (body, format) = match args.content_format.trim().to_ascii_lowercase().as_str() {
        "markdown" => (storage(content, args.enable_heading_anchors, layout), BodyFormat::Storage),
        "wiki" => (as_is(content), BodyFormat::Wiki),
        "storage" | "xhtml" => (as_is(content), BodyFormat::Storage),
        _ => return wrong("`content_format` must be markdown, wiki or storage"),
    };
    let properties = properties(args)?;
    if args.subtype.is_some() && !properties.is_empty() {
        return wrong("`emoji` and `page_width` cannot be given to a live document; leave them out");
    }
    let title = args.title.trim().to_owned();
    let parent = args.parent_id.clone();
    Ok((NewPage { title, body: body.value, format, parent, properties }, body.notes))
}

fn properties(args: &Args) -> Result<Vec<(&'static str, String)>, ToolError> {
    let mut properties = Vec::new();
    if let Some(emoji) = &args.emoji {
        let Some(code) = emoji::code_point(emoji) else {
            return Err(ToolError::Arguments("`emoji` must be one emoji".to_owned()));
        };
        properties.push(("emoji-title-published", code.clone()));
        properties.push(("emoji-title-draft", code));
    }
    match args.page_width.as_deref() {
        None => {}
        Some(width @ ("full-width" | "max" | "default")) => {
            properties.push(("content-appearance-published", width.to_owned()));
            properties.push(("content-appearance-draft", width.to_owned()));
        }
        Some(_) => {
            return Err(ToolError::Arguments("`page_width` must be full-width, max or default".to_owned()));
        }
    }
    Ok(properties)
}

fn storage(content: &str, anchors: bool, layout: Option<&str>) -> Converted<String> {
    let Converted { value: mut storage, notes } = markup::markdown_to_storage(content);
    if let Some(layout) = layout {
        storage = decorate::with_table_layout(&storage, layout);
    }
    if anchors {
        storage = decorate::with_anchors(&storage);
    }
    Converted { value: storage, notes }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(more: &serde_json::Value) -> Args {
        let mut given = json!({"space_key": "DOCS", "title": "T", "content": "x"});
        if let (Some(given), Some(more)) = (given.as_object_mut(), more.as_object()) {
            given.extend(more.clone());
        }
        serde_json::from_value(given).unwrap()
    }

    #[test]
    fn a_page_that_makes_no_sense_is_refused_before_anything_is_asked() {
        let table = [
            (json!({}), None),
            (json!({"title": "  "}), Some("`title` is empty")),
            (json!({"content": null}), Some("`content` is required")),
            (json!({"content_file": "/etc/passwd"}), Some("does not open")),
            (json!({"content_format": "html"}), Some("`content_format`")),
            (json!({"page_width": "wide"}), Some("`page_width`")),
            (json!({"emoji": "smile"}), Some("`emoji`")),
            (json!({"subtype": "blog"}), Some("`subtype`")),
            (json!({"subtype": "live"}), None),
            (json!({"subtype": "live", "emoji": "🚀"}), Some("live document")),
        ];
        for (more, wanted) in table {
            let problem = CreatePage::check(&args(&more)).err().map(|error| error.to_string());
            match wanted {
                None => assert_eq!(problem, None, "{more}"),
                Some(wanted) => {
                    assert!(problem.as_deref().unwrap_or_default().contains(wanted), "{more}: {problem:?}");
                }
            }
        }
    }
}
