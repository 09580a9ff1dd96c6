//! What a change of limits changes: the same calls are allowed, more often or less often. No solver is asked.

use std::collections::BTreeSet;

use cedar_policy::Schema;
use serde::Serialize;

use super::sets::Set;
use crate::policy::Limit;
use crate::policy::idle;
use crate::policy::idle::Idle;
use crate::policy::set::LoadedPolicy;

/// Which way a change goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// More is allowed.
    Widened,
    /// Less is allowed.
    Narrowed,
}

/// A limit of a permit that changes how often the same calls are allowed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct LimitChange {
    /// Whether they are allowed more often, or less often.
    pub direction: Direction,
    /// The permit.
    pub policy: String,
    /// The file it is in.
    pub file: String,
    /// What changes.
    pub what: String,
}

/// The limits of permits that both sets have, and the permits without one that keep a limit from counting in one only.
pub(super) fn changes(old: &Set, new: &Set, schema: &Schema) -> Vec<LimitChange> {
    let both = new.loaded.iter().filter_map(|(id, now)| Some((old.loaded.get(id)?, now)));
    let mut changes: Vec<LimitChange> = both.flat_map(|(before, now)| of_permit(before, now)).collect();
    for (direction, from, to, word) in
        [(Direction::Widened, old, new, "no longer counted"), (Direction::Narrowed, new, old, "counted now")]
    {
        let before: BTreeSet<(&str, &str)> =
            idle::find(from.loaded.values(), schema).iter().map(names).collect();
        let idle = idle::find(to.loaded.values(), schema);
        // A limit that the other set has not is a change by itself.
        let limited = |idle: &&Idle<'_>| {
            from.loaded.get(&idle.limited.id).is_some_and(|policy| limit(policy).is_some())
        };
        let changed = idle.iter().filter(|idle| !before.contains(&names(idle))).filter(limited);
        changes.extend(changed.map(|idle| LimitChange {
            direction,
            policy: idle.limited.id.clone(),
            file: idle.limited.file.clone(),
            what: format!(
                "its limit {} is {word} where `{}` permits: {}",
                idle.limit.written(),
                idle.free.id,
                idle.calls()
            ),
        }));
    }
    changes.sort();
    changes
}

fn names<'p>(idle: &Idle<'p>) -> (&'p str, &'p str) {
    (&idle.limited.id, &idle.free.id)
}

/// A limit that lets more pass in an hour and less in a day is a change both ways.
fn of_permit(before: &LoadedPolicy, now: &LoadedPolicy) -> Vec<LimitChange> {
    let (old, new) = (limit(before), limit(now));
    let change =
        |direction, what| LimitChange { direction, policy: now.id.clone(), file: now.file.clone(), what };
    match (old, new) {
        (None, None) => Vec::new(),
        (Some(old), None) => {
            vec![change(Direction::Widened, format!("its limit {} is taken away", old.written()))]
        }
        (None, Some(new)) => {
            vec![change(Direction::Narrowed, format!("it has a limit now: {}", new.written()))]
        }
        (Some(old), Some(new)) => {
            let what = format!("its limit {} becomes {}", old.written(), new.written());
            let ways = [(Direction::Widened, new, old), (Direction::Narrowed, old, new)];
            let ways = ways.into_iter().filter(|(_, more, less)| more.allows_more_than(*less));
            ways.map(|(direction, ..)| change(direction, what.clone())).collect()
        }
    }
}

fn limit(policy: &LoadedPolicy) -> Option<Limit> {
    Limit::of(&policy.policy).ok().flatten()
}
