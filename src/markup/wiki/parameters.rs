//! The parameters of a macro or an image: `java|title=Main.java`.

use serde_json::Map;
use serde_json::Value;

use super::super::document::Extra;
use super::super::document::Format;

/// Parameters in order; one without a name has an empty one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads what stands between the name and the closing brace.
    pub(super) fn read(text: &str, separator: char) -> Self {
        let parts = text.split(separator).map(str::trim).filter(|part| !part.is_empty());
        let pair = |part: &str| match part.split_once('=') {
            Some((name, value)) => (name.trim().to_owned(), value.trim().to_owned()),
            None => (String::new(), part.to_owned()),
        };
        Self(parts.map(pair).collect())
    }

    /// Takes the first one of that name out.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        let at = self.0.iter().position(|(found, _)| found == name)?;
        Some(self.0.remove(at).1)
    }

    /// What is left, as what the format says besides; nothing if a name comes twice.
    pub(super) fn extra(self) -> Option<Extra> {
        let values: Map<String, Value> =
            self.0.into_iter().map(|(name, value)| (name, Value::String(value))).collect();
        Extra::new(Format::Wiki, values)
    }

    /// All of them.
    pub(super) fn into_pairs(self) -> Vec<(String, String)> {
        self.0
    }
}

/// Writes parameters with what the format says besides.
pub(super) fn write(out: &mut String, pairs: &[(&str, &str)], extra: Option<&Extra>, separator: char) {
    let more = extra.and_then(|extra| extra.of(Format::Wiki)).into_iter().flatten();
    let more = more.filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)));
    let mut is_first = true;
    for (name, given) in pairs.iter().copied().chain(more) {
        // Between exclamation marks, a comma or a mark would end the value, and there are no escapes.
        let ends = |letter: char| separator == ',' && matches!(letter, ',' | '!' | '\\');
        let is_written = |letter: &char| !matches!(letter, '\n' | '\r' | '{' | '}' | '|') && !ends(*letter);
        let value: String = given.chars().filter(is_written).collect();
        let value = value.trim();
        // Those of an image may stand in quotes.
        let value = if separator == ',' { value.trim_matches('"').trim() } else { value };
        if value.is_empty() && !given.is_empty() {
            continue;
        }
        if !is_first {
            out.push(separator);
        }
        is_first = false;
        // Without a name, what is before the first sign would be one.
        if !name.is_empty() || value.contains('=') {
            out.extend([name, "="]);
        }
        out.push_str(value);
    }
}
