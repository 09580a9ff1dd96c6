//! Markdown into the document: running text.

use comrak::nodes::Node;
use comrak::nodes::NodeValue;
use serde_json::Value;

use super::super::document::Body;
use super::super::document::Extra;
use super::super::document::Format;
use super::super::document::Image;
use super::super::document::Inline;
use super::super::document::MAX_DEPTH;
use super::super::document::Mark;
use super::super::document::is_script;
use super::super::document::is_text;
use super::super::document::plain;
use super::super::document::push;
use super::super::document::push_all;
use super::super::document::with_mentions;
use super::fold::macro_of;
use super::parse::format_of;
use super::tags;
use super::tags::Comment;
use super::tags::Tag;
use super::tags::Token;
use super::tags::node_of;

/// The title of a link that is a card in a line.
pub(super) const SMART_LINK: &str = "smart-link";

/// What a line break in a paragraph is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in super::super) enum Lines {
    /// A space, as `CommonMark` has it.
    #[default]
    Joined,
    /// A break: what people write to Jira keeps its lines.
    Kept,
}

/// Where text stands, and how its lines are read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Level {
    pub(super) depth: usize,
    pub(super) lines: Lines,
}

/// The text of a table's cell, and what is said of the cell and of its row.
pub(super) struct CellText {
    pub(super) content: Vec<Inline>,
    pub(super) cell: Option<Extra>,
    pub(super) row: Option<Extra>,
    /// What is said of the block itself, or of the item it stands in.
    pub(super) outer: Vec<Comment>,
}

/// The running text inside a node.
pub(super) fn all(parent: Node<'_>, level: Level) -> Vec<Inline> {
    match parent.first_child() {
        Some(first) => from(first, level),
        None => Vec::new(),
    }
}

/// The running text from a node on to its last sibling.
pub(super) fn from(first: Node<'_>, level: Level) -> Vec<Inline> {
    read(first, level).finish().content
}

/// The text of a table's cell.
pub(super) fn cell(parent: Node<'_>, level: Level) -> CellText {
    match parent.first_child() {
        Some(first) => read(first, level).finish(),
        None => CellText { content: Vec::new(), cell: None, row: None, outer: Vec::new() },
    }
}

fn read(first: Node<'_>, level: Level) -> Line {
    let mut line = Line { level, ..Line::default() };
    let mut next = Some(first);
    while let Some(node) = next {
        line.node(node);
        next = node.next_sibling();
    }
    line
}

/// Text that is being read, with the tags that are open in it.
#[derive(Default)]
struct Line {
    /// Without its open tags.
    level: Level,
    page: Frame,
    frames: Vec<Frame>,
    cell: Option<Extra>,
    row: Option<Extra>,
    outer: Vec<Comment>,
}

#[derive(Default)]
struct Frame {
    tag: Tag,
    content: Vec<Inline>,
    pending: Vec<Comment>,
}

impl Line {
    fn depth(&self) -> usize {
        self.level.depth + self.frames.len()
    }

    fn node(&mut self, node: Node<'_>) {
        let depth = self.depth() + 1;
        if depth > MAX_DEPTH {
            return self.add(Inline::Text(deep_text(node)));
        }
        let level = Level { depth, ..self.level };
        match &node.data().value {
            NodeValue::Text(text) if text.contains("[~") => {
                for piece in with_mentions(text) {
                    self.add(piece);
                }
            }
            NodeValue::Text(text) => self.add(Inline::Text(text.to_string())),
            NodeValue::SoftBreak if self.level.lines == Lines::Kept => self.add(Inline::Break),
            NodeValue::SoftBreak => self.add(Inline::Text(" ".to_owned())),
            NodeValue::LineBreak => self.add(Inline::Break),
            NodeValue::Code(code) => self.add(Inline::Code(code.literal.clone())),
            NodeValue::HtmlInline(html) => self.html(html),
            NodeValue::Emph => self.add(Inline::Marked(Mark::Emphasis, all(node, level))),
            NodeValue::Strong => self.add(Inline::Marked(Mark::Strong, all(node, level))),
            NodeValue::Strikethrough => self.add(Inline::Marked(Mark::Strike, all(node, level))),
            NodeValue::Link(link) => self.link(&link.url, &link.title, all(node, level)),
            NodeValue::Image(link) => {
                let (url, alt, title) = (link.url.clone(), deep_text(node), link.title.clone());
                self.image(Image { url, alt, title, ..Image::default() });
            }
            _ => self.add(Inline::Text(deep_text(node))),
        }
    }

    fn link(&mut self, url: &str, title: &str, content: Vec<Inline>) {
        if is_script(url) {
            for piece in content {
                self.add(piece);
            }
            return self.add(Inline::Text(format!(" ({url})")));
        }
        let is_bare = is_text(&content, url);
        match content.as_slice() {
            // Nothing that leads nowhere.
            [] if url.is_empty() && title.is_empty() => {}
            [Inline::Text(name)] if is_account(url) && name.starts_with('@') => {
                self.add(Inline::Mention { id: url.to_owned(), name: Some(name.clone()) });
            }
            _ if title == SMART_LINK && is_bare => self.add(Inline::Card(url.to_owned())),
            _ => self.add(Inline::Link { url: url.to_owned(), title: title.to_owned(), content }),
        }
    }

    fn image(&mut self, image: Image) {
        if is_script(&image.url) {
            return self.add(Inline::Text(format!("{} ({})", image.alt, image.url)));
        }
        self.add(Inline::Image(image));
    }

    fn html(&mut self, html: &str) {
        if is_break(html) {
            return self.add(Inline::Break);
        }
        // Keeps what follows from being a block of HTML.
        if html == "<wbr>" {
            return;
        }
        match tags::single(html) {
            Some(Token::Open(tag)) if tag.name == "img" => self.void(tag),
            Some(Token::Open(tag)) if is_known(&tag.name) && self.depth() < MAX_DEPTH => {
                self.frames.push(Frame { tag, ..Frame::default() });
            }
            Some(Token::Void(tag)) if is_known(&tag.name) => self.void(tag),
            Some(Token::Close(name)) if self.frames.iter().any(|frame| frame.tag.name == name) => {
                while self.frames.last().is_some_and(|frame| frame.tag.name != name) {
                    self.give_up();
                }
                if let Some(frame) = self.frames.pop() {
                    self.add(piece(frame));
                }
            }
            Some(Token::Comment(comment)) => self.comment(comment),
            _ => self.add(Inline::Text(html.to_owned())),
        }
    }

    fn void(&mut self, tag: Tag) {
        let piece = piece(Frame { tag, ..Frame::default() });
        self.add(piece);
    }

    fn comment(&mut self, comment: Comment) {
        match comment.about.as_str() {
            "cell" => self.cell = comment.extra(),
            "row" => self.row = comment.extra(),
            "block" => self.outer.push(Comment { about: String::new(), ..comment }),
            "item" => self.outer.push(comment),
            _ if matches!(comment.word.as_str(), "line" | "paragraph") => self.outer.push(comment),
            _ => self.top().pending.push(comment),
        }
    }

    /// Adds a piece, with what was said of it before.
    fn add(&mut self, piece: Inline) {
        let frame = self.top();
        let mut piece = piece;
        let mut extra = None;
        for comment in std::mem::take(&mut frame.pending) {
            match (comment.extra(), comment.word.as_str(), &comment.value, &mut piece) {
                (Some(found), ..) => extra = Some(found),
                (None, "text", Value::String(exact), Inline::Code(code)) => code.clone_from(exact),
                (None, "link", _, Inline::Mention { id, name: Some(name) }) => {
                    let (url, content) = (std::mem::take(id), vec![Inline::Text(std::mem::take(name))]);
                    piece = Inline::Link { url, title: String::new(), content };
                }
                (None, "link", _, Inline::Card(url)) => {
                    let (url, content) = (url.clone(), vec![Inline::Text(url.clone())]);
                    piece = Inline::Link { url, title: SMART_LINK.to_owned(), content };
                }
                _ => {}
            }
        }
        // Of text nothing can be said.
        let extra = extra.filter(|_| !matches!(piece, Inline::Text(_)));
        push(&mut frame.content, piece.with(extra));
    }

    fn top(&mut self) -> &mut Frame {
        self.frames.last_mut().unwrap_or(&mut self.page)
    }

    /// A tag that was not closed is text.
    fn give_up(&mut self) {
        let Some(frame) = self.frames.pop() else { return };
        self.add(Inline::Text(frame.tag.source));
        push_all(&mut self.top().content, frame.content);
    }

    fn finish(mut self) -> CellText {
        while !self.frames.is_empty() {
            self.give_up();
        }
        CellText { content: self.page.content, cell: self.cell, row: self.row, outer: self.outer }
    }
}

fn is_break(html: &str) -> bool {
    ["<br>", "<br/>", "<br />"].iter().any(|tag| html.eq_ignore_ascii_case(tag))
}

/// Whether a tag or comment in running text is one of the dialect.
pub(super) fn is_of_dialect(html: &str) -> bool {
    let is_read = || match tags::single(html) {
        Some(Token::Open(tag) | Token::Void(tag)) => is_known(&tag.name),
        Some(Token::Close(name)) => is_known(&name),
        Some(Token::Comment(_)) => true,
        Some(Token::Text(_)) | None => false,
    };
    is_break(html) || html == "<wbr>" || is_read()
}

fn is_known(name: &str) -> bool {
    matches!(
        name,
        "u" | "sub"
            | "sup"
            | "cite"
            | "strong"
            | "b"
            | "em"
            | "i"
            | "del"
            | "s"
            | "code"
            | "span"
            | "status"
            | "time"
            | "emoji"
            | "a"
            | "img"
            | "macro"
            | "verbatim"
            | "mention"
    ) || format_of(name).is_some()
}

/// An image or the like that is alone on a line, which `CommonMark` takes for a block of HTML.
pub(super) fn lone(html: &str) -> Option<Inline> {
    let (Token::Void(tag) | Token::Open(tag)) = tags::single(html)? else { return None };
    let is_lone = match tag.name.as_str() {
        "img" => true,
        "verbatim" | "mention" => tag.source.ends_with("/>"),
        _ => false,
    };
    is_lone.then(|| piece(Frame { tag, ..Frame::default() }))
}

/// What a tag with its content is.
fn piece(frame: Frame) -> Inline {
    let Frame { tag, content, .. } = frame;
    let of = |name: &str| tag.attribute(name).to_owned();
    match tag.name.as_str() {
        "u" => Inline::Marked(Mark::Underline, content),
        "sub" => Inline::Marked(Mark::Subscript, content),
        "sup" => Inline::Marked(Mark::Superscript, content),
        "cite" => Inline::Marked(Mark::Citation, content),
        "strong" | "b" => Inline::Marked(Mark::Strong, content),
        "em" | "i" => Inline::Marked(Mark::Emphasis, content),
        "del" | "s" => Inline::Marked(Mark::Strike, content),
        "code" => Inline::Code(plain(&content)),
        "status" => Inline::Status { text: plain(&content), color: of("color") },
        "time" => Inline::Date(plain(&content)),
        "emoji" => Inline::Emoji { name: of("name"), text: plain(&content) },
        "a" if content.is_empty() && !tag.attribute("id").is_empty() => Inline::Anchor(of("id")),
        "img" if !is_script(tag.attribute("src")) => Inline::Image(Image {
            url: of("src"),
            alt: of("alt"),
            title: of("title"),
            width: of("width"),
            height: of("height"),
        }),
        "macro" => Inline::Macro(macro_of(&tag, Body::None)),
        "mention" => Inline::Mention { id: of("id"), name: Some(of("name")).filter(|name| !name.is_empty()) },
        "verbatim" => {
            match Format::parse(tag.attribute("format")).filter(|format| *format != Format::Markdown) {
                Some(format) => Inline::Source { format, text: of("text") },
                None => Inline::Text(tag.source),
            }
        }
        "span" => match colored(tag.attribute("style")) {
            Some(mark) => Inline::Marked(mark, content),
            None => text_of(&tag, &content),
        },
        _ => match node_of(&tag) {
            Some((name, extra)) => Inline::Container { name, extra, content },
            None => text_of(&tag, &content),
        },
    }
}

fn colored(style: &str) -> Option<Mark> {
    let (property, value) = style.split_once(": ")?;
    match property {
        "color" => Some(Mark::Color(value.to_owned())),
        "background-color" => Some(Mark::Background(value.to_owned())),
        _ => None,
    }
}

/// A tag that means nothing after all; it is shown with what is in it.
fn text_of(tag: &Tag, content: &[Inline]) -> Inline {
    let text = format!("{}{}", tag.source, plain(content));
    Inline::Text(if tag.source.ends_with("/>") { text } else { format!("{text}</{}>", tag.name) })
}

/// The text below a node, gathered without recursion.
pub(super) fn deep_text(node: Node<'_>) -> String {
    let mut text = String::new();
    for inner in node.descendants() {
        match &inner.data().value {
            NodeValue::Text(part) => text.push_str(part),
            NodeValue::Code(code) => text.push_str(&code.literal),
            NodeValue::CodeBlock(code) => text.push_str(&code.literal),
            NodeValue::HtmlInline(html) => text.push_str(html),
            NodeValue::HtmlBlock(html) => text.push_str(&html.literal),
            NodeValue::SoftBreak | NodeValue::LineBreak | NodeValue::Item(_) | NodeValue::TableCell
                if !text.is_empty() =>
            {
                text.push(' ');
            }
            _ => {}
        }
    }
    text
}

/// Whether an address is the id of an account.
pub(super) fn is_account(url: &str) -> bool {
    url.strip_prefix("accountid:").is_some_and(|id| !id.trim().is_empty())
}
