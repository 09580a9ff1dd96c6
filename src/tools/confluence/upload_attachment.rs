//! Attach a file to a page.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::json;

use super::attached;
use crate::atlassian::confluence::Said;
use crate::atlassian::confluence::With;
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
use crate::tools::uploads;
use crate::tools::uploads::Given;

/// The tool `confluence_upload_attachment`.
#[derive(Debug)]
pub(crate) struct UploadAttachment;

/// Arguments of `confluence_upload_attachment`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// Id of the page or blog post.
    content_id: PageId,
    /// A file below the server's directory for attachments.
    file_path: Option<String>,
    /// What is in the file, as base64, up to 32 MB; needs filename.
    content_base64: Option<String>,
    /// The name to give the file.
    filename: Option<String>,
    /// A comment on the file.
    comment: Option<String>,
    /// Tell nobody who watches the page.
    #[serde(default)]
    minor_edit: bool,
}

impl Tool for UploadAttachment {
    const SPEC: Spec = Spec {
        name: "confluence_upload_attachment",
        product: Product::Confluence,
        toolset: "confluence_attachments",
        core: false,
        description: "Attach a file to a Confluence page, given as base64 or as a path on the server. A file of that name gets a new version.",
        destructive: true,
        cloud_only: false,
        resources: &[ResourceKind::Page],
        long_text: &["content_base64", "comment"],
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
        let mut files = uploads::read(("file_path", "content_base64"), vec![given(&args)?], root).await?;
        let mut file = files.pop().ok_or(ToolError::Absent)?;
        if let Some(name) = &args.filename {
            file.name = uploads::checked_name(name).map_err(|problem| wrong(&problem))?;
        }
        let said = Said { comment: args.comment, minor: args.minor_edit };
        let page = &args.content_id;
        let mut attachment = attached::attach(&confluence, permit, page, file, &said).await?;
        let message = format!("`{}` was attached to page {page}.", attached::name(&attachment));
        attachment.insert("success".into(), true.into());
        attachment.insert("content_id".into(), page.as_str().into());
        Ok(Output::Object { actual: None, value: json!({"message": message, "attachment": attachment}) })
    }
}

fn wrong(problem: &str) -> ToolError {
    ToolError::Arguments(format!("the call {problem}"))
}

/// The file, which comes in one of two ways.
fn given(args: &Args) -> Result<Given, ToolError> {
    let wrong = |text: &str| Err(ToolError::Arguments(text.to_owned()));
    if let Some(name) = &args.filename {
        uploads::checked_name(name).map_err(|problem| self::wrong(&problem))?;
    }
    match (&args.file_path, &args.content_base64, &args.filename) {
        (Some(path), None, _) => Ok(Given::Path(path.clone())),
        (None, Some(content), Some(name)) => uploads::single(name, content),
        (None, Some(_), None) => wrong("`content_base64` needs a `filename`"),
        (Some(_), Some(_), _) => wrong("give `file_path` or `content_base64`, not both"),
        (None, None, _) => wrong("give `content_base64` with `filename`, or `file_path`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_comes_in_one_of_two_ways() {
        let table = [
            (json!({"file_path": "a.txt"}), None),
            (json!({"file_path": "a.txt", "filename": "b.txt"}), None),
            (json!({"content_base64": "aGk=", "filename": "a.txt"}), None),
            (json!({"content_base64": "aGk="}), Some("needs a `filename`")),
            (json!({"content_base64": "?", "filename": "a.txt"}), Some("not base64")),
            (json!({"content_base64": "aGk=", "filename": "../a.txt"}), Some("no plain name")),
            (json!({"file_path": "a.txt", "filename": ".."}), Some("no plain name")),
            (json!({"file_path": "a.txt", "content_base64": "aGk="}), Some("not both")),
            (json!({"filename": "a.txt"}), Some("give `content_base64` with `filename`")),
        ];
        for (more, wanted) in table {
            let mut args = json!({"content_id": "1"});
            args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let problem = UploadAttachment::check(&serde_json::from_value(args).unwrap()).err();
            let problem = problem.map(|problem| problem.to_string());
            match wanted {
                None => assert_eq!(problem, None, "{more}"),
                Some(wanted) => assert!(problem.as_ref().unwrap().contains(wanted), "{more}: {problem:?}"),
            }
        }
    }
}
