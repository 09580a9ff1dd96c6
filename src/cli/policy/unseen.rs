//! A call in the log that came to no decision, because Atlassian does not show the caller what it names.

use serde::Serialize;

use crate::audit::Ending;
use crate::audit::read::Row;

/// Such a call.
#[derive(Debug, Serialize)]
pub(super) struct Unseen {
    /// Who called, as policies name them.
    principal: String,
    tool: String,
    /// As in explanations of decisions.
    allowed: bool,
    reason: &'static str,
    /// What happened.
    because: String,
    /// What would have to change.
    change: Vec<String>,
}

impl Unseen {
    /// The call, if it is one.
    pub(super) fn of(row: &Row) -> Option<Self> {
        let reason = Ending::NotVisible.as_str();
        let who = row.latest(|fields| fields.principal.as_ref()).filter(|_| row.outcome() == Some(reason))?;
        let tool = row.tool()?.to_owned();
        let (product, view, example) = if tool.starts_with("confluence") {
            ("Confluence", "confluence:view_item", r#"Confluence::Page::"7" in Confluence::Space::"DOCS""#)
        } else {
            ("Jira", "jira:view_item", r#"Jira::Issue::"OPS-1""#)
        };
        let is_service = who.kind == "service";
        let (kind, flag) = if is_service { ("Service", "--service") } else { ("User", "--user") };
        let because = format!(
            "what it names is absent, or {product} does not show it to the account of this caller; so no policy was asked \
             about the tool"
        );
        let change = vec![
            format!(
                "if it is there, the account needs the permission to see it in {product}: no policy gives that"
            ),
            format!(
                "if it was moved, and named by its former key, `{view}` must permit this caller to see something in the \
                 project of that key"
            ),
            format!(
                "what {product} shows must be permitted by `{view}`, and then the tool; to see what policies say of it: \
                 portcullis policy explain {flag} {} --tool {tool} --resource '{example}'",
                who.id
            ),
        ];
        let principal = format!("Id::{kind}::\"{}\"", who.id);
        Some(Self { principal, tool, allowed: false, reason, because, change })
    }

    /// The explanation for people.
    pub(super) fn text(&self) -> String {
        let Self { principal, tool, reason, because, change, .. } = self;
        let change: Vec<String> = change.iter().map(|change| format!("- {change}")).collect();
        format!(
            "denied ({reason}): {tool} by {principal}\n  {because}\n\nWhat to change\n{}",
            change.join("\n")
        )
    }
}
