//! Policies that decide nothing.

use cedar_policy::Effect;
use cedar_policy::Policy;
use cedar_policy_symcc::CompiledPolicy;
use serde_json::Value;

use super::ask::Asker;
use super::checks::Outcome;
use super::checks::Run;
use super::checks::finding;
use super::example::Stage;
use super::model::Environment;
use super::report::Finding;
use super::sets;
use super::sets::Set;
use crate::policy::engine::takes;
use crate::policy::set::LoadedPolicy;

const NEVER_MATCHES: &str = "it matches no request at all";
const UNDONE: &str = "whatever it permits, the forbids of the set take away";

/// What is known of a policy in one environment.
enum Life {
    Alive,
    Undone,
    None,
}

/// Whether some request makes the policy decide: a permit is alive if the set allows something it matches, a forbid if
/// it matches something. A forbid that repeats another is a second lock, not a mistake.
pub(super) fn ask(run: &Run<'_>, asker: &mut Asker<'_>, policy: &LoadedPolicy) -> Outcome {
    let constraint = policy.policy.action_constraint();
    let environments: Vec<&Environment> =
        run.model.environments.iter().filter(|environment| takes(&constraint, &environment.action)).collect();
    let Some(first) = environments.first() else {
        return Outcome::Fails(vec![dead(policy, NEVER_MATCHES)]);
    };
    let set = run.set.own();
    let key = run.key(first, &["alive", &policy.canonical, &set.hash()]);
    if let Some(known) = run.known(&key) {
        return known;
    }
    let mut undone = false;
    let mut unknown = None;
    for environment in environments {
        match life(run, asker, environment, &policy.policy, &set) {
            Ok(Life::Alive) => return Outcome::Holds { key, cached: false },
            Ok(Life::Undone) => undone = true,
            Ok(Life::None) => {}
            Err(problem) => {
                unknown = Some(finding(environment, vec![policy.id.clone()], Some(problem), None));
            }
        }
    }
    match unknown {
        Some(unknown) => Outcome::Unknown(Box::new(unknown)),
        None => Outcome::Fails(vec![dead(policy, if undone { UNDONE } else { NEVER_MATCHES })]),
    }
}

fn dead(policy: &LoadedPolicy, problem: &str) -> Finding {
    Finding {
        policies: vec![policy.id.clone()],
        calls: Vec::new(),
        problem: Some(format!("`{}` in {}: {problem}", policy.id, policy.file)),
        example: None,
    }
}

fn life(
    run: &Run<'_>,
    asker: &mut Asker<'_>,
    environment: &Environment,
    policy: &Policy,
    set: &Set,
) -> Result<Life, String> {
    let compile = |condition: Option<&Value>| {
        let under = sets::under(policy, condition)?;
        let compiled = CompiledPolicy::compile(&under, &environment.env, &run.model.schema);
        compiled.map_err(|error| error.to_string())
    };
    let id = policy.id().to_string();
    let stage = Stage { model: run.model, environment, set, beside: Vec::new() };
    if policy.effect() == Effect::Permit {
        let all = run.compile(environment, set.slice(&environment.action).policies().cloned())?;
        let decides = stage.settle(
            |condition| Ok(asker.disjoint(&all, &compile(condition)?.into_compiled_policyset())),
            |_, replay| Ok(replay.allowed && replay.policies.contains(&id)),
        )?;
        if decides.is_some() {
            return Ok(Life::Alive);
        }
    }
    let alone = sets::policy_set([policy.clone()])?;
    let matches = stage.settle(
        |condition| Ok(asker.never_matches(&compile(condition)?)),
        |world, _| Ok(stage.ask(world, &alone)?.policies.contains(&id)),
    )?;
    Ok(match (matches, policy.effect()) {
        (None, _) => Life::None,
        (Some(_), Effect::Permit) => Life::Undone,
        (Some(_), Effect::Forbid) => Life::Alive,
    })
}
