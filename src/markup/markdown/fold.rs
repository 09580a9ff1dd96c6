//! Puts together what stands between tags.

use serde_json::Value;

use super::super::document::Block;
use super::super::document::Body;
use super::super::document::Cell;
use super::super::document::Code;
use super::super::document::Column;
use super::super::document::Extra;
use super::super::document::Inline;
use super::super::document::MAX_DEPTH;
use super::super::document::Macro;
use super::super::document::Row;
use super::super::document::Table;
use super::super::document::is_text;
use super::super::entity::Entities;
use super::parse::is_known;
use super::tags::Comment;
use super::tags::Tag;
use super::tags::Token;
use super::tags::node_of;

/// The blocks of one container, with the tags among them.
pub(super) struct Fold {
    /// The container itself.
    page: Frame,
    /// The tags that are open in it.
    frames: Vec<Frame>,
    /// How deep the container stands.
    depth: usize,
}

/// What stands inside an open tag.
#[derive(Default)]
struct Frame {
    tag: Tag,
    /// The word that comments about it have.
    about: &'static str,
    extra: Option<Extra>,
    parts: Vec<Part>,
    pending: Vec<Comment>,
    text: String,
}

enum Part {
    Block(Block),
    Row(Row),
    Cell(Cell),
    Column(Column),
    Summary(String),
}

impl Fold {
    pub(super) fn new(about: &'static str, depth: usize) -> Self {
        Self { page: Frame { about, ..Frame::default() }, frames: Vec::new(), depth }
    }

    /// How deep a block stands that is added now.
    pub(super) fn depth(&self) -> usize {
        self.depth + self.frames.len()
    }

    /// Adds a piece of HTML; false if it is none of the dialect.
    pub(super) fn html(&mut self, tokens: &[Token<'_>]) -> bool {
        if !is_of_dialect(tokens) {
            return false;
        }
        for token in tokens {
            match token {
                Token::Open(tag) if self.depth() < MAX_DEPTH => self.open(tag.clone()),
                Token::Open(tag) => self.block(Block::text(tag.source.clone())),
                Token::Void(tag) => self.void(tag),
                Token::Close(name) => self.close(name),
                Token::Comment(comment) => self.comment(comment.clone()),
                Token::Text(text) => self.top().text.push_str(text),
            }
        }
        true
    }

    /// Adds a block, with what was said of it before.
    pub(super) fn block(&mut self, block: Block) {
        let frame = self.top();
        let mut block = block;
        let mut extra = None;
        for comment in std::mem::take(&mut frame.pending) {
            match comment.extra() {
                Some(found) => extra = Some(found),
                None => block = said(block, &comment),
            }
        }
        frame.parts.push(Part::Block(block.with(extra)));
    }

    /// Adds text: a paragraph, or a line of a tight list.
    pub(super) fn paragraph(&mut self, content: Vec<Inline>, is_tight: bool) {
        let block = match single_card(&content) {
            Some(block) => block,
            None if is_tight => Block::Line(content),
            None => Block::Paragraph(content),
        };
        self.block(block);
    }

    /// The blocks to which nothing can come any more.
    pub(super) fn complete(&mut self) -> Vec<Block> {
        if self.frames.is_empty() { blocks(std::mem::take(&mut self.page.parts)) } else { Vec::new() }
    }

    /// The blocks, and what is said of the container.
    pub(super) fn finish(mut self) -> (Vec<Block>, Option<Extra>) {
        while !self.frames.is_empty() {
            self.give_up();
        }
        (blocks(self.page.parts), self.page.extra)
    }

    fn top(&mut self) -> &mut Frame {
        self.frames.last_mut().unwrap_or(&mut self.page)
    }

    fn open(&mut self, tag: Tag) {
        let about = match tag.name.as_str() {
            "tr" => "row",
            "td" | "th" => "cell",
            "column" => "column",
            _ => "",
        };
        self.frames.push(Frame { tag, about, ..Frame::default() });
    }

    fn void(&mut self, tag: &Tag) {
        if tag.name == "macro" {
            return self.block(Block::Macro(macro_of(tag, Body::None)));
        }
        self.open(tag.clone());
        self.close(&tag.name);
    }

    fn close(&mut self, name: &str) {
        let is_open = self.frames.iter().any(|frame| frame.tag.name == name);
        if !is_open {
            return self.block(Block::text(format!("</{name}>")));
        }
        while self.frames.last().is_some_and(|frame| frame.tag.name != name) {
            self.give_up();
        }
        let Some(frame) = self.frames.pop() else { return };
        match closed(frame) {
            Part::Block(block) => self.block(block),
            part => self.top().parts.push(part),
        }
    }

    /// A tag that was not closed is text, and what stands in it belongs to what is around it.
    fn give_up(&mut self) {
        let Some(frame) = self.frames.pop() else { return };
        self.block(Block::text(frame.tag.source));
        self.top().parts.extend(frame.parts);
    }

    /// Adds what is said of the next block, or of what is around it.
    pub(super) fn comment(&mut self, comment: Comment) {
        let frame = self.top();
        if comment.word == "empty" {
            return self.block(Block::Paragraph(Vec::new()));
        }
        if !comment.about.is_empty() && comment.about == frame.about {
            frame.extra = comment.extra();
            return;
        }
        frame.pending.push(comment);
    }
}

/// Whether a block of HTML is made of the dialect's tags, and of nothing else.
pub(super) fn is_of_dialect(tokens: &[Token<'_>]) -> bool {
    !tokens.is_empty() && tokens.iter().all(is_known) && texts_are_titles(tokens)
}

/// Text stands between tags only where it is a title.
fn texts_are_titles(tokens: &[Token<'_>]) -> bool {
    tokens.iter().enumerate().all(|(index, token)| {
        let before = index.checked_sub(1).and_then(|before| tokens.get(before));
        !matches!(token, Token::Text(_)) || matches!(before, Some(Token::Open(tag)) if tag.name == "summary")
    })
}

fn closed(frame: Frame) -> Part {
    let Frame { tag, extra, parts, text, .. } = frame;
    match tag.name.as_str() {
        "summary" => Part::Summary(Entities::default().decode(text.trim())),
        "details" => {
            let mut title = String::new();
            let mut rest = Vec::new();
            for part in parts {
                match part {
                    Part::Summary(found) if title.is_empty() => title = found,
                    part => rest.push(part),
                }
            }
            Part::Block(Block::Expand { title, blocks: blocks(rest) })
        }
        "table" => {
            let rows = parts.into_iter().map(|part| match part {
                Part::Row(row) => row,
                part => {
                    let cell = Cell { blocks: blocks(vec![part]), ..Cell::default() };
                    Row { cells: vec![cell], extra: None }
                }
            });
            Part::Block(Block::Table(Table { rows: rows.collect() }))
        }
        "tr" => {
            let cells = parts.into_iter().map(|part| match part {
                Part::Cell(cell) => cell,
                part => Cell { blocks: blocks(vec![part]), ..Cell::default() },
            });
            Part::Row(Row { cells: cells.collect(), extra })
        }
        "td" | "th" => {
            let span = |name: &str| tag.attribute(name).parse().unwrap_or(0);
            Part::Cell(Cell {
                header: tag.name == "th",
                columns: span("colspan"),
                rows: span("rowspan"),
                blocks: blocks(parts),
                extra,
            })
        }
        "columns" => {
            let columns = parts.into_iter().map(|part| match part {
                Part::Column(column) => column,
                part => Column { blocks: blocks(vec![part]), ..Column::default() },
            });
            Part::Block(Block::Columns(columns.collect()))
        }
        "column" => {
            Part::Column(Column { width: tag.attribute("width").to_owned(), blocks: blocks(parts), extra })
        }
        "figure" => Part::Block(figure(blocks(parts))),
        "macro" => Part::Block(Block::Macro(macro_of(&tag, Body::Blocks(blocks(parts))))),
        _ => Part::Block(container(&tag, blocks(parts))),
    }
}

fn container(tag: &Tag, blocks: Vec<Block>) -> Block {
    match node_of(tag) {
        Some((name, extra)) => Block::Container { name, extra, blocks },
        None => Block::Quote(blocks),
    }
}

/// The macro that a tag names; its parameters are the other attributes.
pub(super) fn macro_of(tag: &Tag, body: Body) -> Macro {
    let mut call = Macro { name: String::new(), parameters: Vec::new(), body };
    for (name, value) in &tag.attributes {
        match name.as_str() {
            "name" if call.name.is_empty() => call.name.clone_from(value),
            "parameters" => {
                let listed: Vec<(String, String)> = serde_json::from_str(value).unwrap_or_default();
                call.parameters.extend(listed);
            }
            // Only beside listed parameters is it the text inside.
            "text" if tag.attributes.iter().any(|(name, _)| name == "parameters") => {
                call.body = Body::Text(value.clone());
            }
            _ => call.parameters.push((name.clone(), value.clone())),
        }
    }
    call
}

/// A picture with its caption; anything else that is called one stays what it is.
fn figure(mut blocks: Vec<Block>) -> Block {
    let caption = match blocks.get(1) {
        None => Some(Vec::new()),
        Some(Block::Paragraph(content)) if blocks.len() == 2 => Some(content.clone()),
        _ => None,
    };
    match (blocks.first_mut(), caption) {
        (Some(Block::Picture { image, .. }), Some(caption)) => {
            Block::Picture { image: std::mem::take(image), caption }
        }
        _ => Block::Quote(blocks),
    }
}

/// A paragraph that is one image or one card is a block of that kind.
fn single_card(content: &[Inline]) -> Option<Block> {
    match content {
        [Inline::Image(image)] => Some(Block::Picture { image: image.clone(), caption: Vec::new() }),
        [Inline::Link { url, title, content }] if is_text(content, url) => match title.as_str() {
            "smart-card" => Some(Block::Card { url: url.clone(), embed: false }),
            "smart-embed" => Some(Block::Card { url: url.clone(), embed: true }),
            _ => None,
        },
        _ => None,
    }
}

/// The link that looks like a card.
fn card_link(url: String, embed: bool) -> Inline {
    let title = if embed { "smart-embed" } else { "smart-card" };
    Inline::Link { title: title.to_owned(), content: vec![Inline::Text(url.clone())], url }
}

/// The block as a comment says it is to be taken.
fn said(block: Block, comment: &Comment) -> Block {
    match (comment.word.as_str(), block, &comment.value) {
        ("line", Block::Paragraph(content), _) => Block::Line(content),
        ("line", Block::Picture { image, .. }, _) => Block::Line(vec![Inline::Image(image)]),
        ("paragraph", Block::Line(content), _) => Block::Paragraph(content),
        ("paragraph", Block::Picture { image, .. }, _) => Block::Paragraph(vec![Inline::Image(image)]),
        ("line", Block::Card { url, embed }, _) => Block::Line(vec![card_link(url, embed)]),
        ("paragraph", Block::Card { url, embed }, _) => Block::Paragraph(vec![card_link(url, embed)]),
        ("lines", Block::Table(mut table), _) => {
            for cell in table.rows.iter_mut().flat_map(|row| &mut row.cells) {
                for block in &mut cell.blocks {
                    if let Block::Paragraph(content) = block {
                        *block = Block::Line(std::mem::take(content));
                    }
                }
            }
            Block::Table(table)
        }
        ("decisions", Block::List(mut list), _) => {
            list.decisions = true;
            Block::List(list)
        }
        ("language", Block::Code(code), Value::String(language)) => {
            Block::Code(Code { language: language.clone(), ..code })
        }
        ("title", Block::Code(code), Value::String(title)) => {
            Block::Code(Code { title: title.clone(), ..code })
        }
        ("text", Block::Code(code), Value::String(text)) => Block::Code(Code { text: text.clone(), ..code }),
        ("text", Block::Source { format, .. }, Value::String(text)) => {
            Block::Source { format, text: text.clone() }
        }
        ("text", Block::Macro(call @ Macro { body: Body::Text(_), .. }), Value::String(text)) => {
            Block::Macro(Macro { body: Body::Text(text.clone()), ..call })
        }
        ("macro", Block::Code(code), value) => match serde_json::from_value(value.clone()) {
            Ok((name, parameters)) => Block::Macro(Macro { name, parameters, body: Body::Text(code.text) }),
            Err(_) => Block::Code(code),
        },
        (_, block, _) => block,
    }
}

/// The blocks among the parts; a cell or the like outside of its table is its blocks.
fn blocks(parts: Vec<Part>) -> Vec<Block> {
    let mut blocks = Vec::with_capacity(parts.len());
    for part in parts {
        match part {
            Part::Block(block) => blocks.push(block),
            Part::Cell(cell) => blocks.extend(cell.blocks),
            Part::Column(column) => blocks.extend(column.blocks),
            Part::Row(row) => blocks.push(Block::Table(Table { rows: vec![row] })),
            Part::Summary(title) => blocks.push(Block::text(title)),
        }
    }
    blocks
}
