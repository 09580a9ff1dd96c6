//! Copy a page.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;

use super::present::Current;
use super::present::Outcome;
use crate::atlassian::confluence::BodyFormat;
use crate::atlassian::confluence::Confluence;
use crate::atlassian::confluence::ContentForm;
use crate::atlassian::confluence::Copy;
use crate::atlassian::confluence::Feature;
use crate::atlassian::confluence::NewPage;
use crate::atlassian::confluence::PageKind;
use crate::atlassian::confluence::PropertyChange;
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

/// The tool `confluence_copy_page`.
#[derive(Debug)]
pub(crate) struct CopyPage;

/// Arguments of `confluence_copy_page`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    source_page_id: PageId,
    destination_space_key: SpaceKey,
    new_title: String,
    /// The page to go below, in that space.
    destination_parent_id: Option<PageId>,
    #[serde(default = "yes")]
    copy_attachments: bool,
}

fn yes() -> bool {
    true
}

impl Tool for CopyPage {
    const SPEC: Spec = Spec {
        name: "confluence_copy_page",
        product: Product::Confluence,
        toolset: "confluence_pages",
        core: true,
        description: "Copy one Confluence page, without the pages below it, to a space under a new title, with its \
                      labels and files. Says what did not go along.",
        destructive: true,
        cloud_only: false,
        resources: &[ResourceKind::Page, ResourceKind::Space],
        long_text: &[],
        aliases: &[],
    };
    type Effect = Write;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        let parent = args.destination_parent_id.clone().map(|id| Target::Page(id, With::Place));
        let source = Target::Page(args.source_page_id.clone(), With::Body);
        [source, Target::Space(args.destination_space_key.clone())].into_iter().chain(parent).collect()
    }

    fn check(args: &Args) -> Result<(), ToolError> {
        if args.new_title.trim().is_empty() {
            return Err(ToolError::Arguments("`new_title` is empty".to_owned()));
        }
        Ok(())
    }

    async fn run(args: Args, mut context: Context<'_>, permit: &Permit<Write>) -> Result<Output, ToolError> {
        let confluence = context.confluence()?;
        let title = args.new_title.trim();
        let mut outcome = Outcome::new(format!("Page {} was copied.", args.source_page_id));
        let mut left =
            vec![json!({"what": "restrictions, comments and history", "why": "they are never copied"})];
        if !args.copy_attachments {
            left.push(json!({"what": "attachments", "why": "copy_attachments is false"}));
        }
        let copied = if confluence.has(Feature::Copying) {
            let copy = Copy {
                title,
                space: &args.destination_space_key,
                parent: args.destination_parent_id.as_ref(),
                attachments: args.copy_attachments,
            };
            confluence.copy_page(permit, &args.source_page_id, &copy).await?
        } else {
            let source = Current::read(&mut context, permit, &args.source_page_id).await?;
            let looks = confluence.looks(permit, &args.source_page_id).await;
            let looks = looks.unwrap_or_else(|error| {
                left.push(json!({"what": "emoji and width", "why": error.to_string()}));
                Vec::new()
            });
            let copied = created(&args, &confluence, permit, (&source, looks)).await?;
            copy_besides(&args, &confluence, permit, &copied, &mut left).await;
            copied
        };
        outcome.say("not_copied", left);
        Ok(outcome.with_page(&confluence, permit, copied, ContentForm::None).await)
    }
}

/// A page of Data Center with the text and the looks of another.
async fn created(
    args: &Args,
    confluence: &Confluence<'_>,
    permit: &Permit<Write>,
    (source, properties): (&Current, Vec<PropertyChange>),
) -> Result<Value, ToolError> {
    if source.kind != PageKind::Page {
        return Err(ToolError::Arguments(
            "`source_page_id` is a blog post; only pages are copied".to_owned(),
        ));
    }
    let page = NewPage {
        title: args.new_title.trim().to_owned(),
        body: source.storage()?.to_owned(),
        format: BodyFormat::Storage,
        parent: args.destination_parent_id.clone(),
        properties,
        is_live: false,
    };
    Ok(confluence.create_page(permit, (&args.destination_space_key, None), &page).await?)
}

/// Copies labels and files one by one. The page is there by now, so what fails is told and does not end the call.
async fn copy_besides(
    args: &Args,
    confluence: &Confluence<'_>,
    permit: &Permit<Write>,
    copied: &Value,
    left: &mut Vec<Value>,
) {
    let pair = (&args.source_page_id, copied);
    let not = |what: String, why: String| json!({"what": what, "why": why});
    match confluence.copy_labels(permit, pair).await {
        Ok(failed) => left
            .extend(failed.into_iter().map(|(name, error)| not(format!("label {name}"), error.to_string()))),
        Err(error) => left.push(not("labels".to_owned(), error.to_string())),
    }
    if !args.copy_attachments {
        return;
    }
    match confluence.files_to_copy(permit, &args.source_page_id).await {
        Ok((files, complete)) => {
            for file in &files {
                if let Err(error) = confluence.copy_file(permit, pair, file).await {
                    let name = file.get("title").and_then(Value::as_str).unwrap_or_default();
                    left.push(not(format!("attachment {name}"), error.to_string()));
                }
            }
            if !complete {
                left.push(not(
                    "further attachments".to_owned(),
                    format!("only the first {} are copied in one call", files.len()),
                ));
            }
        }
        Err(error) => left.push(not("attachments".to_owned(), error.to_string())),
    }
}
