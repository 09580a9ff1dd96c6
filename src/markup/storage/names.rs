//! What the names of elements mean.

/// Whether XML allows the name.
pub(in super::super) fn is_name(name: &str) -> bool {
    let mut letters = name.chars();
    let begins = letters.next().is_some_and(|first| first.is_alphabetic() || first == '_');
    begins && letters.all(|letter| letter.is_alphanumeric() || "_-.:\u{B7}".contains(letter))
}

/// Whether the name can stand in a tag of Markdown.
pub(in super::super) fn is_plain_name(name: &str) -> bool {
    is_name(name) && name.is_ascii() && !name.starts_with('_') && !name.ends_with([':', '.', '-'])
}

/// Whether an element of this name is a block, wherever it stands.
pub(in super::super) fn is_block(name: &str) -> bool {
    matches!(
        name,
        "p" | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "ul"
            | "ol"
            | "li"
            | "dl"
            | "dt"
            | "dd"
            | "blockquote"
            | "pre"
            | "hr"
            | "table"
            | "colgroup"
            | "col"
            | "caption"
            | "thead"
            | "tbody"
            | "tfoot"
            | "tr"
            | "th"
            | "td"
            | "div"
            | "section"
            | "article"
            | "header"
            | "footer"
            | "aside"
            | "main"
            | "nav"
            | "figure"
            | "figcaption"
            | "center"
            | "address"
            | "details"
            | "summary"
            | "fieldset"
            | "ac:layout"
            | "ac:layout-section"
            | "ac:layout-cell"
            | "ac:task-list"
            | "ac:task"
            | "ac:task-body"
            | "ac:rich-text-body"
            | "ac:plain-text-body"
            | "ac:adf-extension"
    )
}

/// Whether an element of this name is one piece of a line, even with a block inside.
pub(in super::super) fn is_one_thing(name: &str) -> bool {
    matches!(name, "ac:link" | "ac:image" | "ac:parameter")
}

/// Whether the element may become a container: its text is running text, and it stands for itself.
pub(in super::super) fn is_container(name: &str) -> bool {
    let is_own = name.split_once(':').is_some_and(|(space, _)| matches!(space, "ac" | "ri" | "at"));
    match name {
        "ac:layout"
        | "ac:layout-section"
        | "ac:layout-cell"
        | "ac:task-list"
        | "ac:task"
        | "ac:task-body"
        | "ac:rich-text-body"
        | "ac:inline-comment-marker"
        | "ac:placeholder" => true,
        "pre" | "textarea" | "xmp" | "listing" | "plaintext" => false,
        _ => !is_own && is_plain_name(name),
    }
}

/// Whether a macro of this name is a piece of a line, even where it stands alone.
pub(in super::super) fn is_inline_macro(name: &str) -> bool {
    matches!(name, "status" | "anchor" | "jira" | "profile-picture" | "emoji")
}

/// Whether a macro with a body surely is a block of its own, so that no space beside it can be seen.
pub(in super::super) fn is_block_macro(name: &str) -> bool {
    matches!(
        name,
        "code"
            | "noformat"
            | "info"
            | "note"
            | "tip"
            | "warning"
            | "panel"
            | "expand"
            | "details"
            | "section"
            | "column"
    )
}
