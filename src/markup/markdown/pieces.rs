//! Markdown piece by piece: a long document is parsed in parts that stay in the processor's cache.

use comrak::nodes::Node;
use comrak::nodes::NodeValue;

use super::surplus::Source;

/// Bytes that are parsed at a time.
pub(super) const PIECE: usize = 64 * 1024;

/// A document, from which pieces are taken.
pub(super) struct Pieces<'a> {
    rest: &'a str,
    /// Bytes that pieces have, without the rest of their last line.
    usual: usize,
    /// Bytes that the next piece has.
    size: usize,
}

impl<'a> Pieces<'a> {
    pub(super) fn of(markdown: &'a str, usual: usize) -> Self {
        // A definition counts for the whole document, front matter ends wherever it ends, and comrak counts lines that
        // end otherwise.
        let is_whole =
            markdown.contains("]:") || markdown.contains(['\r', '\u{FEFF}']) || markdown.starts_with("---");
        Self { rest: markdown, usual, size: if is_whole { markdown.len() } else { usual } }
    }

    /// The next lines.
    pub(super) fn next(&self) -> &'a str {
        let after = self.rest.as_bytes().get(self.size..).unwrap_or_default();
        let end = after.iter().position(|byte| *byte == b'\n').map(|at| self.size + at + 1);
        end.and_then(|end| self.rest.get(..end)).unwrap_or(self.rest)
    }

    /// Takes the blocks that are complete, and says how many of the lines' blocks they are: all before the last one
    /// that a parser which begins there reads the same. That is so where nothing else is open, at a heading or at a
    /// paragraph after an empty line.
    pub(super) fn take(&mut self, lines: &Source<'_>, root: Node<'_>) -> usize {
        let count = root.children().count();
        if lines.text().len() == self.rest.len() {
            self.rest = "";
            return count;
        }
        for (after, node) in root.reverse_children().enumerate().take(count.saturating_sub(1)) {
            let data = node.data();
            let line = data.sourcepos.start.line;
            let begins_anew = match &data.value {
                NodeValue::Heading(heading) => !heading.setext,
                NodeValue::Paragraph => lines.line(line - 1, 1).trim().is_empty(),
                _ => false,
            };
            if let Some(rest) =
                lines.start(line).filter(|_| begins_anew).and_then(|start| self.rest.get(start..))
            {
                self.rest = rest;
                self.size = self.usual;
                return count - 1 - after;
            }
        }
        // Twice as much, so that a document which is one block is not read more than twice in all.
        self.size = self.size.saturating_mul(2);
        0
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }
}
