//! Lists of bullets, numbers, tasks and decisions.

use super::super::super::document::Block;
use super::super::super::document::Format;
use super::super::super::document::Inline;
use super::super::super::document::Item;
use super::super::super::document::List;
use super::super::super::document::flat;
use super::super::super::document::push_all;
use super::super::super::document::task_mark;
use super::super::identifiers;
use super::super::schema::Place;
use super::super::schema::allowed;
use super::super::words;
use super::super::words::Values;
use super::super::words::Words;
use super::DEEPEST;
use super::Draft;
use super::Node;
use super::Writer;
use super::foreign::node_of;
use super::tables::unknown_kind;

impl Writer<'_> {
    pub(super) fn list(
        &mut self,
        nodes: &mut Vec<Node>,
        list: &List,
        besides: Option<&Values>,
        place: Place,
        depth: usize,
    ) {
        if list.items.is_empty() {
            return;
        }
        // What was said of a list of numbers is not said of tasks and decisions.
        let of_others = besides.filter(|_| list.start.is_none());
        if list.decisions && allowed("decisionList", place) {
            nodes.push(self.decisions(list, of_others, place));
        } else if is_tasks(list) && allowed("taskList", place) {
            nodes.push(self.tasks(list, of_others, place, depth));
        } else {
            nodes.push(self.plain_list(list, besides, place, depth));
        }
    }

    fn plain_list(&mut self, list: &List, besides: Option<&Values>, place: Place, depth: usize) -> Node {
        if list.decisions {
            self.notes.add("decisions became items where no decisions can stand");
        }
        let mut content = Vec::with_capacity(list.items.len());
        for item in &list.items {
            content.push(self.item(item, depth));
        }
        let (kind, words) = match list.start {
            Some(start) => ("orderedList", words::numbered(start)),
            None => ("bulletList", Words::none()),
        };
        self.node(Draft::new(kind, words, besides).holding(content), place)
    }

    fn item(&mut self, item: &Item, depth: usize) -> Node {
        let besides = self.besides(item.extra.as_ref());
        let (kind, inside) = match unknown_kind(besides) {
            Some(kind) => (kind, Place::Unknown),
            None => ("listItem", Place::Item),
        };
        let mut content = Vec::with_capacity(item.blocks.len());
        let rest = self.marked(&mut content, item, inside);
        self.add_all(&mut content, rest, inside, depth + 2);
        if content.is_empty() {
            content.push(Node::empty_paragraph());
        }
        self.node(Draft::new(kind, Words::none(), besides).holding(content), Place::List)
    }

    /// Writes the mark of a task that is none here, with the text that it stands before, and returns the other blocks.
    fn marked<'item>(&mut self, nodes: &mut Vec<Node>, item: &'item Item, place: Place) -> &'item [Block] {
        if item.done.is_none() {
            return &item.blocks;
        }
        self.notes.add("tasks became items where no tasks can stand");
        let mut content = vec![Inline::Text(task_mark(item.done).to_owned())];
        let rest = match item.blocks.split_first() {
            Some((Block::Paragraph(text) | Block::Line(text), rest)) => {
                content.extend(text.iter().cloned());
                rest
            }
            _ => item.blocks.as_slice(),
        };
        self.paragraph(nodes, &content, None, place);
        rest
    }

    fn tasks(&mut self, list: &List, besides: Option<&Values>, place: Place, depth: usize) -> Node {
        if list.start.is_some() {
            self.notes.add("the numbers of tasks were left out");
        }
        let mut content = Vec::with_capacity(list.items.len());
        for item in &list.items {
            let (lists, text): (Vec<&Block>, Vec<&Block>) =
                item.blocks.iter().partition(|block| is_nested(block));
            if let Some(done) = item.done {
                content.push(self.task(item, done, &text, depth));
            }
            for block in lists {
                content.extend(self.nested(block, depth + 1));
            }
        }
        self.node(
            Draft::new("taskList", words::identified(identifiers::NEW_TASK_LIST), besides).holding(content),
            place,
        )
    }

    fn task(&mut self, item: &Item, done: bool, text: &[&Block], depth: usize) -> Node {
        let besides = self.besides(item.extra.as_ref());
        let is_block =
            besides.and_then(|values| values.get("type")).is_some_and(|kind| kind == "blockTaskItem");
        let (kind, content) = if is_block {
            let mut blocks = Vec::new();
            for block in text {
                self.add(&mut blocks, block, Place::BlockTask, depth + 2);
            }
            if blocks.is_empty() {
                self.paragraph(&mut blocks, &[], None, Place::BlockTask);
            }
            ("blockTaskItem", blocks)
        } else {
            ("taskItem", self.running(text))
        };
        self.node(
            Draft::new(kind, words::task(done, identifiers::NEW_TASK), besides).holding(content),
            Place::Tasks,
        )
    }

    /// A list of tasks beside its item.
    fn nested(&mut self, block: &Block, depth: usize) -> Option<Node> {
        let (block, extra) = block.parts();
        match block {
            Block::List(list) => {
                let besides = self.besides(extra).filter(|_| list.start.is_none());
                Some(self.tasks(list, besides, Place::Tasks, depth))
            }
            Block::Source { text, .. } => node_of(text, Place::Tasks).map(Node::Foreign),
            _ => None,
        }
    }

    fn decisions(&mut self, list: &List, besides: Option<&Values>, place: Place) -> Node {
        let mut content = Vec::with_capacity(list.items.len());
        for item in &list.items {
            let besides = self.besides(item.extra.as_ref());
            let text: Vec<&Block> = item.blocks.iter().collect();
            let draft = Draft::new("decisionItem", words::decision(identifiers::NEW_DECISION), besides);
            let text = self.running(&text);
            content.push(self.node(draft.holding(text), Place::Decisions));
        }
        self.node(
            Draft::new("decisionList", words::identified(identifiers::NEW_DECISION_LIST), besides)
                .holding(content),
            place,
        )
    }

    /// The blocks of an item that holds running text only.
    fn running(&mut self, blocks: &[&Block]) -> Vec<Node> {
        if let [block] = blocks
            && let Block::Line(content) | Block::Paragraph(content) = block.parts().0
        {
            return self.inlines(content, Place::Inline);
        }
        let mut content = Vec::new();
        for block in blocks {
            let piece = flat(std::slice::from_ref(*block), self.notes);
            if !piece.is_empty() && !content.is_empty() {
                content.push(Inline::Break);
            }
            push_all(&mut content, piece);
        }
        self.inlines(&content, Place::Inline)
    }
}

/// Whether every item is a task, or a list of tasks that belongs to no item.
fn is_tasks(list: &List) -> bool {
    nests_tasks(list, 0)
}

fn nests_tasks(list: &List, depth: usize) -> bool {
    let is_list = |block: &Block| nests(block, depth);
    list.items.iter().any(|item| item.done.is_some())
        && list
            .items
            .iter()
            .all(|item| item.done.is_some() || !item.blocks.is_empty() && item.blocks.iter().all(is_list))
}

/// Whether the block is a list of tasks, which stands beside its item.
fn is_nested(block: &Block) -> bool {
    nests(block, 0)
}

fn nests(block: &Block, depth: usize) -> bool {
    match block.parts().0 {
        Block::List(list) => depth < DEEPEST && !list.decisions && nests_tasks(list, depth + 1),
        Block::Source { format: Format::Adf, text } => node_of(text, Place::Tasks)
            .is_some_and(|node| node.get("type").is_some_and(|kind| kind == "taskList")),
        _ => false,
    }
}
