//! What the words of the model say about the attributes of a node or mark, for reading and for writing.
//!
//! A parser keeps only the attributes that its [`Words`] do not say already, and a renderer puts both together again;
//! so the two cannot disagree.

mod leaf;
mod media;

use serde_json::Map;
use serde_json::Number;
use serde_json::Value;

use super::super::document::Extra;
use super::super::document::Format;
use super::super::document::Image;
use super::super::document::Look;
use super::depth::is_shallow;

pub(super) use leaf::card;
pub(super) use leaf::color;
pub(super) use leaf::date;
pub(super) use leaf::day;
pub(super) use leaf::emoji;
pub(in super::super) use leaf::hex;
pub(super) use leaf::link;
pub(super) use leaf::mention;
pub(super) use leaf::mention_name;
pub(super) use leaf::status;
pub(super) use leaf::subsup;
pub(super) use media::external;
pub(super) use media::file;
pub(super) use media::inline;
pub(super) use media::single;

/// The attributes that the model's words stand for.
#[derive(Debug, Clone, Default)]
pub(super) struct Words {
    /// What the model says; nothing else can say otherwise.
    said: Map<String, Value>,
    /// What is written where nothing else is said. An extra of `null` is said, and means that there is none.
    usual: Map<String, Value>,
    /// What is written where nothing else is said, and means the same as nothing.
    default: Map<String, Value>,
    /// `attrs` are written though they are empty.
    always: bool,
}

/// The key of attributes, in nodes and extras.
const ATTRIBUTES: &str = "attrs";

/// Attributes, or the keys of a node, by name.
pub(super) type Values = Map<String, Value>;

impl Words {
    /// No words at all.
    pub(super) fn none() -> Self {
        Self::default()
    }

    /// Whether they say nothing at all.
    pub(super) fn are_none(&self) -> bool {
        !self.always && self.said.is_empty() && self.usual.is_empty() && self.default.is_empty()
    }

    fn saying(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.said.insert(name.to_owned(), value.into());
        self
    }

    fn usually(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.usual.insert(name.to_owned(), value.into());
        self
    }

    fn by_default(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.default.insert(name.to_owned(), value.into());
        self
    }

    /// Says it, or says it only where the node does not, if both mean the same.
    fn saying_unless(self, same: bool, name: &str, value: impl Into<Value>) -> Self {
        if same { self.usually(name, value) } else { self.saying(name, value) }
    }

    fn always(mut self) -> Self {
        self.always = true;
        self
    }

    /// What the attributes of a node say besides these words, as `attrs`: `None` if they say something else.
    pub(super) fn besides(&self, attributes: Option<&Value>) -> Option<Values> {
        let is_written = !self.said.is_empty() || !self.usual.is_empty();
        let found = match attributes {
            None if !self.said.is_empty() => return None,
            None => {
                return Some(is_written.then(|| (ATTRIBUTES.to_owned(), Value::Null)).into_iter().collect());
            }
            Some(Value::Object(found)) => found,
            Some(_) => return None,
        };
        if self.said.iter().any(|(name, value)| found.get(name) != Some(value)) {
            return None;
        }
        let rest = self.unsaid(found)?;
        let is_missed = found.is_empty() && !is_written && !self.always && self.default.is_empty();
        let is_told = !rest.is_empty() || is_missed;
        Some(is_told.then(|| (ATTRIBUTES.to_owned(), Value::Object(rest))).into_iter().collect())
    }

    /// The attributes that the words do not say, and `null` for those that are usual and not there.
    fn unsaid(&self, found: &Values) -> Option<Values> {
        let mut rest = Map::new();
        for (name, value) in found {
            let is_usual = self.usual.get(name).or(self.default.get(name)) == Some(value);
            if self.said.contains_key(name) || is_usual {
                continue;
            }
            if value.is_null() && self.usual.contains_key(name) || !is_shallow(value) {
                return None;
            }
            rest.insert(name.clone(), value.clone());
        }
        for name in self.usual.keys().filter(|name| !found.contains_key(*name)) {
            rest.insert(name.clone(), Value::Null);
        }
        Some(rest)
    }

    /// The attributes to write, with what the node says besides; `None` if there are none.
    pub(super) fn attributes(mut self, besides: Option<&Value>) -> Option<Values> {
        match besides {
            Some(Value::Null) if self.said.is_empty() => None,
            Some(Value::Object(besides)) => {
                let mut attributes = self.said;
                // Always in the same place, whether they are said or not.
                for (name, value) in &self.default {
                    let value = besides.get(name).unwrap_or(value);
                    if !value.is_null() {
                        attributes.insert(name.clone(), value.clone());
                    }
                }
                for (name, value) in besides {
                    let is_usual = self.usual.remove(name).is_some() || self.default.contains_key(name);
                    if !(value.is_null() && is_usual || attributes.contains_key(name)) {
                        attributes.insert(name.clone(), value.clone());
                    }
                }
                attributes.extend(self.usual);
                Some(attributes)
            }
            _ => {
                self.said.extend(self.usual);
                self.said.extend(self.default);
                (self.always || !self.said.is_empty()).then_some(self.said)
            }
        }
    }

    /// The attributes that the words alone stand for.
    pub(super) fn alone(&self) -> Option<Values> {
        let mut attributes = self.said.clone();
        attributes.extend(self.usual.clone());
        attributes.extend(self.default.clone());
        (self.always || !attributes.is_empty()).then_some(attributes)
    }
}

/// What the extra says, if it is ADF's.
pub(super) fn of(extra: Option<&Extra>) -> Option<&Values> {
    extra.and_then(|extra| extra.of(Format::Adf))
}

pub(super) fn heading(level: u8) -> Words {
    Words::none().saying("level", level.clamp(1, 6))
}

/// A list of numbers; the editor always writes the first one.
pub(super) fn numbered(start: u64) -> Words {
    if start == 1 { Words::none().by_default("order", 1) } else { Words::none().saying("order", start) }
}

/// A list of tasks or decisions.
pub(super) fn identified(identifier: &str) -> Words {
    Words::none().by_default("localId", identifier)
}

pub(super) fn task(done: bool, identifier: &str) -> Words {
    identified(identifier).saying("state", if done { "DONE" } else { "TODO" })
}

pub(super) fn decision(identifier: &str) -> Words {
    identified(identifier).by_default("state", "DECIDED")
}

/// The editor writes `attrs` for code without a language, too.
pub(super) fn code(language: &str) -> Words {
    let words = Words::none().always();
    if language.is_empty() { words } else { words.saying("language", language) }
}

pub(super) fn expand(title: &str) -> Words {
    let words = Words::none().always();
    if title.is_empty() { words.by_default("title", "") } else { words.saying("title", title) }
}

pub(super) fn panel(look: Look) -> Words {
    let kind = match look {
        Look::Info => "info",
        Look::Note => "note",
        Look::Tip => "tip",
        Look::Success => "success",
        Look::Warning => "warning",
        Look::Error => "error",
        // A type that this program does not know is in the extra.
        Look::Plain => return Words::none().usually("panelType", "custom"),
    };
    Words::none().saying("panelType", kind)
}

pub(super) fn look(kind: &str) -> Look {
    match kind {
        "info" => Look::Info,
        "note" => Look::Note,
        "tip" => Look::Tip,
        "success" => Look::Success,
        "warning" => Look::Warning,
        "error" => Look::Error,
        _ => Look::Plain,
    }
}

pub(super) fn table() -> Words {
    Words::none().by_default("isNumberColumnEnabled", false).by_default("layout", "default")
}

/// A cell; the editor writes `attrs` for all of them.
pub(super) fn cell(columns: u32, rows: u32) -> Words {
    let mut words = Words::none().always();
    if columns > 1 {
        words = words.saying("colspan", columns);
    }
    if rows > 1 {
        words = words.saying("rowspan", rows);
    }
    words
}

/// A column of so many; without a width of its own it is as wide as the others.
pub(super) fn column(width: &str, count: usize) -> Words {
    match number(width).filter(|width| width.as_f64().is_some_and(|width| (0.0..=100.0).contains(&width))) {
        Some(width) => Words::none().saying("width", width),
        None => {
            let hundredths = 10_000_u32 / u32::try_from(count.max(1)).unwrap_or(u32::MAX);
            let width = Number::from_f64(f64::from(hundredths) / 100.0).unwrap_or_else(|| 0.into());
            Words::none().usually("width", width)
        }
    }
}

/// The number as it was written, if it is one; a sign or unit after it does not matter.
pub(super) fn number(text: &str) -> Option<Number> {
    let text = text.trim();
    let text = text.strip_suffix('%').or_else(|| text.strip_suffix("px")).unwrap_or(text);
    let number: Number = serde_json::from_str(text).ok()?;
    number.as_f64().is_some_and(|number| number >= 0.0).then_some(number)
}

/// The name of a file of Cloud's media.
pub(super) fn media_id(image: &Image) -> Option<&str> {
    image.url.strip_prefix("media:").filter(|id| !id.is_empty())
}
