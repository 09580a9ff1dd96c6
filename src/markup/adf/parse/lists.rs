//! Lists of bullets, numbers, tasks and decisions.

use serde_json::Value;

use super::super::super::document::Block;
use super::super::super::document::Item;
use super::super::super::document::List;
use super::super::super::document::MAX_DEPTH;
use super::super::schema::Place;
use super::super::words;
use super::super::words::Values;
use super::super::words::Words;
use super::Reader;
use super::attribute;
use super::besides;
use super::besides_of_kind;
use super::blocks::as_line;
use super::blocks::unknown_kind;
use super::children;
use super::extra;
use super::kind;
use super::text;

impl Reader<'_> {
    pub(super) fn list(&mut self, map: &Values, depth: usize) -> Option<Block> {
        let nodes = children(map).filter(|nodes| !nodes.is_empty())?;
        if !nodes
            .iter()
            .all(|node| kind(node) == "listItem" || node.as_object().and_then(unknown_kind).is_some())
        {
            return None;
        }
        let start = match map.get("type").and_then(Value::as_str) {
            Some("orderedList") => Some(attribute(map, "order").and_then(Value::as_u64).unwrap_or(1)),
            _ => None,
        };
        let words = start.map_or_else(Words::none, words::numbered);
        let list = extra(besides(map, &words)?);
        let mut items = Vec::with_capacity(nodes.len());
        for node in nodes {
            items.push(self.item(node.as_object()?, depth)?);
        }
        tighten(&mut items);
        Some(Block::List(List { start, decisions: false, items }).with(list))
    }

    fn item(&mut self, map: &Values, depth: usize) -> Option<Item> {
        let (extra, place) = match unknown_kind(map) {
            Some((name, _)) => (extra(besides_of_kind(map, &Words::none(), name)?), Place::Unknown),
            None => (extra(besides(map, &Words::none())?), Place::Item),
        };
        Some(Item { done: None, blocks: self.blocks(children(map)?, place, depth + 1), extra })
    }

    /// Lists of tasks nest beside the item that they belong to; one before any item is an item of its own.
    pub(super) fn tasks(&mut self, map: &Values, depth: usize) -> Option<Block> {
        let nodes = children(map)?;
        let is_task = |node: &Value| matches!(kind(node), "taskItem" | "blockTaskItem");
        if !nodes.iter().all(|node| is_task(node) || kind(node) == "taskList") || !nodes.iter().any(is_task) {
            return None;
        }
        let list = extra(besides(map, &words::identified(self.usual_identifier(map)))?);
        let mut items: Vec<Item> = Vec::with_capacity(nodes.len());
        for node in nodes {
            let map = node.as_object()?;
            if is_task(node) {
                items.push(self.task(map, depth)?);
                continue;
            }
            let inner = if depth + 1 >= MAX_DEPTH { None } else { self.tasks(map, depth + 1) };
            let inner = inner.unwrap_or_else(|| self.source(node));
            match items.last_mut() {
                Some(item) => item.blocks.push(inner),
                None => items.push(Item { done: None, blocks: vec![inner], extra: None }),
            }
        }
        Some(Block::List(List { start: None, decisions: false, items }).with(list))
    }

    fn task(&mut self, map: &Values, depth: usize) -> Option<Item> {
        let done = match text(map, "state") {
            "DONE" => true,
            "TODO" => false,
            _ => return None,
        };
        let nodes = children(map)?;
        let words = words::task(done, self.usual_identifier(map));
        if map.get("type").and_then(Value::as_str) == Some("taskItem") {
            let extra = extra(besides(map, &words)?);
            return Some(Item { done: Some(done), blocks: vec![Block::Line(self.inlines(nodes))], extra });
        }
        if !nodes.iter().all(|node| matches!(kind(node), "paragraph" | "extension")) {
            return None;
        }
        let extra = extra(besides_of_kind(map, &words, "blockTaskItem")?);
        Some(Item { done: Some(done), blocks: self.blocks(nodes, Place::BlockTask, depth + 1), extra })
    }

    pub(super) fn decisions(&mut self, map: &Values) -> Option<Block> {
        let nodes = children(map).filter(|nodes| !nodes.is_empty())?;
        let list = extra(besides(map, &words::identified(self.usual_identifier(map)))?);
        let mut items = Vec::with_capacity(nodes.len());
        for node in nodes {
            let map = node.as_object().filter(|_| kind(node) == "decisionItem")?;
            let extra = extra(besides(map, &words::decision(self.usual_identifier(map)))?);
            let blocks = vec![Block::Line(self.inlines(children(map)?))];
            items.push(Item { done: None, blocks, extra });
        }
        Some(Block::List(List { start: None, decisions: true, items }).with(list))
    }
}

/// A list whose items have one paragraph each, at the beginning, is a tight one: ADF has no other way to say it.
fn tighten(items: &mut [Item]) {
    let is_paragraph = |block: &Block| matches!(block.parts().0, Block::Paragraph(_));
    if items.iter().any(|item| item.blocks.iter().skip(1).any(is_paragraph)) {
        return;
    }
    // Nothing would be left of an empty one that anything is said of, or that blocks come after.
    let is_shown = |blocks: &[Block]| match blocks {
        [Block::Paragraph(_)] => true,
        [block, ..] => !matches!(block.parts().0, Block::Paragraph(content) if content.is_empty()),
        [] => false,
    };
    for item in items.iter_mut().filter(|item| is_shown(&item.blocks)) {
        item.blocks.first_mut().into_iter().for_each(as_line);
    }
}
