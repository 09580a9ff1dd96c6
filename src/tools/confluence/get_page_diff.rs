//! What changed between two versions of a page.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;
use similar::TextDiff;

use super::get_page_history::no_version;
use crate::atlassian::confluence::With;
use crate::atlassian::conversion;
use crate::audit::Permit;
use crate::ids::PageId;
use crate::lookup::Target;
use crate::markup::Detail;
use crate::policy::Product;
use crate::policy::Read;
use crate::policy::ResourceKind;
use crate::tools::Context;
use crate::tools::Output;
use crate::tools::Spec;
use crate::tools::Tool;
use crate::tools::ToolError;
use crate::tools::add;

/// The tool `confluence_get_page_diff`.
#[derive(Debug)]
pub(crate) struct GetPageDiff;

/// Arguments of `confluence_get_page_diff`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    page_id: PageId,
    /// The older version.
    #[schemars(range(min = 1))]
    from_version: u64,
    /// The newer version.
    #[schemars(range(min = 1))]
    to_version: u64,
}

/// How long two texts are compared before the rest is given as replaced.
const PATIENCE: Duration = Duration::from_secs(2);

impl Tool for GetPageDiff {
    const SPEC: Spec = Spec {
        name: "confluence_get_page_diff",
        product: Product::Confluence,
        toolset: "confluence_pages",
        core: true,
        description: "Compare two versions of a Confluence page: a unified diff of their Markdown, or of the storage format where the Markdown is the same.",
        destructive: false,
        cloud_only: false,
        resources: &[ResourceKind::Page],
        long_text: &[],
        aliases: &[],
    };
    type Effect = Read;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        vec![Target::Page(args.page_id.clone(), With::Place)]
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Read>) -> Result<Output, ToolError> {
        let confluence = context.confluence()?;
        let version = async |number: u64| {
            let page = confluence.version_content(permit, &args.page_id, number).await?;
            page.ok_or_else(|| no_version(number))
        };
        let (older, newer) = futures::join!(version(args.from_version), version(args.to_version));
        let (older, newer) = (older?, newer?);
        let storage = |page: &Value| {
            page.pointer("/body/storage/value").and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let headers = (format!("v{}", args.from_version), format!("v{}", args.to_version));
        let (diff, format) = compared(&storage(&older), &storage(&newer), &headers);
        let mut value = json!({
            "page_id": args.page_id.as_str(),
            "title": newer.get("title"),
            "from_version": args.from_version,
            "to_version": args.to_version,
            "diff": diff,
        });
        if let Some(format) = format {
            add(&mut value, "format", format);
        }
        if older.get("title") != newer.get("title") {
            add(&mut value, "from_title", older.get("title").cloned().unwrap_or_default());
        }
        Ok(Output::Object { actual: None, value })
    }
}

/// The difference of two bodies, and its format where it is not Markdown.
fn compared(older: &str, newer: &str, headers: &(String, String)) -> (String, Option<&'static str>) {
    let markdown = |storage: &str| conversion::storage_to_markdown(storage, Detail::All).value;
    let diff = unified(&markdown(older), &markdown(newer), headers);
    if !diff.is_empty() || older == newer {
        return (diff, None);
    }
    (unified(&broken(older), &broken(newer), headers), Some("storage"))
}

/// Storage format is one long line: a tag a line can be compared.
fn broken(storage: &str) -> String {
    storage.replace("><", ">\n<")
}

fn unified(older: &str, newer: &str, (from, to): &(String, String)) -> String {
    let diff = TextDiff::configure().timeout(PATIENCE).diff_lines(older, newer);
    let mut unified = diff.unified_diff();
    unified.context_radius(3).header(from, to).missing_newline_hint(false);
    unified.to_string().trim_end_matches('\n').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers() -> (String, String) {
        ("v1".to_owned(), "v2".to_owned())
    }

    #[test]
    fn lines_are_compared_in_markdown() {
        let (diff, format) = compared("<p>one</p><p>two</p>", "<p>one</p><p>three</p>", &headers());
        assert_eq!(diff, "--- v1\n+++ v2\n@@ -1,3 +1,3 @@\n one\n \n-two\n+three");
        assert_eq!(format, None);
        assert_eq!(compared("<p>one</p>", "<p>one</p>", &headers()), (String::new(), None));
    }

    #[test]
    fn what_markdown_does_not_show_is_compared_as_stored() {
        let (diff, format) = compared("<p>one</p><p>two</p>", "<p >one</p><p>two</p>", &headers());
        assert_eq!(format, Some("storage"));
        assert_eq!(diff, "--- v1\n+++ v2\n@@ -1,2 +1,2 @@\n-<p>one</p>\n+<p >one</p>\n <p>two</p>");
    }
}
