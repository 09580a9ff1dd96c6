//! Why a call is allowed or denied, policy by policy, and what would have to change.
//!
//! The decision is the engine's. Beside it, every policy that takes the action is asked alone, and of one that does not
//! match every part is asked alone, so that the part that fails can be named with the line it stands on.

mod advice;
mod anatomy;
mod reads;
mod scene;

use serde::Serialize;

use crate::policy::Access;
use crate::policy::Allowed;
use crate::policy::Denied;
use crate::policy::DenyReason;
use crate::policy::Engine;
use crate::policy::EngineSettings;
use crate::policy::InputField;
use crate::policy::InputKind;
use crate::policy::InputValue;
use crate::policy::PolicyError;
use crate::policy::Question;
use crate::policy::Read;
use crate::policy::Resource;
use crate::policy::Sample;
use crate::policy::ToolFacts;
use crate::policy::Tried;
use crate::policy::Write;
use crate::policy::engine::takes;
use crate::policy::schema::view_action;
use crate::policy::set::LoadedPolicy;
pub(super) use reads::Reads;
use scene::Scene;

/// The policies with the engine that decides by them, to be asked why.
#[derive(Debug)]
pub struct Explainer {
    pub(super) engine: Engine,
    pub(super) loaded: Vec<LoadedPolicy>,
    pub(super) actions: cedar_policy::Entities,
}

/// Why a call is allowed or denied.
#[derive(Debug, Clone, Serialize)]
pub struct Explanation {
    /// Who asks, as Cedar names them.
    pub principal: String,
    /// Their groups.
    pub groups: Vec<String>,
    /// The tool; none where it was only asked whether something may be seen.
    pub tool: Option<String>,
    /// Whether the call is allowed.
    pub allowed: bool,
    /// Why it is denied, in a word: `not_visible`, `policy`, `no_policy`, `limit`, `error`.
    pub reason: Option<String>,
    /// The policies that decided.
    pub deciding: Vec<String>,
    /// How often it is allowed, where only limited permits allow it. Nothing is counted here.
    pub limits: Vec<PermitLimit>,
    /// What went wrong while it was decided.
    pub errors: Vec<String>,
    /// One for each question the policies were asked, in order.
    pub steps: Vec<Step>,
    /// What would have to change for a denied call to be allowed.
    pub change: Vec<String>,
    /// What would be decided if the policies that are only tried were in force, where that matters.
    pub shadow: Option<ShadowFinding>,
    /// The hash of the set.
    pub policy_hash: String,
    /// The hash of the schema.
    pub schema_hash: String,
}

/// How often a permit may be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PermitLimit {
    /// The permit.
    pub policy: String,
    /// The file it is in.
    pub file: String,
    /// The line it begins on.
    pub line: usize,
    /// How often, as it is written.
    pub limit: String,
}

/// What would be decided if the policies that are only tried were in force with the others.
#[derive(Debug, Clone, Serialize)]
pub struct ShadowFinding {
    /// Whether the call would be allowed.
    pub allowed: bool,
    /// Why it would be denied, in a word.
    pub reason: Option<String>,
    /// Those of the policies that are only tried that would decide.
    pub deciding: Vec<String>,
}

impl From<Tried> for ShadowFinding {
    fn from(tried: Tried) -> Self {
        Self {
            allowed: tried.denied.is_none(),
            reason: tried.denied.map(|reason| reason.as_str().to_owned()),
            deciding: tried.policies,
        }
    }
}

/// One question: this action on this resource.
#[derive(Debug, Clone, Serialize)]
pub struct Step {
    /// The action: the tool, or seeing the object.
    pub action: String,
    /// What it is on.
    pub resource: String,
    /// The project or space that lies in.
    pub place: Option<String>,
    /// Whether it is allowed.
    pub allowed: bool,
    /// What is not known, so that the policies cannot be asked and it is denied.
    pub error: Option<String>,
    /// The policies that decided it.
    pub deciding: Vec<String>,
    /// Every policy whose scope takes the action.
    pub policies: Vec<Finding>,
}

/// What one policy says, asked alone.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// Its id.
    pub policy: String,
    /// `permit` or `forbid`.
    pub effect: String,
    /// The file it is in.
    pub file: String,
    /// The line it begins on.
    pub line: usize,
    /// Whether it matches.
    pub matches: bool,
    /// What its scope and its conditions say of this call, part by part; only parts that say something.
    pub parts: Vec<PartFinding>,
    /// Why it could not be evaluated.
    pub error: Option<String>,
}

/// What one part of a policy says.
#[derive(Debug, Clone, Serialize)]
pub struct PartFinding {
    /// `principal`, `action`, `resource`, `when` or `unless`.
    pub part: &'static str,
    /// Its text.
    pub text: String,
    /// The line it stands on.
    pub line: usize,
    /// Whether it lets the policy match; none where an earlier part that fails keeps it from being asked.
    pub holds: Option<bool>,
    /// The values it looks at, in this call.
    pub values: Vec<String>,
}

impl Explanation {
    /// Makes it one of a call whose limits, those of these permits, were used up.
    pub fn used_up(&mut self, permits: &[String]) {
        self.limits.retain(|limit| permits.contains(&limit.policy));
        if self.limits.is_empty() {
            return;
        }
        self.allowed = false;
        self.reason = Some(DenyReason::Limit.as_str().to_owned());
        let raise = |PermitLimit { policy, file, line, limit }: &PermitLimit| {
            format!("raise `@limit(\"{limit}\")` of `{policy}` ({file}:{line})")
        };
        let raise: Vec<String> = self.limits.iter().map(raise).collect();
        self.change = vec![format!(
            "the caller may go on when the count starts anew, which the answer said; to allow more, {}",
            raise.join(" or ")
        )];
    }
}

impl Explainer {
    /// Reads the policies as [`Engine::load`] does.
    ///
    /// # Errors
    /// Those of [`Engine::load`].
    pub fn load(tools: &[ToolFacts], settings: &EngineSettings) -> Result<Self, PolicyError> {
        let (engine, loaded) = Engine::load_with_policies(tools, settings)?;
        let actions = engine.schema.action_entities();
        let actions = actions.map_err(|error| PolicyError::Tools(error.to_string()))?;
        Ok(Self { engine, loaded, actions })
    }

    /// The engine that decides.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The ids of all policies, also of those that are only tried.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        let tried = self.engine.shadow.iter().flat_map(|shadow| shadow.ids.iter().map(String::as_str));
        self.loaded.iter().map(|policy| policy.id.as_str()).chain(tried)
    }

    /// The inputs of the sample's tool that some policy on it looks at, by the name of the argument.
    pub fn inputs_needed<'s>(&self, sample: &'s Sample) -> Vec<&'s InputField> {
        let Some(tool) = &sample.tool else { return Vec::new() };
        let reads: Vec<Reads> = self.candidates(tool.name).map(|policy| Reads::of(&policy.policy)).collect();
        let needed = |field: &&InputField| reads.iter().any(|reads| reads.input(&field.attribute()));
        tool.input.iter().filter(needed).collect()
    }

    /// The values of the session that some policy on the sample's tool or on seeing looks at.
    pub fn session_needed(&self, sample: &Sample) -> Vec<String> {
        let tool = sample.tool.iter().map(|tool| tool.name);
        let views = sample.resources.iter().map(|resource| view_action(resource.product()));
        let reads = tool.chain(views).flat_map(|action| self.candidates(action));
        let mut names: Vec<String> = reads.flat_map(|policy| Reads::of(&policy.policy).session).collect();
        names.sort();
        names.dedup();
        names
    }

    /// Decides the call and says why.
    ///
    /// # Errors
    /// If the sample lacks something without which the policies cannot be asked.
    pub fn explain(&self, sample: &Sample) -> Result<Explanation, String> {
        if sample.resources.is_empty() {
            return Err("no resource is named, so there is nothing to decide on".to_owned());
        }
        for resource in sample.tool.iter().flat_map(|_| &sample.resources) {
            Self::check_kind(sample, resource)?;
        }
        let sample = self.completed(sample)?;
        let (deciding, denied, tried) = self.decide(&sample);
        let steps = self.steps(&sample)?;
        let groups = sample.principal.groups.iter().flatten().cloned().collect();
        let allowed = denied.is_none() && (sample.tool.is_some() || steps.iter().all(|step| step.allowed));
        let reason = match &denied {
            Some(denied) => Some(denied.reason.as_str().to_owned()),
            None => (!allowed).then(|| "not_visible".to_owned()),
        };
        let change = advice::changes(self, &sample, &steps);
        let errors = match denied {
            Some(denied) => denied.errors,
            None => steps.iter().filter_map(|step| step.error.clone()).collect(),
        };
        Ok(Explanation {
            principal: sample.principal.to_string(),
            groups,
            tool: sample.tool.as_ref().map(|tool| tool.name.to_owned()),
            limits: if allowed { self.limits(&steps) } else { Vec::new() },
            allowed,
            reason,
            deciding,
            errors,
            change: if allowed { Vec::new() } else { change },
            shadow: tried.map(ShadowFinding::from),
            steps,
            policy_hash: self.engine.policy_hash().to_owned(),
            schema_hash: self.engine.schema_hash().to_owned(),
        })
    }

    /// The limits of the permits of those objects for which there is no permit without one.
    fn limits(&self, steps: &[Step]) -> Vec<PermitLimit> {
        let mut limits: Vec<PermitLimit> = Vec::new();
        for step in steps {
            let limited = |id: &String| {
                let limit = self.engine.limits.get(id)?.written();
                let policy = self.loaded.iter().find(|policy| policy.id == *id)?;
                Some(PermitLimit { policy: id.clone(), file: policy.file.clone(), line: policy.line, limit })
            };
            let all: Option<Vec<PermitLimit>> = step.deciding.iter().map(limited).collect();
            limits.extend(all.unwrap_or_default());
        }
        limits.sort_by(|left, right| left.policy.cmp(&right.policy));
        limits.dedup();
        limits
    }

    /// What the engine says: the policies that decide, the denial if it is one, and what those that are only tried do.
    fn decide(&self, sample: &Sample) -> (Vec<String>, Option<Denied>, Option<Tried>) {
        let Some(tool) = &sample.tool else { return (Vec::new(), None, None) };
        let question = Question {
            principal: &sample.principal,
            session: &sample.session,
            tool: tool.name,
            resources: &sample.resources,
            input: &sample.input,
            observed: &sample.observed,
        };
        let decided = match tool.access {
            Access::Read => self.engine.review::<Read>(&question).map(Allowed::into_decision),
            Access::Write => self.engine.review::<Write>(&question).map(Allowed::into_decision),
        };
        match decided {
            Ok(decision) => (decision.policies, None, decision.shadow),
            Err(denied) => (denied.policies.clone(), Some(denied.clone()), denied.asked.shadow),
        }
    }

    fn check_kind(sample: &Sample, resource: &Resource) -> Result<(), String> {
        let Some(tool) = &sample.tool else { return Ok(()) };
        if tool.resources.contains(&resource.kind()) {
            return Ok(());
        }
        let kinds: Vec<&str> = tool.resources.iter().map(|kind| kind.type_name()).collect();
        Err(format!("`{}` is never on `{resource}`; it is on {}", tool.name, kinds.join(" or ")))
    }

    /// Fills in arguments that every call has and no policy looks at.
    fn completed(&self, sample: &Sample) -> Result<Sample, String> {
        let mut sample = sample.clone();
        let Some(tool) = sample.tool.clone() else { return Ok(sample) };
        for field in tool.input.iter().filter(|field| field.required) {
            if sample.input.contains_key(&field.name) {
                continue;
            }
            let attribute = field.attribute();
            let reading =
                self.candidates(tool.name).find(|policy| Reads::of(&policy.policy).input(&attribute));
            if let Some(policy) = reading {
                let (id, name) = (&policy.id, &field.name);
                return Err(format!(
                    "the policy `{id}` looks at `context.input.{attribute}`: say what `{name}` is"
                ));
            }
            let value = match field.kind {
                InputKind::Text => InputValue::Text(String::new()),
                InputKind::Number | InputKind::Length => InputValue::Number(0),
                InputKind::Flag => InputValue::Flag(false),
            };
            sample.input.insert(field.name.clone(), value);
        }
        Ok(sample)
    }

    /// Every object is asked about first, then the tool.
    fn steps(&self, sample: &Sample) -> Result<Vec<Step>, String> {
        let mut steps = Vec::new();
        for resource in &sample.resources {
            if !matches!(resource.place(), Resource::Instance(_)) {
                steps.push(self.step(sample, view_action(resource.product()), None, resource)?);
            }
        }
        for resource in sample.tool.iter().flat_map(|_| &sample.resources) {
            let tool = sample.tool.as_ref();
            steps.push(self.step(sample, tool.map_or("", |tool| tool.name), tool, resource)?);
        }
        Ok(steps)
    }

    fn step(
        &self,
        sample: &Sample,
        action: &str,
        tool: Option<&ToolFacts>,
        resource: &Resource,
    ) -> Result<Step, String> {
        let scene = Scene::new(self, sample, action, tool, resource)?;
        let policies: Vec<Finding> = self.candidates(action).map(|policy| scene.finding(policy)).collect();
        let matched = |effect: &str| -> Vec<String> {
            let matched = policies.iter().filter(|finding| finding.matches && finding.effect == effect);
            matched.map(|finding| finding.policy.clone()).collect()
        };
        let (permits, forbids) = (matched("permit"), matched("forbid"));
        let viewer = self.engine.viewer(&sample.principal, &sample.session, &sample.observed);
        let error = match tool {
            Some(tool) => viewer.missing_for(tool.name, resource),
            None => viewer.missing(resource),
        };
        let erred = error.is_some() || policies.iter().any(|finding| finding.error.is_some());
        let allowed = !permits.is_empty() && forbids.is_empty() && !erred;
        let deciding = if forbids.is_empty() { permits } else { forbids };
        let at = &sample.session.instance;
        Ok(Step {
            action: action.to_owned(),
            resource: resource.named_in(at),
            place: resource.around().map(|place| place.named_in(at)),
            allowed,
            deciding: if error.is_some() { Vec::new() } else { deciding },
            error,
            policies,
        })
    }

    /// The policies whose scope takes the action.
    pub(super) fn candidates<'s>(&'s self, action: &str) -> impl Iterator<Item = &'s LoadedPolicy> + use<'s> {
        let chain = self.engine.types.action_chain(&self.actions, action);
        self.loaded.iter().filter(move |policy| takes(&policy.action, &chain))
    }
}
