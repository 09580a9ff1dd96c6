//! Say who may see and change a page.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::json;

use crate::atlassian::Deployment;
use crate::atlassian::confluence::Confluence;
use crate::atlassian::confluence::SUPER_GROUP;
use crate::atlassian::confluence::Wish;
use crate::atlassian::confluence::With;
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

/// The tool `confluence_set_page_restrictions`.
#[derive(Debug)]
pub(crate) struct SetPageRestrictions;

/// Arguments of `confluence_set_page_restrictions`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    page_id: PageId,
    /// Who alone may view: account ids, user names, e-mails or full names; me is you.
    read_users: Option<Vec<String>>,
    /// Groups that may view, by name.
    read_groups: Option<Vec<String>>,
    /// Who alone may edit.
    edit_users: Option<Vec<String>>,
    /// Groups that may edit.
    edit_groups: Option<Vec<String>>,
}

impl Tool for SetPageRestrictions {
    const SPEC: Spec = Spec {
        name: "confluence_set_page_restrictions",
        product: Product::Confluence,
        toolset: "confluence_pages",
        core: true,
        description: "Restrict who may view and edit a Confluence page. Each list given replaces the present one, an empty one clears it, others stay. Returns the restrictions as they are then.",
        destructive: true,
        cloud_only: false,
        resources: &[ResourceKind::Page],
        long_text: &[],
        aliases: &[],
    };
    type Effect = Write;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        vec![Target::Page(args.page_id.clone(), With::Place)]
    }

    fn check(args: &Args) -> Result<(), ToolError> {
        let lists = [&args.read_users, &args.read_groups, &args.edit_users, &args.edit_groups];
        if lists.iter().all(|list| list.is_none()) {
            return Err(ToolError::Arguments("give at least one list; an empty one clears it".to_owned()));
        }
        if lists.into_iter().flatten().flatten().any(|name| name.trim().is_empty()) {
            return Err(ToolError::Arguments("a name in the lists is empty".to_owned()));
        }
        Ok(())
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Write>) -> Result<Output, ToolError> {
        let confluence = context.confluence()?;
        let mut read = wish(&confluence, permit, args.read_users, args.read_groups).await?;
        let mut update = wish(&confluence, permit, args.edit_users, args.edit_groups).await?;
        let (mut read_then, mut update_then) = (read.clone(), update.clone());
        if read.is_partial() || update.is_partial() {
            let present = confluence.restrictions(permit, &args.page_id).await?;
            read_then = read_then.or(&present.read);
            update_then = update_then.or(&present.update);
        }
        keep_in(&confluence, permit, &read_then, &update_then).await?;
        // Cloud replaces everything: what is not said is sent as it is. Data Center leaves it alone.
        if confluence.deployment() == Deployment::Cloud {
            (read, update) = (read_then, update_then);
        }
        let found = confluence.restrict(permit, &args.page_id, &read, &update).await?;
        let as_asked = found.fulfil(&read, &update);
        let message = if as_asked {
            "The restrictions were set."
        } else {
            "Confluence accepted the restrictions, but the page has others now than were asked for."
        };
        let value = json!({"message": message, "restrictions": found.shown()});
        Ok(Output::Object { actual: None, value })
    }
}

/// The people and groups of two lists, as Confluence names them; whoever is not there is told before anything changes.
async fn wish(
    confluence: &Confluence<'_>,
    permit: &Permit<Write>,
    users: Option<Vec<String>>,
    groups: Option<Vec<String>>,
) -> Result<Wish, ToolError> {
    let mut wish = Wish::default();
    if let Some(names) = users {
        let mut found: Vec<String> = Vec::with_capacity(names.len());
        for name in names {
            let account = confluence.account(permit, &name).await?;
            if !found.iter().any(|id| id == account.id()) {
                found.push(account.id().to_owned());
            }
        }
        wish.users = Some(found);
    }
    if let Some(names) = groups {
        let mut found = Vec::with_capacity(names.len());
        for name in names {
            let group = confluence.group(permit, name.trim()).await?;
            found.push(group.ok_or_else(|| ToolError::Arguments(format!("there is no group `{name}`")))?);
        }
        wish.groups = Some(found);
    }
    Ok(wish)
}

/// Refuses what would lock the caller out.
async fn keep_in(
    confluence: &Confluence<'_>,
    permit: &Permit<Write>,
    read: &Wish,
    update: &Wish,
) -> Result<(), ToolError> {
    let myself = confluence.myself(permit).await?;
    let ids = [myself.id()];
    if !read.keeps_out(&ids, &[]) && !update.keeps_out(&ids, &[]) {
        return Ok(());
    }
    let groups = confluence.groups_of(permit, &myself).await?;
    if confluence.deployment() == Deployment::DataCenter && groups.iter().any(|group| group == SUPER_GROUP) {
        return Ok(());
    }
    for (wish, list, what) in [(read, "read_users", "view"), (update, "edit_users", "edit")] {
        if wish.keeps_out(&ids, &groups) {
            return Err(ToolError::Arguments(format!(
                "you could not {what} the page any more; add `me` to {list}, or a group that you are in"
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_list_is_needed_and_every_name_in_it() {
        let table = [
            (json!({"page_id": "1"}), false),
            (json!({"page_id": "1", "read_users": []}), true),
            (json!({"page_id": "1", "read_users": ["ann"], "edit_groups": [" "]}), false),
        ];
        for (given, wanted) in table {
            let args: Args = serde_json::from_value(given.clone()).unwrap();
            assert_eq!(SetPageRestrictions::check(&args).is_ok(), wanted, "{given}");
        }
    }
}
