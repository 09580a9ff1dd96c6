//! HTML that is no tag of the dialect.

use comrak::Arena;
use comrak::nodes::NodeValue;
use comrak::parse_document;

use super::fold::is_of_dialect;
use super::inlines;
use super::parse::options;
use super::tags;

/// Whether there is HTML in it that becomes text.
pub(in super::super) fn has_other_tags(markdown: &str) -> bool {
    if !markdown.contains('<') {
        return false;
    }
    let arena = Arena::new();
    let root = parse_document(&arena, markdown, &options());
    root.descendants().any(|node| match &node.data().value {
        NodeValue::HtmlInline(html) => !inlines::is_of_dialect(html),
        NodeValue::HtmlBlock(html) => {
            let html = html.literal.trim_end_matches('\n');
            inlines::lone(html).is_none() && !is_of_dialect(&tags::tokens(html))
        }
        _ => false,
    })
}
