//! The document that every format is parsed into and rendered from.

/// How deep blocks and inlines may nest; a parser keeps the text of what is deeper and drops its structure.
pub(super) const MAX_DEPTH: usize = 64;

/// One block of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Block {
    Heading { level: u8, content: Vec<Inline> },
    Paragraph(Vec<Inline>),
    List(List),
    Code { info: String, text: String },
    Quote(Vec<Block>),
    Table(Table),
    Rule,
}

/// A list; `start` is the first number of an ordered one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct List {
    pub(super) start: Option<u64>,
    pub(super) items: Vec<Item>,
}

/// One item of a list; `done` is set for tasks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) done: Option<bool>,
    pub(super) blocks: Vec<Block>,
}

/// A table of rows, which may differ in length.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) rows: Vec<Vec<Cell>>,
}

/// One cell of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) header: bool,
    pub(super) blocks: Vec<Block>,
}

/// One piece of running text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Inline {
    Text(String),
    Code(String),
    Strong(Vec<Inline>),
    Emphasis(Vec<Inline>),
    Strike(Vec<Inline>),
    Link {
        url: String,
        content: Vec<Inline>,
    },
    Image {
        url: String,
        alt: String,
    },
    /// `id` as wiki markup has it: a user name, or `accountid:` and the id.
    Mention {
        id: String,
        name: Option<String>,
    },
    Break,
}

impl Block {
    /// A paragraph of plain text.
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Paragraph(vec![Inline::Text(text.into())])
    }
}

impl Inline {
    /// The pieces inside this one, if it has any.
    pub(super) fn children(&self) -> &[Inline] {
        match self {
            Self::Strong(content)
            | Self::Emphasis(content)
            | Self::Strike(content)
            | Self::Link { content, .. } => content,
            _ => &[],
        }
    }
}

/// Appends a piece, joined to the one before where they are of one kind.
pub(super) fn push(content: &mut Vec<Inline>, piece: Inline) {
    match (content.last_mut(), piece) {
        (_, Inline::Text(text)) if text.is_empty() => {}
        (Some(Inline::Text(before)), Inline::Text(text)) => before.push_str(&text),
        (Some(Inline::Strong(before)), Inline::Strong(inner))
        | (Some(Inline::Emphasis(before)), Inline::Emphasis(inner))
        | (Some(Inline::Strike(before)), Inline::Strike(inner)) => push_all(before, inner),
        (Some(Inline::Link { url: before, content }), Inline::Link { url, content: inner })
            if *before == url =>
        {
            push_all(content, inner);
        }
        (_, piece) => content.push(piece),
    }
}

/// Appends every piece as [`push`] does.
pub(super) fn push_all(content: &mut Vec<Inline>, pieces: Vec<Inline>) {
    for piece in pieces {
        push(content, piece);
    }
}

/// Joins neighbours of one kind, drops empty marks and moves white space from the edges of marks outside:
/// no markup language has `** bold **`.
pub(super) fn tidy(content: &[Inline]) -> Vec<Inline> {
    let mut tidied = Vec::with_capacity(content.len());
    for piece in content {
        let (inner, wrap): (_, fn(Vec<Inline>) -> Inline) = match piece {
            Inline::Strong(inner) => (inner, Inline::Strong),
            Inline::Emphasis(inner) => (inner, Inline::Emphasis),
            Inline::Strike(inner) => (inner, Inline::Strike),
            Inline::Link { url, content } => {
                push(&mut tidied, Inline::Link { url: url.clone(), content: tidy(content) });
                continue;
            }
            other => {
                push(&mut tidied, other.clone());
                continue;
            }
        };
        let mut inner = tidy(inner);
        let leading = take_space(&mut inner, Edge::Start);
        let trailing = take_space(&mut inner, Edge::End);
        push_all(&mut tidied, leading);
        if !inner.is_empty() {
            push(&mut tidied, wrap(inner));
        }
        push_all(&mut tidied, trailing);
    }
    tidied
}

/// Removes white space and breaks from both ends.
pub(super) fn trim(mut content: Vec<Inline>) -> Vec<Inline> {
    take_space(&mut content, Edge::Start);
    take_space(&mut content, Edge::End);
    content
}

/// The text of some content, without any markup.
pub(super) fn plain(content: &[Inline]) -> String {
    let mut text = String::new();
    add_plain(&mut text, content);
    text
}

/// The blocks as a container takes them that allows only paragraphs, lists and code: list items and quotes.
pub(super) fn simple(blocks: Vec<Block>) -> Vec<Block> {
    let mut simplified = Vec::with_capacity(blocks.len());
    for block in blocks {
        match block {
            Block::Heading { content, .. } => {
                simplified.push(Block::Paragraph(vec![Inline::Strong(content)]));
            }
            Block::Quote(inner) => simplified.extend(simple(inner)),
            Block::Table(table) => {
                simplified.extend(table.rows.iter().map(|row| Block::Paragraph(row_line(row))));
            }
            Block::Rule => {}
            other @ (Block::Paragraph(_) | Block::List(_) | Block::Code { .. }) => simplified.push(other),
        }
    }
    simplified
}

/// The blocks as running text with breaks, for the cells of formats whose cells hold no blocks.
pub(super) fn flat(blocks: &[Block]) -> Vec<Inline> {
    let mut content = Vec::new();
    for block in blocks {
        let piece = match block {
            Block::Heading { content, .. } => vec![Inline::Strong(content.clone())],
            Block::Paragraph(content) => content.clone(),
            Block::Code { text, .. } => {
                let lines = text.lines().filter(|line| !line.is_empty());
                joined(lines.map(|line| vec![Inline::Code(line.to_owned())]))
            }
            Block::Quote(inner) => flat(inner),
            Block::List(list) => {
                joined(list.items.iter().enumerate().map(|(index, item)| flat_item(list, index, item)))
            }
            Block::Table(table) => joined(table.rows.iter().map(|row| row_line(row))),
            Block::Rule => Vec::new(),
        };
        if !piece.is_empty() && !content.is_empty() {
            content.push(Inline::Break);
        }
        push_all(&mut content, piece);
    }
    content
}

/// Whether following the address would run a script instead of opening a page.
pub(super) fn is_script(url: &str) -> bool {
    let scheme: String =
        url.chars().filter(|letter| !letter.is_whitespace() && !letter.is_control()).take(11).collect();
    let scheme = scheme.to_ascii_lowercase();
    ["javascript:", "vbscript:", "data:"].iter().any(|prefix| scheme.starts_with(prefix))
}

/// Splits `[~user]` out of plain text.
pub(super) fn with_mentions(text: &str) -> Vec<Inline> {
    let mut content = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("[~") {
        push(&mut content, Inline::Text(before.to_owned()));
        rest = after;
        let end = after.find(|letter: char| matches!(letter, '[' | ']' | '|') || letter.is_control());
        match end.and_then(|end| after.split_at_checked(end)) {
            Some((id, tail)) if tail.starts_with(']') && !id.trim().is_empty() => {
                content.push(Inline::Mention { id: id.to_owned(), name: None });
                rest = tail.strip_prefix(']').unwrap_or(tail);
            }
            _ => push(&mut content, Inline::Text("[~".to_owned())),
        }
    }
    push(&mut content, Inline::Text(rest.to_owned()));
    content
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Edge {
    Start,
    End,
}

fn take_space(content: &mut Vec<Inline>, edge: Edge) -> Vec<Inline> {
    let mut taken = Vec::new();
    loop {
        let at = if edge == Edge::Start { 0 } else { content.len().saturating_sub(1) };
        let Some(piece) = content.get_mut(at) else { break };
        match piece {
            Inline::Break => taken.push(Inline::Break),
            Inline::Text(text) => {
                let kept = if edge == Edge::Start { text.trim_start() } else { text.trim_end() };
                let outside = if edge == Edge::Start {
                    text.get(..text.len() - kept.len())
                } else {
                    text.get(kept.len()..)
                };
                taken.push(Inline::Text(outside.unwrap_or_default().to_owned()));
                if !kept.is_empty() {
                    *text = kept.to_owned();
                    break;
                }
            }
            _ => break,
        }
        content.remove(at);
    }
    if edge == Edge::End {
        taken.reverse();
    }
    taken
}

fn add_plain(text: &mut String, content: &[Inline]) {
    for piece in content {
        match piece {
            Inline::Text(part) | Inline::Code(part) | Inline::Image { alt: part, .. } => text.push_str(part),
            Inline::Mention { id, name } => text.push_str(name.as_ref().unwrap_or(id)),
            Inline::Break => text.push(' '),
            other => add_plain(text, other.children()),
        }
    }
}

fn row_line(row: &[Cell]) -> Vec<Inline> {
    let mut line = Vec::new();
    for (index, cell) in row.iter().enumerate() {
        if index > 0 {
            push(&mut line, Inline::Text(" | ".to_owned()));
        }
        push_all(&mut line, flat(&cell.blocks));
    }
    line
}

fn flat_item(list: &List, index: usize, item: &Item) -> Vec<Inline> {
    let mut marker = match list.start {
        Some(start) => format!("{}. ", start.saturating_add(index as u64)),
        None => "- ".to_owned(),
    };
    marker.push_str(task_mark(item.done));
    let mut line = vec![Inline::Text(marker)];
    push_all(&mut line, flat(&item.blocks));
    line
}

/// How a task is marked in front of its text.
pub(super) fn task_mark(done: Option<bool>) -> &'static str {
    match done {
        Some(true) => "[x] ",
        Some(false) => "[ ] ",
        None => "",
    }
}

fn joined(lines: impl Iterator<Item = Vec<Inline>>) -> Vec<Inline> {
    let mut content = Vec::new();
    for line in lines {
        if !content.is_empty() {
            content.push(Inline::Break);
        }
        push_all(&mut content, line);
    }
    content
}
