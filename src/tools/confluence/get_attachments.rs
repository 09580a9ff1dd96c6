//! The files attached to a page.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;

use crate::atlassian::confluence::Listing;
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
use crate::tools::add;

/// The tool `confluence_get_attachments`.
#[derive(Debug)]
pub(crate) struct GetAttachments;

/// Arguments of `confluence_get_attachments`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// Id of the page or blog post.
    content_id: PageId,
    /// Files to leave out at the start.
    #[serde(default)]
    start: i64,
    /// How many files at most.
    #[serde(default = "fifty")]
    #[schemars(range(min = 1, max = 100))]
    limit: u64,
    /// Only the file of exactly this name.
    filename: Option<String>,
    /// Only files of this media type, such as image/png.
    media_type: Option<String>,
}

fn fifty() -> u64 {
    50
}

impl Tool for GetAttachments {
    const SPEC: Spec = Spec {
        name: "confluence_get_attachments",
        product: Product::Confluence,
        toolset: "confluence_attachments",
        core: false,
        description: "List the files attached to a Confluence page: id, name, media type, size, version and author. For what is in them, use confluence_download_attachment.",
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
        if args.start < 0 {
            return Err(ToolError::Arguments("`start` is below 0; the first file is 0".to_owned()));
        }
        Ok(())
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Read>) -> Result<Output, ToolError> {
        let confluence = context.confluence()?;
        let listed = confluence.attachments(permit, &args.content_id).await?;
        Ok(Output::Object { actual: None, value: shown(&args, listed) })
    }
}

/// What is asked for of the whole list.
fn shown(args: &Args, listed: Listing) -> Value {
    let fits: Vec<Value> = listed.items.into_iter().filter(|file| fits(args, file)).collect();
    let total = fits.len();
    let start = usize::try_from(args.start).unwrap_or_default();
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let files: Vec<Value> = fits.into_iter().skip(start).take(limit).collect();
    let after = start.saturating_add(files.len());
    let complete = listed.complete && after >= total;
    let next = if after < total {
        Some(format!("start {after}"))
    } else {
        (!complete).then(|| "there are more files than one call reads; ask for one by `filename`".to_owned())
    };
    // Of a list that is cut nobody knows how long it is.
    let total = if listed.complete { json!(total) } else { json!(-1) };
    let mut value = json!({
        "success": true, "content_id": args.content_id.as_str(), "attachments": files, "total": total,
        "start": args.start, "limit": args.limit, "complete": complete,
    });
    if let Some(next) = next {
        add(&mut value, "next", next);
    }
    value
}

fn fits(args: &Args, file: &Value) -> bool {
    let text = |at: &str| file.pointer(at).and_then(Value::as_str);
    let media_type = || text("/extensions/mediaType").or_else(|| text("/metadata/mediaType"));
    let is_named = |name: &String| text("/title") == Some(name.as_str());
    let is_of = |wanted: &String| media_type().is_some_and(|here| here.eq_ignore_ascii_case(wanted.trim()));
    args.filename.as_ref().is_none_or(is_named) && args.media_type.as_ref().is_none_or(is_of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_see_the_whole_list_and_the_window_what_they_leave() {
        let file = |name: &str, kind: &str| json!({"title": name, "metadata": {"mediaType": kind}});
        let files = [file("a", "text/plain"), file("b", "image/PNG"), file("c", "image/png")];
        let table = [
            (json!({}), true, (3, vec!["a", "b", "c"], true, None)),
            (json!({"media_type": "image/png"}), true, (2, vec!["b", "c"], true, None)),
            (json!({"media_type": "image/png", "limit": 1}), true, (2, vec!["b"], false, Some("start 1"))),
            (json!({"media_type": "image/png", "start": 1}), true, (2, vec!["c"], true, None)),
            (json!({"filename": "C"}), true, (0, vec![], true, None)),
            (json!({"start": 9}), true, (3, vec![], true, None)),
            (json!({"filename": "c"}), false, (-1, vec!["c"], false, Some("there are more files"))),
        ];
        for (more, complete, (total, names, whole, next)) in table {
            let mut given = json!({"content_id": "1"});
            given.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let args: Args = serde_json::from_value(given).unwrap();
            let value = shown(&args, Listing { items: files.to_vec(), complete });
            let shown: Vec<&str> = value["attachments"]
                .as_array()
                .unwrap()
                .iter()
                .map(|file| file["title"].as_str().unwrap())
                .collect();
            assert_eq!(
                (&value["total"], shown, &value["complete"]),
                (&json!(total), names, &json!(whole)),
                "{more}"
            );
            match next {
                None => assert!(value.get("next").is_none(), "{more}"),
                Some(next) => assert!(value["next"].as_str().unwrap().starts_with(next), "{more}"),
            }
        }
    }
}
