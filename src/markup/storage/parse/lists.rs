//! Lists and lists of tasks.

use super::super::super::document::Block;
use super::super::super::document::Extra;
use super::super::super::document::Format;
use super::super::super::document::Item;
use super::super::super::document::List;
use super::super::tree::Element;
use super::Parser;
use super::Place;
use super::Values;
use super::extra;
use super::set;

/// The number that a list begins with, as Markdown can have it.
pub(in super::super) fn first_number(start: &str) -> u64 {
    start.parse().ok().filter(|start| *start < 1_000_000_000).unwrap_or(1)
}

impl Parser<'_> {
    pub(super) fn list(&self, element: &Element<'_, '_>, place: Place) -> Option<Block> {
        let elements = element.only_elements().filter(|elements| !elements.is_empty())?;
        let items: Option<Vec<Item>> = elements.iter().map(|child| self.item(child, place)).collect();
        let start = element.attribute("start");
        let is_ordered = element.tag.name == "ol";
        let first = first_number(start);
        let is_usual = is_ordered && first != 1 && first.to_string() == start;
        let list = List { start: is_ordered.then_some(first), decisions: false, items: items? };
        Some(Block::List(list).with(extra(element, if is_usual { &["start"] } else { &[] })))
    }

    fn item(&self, element: &Element<'_, '_>, place: Place) -> Option<Item> {
        if element.tag.is_live || !element.tag.is_block {
            return None;
        }
        if element.tag.name == "li" {
            let blocks = self.blocks(element.inner, place.deeper());
            return Some(Item { done: None, blocks, extra: extra(element, &[]) });
        }
        // Old pages nest a list beside the item that it belongs to.
        let mut values = Values::new();
        set(&mut values, "#bare", element.tag.name);
        let blocks = vec![self.block(*element, place.deeper())];
        Some(Item { done: None, blocks, extra: Extra::new(Format::Storage, values) })
    }

    pub(super) fn tasks(&self, element: &Element<'_, '_>, place: Place) -> Option<Block> {
        let elements = element.only_elements().filter(|elements| !elements.is_empty())?;
        let items: Option<Vec<Item>> = elements.iter().map(|child| self.task(child, place)).collect();
        let list = List { start: None, decisions: false, items: items? };
        Some(Block::List(list).with(extra(element, &[])))
    }

    fn task(&self, element: &Element<'_, '_>, place: Place) -> Option<Item> {
        if element.tag.name != "ac:task" || !element.tag.attributes.is_empty() {
            return None;
        }
        let parts = element.only_elements()?;
        let (id, uuid, status, body) = match parts.as_slice() {
            [id, uuid, status, body] => (id, Some(uuid), status, body),
            [id, status, body] => (id, None, status, body),
            _ => return None,
        };
        let mut values = Values::new();
        set(&mut values, "ac:task-id", part(id, "ac:task-id")?);
        if let Some(uuid) = uuid {
            set(&mut values, "ac:task-uuid", part(uuid, "ac:task-uuid")?);
        }
        let done = match part(status, "ac:task-status")? {
            "complete" => true,
            "incomplete" => false,
            _ => return None,
        };
        let is_body = body.tag.name == "ac:task-body" && body.tag.attributes.is_empty();
        let blocks = is_body.then(|| self.blocks(body.inner, place.deeper()))?;
        Some(Item { done: Some(done), blocks, extra: Extra::new(Format::Storage, values) })
    }
}

/// The text of one part of a task.
fn part<'t>(element: &Element<'t, '_>, name: &str) -> Option<&'t str> {
    let is_part = element.tag.name == name && element.tag.attributes.is_empty();
    if is_part { element.only_text().filter(|text| !text.is_empty()) } else { None }
}
