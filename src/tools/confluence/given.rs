//! The content and the looks of a page, as callers give them.

use std::path::Path;

use super::decorate;
use super::emoji;
use crate::atlassian::confluence::BodyFormat;
use crate::atlassian::confluence::PropertyChange;
use crate::atlassian::conversion;
use crate::markup::Converted;
use crate::tools::ToolError;
use crate::tools::uploads;
use crate::tools::uploads::Given;

/// The argument that names a file on the server.
const FILE: &str = "content_file";

/// The format that content is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    Markdown,
    Wiki,
    Storage,
}

impl Written {
    pub(super) fn parse(text: &str) -> Result<Self, ToolError> {
        match text.trim().to_ascii_lowercase().as_str() {
            "markdown" => Ok(Self::Markdown),
            "wiki" => Ok(Self::Wiki),
            "storage" | "xhtml" => Ok(Self::Storage),
            _ => wrong("`content_format` must be markdown, wiki or storage"),
        }
    }
}

/// How content becomes the body of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rendering<'a> {
    pub(super) written: Written,
    anchors: bool,
    layout: Option<&'a str>,
}

impl<'a> Rendering<'a> {
    /// Checks the arguments; nothing has been asked by then.
    pub(super) fn of(format: &str, anchors: bool, layout: Option<&'a str>) -> Result<Self, ToolError> {
        let written = Written::parse(format)?;
        match layout {
            None | Some("default") => {}
            Some("full-width" | "wide") if written == Written::Markdown => {}
            Some("full-width" | "wide") => {
                return wrong(
                    "`table_layout` is for Markdown; other formats say themselves how wide tables are",
                );
            }
            Some(_) => return wrong("`table_layout` must be full-width, wide or default"),
        }
        Ok(Self { written, anchors, layout })
    }

    /// The format that is sent.
    pub(super) fn format(&self) -> BodyFormat {
        if self.written == Written::Wiki { BodyFormat::Wiki } else { BodyFormat::Storage }
    }

    /// The format that this content is taken for: one that is storage format as a whole is no Markdown.
    pub(super) fn taken(&self, content: &str) -> Written {
        let is_storage = self.written == Written::Markdown && conversion::is_storage(content);
        if is_storage { Written::Storage } else { self.written }
    }

    /// The body that is sent.
    pub(super) fn body(&self, content: &str) -> Converted<String> {
        if self.written != Written::Markdown {
            return Converted { value: content.to_owned(), notes: Vec::new() };
        }
        let Converted { value: storage, notes } = conversion::written_to_storage(content);
        Converted { value: self.decorated(storage), notes }
    }

    /// Storage that was made of Markdown, with what Markdown cannot say.
    fn decorated(&self, mut storage: String) -> String {
        if let Some(layout) = self.layout {
            storage = decorate::with_table_layout(&storage, layout);
        }
        if self.anchors {
            storage = decorate::with_anchors(&storage);
        }
        storage
    }
}

/// Refuses two contents at once. An empty text beside a file is none.
pub(super) fn check_one(content: Option<&str>, file: Option<&str>) -> Result<(), ToolError> {
    if content.is_some_and(|content| !content.is_empty()) && file.is_some() {
        return wrong("give `content` or `content_file`, not both");
    }
    Ok(())
}

/// The content as it was given, or as it is in a file below the operator's directory.
pub(super) async fn content(
    content: Option<String>,
    file: Option<String>,
    root: Option<&Path>,
) -> Result<Option<String>, ToolError> {
    let Some(file) = file else { return Ok(content) };
    let read = uploads::read((FILE, "content"), vec![Given::Path(file)], root).await?;
    let bytes = read.first().map(|file| file.bytes.to_vec()).unwrap_or_default();
    let text = String::from_utf8(bytes);
    text.map(Some).or_else(|_| wrong("`content_file` is no text in UTF-8"))
}

/// The emoji of the title and the width, as properties. An empty emoji takes away what there is.
pub(super) fn properties(emoji: Option<&str>, width: Option<&str>) -> Result<Vec<PropertyChange>, ToolError> {
    let mut changes = Vec::new();
    if let Some(emoji) = emoji {
        let value = match emoji.trim() {
            "" => None,
            text => match emoji::code_point(text) {
                None => return wrong("`emoji` must be one emoji"),
                code => code,
            },
        };
        for key in ["emoji-title-published", "emoji-title-draft"] {
            changes.push(PropertyChange { key, value: value.clone() });
        }
    }
    match width {
        None => {}
        Some("full-width" | "max" | "default") => {
            for key in ["content-appearance-published", "content-appearance-draft"] {
                changes.push(PropertyChange { key, value: width.map(str::to_owned) });
            }
        }
        Some(_) => return wrong("`page_width` must be full-width, max or default"),
    }
    Ok(changes)
}

fn wrong<T>(text: &str) -> Result<T, ToolError> {
    Err(ToolError::Arguments(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_are_set_taken_away_or_left_alone() {
        let of = |emoji, width| {
            let changes = properties(emoji, width).map_err(|error| error.to_string())?;
            Ok::<_, String>(changes.into_iter().map(|change| (change.key, change.value)).collect::<Vec<_>>())
        };
        let rocket = Some("1f680".to_owned());
        assert_eq!(of(None, None).unwrap(), []);
        assert_eq!(
            of(Some("🚀"), None).unwrap(),
            [("emoji-title-published", rocket.clone()), ("emoji-title-draft", rocket)]
        );
        assert_eq!(
            of(Some(" "), None).unwrap(),
            [("emoji-title-published", None), ("emoji-title-draft", None)]
        );
        assert_eq!(of(None, Some("max")).unwrap().len(), 2);
        for (emoji, width) in [(Some("smile"), None), (None, Some("wide"))] {
            assert!(of(emoji, width).unwrap_err().contains("must be"), "{emoji:?} {width:?}");
        }
    }

    #[test]
    fn only_markdown_is_converted() {
        let table = [
            ("markdown", "# a", "<h1>a</h1>", BodyFormat::Storage),
            ("WIKI", "h1. a", "h1. a", BodyFormat::Wiki),
            ("xhtml", "<p>a</p> ", "<p>a</p> ", BodyFormat::Storage),
            ("markdown", "<h1>T</h1><p>x</p>", "<h1>T</h1><p>x</p>", BodyFormat::Storage),
        ];
        for (format, given, wanted, sent) in table {
            let rendering = Rendering::of(format, false, None).unwrap();
            assert_eq!((rendering.body(given).value.as_str(), rendering.format()), (wanted, sent));
        }
        for (format, layout) in [("html", None), ("markdown", Some("narrow")), ("wiki", Some("wide"))] {
            assert!(Rendering::of(format, false, layout).is_err(), "{format} {layout:?}");
        }
    }

    #[tokio::test]
    async fn a_file_is_read_as_text_or_refused() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("page.md"), "# a").unwrap();
        std::fs::write(root.path().join("binary"), [0xFF, 0xFE]).unwrap();
        let read = async |name: &str| content(None, Some(name.to_owned()), Some(root.path())).await;
        assert_eq!(read("page.md").await.unwrap().as_deref(), Some("# a"));
        for (name, wanted) in [("binary", "no text"), ("../x", "is not a file"), ("absent", "is not a file")]
        {
            assert!(read(name).await.unwrap_err().to_string().contains(wanted), "{name}");
        }
        assert!(content(None, Some("page.md".to_owned()), None).await.is_err());
        assert!(check_one(Some("a"), Some("b")).is_err());
    }
}
