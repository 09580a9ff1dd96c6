//! What the policies leave of a search, in the words of JQL and CQL.

use std::collections::BTreeSet;

use super::key_value;
use super::quoted;
use crate::ids::SpaceKey;
use crate::policy::Condition;
use crate::policy::Filter;

/// The longest condition that is put into a query, in bytes: it may travel in an address.
const LONGEST: usize = 4_000;

/// How a language names what conditions are about.
struct Language<'a> {
    place: &'static str,
    item: &'static str,
    /// The values by which it knows a project or space.
    spell: &'a dyn Fn(&str) -> Vec<String>,
}

/// A condition in JQL; nothing if it is too long.
pub fn jql(condition: &Condition) -> Option<String> {
    let spell = |key: &str| vec![key_value(key)];
    Language { place: "project", item: "key", spell: &spell }.whole(condition)
}

/// A condition in CQL; nothing if it is too long.
///
/// Policies name spaces in capitals. Where the operator spelled one, that is how it is asked for; a personal space,
/// whose key is the name of somebody, is asked for in small letters as well.
pub fn cql(condition: &Condition, spelled: &[SpaceKey]) -> Option<String> {
    let spell = |key: &str| {
        let own = spelled.iter().find(|space| space.as_str() == key);
        let mut forms = BTreeSet::from([key.to_owned()]);
        forms.extend(own.map(|space| space.spelled().to_owned()));
        if key.starts_with('~') {
            forms.insert(key.to_ascii_lowercase());
        }
        forms.iter().map(|form| key_value(form)).collect()
    };
    Language { place: "space", item: "id", spell: &spell }.whole(condition)
}

impl Language<'_> {
    fn whole(&self, condition: &Condition) -> Option<String> {
        let text = self.filter(condition.filter(), false);
        (text.len() <= LONGEST).then_some(text)
    }

    fn filter(&self, filter: &Filter, inner: bool) -> String {
        match filter {
            Filter::In(keys) => self.places(keys, "=", "IN"),
            Filter::NotIn(keys) => self.places(keys, "!=", "NOT IN"),
            Filter::Item { id, is } => format!("{} {} {id}", self.item, if *is { "=" } else { "!=" }),
            Filter::Value { field, text } => format!("{field} = {}", quoted(text)),
            Filter::Present { field, is } => format!("{field} {} EMPTY", if *is { "IS NOT" } else { "IS" }),
            Filter::Pages => "type IN (page, blogpost)".to_owned(),
            Filter::NoPages => "type NOT IN (page, blogpost)".to_owned(),
            Filter::Spaces => "type = space".to_owned(),
            Filter::All(parts) => self.joined(parts, " AND ", inner),
            Filter::Any(parts) => self.joined(parts, " OR ", inner),
            // Whoever has nothing to say makes no condition; an empty one would be no query.
            Filter::Always | Filter::Never | Filter::Unknown => format!("{} != \"\"", self.place),
        }
    }

    fn joined(&self, parts: &[Filter], word: &str, inner: bool) -> String {
        let parts: Vec<String> = parts.iter().map(|part| self.filter(part, true)).collect();
        let text = parts.join(word);
        if inner { format!("({text})") } else { text }
    }

    fn places(&self, keys: &BTreeSet<String>, one: &str, many: &str) -> String {
        let values: Vec<String> = keys.iter().flat_map(|key| (self.spell)(key)).collect();
        match values.as_slice() {
            [only] => format!("{} {one} {only}", self.place),
            several => format!("{} {many} ({})", self.place, several.join(", ")),
        }
    }
}
