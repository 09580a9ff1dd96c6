//! Link two issues.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;

use super::given;
use super::written::visibility;
use crate::atlassian::jira::NewComment;
use crate::audit::Permit;
use crate::ids::IssueKey;
use crate::lookup::Target;
use crate::policy::Product;
use crate::policy::ResourceKind;
use crate::policy::Write;
use crate::tools::Context;
use crate::tools::Output;
use crate::tools::Spec;
use crate::tools::Tool;
use crate::tools::ToolError;

/// The tool `jira_create_issue_link`.
#[derive(Debug)]
pub(crate) struct CreateIssueLink;

/// Arguments of `jira_create_issue_link`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// Name of the type, for example Blocks or Relates.
    link_type: String,
    inward_issue_key: IssueKey,
    outward_issue_key: IssueKey,
    /// A comment to add, in Markdown.
    comment: Option<String>,
    /// Who may see it: {"type": "group", "value": "ops"}.
    comment_visibility: Option<String>,
}

impl Tool for CreateIssueLink {
    const SPEC: Spec = Spec {
        name: "jira_create_issue_link",
        product: Product::Jira,
        toolset: "jira_links",
        core: false,
        description: "Link two Jira issues: the outward issue \"blocks\" (outward wording of the type) the inward one. Types: jira_get_link_types. For a page elsewhere use jira_create_remote_issue_link.",
        destructive: false,
        cloud_only: false,
        resources: &[ResourceKind::Issue],
        long_text: &["comment"],
        aliases: &[],
    };
    type Effect = Write;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        vec![
            Target::Issue(args.inward_issue_key.clone(), None),
            Target::Issue(args.outward_issue_key.clone(), None),
        ]
    }

    fn check(args: &Args) -> Result<(), ToolError> {
        let wrong = |text: &str| Err(ToolError::Arguments(text.to_owned()));
        if args.link_type.trim().is_empty() {
            return wrong("`link_type` is empty; jira_get_link_types lists them");
        }
        if args.inward_issue_key == args.outward_issue_key {
            return wrong("`inward_issue_key` and `outward_issue_key` are the same issue");
        }
        if args.comment_visibility.is_some() && args.comment.is_none() {
            return wrong("`comment_visibility` is for a `comment`, and there is none");
        }
        visibility("comment_visibility", args.comment_visibility.as_deref()).map(|_| ())
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Write>) -> Result<Output, ToolError> {
        let jira = context.jira()?;
        let inward = context.found.present_key(args.inward_issue_key);
        let outward = context.found.present_key(args.outward_issue_key);
        let visibility = visibility("comment_visibility", args.comment_visibility.as_deref())?;
        let comment = args.comment.as_deref().map(|comment| given::text_of_version_2(&jira, comment));
        let notes = comment.as_ref().map(|comment| comment.notes.clone()).unwrap_or_default();
        let comment = comment.map(|body| NewComment { body: body.value, visibility, internal: true });
        let kind = args.link_type.trim();
        jira.link(permit, kind, (&inward, &outward), comment.as_ref()).await?;
        let mut value = json!({
            "success": true,
            "message": format!("Issues {inward} and {outward} are linked."),
            "link_type": kind,
            "inward_issue": inward.as_str(),
            "outward_issue": outward.as_str(),
        });
        if let (Value::Object(value), false) = (&mut value, notes.is_empty()) {
            value.insert("notes".into(), json!(notes));
        }
        Ok(Output::Object { actual: None, value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_no_sense_is_refused() {
        let table = [
            (json!({}), None),
            (json!({"link_type": " "}), Some("`link_type` is empty")),
            (json!({"outward_issue_key": "OPS-1"}), Some("`inward_issue_key` and `outward_issue_key` are")),
            (
                json!({"comment_visibility": r#"{"type": "role", "value": "x"}"#}),
                Some("`comment_visibility` is for"),
            ),
        ];
        for (changed, wanted) in table {
            let mut given =
                json!({"link_type": "Blocks", "inward_issue_key": "OPS-1", "outward_issue_key": "OPS-2"});
            given.as_object_mut().unwrap().extend(changed.as_object().unwrap().clone());
            let args: Args = serde_json::from_value(given.clone()).unwrap();
            let problem = CreateIssueLink::check(&args).err().map(|error| error.to_string());
            assert_eq!(problem.is_some(), wanted.is_some(), "{given}");
            assert!(problem.unwrap_or_default().starts_with(wanted.unwrap_or_default()), "{given}");
        }
    }
}
