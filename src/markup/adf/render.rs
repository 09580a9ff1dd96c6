//! The document as Atlassian Document Format, within what its schema allows to stand where.

use serde_json::{Map, Value, json};

use super::super::document::{Block, Cell, Inline, Item, List, Table, flat, simple, task_mark, tidy, trim};

/// Renders the document.
pub(in super::super) fn render(blocks: Vec<Block>) -> Value {
    let mut writer = Writer::default();
    let content = writer.blocks(blocks, Within::Page);
    json!({ "version": 1, "type": "doc", "content": content })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Page,
    /// A quote or a list item: no headings, quotes, tables, rules or tasks.
    Container,
}

/// Tasks carry identifiers, which are numbered so that the same Markdown gives the same document.
#[derive(Default)]
struct Writer {
    task_lists: usize,
    tasks: usize,
}

impl Writer {
    fn blocks(&mut self, blocks: Vec<Block>, within: Within) -> Vec<Value> {
        let blocks = if within == Within::Page { blocks } else { simple(blocks) };
        blocks.into_iter().flat_map(|block| self.block(block, within)).collect()
    }

    fn block(&mut self, block: Block, within: Within) -> Vec<Value> {
        match block {
            Block::Heading { level, content } => {
                let content = inlines(&content);
                vec![
                    json!({ "type": "heading", "attrs": { "level": level.clamp(1, 6) }, "content": content }),
                ]
            }
            Block::Paragraph(content) => paragraphs(&content),
            Block::List(list) if within == Within::Page && is_task_list(&list) => vec![self.task_list(list)],
            Block::List(list) => self.list(list).into_iter().collect(),
            Block::Code { info, text } => vec![code_block(&info, &text)],
            Block::Quote(inner) => {
                let content = or_paragraph(self.blocks(inner, Within::Container));
                vec![json!({ "type": "blockquote", "content": content })]
            }
            Block::Table(table) => table_node(&table).into_iter().collect(),
            Block::Rule => vec![json!({ "type": "rule" })],
        }
    }

    fn list(&mut self, list: List) -> Option<Value> {
        let items: Vec<Value> = list.items.into_iter().map(|item| self.list_item(item)).collect();
        if items.is_empty() {
            return None;
        }
        Some(match list.start {
            None => json!({ "type": "bulletList", "content": items }),
            Some(start) => json!({ "type": "orderedList", "attrs": { "order": start }, "content": items }),
        })
    }

    fn list_item(&mut self, item: Item) -> Value {
        let mut blocks = item.blocks;
        if item.done.is_some() {
            let mark = Inline::Text(task_mark(item.done).to_owned());
            match blocks.first_mut() {
                Some(Block::Paragraph(content)) => content.insert(0, mark),
                _ => blocks.insert(0, Block::Paragraph(vec![mark])),
            }
        }
        let mut content = self.blocks(blocks, Within::Container);
        let opens_with_list = content
            .first()
            .and_then(|node| node.get("type"))
            .and_then(Value::as_str)
            .is_some_and(|kind| kind.ends_with("List"));
        if opens_with_list {
            content.insert(0, json!({ "type": "paragraph", "content": [] }));
        }
        json!({ "type": "listItem", "content": or_paragraph(content) })
    }

    fn task_list(&mut self, list: List) -> Value {
        self.task_lists += 1;
        let identifier = format!("task-list-{}", self.task_lists);
        let mut content = Vec::new();
        for item in list.items {
            self.tasks += 1;
            let (lists, text): (Vec<Block>, Vec<Block>) =
                item.blocks.into_iter().partition(|block| matches!(block, Block::List(_)));
            content.push(json!({
                "type": "taskItem",
                "attrs": {
                    "localId": format!("task-{}", self.tasks),
                    "state": if item.done == Some(true) { "DONE" } else { "TODO" },
                },
                "content": inlines(&flat(&text)),
            }));
            for block in lists {
                if let Block::List(list) = block {
                    content.push(self.task_list(list));
                }
            }
        }
        json!({ "type": "taskList", "attrs": { "localId": identifier }, "content": content })
    }
}

/// Whether every item is a task and nothing stands in one that a task cannot hold.
fn is_task_list(list: &List) -> bool {
    !list.items.is_empty()
        && list.items.iter().all(|item| {
            item.done.is_some()
                && item.blocks.iter().all(|block| match block {
                    Block::Paragraph(_) => true,
                    Block::List(inner) => is_task_list(inner),
                    _ => false,
                })
        })
}

/// A paragraph; an image that stands alone in it becomes a picture, which only blocks can be.
fn paragraphs(content: &[Inline]) -> Vec<Value> {
    if let [Inline::Image { url, alt }] = content
        && is_web(url)
    {
        let mut attrs = json!({ "type": "external", "url": url });
        if let (Some(attrs), false) = (attrs.as_object_mut(), alt.is_empty()) {
            attrs.insert("alt".to_owned(), json!(alt));
        }
        let media = json!({ "type": "media", "attrs": attrs });
        return vec![json!({ "type": "mediaSingle", "attrs": { "layout": "center" }, "content": [media] })];
    }
    let content = inlines(content);
    if content.is_empty() { Vec::new() } else { vec![json!({ "type": "paragraph", "content": content })] }
}

fn or_paragraph(content: Vec<Value>) -> Vec<Value> {
    if content.is_empty() { vec![json!({ "type": "paragraph", "content": [] })] } else { content }
}

fn code_block(info: &str, text: &str) -> Value {
    let mut node = Map::new();
    node.insert("type".to_owned(), json!("codeBlock"));
    if let Some(language) = info.split_whitespace().next() {
        node.insert("attrs".to_owned(), json!({ "language": language }));
    }
    if !text.is_empty() {
        node.insert("content".to_owned(), json!([{ "type": "text", "text": text }]));
    }
    Value::Object(node)
}

fn table_node(table: &Table) -> Option<Value> {
    let rows: Vec<Value> = table
        .rows
        .iter()
        .filter(|row| !row.is_empty())
        .map(|row| json!({ "type": "tableRow", "content": row.iter().map(cell_node).collect::<Vec<_>>() }))
        .collect();
    let attrs = json!({ "isNumberColumnEnabled": false, "layout": "default" });
    (!rows.is_empty()).then(|| json!({ "type": "table", "attrs": attrs, "content": rows }))
}

fn cell_node(cell: &Cell) -> Value {
    let kind = if cell.header { "tableHeader" } else { "tableCell" };
    json!({ "type": kind, "content": or_paragraph(paragraphs(&flat(&cell.blocks))) })
}

fn inlines(content: &[Inline]) -> Vec<Value> {
    let mut nodes = Vec::new();
    add(&mut nodes, &trim(tidy(content)), &[]);
    nodes
}

fn add(nodes: &mut Vec<Value>, content: &[Inline], marks: &[Value]) {
    for piece in content {
        match piece {
            Inline::Text(text) => add_text(nodes, text, marks.to_vec()),
            Inline::Code(code) => {
                // The schema lets code stand with a link and with nothing else.
                let mut marks: Vec<Value> =
                    marks.iter().filter(|mark| is_kind(mark, "link")).cloned().collect();
                marks.push(json!({ "type": "code" }));
                add_text(nodes, code, marks);
            }
            Inline::Strong(inner) => add(nodes, inner, &with(marks, json!({ "type": "strong" }))),
            Inline::Emphasis(inner) => add(nodes, inner, &with(marks, json!({ "type": "em" }))),
            Inline::Strike(inner) => add(nodes, inner, &with(marks, json!({ "type": "strike" }))),
            Inline::Link { url, content } => add(nodes, content, &with(marks, link(url))),
            Inline::Image { url, alt } => {
                let label = if alt.is_empty() { url } else { alt };
                add_text(nodes, label, with(marks, link(url)));
            }
            Inline::Mention { id, name } => match id.strip_prefix("accountid:") {
                Some(account) => {
                    let mut attrs = json!({ "id": account });
                    if let (Some(attrs), Some(name)) = (attrs.as_object_mut(), name) {
                        attrs.insert("text".to_owned(), json!(name));
                    }
                    nodes.push(json!({ "type": "mention", "attrs": attrs }));
                }
                None => add_text(nodes, &format!("[~{id}]"), marks.to_vec()),
            },
            Inline::Break => nodes.push(json!({ "type": "hardBreak" })),
        }
    }
}

fn add_text(nodes: &mut Vec<Value>, text: &str, marks: Vec<Value>) {
    if text.is_empty() {
        return;
    }
    let mut node = json!({ "type": "text", "text": text });
    if let (Some(node), false) = (node.as_object_mut(), marks.is_empty()) {
        node.insert("marks".to_owned(), Value::Array(marks));
    }
    nodes.push(node);
}

fn link(url: &str) -> Value {
    json!({ "type": "link", "attrs": { "href": url } })
}

/// The marks and one more; a mark may stand once only.
fn with(marks: &[Value], mark: Value) -> Vec<Value> {
    let mut marks = marks.to_vec();
    let kind = mark.get("type").and_then(Value::as_str).unwrap_or_default();
    if !marks.iter().any(|before| is_kind(before, kind)) {
        marks.push(mark);
    }
    marks
}

fn is_kind(mark: &Value, kind: &str) -> bool {
    mark.get("type").and_then(Value::as_str) == Some(kind)
}

fn is_web(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}
