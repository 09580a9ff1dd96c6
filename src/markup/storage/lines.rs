//! The words of a page as a reader sees them, without how they look.

use super::tree;
use super::tree::Node;

/// What is in an element of these names is told to a macro or kept with a task, and not shown.
const HIDDEN: [&str; 5] = ["ac:parameter", "ac:task-id", "ac:task-status", "ac:placeholder", "ac:task-uuid"];

/// The text of each block in storage format, white space as it is shown: nothing longer than a blank. Nothing where it
/// is not well-formed.
#[must_use]
pub fn shown_lines(storage: &str) -> Option<Vec<String>> {
    let tree = tree::read(storage).ok()?;
    let mut lines = vec![String::new()];
    let mut ends = Vec::new();
    let mut at = 0;
    while let Some(node) = tree.nodes.get(at) {
        while ends.last().is_some_and(|end| *end <= at) {
            ends.pop();
            lines.push(String::new());
        }
        at += 1;
        match node {
            Node::Text(text) => lines.last_mut()?.push_str(text),
            Node::Element(tag) if HIDDEN.contains(&tag.name) => at += tag.size,
            Node::Element(tag) => {
                if tag.is_block {
                    ends.push(at + tag.size);
                }
                if tag.is_block || tag.name == "br" {
                    lines.push(String::new());
                }
            }
        }
    }
    let words = |line: &String| line.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(lines.iter().map(words).filter(|line| !line.is_empty()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_as_they_are_shown() {
        let table: [(&str, &[&str]); 7] = [
            ("<p>a <strong>b</strong>c</p><p>d</p>", &["a bc", "d"]),
            ("<p>a&nbsp;&amp;\n  b<br/>c</p>x", &["a & b", "c", "x"]),
            ("<ul><li>a<ul><li>b</li></ul>c</li></ul>", &["a", "b", "c"]),
            ("<p>x <ac:inline-comment-marker ac:ref=\"1\">y</ac:inline-comment-marker></p>", &["x y"]),
            (
                "<ac:structured-macro ac:name=\"info\"><ac:parameter ac:name=\"t\">T</ac:parameter>\
                 <ac:rich-text-body><p>in</p></ac:rich-text-body></ac:structured-macro><p>after</p>",
                &["in", "after"],
            ),
            (
                "<ac:task-list><ac:task><ac:task-id>1</ac:task-id><ac:task-body>do</ac:task-body></ac:task></ac:task-list>",
                &["do"],
            ),
            ("", &[]),
        ];
        for (storage, wanted) in table {
            assert_eq!(shown_lines(storage).unwrap(), wanted, "{storage}");
        }
        assert_eq!(shown_lines("<p>open"), None);
    }
}
