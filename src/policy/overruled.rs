//! Forbids that forbid all that a permit gives: what is permitted then never happens.
//!
//! Only what is certain is said: a forbid takes every call that a permit takes if it takes all the kinds of calls that
//! the permit does, and everything it asks besides is asked by the permit as well.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use cedar_policy::Effect;
use cedar_policy::Policy;
use cedar_policy::Schema;
use serde_json::Value;
use serde_json::json;

use crate::policy::Problem;
use crate::policy::set::LoadedPolicy;

/// What forbids leave nothing of.
pub(super) fn problems(policies: &[LoadedPolicy], schema: &Schema) -> Vec<Problem> {
    let (permits, forbids): (Vec<&LoadedPolicy>, Vec<&LoadedPolicy>) =
        policies.iter().partition(|policy| policy.policy.effect() == Effect::Permit);
    let permits: Vec<Taken<'_>> = permits.into_iter().map(Taken::of).collect();
    let problem = |forbid: &LoadedPolicy| {
        let taken = Taken::of(forbid);
        let lost = permits.iter().filter(|permit| taken.takes_all(permit, schema));
        let lost: Vec<&str> = lost.map(|permit| permit.by.id.as_str()).collect();
        (!lost.is_empty()).then(|| overruled(forbid, &lost, lost.len() == permits.len()))
    };
    forbids.into_iter().filter_map(problem).collect()
}

/// The calls that a policy takes.
struct Taken<'p> {
    by: &'p LoadedPolicy,
    /// What it asks; nothing where that cannot be told.
    tests: Option<Vec<Value>>,
    /// The kinds of calls, found out when they are asked for: that is the work.
    kinds: OnceCell<BTreeSet<String>>,
}

impl<'p> Taken<'p> {
    fn of(by: &'p LoadedPolicy) -> Self {
        Self { by, tests: tests(&by.policy), kinds: OnceCell::new() }
    }

    /// Whether it takes every call that the other one takes.
    fn takes_all(&self, other: &Self, schema: &Schema) -> bool {
        let (Some(asked), Some(given)) = (&self.tests, &other.tests) else { return false };
        let mut open = asked.iter().filter(|test| !is_of_kind(test));
        open.all(|test| given.iter().any(|fact| implies(fact, test)))
            && other.kinds(schema).is_subset(self.kinds(schema))
    }

    fn kinds(&self, schema: &Schema) -> &BTreeSet<String> {
        self.kinds.get_or_init(|| {
            let kinds = self.by.policy.get_valid_request_envs(schema);
            kinds.map(|kind| format!("{} {} {}", kind.principal(), kind.action(), kind.resource())).collect()
        })
    }
}

fn overruled(forbid: &LoadedPolicy, lost: &[&str], is_all: bool) -> Problem {
    let names: Vec<String> = lost.iter().map(|id| format!("`{id}`")).collect();
    let names = names.join(", ");
    let message = if is_all {
        format!("forbids all that {names} permits, so nothing is left: every call is denied")
    } else {
        format!("forbids all that {names} permits, so that permits nothing")
    };
    let help = if forbid.policy.has_non_scope_constraint() {
        "if it should hold for all but these calls, write `unless` in place of `when`; else ask for less in it"
    } else {
        "name in it the principal, the actions or the resource that it is about, or add `unless { ... }`"
    };
    Problem {
        file: forbid.file.clone(),
        line: forbid.line,
        column: 1,
        policy: Some(forbid.id.clone()),
        message,
        help: Some(help.to_owned()),
        excerpt: None,
    }
}

/// What a policy asks, all of which must hold: its scope and its conditions, as Cedar's JSON has them.
fn tests(policy: &Policy) -> Option<Vec<Value>> {
    let json = policy.to_json().ok()?;
    let mut tests = Vec::new();
    for variable in ["principal", "action", "resource"] {
        scope(variable, json.get(variable)?, &mut tests)?;
    }
    for condition in json.get("conditions")?.as_array()? {
        let body = condition.get("body")?;
        match condition.get("kind")?.as_str()? {
            "when" => conjuncts(body, &mut tests),
            _ => tests.push(json!({"!": {"arg": body}})),
        }
    }
    Some(tests)
}

fn scope(variable: &str, asked: &Value, tests: &mut Vec<Value>) -> Option<()> {
    let left = json!({"Var": variable});
    let entity = |entity: &Value| json!({"Value": {"__entity": entity}});
    match asked.get("op")?.as_str()? {
        "All" => {}
        "==" => tests.push(json!({"==": {"left": left, "right": entity(asked.get("entity")?)}})),
        "in" => match asked.get("entity") {
            Some(one) => tests.push(json!({"in": {"left": left, "right": entity(one)}})),
            None => tests.push(json!({"in": {"left": left, "right": asked.get("entities")?}})),
        },
        "is" => {
            tests.push(json!({"is": {"left": left, "entity_type": asked.get("entity_type")?}}));
            if let Some(inside) = asked.get("in") {
                tests.push(json!({"in": {"left": left, "right": entity(inside.get("entity")?)}}));
            }
        }
        _ => return None,
    }
    Some(())
}

fn conjuncts(body: &Value, tests: &mut Vec<Value>) {
    match body.get("&&").map(|both| (both.get("left"), both.get("right"))) {
        Some((Some(left), Some(right))) => {
            conjuncts(left, tests);
            conjuncts(right, tests);
        }
        _ => tests.push(body.clone()),
    }
}

/// Whether the kind of a call decides a test: what is called, and of what type the two others are.
fn is_of_kind(test: &Value) -> bool {
    let of = |operator: &str, variables: &[&str]| {
        let left = test.get(operator).and_then(|test| test.get("left")?.get("Var")?.as_str());
        let is_whole = test.get(operator).is_some_and(|test| test.get("in").is_none());
        is_whole && left.is_some_and(|variable| variables.contains(&variable))
    };
    of("==", &["action"]) || of("in", &["action"]) || of("is", &["principal", "resource"])
}

/// Whether what is known of a call says that a test holds.
fn implies(fact: &Value, test: &Value) -> bool {
    fact == test || fact.get("==").is_some_and(|same| test.get("in").is_some_and(|within| same == within))
}
