//! What elements hold that Markdown has no words for, so that it stands in a comment there, or nowhere.

use std::collections::BTreeSet;
use std::ops::Range;

use super::parse::span;
use super::tree;
use super::tree::Child;
use super::tree::Element;
use super::tree::Node;

/// Whether what is inside of the first element is said in a comment only.
pub(super) fn is_unsaid(within: &Element<'_, '_>, element: &Element<'_, '_>) -> bool {
    match (within.tag.name, element.tag.name) {
        ("ac:task", "ac:task-id" | "ac:task-uuid") | ("table", "colgroup") => true,
        ("ac:structured-macro" | "ac:macro", "ac:parameter") => {
            let is_known = said_of(within).contains(&element.attribute("ac:name"));
            !said_of(within).is_empty() && (!is_known || element.inner.is_empty())
        }
        _ => false,
    }
}

/// The parameters of a macro that Markdown has a word for. Of a macro that it does not know it says all.
fn said_of(call: &Element<'_, '_>) -> &'static [&'static str] {
    let has = |body: &str| elements(call).any(|part| part.tag.name == body);
    match call.attribute("ac:name") {
        "code" | "noformat" if has("ac:plain-text-body") => &["language", "title"],
        "info" | "note" | "tip" | "warning" | "panel" | "expand" if has("ac:rich-text-body") => &["title"],
        "status" => &["colour", "title"],
        _ => &[],
    }
}

/// The elements directly inside.
pub(super) fn elements<'t, 'a>(
    element: &Element<'t, 'a>,
) -> impl Iterator<Item = Element<'t, 'a>> + use<'t, 'a> {
    tree::children(element.inner).filter_map(|(_, child)| match child {
        Child::Element(element) => Some(element),
        Child::Text(_) => None,
    })
}

/// How many columns a table has, by its first row.
pub(super) fn columns(table: &Element<'_, '_>) -> u32 {
    let row = table.inner.iter().enumerate().find_map(|(at, node)| match node {
        Node::Element(tag) if tag.name == "tr" => {
            Some(Element { tag, inner: table.inner.get(at + 1..)?.get(..tag.size)? })
        }
        _ => None,
    });
    row.iter().flat_map(elements).map(|cell| span(cell.attribute("colspan")).max(1)).sum()
}

/// The text that Markdown shows of an element, its code with it.
pub(super) fn look(element: &Element<'_, '_>) -> String {
    let mut look = String::new();
    let mut rest = element.inner;
    while let Some((node, after)) = rest.split_first() {
        rest = match node {
            Node::Text(text) => {
                look.push_str(text);
                after
            }
            Node::Element(tag) if tag.name == "ac:parameter" || tag.name.starts_with("ac:task-") => {
                let skipped = if tag.name == "ac:task-body" { 0 } else { tag.size };
                after.get(skipped..).unwrap_or_default()
            }
            Node::Element(_) => after,
        };
    }
    look
}

/// Gives the tasks in what is new other numbers where the page has theirs already.
pub(super) fn renumbered(storage: &str, new: &[Range<usize>]) -> Option<String> {
    let tree = tree::read(storage).ok()?;
    let (mut taken, mut fresh) = (BTreeSet::new(), Vec::new());
    for (at, node) in tree.nodes.iter().enumerate() {
        let (Node::Element(tag), Some(Node::Text(text))) = (node, tree.nodes.get(at + 1)) else { continue };
        if tag.name != "ac:task-id" {
            continue;
        }
        if new.iter().any(|range| range.contains(&tag.source.start)) {
            fresh.push((tag.source.clone(), text.to_string()));
        } else {
            taken.insert(text.to_string());
        }
    }
    let numbers = fresh.iter().map(|(_, id)| id).chain(&taken).filter_map(|id| id.parse::<u64>().ok());
    let mut next = numbers.max().unwrap_or_default();
    let (mut renumbered, mut at) = (String::new(), 0);
    for (source, id) in fresh {
        if !taken.insert(id) {
            next = next.saturating_add(1);
            taken.insert(next.to_string());
            renumbered.push_str(storage.get(at..source.start)?);
            renumbered.extend(["<ac:task-id>", &next.to_string(), "</ac:task-id>"]);
            at = source.end;
        }
    }
    renumbered.push_str(storage.get(at..)?);
    Some(renumbered)
}
