//! Files in arguments: inline, or by their path where the operator allows it.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::Value;
use serde_json::json;

use crate::atlassian::query;
use crate::net::File;
use crate::tools::ToolError;

/// Bytes of all files of one call.
const MOST_BYTES: u64 = 32 << 20;

/// Letters of a name; file systems take no more.
const LONGEST_NAME: usize = 255;

/// A file that a caller gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Given {
    /// With its content.
    Inline(File),
    /// On the server, below the operator's directory.
    Path(String),
}

/// Reads an argument that holds files: JSON such as `[{"filename": "a.txt", "content_base64": "..."}]`, paths in the
/// place of objects, or paths separated by commas.
pub(super) fn given(argument: &str, text: Option<&str>) -> Result<Vec<Given>, ToolError> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(Vec::new()) };
    let wrong = |problem: String| ToolError::Arguments(format!("`{argument}` {problem}"));
    if !text.starts_with(['[', '{']) {
        return Ok(query::listed(text).into_iter().map(Given::Path).collect());
    }
    let entries = match serde_json::from_str(text) {
        Ok(Value::Array(entries)) => entries,
        Ok(entry @ Value::Object(_)) => vec![entry],
        _ => return Err(wrong(FORM.to_owned())),
    };
    let files = entries.iter().map(|entry| match entry {
        Value::String(path) => Ok(Given::Path(path.clone())),
        Value::Object(_) => inline(entry).map(Given::Inline),
        _ => Err(FORM.to_owned()),
    });
    let files: Vec<Given> = files.collect::<Result<_, _>>().map_err(wrong)?;
    let bytes = files.iter().map(|file| match file {
        Given::Inline(file) => file.bytes.len() as u64,
        Given::Path(_) => 0,
    });
    if bytes.sum::<u64>() > MOST_BYTES {
        return Err(wrong("holds more than 32 MB; attach the files in several calls".to_owned()));
    }
    Ok(files)
}

/// One file with its content in two arguments of their own.
pub(super) fn single(name: &str, encoded: &str) -> Result<Given, ToolError> {
    let file = inline(&json!({"filename": name, "content_base64": encoded}))
        .map_err(|problem| ToolError::Arguments(format!("`content_base64` {problem}")))?;
    if file.bytes.len() as u64 > MOST_BYTES {
        return Err(ToolError::Arguments("`content_base64` holds more than 32 MB".to_owned()));
    }
    Ok(Given::Inline(file))
}

/// A file with the media type that its name stands for, where nobody said one: Confluence shows images and documents
/// by it.
pub(super) fn typed(file: File) -> File {
    let end = file.name.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase());
    let known = end.and_then(|end| TYPES.iter().find(|(name, _)| *name == end));
    let media_type = file.media_type.or_else(|| known.map(|(_, media_type)| (*media_type).to_owned()));
    File { media_type, ..file }
}

const TYPES: [(&str, &str); 26] = [
    ("bmp", "image/bmp"),
    ("csv", "text/csv"),
    ("doc", "application/msword"),
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("gif", "image/gif"),
    ("gz", "application/gzip"),
    ("html", "text/html"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("json", "application/json"),
    ("log", "text/plain"),
    ("md", "text/markdown"),
    ("mp4", "video/mp4"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("ppt", "application/vnd.ms-powerpoint"),
    ("pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    ("svg", "image/svg+xml"),
    ("tar", "application/x-tar"),
    ("txt", "text/plain"),
    ("webp", "image/webp"),
    ("xls", "application/vnd.ms-excel"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("xml", "application/xml"),
    ("yaml", "application/yaml"),
    ("zip", "application/zip"),
];

const FORM: &str = r#"must be JSON such as [{"filename": "log.txt", "content_base64": "aGVsbG8="}]"#;

fn inline(entry: &Value) -> Result<File, String> {
    let text = |name: &str| entry.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let name = text("filename").ok_or_else(|| format!("{FORM}: a file has no `filename`"))?;
    let name = checked_name(name)?;
    let encoded = text("content_base64").or_else(|| text("base64"));
    let encoded = encoded.ok_or_else(|| format!("{FORM}: `{name}` has no `content_base64`"))?;
    let bytes =
        STANDARD.decode(encoded.trim()).map_err(|_| format!("has `{name}`, whose content is not base64"))?;
    if bytes.is_empty() {
        return Err(format!("has `{name}`, which is empty"));
    }
    let media_type = text("mime_type").or_else(|| text("content_type")).map(str::to_owned);
    Ok(File { name, media_type, bytes: bytes.into() })
}

/// A name is no path, and holds nothing that a terminal or a header would read.
pub(super) fn checked_name(name: &str) -> Result<String, String> {
    let name = name.trim();
    let is_plain = !name.chars().any(|letter| letter.is_control() || matches!(letter, '/' | '\\'));
    if is_plain && !name.trim_matches('.').is_empty() && name.chars().count() <= LONGEST_NAME {
        return Ok(name.to_owned());
    }
    Err("has a `filename` that is no plain name of a file, such as log.txt".to_owned())
}

/// Reads what stands behind paths; the content of the others is there. Nothing outside of the operator's directory is
/// read, also not through links. Beside the argument that holds them is the one that takes content itself.
pub(super) async fn read(
    (argument, inline): (&str, &str),
    given: Vec<Given>,
    root: Option<&Path>,
) -> Result<Vec<File>, ToolError> {
    let mut files = Vec::with_capacity(given.len());
    let mut room = MOST_BYTES;
    for file in given {
        let file = match file {
            Given::Inline(file) => file,
            Given::Path(path) => read_path(&path, inline, root, room)
                .await
                .map_err(|problem| ToolError::Arguments(format!("`{argument}`: `{path}` {problem}")))?,
        };
        room = room.saturating_sub(file.bytes.len() as u64);
        files.push(file);
    }
    Ok(files)
}

async fn read_path(path: &str, inline: &str, root: Option<&Path>, room: u64) -> Result<File, String> {
    let Some(root) = root else {
        return Err(format!(
            "is a path on the server, and there is no directory for such files; give the content as `{inline}`, or \
             have the administrator set tools.attachment_directory"
        ));
    };
    let outside = || {
        format!(
            "is not a file in the directory for attachments, {} (tools.attachment_directory)",
            root.display()
        )
    };
    let real_root = tokio::fs::canonicalize(root).await.map_err(|_| outside())?;
    let real = tokio::fs::canonicalize(real_root.join(path)).await.map_err(|_| outside())?;
    if !real.starts_with(&real_root) {
        return Err(outside());
    }
    let facts = tokio::fs::metadata(&real).await.map_err(|_| outside())?;
    if !facts.is_file() {
        return Err(outside());
    }
    if facts.len() > room {
        return Err("does not fit into the 32 MB that a call takes".to_owned());
    }
    let bytes = tokio::fs::read(&real).await.map_err(|_| outside())?;
    if bytes.is_empty() {
        return Err("is empty".to_owned());
    }
    let name = real.file_name().and_then(|name| name.to_str()).ok_or_else(outside)?;
    Ok(File { name: name.to_owned(), media_type: None, bytes: Bytes::from(bytes) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_whole_or_refused() {
        let path = |path: &str| Given::Path(path.to_owned());
        assert_eq!(given("a", Some("x.txt, y.txt")).unwrap(), [path("x.txt"), path("y.txt")]);
        let text = r#"["x.txt", {"filename": "b.txt", "content_base64": "aGk=", "mime_type": "text/plain"}]"#;
        let read = given("a", Some(text)).unwrap();
        let Given::Inline(file) = &read[1] else { panic!("inline") };
        assert_eq!((file.name.as_str(), file.bytes.as_ref()), ("b.txt", &b"hi"[..]));
        let table = [
            ("[1]", "`a` must be JSON such as"),
            (r#"{"filename": "b.txt"}"#, "`a` must be JSON such as"),
            (r#"[{"filename": "../b", "content_base64": "aGk="}]"#, "`a` has a `filename` that is no plain"),
            (r#"[{"filename": "..", "content_base64": "aGk="}]"#, "`a` has a `filename` that is no plain"),
            (r#"[{"filename": "b", "content_base64": "?"}]"#, "`a` has `b`, whose content is not base64"),
            (r#"[{"filename": "b", "content_base64": ""}]"#, "`a` must be JSON such as"),
        ];
        for (text, wanted) in table {
            let problem = given("a", Some(text)).unwrap_err().to_string();
            assert!(problem.starts_with(wanted), "{problem}");
        }
    }

    #[tokio::test]
    async fn paths_stay_in_the_directory() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("attachments");
        std::fs::create_dir(&root).unwrap();
        std::fs::write(root.join("a.txt"), "hi").unwrap();
        std::fs::write(root.join("empty"), "").unwrap();
        std::fs::write(home.path().join("secret"), "no").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(home.path().join("secret"), root.join("link")).unwrap();
        let read = |path: String| {
            let root = root.clone();
            async move { super::read(("a", "text"), vec![Given::Path(path)], Some(&root)).await }
        };
        assert_eq!(read("a.txt".to_owned()).await.unwrap()[0].bytes.as_ref(), b"hi");
        assert!(read(root.join("a.txt").display().to_string()).await.is_ok());
        for outside in ["../secret", "link", "/etc/passwd", ".", "absent"] {
            let problem = read(outside.to_owned()).await.unwrap_err().to_string();
            assert!(
                problem.contains("is not a file in the directory for attachments"),
                "{outside}: {problem}"
            );
        }
        assert!(read("empty".to_owned()).await.unwrap_err().to_string().ends_with("is empty"));
        let problem = super::read(("a", "text"), vec![Given::Path("a.txt".to_owned())], None)
            .await
            .unwrap_err()
            .to_string();
        assert!(problem.contains("give the content as `text`"), "{problem}");
        assert!(problem.contains("tools.attachment_directory"), "{problem}");
    }
}
