//! Attach several files to a page.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;
use std::collections::BTreeSet;

use super::attached;
use crate::atlassian::confluence::Said;
use crate::atlassian::confluence::With;
use crate::audit::Permit;
use crate::ids::PageId;
use crate::lookup::Target;
use crate::net::File;
use crate::policy::Product;
use crate::policy::ResourceKind;
use crate::policy::Write;
use crate::tools::Context;
use crate::tools::Output;
use crate::tools::Spec;
use crate::tools::Tool;
use crate::tools::ToolError;
use crate::tools::uploads;
use crate::tools::uploads::Given;

/// The tool `confluence_upload_attachments`.
#[derive(Debug)]
pub(crate) struct UploadAttachments;

/// Arguments of `confluence_upload_attachments`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// Id of the page or blog post.
    content_id: PageId,
    /// JSON such as `[{"filename": "log.txt", "content_base64": "aGVsbG8="}]`, 32 MB in all; or paths below the server's
    /// directory for attachments, comma separated.
    file_paths: String,
    /// A comment on each file.
    comment: Option<String>,
    /// Tell nobody who watches the page.
    #[serde(default)]
    minor_edit: bool,
}

impl Tool for UploadAttachments {
    const SPEC: Spec = Spec {
        name: "confluence_upload_attachments",
        product: Product::Confluence,
        toolset: "confluence_attachments",
        core: false,
        description: "Attach several files to a Confluence page, given as base64 or as paths on the server. Files of the same names get new versions. Says of each file whether it was attached.",
        destructive: true,
        cloud_only: false,
        resources: &[ResourceKind::Page],
        long_text: &["file_paths", "comment"],
        aliases: &[],
    };
    type Effect = Write;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        vec![Target::Page(args.content_id.clone(), With::Place)]
    }

    fn check(args: &Args) -> Result<(), ToolError> {
        given(args).map(|_| ())
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Write>) -> Result<Output, ToolError> {
        let confluence = context.confluence()?;
        let root = context.options.attachment_directory.as_deref();
        let files = uploads::read(("file_paths", "content_base64"), given(&args)?, root).await?;
        distinct(&files)?;
        let said = Said { comment: args.comment, minor: args.minor_edit };
        let page = &args.content_id;
        let (total, mut uploaded, mut failed, mut first) = (files.len(), Vec::new(), Vec::new(), None);
        for file in files {
            let name = file.name.clone();
            if matches!(&first, Some(ToolError::Upstream(error)) if error.is_unreachable()) {
                failed.push(json!({"filename": name, "error": "not tried: Confluence cannot be reached"}));
                continue;
            }
            match attached::attach(&confluence, permit, page, file, &said).await {
                Ok(attachment) => uploaded.push(Value::Object(attachment)),
                Err(error) => {
                    failed.push(json!({"filename": name, "error": error.to_string()}));
                    first = first.or(Some(error));
                }
            }
        }
        if let (Some(error), true) = (first, uploaded.is_empty()) {
            return Err(error);
        }
        let message = match failed.len() {
            0 => format!("All {total} files were attached to page {page}."),
            left => {
                format!("{} of {total} files were attached to page {page}; {left} were not.", uploaded.len())
            }
        };
        let attachments = json!({
            "success": failed.is_empty(), "content_id": page.as_str(), "total": total, "uploaded": uploaded,
            "failed": failed,
        });
        Ok(Output::Object { actual: None, value: json!({"message": message, "attachments": attachments}) })
    }
}

fn given(args: &Args) -> Result<Vec<Given>, ToolError> {
    let files = uploads::given("file_paths", Some(&args.file_paths))?;
    if files.is_empty() {
        return Err(ToolError::Arguments("`file_paths` names no file".to_owned()));
    }
    Ok(files)
}

/// Two files of one name would be two versions of one.
fn distinct(files: &[File]) -> Result<(), ToolError> {
    let mut names = BTreeSet::new();
    match files.iter().find(|file| !names.insert(file.name.as_str())) {
        Some(twice) => {
            let text = format!("`file_paths` has two files with the name `{}`; rename one", twice.name);
            Err(ToolError::Arguments(text))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_a_call_have_names_of_their_own() {
        let file = |name: &str| File { name: name.to_owned(), media_type: None, bytes: "x".into() };
        assert!(distinct(&[file("a"), file("A")]).is_ok());
        let problem = distinct(&[file("a"), file("b"), file("a")]).unwrap_err().to_string();
        assert!(problem.contains("two files with the name `a`"), "{problem}");
    }
}
