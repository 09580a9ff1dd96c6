//! What lies below a page.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;

use crate::atlassian::confluence::ChildrenQuery;
use crate::atlassian::confluence::ContentForm;
use crate::atlassian::confluence::With;
use crate::atlassian::query;
use crate::audit::Permit;
use crate::ids::PageId;
use crate::lookup;
use crate::lookup::Target;
use crate::policy::Product;
use crate::policy::Read;
use crate::policy::ResourceKind;
use crate::tools::Context;
use crate::tools::Item;
use crate::tools::Output;
use crate::tools::Spec;
use crate::tools::Tool;
use crate::tools::ToolError;

/// The tool `confluence_get_page_children`.
#[derive(Debug)]
pub(crate) struct GetPageChildren;

/// Arguments of `confluence_get_page_children`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    parent_id: PageId,
    /// version, history, body.storage; more on Data Center.
    #[serde(default = "expand")]
    expand: String,
    /// How many; Data Center counts folders apart.
    #[serde(default = "twenty_five")]
    #[schemars(range(min = 1, max = 50))]
    limit: u64,
    /// Return the texts too.
    #[serde(default)]
    include_content: bool,
    /// Markdown; false for storage format.
    #[serde(default = "yes")]
    convert_to_markdown: bool,
    /// How many to skip.
    #[serde(default)]
    #[schemars(range(min = 0))]
    start: u64,
    /// Also folders and, on Cloud, whiteboards and the like.
    #[serde(default = "yes")]
    include_folders: bool,
}

fn expand() -> String {
    "version,history".to_owned()
}

fn twenty_five() -> u64 {
    25
}

fn yes() -> bool {
    true
}

impl Args {
    fn form(&self) -> ContentForm {
        match (self.wants_texts(), self.convert_to_markdown) {
            (false, _) => ContentForm::None,
            (true, true) => ContentForm::Markdown,
            (true, false) => ContentForm::Storage,
        }
    }

    /// Whether the texts are wanted: a body among the expand values says so as well.
    fn wants_texts(&self) -> bool {
        self.include_content || self.expands(&["body"])
    }

    /// Whether one of these, or a part of it, is among the expand values.
    fn expands(&self, wanted: &[&str]) -> bool {
        let names = query::listed(&self.expand);
        names.iter().any(|name| wanted.contains(&name.split('.').next().unwrap_or_default()))
    }

    /// What Data Center is to expand: the space as well, which every child is decided on by.
    fn expanded(&self) -> String {
        let mut names = query::listed(&self.expand);
        let body = self.wants_texts().then_some("body.storage");
        for name in body.into_iter().chain(["space"]) {
            if !names.iter().any(|given| given == name) {
                names.push(name.to_owned());
            }
        }
        names.join(",")
    }
}

impl Tool for GetPageChildren {
    const SPEC: Spec = Spec {
        name: "confluence_get_page_children",
        product: Product::Confluence,
        toolset: "confluence_pages",
        core: true,
        description: "List the pages and folders directly below a Confluence page. For a whole space use confluence_get_space_page_tree.",
        destructive: false,
        cloud_only: false,
        resources: &[ResourceKind::Page],
        long_text: &[],
        aliases: &[],
    };
    type Effect = Read;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        vec![Target::Page(args.parent_id.clone(), With::Place)]
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Read>) -> Result<Output, ToolError> {
        let confluence = context.confluence()?;
        let query = ChildrenQuery {
            start: args.start,
            limit: args.limit,
            folders: args.include_folders,
            bodies: args.wants_texts(),
            versions: args.expands(&["version", "history"]),
            expand: args.expanded(),
        };
        let children = confluence.children(permit, &args.parent_id, &query).await?;
        let view = confluence.around_all(permit, &args.parent_id, &children.found, args.form()).await;
        let texts = args.form() != ContentForm::None;
        let item = |child: &Value| {
            let mut shown = view.show(child);
            if texts && shown.get("type").is_some_and(|kind| kind == "page") {
                // A text that did not come is not one that was not asked for.
                shown.entry("content").or_insert(Value::Null);
            }
            Item { resources: lookup::page_place(child).into_iter().collect(), value: Value::Object(shown) }
        };
        let items = children.found.iter().map(item).collect();
        let mut envelope = Map::new();
        envelope.insert("parent_id".into(), args.parent_id.as_str().into());
        envelope.insert("limit_requested".into(), args.limit.into());
        envelope.insert("start_requested".into(), args.start.into());
        envelope.insert("complete".into(), children.next_start.is_none().into());
        if let Some(start) = children.next_start {
            envelope.insert("next".into(), format!("start={start}").into());
        }
        Ok(Output::Derived { items, envelope, derive: counted })
    }
}

fn counted(children: Vec<Value>, envelope: &mut Map<String, Value>) {
    envelope.insert("count".into(), children.len().into());
    envelope.insert("results".into(), children.into());
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_space_is_always_asked_for() {
        let table = [
            (json!({"parent_id": "1"}), "version,history,space"),
            (json!({"parent_id": "1", "expand": "space, version"}), "space,version"),
            (json!({"parent_id": "1", "include_content": true}), "version,history,body.storage,space"),
            (json!({"parent_id": "1", "expand": "body.view"}), "body.view,body.storage,space"),
        ];
        for (given, wanted) in table {
            let args: Args = serde_json::from_value(given).unwrap();
            assert_eq!(args.expanded(), wanted);
        }
    }

    #[test]
    fn a_body_among_the_expand_values_is_a_text_to_show() {
        let table = [
            ("version,history", false, true),
            ("body.storage,version", true, true),
            ("body", true, false),
            ("bodyguard", false, false),
            ("", false, false),
        ];
        for (expand, texts, versions) in table {
            let args: Args = serde_json::from_value(json!({"parent_id": "1", "expand": expand})).unwrap();
            assert_eq!(args.wants_texts(), texts, "{expand}");
            assert_eq!(args.expands(&["version", "history"]), versions, "{expand}");
        }
    }
}
