//! Counts by key, of not more keys than a report can hold: strangers choose some of them.

use std::collections::BTreeMap;

use super::MOST_LINES;

/// Values by key. When there are too many keys, all further ones share one value.
#[derive(Debug)]
pub(super) struct Limited<K, V> {
    values: BTreeMap<K, V>,
    others: Option<V>,
}

impl<K, V> Default for Limited<K, V> {
    fn default() -> Self {
        Self { values: BTreeMap::new(), others: None }
    }
}

impl<K: Ord, V: Default> Limited<K, V> {
    /// The value of a key.
    pub(super) fn at(&mut self, key: K) -> &mut V {
        if self.values.len() >= MOST_LINES && !self.values.contains_key(&key) {
            return self.others.get_or_insert_default();
        }
        self.values.entry(key).or_default()
    }

    /// Keys and values, in the order of the keys.
    pub(super) fn each(&self) -> impl Iterator<Item = (&K, &V)> {
        self.values.iter()
    }

    /// What further keys share, if there were any.
    pub(super) fn others(&self) -> Option<&V> {
        self.others.as_ref()
    }
}
