//! The templates that pages can be made from.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::atlassian::confluence::Feature;
use crate::audit::Permit;
use crate::ids::SpaceKey;
use crate::ids::TemplateId;
use crate::lookup::Target;
use crate::policy::Part;
use crate::policy::Product;
use crate::policy::Read;
use crate::policy::Resource;
use crate::policy::ResourceKind;
use crate::tools::Context;
use crate::tools::Item;
use crate::tools::Output;
use crate::tools::Spec;
use crate::tools::Tool;
use crate::tools::ToolError;

/// The tool `confluence_list_page_templates`.
#[derive(Debug)]
pub(crate) struct ListPageTemplates;

/// Arguments of `confluence_list_page_templates`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// Those of this space; without, those of the whole site.
    space_key: Option<SpaceKey>,
    /// How many at most.
    #[serde(default = "twenty_five")]
    #[schemars(range(min = 1, max = 200))]
    limit: u64,
}

fn twenty_five() -> u64 {
    25
}

/// What a server without an interface for templates answers.
pub(super) fn no_templates() -> ToolError {
    ToolError::Arguments(
        "Confluence Data Center has no REST interface for templates; only Cloud has one".to_owned(),
    )
}

impl Tool for ListPageTemplates {
    const SPEC: Spec = Spec {
        name: "confluence_list_page_templates",
        product: Product::Confluence,
        toolset: "confluence_templates",
        core: false,
        description: "List the page templates of a Confluence space or of the site: ids for confluence_get_page_template and confluence_create_page_from_template. Cloud only.",
        destructive: false,
        cloud_only: false,
        resources: &[ResourceKind::Instance(Product::Confluence), ResourceKind::Space],
        long_text: &[],
        aliases: &[],
    };
    type Effect = Read;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        vec![args.space_key.clone().map_or(Target::Instance(Product::Confluence), Target::Space)]
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Read>) -> Result<Output, ToolError> {
        let confluence = context.confluence()?;
        if !confluence.has(Feature::Templates) {
            return Err(no_templates());
        }
        let found = confluence.templates(permit, args.space_key.as_ref(), args.limit).await?;
        let items = found.items.iter().map(|template| item(template, args.space_key.as_ref())).collect();
        let mut envelope = Map::new();
        envelope.insert("complete".into(), found.complete.into());
        if !found.complete {
            let next = if args.limit < 200 { "raise limit (at most 200)" } else { "name a space" };
            envelope.insert("next".into(), next.into());
        }
        Ok(Output::Derived { items, envelope, derive: listed })
    }
}

/// A template, decided on by the space it says it is in, or the one that was asked for.
fn item(template: &Value, asked: Option<&SpaceKey>) -> Item {
    let told = template.pointer("/space/key").and_then(Value::as_str);
    let place = match told {
        Some(key) => SpaceKey::parse(key).ok().map(Resource::Space),
        None => Some(asked.cloned().map_or(Resource::Instance(Product::Confluence), Resource::Space)),
    };
    let id = template.get("templateId").and_then(Value::as_str).and_then(|id| TemplateId::parse(id).ok());
    let resource = id.zip(place).map(|(id, place)| Resource::part(Part::Template(id), place));
    Item { resources: resource.into_iter().collect(), value: shown(template) }
}

/// A template without its body.
pub(super) fn shown(template: &Value) -> Value {
    json!({
        "templateId": template.get("templateId"),
        "name": template.get("name"),
        "templateType": template.get("templateType"),
        "description": template.get("description"),
    })
}

fn listed(templates: Vec<Value>, envelope: &mut Map<String, Value>) {
    envelope.insert("total".into(), templates.len().into());
    envelope.insert("templates".into(), templates.into());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_lies_in_its_own_space() {
        let asked = SpaceKey::parse("DOCS").unwrap();
        let table = [
            (json!({"templateId": "1", "space": {"key": "SECRETS"}}), Some(&asked), Some("SECRETS")),
            (json!({"templateId": "1"}), Some(&asked), Some("DOCS")),
            (json!({"templateId": "1"}), None, Some("default")),
            (json!({"templateId": "1", "space": {"key": "../x"}}), None, None),
            (json!({"name": "x"}), None, None),
        ];
        for (template, asked, wanted) in table {
            let resources = item(&template, asked).resources;
            assert_eq!(resources.first().map(Resource::id), wanted, "{template}");
        }
    }
}
