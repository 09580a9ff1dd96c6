//! All pages of a space in their order.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::atlassian::confluence::Branch;
use crate::audit::Permit;
use crate::ids::PageId;
use crate::ids::SpaceKey;
use crate::lookup::Target;
use crate::markup;
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

/// The tool `confluence_get_space_page_tree`.
#[derive(Debug)]
pub(crate) struct GetSpacePageTree;

/// Arguments of `confluence_get_space_page_tree`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    space_key: SpaceKey,
    /// How many pages at most.
    #[serde(default = "hundred")]
    #[schemars(range(min = 1, max = 1000))]
    limit: u64,
}

/// The most that the argument takes.
const MOST: u64 = 1000;

/// Marks a page whose parent was found too; never shown.
const PARENT_FOUND: &str = "parent_found";

fn hundred() -> u64 {
    100
}

impl Tool for GetSpacePageTree {
    const SPEC: Spec = Spec {
        name: "confluence_get_space_page_tree",
        product: Product::Confluence,
        toolset: "confluence_pages",
        core: true,
        description: "List the pages of a Confluence space as a tree: id, title, parent and depth of each, parents before children, no texts.",
        destructive: false,
        cloud_only: false,
        resources: &[ResourceKind::Space],
        long_text: &[],
        aliases: &[],
    };
    type Effect = Read;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        vec![Target::Space(args.space_key.clone())]
    }

    async fn run(args: Args, mut context: Context<'_>, permit: &Permit<Read>) -> Result<Output, ToolError> {
        let confluence = context.confluence()?;
        let space = (&args.space_key, context.found.take_space());
        let (pages, complete) = confluence.page_tree(permit, space, args.limit).await?;
        let found: BTreeSet<&str> = pages.iter().map(|page| page.id.as_str()).collect();
        let items = pages.iter().map(|page| item(page, &args.space_key, &found)).collect();
        let mut envelope = Map::new();
        envelope.insert("space_key".into(), args.space_key.spelled().into());
        envelope.insert("has_more".into(), (!complete).into());
        envelope.insert("complete".into(), complete.into());
        if !complete {
            envelope.insert("next_start".into(), pages.len().into());
            let hint = format!("Results truncated at {} pages. Increase limit to see more.", args.limit);
            envelope.insert("hint".into(), hint.into());
            let below = "ask for what lies below one page with confluence_get_page_children";
            let next = if args.limit < MOST {
                format!("raise limit (at most {MOST}), or {below}")
            } else {
                below.to_owned()
            };
            envelope.insert("next".into(), next.into());
        }
        Ok(Output::Derived { items, envelope, derive: tree })
    }
}

fn item(page: &Branch, space: &SpaceKey, found: &BTreeSet<&str>) -> Item {
    let id = PageId::parse(&page.id).ok();
    let resource = id.map(|id| Resource::Page { id, space: Some(space.clone()) });
    let parent_found = page.parent.as_deref().is_some_and(|parent| found.contains(parent));
    let value = json!({
        "id": page.id,
        "title": markup::clean(&page.title),
        "parent_id": page.parent,
        "position": page.position,
        "depth": page.depth,
        PARENT_FOUND: parent_found,
    });
    Item { resources: resource.into_iter().collect(), value }
}

/// A parent that was found and is not shown is hidden, and so is its id.
fn tree(mut pages: Vec<Value>, envelope: &mut Map<String, Value>) {
    let shown: BTreeSet<String> =
        pages.iter().filter_map(|page| page.get("id")?.as_str()).map(str::to_owned).collect();
    for page in pages.iter_mut().filter_map(Value::as_object_mut) {
        let found = page.remove(PARENT_FOUND).is_some_and(|found| found == true);
        let parent = page.get("parent_id").and_then(Value::as_str);
        if found && parent.is_some_and(|parent| !shown.contains(parent)) {
            page.insert("parent_id".into(), Value::Null);
        }
    }
    // Of a tree that is cut nobody knows how many pages it has.
    let is_cut = envelope.get("complete").is_some_and(|complete| complete == false);
    envelope.insert("total_pages".into(), if is_cut { json!(-1) } else { json!(pages.len()) });
    envelope.insert("pages".into(), pages.into());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hidden_parent_is_not_named() {
        let page = |id: &str, parent: Option<&str>, found: bool| json!({"id": id, "parent_id": parent, PARENT_FOUND: found});
        let mut envelope = Map::new();
        tree(
            vec![page("1", Some("9"), false), page("2", Some("1"), true), page("3", Some("8"), true)],
            &mut envelope,
        );
        assert_eq!(
            envelope["pages"],
            json!([{"id": "1", "parent_id": "9"}, {"id": "2", "parent_id": "1"}, {"id": "3", "parent_id": null}])
        );
        assert_eq!(envelope["total_pages"], 3);
    }
}
