//! `@limit("20/h")` on a permit: how often one caller may use it.
//!
//! A count begins with the first call and starts anew when its time is over. It is kept in memory and goes on when other
//! policies come into force.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use cedar_policy::Effect;
use cedar_policy::Policy;
use cedar_policy::Schema;

use crate::policy::Principal;
use crate::policy::Product;
use crate::policy::engine::takes;
use crate::policy::entities::Chain;
use crate::policy::schema::view_action;

/// How many counts there may be. What is over is forgotten first; where none is, a limited permit permits nothing.
pub(super) const MOST_COUNTS: usize = 100_000;

/// The most calls a limit can name.
const MOST_CALLS: u32 = 1_000_000;

/// So many calls in such a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Limit {
    calls: u32,
    unit: Unit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Unit {
    Second,
    Minute,
    Hour,
    Day,
}

/// How far a limited permit is used up by a call that passed thanks to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitUse {
    /// The permit.
    pub policy: String,
    /// How many calls it has permitted to this caller since the count began, this one included.
    pub used: u32,
    /// How many it permits.
    pub of: u32,
    /// When the count starts anew, in milliseconds since 1970.
    pub resets_ms: i64,
}

/// A call that limits do not let pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UsedUp {
    /// The permits that would have permitted it.
    pub(super) policies: Vec<String>,
    /// What the caller is told.
    pub(super) advice: String,
}

/// Permits with their limits, one of which must have something left.
pub(super) type Choice = Vec<(String, Limit)>;

/// How often permits were used. Clones count in the same place.
#[derive(Debug, Clone, Default)]
pub(super) struct Usage(Arc<Mutex<HashMap<Counted, Count>>>);

/// A caller and a permit.
type Counted = (String, String);

#[derive(Debug, Clone, Copy)]
struct Count {
    used: u32,
    until_ms: i64,
}

impl Limit {
    /// The limit of a policy, or what is wrong with it.
    pub(super) fn of(policy: &Policy) -> Result<Option<Self>, String> {
        let Some(text) = policy.annotation("limit") else { return Ok(None) };
        if policy.effect() == Effect::Forbid {
            return Err("a limit is for permits; a forbid holds always".to_owned());
        }
        let limit = Self::parse(text).ok_or_else(|| {
            format!(
                "`@limit(\"{}\")` is no limit; write a number from 1 to {MOST_CALLS}, a slash and s, m, h or d, such as \
                 `@limit(\"20/h\")`",
                text.escape_debug()
            )
        })?;
        Ok(Some(limit))
    }

    /// What is wrong with the limit of a policy.
    pub(super) fn problem(policy: &Policy, schema: &Schema) -> Option<String> {
        match Self::of(policy) {
            Ok(None) => None,
            Err(problem) => Some(problem),
            Ok(Some(_)) => shown(policy, schema).map(|action| {
                format!(
                    "a limit counts calls of tools, but this permit also shows objects (`{action}`), of which one call \
                     looks at any number; give the limit to a permit of its own, for tools or for a group without \
                     `{action}`, such as `action == Mcp::Action::\"jira_add_comment\"`"
                )
            }),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let (calls, unit) = text.split_once('/')?;
        let plain = calls.bytes().all(|byte| byte.is_ascii_digit()) && !calls.starts_with('0');
        let calls = calls.parse().ok().filter(|calls| plain && *calls <= MOST_CALLS)?;
        let unit = match unit {
            "s" => Unit::Second,
            "m" => Unit::Minute,
            "h" => Unit::Hour,
            "d" => Unit::Day,
            _ => return None,
        };
        Some(Self { calls, unit })
    }

    /// As policies write it, such as `20/h`.
    pub fn written(self) -> String {
        let unit = match self.unit {
            Unit::Second => "s",
            Unit::Minute => "m",
            Unit::Hour => "h",
            Unit::Day => "d",
        };
        format!("{}/{unit}", self.calls)
    }

    /// Whether it lets pass, in some time, more calls than the other one.
    #[cfg(feature = "prove")]
    pub(super) fn allows_more_than(self, other: Self) -> bool {
        let rate = |own: Self, of: Self| i64::from(own.calls).saturating_mul(of.milliseconds());
        self.calls > other.calls || rate(self, other) > rate(other, self)
    }

    fn milliseconds(self) -> i64 {
        match self.unit {
            Unit::Second => 1_000,
            Unit::Minute => 60_000,
            Unit::Hour => 3_600_000,
            Unit::Day => 86_400_000,
        }
    }
}

/// For example `20 calls an hour`.
impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.unit {
            Unit::Second => "a second",
            Unit::Minute => "a minute",
            Unit::Hour => "an hour",
            Unit::Day => "a day",
        };
        let calls = if self.calls == 1 { "call" } else { "calls" };
        write!(f, "{} {calls} {unit}", self.calls)
    }
}

/// The action of seeing objects that a policy takes, if it takes one.
fn shown(policy: &Policy, schema: &Schema) -> Option<&'static str> {
    let actions = schema.action_entities().ok()?;
    let names = [Product::Jira, Product::Confluence].map(view_action);
    names.into_iter().find(|name| {
        let own = actions.iter().find(|action| action.uid().id().unescaped() == *name);
        own.is_some_and(|action| {
            let uid = action.uid();
            let ancestors = actions.ancestors(&uid).into_iter().flatten().cloned().collect();
            takes(&policy.action_constraint(), &Chain { uid, ancestors })
        })
    })
}

impl Usage {
    /// Counts a call of a caller, if every choice has a permit with something left; else nothing is counted.
    pub(super) fn take(
        &self,
        principal: &Principal,
        now_ms: i64,
        choices: &[Choice],
    ) -> Result<Vec<LimitUse>, UsedUp> {
        if choices.is_empty() {
            return Ok(Vec::new());
        }
        let caller = principal.to_string();
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let current = |counts: &HashMap<Counted, Count>, policy: &str, limit: Limit| {
            let known = counts.get(&(caller.clone(), policy.to_owned()));
            let running = known.copied().filter(|count| now_ms < count.until_ms);
            running.unwrap_or(Count { used: 0, until_ms: now_ms.saturating_add(limit.milliseconds()) })
        };
        let mut taken: HashMap<&str, (Count, Limit)> = HashMap::new();
        for choice in choices {
            // A call on several objects counts once.
            if choice.iter().any(|(policy, _)| taken.contains_key(policy.as_str())) {
                continue;
            }
            let left = choice.iter().find_map(|(policy, limit)| {
                let count = current(&counts, policy, *limit);
                (count.used < limit.calls).then_some((policy.as_str(), (count, *limit)))
            });
            let Some((policy, found)) = left else {
                return Err(UsedUp::of(choice, |policy, limit| current(&counts, policy, limit).until_ms));
            };
            taken.insert(policy, found);
        }
        let new =
            taken.keys().filter(|policy| !counts.contains_key(&(caller.clone(), (**policy).to_owned())));
        let new = new.count();
        if counts.len() + new > MOST_COUNTS {
            counts.retain(|_, count| now_ms < count.until_ms);
        }
        if counts.len() + new > MOST_COUNTS {
            return Err(UsedUp::too_many(choices));
        }
        let mut uses: Vec<LimitUse> = Vec::with_capacity(taken.len());
        for (policy, (count, limit)) in taken {
            let count = Count { used: count.used + 1, ..count };
            counts.insert((caller.clone(), policy.to_owned()), count);
            let (policy, resets_ms) = (policy.to_owned(), count.until_ms);
            uses.push(LimitUse { policy, used: count.used, of: limit.calls, resets_ms });
        }
        uses.sort_by(|left, right| left.policy.cmp(&right.policy));
        Ok(uses)
    }
}

impl UsedUp {
    /// What is told is the limit that starts anew first.
    fn of(choice: &Choice, until: impl Fn(&str, Limit) -> i64) -> Self {
        let first =
            choice.iter().map(|(policy, limit)| (until(policy, *limit), limit)).min_by_key(|(at, _)| *at);
        let advice = first.map(|(at, limit)| {
            let at = jiff::Timestamp::from_millisecond(at).map(|at| format!("{at:.0}")).unwrap_or_default();
            format!("the limit of {limit} is used up; it starts anew at {at}")
        });
        Self {
            policies: choice.iter().map(|(policy, _)| policy.clone()).collect(),
            advice: advice.unwrap_or_default(),
        }
    }

    fn too_many(choices: &[Choice]) -> Self {
        Self {
            policies: choices.iter().flatten().map(|(policy, _)| policy.clone()).collect(),
            advice: "more limits are counted than this server keeps; try again later".to_owned(),
        }
    }
}
