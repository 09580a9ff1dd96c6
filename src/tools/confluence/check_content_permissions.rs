//! Whether somebody may do something with a page.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;

use crate::atlassian::confluence::Confluence;
use crate::atlassian::confluence::Subject;
use crate::atlassian::confluence::With;
use crate::audit::Permit;
use crate::ids::PageId;
use crate::lookup::Target;
use crate::policy::Product;
use crate::policy::Read;
use crate::policy::ResourceKind;
use crate::tools::Context;
use crate::tools::Output;
use crate::tools::Spec;
use crate::tools::Tool;
use crate::tools::ToolError;

/// The tool `confluence_check_content_permissions`.
#[derive(Debug)]
pub(crate) struct CheckContentPermissions;

/// Arguments of `confluence_check_content_permissions`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// Id of the page.
    content_id: PageId,
    /// Account id, user name, e-mail or full name; for a group its name, on Cloud its id; anonymous on Cloud.
    user_identifier: String,
    /// read, update or delete.
    operation: String,
    /// user or group.
    #[serde(default = "user")]
    subject_type: String,
}

const USER: &str = "user";
const GROUP: &str = "group";

fn user() -> String {
    USER.to_owned()
}

impl Tool for CheckContentPermissions {
    const SPEC: Spec = Spec {
        name: "confluence_check_content_permissions",
        product: Product::Confluence,
        toolset: "confluence_permissions",
        core: false,
        description: "Check whether a person or a group may read, update or delete a Confluence page, by all rights together. Data Center's answer is computed and says what it could not look at.",
        destructive: false,
        cloud_only: false,
        resources: &[ResourceKind::Page],
        long_text: &[],
        aliases: &[],
    };
    type Effect = Read;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        vec![Target::Page(args.content_id.clone(), With::Place)]
    }

    fn check(args: &Args) -> Result<(), ToolError> {
        let wrong = |text: &str| Err(ToolError::Arguments(text.to_owned()));
        if !["read", "update", "delete"].contains(&args.operation.as_str()) {
            return wrong("`operation` must be read, update or delete");
        }
        if ![USER, GROUP].contains(&args.subject_type.as_str()) {
            return wrong("`subject_type` must be user or group");
        }
        if args.user_identifier.trim().is_empty() {
            return wrong("`user_identifier` is empty");
        }
        Ok(())
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Read>) -> Result<Output, ToolError> {
        let confluence = context.confluence()?;
        let value = if confluence.has_permission_check() {
            asked(&args, &confluence, permit).await?
        } else {
            computed(&args, &confluence, permit).await?
        };
        Ok(Output::Object { actual: None, value })
    }
}

/// A group that is there: one that is not has no rights either, which would be said as if it were.
async fn group(name: &str, confluence: &Confluence<'_>, permit: &Permit<Read>) -> Result<String, ToolError> {
    let found = confluence.group_named(permit, name).await?;
    found.ok_or_else(|| ToolError::Arguments(format!("there is no group `{name}`")))
}

/// What Cloud says.
async fn asked(args: &Args, confluence: &Confluence<'_>, permit: &Permit<Read>) -> Result<Value, ToolError> {
    let name = args.user_identifier.trim();
    let identifier = if args.subject_type == GROUP {
        group(name, confluence, permit).await?
    } else if name == "anonymous" {
        name.to_owned()
    } else {
        confluence.account(permit, name).await?.id().to_owned()
    };
    let subject = (args.subject_type.as_str(), identifier.as_str());
    let answer = confluence.permission_check(permit, &args.content_id, subject, &args.operation).await?;
    let errors = answer.get("errors").cloned().unwrap_or_else(|| json!([]));
    Ok(json!({"hasPermission": answer.get("hasPermission"), "errors": errors}))
}

/// What follows on Data Center from restrictions and the permissions of the space.
async fn computed(
    args: &Args,
    confluence: &Confluence<'_>,
    permit: &Permit<Read>,
) -> Result<Value, ToolError> {
    let name = args.user_identifier.trim();
    let subject = if args.subject_type == GROUP {
        Subject::Group(group(name, confluence, permit).await?)
    } else {
        let account = confluence.account(permit, name).await?;
        let groups = confluence.groups_of(permit, &account).await?;
        Subject::Person(account, groups)
    };
    let found = confluence.permission_found(permit, &args.content_id, &subject, &args.operation).await?;
    Ok(json!({
        "hasPermission": found.allowed,
        "errors": found.errors,
        "found_by": "computed from the restrictions of the page and of those above it, and the permissions of its space",
        "not_known": found.unknown,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_checked_is_asked() {
        let table = [
            (json!({"operation": "read"}), true),
            (json!({"operation": "administer"}), false),
            (json!({"operation": "read", "subject_type": "role"}), false),
            (json!({"operation": "read", "user_identifier": " "}), false),
        ];
        for (more, wanted) in table {
            let mut given = json!({"content_id": "1", "user_identifier": "ann"});
            given.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let args: Args = serde_json::from_value(given).unwrap();
            assert_eq!(CheckContentPermissions::check(&args).is_ok(), wanted, "{more}");
        }
    }
}
