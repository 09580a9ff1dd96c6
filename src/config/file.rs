//! The TOML file: every value with its line, every unknown key with its nearest neighbour.

use std::path::Path;

use toml_edit::ImDocument;
use toml_edit::Item;
use toml_edit::TableLike;

use super::ConfigError;
use super::Origin;
use super::keys;
use super::keys::KEYS;
use super::keys::Key;
use super::kinds::Given;

/// One value of the file.
pub(super) struct Found {
    pub(super) key: &'static Key,
    pub(super) given: Given,
    pub(super) origin: Origin,
}

/// Reads the file's text.
pub(super) fn parse(file: &Path, text: &str) -> Result<Vec<Found>, ConfigError> {
    let document = ImDocument::parse(text.to_owned()).map_err(|error| {
        let line = line_at(text, error.span().map_or(0, |span| span.start));
        // Only the message: the error's own display quotes the line, which may hold a secret.
        ConfigError::Syntax { file: file.to_owned(), line, message: error.message().replace('\n', "; ") }
    })?;
    let mut reader = Reader { file, text, found: Vec::new(), errors: Vec::new() };
    reader.sections(document.as_table());
    ConfigError::gather(reader.errors)?;
    Ok(reader.found)
}

struct Reader<'a> {
    file: &'a Path,
    text: &'a str,
    found: Vec<Found>,
    errors: Vec<ConfigError>,
}

impl Reader<'_> {
    fn sections(&mut self, root: &dyn TableLike) {
        for (section, item) in root.iter() {
            let origin = self.origin(root, section, section.to_owned());
            if !sections().any(|known| known == section) {
                let hint = match KEYS.iter().find(|key| key.name.ends_with(&format!(".{section}"))) {
                    Some(key) => format!("; it may belong to a section: `{}`", key.name),
                    None => keys::hint(section, sections()),
                };
                self.errors.push(ConfigError::Unknown { origin, hint });
                continue;
            }
            match item.as_table_like() {
                Some(table) => self.section(section, table),
                None => self.errors.push(ConfigError::Value {
                    origin,
                    problem: format!("is not a section; write `[{section}]` on a line of its own"),
                }),
            }
        }
    }

    fn section(&mut self, section: &str, table: &dyn TableLike) {
        for (name, item) in table.iter() {
            let full = format!("{section}.{name}");
            let origin = self.origin(table, name, full.clone());
            if let Some(key) = keys::find(&full) {
                self.found.push(Found { key, given: given(item), origin });
                continue;
            }
            let instance = item.is_table() && matches!(section, "jira" | "confluence");
            let hint = if instance {
                format!("; more than one {section} is not supported yet")
            } else {
                keys::hint(&full, KEYS.iter().map(|key| key.name))
            };
            self.errors.push(ConfigError::Unknown { origin, hint });
        }
    }

    fn origin(&self, table: &dyn TableLike, name: &str, full: String) -> Origin {
        let span = table.get_key_value(name).and_then(|(key, item)| key.span().or_else(|| item.span()));
        let line = line_at(self.text, span.map_or(0, |span| span.start));
        Origin::File { file: self.file.to_owned(), line, key: full }
    }
}

fn sections() -> impl Iterator<Item = &'static str> {
    let mut previous = "";
    KEYS.iter().filter_map(|key| key.name.split_once('.')).map(|(section, _)| section).filter(
        move |section| {
            let fresh = previous != *section;
            previous = section;
            fresh
        },
    )
}

fn given(item: &Item) -> Given {
    if let Some(text) = item.as_str() {
        return Given::Text(text.to_owned());
    }
    if let Some(number) = item.as_integer() {
        return Given::Integer(number);
    }
    if let Some(truth) = item.as_bool() {
        return Given::Boolean(truth);
    }
    if let Some(array) = item.as_array() {
        let items = array.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>();
        return items.map_or(Given::Other("an array with other things than strings"), Given::List);
    }
    if let Some(table) = item.as_table_like() {
        let pairs = table.iter().map(|(name, item)| Some((name.to_owned(), item.as_str()?.to_owned())));
        let pairs = pairs.collect::<Option<Vec<_>>>();
        return pairs.map_or(Given::Other("a table with other things than strings"), Given::Table);
    }
    Given::Other("a value of another type")
}

fn line_at(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}
