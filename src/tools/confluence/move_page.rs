//! Move a page.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use super::present;
use super::present::Current;
use super::present::Outcome;
use crate::atlassian::Deployment;
use crate::atlassian::confluence::Beside;
use crate::atlassian::confluence::BodyFormat;
use crate::atlassian::confluence::Confluence;
use crate::atlassian::confluence::ContentForm;
use crate::atlassian::confluence::PageEdit;
use crate::atlassian::confluence::PageKind;
use crate::atlassian::confluence::Position;
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

/// The tool `confluence_move_page`.
#[derive(Debug)]
pub(crate) struct MovePage;

/// Arguments of `confluence_move_page`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    page_id: PageId,
    /// The page to go below, or beside.
    target_parent_id: Option<PageId>,
    /// The space to go to; without a page, below its homepage.
    target_space_key: Option<SpaceKey>,
    /// append: below the target; above or below: beside it, before or after.
    #[serde(default = "append")]
    position: String,
}

fn append() -> String {
    "append".to_owned()
}

impl Tool for MovePage {
    const SPEC: Spec = Spec {
        name: "confluence_move_page",
        product: Product::Confluence,
        toolset: "confluence_pages",
        core: true,
        description: "Move a Confluence page, with the pages below it, below or beside another page or to another \
                      space. Returns the page where it is then.",
        destructive: true,
        cloud_only: false,
        resources: &[ResourceKind::Page, ResourceKind::Space],
        long_text: &[],
        aliases: &[],
    };
    type Effect = Write;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        let parent = args.target_parent_id.clone().map(|id| Target::Page(id, With::Place));
        let space = args.target_space_key.clone().map(Target::Space);
        [Target::Page(args.page_id.clone(), With::Body)].into_iter().chain(parent).chain(space).collect()
    }

    fn check(args: &Args) -> Result<(), ToolError> {
        if args.target_parent_id.is_none() && args.target_space_key.is_none() {
            return wrong("give `target_parent_id`, `target_space_key` or both");
        }
        if args.target_parent_id.as_ref() == Some(&args.page_id) {
            return wrong("`target_parent_id` is the page itself");
        }
        match (Position::parse(&args.position), &args.target_parent_id) {
            (None, _) => wrong("`position` must be append, above or below"),
            (Some(Position::Before | Position::After), None) => {
                wrong("`position` above or below needs `target_parent_id`, the page to stand beside")
            }
            _ => Ok(()),
        }
    }

    async fn run(args: Args, mut context: Context<'_>, permit: &Permit<Write>) -> Result<Output, ToolError> {
        let confluence = context.confluence()?;
        let position = Position::parse(&args.position).unwrap_or(Position::Append);
        let outcome = Outcome::new(format!("Page {} was moved.", args.page_id));
        if confluence.deployment() == Deployment::Cloud {
            let space = context.found.take_space();
            let target = target(&args, (&confluence, space), permit).await?;
            confluence.move_by_rest(permit, &args.page_id, (position, &target)).await?;
        } else {
            let current = Current::read(&mut context, permit, &args.page_id).await?;
            if current.kind != PageKind::Page {
                return wrong("a blog post cannot be moved");
            }
            on_data_center(&args, &confluence, permit, (current, position)).await?;
        }
        Ok(outcome.with_page_read(&confluence, permit, &args.page_id, ContentForm::None).await)
    }
}

/// The page to go to: the one that is named, or the one at the top of the space.
async fn target(
    args: &Args,
    (confluence, found): (&Confluence<'_>, Option<Value>),
    permit: &Permit<Write>,
) -> Result<Beside, ToolError> {
    match (&args.target_parent_id, &args.target_space_key) {
        (Some(parent), Some(space)) => {
            let there = confluence.page_place(permit, parent).await?;
            if is_below(&there, &args.page_id) {
                return wrong(BELOW);
            }
            if space_of(&there).as_ref() != Some(space) {
                return wrong(
                    "`target_parent_id` is not in the space of `target_space_key`; nothing was moved",
                );
            }
            Ok(Beside::page(permit, parent)?)
        }
        (Some(parent), None) => Ok(Beside::page(permit, parent)?),
        (None, Some(space)) => Ok(confluence.home_of(permit, (space, found)).await?),
        (None, None) => Err(ToolError::Absent),
    }
}

/// A new parent in the same space is a change of the page; anything else, such as another place below the same parent,
/// goes the way of Confluence's own interface, which says little of what it did, so the page is looked at again.
async fn on_data_center(
    args: &Args,
    confluence: &Confluence<'_>,
    permit: &Permit<Write>,
    (current, position): (Current, Position),
) -> Result<(), ToolError> {
    let target_page = match &args.target_parent_id {
        Some(parent) => Some(confluence.page(permit, parent).await?),
        None => None,
    };
    if target_page.as_ref().is_some_and(|target| is_below(target, &args.page_id)) {
        return wrong(BELOW);
    }
    let there = target_page.as_ref().and_then(space_of).or_else(|| args.target_space_key.clone());
    let Some(there) = there else { return Err(ToolError::Absent) };
    if args.target_space_key.as_ref().is_some_and(|space| *space != there) {
        return wrong("`target_parent_id` is not in the space of `target_space_key`; nothing was moved");
    }
    let stays = space_of(&current.page).as_ref() == Some(&there);
    let goes_below = args.target_parent_id.as_ref().filter(|_| position == Position::Append && stays);
    let former = parent_of(&current.page);
    if let Some(parent) = goes_below.filter(|parent| former.as_deref() != Some(parent.as_str())) {
        let edit = PageEdit {
            kind: current.kind,
            title: current.title(),
            body: current.storage()?,
            format: BodyFormat::Storage,
            parent: Some(parent),
            number: current.number,
            minor: true,
            message: None,
        };
        return present::edit(confluence, permit, &args.page_id, &edit).await;
    }
    let target = match &args.target_parent_id {
        Some(parent) => Beside::page(permit, parent)?,
        None => confluence.home_of(permit, (&there, None)).await?,
    };
    confluence.move_by_action(permit, &args.page_id, (position, &target), &there).await?;
    let moved = confluence.page(permit, &args.page_id).await?;
    let above = match (position, &target_page) {
        (Position::Before | Position::After, Some(beside)) => parent_of(beside),
        _ => Some(target.id().to_owned()),
    };
    if space_of(&moved).as_ref() != Some(&there) || parent_of(&moved) != above {
        let text = "the page is not where it should be: look whether this account may move it, and whether its title is \
                    free in that space";
        return Err(ToolError::Partial {
            done: "Confluence took the request to move the page".to_owned(),
            error: Box::new(ToolError::Arguments(text.to_owned())),
        });
    }
    Ok(())
}

const BELOW: &str = "`target_parent_id` is below the page itself; nothing was moved";

/// Whether what is known of a page says that it lies below another.
fn is_below(page: &Value, id: &PageId) -> bool {
    let above = page.get("ancestors").and_then(Value::as_array).into_iter().flatten();
    let ids = above.filter_map(|above| above.get("id")).chain(page.get("parentId"));
    ids.map(|id| id.as_str().map_or_else(|| id.to_string(), str::to_owned)).any(|above| above == id.as_str())
}

fn space_of(page: &Value) -> Option<SpaceKey> {
    SpaceKey::parse(page.pointer("/space/key")?.as_str()?).ok()
}

fn parent_of(page: &Value) -> Option<String> {
    let parent = page.get("ancestors")?.as_array()?.last()?.get("id")?;
    Some(parent.as_str().map_or_else(|| parent.to_string(), str::to_owned))
}

fn wrong<T>(text: &str) -> Result<T, ToolError> {
    Err(ToolError::Arguments(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_below_a_page_is_no_place_for_it() {
        let id = PageId::parse("1").unwrap();
        let table = [
            (json!({"ancestors": [{"id": "9"}, {"id": 1}, {"id": "5"}]}), true),
            (json!({"parentId": "1"}), true),
            (json!({"ancestors": [{"id": "9"}], "parentId": null}), false),
        ];
        for (page, wanted) in table {
            assert_eq!(is_below(&page, &id), wanted, "{page}");
        }
    }

    #[test]
    fn a_page_goes_somewhere_that_makes_sense() {
        let table = [
            (json!({}), Some("give `target_parent_id`")),
            (json!({"target_parent_id": "1"}), Some("the page itself")),
            (json!({"target_parent_id": "2", "position": "left"}), Some("`position` must be")),
            (json!({"target_space_key": "OPS", "position": "above"}), Some("needs `target_parent_id`")),
            (json!({"target_space_key": "OPS"}), None),
            (json!({"target_parent_id": "2", "position": "before"}), None),
        ];
        for (mut given, wanted) in table {
            given["page_id"] = json!("1");
            let args: Args = serde_json::from_value(given.clone()).unwrap();
            let problem = MovePage::check(&args).err().map(|error| error.to_string());
            match wanted {
                None => assert_eq!(problem, None, "{given}"),
                Some(wanted) => assert!(problem.unwrap_or_default().contains(wanted), "{given}"),
            }
            assert!(!MovePage::targets(&args).is_empty());
        }
    }
}
