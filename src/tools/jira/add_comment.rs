//! Add a comment to an issue.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;

use crate::atlassian::Deployment;
use crate::atlassian::jira::Jira;
use crate::atlassian::jira::NewComment;
use crate::atlassian::jira::added_comment;
use crate::audit::Permit;
use crate::ids::IssueKey;
use crate::lookup::Target;
use crate::markup;
use crate::policy::Product;
use crate::policy::ResourceKind;
use crate::policy::Write;
use crate::tools::Context;
use crate::tools::Output;
use crate::tools::Spec;
use crate::tools::Tool;
use crate::tools::ToolError;

/// The tool `jira_add_comment`.
#[derive(Debug)]
pub(crate) struct AddComment;

/// Arguments of `jira_add_comment`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// Issue key, for example OPS-12.
    issue_key: IssueKey,
    /// The comment in Markdown.
    body: String,
    /// Who may see it, JSON such as {"type": "group", "value": "ops"}.
    visibility: Option<String>,
    /// Service desk requests only: true shows the comment to the customer.
    public: Option<bool>,
}

impl Tool for AddComment {
    const SPEC: Spec = Spec {
        name: "jira_add_comment",
        product: Product::Jira,
        toolset: "jira_comments",
        core: true,
        description: "Add a comment, written in Markdown, to a Jira issue. Returns the comment as Jira stored it.",
        destructive: false,
        cloud_only: false,
        resources: &[ResourceKind::Issue],
        long_text: &["body"],
        aliases: &[("comment", "body")],
    };
    type Effect = Write;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        vec![Target::Issue(args.issue_key.clone(), None)]
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Write>) -> Result<Output, ToolError> {
        if args.body.trim().is_empty() {
            return Err(ToolError::Arguments(
                "`body` is empty; write what the comment should say".to_owned(),
            ));
        }
        let jira = context.jira()?;
        let key = context.found.present_key(args.issue_key);
        let visibility = visibility(args.visibility.as_deref())?;
        let stored = match args.public {
            Some(true) if visibility.is_some() => {
                let text =
                    "`public` shows the comment to the customer, `visibility` hides it; give one of them";
                return Err(ToolError::Arguments(text.to_owned()));
            }
            Some(true) => jira.add_request_comment(permit, &key, &args.body, true).await?,
            Some(false) | None => {
                let comment = NewComment { body: body(&jira, &args.body), visibility };
                jira.add_comment(permit, &key, &comment).await?
            }
        };
        let mut shown = added_comment(&stored);
        if args.public == Some(true) {
            shown.insert("public".into(), stored.get("public").cloned().unwrap_or(Value::Bool(true)));
        }
        Ok(Output::Object { actual: None, value: Value::Object(shown) })
    }
}

fn body(jira: &Jira<'_>, text: &str) -> Value {
    match jira.deployment() {
        Deployment::DataCenter => markup::markdown_to_wiki(text).into(),
        Deployment::Cloud => markup::markdown_to_adf(text),
    }
}

fn visibility(text: Option<&str>) -> Result<Option<Value>, ToolError> {
    let Some(text) = text else { return Ok(None) };
    let wrong = || {
        let text = "`visibility` must be JSON such as {\"type\": \"group\", \"value\": \"ops\"}, with `group` or `role`";
        ToolError::Arguments(text.to_owned())
    };
    let value: Value = serde_json::from_str(text).map_err(|_| wrong())?;
    let part = |name: &str| value.get(name).and_then(Value::as_str).filter(|part| !part.is_empty());
    let (Some(kind @ ("group" | "role")), Some(name)) = (part("type"), part("value")) else {
        return Err(wrong());
    };
    Ok(Some(json!({"type": kind, "value": name})))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visibility_is_whole_or_refused() {
        assert_eq!(visibility(None).unwrap(), None);
        let group = r#"{"type": "group", "value": "ops"}"#;
        assert_eq!(visibility(Some(group)).unwrap(), Some(json!({"type": "group", "value": "ops"})));
        for bad in ["ops", "{}", r#"{"type": "all", "value": "x"}"#, r#"{"type": "role", "value": ""}"#] {
            assert!(visibility(Some(bad)).is_err(), "{bad}");
        }
    }
}
