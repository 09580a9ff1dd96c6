//! Which calls a policy takes, as far as its scope and its conditions tell without a call.
//!
//! Only what is certain is said: a policy takes every call that another one takes if it takes all the kinds of calls that
//! the other does, and everything it asks besides is asked by the other as well.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use cedar_policy::EntityUid;
use cedar_policy::Policy;
use cedar_policy::RequestEnv;
use cedar_policy::Schema;
use serde_json::Value;
use serde_json::json;

use crate::policy::set::LoadedPolicy;

/// The calls that a policy takes.
pub(super) struct Taken<'p> {
    pub(super) by: &'p LoadedPolicy,
    /// What it asks; nothing where that cannot be told.
    tests: Option<Vec<Value>>,
    /// The kinds of calls, found out when they are asked for: that is the work.
    kinds: OnceCell<BTreeSet<Kind>>,
}

impl<'p> Taken<'p> {
    pub(super) fn of(by: &'p LoadedPolicy) -> Self {
        Self { by, tests: tests(&by.policy), kinds: OnceCell::new() }
    }

    /// Whether it takes every call that the other one takes.
    pub(super) fn takes_all(&self, other: &Self, schema: &Schema) -> bool {
        let (Some(asked), Some(given)) = (&self.tests, &other.tests) else { return false };
        let mut open = asked.iter().filter(|test| !is_of_kind(test));
        open.all(|test| given.iter().any(|fact| implies(fact, test)))
            && other.kinds(schema).is_subset(self.kinds(schema))
    }

    /// The kinds of calls that both may take; none if it is certain that they never take the same.
    pub(super) fn shared<'k>(&'k self, other: &'k Self, schema: &Schema) -> BTreeSet<&'k Kind> {
        if let (Some(own), Some(others)) = (&self.tests, &other.tests)
            && are_apart(own, others)
        {
            return BTreeSet::new();
        }
        self.kinds(schema).intersection(other.kinds(schema)).collect()
    }

    fn kinds(&self, schema: &Schema) -> &BTreeSet<Kind> {
        self.kinds.get_or_init(|| {
            self.by.policy.get_valid_request_envs(schema).map(|kind| Kind::of(&kind)).collect()
        })
    }
}

/// A kind of call: by whom, what and on what.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Kind {
    principal: String,
    pub(super) action: EntityUid,
    resource: String,
}

impl Kind {
    fn of(kind: &RequestEnv) -> Self {
        Self {
            principal: kind.principal().to_string(),
            action: kind.action().clone(),
            resource: kind.resource().to_string(),
        }
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

/// Whether no call fulfils both lists of tests.
fn are_apart(left: &[Value], right: &[Value]) -> bool {
    let excludes = |tests: &[Value], facts: &[Value]| {
        let mut excluded = tests.iter().filter_map(|test| test.get("!")?.get("arg"));
        excluded.any(|excluded| all_imply(facts, excluded))
    };
    let own: Vec<Named<'_>> = left.iter().filter_map(Named::of).collect();
    let others: Vec<Named<'_>> = right.iter().filter_map(Named::of).collect();
    excludes(left, right)
        || excludes(right, left)
        || own.iter().any(|own| others.iter().any(|other| own.is_apart_from(other)))
}

/// Whether everything that is known of a call together says that a test holds.
fn all_imply(facts: &[Value], test: &Value) -> bool {
    let both = |operator: &str| {
        let both = test.get(operator)?;
        Some((all_imply(facts, both.get("left")?), all_imply(facts, both.get("right")?)))
    };
    match (both("&&"), both("||")) {
        (Some((left, right)), _) => left && right,
        (_, Some((left, right))) => left || right,
        _ => facts.iter().any(|fact| implies(fact, test)),
    }
}

/// What a policy wants the principal or the resource to be, or to lie in.
struct Named<'t> {
    variable: &'t str,
    is_it: bool,
    kind: &'t str,
    id: &'t str,
}

impl<'t> Named<'t> {
    fn of(test: &'t Value) -> Option<Self> {
        let (is_it, compared) = match test.get("==") {
            Some(compared) => (true, compared),
            None => (false, test.get("in")?),
        };
        let entity = compared.get("right")?.get("Value")?.get("__entity")?;
        let text = |value: &'t Value, name: &str| value.get(name)?.as_str();
        let variable = text(compared.get("left")?, "Var")?;
        Some(Self { variable, is_it, kind: text(entity, "type")?, id: text(entity, "id")? })
    }

    /// Whether nothing is both. What is in one project, space or instance is in no other one; somebody may be in many
    /// groups, and a page below many.
    fn is_apart_from(&self, other: &Self) -> bool {
        if self.variable != other.variable {
            return false;
        }
        let places = ["Jira::Project", "Jira::Instance", "Confluence::Space", "Confluence::Instance"];
        let is_one = (self.is_it && other.is_it) || places.contains(&self.kind);
        if self.kind == other.kind {
            return is_one && self.id != other.id;
        }
        let lies_elsewhere = |issue: &Self, project: &Self| {
            issue.is_it
                && (issue.kind, project.kind) == ("Jira::Issue", "Jira::Project")
                && issue.id.rsplit_once('-').is_some_and(|(place, _)| place != project.id)
        };
        lies_elsewhere(self, other) || lies_elsewhere(other, self)
    }
}
