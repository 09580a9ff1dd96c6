//! What a page holds besides text.

use std::collections::BTreeMap;

use super::tree;
use super::tree::Node;
use super::tree::Tag;

/// What a page holds besides text, and how often: its macros by name, images, tasks and the like.
#[must_use]
pub fn holdings(storage: &str) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    if let Ok(tree) = tree::read(storage) {
        for node in &tree.nodes {
            if let Node::Element(tag) = node
                && let Some(name) = described(tag)
            {
                *found.entry(name).or_default() += 1;
            }
        }
    }
    found
}

/// What is in the first and not in the second.
#[must_use]
pub fn missing(before: &BTreeMap<String, usize>, after: &BTreeMap<String, usize>) -> Vec<String> {
    let gone = before.iter().filter_map(|(name, count)| {
        match count.saturating_sub(after.get(name).copied().unwrap_or_default()) {
            0 => None,
            1 => Some(name.clone()),
            several => Some(format!("{several} × {name}")),
        }
    });
    gone.collect()
}

fn described(tag: &Tag<'_>) -> Option<String> {
    let attribute = |name: &str| tag.attributes.iter().find(|(key, _)| *key == name).map(|(_, value)| value);
    Some(match tag.name {
        "ac:structured-macro" | "ac:macro" => {
            format!("macro {}", attribute("ac:name").map_or("without a name", |name| name))
        }
        "ac:image" => "image".to_owned(),
        "ac:task" => "task".to_owned(),
        "ac:inline-comment-marker" => "inline comment".to_owned(),
        "ac:layout-section" => "layout section".to_owned(),
        "ri:attachment" => format!("file {}", attribute("ri:filename")?),
        "ri:user" => "mention".to_owned(),
        name if name.starts_with("ac:adf-extension") || name.starts_with("ac:placeholder") => name.to_owned(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_is_named() {
        let macros = |names: &[&str]| {
            let written = names.iter().map(|name| format!("<ac:structured-macro ac:name=\"{name}\" />"));
            written.collect::<Vec<_>>().concat()
        };
        let before = holdings(&macros(&["toc", "jira", "jira", "jira"]));
        let after =
            holdings(&(macros(&["jira"]) + "<ac:image><ri:attachment ri:filename=\"a\" /></ac:image>"));
        assert_eq!(missing(&before, &after), ["2 × macro jira", "macro toc"]);
        assert_eq!(missing(&after, &before), ["file a", "image"]);
        assert_eq!(missing(&before, &before), [""; 0]);
    }
}
