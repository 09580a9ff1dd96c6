//! The attributes of nodes and marks.

use serde_json::Value;

/// One attribute.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attribute {
    pub(super) name: &'static str,
    value: Kind,
    pub(super) needed: bool,
}

/// What values an attribute takes.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Any,
    Text,
    /// Text that is not empty.
    Filled,
    Flag,
    Number,
    Between(f64, f64),
    OneOf(&'static [&'static str]),
    /// `#rrggbb`.
    Color,
    /// `#rrggbb` or `#rrggbbaa`.
    BorderColor,
    /// A word or `#rrggbb`.
    StatusColor,
    Numbers,
    /// Texts, one at least.
    Texts,
    Datasource,
}

impl Attribute {
    /// Whether the attribute may have the value.
    pub(super) fn takes(&self, value: &Value) -> bool {
        let text = value.as_str();
        match self.value {
            Kind::Any => true,
            Kind::Text => text.is_some(),
            Kind::Filled => text.is_some_and(|text| !text.is_empty()),
            Kind::Flag => value.is_boolean(),
            Kind::Number => value.is_number(),
            Kind::Between(least, most) => {
                value.as_f64().is_some_and(|number| (least..=most).contains(&number))
            }
            Kind::OneOf(words) => text.is_some_and(|text| words.contains(&text)),
            Kind::Color => text.is_some_and(|text| is_hex(text, 6)),
            Kind::BorderColor => text.is_some_and(|text| is_hex(text, 6) || is_hex(text, 8)),
            Kind::StatusColor => text.is_some_and(|text| STATUS_COLORS.contains(&text) || is_hex(text, 6)),
            Kind::Numbers => value.as_array().is_some_and(|values| values.iter().all(Value::is_number)),
            Kind::Texts => value
                .as_array()
                .is_some_and(|values| !values.is_empty() && values.iter().all(Value::is_string)),
            Kind::Datasource => is_datasource(value),
        }
    }
}

/// `#` and so many hexadecimal digits.
fn is_hex(text: &str, digits: usize) -> bool {
    text.strip_prefix('#')
        .is_some_and(|rest| rest.len() == digits && rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn is_datasource(value: &Value) -> bool {
    let Some(values) = value.as_object() else { return false };
    let only = |values: &serde_json::Map<String, Value>, names: &[&str]| {
        values.keys().all(|name| names.contains(&name.as_str()))
    };
    let is_view = |view: &Value| {
        view.as_object().is_some_and(|view| {
            only(view, &["properties", "type"]) && view.get("type").is_some_and(Value::is_string)
        })
    };
    only(values, &["id", "parameters", "views"])
        && values.get("id").is_some_and(Value::is_string)
        && values.contains_key("parameters")
        && values
            .get("views")
            .and_then(Value::as_array)
            .is_some_and(|views| !views.is_empty() && views.iter().all(is_view))
}

const fn may(name: &'static str, value: Kind) -> Attribute {
    Attribute { name, value, needed: false }
}

const fn must(name: &'static str, value: Kind) -> Attribute {
    Attribute { name, value, needed: true }
}

const STATUS_COLORS: &[&str] = &["neutral", "purple", "blue", "red", "yellow", "green"];
const WIDE: Kind = Kind::OneOf(&["wide", "full-width", "default"]);
const ALIGNED: Kind =
    Kind::OneOf(&["wide", "full-width", "center", "wrap-right", "wrap-left", "align-end", "align-start"]);
const VERTICAL: Kind = Kind::OneOf(&["top", "middle", "bottom"]);
const LOCAL_ID: Attribute = may("localId", Kind::Text);
const PERCENT: Kind = Kind::Between(0.0, 100.0);

pub(super) const LOCAL: &[Attribute] = &[LOCAL_ID];
pub(super) const NEEDED_LOCAL: &[Attribute] = &[must("localId", Kind::Text)];
pub(super) const HARD_BREAK: &[Attribute] = &[may("text", Kind::OneOf(&["\n"])), LOCAL_ID];
pub(super) const HEADING: &[Attribute] = &[must("level", Kind::Between(1.0, 6.0)), LOCAL_ID];
pub(super) const ORDERED_LIST: &[Attribute] = &[may("order", Kind::Between(0.0, f64::MAX)), LOCAL_ID];
pub(super) const TASK: &[Attribute] =
    &[must("localId", Kind::Text), must("state", Kind::OneOf(&["TODO", "DONE"]))];
pub(super) const DECISION: &[Attribute] = &[must("localId", Kind::Text), must("state", Kind::Text)];
pub(super) const EXPAND: &[Attribute] = &[may("title", Kind::Text), LOCAL_ID];
pub(super) const CODE_BLOCK: &[Attribute] = &[
    may("language", Kind::Text),
    may("uniqueId", Kind::Text),
    may("wrap", Kind::Flag),
    may("hideLineNumbers", Kind::Flag),
    LOCAL_ID,
];
pub(super) const PANEL: &[Attribute] = &[
    must("panelType", Kind::OneOf(&["info", "note", "tip", "warning", "error", "success", "custom"])),
    may("panelIcon", Kind::Text),
    may("panelIconId", Kind::Text),
    may("panelIconText", Kind::Text),
    may("panelColor", Kind::Text),
    LOCAL_ID,
];
pub(super) const CELL: &[Attribute] = &[
    may("colspan", Kind::Number),
    may("rowspan", Kind::Number),
    may("colwidth", Kind::Numbers),
    may("background", Kind::Text),
    may("valign", VERTICAL),
    LOCAL_ID,
];
pub(super) const TABLE: &[Attribute] = &[
    may("displayMode", Kind::OneOf(&["default", "fixed"])),
    may("isNumberColumnEnabled", Kind::Flag),
    may("layout", Kind::OneOf(&["wide", "full-width", "center", "align-end", "align-start", "default"])),
    may("localId", Kind::Filled),
    may("width", Kind::Number),
];
pub(super) const MEDIA_SINGLE_PERCENT: &[Attribute] = &[
    must("layout", ALIGNED),
    may("width", PERCENT),
    may("widthType", Kind::OneOf(&["percentage"])),
    LOCAL_ID,
];
pub(super) const MEDIA_SINGLE_PIXELS: &[Attribute] = &[
    must("layout", ALIGNED),
    must("width", Kind::Between(0.0, f64::MAX)),
    must("widthType", Kind::OneOf(&["pixel"])),
    LOCAL_ID,
];
pub(super) const MEDIA_FILE: &[Attribute] = &[
    must("type", Kind::OneOf(&["link", "file"])),
    must("id", Kind::Filled),
    must("collection", Kind::Text),
    may("alt", Kind::Text),
    may("height", Kind::Number),
    may("width", Kind::Number),
    may("occurrenceKey", Kind::Filled),
    LOCAL_ID,
];
pub(super) const MEDIA_EXTERNAL: &[Attribute] = &[
    must("type", Kind::OneOf(&["external"])),
    must("url", Kind::Text),
    may("alt", Kind::Text),
    may("height", Kind::Number),
    may("width", Kind::Number),
    LOCAL_ID,
];
pub(super) const MEDIA_INLINE: &[Attribute] = &[
    may("type", Kind::OneOf(&["link", "file", "image"])),
    must("id", Kind::Filled),
    must("collection", Kind::Text),
    may("alt", Kind::Text),
    may("height", Kind::Number),
    may("width", Kind::Number),
    may("occurrenceKey", Kind::Filled),
    may("data", Kind::Any),
    LOCAL_ID,
];
pub(super) const COLUMN: &[Attribute] = &[must("width", PERCENT), may("valign", VERTICAL), LOCAL_ID];
pub(super) const DATASOURCE_CARD: &[Attribute] = &[
    must("datasource", Kind::Datasource),
    may("url", Kind::Text),
    may("width", Kind::Number),
    may("layout", ALIGNED),
    LOCAL_ID,
];
pub(super) const URL_CARD: &[Attribute] = &[must("url", Kind::Text), LOCAL_ID];
pub(super) const DATA_CARD: &[Attribute] = &[must("data", Kind::Any), LOCAL_ID];
pub(super) const EMBED_CARD: &[Attribute] = &[
    must("url", Kind::Text),
    must("layout", ALIGNED),
    may("width", PERCENT),
    may("originalHeight", Kind::Number),
    may("originalWidth", Kind::Number),
    LOCAL_ID,
];
pub(super) const EXTENSION: &[Attribute] = &[
    must("extensionKey", Kind::Filled),
    must("extensionType", Kind::Filled),
    may("parameters", Kind::Any),
    may("text", Kind::Text),
    may("layout", WIDE),
    may("localId", Kind::Filled),
];
pub(super) const INLINE_EXTENSION: &[Attribute] = &[
    must("extensionKey", Kind::Filled),
    must("extensionType", Kind::Filled),
    may("parameters", Kind::Any),
    may("text", Kind::Text),
    may("localId", Kind::Filled),
];
pub(super) const SYNC_BLOCK: &[Attribute] = &[must("resourceId", Kind::Text), must("localId", Kind::Text)];
pub(super) const MENTION: &[Attribute] = &[
    must("id", Kind::Text),
    may("text", Kind::Text),
    may("accessLevel", Kind::Text),
    may("userType", Kind::OneOf(&["DEFAULT", "SPECIAL", "APP"])),
    LOCAL_ID,
];
pub(super) const EMOJI: &[Attribute] =
    &[must("shortName", Kind::Text), may("id", Kind::Text), may("text", Kind::Text), LOCAL_ID];
pub(super) const DATE: &[Attribute] = &[must("timestamp", Kind::Filled), LOCAL_ID];
pub(super) const STATUS: &[Attribute] =
    &[must("text", Kind::Filled), must("color", Kind::StatusColor), may("style", Kind::Text), LOCAL_ID];
pub(super) const PLACEHOLDER: &[Attribute] = &[must("text", Kind::Text), LOCAL_ID];

pub(super) const ALIGNMENT: &[Attribute] = &[must("align", Kind::OneOf(&["center", "end"]))];
pub(super) const ANNOTATION: &[Attribute] =
    &[must("id", Kind::Text), must("annotationType", Kind::OneOf(&["inlineComment"]))];
pub(super) const MARK_COLOR: &[Attribute] = &[must("color", Kind::Color)];
pub(super) const BORDER: &[Attribute] =
    &[must("size", Kind::Between(1.0, 3.0)), must("color", Kind::BorderColor)];
pub(super) const BREAKOUT: &[Attribute] =
    &[must("mode", Kind::OneOf(&["wide", "full-width"])), may("width", Kind::Number)];
pub(super) const DATA_CONSUMER: &[Attribute] = &[must("sources", Kind::Texts)];
pub(super) const FONT_SIZE: &[Attribute] = &[must("fontSize", Kind::OneOf(&["small"]))];
pub(super) const FRAGMENT: &[Attribute] = &[must("localId", Kind::Filled), may("name", Kind::Text)];
pub(super) const INDENTATION: &[Attribute] = &[must("level", Kind::Between(1.0, 6.0))];
pub(super) const LINK: &[Attribute] = &[
    must("href", Kind::Text),
    may("title", Kind::Text),
    may("id", Kind::Text),
    may("collection", Kind::Text),
    may("occurrenceKey", Kind::Text),
];
pub(super) const SUBSUP: &[Attribute] = &[must("type", Kind::OneOf(&["sub", "sup"]))];
