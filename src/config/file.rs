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
use super::rules;
use crate::ids::InstanceName;

/// One value that was given.
#[derive(Clone)]
pub(super) struct Found {
    pub(super) key: &'static Key,
    /// The site it is of, for a product's setting.
    pub(super) instance: InstanceName,
    pub(super) given: Given,
    pub(super) origin: Origin,
}

impl Found {
    /// Where figment has it.
    pub(super) fn path(&self) -> Vec<String> {
        path(self.key, &self.instance)
    }

    /// How the file names it, `section.key` or `section.instance.key`.
    pub(super) fn name(&self) -> String {
        match self.key.name.split_once('.') {
            Some((section, setting)) if !self.instance.is_default() => {
                format!("{section}.{}.{setting}", self.instance)
            }
            _ => self.key.name.to_owned(),
        }
    }
}

/// Where figment has the setting of a site: those that are not the default are apart from the default's own settings.
pub(super) fn path(key: &Key, instance: &InstanceName) -> Vec<String> {
    let (section, setting) = key.name.split_once('.').unwrap_or((key.name, ""));
    if instance.is_default() {
        return std::iter::once(section).chain(setting.split('.')).map(str::to_owned).collect();
    }
    vec![format!("{section}_instances"), instance.to_string(), setting.to_owned()]
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
                self.found.push(Found { key, instance: InstanceName::default(), given: given(item), origin });
                continue;
            }
            if let (Some(table), true) = (item.as_table(), keys::has_instances(section)) {
                self.instance(section, name, table, origin);
                continue;
            }
            if let (Some(table), true) = (item.as_table_like(), keys::has_settings(&full)) {
                self.section(&full, table);
                continue;
            }
            let hint = keys::hint(&full, KEYS.iter().map(|key| key.name));
            self.errors.push(ConfigError::Unknown { origin, hint });
        }
    }

    /// `[jira.lab]`: the settings of one more Jira.
    fn instance(&mut self, section: &str, name: &str, table: &dyn TableLike, origin: Origin) {
        let instance = match InstanceName::parse(name) {
            Ok(instance) if !instance.is_default() => instance,
            Ok(_) => {
                let problem = format!("`[{section}]` is the default itself; write its settings there");
                return self.errors.push(ConfigError::Value { origin, problem });
            }
            Err(error) => {
                return self.errors.push(ConfigError::Value { origin, problem: error.to_string() });
            }
        };
        for (setting, item) in table.iter() {
            let origin = self.origin(table, setting, format!("{section}.{name}.{setting}"));
            let known = format!("{section}.{setting}");
            match keys::find(&known) {
                Some(key) => {
                    let instance = instance.clone();
                    self.found.push(Found { key, instance, given: given(item), origin });
                }
                None => {
                    let hint = keys::hint(&known, KEYS.iter().map(|key| key.name));
                    self.errors.push(ConfigError::Unknown { origin, hint });
                }
            }
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
    if let Some(number) = item.as_float() {
        return Given::Float(number);
    }
    if let Some(truth) = item.as_bool() {
        return Given::Boolean(truth);
    }
    if let Some(tables) = item.as_array_of_tables() {
        return Given::Tables(tables.iter().map(|table| table_of(table)).collect());
    }
    if let Some(array) = item.as_array() {
        let tables = array.iter().map(|value| value.as_inline_table().map(|table| table_of(table)));
        if let Some(tables) = tables.collect::<Option<Vec<_>>>().filter(|tables| !tables.is_empty()) {
            return Given::Tables(tables);
        }
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

fn table_of(table: &dyn TableLike) -> rules::Table {
    table.iter().map(|(name, item)| (name.to_owned(), given(item))).collect()
}

fn line_at(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}
