//! Read one template.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use super::list_page_templates::no_templates;
use super::list_page_templates::shown;
use crate::atlassian::confluence::Feature;
use crate::atlassian::conversion;
use crate::audit::Permit;
use crate::ids::TemplateId;
use crate::lookup::Target;
use crate::markup::Detail;
use crate::policy::Part;
use crate::policy::Product;
use crate::policy::Read;
use crate::policy::ResourceKind;
use crate::tools::Context;
use crate::tools::Output;
use crate::tools::Spec;
use crate::tools::Tool;
use crate::tools::ToolError;
use crate::tools::add;

/// The tool `confluence_get_page_template`.
#[derive(Debug)]
pub(crate) struct GetPageTemplate;

/// Arguments of `confluence_get_page_template`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// One that `confluence_list_page_templates` lists.
    template_id: TemplateId,
}

impl Tool for GetPageTemplate {
    const SPEC: Spec = Spec {
        name: "confluence_get_page_template",
        product: Product::Confluence,
        toolset: "confluence_templates",
        core: false,
        description: "Read one Confluence page template: its text in storage format and as Markdown. Cloud only.",
        destructive: false,
        cloud_only: false,
        resources: &[ResourceKind::Instance(Product::Confluence), ResourceKind::Space],
        long_text: &[],
        aliases: &[],
    };
    type Effect = Read;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        vec![Target::Part(Part::Template(args.template_id.clone()))]
    }

    async fn run(args: Args, mut context: Context<'_>, permit: &Permit<Read>) -> Result<Output, ToolError> {
        let confluence = context.confluence()?;
        if !confluence.has(Feature::Templates) {
            return Err(no_templates());
        }
        let template = match context.found.take_part(&Part::Template(args.template_id.clone())) {
            Some(template) => template,
            None => confluence.template(permit, &args.template_id).await?,
        };
        let mut value = shown(&template);
        if let Some(body) = template.pointer("/body/storage/value").and_then(Value::as_str) {
            add(&mut value, "body", body);
            add(&mut value, "markdown", conversion::storage_to_markdown(body, Detail::All).value);
        }
        Ok(Output::Object { actual: None, value })
    }
}
