//! Put a label on a page.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use crate::atlassian::confluence::With;
use crate::atlassian::confluence::shown_label;
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

/// The tool `confluence_add_label`.
#[derive(Debug)]
pub(crate) struct AddLabel;

/// Arguments of `confluence_add_label`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    page_id: PageId,
    /// The label, without blanks; my: before it makes it your own.
    name: String,
}

/// Whom a label is for, as Confluence says it.
const PREFIXES: [&str; 3] = ["global", "my", "team"];

/// The prefix and the name.
fn split(name: &str) -> (&str, &str) {
    let name = name.trim();
    match name.split_once(':') {
        Some((prefix, rest)) if PREFIXES.contains(&prefix) => (prefix, rest),
        _ => ("global", name),
    }
}

impl Tool for AddLabel {
    const SPEC: Spec = Spec {
        name: "confluence_add_label",
        product: Product::Confluence,
        toolset: "confluence_labels",
        core: false,
        description: "Put a label on a Confluence page or blog post. Returns all its labels.",
        destructive: false,
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
        let (_, name) = split(&args.name);
        if name.is_empty() || name.contains(char::is_whitespace) {
            return Err(ToolError::Arguments("`name` must be one word; join words with hyphens".to_owned()));
        }
        Ok(())
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Write>) -> Result<Output, ToolError> {
        let labels = context.confluence()?.add_label(permit, &args.page_id, split(&args.name)).await?;
        let value: Value = labels.iter().map(shown_label).collect();
        Ok(Output::Object { actual: None, value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_one_word_with_or_without_its_prefix() {
        let table = [
            ("runbook", Some(("global", "runbook"))),
            (" runbook ", Some(("global", "runbook"))),
            ("my:favourite", Some(("my", "favourite"))),
            ("a:b", Some(("global", "a:b"))),
            ("two words", None),
            ("", None),
            ("my:", None),
        ];
        for (name, wanted) in table {
            let args = Args { page_id: PageId::parse("1").unwrap(), name: name.to_owned() };
            assert_eq!(AddLabel::check(&args).is_ok(), wanted.is_some(), "{name}");
            if let Some(wanted) = wanted {
                assert_eq!(split(name), wanted);
            }
        }
    }
}
