//! A condition on the items of a search, as much of it as a query can say.

use std::collections::BTreeSet;

/// What holds of every item that may be seen. It may hold of more: the decision on each item stays the enforcement.
///
/// [`Filter::Unknown`] is what no query can say: it stands for "perhaps", and is left out of a query as if it held.
/// There is no negation: whoever makes a filter says what holds of the items where a condition is false.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Filter {
    /// Every item.
    Always,
    /// No item.
    Never,
    /// Nobody can say beforehand.
    Unknown,
    /// Items in one of these projects or spaces.
    In(BTreeSet<String>),
    /// Items in none of these projects or spaces.
    NotIn(BTreeSet<String>),
    /// One item by its key or id, or all but that one.
    Item {
        /// The key or id.
        id: String,
        /// Whether it is this one.
        is: bool,
    },
    /// Items with a value in a field.
    Value {
        /// The field, as queries name it.
        field: &'static str,
        /// The value.
        text: String,
    },
    /// Items with or without a value in a field.
    Present {
        /// The field, as queries name it.
        field: &'static str,
        /// Whether there is one.
        is: bool,
    },
    /// Pages and blog posts, and nothing that hangs on them.
    Pages,
    /// Whatever is no page and no blog post.
    NoPages,
    /// Spaces themselves, as a search may find them.
    Spaces,
    /// Items of which all of these hold.
    All(Vec<Filter>),
    /// Items of which one of these holds.
    Any(Vec<Filter>),
}

impl Filter {
    /// Every item, or none.
    pub(super) fn certain(holds: bool) -> Self {
        if holds { Self::Always } else { Self::Never }
    }

    /// In one of these places, or in none of them.
    pub(super) fn places(keys: BTreeSet<String>, inside: bool) -> Self {
        match (keys.is_empty(), inside) {
            (true, inside) => Self::certain(!inside),
            (false, true) => Self::In(keys),
            (false, false) => Self::NotIn(keys),
        }
    }

    /// Where all of them hold.
    pub(super) fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        Self::join(parts, true)
    }

    /// Where one of them holds. Whether a part that nobody knows holds decides on the whole.
    pub(super) fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        Self::join(parts, false)
    }

    /// Whether it holds of what may be seen and of nothing else.
    pub fn is_exact(&self) -> bool {
        match self {
            Self::Unknown => false,
            Self::All(parts) | Self::Any(parts) => parts.iter().all(Self::is_exact),
            _ => true,
        }
    }

    /// The part of it that a query can say.
    pub(super) fn said(&self) -> Self {
        match self {
            Self::Unknown => Self::Always,
            Self::All(parts) => Self::all(parts.iter().map(Self::said)),
            Self::Any(parts) => Self::any(parts.iter().map(Self::said)),
            other => other.clone(),
        }
    }

    /// The same among items that lie in some of all projects or spaces.
    pub(super) fn where_places(&self, change: &impl Fn(&Self) -> Self) -> Self {
        match self {
            Self::In(_) | Self::NotIn(_) => change(self),
            Self::All(parts) => Self::all(parts.iter().map(|part| part.where_places(change))),
            Self::Any(parts) => Self::any(parts.iter().map(|part| part.where_places(change))),
            other => other.clone(),
        }
    }

    /// Calls this with every place, item and value it names, and whether that is a place.
    pub(super) fn each_name<'f>(&'f self, tell: &mut impl FnMut(&'f str, bool)) {
        match self {
            Self::In(keys) | Self::NotIn(keys) => keys.iter().for_each(|key| tell(key, true)),
            Self::Item { id: text, .. } | Self::Value { text, .. } => tell(text, false),
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.each_name(tell)),
            Self::Always
            | Self::Never
            | Self::Unknown
            | Self::Present { .. }
            | Self::Pages
            | Self::NoPages
            | Self::Spaces => {}
        }
    }

    /// Joins parts in one normal form, so that the same policies always give the same query.
    fn join(parts: impl IntoIterator<Item = Self>, all: bool) -> Self {
        // What changes nothing, and what decides.
        let (neutral, decisive) = (Self::certain(all), Self::certain(!all));
        let mut places = neutral.clone();
        let mut kept = BTreeSet::new();
        for part in parts.into_iter().flat_map(|part| part.flattened(all)) {
            if part == decisive {
                return decisive;
            }
            if matches!(part, Self::In(_) | Self::NotIn(_)) {
                places = if all { both(places, part) } else { either(places, part) };
            } else if part != neutral {
                kept.insert(part);
            }
        }
        if places == decisive {
            return decisive;
        }
        // One of several that nobody knows: perhaps every item.
        if !all && kept.contains(&Self::Unknown) {
            return Self::Unknown;
        }
        if places != neutral {
            kept.insert(places);
        }
        let mut kept: Vec<Self> = kept.into_iter().collect();
        match (kept.len(), kept.pop()) {
            (_, None) => neutral,
            (1, Some(only)) => only,
            (_, Some(last)) => {
                kept.push(last);
                if all { Self::All(kept) } else { Self::Any(kept) }
            }
        }
    }

    /// The parts of it, where it is joined in the same way.
    fn flattened(self, all: bool) -> Vec<Self> {
        match (self, all) {
            (Self::All(parts), true) | (Self::Any(parts), false) => parts,
            (other, _) => vec![other],
        }
    }
}

/// In both: an item lies in one place, so that two conditions on it are one.
fn both(one: Filter, other: Filter) -> Filter {
    match (one, other) {
        (Filter::In(one), Filter::In(other)) => Filter::places(&one & &other, true),
        (Filter::In(inside), Filter::NotIn(outside)) | (Filter::NotIn(outside), Filter::In(inside)) => {
            Filter::places(&inside - &outside, true)
        }
        (Filter::NotIn(one), Filter::NotIn(other)) => Filter::places(&one | &other, false),
        (Filter::Always, other) => other,
        (one, _) => one,
    }
}

/// In one of them.
fn either(one: Filter, other: Filter) -> Filter {
    match (one, other) {
        (Filter::In(one), Filter::In(other)) => Filter::places(&one | &other, true),
        (Filter::In(inside), Filter::NotIn(outside)) | (Filter::NotIn(outside), Filter::In(inside)) => {
            Filter::places(&outside - &inside, false)
        }
        (Filter::NotIn(one), Filter::NotIn(other)) => Filter::places(&one & &other, false),
        (Filter::Never, other) => other,
        (one, _) => one,
    }
}
