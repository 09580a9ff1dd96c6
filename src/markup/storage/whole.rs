//! Tells the storage format where Markdown was asked for.

use super::names;
use super::tree;
use super::tree::Child;
use super::tree::Element;
use super::tree::Node;

/// Elements of running text that pages have.
const INLINE: [&str; 19] = [
    "a", "b", "big", "br", "cite", "code", "del", "em", "i", "ins", "s", "small", "span", "strong", "sub",
    "sup", "time", "tt", "u",
];

/// Whether a text is the body of a page in storage format: blocks that pages have, and nothing beside them. Where
/// anything in it could run, it is none.
pub fn is_storage(text: &str) -> bool {
    let text = text.trim();
    // Comments are how Markdown says what a format says besides.
    if !text.starts_with('<') || !text.ends_with('>') || text.contains("<!--") {
        return false;
    }
    let Ok(tree) = tree::read(text) else { return false };
    let is_block = |child: Child<'_, '_>| match child {
        Child::Text(text) => tree::is_blank(text),
        Child::Element(Element { tag, .. }) => tag.name.starts_with("ac:") || names::is_block(tag.name),
    };
    tree.is_strict
        && !tree.is_live
        && tree::children(&tree.nodes).all(|(_, child)| is_block(child))
        && tree.nodes.iter().enumerate().all(|(at, node)| match node {
            Node::Text(_) => true,
            Node::Element(tag) if tag.name == "table" => {
                has_body(tree.nodes.get(at + 1..).unwrap_or_default())
            }
            Node::Element(tag) => is_known(tag.name),
        })
}

/// Markdown has tables of tags too, with Markdown in their cells: those of pages have a body around their rows.
fn has_body(inner: &[Node<'_>]) -> bool {
    let first =
        inner.iter().find_map(|node| if let Node::Element(tag) = node { Some(tag.name) } else { None });
    first.is_some_and(|first| matches!(first, "tbody" | "thead" | "colgroup"))
}

fn is_known(name: &str) -> bool {
    let is_own = name.split_once(':').is_some_and(|(space, _)| matches!(space, "ac" | "ri" | "at"));
    // Markdown has these two as well, with Markdown in them.
    let is_markdown = matches!(name, "details" | "summary" | "figure");
    is_own || INLINE.contains(&name) || names::is_block(name) && !is_markdown
}
