//! Running text.

mod marks;

use serde_json::Value;

use super::super::super::document::Format;
use super::super::super::document::Image;
use super::super::super::document::Inline;
use super::super::super::document::is_script;
use super::super::parse::is_web;
use super::super::schema;
use super::super::schema::Place;
use super::super::words;
use super::super::words::Values;
use super::super::words::Words;
use super::DEEPEST_TEXT;
use super::Draft;
use super::Node;
use super::Writer;
use super::foreign::node_of;
use super::foreign::readable_text;
use super::node::TextMark;

impl Writer<'_> {
    /// The pieces as nodes; `place` is running text or a caption.
    pub(super) fn inlines(&mut self, content: &[Inline], place: Place) -> Vec<Node> {
        let nodes = Vec::with_capacity(content.len());
        let mut line = Line { writer: self, place, nodes, marks: Vec::new() };
        line.add_all(content, 0);
        line.nodes
    }
}

/// Writes one line of running text.
struct Line<'writer, 'notes> {
    writer: &'writer mut Writer<'notes>,
    place: Place,
    nodes: Vec<Node>,
    /// The marks around the piece, the outermost first.
    marks: Vec<TextMark>,
}

impl Line<'_, '_> {
    fn add_all(&mut self, content: &[Inline], depth: usize) {
        if depth > DEEPEST_TEXT {
            self.writer.notes.add("text that is nested too deep lost its marks");
            return self.text(&readable_text(content));
        }
        for piece in content {
            self.add(piece, None, depth);
        }
    }

    fn add(&mut self, piece: &Inline, besides: Option<&Values>, depth: usize) {
        match piece {
            Inline::Text(text) => self.text(text),
            Inline::Code(code) => self.code(code),
            Inline::Marked(mark, content) => {
                let mark = self.mark(mark, besides);
                self.marked(mark, content, depth);
            }
            Inline::Link { url, title, content } => self.link(url, title, content, besides, depth),
            Inline::Container { name, extra, content } => {
                let mark = self.mark_of(name, extra);
                self.marked(mark, content, depth);
            }
            Inline::Card(url) if is_script(url) || url.is_empty() => self.text(url),
            Inline::Card(url) => self.leaf("inlineCard", words::card(url, false), besides),
            Inline::Image(image) => self.image(image, besides),
            Inline::Mention { id, name } => self.mention(id, name.as_deref(), besides),
            Inline::Emoji { name, text } if name.is_empty() => self.text(text),
            Inline::Emoji { name, text } => self.leaf("emoji", words::emoji(name, text), besides),
            Inline::Date(day) => match words::date(day, attributes(besides)) {
                Some(words) => self.leaf("date", words, besides),
                None => self.text(day),
            },
            Inline::Status { text, .. } if text.is_empty() => {}
            Inline::Status { text, color } => {
                let color = self.status_color(color);
                self.leaf("status", words::status(text, &color), besides);
            }
            Inline::Anchor(_) => self.writer.notes.add("a place to link to was left out"),
            Inline::Macro(call) => {
                let pieces = self.writer.macro_pieces(call);
                self.add_all(&pieces, depth + 1);
            }
            Inline::Break => {
                let draft = Draft::new("hardBreak", Words::none(), besides);
                self.nodes.push(self.writer.node(draft, self.place));
            }
            Inline::Source { format, text } => self.source(*format, text),
            Inline::With { extra, piece } => {
                let besides = self.writer.besides(Some(extra));
                match &**piece {
                    Inline::With { .. } => self.add_all(std::slice::from_ref(piece), depth + 1),
                    piece => self.add(piece, besides, depth),
                }
            }
        }
    }

    fn marked(&mut self, mark: Option<TextMark>, content: &[Inline], depth: usize) {
        let before = self.marks.len();
        self.marks.extend(mark);
        self.add_all(content, depth + 1);
        self.marks.truncate(before);
    }

    fn link(&mut self, url: &str, title: &str, content: &[Inline], besides: Option<&Values>, depth: usize) {
        if is_script(url) {
            self.writer.notes.add("a link that would run a script became its text");
            return self.add_all(content, depth + 1);
        }
        let before = (self.marks.len(), self.nodes.len());
        let mark = self.drawn("link", words::link(url, title), besides);
        self.marks.push(mark);
        self.add_all(content, depth + 1);
        if self.nodes.len() == before.1 {
            self.text(url);
        }
        self.marks.truncate(before.0);
    }

    fn text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        let marks = self.effective();
        self.push_text(text, marks);
    }

    /// Code has no marks but links and comments.
    fn code(&mut self, code: &str) {
        if code.is_empty() {
            return;
        }
        let mut marks = self.effective();
        let before = marks.len();
        marks.retain(|mark| matches!(mark.kind(), "link" | "annotation") || !schema::is_mark(mark.kind()));
        if marks.len() < before {
            self.writer.notes.add("code lost the other marks that it had");
        }
        marks.push(TextMark::Plain("code"));
        self.push_text(code, marks);
    }

    /// Text of the same marks as what is before it is one with it, as every reader takes it.
    fn push_text(&mut self, text: &str, marks: Vec<TextMark>) {
        match self.nodes.last_mut().and_then(|before| before.text_of(&marks)) {
            Some(before) => before.push_str(text),
            None => self.nodes.push(Node::text(text, marks)),
        }
    }

    /// A node that holds nothing and has no marks.
    fn leaf(&mut self, kind: &str, words: Words, besides: Option<&Values>) {
        if !self.marks.is_empty() {
            self.writer.notes.add(format!("a {kind} lost its marks: it can have none"));
        }
        self.nodes.push(self.writer.node(Draft::new(kind, words, besides), self.place));
    }

    /// A file of Cloud stands in text; any other image becomes a link.
    fn image(&mut self, image: &Image, besides: Option<&Values>) {
        if let Some(id) = words::media_id(image).filter(|_| schema::allowed("mediaInline", self.place)) {
            return self.file(id, image, besides);
        }
        let label = [&image.alt, &image.title, &image.url].into_iter().find(|label| !label.is_empty());
        let label = label.map(String::as_str).unwrap_or_default();
        if is_web(&image.url) {
            self.writer.notes.add("an image in running text became a link to it");
            let before = self.marks.len();
            if !self.marks.iter().any(|mark| mark.kind() == "link") {
                let link = self.drawn("link", words::link(&image.url, ""), None);
                self.marks.push(link);
            }
            self.text(label);
            self.marks.truncate(before);
        } else {
            self.writer.notes.add("an image that is no file of Cloud became its name");
            self.text(label);
        }
    }

    fn file(&mut self, id: &str, image: &Image, besides: Option<&Values>) {
        let mut node =
            self.writer.node(Draft::new("mediaInline", words::inline(id, image), besides), self.place);
        if let Node::Element(element) = &mut node {
            let marks = element.more.get("marks").and_then(Value::as_array);
            let has = |wanted: &str| marks.into_iter().flatten().any(|mark| kind(mark) == wanted);
            let around = self.effective().into_iter().filter(|mark| !has(mark.kind()));
            let mut around: Vec<Value> = around.map(|mark| mark.to_value()).collect();
            if !around.is_empty() {
                around = self.writer.marks("mediaInline", self.place, around);
            }
            if !around.is_empty() {
                let marks = element.more.entry("marks").or_insert_with(|| Value::Array(Vec::new()));
                if let Some(marks) = marks.as_array_mut() {
                    marks.extend(around);
                }
            }
        }
        self.nodes.push(node);
    }

    fn mention(&mut self, id: &str, name: Option<&str>, besides: Option<&Values>) {
        match id.strip_prefix("accountid:").filter(|id| !id.is_empty()) {
            Some(account) => {
                let name = name.filter(|name| !name.is_empty());
                self.leaf("mention", words::mention(account, name, attributes(besides)), besides);
            }
            None => {
                self.writer.notes.add("a mention without the id of an account became text");
                self.text(&format!("[~{id}]"));
            }
        }
    }

    fn status_color(&mut self, color: &str) -> String {
        let lower = color.to_ascii_lowercase();
        if ["neutral", "purple", "blue", "red", "yellow", "green"].contains(&lower.as_str()) {
            return lower;
        }
        if color.starts_with('#') && words::hex(color).is_some_and(|hex| hex.len() == color.len()) {
            return color.to_owned();
        }
        self.writer.notes.add("the colour of a status became neutral");
        "neutral".to_owned()
    }

    fn source(&mut self, format: Format, text: &str) {
        if let Some(node) = (format == Format::Adf).then(|| node_of(text, self.place)).flatten() {
            return self.nodes.push(Node::Foreign(node));
        }
        self.writer.source_note(format);
        self.code(text);
    }
}

fn attributes(besides: Option<&Values>) -> Option<&Values> {
    besides?.get("attrs").and_then(Value::as_object)
}

fn kind(mark: &Value) -> &str {
    mark.get("type").and_then(Value::as_str).unwrap_or_default()
}
