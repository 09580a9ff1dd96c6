//! Lists and lists of tasks.

use super::super::super::document::Block;
use super::super::super::document::Extra;
use super::super::super::document::Format;
use super::super::super::document::Item;
use super::super::super::document::List;
use super::super::super::document::task_mark;
use super::super::parse::first_number;
use super::Said;
use super::Writer;
use super::get;

impl Writer<'_> {
    pub(super) fn list(&mut self, list: &List, said: Said<'_>) {
        if list.decisions {
            self.notes.add("a list of decisions became a list");
        }
        if is_task_list(list) {
            return self.element("ac:task-list", said, |writer| {
                list.items.iter().for_each(|item| writer.task(item));
            });
        }
        let Some(first) = list.start else {
            return self.element("ul", said, |writer| writer.items(list));
        };
        let given = get(said, "start").filter(|start| first_number(start) == first);
        let usual = if first == 1 { String::new() } else { first.to_string() };
        match (given, usual.as_str()) {
            (None, "") => {
                self.tag("ol", &[], said, |key| key != "start");
                self.out.push('>');
                self.items(list);
                self.out.push_str("</ol>");
            }
            (given, usual) => {
                self.element_with("ol", &[("start", given.unwrap_or(usual))], said, |writer| {
                    writer.items(list);
                });
            }
        }
    }

    fn items(&mut self, list: &List) {
        for item in &list.items {
            let said = self.said(item.extra.as_ref());
            let is_bare = get(said, "#bare").is_some();
            match item.blocks.as_slice() {
                [block] if is_bare && !matches!(block.parts().0, Block::Line(_)) => self.block(block),
                blocks => self.element("li", said, |writer| writer.item(item.done, blocks)),
            }
        }
    }

    fn item(&mut self, done: Option<bool>, blocks: &[Block]) {
        let mark = task_mark(done);
        if mark.is_empty() {
            return self.blocks(blocks);
        }
        self.notes.add("a task among other items became an item with a mark");
        match blocks.split_first() {
            Some((Block::Paragraph(content), rest)) => {
                self.within("p", |writer| {
                    writer.out.push_str(mark);
                    writer.inlines(content);
                });
                self.blocks(rest);
            }
            _ => {
                self.out.push_str(mark);
                self.blocks(blocks);
            }
        }
    }

    fn task(&mut self, item: &Item) {
        let said = self.said(item.extra.as_ref());
        let id = get(said, "ac:task-id").map_or_else(|| self.new_task(), str::to_owned);
        self.out.push_str("<ac:task>");
        self.within("ac:task-id", |writer| writer.text(&id));
        if let Some(uuid) = get(said, "ac:task-uuid") {
            self.within("ac:task-uuid", |writer| writer.text(uuid));
        }
        let status = if item.done == Some(true) { "complete" } else { "incomplete" };
        self.within("ac:task-status", |writer| writer.text(status));
        self.within("ac:task-body", |writer| writer.blocks(&item.blocks));
        self.out.push_str("</ac:task>");
    }

    fn new_task(&mut self) -> String {
        let id = self.next_task.to_string();
        self.next_task += 1;
        id
    }
}

fn is_task_list(list: &List) -> bool {
    list.start.is_none() && !list.items.is_empty() && list.items.iter().all(|item| item.done.is_some())
}

/// The first number that no task has yet.
pub(super) fn next_task(blocks: &[Block]) -> u64 {
    let mut next = 1;
    let mut rest: Vec<&Block> = blocks.iter().collect();
    while let Some(block) = rest.pop() {
        match block.parts().0 {
            Block::List(list) => {
                for item in &list.items {
                    let said = item.extra.as_ref().and_then(|extra: &Extra| extra.of(Format::Storage));
                    let id: u64 = get(said, "ac:task-id").and_then(|id| id.parse().ok()).unwrap_or_default();
                    next = next.max(id.saturating_add(1));
                    rest.extend(&item.blocks);
                }
            }
            Block::Quote(inner)
            | Block::Expand { blocks: inner, .. }
            | Block::Container { blocks: inner, .. } => {
                rest.extend(inner);
            }
            Block::Panel(panel) => rest.extend(&panel.blocks),
            Block::Columns(columns) => rest.extend(columns.iter().flat_map(|column| &column.blocks)),
            Block::Table(table) => {
                let cells = table.rows.iter().flat_map(|row| &row.cells);
                rest.extend(cells.flat_map(|cell| &cell.blocks));
            }
            Block::Macro(call) => {
                if let super::super::super::document::Body::Blocks(inner) = &call.body {
                    rest.extend(inner);
                }
            }
            _ => {}
        }
    }
    next
}
