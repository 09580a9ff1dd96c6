//! Link an issue to a page elsewhere.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;

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
use url::Url;

/// The tool `jira_create_remote_issue_link`.
#[derive(Debug)]
pub(crate) struct CreateRemoteIssueLink;

/// Arguments of `jira_create_remote_issue_link`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    issue_key: IssueKey,
    /// Address of the page, http or https.
    url: String,
    /// What the link shows.
    title: String,
    /// A line below the title.
    summary: Option<String>,
    /// How they relate, for example "documents".
    relationship: Option<String>,
    /// Address of an icon of 16 by 16 pixels.
    icon_url: Option<String>,
}

impl Tool for CreateRemoteIssueLink {
    const SPEC: Spec = Spec {
        name: "jira_create_remote_issue_link",
        product: Product::Jira,
        toolset: "jira_links",
        core: false,
        description: "Link a Jira issue to a page outside of Jira by its address. For two issues use jira_create_issue_link.",
        destructive: false,
        cloud_only: false,
        resources: &[ResourceKind::Issue],
        long_text: &[],
        aliases: &[],
    };
    type Effect = Write;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        vec![Target::Issue(args.issue_key.clone(), None)]
    }

    fn check(args: &Args) -> Result<(), ToolError> {
        let wrong =
            |argument: &str, problem: &str| Err(ToolError::Arguments(format!("`{argument}` {problem}")));
        if args.title.trim().is_empty() {
            return wrong("title", "is empty; say what the link should show");
        }
        for (argument, text) in [("url", Some(&args.url)), ("icon_url", args.icon_url.as_ref())] {
            let is_page = |text: &String| {
                Url::parse(text.trim())
                    .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            };
            if text.is_some_and(|text| !is_page(text)) {
                return wrong(argument, "must be an address such as https://docs.example.com/page");
            }
        }
        Ok(())
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Write>) -> Result<Output, ToolError> {
        let jira = context.jira()?;
        let key = context.found.present_key(args.issue_key);
        let mut object = json!({"url": args.url.trim(), "title": args.title});
        if let Value::Object(object) = &mut object {
            if let Some(summary) = args.summary {
                object.insert("summary".into(), summary.into());
            }
            if let Some(icon) = args.icon_url {
                object.insert("icon".into(), json!({"url16x16": icon, "title": args.title}));
            }
        }
        let mut link = json!({"object": object});
        if let (Value::Object(link), Some(relationship)) = (&mut link, &args.relationship) {
            link.insert("relationship".into(), relationship.as_str().into());
        }
        jira.link_remote(permit, &key, link).await?;
        let value = json!({
            "success": true,
            "message": format!("Issue {key} has a new link."),
            "issue_key": key.as_str(),
            "link_title": args.title,
            "link_url": args.url.trim(),
            "relationship": args.relationship.unwrap_or_default(),
        });
        Ok(Output::Object { actual: None, value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_are_linked() {
        let table = [
            ("https://docs.example.com/x", true),
            ("http://docs.example.com", true),
            ("javascript:alert(1)", false),
            ("file:///etc/passwd", false),
            ("docs.example.com", false),
        ];
        for (url, fine) in table {
            let args: Args =
                serde_json::from_value(json!({"issue_key": "OPS-1", "url": url, "title": "Doc"})).unwrap();
            assert_eq!(CreateRemoteIssueLink::check(&args).is_ok(), fine, "{url}");
        }
    }
}
