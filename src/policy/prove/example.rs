//! A counterexample as people read it, and only after Cedar's own authorizer said the same of it.

use std::collections::BTreeSet;

use cedar_policy::EntityUid;
use cedar_policy::Policy;
use cedar_policy::PolicySet;
use cedar_policy_symcc::Env;
use serde::Serialize;
use serde_json::Value;

use super::model::Environment;
use super::model::Model;
use super::names;
use super::sets;
use super::sets::Set;
use super::world::Replay;
use super::world::World;

/// One concrete request and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Example {
    /// Who asks, as Cedar writes it.
    pub principal: String,
    /// The groups of the principal that policies name.
    pub groups: Vec<String>,
    /// The action.
    pub action: String,
    /// On what.
    pub resource: String,
    /// What that lies in, nearest first.
    pub within: Vec<String>,
    /// The whole context.
    pub context: Value,
    /// The parts of the context that a policy looks at, as policies name them.
    pub relevant: Vec<(String, String)>,
    /// Whether the policies allow it.
    pub allowed: bool,
    /// The policies that decided.
    pub policies: Vec<String>,
    /// What went wrong in policies: the server refuses such a call.
    pub errors: Vec<String>,
    /// Whether the caller may see the resource; the server refuses the call if not.
    pub visible: Option<bool>,
}

/// What is needed to replay an example.
pub(super) struct Stage<'a> {
    pub(super) model: &'a Model,
    pub(super) environment: &'a Environment,
    /// The set whose decision is shown.
    pub(super) set: &'a Set,
    /// Policies beside the set that the question was about.
    pub(super) beside: Vec<Policy>,
}

impl Stage<'_> {
    /// Replays what the solver found; `agrees` says whether the outcome is the one it claims.
    ///
    /// It is shown under readable names if the outcome is the same, else as it was found.
    pub(super) fn replay(
        &self,
        found: &Env,
        agrees: impl Fn(&World, &Replay) -> Result<bool, String>,
    ) -> Result<Example, String> {
        self.replay_with(found, agrees).map(|(example, _)| example)
    }

    /// The same, and the request for further questions.
    pub(super) fn replay_with(
        &self,
        found: &Env,
        agrees: impl Fn(&World, &Replay) -> Result<bool, String>,
    ) -> Result<(Example, World), String> {
        let slice = self.set.slice(&self.environment.action);
        let all: Vec<&Policy> = slice.policies().chain(&self.beside).collect();
        let literals = sets::literals(all.iter().copied());
        let mentioned = names::mentioned(all.iter().copied());
        let policies = slice.to_set()?;
        let readable = World::readable(found, &literals, &mentioned);
        for world in [readable, World::found(found)].into_iter().flatten() {
            let Ok(replay) = world.replay(&self.environment.action.uid, &policies, self.model) else {
                continue;
            };
            if agrees(&world, &replay)? {
                return Ok((self.example(&world, replay, &mentioned), world));
            }
        }
        Err("the solver's example does not come out the same in Cedar's authorizer".to_owned())
    }

    /// What other policies say of a request in the same environment.
    pub(super) fn ask(&self, world: &World, policies: &PolicySet) -> Result<Replay, String> {
        world.replay(&self.environment.action.uid, policies, self.model)
    }

    fn example(&self, world: &World, replay: Replay, mentioned: &BTreeSet<String>) -> Example {
        let text = |uids: &[EntityUid]| uids.iter().map(ToString::to_string).collect();
        Example {
            principal: world.principal.to_string(),
            groups: text(&world.groups),
            action: self.environment.call.action.clone(),
            resource: world.resource.to_string(),
            within: text(&world.within),
            relevant: relevant(&world.context, mentioned),
            context: world.context.clone(),
            allowed: replay.allowed,
            policies: replay.policies,
            errors: replay.errors,
            visible: self.visible(world),
        }
    }

    fn visible(&self, world: &World) -> Option<bool> {
        let view = self.model.view(&self.environment.call.resource)?;
        if view.uid == self.environment.action.uid {
            return None;
        }
        let policies = self.set.slice(&view).to_set().ok()?;
        world
            .replay(&view.uid, &policies, self.model)
            .ok()
            .map(|replay| replay.allowed && replay.errors.is_empty())
    }
}

fn relevant(context: &Value, mentioned: &BTreeSet<String>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for part in ["session", "input"] {
        let fields = context.get(part).and_then(Value::as_object).into_iter().flatten();
        for (name, value) in fields.filter(|(name, _)| mentioned.contains(*name)) {
            let value = value.get("__extn").and_then(|value| value.get("arg")).unwrap_or(value);
            found.push((format!("context.{part}.{name}"), value.to_string()));
        }
    }
    found
}
