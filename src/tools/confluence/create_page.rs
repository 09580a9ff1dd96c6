//! Create a page.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use super::given;
use super::given::Rendering;
use super::present;
use super::present::Outcome;
use crate::atlassian::confluence::Feature;
use crate::atlassian::confluence::Looks;
use crate::atlassian::confluence::NewPage;
use crate::atlassian::confluence::With;
use crate::audit::Permit;
use crate::ids::PageId;
use crate::ids::SpaceKey;
use crate::lookup::Target;
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
    /// The page's text; may be empty.
    #[schemars(length(min = 0))]
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

pub(super) fn markdown() -> String {
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
        if args.title.trim().is_empty() {
            return wrong("`title` is empty");
        }
        if args.content.is_none() && args.content_file.is_none() {
            return wrong("`content` is required");
        }
        given::check_one(args.content.as_deref(), args.content_file.as_deref())?;
        if !matches!(args.subtype.as_deref(), None | Some("live")) {
            return wrong("`subtype` must be `live` or left out");
        }
        new_page(args, String::new()).map(|_| ())
    }

    async fn run(args: Args, mut context: Context<'_>, permit: &Permit<Write>) -> Result<Output, ToolError> {
        let confluence = context.confluence()?;
        if args.subtype.is_some() && !confluence.has(Feature::LivePages) {
            return wrong("live documents exist on Cloud only; leave `subtype` out");
        }
        let root = context.options.attachment_directory.as_deref();
        let content = given::content(args.content.clone(), args.content_file.clone(), root).await?;
        let body = rendering(&args)?.body(&content.unwrap_or_default());
        let page = new_page(&args, body.value)?;
        let space = (&args.space_key, context.found.take_space());
        let stored = confluence.create_page(permit, space, &page).await?;
        let mut outcome = Outcome::new("The page was created.");
        outcome.notes(&body.notes);
        if let Some(failed) = stored.get("propertiesNotSet") {
            outcome.say("properties_not_set", failed.clone());
        }
        let content = present::content_form(args.include_content);
        let is_set = stored.get("propertiesNotSet").is_none();
        let looks = if is_set { Looks::set_by(&page.properties) } else { Looks::default() };
        Ok(outcome.with_new_page(&confluence, permit, (stored, looks), content).await)
    }
}

fn rendering(args: &Args) -> Result<Rendering<'_>, ToolError> {
    Rendering::of(&args.content_format, args.enable_heading_anchors, args.table_layout.as_deref())
}

fn new_page(args: &Args, body: String) -> Result<NewPage, ToolError> {
    Ok(NewPage {
        title: args.title.trim().to_owned(),
        body,
        format: rendering(args)?.format(),
        parent: args.parent_id.clone(),
        properties: given::properties(args.emoji.as_deref(), args.page_width.as_deref())?,
        is_live: args.subtype.is_some(),
    })
}

fn wrong<T>(text: &str) -> Result<T, ToolError> {
    Err(ToolError::Arguments(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

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
            (json!({"content": ""}), None),
            (json!({"content": " "}), None),
            (json!({"content_file": "page.md"}), Some("not both")),
            (json!({"content_format": "html"}), Some("`content_format`")),
            (json!({"page_width": "wide"}), Some("`page_width`")),
            (json!({"emoji": "smile"}), Some("`emoji`")),
            (json!({"subtype": "blog"}), Some("`subtype`")),
            (json!({"subtype": "live"}), None),
            (json!({"subtype": "live", "emoji": "🚀"}), None),
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
