//! Comment on a piece of a page's text.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use super::discussion;
use crate::atlassian::confluence::Kind;
use crate::atlassian::confluence::NewComment;
use crate::atlassian::confluence::Selection;
use crate::atlassian::confluence::With;
use crate::audit::Permit;
use crate::ids::PageId;
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

/// The tool `confluence_add_inline_comment`.
#[derive(Debug)]
pub(crate) struct AddInlineComment;

/// Arguments of `confluence_add_inline_comment`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// Id of the page or blog post.
    page_id: PageId,
    /// The comment in Markdown.
    body: String,
    /// The text to comment on, as the page shows it, within one paragraph.
    text_selection: String,
    /// How often the page has that text.
    #[serde(default = "once")]
    #[schemars(range(min = 1))]
    text_selection_match_count: u64,
    /// Which of them, from 0.
    #[serde(default)]
    #[schemars(range(min = 0))]
    text_selection_match_index: u64,
}

fn once() -> u64 {
    1
}

impl Tool for AddInlineComment {
    const SPEC: Spec = Spec {
        name: "confluence_add_inline_comment",
        product: Product::Confluence,
        toolset: "confluence_comments",
        core: true,
        description: "Comment on a piece of a Confluence page's text. The text must be on the page; if it is there several times, say how often and which.",
        destructive: true,
        cloud_only: false,
        resources: &[ResourceKind::Page],
        long_text: &["body", "text_selection"],
        aliases: &[],
    };
    type Effect = Write;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        vec![Target::Page(args.page_id.clone(), With::Body)]
    }

    fn check(args: &Args) -> Result<(), ToolError> {
        if args.text_selection.trim().is_empty() {
            return Err(ToolError::Arguments("`text_selection` is empty; give words of the page".to_owned()));
        }
        discussion::body(&args.body).map(|_| ())
    }

    async fn run(args: Args, mut context: Context<'_>, permit: &Permit<Write>) -> Result<Output, ToolError> {
        let confluence = context.confluence()?;
        let body = discussion::body(&args.body)?;
        let read = jiff::Timestamp::now().as_millisecond();
        let page = match context.found.take_page(&args.page_id) {
            Some(page) => page,
            None => confluence.page(permit, &args.page_id).await?,
        };
        let storage = page.pointer("/body/storage/value").and_then(Value::as_str);
        let selection = Selection { read, ..selection(&args, storage)? };
        let on = page.get("type").and_then(Value::as_str);
        let comment = NewComment { on, body: &body.value, selection: Some(&selection) };
        let stored = confluence.add_comment(permit, &args.page_id, &comment).await?;
        let message = if Kind::of(&stored) == Kind::Inline {
            format!("The comment on `{}` was added to page {}.", selection.text, args.page_id)
        } else {
            format!("Confluence put the comment below page {}, not on the text.", args.page_id)
        };
        Ok(discussion::written(&confluence, permit, stored, (message, body.notes)).await)
    }
}

/// The piece of text, if it is on the page as often as the caller says.
fn selection(args: &Args, storage: Option<&str>) -> Result<Selection, ToolError> {
    let wrong = |text: String| Err(ToolError::Arguments(text));
    let Some(lines) = storage.and_then(markup::shown_lines) else {
        return wrong("the text of the page cannot be read, so there is nothing to comment on".to_owned());
    };
    let text = args.text_selection.split_whitespace().collect::<Vec<_>>().join(" ");
    let found: u64 = lines.iter().map(|line| line.matches(text.as_str()).count() as u64).sum();
    let (count, index) = (args.text_selection_match_count, args.text_selection_match_index);
    match found {
        0 => wrong(
            "`text_selection` is not on the page; give words of one paragraph as the page shows them, without \
             formatting"
                .to_owned(),
        ),
        _ if found != count => wrong(format!(
            "`text_selection` is on the page {}; give `text_selection_match_count` {found}, and as \
             `text_selection_match_index` which of them, from 0",
            times(found)
        )),
        _ if index >= found => wrong(format!(
            "`text_selection_match_index` is {index}, but the text is on the page {}; the first is 0",
            times(found)
        )),
        _ => Ok(Selection { text, count, index, read: 0 }),
    }
}

fn times(count: u64) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_comment_is_on_text_that_is_there() {
        let page = "<h2>Alpha</h2><p>alpha <em>text</em> and alpha&nbsp;text</p><p>alpha</p><p>text</p>";
        let table = [
            ("alpha  text", 2, 1, None),
            ("alpha text", 1, 0, Some("is on the page 2 times; give `text_selection_match_count` 2")),
            ("alpha text", 2, 2, Some("is 2, but the text is on the page 2 times; the first is 0")),
            ("Alpha", 2, 0, Some("is on the page once; give `text_selection_match_count` 1")),
            ("Alpha alpha", 1, 0, Some("is not on the page")),
            ("beta", 1, 0, Some("is not on the page")),
        ];
        for (text, count, index, wanted) in table {
            let args = json!({
                "page_id": "1", "body": "b", "text_selection": text, "text_selection_match_count": count,
                "text_selection_match_index": index,
            });
            let found = selection(&serde_json::from_value(args).unwrap(), Some(page));
            match wanted {
                None => assert_eq!(found.unwrap().text, "alpha text"),
                Some(wanted) => {
                    let problem = found.unwrap_err().to_string();
                    assert!(problem.contains(wanted), "{text}: {problem}");
                }
            }
        }
    }
}
