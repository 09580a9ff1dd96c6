//! The tags and comments that say in Markdown what `CommonMark` has no word for.

use std::fmt::Write as _;

use serde_json::Map;
use serde_json::Value;

use super::super::document::Extra;
use super::super::document::Format;
use super::super::entity::Entities;

/// The longest tag that is read, in bytes; sources and attributes can be long.
const LONGEST: usize = 1 << 20;

/// One tag, comment, or what is neither.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Open(Tag),
    /// A tag that holds nothing: `<x/>`.
    Void(Tag),
    Close(String),
    Comment(Comment),
    Text(&'a str),
}

/// An opening tag with its attributes in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tag {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    /// As it was written, to be shown where it means nothing.
    pub(super) source: String,
}

impl Tag {
    /// An attribute; empty where it is not there.
    pub(super) fn attribute(&self, name: &str) -> &str {
        let found = self.attributes.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }
}

/// A comment of the dialect: `<!--adf:item {..}-->`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Comment {
    /// `adf`, `storage`, `wiki`, or one of the words that stand alone.
    pub(super) word: String,
    /// What it is about, if that is not the next block: `item`, `row`, `cell`, `column`.
    pub(super) about: String,
    /// The value after it; null where there is none.
    pub(super) value: Value,
}

impl Comment {
    /// What a format says, if that is what it is.
    pub(super) fn extra(&self) -> Option<Extra> {
        let format = Format::parse(&self.word).filter(|format| *format != Format::Markdown)?;
        let Value::Object(values) = &self.value else { return None };
        Extra::new(format, values.clone())
    }
}

/// Splits HTML into tags, comments and text. White space between tags is left out.
pub(super) fn tokens(html: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = html;
    while !rest.is_empty() {
        let start = rest.find('<').unwrap_or(rest.len());
        let (before, tagged) = rest.split_at_checked(start).unwrap_or((rest, ""));
        if !before.trim().is_empty() {
            tokens.push(Token::Text(before.trim_matches('\n')));
        }
        if tagged.is_empty() {
            break;
        }
        let Some((token, length)) = token(tagged) else {
            tokens.push(Token::Text(tagged.trim_matches('\n')));
            break;
        };
        tokens.push(token);
        rest = tagged.get(length..).unwrap_or_default();
    }
    tokens
}

/// The one tag or comment that a piece of inline HTML is.
pub(super) fn single(html: &str) -> Option<Token<'_>> {
    token(html).filter(|(_, length)| *length == html.len()).map(|(token, _)| token)
}

fn token(html: &str) -> Option<(Token<'_>, usize)> {
    if html.len() > LONGEST && html.find('>').is_none_or(|end| end > LONGEST) {
        return None;
    }
    if let Some(inside) = html.strip_prefix("<!--") {
        let end = inside.find("-->")?;
        let comment = comment(inside.get(..end)?)?;
        return Some((Token::Comment(comment), end + 7));
    }
    if let Some(inside) = html.strip_prefix("</") {
        let end = inside.find('>')?;
        let name = inside.get(..end)?.trim_end();
        return is_name(name).then(|| (Token::Close(name.to_owned()), end + 3));
    }
    let (tag, is_void, length) = open(html)?;
    Some((if is_void { Token::Void(tag) } else { Token::Open(tag) }, length))
}

fn comment(inside: &str) -> Option<Comment> {
    let (word, value) = inside.split_once(' ').unwrap_or((inside, "null"));
    let (word, about) = word.split_once(':').unwrap_or((word, ""));
    let is_word = |word: &str| word.bytes().all(|byte| byte.is_ascii_lowercase());
    if word.is_empty() || !is_word(word) || !is_word(about) {
        return None;
    }
    let value = serde_json::from_str(value).ok()?;
    Some(Comment { word: word.to_owned(), about: about.to_owned(), value })
}

fn open(html: &str) -> Option<(Tag, bool, usize)> {
    let mut reader = Reader { rest: html.strip_prefix('<')? };
    let name = reader.take_while(|c| c.is_ascii_alphanumeric() || c == '-').to_owned();
    if !is_name(&name) {
        return None;
    }
    let mut attributes = Vec::new();
    let mut entities = Entities::default();
    loop {
        let blank = reader.take_while(char::is_whitespace);
        if reader.take("/>") || reader.take(">") {
            let length = html.len() - reader.rest.len();
            let source = html.get(..length)?;
            let is_void = source.ends_with("/>");
            return Some((Tag { name, attributes, source: source.to_owned() }, is_void, length));
        }
        let attribute = reader.take_while(|c| c.is_ascii_alphanumeric() || "_:.-".contains(c)).to_owned();
        if blank.is_empty() || attribute.is_empty() || !reader.take("=\"") {
            return None;
        }
        let value = entities.decode(reader.take_while(|c| c != '"'));
        if !reader.take("\"") {
            return None;
        }
        attributes.push((attribute, value));
    }
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn take(&mut self, wanted: &str) -> bool {
        match self.rest.strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn take_while(&mut self, is_wanted: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !is_wanted(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }
}

/// Writes a comment. Its value is in characters that mean nothing anywhere in Markdown.
pub(super) fn write_comment(out: &mut String, word: &str, value: &Value) {
    out.push_str("<!--");
    out.push_str(word);
    if !value.is_null() {
        out.push(' ');
        out.push_str(&plain_json(value));
    }
    out.push_str("-->");
}

/// Writes what a format says besides.
pub(super) fn write_extra(out: &mut String, extra: &Extra, about: &str) {
    let format = extra.format.as_str();
    let word = if about.is_empty() { format.to_owned() } else { format!("{format}:{about}") };
    write_comment(out, &word, &Value::Object(extra.values.clone()));
}

/// JSON in ASCII, without bars (tables), `>` (the end of a comment) and backticks.
pub(super) fn plain_json(value: &Value) -> String {
    // Only in strings, where the escape means the same. It would make a definition of what is a link.
    let json = value.to_string().replace("]:", "\\u005d:");
    if json.bytes().all(is_plain) {
        return json;
    }
    let mut plain = String::with_capacity(json.len() + 16);
    for letter in json.chars() {
        if u8::try_from(letter).is_ok_and(is_plain) {
            plain.push(letter);
            continue;
        }
        // All of these stand in strings only, where the escape means the same.
        for unit in letter.encode_utf16(&mut [0; 2]) {
            let _ = write!(plain, "\\u{unit:04x}");
        }
    }
    plain
}

fn is_plain(byte: u8) -> bool {
    (b' '..=b'~').contains(&byte) && !matches!(byte, b'|' | b'>' | b'`' | b'<')
}

/// Writes an opening tag, or one that holds nothing.
pub(super) fn write_tag(out: &mut String, name: &str, attributes: &[(&str, &str)], is_void: bool) {
    out.push('<');
    out.push_str(name);
    for (name, value) in attributes {
        out.extend([" ", name, "=\""]);
        write_value(out, value);
        out.push('"');
    }
    out.push_str(if is_void { "/>" } else { ">" });
}

fn write_value(out: &mut String, value: &str) {
    for letter in value.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '|' => out.push_str("&#124;"),
            // `]:` would make a definition of what is a link.
            '[' => out.push_str("&#91;"),
            ']' => out.push_str("&#93;"),
            '`' => out.push_str("&#96;"),
            // INVARIANT: writing to a String cannot fail.
            other if super::super::clean::is_hidden(other) || other.is_whitespace() && other != ' ' => {
                let _ = write!(out, "&#x{:X};", u32::from(other));
            }
            other => out.push(other),
        }
    }
}

/// The attribute with the name of a node that no tag can have.
const NODE: &str = "node";

/// The tag for a node of a format, and the attribute that has to say its name where the tag cannot.
///
/// Tags of Markdown have no colons: they are written as two hyphens.
pub(super) fn tag_of(format: Format, name: &str) -> (String, Option<(String, String)>) {
    let plain = name.replace(':', "--");
    let is_plain = plain.replace("--", ":") == name
        && !name.is_empty()
        && name != NODE
        && plain.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if is_plain {
        return (format!("{}-{plain}", format.as_str()), None);
    }
    (format!("{}-{NODE}", format.as_str()), Some((NODE.to_owned(), name.to_owned())))
}

/// The node of a format that a tag is, with its values.
pub(super) fn node_of(tag: &Tag) -> Option<(String, Extra)> {
    let (format, name) = tag.name.split_once('-')?;
    let format = Format::parse(format).filter(|format| *format != Format::Markdown)?;
    let (name, attributes) = match tag.attributes.split_first() {
        Some(((attribute, named), rest)) if name == NODE && attribute == NODE => (named.clone(), rest),
        _ => (name.replace("--", ":"), tag.attributes.as_slice()),
    };
    Some((name, Extra { format, values: values_of(format, attributes)? }))
}

/// The attribute that has all values as JSON, where their names cannot be those of attributes.
const VALUES: &str = "values";

/// The values of a format as attributes of a tag: storage's as they are, others as JSON.
pub(super) fn attributes_of(extra: &Extra) -> Vec<(String, String)> {
    let storage = extra.format == Format::Storage;
    let text = |value: &Value| match value {
        Value::String(text) if storage => text.clone(),
        other => other.to_string(),
    };
    let is_name = |name: &String| {
        name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_:.-".contains(&byte))
            && name != VALUES
    };
    let is_text = |value: &Value| value.is_string() || !storage;
    if !extra.values.keys().all(is_name) || !extra.values.values().all(is_text) {
        return vec![(VALUES.to_owned(), plain_json(&Value::Object(extra.values.clone())))];
    }
    extra.values.iter().map(|(name, value)| (name.clone(), text(value))).collect()
}

/// The values of a format, from the attributes of a tag.
fn values_of(format: Format, attributes: &[(String, String)]) -> Option<Map<String, Value>> {
    if let [(name, text)] = attributes
        && name == VALUES
    {
        return serde_json::from_str(text).ok();
    }
    let value = |text: &str| match format {
        Format::Storage => Some(Value::String(text.to_owned())),
        _ => serde_json::from_str(text).ok(),
    };
    attributes.iter().map(|(name, text)| Some((name.clone(), value(text)?))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn tags_are_read_strictly() {
        let table = [
            ("<a b=\"c\">", true),
            ("<a b=\"c\" d:e=\"\"/>", true),
            ("<a-b>", true),
            ("</a>", true),
            ("<!--adf {}-->", true),
            ("<!--lines-->", true),
            ("<!-- a comment -->", false),
            ("<!--adf {-->", false),
            ("<a b=c>", false),
            ("<a b>", false),
            ("<a b='c'>", false),
            ("<1>", false),
            ("<a", false),
            ("<a b=\"", false),
            ("</>", false),
            ("<a>x", false),
        ];
        for (html, is_read) in table {
            assert_eq!(single(html).is_some(), is_read, "{html}");
        }
    }

    #[test]
    fn values_come_back() {
        let odd = "a\"b<c>|`&amp;\n\t\u{202E}é🎉 --> ";
        let mut out = String::new();
        write_tag(&mut out, "macro", &[("name", odd)], true);
        assert!(!out.contains('\n') && !out.contains('|') && !out.contains('\u{202E}'), "{out}");
        let Some(Token::Void(tag)) = single(&out) else { panic!("{out}") };
        assert_eq!(tag.attribute("name"), odd);
        let mut out = String::new();
        write_comment(&mut out, "adf:item", &json!({ "x": odd }));
        assert!(out.is_ascii(), "{out}");
        let Some(Token::Comment(comment)) = single(&out) else { panic!("{out}") };
        assert_eq!((comment.about.as_str(), &comment.value["x"]), ("item", &json!(odd)));
    }
}
