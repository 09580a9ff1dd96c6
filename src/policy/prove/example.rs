//! A counterexample as people read it, and only after Cedar's own authorizer said the same of it.

use std::collections::BTreeSet;

use cedar_policy::EntityUid;
use cedar_policy::Policy;
use cedar_policy::PolicySet;
use cedar_policy_symcc::Env;
use serde::Serialize;
use serde_json::Value;

use super::ask::Answer;
use super::assume;
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

/// No more groups are tried one by one.
const MOST_GROUPS: usize = 16;

/// What the policies of a question name.
struct Named {
    literals: Vec<EntityUid>,
    mentioned: BTreeSet<String>,
    policies: PolicySet,
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

/// A request that was replayed.
pub(super) struct Shown {
    pub(super) example: Example,
    /// For further questions.
    pub(super) world: World,
}

/// Which requests are looked at in a replay.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    /// Those this server could make: under readable names everything is as it makes it.
    Readable,
    /// As the solver found it, too.
    Any,
}

impl Stage<'_> {
    /// Asks the solver, and shows what it found if `agrees` says that a replay has the outcome it claims.
    ///
    /// First nothing is assumed: what holds so holds all the more of the requests there are, and what does not is often
    /// shown by one of them. Only where it is not, it is asked again with the condition that requests fulfil.
    pub(super) fn settle(
        &self,
        mut ask: impl FnMut(Option<&Value>) -> Result<Answer, String>,
        agrees: impl Fn(&World, &Replay) -> Result<bool, String>,
    ) -> Result<Option<Shown>, String> {
        let slice = self.set.slice(&self.environment.action);
        let all: Vec<&Policy> = slice.policies().chain(&self.beside).collect();
        let named = Named {
            literals: sets::literals(all.iter().copied()),
            mentioned: names::mentioned(all.iter().copied()),
            policies: slice.to_set()?,
        };
        let first = match ask(None)? {
            Answer::Holds => return Ok(None),
            first => first,
        };
        if let Answer::Fails(found) = &first
            && let Ok(shown) = self.replay(found, &named, Look::Readable, &agrees)
        {
            return Ok(Some(shown));
        }
        let condition =
            assume::condition(&self.environment.call.resource, &named.literals, &named.mentioned)?;
        let second = if condition.is_some() { ask(condition.as_ref())? } else { first };
        match second {
            Answer::Holds => Ok(None),
            Answer::Unknown(reason) => Err(reason),
            Answer::Fails(found) => self.replay(&found, &named, Look::Any, &agrees).map(Some),
        }
    }

    fn replay(
        &self,
        found: &Env,
        named: &Named,
        look: Look,
        agrees: &impl Fn(&World, &Replay) -> Result<bool, String>,
    ) -> Result<Shown, String> {
        let readable = World::readable(found, &named.literals, &named.mentioned);
        let as_found = (look == Look::Any).then(|| World::found(found));
        for world in std::iter::once(readable).chain(as_found).flatten() {
            let Ok(replay) = self.ask(&world, &named.policies) else { continue };
            if agrees(&world, &replay)? {
                let (world, replay) = self.fewer_groups(world, replay, named, agrees);
                return Ok(Shown { example: self.example(&world, replay, &named.mentioned), world });
            }
        }
        Err("the solver's example does not come out the same in Cedar's authorizer".to_owned())
    }

    /// Leaves out the groups that make no difference: first those no deciding policy names, then each.
    fn fewer_groups(
        &self,
        mut world: World,
        mut replay: Replay,
        named: &Named,
        agrees: &impl Fn(&World, &Replay) -> Result<bool, String>,
    ) -> (World, Replay) {
        let deciding: Vec<&Policy> = named
            .policies
            .policies()
            .filter(|policy| replay.policies.contains(&policy.id().to_string()))
            .collect();
        let decisive = sets::literals(deciding);
        let fewer = |world: &World, errors: &[String], keep: &dyn Fn(&EntityUid) -> bool| {
            let smaller = world.with_groups(keep);
            let again = self.ask(&smaller, &named.policies).ok()?;
            let same = again.errors == errors && agrees(&smaller, &again).unwrap_or(false);
            same.then_some((smaller, again))
        };
        if let Some(smaller) = fewer(&world, &replay.errors, &|group| decisive.contains(group)) {
            (world, replay) = smaller;
        }
        for one in world.groups.clone().into_iter().take(MOST_GROUPS) {
            if let Some(smaller) = fewer(&world, &replay.errors, &|group| *group != one) {
                (world, replay) = smaller;
            }
        }
        (world, replay)
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
