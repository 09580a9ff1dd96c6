//! What a change of policies changes: for all requests, each cause with one concrete call.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

use cedar_policy::Effect;
use serde::Serialize;

use super::Prover;
use super::ask;
use super::ask::Asker;
use super::cache::Cache;
use super::checks::Run;
use super::checks::finding;
use super::checks::widened;
use super::example::Example;
use super::example::Shown;
use super::example::Stage;
use super::how_often;
use super::how_often::LimitChange;
use super::model::Call;
use super::model::Environment;
use super::model::Groups;
use super::model::Model;
use super::report;
use super::report::Finding;
use super::sets;
use super::sets::Set;
use crate::policy::EngineSettings;
use crate::policy::PolicyError;
use crate::policy::PolicySource;
use crate::policy::ToolFacts;

/// What became of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The new set alone has it.
    Added,
    /// The old set alone has it.
    Removed,
    /// Both have it, with another text.
    Changed,
}

impl Kind {
    /// The word used in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
        }
    }
}

/// A policy to which a change is due.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Cause {
    /// What became of it.
    pub kind: Kind,
    /// Its id.
    pub policy: String,
    /// `permit` or `forbid`.
    pub effect: String,
    /// The file it is in, or was.
    pub file: String,
}

/// Calls whose outcome changes for one reason.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// The policies it is due to.
    pub causes: Vec<Cause>,
    /// The kinds of call.
    pub calls: Vec<Call>,
    /// One of them, as the set decides it that allows it.
    pub example: Example,
    /// The policies that forbid it in the other set; none if nothing permits it there.
    pub denied_by: Vec<String>,
}

/// All that changes between two sets.
#[derive(Debug, Clone, Serialize)]
pub struct DiffReport {
    /// The hash of the old set.
    pub old_hash: String,
    /// The hash of the new set.
    pub new_hash: String,
    /// The solver and its version.
    pub solver: String,
    /// How long it took.
    pub seconds: f64,
    /// What is allowed now and was not.
    pub widened: Vec<Change>,
    /// What was allowed and is not now.
    pub narrowed: Vec<Change>,
    /// What is allowed more often or less often.
    pub limits: Vec<LimitChange>,
    /// Policies that differ, and no call was found whose outcome that changes.
    pub without_effect: Vec<Cause>,
    /// What could not be told.
    pub unknown: Vec<Finding>,
    /// How actions are grouped.
    #[serde(skip)]
    pub groups: Groups,
}

pub(super) fn diff(
    prover: &Prover,
    tools: &[ToolFacts],
    old: &Path,
    new: &Path,
) -> Result<DiffReport, PolicyError> {
    let began = Instant::now();
    let model = Model::new(tools)?;
    let read = |path: &Path| {
        let settings = EngineSettings::alone(PolicySource::Directory(path.to_owned()));
        Set::read(path, &settings, &model.schema)
    };
    let pair = Pair { old: read(old)?, new: read(new)? };
    let cache = Cache::default();
    let run = Run { model: &model, set: &pair.new, cache: &cache };
    let changed: Vec<&Environment> = model
        .environments
        .iter()
        .filter(|environment| {
            pair.old.slice(&environment.action).hash() != pair.new.slice(&environment.action).hash()
        })
        .collect();
    let asked = ask::run(prover, &changed, |asker, environment| {
        [
            pair.steps(&run, asker, environment, &pair.old, &pair.new),
            pair.steps(&run, asker, environment, &pair.new, &pair.old),
        ]
    });
    let asked = asked.map_err(|error| PolicyError::Prover(error.to_string()))?;
    let (mut widened, mut narrowed, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
    for (environment, [wider, narrower]) in changed.iter().zip(asked) {
        for (steps, into) in [(wider, &mut widened), (narrower, &mut narrowed)] {
            into.extend(steps.changes);
            unknown
                .extend(steps.problem.map(|problem| finding(environment, Vec::new(), Some(problem), None)));
        }
    }
    let (widened, narrowed) = (gather(widened), gather(narrowed));
    let shown: BTreeSet<&String> = widened
        .iter()
        .chain(&narrowed)
        .flat_map(|change| change.causes.iter().map(|cause| &cause.policy))
        .collect();
    let limits = how_often::changes(&pair.old, &pair.new, &model.schema);
    let has_effect = |cause: &Cause| {
        shown.contains(&cause.policy) || limits.iter().any(|limit| limit.policy == cause.policy)
    };
    let without_effect = pair.differing().into_iter().filter(|cause| !has_effect(cause)).collect();
    Ok(DiffReport {
        old_hash: pair.old.hash(),
        new_hash: pair.new.hash(),
        solver: prover.solver.version().to_owned(),
        seconds: (began.elapsed().as_secs_f64() * 1e3).round() / 1e3,
        widened,
        narrowed,
        limits,
        without_effect,
        unknown: report::gather(unknown),
        groups: model.groups(),
    })
}

/// The two sets.
struct Pair {
    old: Set,
    new: Set,
}

/// What was found in one environment, and what could not be told.
#[derive(Default)]
struct Steps {
    changes: Vec<Change>,
    problem: Option<String>,
}

/// One cause, and the change it makes; none if it makes that only with a cause that was undone before.
struct Step {
    causes: Vec<String>,
    change: Option<Change>,
}

impl Pair {
    /// What `after` allows and `before` does not. A cause that was found is undone, so that it does not hide the next.
    fn steps(
        &self,
        run: &Run<'_>,
        asker: &mut Asker<'_>,
        environment: &Environment,
        before: &Set,
        after: &Set,
    ) -> Steps {
        let mut steps = Steps::default();
        let mut current = after.clone();
        for _ in 0..=before.loaded.len() + after.loaded.len() {
            match self.step(run, asker, environment, [before, after, &current]) {
                Ok(None) => break,
                Ok(Some(Step { causes, change })) => {
                    for id in &causes {
                        match before.loaded.get(id) {
                            Some(policy) => _ = current.loaded.insert(id.clone(), policy.clone()),
                            None => _ = current.loaded.remove(id),
                        }
                    }
                    steps.changes.extend(change);
                }
                Err(problem) => {
                    steps.problem = Some(problem);
                    break;
                }
            }
        }
        steps
    }

    /// The next cause.
    fn step(
        &self,
        run: &Run<'_>,
        asker: &mut Asker<'_>,
        environment: &Environment,
        [before, after, current]: [&Set; 3],
    ) -> Result<Option<Step>, String> {
        let outer = before.slice(&environment.action);
        let Some(Shown { example, world }) = widened(run, asker, environment, current, &outer)? else {
            return Ok(None);
        };
        let stage = Stage { model: run.model, environment, set: current, beside: Vec::new() };
        let denied = stage.ask(&world, &outer.to_set()?)?;
        // What is denied by forbids is due to them alone where the permits were there before.
        let permitting =
            sets::policy_set(outer.policies().filter(|policy| policy.effect() == Effect::Permit).cloned())?;
        let mut causes = denied.policies.clone();
        if !stage.ask(&world, &permitting)?.allowed {
            causes.extend(example.policies.iter().cloned());
        }
        let differs = |id: &String| {
            let text = |set: &Set| set.loaded.get(id).map(|policy| policy.canonical.clone());
            text(before) != text(current)
        };
        if causes.is_empty() || !causes.iter().any(differs) {
            return Err("the sets differ on a call, and no policy that decides it does".to_owned());
        }
        let change =
            stage.ask(&world, &after.slice(&environment.action).to_set()?)?.allowed.then(|| Change {
                causes: causes.iter().filter_map(|id| self.cause(id)).collect(),
                calls: vec![environment.call.clone()],
                example,
                denied_by: denied.policies,
            });
        Ok(Some(Step { causes, change }))
    }

    fn cause(&self, id: &str) -> Option<Cause> {
        let (kind, policy) = match (self.old.loaded.get(id), self.new.loaded.get(id)) {
            (Some(old), Some(new)) if old.canonical == new.canonical => return None,
            (Some(_), Some(new)) => (Kind::Changed, new),
            (None, Some(new)) => (Kind::Added, new),
            (Some(old), None) => (Kind::Removed, old),
            (None, None) => return None,
        };
        let effect = policy.policy.effect().to_string();
        Some(Cause { policy: id.to_owned(), kind, effect, file: policy.file.clone() })
    }

    /// Every policy that is not the same in both.
    fn differing(&self) -> Vec<Cause> {
        let ids: BTreeSet<&String> = self.old.loaded.keys().chain(self.new.loaded.keys()).collect();
        ids.into_iter().filter_map(|id| self.cause(id)).collect()
    }
}

/// Puts calls together that change for one reason; the first example stays.
fn gather(changes: Vec<Change>) -> Vec<Change> {
    let mut by_cause: BTreeMap<Vec<Cause>, Change> = BTreeMap::new();
    for mut change in changes {
        change.causes.sort();
        match by_cause.get_mut(&change.causes) {
            Some(known) => known.calls.extend(change.calls),
            None => _ = by_cause.insert(change.causes.clone(), change),
        }
    }
    by_cause.into_values().collect()
}
