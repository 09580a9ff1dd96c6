//! What Markdown cannot say of a page: anchors at headings, and how wide tables are.
//!
//! Works on the storage format that our own converter writes. Code stands there between `<![CDATA[` and `]]>`, and is
//! never touched.

const CODE: &str = "<![CDATA[";
const CODE_END: &str = "]]>";

/// Gives every table a layout.
pub(super) fn with_table_layout(storage: &str, layout: &str) -> String {
    outside_code(storage, |text| text.replace("<table>", &format!("<table data-layout=\"{layout}\">")))
}

/// Puts Confluence's anchor macro into every heading.
pub(super) fn with_anchors(storage: &str) -> String {
    outside_code(storage, anchors)
}

fn outside_code(storage: &str, change: impl Fn(&str) -> String) -> String {
    let mut result = String::with_capacity(storage.len());
    let mut rest = storage;
    while let Some((before, code)) = rest.split_once(CODE) {
        let end = code.find(CODE_END).unwrap_or(code.len());
        let (code, after) = code.split_at(end);
        result.push_str(&change(before));
        result.push_str(CODE);
        result.push_str(code);
        rest = after;
    }
    result.push_str(&change(rest));
    result
}

fn anchors(storage: &str) -> String {
    let mut result = String::with_capacity(storage.len());
    let mut rest = storage;
    while let Some(start) = rest.find("<h") {
        let (before, tag) = rest.split_at(start);
        result.push_str(before);
        let Some((open, inner, after)) = heading(tag) else {
            result.push_str("<h");
            rest = tag.get(2..).unwrap_or_default();
            continue;
        };
        result.push_str(open);
        result.push_str(
            "<ac:structured-macro ac:name=\"anchor\" ac:schema-version=\"1\"><ac:parameter ac:name=\"\">",
        );
        result.push_str(&slug(inner));
        result.push_str("</ac:parameter></ac:structured-macro>");
        result.push_str(inner);
        rest = after;
    }
    result.push_str(rest);
    result
}

/// The opening tag of a heading, its content and what follows.
fn heading(tag: &str) -> Option<(&str, &str, &str)> {
    let level = tag.chars().nth(2).filter(|level| ('1'..='6').contains(level))?;
    let open = tag.get(..4).filter(|open| open.ends_with('>'))?;
    let end = tag.find(&format!("</h{level}>"))?;
    Some((open, tag.get(4..end)?, tag.get(end..)?))
}

/// A heading's text in lower case, words joined by hyphens, without markup.
fn slug(heading: &str) -> String {
    let mut text = String::new();
    let mut in_tag = false;
    for character in heading.chars() {
        match character {
            '<' => in_tag = true,
            '>' => in_tag = false,
            other if !in_tag => text.push(other),
            _ => {}
        }
    }
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::markup;

    #[test]
    fn headings_get_anchors() {
        assert_eq!(
            with_anchors("<h2>My <em>Title</em></h2><hr/><p>x</p>"),
            "<h2><ac:structured-macro ac:name=\"anchor\" ac:schema-version=\"1\"><ac:parameter ac:name=\"\">my-title\
             </ac:parameter></ac:structured-macro>My <em>Title</em></h2><hr/><p>x</p>"
        );
        assert_eq!(with_anchors("<h1>open"), "<h1>open");
        assert!(with_anchors("<h1>Über uns</h1>").contains("\">über-uns<"));
    }

    #[test]
    fn code_stays_as_it_is() {
        let code = "<![CDATA[<h1>x</h1><table></table>]]>";
        for markdown in
            ["```html\n<h1>x</h1><table></table>\n```", "a\n\n```\n<h1>x</h1><table></table>\n```\n\n# b"]
        {
            let storage = markup::markdown_to_storage(markdown).value;
            assert!(storage.contains(code), "{storage}");
            assert!(with_anchors(&storage).contains(code), "{markdown}");
            assert_eq!(with_table_layout(&storage, "wide"), storage, "{markdown}");
        }
        assert_eq!(
            with_table_layout("<table><tbody/></table>", "wide"),
            "<table data-layout=\"wide\"><tbody/></table>"
        );
        assert_eq!(with_anchors("<![CDATA[<h1>a</h1>"), "<![CDATA[<h1>a</h1>");
    }
}
