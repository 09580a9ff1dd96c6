//! The properties of a profile, asked in every environment.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::time::Instant;

use cedar_policy::Effect;
use cedar_policy::Policy;
use cedar_policy::PolicyId;
use cedar_policy::PolicySet;
use cedar_policy::ValidationMode;
use cedar_policy::Validator;
use cedar_policy_symcc::CompiledPolicy;
use cedar_policy_symcc::CompiledPolicySet;
use jiff::Timestamp;
use serde_json::Value;

use super::Prover;
use super::ask;
use super::ask::Answer;
use super::ask::Asker;
use super::assume;
use super::cache;
use super::cache::Cache;
use super::dead;
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
use crate::policy::EngineSettings;
use crate::policy::PolicyError;
use crate::policy::PolicySource;
use crate::policy::Proof;
use crate::policy::Proved;
use crate::policy::ToolFacts;
use crate::policy::Verdict;
use crate::policy::engine::load_policies;
use crate::policy::engine::takes;
use crate::policy::properties::Demand;
use crate::policy::properties::Properties;
use crate::policy::properties::Property;

/// What holds the parts of one run.
pub(super) struct Run<'a> {
    pub(super) model: &'a Model,
    pub(super) set: &'a Set,
    pub(super) cache: &'a Cache,
}

/// A property with what it is compared to.
struct Target<'a> {
    property: &'a Property,
    test: Test,
}

enum Test {
    /// These permits, of which the set must allow nothing.
    Never(Vec<Policy>),
    /// The other set.
    NoWidening(Set),
    NeverErrors,
    /// Asked for each policy, not for each environment.
    NoDeadPolicies,
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
    Unknown(Finding),
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
        targets.iter().map(|target| run.ask(asker, environment, target)).collect::<Vec<_>>()
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
                findings.push(found);
            }
        }
    }
    PropertyReport { proved, findings: report::gather(findings) }
}

fn target<'a>(
    prover: &Prover,
    property: &'a Property,
    properties: &Properties,
    settings: &EngineSettings,
    model: &Model,
) -> Result<Target<'a>, PolicyError> {
    let problem = |text: String| {
        PolicyError::Properties(format!("{}: `{}`: {text}", properties.file.display(), property.name))
    };
    let test = match &property.demand {
        Demand::Never(text) => Test::Never(permits(text, model).map_err(problem)?),
        Demand::NoWidening(from) => Test::NoWidening(other_set(prover, from, properties, settings, model)?),
        Demand::NeverErrors => Test::NeverErrors,
        Demand::NoDeadPolicies => Test::NoDeadPolicies,
    };
    Ok(Target { property, test })
}

/// The permits of a `never`, as valid as policies must be: one that matches nothing would prove anything.
fn permits(text: &str, model: &Model) -> Result<Vec<Policy>, String> {
    let set = PolicySet::from_str(text).map_err(|error| error.to_string())?;
    if set.templates().next().is_some() || set.policies().next().is_none() {
        return Err("write one permit or several, and no template".to_owned());
    }
    if set.policies().any(|policy| policy.effect() != Effect::Permit) {
        return Err("it says what must not be allowed: write a permit, not a forbid".to_owned());
    }
    let result = Validator::new(model.schema.clone()).validate(&set, ValidationMode::Strict);
    let errors = result.validation_errors().map(ToString::to_string);
    let wrong: BTreeSet<String> =
        errors.chain(result.validation_warnings().map(ToString::to_string)).collect();
    if !wrong.is_empty() {
        return Err(wrong.into_iter().collect::<Vec<_>>().join("; "));
    }
    let literals = sets::literals(set.policies());
    if let Some(problem) = literals.iter().find_map(crate::policy::check::literal) {
        return Err(problem);
    }
    let named = set.policies().map(|policy| {
        policy.new_id(PolicyId::new(format!("{}never:{}", crate::policy::check::OWN_PREFIX, policy.id())))
    });
    Ok(named.collect())
}

/// What `no_widening_from` names: a file or directory beside the properties, or the hash of a set proved before.
fn other_set(
    prover: &Prover,
    from: &str,
    properties: &Properties,
    settings: &EngineSettings,
    model: &Model,
) -> Result<Set, PolicyError> {
    let is_hash = from.len() == 64 && from.bytes().all(|byte| byte.is_ascii_hexdigit());
    let built_in = match (&settings.source, from) {
        (PolicySource::Directory(_), _) => None,
        (_, "../read-only") => Some(PolicySource::ReadOnly),
        (_, "../read-write") => Some(PolicySource::ReadWrite),
        _ => None,
    };
    if let Some(source) = built_in {
        let settings = EngineSettings { source, ..settings.clone() };
        return load_policies(&settings, &model.schema).map(Set::new);
    }
    if !is_hash {
        let base = properties.file.parent().unwrap_or_else(|| std::path::Path::new("."));
        return Set::read(&base.join(from), settings, &model.schema);
    }
    let unknown = || {
        PolicyError::Properties(format!(
            "{}: no set of hash {from} was proved here before; name its file or directory",
            properties.file.display()
        ))
    };
    let directory = prover.cache.as_ref().ok_or_else(unknown)?;
    let file = cache::recorded_set(directory, from);
    if !file.exists() {
        return Err(unknown());
    }
    Set::recorded(&file, from, settings, &model.schema)?.ok_or_else(unknown)
}

impl Run<'_> {
    fn ask(&self, asker: &mut Asker<'_>, environment: &Environment, target: &Target<'_>) -> Outcome {
        let slice = self.set.slice(&environment.action);
        let answer = match &target.test {
            Test::Never(permits) => self.never(asker, environment, target, &slice, permits),
            Test::NoWidening(other) => self.no_widening(asker, environment, target, &slice, other),
            Test::NeverErrors => self.never_errors(asker, environment, target, &slice),
            Test::NoDeadPolicies => Ok(Outcome::NotAsked),
        };
        answer
            .unwrap_or_else(|problem| Outcome::Unknown(finding(environment, Vec::new(), Some(problem), None)))
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

    /// Policies that hold only of requests as there are, and that are asked about.
    pub(super) fn assumed<'p>(
        &self,
        environment: &Environment,
        policies: impl IntoIterator<Item = &'p Policy> + Clone,
    ) -> Result<Option<Value>, String> {
        let literals = sets::literals(policies.clone());
        assume::condition(&environment.call.resource, &literals, &names::mentioned(policies))
    }

    fn never(
        &self,
        asker: &mut Asker<'_>,
        environment: &Environment,
        target: &Target<'_>,
        slice: &Slice,
        permits: &[Policy],
    ) -> Result<Outcome, String> {
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
        let all: Vec<&Policy> = slice.policies().chain(&asked).collect();
        let assumed = self.assumed(environment, all.iter().copied())?;
        let under = asked.iter().map(|permit| sets::under(permit, assumed.as_ref()));
        let matched = self.compile(environment, under.collect::<Result<Vec<_>, _>>()?)?;
        let set = self.compile(environment, slice.policies().cloned())?;
        let found = match asker.disjoint(&set, &matched) {
            Answer::Holds => return Ok(Outcome::Holds { key, cached: false }),
            Answer::Unknown(reason) => return Err(reason),
            Answer::Fails(found) => found,
        };
        let matched = sets::policy_set(asked.iter().cloned())?;
        let stage = Stage { model: self.model, environment, set: self.set, beside: asked };
        let example = stage
            .replay(&found, |world, replay| Ok(replay.allowed && stage.ask(world, &matched)?.allowed))?;
        let policies = example.policies.clone();
        Ok(Outcome::Fails(vec![finding(environment, policies, None, Some(example))]))
    }

    fn no_widening(
        &self,
        asker: &mut Asker<'_>,
        environment: &Environment,
        target: &Target<'_>,
        slice: &Slice,
        other: &Set,
    ) -> Result<Outcome, String> {
        let other = other.slice(&environment.action);
        let key = self.key(environment, &[&target.property.definition(), &slice.hash(), &other.hash()]);
        if slice.hash() == other.hash() {
            return Ok(Outcome::Holds { key, cached: false });
        }
        if let Some(known) = self.known(&key) {
            return Ok(known);
        }
        let Some(found) = widened(self, asker, environment, &other, slice)? else {
            return Ok(Outcome::Holds { key, cached: false });
        };
        let before = other.to_set()?;
        let beside = other.policies().cloned().collect();
        let stage = Stage { model: self.model, environment, set: self.set, beside };
        let example = stage
            .replay(&found, |world, replay| Ok(replay.allowed && !stage.ask(world, &before)?.allowed))?;
        let policies = example.policies.clone();
        Ok(Outcome::Fails(vec![finding(environment, policies, None, Some(example))]))
    }

    fn never_errors(
        &self,
        asker: &mut Asker<'_>,
        environment: &Environment,
        target: &Target<'_>,
        slice: &Slice,
    ) -> Result<Outcome, String> {
        if slice.policies.is_empty() {
            return Ok(Outcome::NotAsked);
        }
        let key = self.key(environment, &[&target.property.definition(), &slice.hash()]);
        if let Some(known) = self.known(&key) {
            return Ok(known);
        }
        let mut findings = Vec::new();
        for loaded in &slice.policies {
            let assumed = self.assumed(environment, [&loaded.policy])?;
            let policy = sets::under(&loaded.policy, assumed.as_ref())?;
            let compiled = CompiledPolicy::compile(&policy, &environment.env, &self.model.schema);
            match asker.never_errors(&compiled.map_err(|error| error.to_string())?) {
                Answer::Holds => {}
                Answer::Unknown(reason) => return Err(reason),
                Answer::Fails(found) => {
                    let stage = Stage { model: self.model, environment, set: self.set, beside: Vec::new() };
                    let named = format!("`{}`", loaded.id);
                    let example = stage.replay(&found, |_, replay| {
                        Ok(replay.errors.iter().any(|error| error.contains(&named)))
                    })?;
                    findings.push(finding(environment, vec![loaded.id.clone()], None, Some(example)));
                }
            }
        }
        Ok(if findings.is_empty() { Outcome::Holds { key, cached: false } } else { Outcome::Fails(findings) })
    }
}

/// A request that the second set allows and the first does not, if there is one.
pub(super) fn widened(
    run: &Run<'_>,
    asker: &mut Asker<'_>,
    environment: &Environment,
    before: &Slice,
    after: &Slice,
) -> Result<Option<Box<cedar_policy_symcc::Env>>, String> {
    let all: Vec<&Policy> = before.policies().chain(after.policies()).collect();
    let assumed = run.assumed(environment, all.iter().copied())?;
    // Where what is assumed is false, nothing is permitted, so nothing is wider.
    let inner = after.policies().map(|policy| match policy.effect() {
        Effect::Permit => sets::under(policy, assumed.as_ref()),
        Effect::Forbid => Ok(policy.clone()),
    });
    let inner = run.compile(environment, inner.collect::<Result<Vec<_>, _>>()?)?;
    let outer = run.compile(environment, before.policies().cloned())?;
    match asker.implies(&inner, &outer) {
        Answer::Holds => Ok(None),
        Answer::Unknown(reason) => Err(reason),
        Answer::Fails(found) => Ok(Some(found)),
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
