//! Read one page.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;

use crate::atlassian::confluence::ContentForm;
use crate::atlassian::confluence::Details;
use crate::atlassian::confluence::PageView;
use crate::atlassian::confluence::With;
use crate::audit::Permit;
use crate::ids::PageId;
use crate::ids::SpaceKey;
use crate::lookup;
use crate::lookup::Target;
use crate::policy::Product;
use crate::policy::Read;
use crate::policy::Resource;
use crate::policy::ResourceKind;
use crate::tools::Context;
use crate::tools::Output;
use crate::tools::Spec;
use crate::tools::Tool;
use crate::tools::ToolError;

/// The tool `confluence_get_page`.
#[derive(Debug)]
pub(crate) struct GetPage;

/// Arguments of `confluence_get_page`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// Page id, the number in the page's URL. Or give `title` and `space_key`.
    page_id: Option<PageId>,
    /// Exact title; needs `space_key`.
    title: Option<String>,
    /// Key of the space the title is in.
    space_key: Option<SpaceKey>,
    /// Return author, version, links and attachments too.
    #[serde(default = "yes")]
    include_metadata: bool,
    /// Markdown; false for Confluence's storage format, byte for byte.
    #[serde(default = "yes")]
    convert_to_markdown: bool,
}

fn yes() -> bool {
    true
}

impl Tool for GetPage {
    const SPEC: Spec = Spec {
        name: "confluence_get_page",
        product: Product::Confluence,
        toolset: "confluence_pages",
        core: true,
        description: "Read one Confluence page by its id, or by title and space: content as Markdown or as stored, \
                      with author, version, ancestors and attachments. Use confluence_search when neither is known.",
        destructive: false,
        cloud_only: false,
        resources: &[ResourceKind::Page],
        long_text: &[],
        aliases: &[],
    };
    type Effect = Read;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        match (&args.page_id, &args.title, &args.space_key) {
            (Some(id), ..) => vec![Target::Page(id.clone(), With::Body)],
            (None, Some(title), Some(space)) => vec![Target::PageTitled(space.clone(), title.clone())],
            // Nothing to decide on: the call is refused when its arguments are checked.
            _ => Vec::new(),
        }
    }

    fn check(args: &Args) -> Result<(), ToolError> {
        match (&args.page_id, &args.title, &args.space_key) {
            (Some(_), ..) | (None, Some(_), Some(_)) => Ok(()),
            _ => Err(ToolError::Arguments("give `page_id`, or both `title` and `space_key`".to_owned())),
        }
    }

    async fn run(args: Args, mut context: Context<'_>, permit: &Permit<Read>) -> Result<Output, ToolError> {
        let confluence = context.confluence()?;
        let mut page = find(&args, &mut context, permit).await?;
        let content = if args.convert_to_markdown { ContentForm::Markdown } else { ContentForm::Storage };
        let details = if args.include_metadata { Details::All } else { Details::Content };
        let place = lookup::page_place(&page);
        let view = match &place {
            Some(Resource::Page { id, .. }) => {
                confluence.around(permit, id, &mut page, (content, details)).await
            }
            _ => PageView { content, ..PageView::bare(&confluence) },
        };
        let value = if args.include_metadata {
            json!({"metadata": view.show(&page)})
        } else {
            let content = view.content(&page).unwrap_or_default();
            json!({"content": {"value": content.get("value")}})
        };
        Ok(Output::Object { actual: place, value })
    }
}

/// The page a look-up brought, or one asked for now. A title has always been looked up: the permit names its page.
async fn find(args: &Args, context: &mut Context<'_>, permit: &Permit<Read>) -> Result<Value, ToolError> {
    let confluence = context.confluence()?;
    let id = context.found.titled.clone().or_else(|| args.page_id.clone()).ok_or(ToolError::Absent)?;
    match context.found.take_page(&id) {
        Some(page) => Ok(page),
        None => Ok(confluence.page(permit, &id).await?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_named_by_id_or_by_title_and_space() {
        let table = [
            (json!({"page_id": "1"}), true),
            (json!({"title": "Runbook", "space_key": "docs"}), true),
            (json!({"title": "Runbook"}), false),
            (json!({"space_key": "DOCS"}), false),
            (json!({}), false),
        ];
        for (given, wanted) in table {
            let args: Args = serde_json::from_value(given.clone()).unwrap();
            assert_eq!(GetPage::check(&args).is_ok(), wanted, "{given}");
            assert_eq!(GetPage::targets(&args).len(), usize::from(wanted), "{given}");
        }
    }
}
