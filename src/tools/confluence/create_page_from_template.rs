//! Create a page from a template.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;

use super::template;
use crate::atlassian::Deployment;
use crate::atlassian::confluence::BodyFormat;
use crate::atlassian::confluence::NewPage;
use crate::atlassian::confluence::PageView;
use crate::atlassian::confluence::With;
use crate::audit::Permit;
use crate::ids::PageId;
use crate::ids::SpaceKey;
use crate::ids::TemplateId;
use crate::lookup::Target;
use crate::policy::Part;
use crate::policy::Product;
use crate::policy::ResourceKind;
use crate::policy::Write;
use crate::tools::Context;
use crate::tools::Output;
use crate::tools::Spec;
use crate::tools::Tool;
use crate::tools::ToolError;
use crate::tools::add;

/// The tool `confluence_create_page_from_template`.
#[derive(Debug)]
pub(crate) struct CreatePageFromTemplate;

/// Arguments of `confluence_create_page_from_template`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    space_key: SpaceKey,
    title: String,
    /// From `confluence_list_page_templates`.
    template_id: TemplateId,
    /// The page to go below.
    parent_id: Option<PageId>,
}

impl Tool for CreatePageFromTemplate {
    const SPEC: Spec = Spec {
        name: "confluence_create_page_from_template",
        product: Product::Confluence,
        toolset: "confluence_templates",
        core: false,
        description: "Create a Confluence page with the text of a template (Cloud). Fields of the template that \
                      wait for a value are named in the result; fill them with confluence_update_page.",
        destructive: false,
        cloud_only: false,
        resources: &[ResourceKind::Instance(Product::Confluence), ResourceKind::Space, ResourceKind::Page],
        long_text: &[],
        aliases: &[],
    };
    type Effect = Write;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        let parent = args.parent_id.clone().map(|id| Target::Page(id, With::Place));
        let template = Target::Part(Part::Template(args.template_id.clone()));
        [Target::Space(args.space_key.clone()), template].into_iter().chain(parent).collect()
    }

    fn check(args: &Args) -> Result<(), ToolError> {
        if args.title.trim().is_empty() {
            return Err(ToolError::Arguments("`title` is empty".to_owned()));
        }
        Ok(())
    }

    async fn run(args: Args, mut context: Context<'_>, permit: &Permit<Write>) -> Result<Output, ToolError> {
        let confluence = context.confluence()?;
        if confluence.deployment() == Deployment::DataCenter {
            return Err(ToolError::Arguments(
                "Confluence Data Center has no interface for templates; use confluence_create_page"
                    .to_owned(),
            ));
        }
        let brought = context.found.take_part(&Part::Template(args.template_id.clone()));
        let template = match brought {
            Some(template) => template,
            None => confluence.template(permit, &args.template_id).await?,
        };
        let body = template.pointer("/body/storage/value").and_then(Value::as_str);
        let Some(body) = body else {
            return Err(ToolError::Arguments(
                "`template_id`: the template has no text to make a page of".to_owned(),
            ));
        };
        let (body, unfilled) = template::page_of(body);
        let page = NewPage {
            title: args.title.trim().to_owned(),
            body,
            format: BodyFormat::Storage,
            parent: args.parent_id.clone(),
            properties: Vec::new(),
            is_live: false,
        };
        let space = (&args.space_key, context.found.take_space());
        let stored = confluence.create_page(permit, space, &page).await?;
        let shown = PageView::bare(&confluence).show(&stored);
        let mut value = json!({
            "id": shown.get("id"), "title": shown.get("title"), "url": shown.get("url"),
            "space_key": stored.pointer("/space/key"),
        });
        if !unfilled.is_empty() {
            add(&mut value, "fields_to_fill", unfilled);
        }
        Ok(Output::Object { actual: None, value })
    }
}
