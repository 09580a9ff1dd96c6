//! What other formats say, and what ADF says of its own.

use serde_json::Value;

use super::super::super::document::Block;
use super::super::super::document::Body;
use super::super::super::document::Code;
use super::super::super::document::Extra;
use super::super::super::document::Format;
use super::super::super::document::Inline;
use super::super::schema;
use super::super::schema::Kept;
use super::super::schema::Place;
use super::super::words::Values;
use super::super::words::Words;
use super::Draft;
use super::Node;
use super::Writer;

impl Writer<'_> {
    /// A node as it was written, or the code of it where it cannot be a node.
    pub(super) fn source(&mut self, nodes: &mut Vec<Node>, format: Format, text: &str, place: Place) {
        if let Some(node) = (format == Format::Adf).then(|| node_of(text, place)).flatten() {
            return nodes.push(Node::Foreign(node));
        }
        self.source_note(format);
        if place == Place::BlockTask {
            return self.paragraph(nodes, &[Inline::Code(text.to_owned())], None, place);
        }
        let language = match format {
            Format::Adf => "json",
            Format::Storage => "xml",
            Format::Wiki | Format::Markdown => "",
        };
        let code = Code { language: language.to_owned(), title: String::new(), text: text.to_owned() };
        self.code(nodes, &code, None, place);
    }

    pub(super) fn source_note(&mut self, format: Format) {
        let format = format.as_str();
        self.notes.add(format!("source of the {format} format became code"));
    }

    /// A node that holds blocks.
    pub(super) fn container(
        &mut self,
        nodes: &mut Vec<Node>,
        (name, extra, blocks): (&str, &Extra, &[Block]),
        place: Place,
        depth: usize,
    ) {
        let values = extra.of(Format::Adf);
        match values {
            Some(values) if name == "mediaGroup" => {
                return self.group(nodes, blocks, Some(values), place, depth);
            }
            Some(values) if let Some(inside) = inside(name, values, place) => {
                let content = match inside {
                    Place::Unknown | Place::Row => self.blocks(blocks, inside, depth + 1),
                    _ => self.filled(blocks, inside, depth + 1),
                };
                let draft = Draft::new(name, Words::none(), Some(values));
                return nodes.push(self.node(draft.holding(content), place));
            }
            _ => {}
        }
        let format = extra.format.as_str();
        self.notes.add(format!("a {name} of the {format} format became its blocks"));
        self.add_all(nodes, blocks, place, depth + 1);
    }
}

/// What stands in a node of that kind; `None` if there can be no such node there.
fn inside(name: &str, values: &Values, place: Place) -> Option<Place> {
    let Some(node) = schema::node(name) else {
        return (!name.is_empty() && !schema::is_mark(name)).then_some(Place::Unknown);
    };
    let holds_blocks = match node.holds {
        Place::Row => place == Place::Unknown || place == Place::Table,
        holds => schema::allowed("paragraph", holds),
    };
    let attributes = match values.get("attrs").and_then(Value::as_object) {
        Some(attributes) => schema::kept_attributes(node, &mut attributes.clone()) != Kept::TooFew,
        None => !node.needs_attributes,
    };
    (holds_blocks && attributes && schema::allowed(name, place)).then_some(node.holds)
}

/// The node that the text is, if it may stand there.
pub(super) fn node_of(text: &str, place: Place) -> Option<Value> {
    let node: Value = serde_json::from_str(text).ok()?;
    schema::fits(&node, place).then_some(node)
}

/// The text of a block, without recursion.
pub(super) fn readable(block: &Block) -> String {
    let mut text = String::new();
    let mut open = vec![Open::Block(block)];
    while let Some(next) = open.pop() {
        match next {
            Open::Block(block) => open_block(&mut open, &mut text, block),
            Open::Piece(piece) => open_piece(&mut open, &mut text, piece),
            Open::Space if text.is_empty() || text.ends_with(' ') => {}
            Open::Space => text.push(' '),
        }
    }
    text.truncate(text.trim_end().len());
    text
}

/// The text of pieces, without recursion.
pub(super) fn readable_text(content: &[Inline]) -> String {
    let mut text = String::new();
    let mut open: Vec<Open<'_>> = content.iter().rev().map(Open::Piece).collect();
    while let Some(next) = open.pop() {
        if let Open::Piece(piece) = next {
            open_piece(&mut open, &mut text, piece);
        }
    }
    text
}

/// What is still to be read.
enum Open<'document> {
    Block(&'document Block),
    Piece(&'document Inline),
    Space,
}

fn open_block<'document>(open: &mut Vec<Open<'document>>, text: &mut String, block: &'document Block) {
    open.push(Open::Space);
    let blocks: Vec<&Block> = match block {
        Block::Heading { content, .. }
        | Block::Paragraph(content)
        | Block::Line(content)
        | Block::Picture { caption: content, .. } => {
            return open.extend(content.iter().rev().map(Open::Piece));
        }
        Block::Code(code) => return text.push_str(&code.text),
        Block::Card { url, .. } => return text.push_str(url),
        Block::Source { text: source, .. } => return text.push_str(source),
        Block::Rule => return,
        Block::With { block, .. } => vec![&**block],
        Block::Quote(blocks) | Block::Expand { blocks, .. } | Block::Container { blocks, .. } => {
            blocks.iter().collect()
        }
        Block::Panel(panel) => panel.blocks.iter().collect(),
        Block::List(list) => list.items.iter().flat_map(|item| &item.blocks).collect(),
        Block::Table(table) => {
            table.rows.iter().flat_map(|row| &row.cells).flat_map(|cell| &cell.blocks).collect()
        }
        Block::Columns(columns) => columns.iter().flat_map(|column| &column.blocks).collect(),
        Block::Macro(call) => match &call.body {
            Body::None => return,
            Body::Text(body) => return text.push_str(body),
            Body::Blocks(blocks) => blocks.iter().collect(),
        },
    };
    open.extend(blocks.into_iter().rev().map(Open::Block));
}

fn open_piece<'document>(open: &mut Vec<Open<'document>>, text: &mut String, piece: &'document Inline) {
    match piece {
        Inline::Text(part) | Inline::Code(part) | Inline::Card(part) | Inline::Date(part) => {
            text.push_str(part);
        }
        Inline::Status { text: part, .. } => text.push_str(part),
        Inline::Image(image) => text.push_str(&image.alt),
        Inline::Emoji { name, text: shown } => text.push_str(if shown.is_empty() { name } else { shown }),
        Inline::Mention { id, name } => text.push_str(name.as_ref().unwrap_or(id)),
        Inline::Break => text.push(' '),
        Inline::Source { text: part, .. } => text.push_str(part),
        Inline::Anchor(_) => {}
        Inline::Macro(call) => match &call.body {
            Body::None => {}
            Body::Text(part) => text.push_str(part),
            Body::Blocks(blocks) => open.extend(blocks.iter().rev().map(Open::Block)),
        },
        Inline::With { piece, .. } => open.push(Open::Piece(piece)),
        Inline::Marked(_, content) | Inline::Link { content, .. } | Inline::Container { content, .. } => {
            open.extend(content.iter().rev().map(Open::Piece));
        }
    }
}
