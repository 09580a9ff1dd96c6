//! Lists, which are one line for each item.

use std::iter::Peekable;
use std::vec::IntoIter;

use super::super::document::Block;
use super::super::document::Inline;
use super::super::document::Item;
use super::super::document::List;
use super::super::document::trim;
use super::Reading;
use super::inlines::inlines;

/// How deep lists may nest.
const DEEPEST: usize = 32;

/// One item with its marks, such as `*#`.
pub(super) struct Entry {
    pub(super) depth: usize,
    pub(super) is_ordered: bool,
    pub(super) text: String,
    pub(super) blocks: Vec<Block>,
}

/// Depth, whether it is numbered, and what comes after the marks and one space. `inside` a list, dashes nest too.
pub(super) fn marks(text: &str, inside: bool, reading: Reading) -> Option<(usize, bool, &str)> {
    let marks = text.bytes().take_while(|byte| b"*#-".contains(byte)).count();
    let (run, rest) = text.split_at_checked(marks)?;
    let is_list = match run {
        "" => false,
        "-" => true,
        dashes if dashes.bytes().all(|byte| byte == b'-') => inside && dashes.len() < 4,
        _ => true,
    };
    let is_apart = match reading {
        Reading::Editor => rest.starts_with([' ', '\t']),
        Reading::Jira => rest.starts_with([' ', '\t']) || rest.is_empty() && marks <= 3,
    };
    if !is_list || !is_apart {
        return None;
    }
    let rest = match reading {
        Reading::Editor => rest.get(1..).unwrap_or_default(),
        Reading::Jira => rest.trim_start(),
    };
    Some((marks.min(DEEPEST), run.ends_with('#'), rest))
}

/// The lists of these items.
pub(super) fn lists(mut entries: Vec<Entry>, reading: Reading) -> Vec<Block> {
    for entry in &mut entries {
        entry.close_text(reading);
    }
    if reading == Reading::Editor {
        entries.retain(|entry| !entry.blocks.is_empty());
    }
    nest(&mut entries.into_iter().peekable(), 1)
}

impl Entry {
    /// Ends the text that was gathered so far.
    pub(super) fn close_text(&mut self, reading: Reading) {
        let text = std::mem::take(&mut self.text);
        let content = inlines(&text, reading);
        if reading == Reading::Editor {
            if !text.trim().is_empty() {
                self.blocks.push(Block::Line(content));
            }
            return;
        }
        // Two breaks are how paragraphs are kept apart inside an item.
        for (index, part) in content.split(|piece| *piece == Inline::Break).enumerate() {
            let part = trim(part.to_vec());
            match self.blocks.last_mut() {
                Some(Block::Line(before)) if index > 0 && !part.is_empty() => {
                    if !before.is_empty() {
                        before.push(Inline::Break);
                    }
                    before.extend(part);
                }
                Some(Block::Line(before)) if index > 0 && !before.is_empty() => {
                    self.blocks.push(Block::Line(Vec::new()));
                }
                _ if !part.is_empty() => self.blocks.push(Block::Line(part)),
                _ => {}
            }
        }
        // A break at the end keeps nothing apart.
        self.blocks.pop_if(|block| matches!(block, Block::Line(content) if content.is_empty()));
    }

    fn into_item(mut self) -> Item {
        let mut item = Item::default();
        if let Some(Block::Line(content)) = self.blocks.first_mut()
            && let Some(Inline::Text(text)) = content.first_mut()
        {
            for (mark, done) in [("[ ] ", false), ("[x] ", true), ("[X] ", true)] {
                if let Some(rest) = text.strip_prefix(mark) {
                    item.done = Some(done);
                    *text = rest.to_owned();
                    break;
                }
            }
        }
        item.blocks = self.blocks;
        item
    }
}

fn nest(entries: &mut Peekable<IntoIter<Entry>>, depth: usize) -> Vec<Block> {
    let mut lists: Vec<List> = Vec::new();
    while let Some(entry) = entries.next_if(|entry| entry.depth >= depth) {
        let start = entry.is_ordered.then_some(1);
        if lists.last().is_none_or(|list| entry.depth == depth && list.start != start) {
            lists.push(List { start, ..List::default() });
        }
        let Some(list) = lists.last_mut() else { break };
        if entry.depth == depth {
            list.items.push(entry.into_item());
        } else {
            // An item that is deeper than its neighbours allow belongs to an item nobody wrote.
            let mut deeper = vec![entry];
            while let Some(next) = entries.next_if(|next| next.depth > depth) {
                deeper.push(next);
            }
            let blocks = nest(&mut deeper.into_iter().peekable(), depth + 1);
            list.items.push(Item { blocks, ..Item::default() });
        }
        let inner = nest(entries, depth + 1);
        if let Some(item) = list.items.last_mut() {
            item.blocks.extend(inner);
        }
    }
    lists.into_iter().map(Block::List).collect()
}
