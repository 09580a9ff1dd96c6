//! The marks of text, which the model has around each other and ADF beside each other.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::super::super::super::document::Extra;
use super::super::super::super::document::Format;
use super::super::super::super::document::Mark;
use super::super::super::schema;
use super::super::super::words;
use super::super::super::words::Values;
use super::super::super::words::Words;
use super::super::RESERVED;
use super::Line;
use super::TextMark;
use super::attributes;

impl Line<'_, '_> {
    /// The mark, if ADF has it.
    pub(super) fn mark(&mut self, mark: &Mark, besides: Option<&Values>) -> Option<TextMark> {
        let (kind, words) = match mark {
            Mark::Emphasis => ("em", Words::none()),
            Mark::Strong => ("strong", Words::none()),
            Mark::Strike => ("strike", Words::none()),
            Mark::Underline => ("underline", Words::none()),
            Mark::Subscript => ("subsup", words::subsup("sub")),
            Mark::Superscript => ("subsup", words::subsup("sup")),
            Mark::Citation => {
                self.writer.notes.add("a citation became emphasis");
                ("em", Words::none())
            }
            Mark::Color(color) => ("textColor", self.color(color, besides)?),
            Mark::Background(color) => ("backgroundColor", self.color(color, besides)?),
        };
        Some(self.drawn(kind, words, besides))
    }

    fn color(&mut self, color: &str, besides: Option<&Values>) -> Option<Words> {
        let hex = words::hex(color);
        if hex.is_none() {
            self.writer.notes.add("a colour that is not `#rrggbb` was left out");
        }
        hex.map(|hex| words::color(&hex, attributes(besides)))
    }

    /// A mark of words and of what was said besides.
    pub(super) fn drawn(&mut self, kind: &'static str, words: Words, besides: Option<&Values>) -> TextMark {
        if besides.is_none() && words.are_none() {
            return TextMark::Plain(kind);
        }
        let mut mark = Map::with_capacity(2);
        mark.insert("type".to_owned(), Value::from(kind));
        let alone = besides.and_then(|_| words.alone());
        let attributes = words.attributes(besides.and_then(|values| values.get("attrs")));
        if let Some(attributes) = attributes.filter(|attributes| !attributes.is_empty()) {
            mark.insert("attrs".to_owned(), Value::Object(attributes));
        }
        for (name, value) in besides.into_iter().flatten() {
            if !RESERVED.contains(&name.as_str()) {
                mark.insert(name.clone(), value.clone());
            }
        }
        let mark = Value::Object(mark);
        if besides.is_none() || schema::mark_fits(&mark) {
            return TextMark::new(mark);
        }
        self.writer.notes.add(format!("the attributes of a {kind} were left out: it cannot have them"));
        match alone {
            Some(attributes) => TextMark::new(json!({ "type": kind, "attrs": attributes })),
            None => TextMark::Plain(kind),
        }
    }

    /// The mark that a node of text stands for; none if text cannot have it.
    pub(super) fn mark_of(&mut self, name: &str, extra: &Extra) -> Option<TextMark> {
        let is_mark =
            !name.is_empty() && schema::is_text_mark(name) && name != "code" && schema::node(name).is_none();
        if let Some(values) = extra.of(Format::Adf).filter(|_| is_mark) {
            let mut mark = Map::new();
            mark.insert("type".to_owned(), Value::from(name));
            for (name, value) in values {
                if name == "attrs" || !RESERVED.contains(&name.as_str()) {
                    mark.insert(name.clone(), value.clone());
                }
            }
            let mark = Value::Object(mark);
            if schema::mark_fits(&mark) {
                return Some(TextMark::new(mark));
            }
        }
        let format = extra.format.as_str();
        self.writer.notes.add(format!("a {name} of the {format} format became its text"));
        None
    }

    /// The marks, each kind once: the innermost counts, and comments count all.
    pub(super) fn effective(&self) -> Vec<TextMark> {
        let mut marks: Vec<TextMark> = Vec::with_capacity(self.marks.len());
        for mark in self.marks.iter().rev() {
            let is_there = |other: &TextMark| {
                other.kind() == mark.kind() && (mark.kind() != "annotation" || other == mark)
            };
            if !marks.iter().any(is_there) {
                marks.push(mark.clone());
            }
        }
        marks.reverse();
        marks
    }
}
