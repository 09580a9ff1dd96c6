//! The properties of a profile, asked in every environment.

use std::cell::OnceCell;
use std::time::Instant;

use cedar_policy::Effect;
use cedar_policy::Policy;
use cedar_policy_symcc::CompiledPolicy;
use cedar_policy_symcc::CompiledPolicySet;
use jiff::Timestamp;

use super::Prover;
use super::ask;
use super::ask::Asker;
use super::cache;
use super::cache::Cache;
use super::dead;
use super::example::Shown;
use super::example::Stage;
use super::model::Environment;
use super::model::Model;
use super::names;
use super::report;
use super::report::Finding;
use super::report::PropertyReport;
use super::report::Report;
use super::sets;
use super::sets::Set;
use super::sets::Slice;
use super::target::Target;
use super::target::Test;
use super::target::target;
use crate::policy::EngineSettings;
use crate::policy::PolicyError;
use crate::policy::Proof;
use crate::policy::Proved;
use crate::policy::ToolFacts;
use crate::policy::Verdict;
use crate::policy::engine::load_policies;
use crate::policy::engine::takes;
use crate::policy::properties::Properties;
use crate::policy::properties::Property;

/// What holds the parts of one run.
pub(super) struct Run<'a> {
    pub(super) model: &'a Model,
    pub(super) set: &'a Set,
    pub(super) cache: &'a Cache,
}

/// One environment and what the set says there.
struct Here<'a> {
    environment: &'a Environment,
    slice: Slice,
    /// Made for the first property that needs it.
    compiled: OnceCell<Result<CompiledPolicySet, String>>,
}

/// The answer for one property in one place.
pub(super) enum Outcome {
    /// There is nothing to ask.
    NotAsked,
    /// It holds, and under which key that is kept.
    Holds { key: String, cached: bool },
    /// It does not.
    Fails(Vec<Finding>),
    /// It could not be told.
    Unknown(Box<Finding>),
}

pub(super) fn prove(
    prover: &Prover,
    tools: &[ToolFacts],
    settings: &EngineSettings,
) -> Result<Report, PolicyError> {
    let began = Instant::now();
    let model = Model::new(tools)?;
    let set = Set::new(load_policies(settings, &model.schema)?);
    let properties = Properties::of(&settings.source)?;
    let targets: Vec<Target<'_>> = properties
        .all
        .iter()
        .map(|property| target(prover, property, &properties, settings, &model))
        .collect::<Result<_, _>>()?;
    let cache = Cache::open(prover.cache.as_deref(), prover.solver.version(), &model.schema_hash);
    let run = Run { model: &model, set: &set, cache: &cache };

    let broken = |error: std::io::Error| PolicyError::Prover(error.to_string());
    let by_environment = ask::run(prover, &model.environments, |asker, environment| {
        let here = Here { environment, slice: set.slice(&environment.action), compiled: OnceCell::new() };
        targets.iter().map(|target| run.ask(asker, &here, target)).collect::<Vec<_>>()
    });
    let mut by_target: Vec<Vec<Outcome>> = targets.iter().map(|_| Vec::new()).collect();
    for outcomes in by_environment.map_err(broken)? {
        by_target.iter_mut().zip(outcomes).for_each(|(all, outcome)| all.push(outcome));
    }
    for (target, outcomes) in targets.iter().zip(&mut by_target) {
        if matches!(target.test, Test::NoDeadPolicies) {
            let own: Vec<_> = set.own().loaded.into_values().collect();
            let asked = ask::run(prover, &own, |asker, policy| dead::ask(&run, asker, policy));
            *outcomes = asked.map_err(broken)?;
        }
    }
    let proved = by_target.iter().flatten().filter_map(|outcome| match outcome {
        Outcome::Holds { key, .. } => Some(key.clone()),
        Outcome::NotAsked | Outcome::Fails(_) | Outcome::Unknown(_) => None,
    });
    cache.keep(&proved.collect());
    let policy_hash = set.hash();
    if let Some(directory) = &prover.cache {
        cache::record_set(directory, &policy_hash, &set.text());
    }
    let properties: Vec<PropertyReport> =
        targets.iter().zip(by_target).map(|(target, outcomes)| summed(target.property, outcomes)).collect();
    let proof = Proof {
        profile: settings.source.path().display().to_string(),
        policy_hash,
        schema_hash: model.schema_hash.clone(),
        solver: prover.solver.version().to_owned(),
        time: Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        seconds: (began.elapsed().as_secs_f64() * 1e3).round() / 1e3,
        properties: properties.iter().map(|property| property.proved.clone()).collect(),
    };
    Ok(Report { proof, properties, groups: model.groups() })
}

fn summed(property: &Property, outcomes: Vec<Outcome>) -> PropertyReport {
    let mut proved = Proved {
        property: property.name.clone(),
        definition: property.definition(),
        result: Verdict::Proven,
        environments: 0,
        cached: 0,
    };
    let mut findings = Vec::new();
    for outcome in outcomes {
        proved.environments += usize::from(!matches!(outcome, Outcome::NotAsked));
        match outcome {
            Outcome::NotAsked => {}
            Outcome::Holds { cached, .. } => proved.cached += usize::from(cached),
            Outcome::Fails(found) => {
                proved.result = Verdict::Failed;
                findings.extend(found);
            }
            Outcome::Unknown(found) => {
                if proved.result == Verdict::Proven {
                    proved.result = Verdict::Unknown;
                }
                findings.push(*found);
            }
        }
    }
    PropertyReport { proved, findings: report::gather(findings) }
}

impl Run<'_> {
    fn ask(&self, asker: &mut Asker<'_>, here: &Here<'_>, target: &Target<'_>) -> Outcome {
        let answer = match &target.test {
            Test::Never(permits) => self.never(asker, here, target, permits),
            Test::NoWidening(other) => self.no_widening(asker, here, target, other),
            Test::NeverErrors => self.never_errors(asker, here, target),
            Test::NoDeadPolicies => Ok(Outcome::NotAsked),
        };
        answer.unwrap_or_else(|problem| {
            Outcome::Unknown(Box::new(finding(here.environment, Vec::new(), Some(problem), None)))
        })
    }

    pub(super) fn key(&self, environment: &Environment, parts: &[&str]) -> String {
        let call = &environment.call;
        self.cache.key(&[&[call.action.as_str(), &call.principal, &call.resource], parts].concat())
    }

    /// Whether the answer is known from an earlier run.
    pub(super) fn known(&self, key: &str) -> Option<Outcome> {
        self.cache.holds(key).then(|| Outcome::Holds { key: key.to_owned(), cached: true })
    }

    pub(super) fn compile(
        &self,
        environment: &Environment,
        policies: impl IntoIterator<Item = Policy>,
    ) -> Result<CompiledPolicySet, String> {
        sets::compile(policies, &environment.env, &self.model.schema)
    }

    fn never(
        &self,
        asker: &mut Asker<'_>,
        here: &Here<'_>,
        target: &Target<'_>,
        permits: &[Policy],
    ) -> Result<Outcome, String> {
        let Here { environment, slice, compiled } = here;
        let asked: Vec<Policy> = permits
            .iter()
            .filter(|permit| takes(&permit.action_constraint(), &environment.action))
            .cloned()
            .collect();
        if asked.is_empty() {
            return Ok(Outcome::NotAsked);
        }
        let key = self.key(environment, &[&target.property.definition(), &slice.hash()]);
        if let Some(known) = self.known(&key) {
            return Ok(known);
        }
        let set = compiled.get_or_init(|| self.compile(environment, slice.policies().cloned()));
        let set = set.as_ref().map_err(String::clone)?;
        let matched = sets::policy_set(asked.iter().cloned())?;
        let stage = Stage { model: self.model, environment, set: self.set, beside: asked };
        let shown = stage.settle(
            |condition| {
                let under = stage.beside.iter().map(|permit| sets::under(permit, condition));
                let asked = self.compile(environment, under.collect::<Result<Vec<_>, _>>()?)?;
                Ok(asker.disjoint(set, &asked))
            },
            |world, replay| Ok(replay.allowed && stage.ask(world, &matched)?.allowed),
        )?;
        Ok(outcome(environment, key, shown))
    }

    fn no_widening(
        &self,
        asker: &mut Asker<'_>,
        here: &Here<'_>,
        target: &Target<'_>,
        other: &Set,
    ) -> Result<Outcome, String> {
        let Here { environment, slice, .. } = here;
        let other = other.slice(&environment.action);
        let key = self.key(environment, &[&target.property.definition(), &slice.hash(), &other.hash()]);
        if slice.hash() == other.hash() {
            return Ok(Outcome::Holds { key, cached: false });
        }
        if let Some(known) = self.known(&key) {
            return Ok(known);
        }
        let shown = widened(self, asker, environment, self.set, &other)?;
        Ok(outcome(environment, key, shown))
    }

    fn never_errors(
        &self,
        asker: &mut Asker<'_>,
        here: &Here<'_>,
        target: &Target<'_>,
    ) -> Result<Outcome, String> {
        let Here { environment, slice, .. } = here;
        if slice.policies.is_empty() {
            return Ok(Outcome::NotAsked);
        }
        let key = self.key(environment, &[&target.property.definition(), &slice.hash()]);
        if let Some(known) = self.known(&key) {
            return Ok(known);
        }
        let mut findings = Vec::new();
        for loaded in &slice.policies {
            if let Some(attribute) = names::far_attribute(&loaded.policy) {
                let problem = format!(
                    "`{}` reads `{attribute}`, which is not there in calls on anything else, and errs; compare \
                     `resource` with it instead",
                    loaded.id
                );
                findings.push(finding(environment, vec![loaded.id.clone()], Some(problem), None));
                continue;
            }
            let stage = Stage { model: self.model, environment, set: self.set, beside: Vec::new() };
            let named = format!("`{}`", loaded.id);
            let shown = stage.settle(
                |condition| {
                    let policy = sets::under(&loaded.policy, condition)?;
                    let compiled = CompiledPolicy::compile(&policy, &environment.env, &self.model.schema);
                    Ok(asker.never_errors(&compiled.map_err(|error| error.to_string())?))
                },
                |_, replay| Ok(replay.errors.iter().any(|error| error.contains(&named))),
            )?;
            findings.extend(
                shown.map(|shown| finding(environment, vec![loaded.id.clone()], None, Some(shown.example))),
            );
        }
        Ok(if findings.is_empty() { Outcome::Holds { key, cached: false } } else { Outcome::Fails(findings) })
    }
}

/// A request that the set allows and those before do not, if there is one.
pub(super) fn widened(
    run: &Run<'_>,
    asker: &mut Asker<'_>,
    environment: &Environment,
    set: &Set,
    before: &Slice,
) -> Result<Option<Shown>, String> {
    let after = set.slice(&environment.action);
    let outer = run.compile(environment, before.policies().cloned())?;
    let denying = before.to_set()?;
    let stage = Stage { model: run.model, environment, set, beside: before.policies().cloned().collect() };
    stage.settle(
        |condition| {
            // Where what is assumed is false, nothing is permitted, so nothing is wider.
            let inner = after.policies().map(|policy| match policy.effect() {
                Effect::Permit => sets::under(policy, condition),
                Effect::Forbid => Ok(policy.clone()),
            });
            let inner = run.compile(environment, inner.collect::<Result<Vec<_>, _>>()?)?;
            Ok(asker.implies(&inner, &outer))
        },
        |world, replay| Ok(replay.allowed && !stage.ask(world, &denying)?.allowed),
    )
}

fn outcome(environment: &Environment, key: String, shown: Option<Shown>) -> Outcome {
    match shown {
        None => Outcome::Holds { key, cached: false },
        Some(Shown { example, .. }) => {
            let policies = example.policies.clone();
            Outcome::Fails(vec![finding(environment, policies, None, Some(example))])
        }
    }
}

pub(super) fn finding(
    environment: &Environment,
    policies: Vec<String>,
    problem: Option<String>,
    example: Option<super::Example>,
) -> Finding {
    Finding { policies, calls: vec![environment.call.clone()], problem, example }
}
