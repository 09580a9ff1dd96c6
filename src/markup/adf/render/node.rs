//! Nodes as they are written. Most of a document is text and elements of a few attributes: they need no map.

use std::borrow::Cow;
use std::rc::Rc;

use serde_json::Map;
use serde_json::Value;

use super::super::schema;
use super::super::words::Values;

/// One node.
pub(in super::super) enum Node {
    Text {
        text: String,
        marks: Vec<TextMark>,
    },
    Element(Box<Element>),
    /// As it was written elsewhere.
    Foreign(Value),
}

/// A node that is no text, in the order of its keys.
pub(in super::super) struct Element {
    pub(super) kind: Cow<'static, str>,
    pub(super) attributes: Option<Values>,
    /// Marks, and what was said besides.
    pub(super) more: Values,
    pub(super) content: Option<Vec<Node>>,
}

/// A mark of text; text that follows on other text shares it.
#[derive(Clone, PartialEq)]
pub(super) enum TextMark {
    /// One that the schema knows, and nothing else.
    Plain(&'static str),
    Said(Rc<Value>),
}

impl TextMark {
    pub(super) fn new(mark: Value) -> Self {
        let is_plain = mark.as_object().is_some_and(|mark| mark.len() == 1);
        match schema::mark_name(kind(&mark)).filter(|_| is_plain) {
            Some(name) => Self::Plain(name),
            None => Self::Said(Rc::new(mark)),
        }
    }

    pub(super) fn kind(&self) -> &str {
        match self {
            Self::Plain(name) => name,
            Self::Said(mark) => kind(mark),
        }
    }

    pub(super) fn to_value(&self) -> Value {
        match self {
            Self::Plain(name) => Value::Object(Map::from_iter([("type".to_owned(), Value::from(*name))])),
            Self::Said(mark) => Value::clone(mark),
        }
    }

    fn write(&self, out: &mut Vec<u8>) -> serde_json::Result<()> {
        match self {
            Self::Plain(name) => {
                out.extend_from_slice(br#"{"type":""#);
                out.extend_from_slice(name.as_bytes());
                out.extend_from_slice(br#""}"#);
                Ok(())
            }
            Self::Said(mark) => serde_json::to_writer(out, &**mark),
        }
    }
}

impl Node {
    pub(super) fn empty_paragraph() -> Self {
        let kind = Cow::Borrowed("paragraph");
        Self::Element(Box::new(Element { kind, attributes: None, more: Map::new(), content: None }))
    }

    pub(super) fn text(text: &str, marks: Vec<TextMark>) -> Self {
        Self::Text { text: text.to_owned(), marks }
    }

    /// The text of the node, if it is text of these marks and nothing else.
    pub(super) fn text_of(&mut self, marks: &[TextMark]) -> Option<&mut String> {
        match self {
            Self::Text { text, marks: own } => (own == marks).then_some(text),
            Self::Element(_) => None,
            Self::Foreign(node) => {
                let own = node.get("marks").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
                let node_marks = own.iter().cloned().map(TextMark::new);
                let is_text = kind(node) == "text" && node_marks.eq(marks.iter().cloned());
                let node = node.as_object_mut().filter(|_| is_text)?;
                if !node.keys().all(|key| matches!(key.as_str(), "type" | "text" | "marks")) {
                    return None;
                }
                match node.get_mut("text") {
                    Some(Value::String(text)) => Some(text),
                    _ => None,
                }
            }
        }
    }

    /// Writes the node as JSON, without white space.
    pub(super) fn write(&self, out: &mut Vec<u8>) -> serde_json::Result<()> {
        match self {
            Self::Text { text, marks } => {
                out.extend_from_slice(br#"{"type":"text","text":"#);
                serde_json::to_writer(&mut *out, text)?;
                if !marks.is_empty() {
                    out.extend_from_slice(br#","marks":["#);
                    separated(out, marks, TextMark::write)?;
                    out.push(b']');
                }
                out.push(b'}');
                Ok(())
            }
            Self::Element(element) => element.write(out),
            Self::Foreign(node) => serde_json::to_writer(out, node),
        }
    }

    pub(super) fn into_value(self) -> Value {
        match self {
            Self::Text { text, marks } => {
                let mut node = Map::new();
                node.insert("type".to_owned(), Value::from("text"));
                node.insert("text".to_owned(), Value::from(text));
                if !marks.is_empty() {
                    node.insert("marks".to_owned(), marks.iter().map(TextMark::to_value).collect());
                }
                Value::Object(node)
            }
            Self::Element(element) => element.into_value(),
            Self::Foreign(node) => node,
        }
    }
}

impl Element {
    fn write(&self, out: &mut Vec<u8>) -> serde_json::Result<()> {
        out.extend_from_slice(br#"{"type":"#);
        serde_json::to_writer(&mut *out, &self.kind)?;
        if let Some(attributes) = &self.attributes {
            out.extend_from_slice(br#","attrs":"#);
            serde_json::to_writer(&mut *out, attributes)?;
        }
        for (name, value) in &self.more {
            out.push(b',');
            serde_json::to_writer(&mut *out, name)?;
            out.push(b':');
            serde_json::to_writer(&mut *out, value)?;
        }
        if let Some(content) = &self.content {
            out.extend_from_slice(br#","content":["#);
            separated(out, content, Node::write)?;
            out.push(b']');
        }
        out.push(b'}');
        Ok(())
    }

    fn into_value(self) -> Value {
        let mut node = Map::new();
        node.insert("type".to_owned(), Value::from(self.kind));
        if let Some(attributes) = self.attributes {
            node.insert("attrs".to_owned(), Value::Object(attributes));
        }
        node.extend(self.more);
        if let Some(content) = self.content {
            node.insert("content".to_owned(), content.into_iter().map(Node::into_value).collect());
        }
        Value::Object(node)
    }
}

/// Writes each of them, a comma between two.
pub(super) fn separated<T>(
    out: &mut Vec<u8>,
    all: &[T],
    write: impl Fn(&T, &mut Vec<u8>) -> serde_json::Result<()>,
) -> serde_json::Result<()> {
    for (index, one) in all.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(one, out)?;
    }
    Ok(())
}

fn kind(value: &Value) -> &str {
    value.get("type").and_then(Value::as_str).unwrap_or_default()
}
