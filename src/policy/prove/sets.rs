//! Sets of policies, cut down to what one action needs.

use std::collections::BTreeMap;
use std::path::Path;

use cedar_policy::EntityUid;
use cedar_policy::Policy;
use cedar_policy::PolicySet;
use cedar_policy::RequestEnv;
use cedar_policy::Schema;
use cedar_policy_symcc::CompiledPolicySet;
use serde_json::Value;

use crate::policy::EngineSettings;
use crate::policy::PolicyError;
use crate::policy::check::OWN_PREFIX;
use crate::policy::engine::hash_policies;
use crate::policy::engine::load_files;
use crate::policy::engine::takes;
use crate::policy::entities::Chain;
use crate::policy::set;
use crate::policy::set::Loaded;
use crate::policy::set::LoadedPolicy;
use crate::policy::source;
use crate::policy::source::PolicyFile;

/// A set of policies.
#[derive(Debug, Clone)]
pub(super) struct Set {
    pub(super) loaded: BTreeMap<String, LoadedPolicy>,
}

impl Set {
    /// What decides: policies that are only tried have no part in a proof.
    pub(super) fn new(loaded: Loaded) -> Self {
        Self { loaded: loaded.enforced.into_iter().map(|policy| (policy.id.clone(), policy)).collect() }
    }

    /// A file or directory, with the policies that come from settings.
    pub(super) fn read(path: &Path, settings: &EngineSettings, schema: &Schema) -> Result<Self, PolicyError> {
        load_files(source::read_path(path)?, path, settings, schema).map(Self::new)
    }

    /// A set as [`Self::text`] wrote it; `None` if it is another one.
    pub(super) fn recorded(
        path: &Path,
        wanted: &str,
        settings: &EngineSettings,
        schema: &Schema,
    ) -> Result<Option<Self>, PolicyError> {
        let cause = |cause| PolicyError::Read { path: path.to_owned(), cause };
        let text = std::fs::read_to_string(path).map_err(cause)?;
        // It was complete: policies of settings are in it.
        let file = PolicyFile::built_in(&path.display().to_string(), text);
        let set = set::load(&[file], schema, settings).map(Self::new).map_err(PolicyError::Invalid)?;
        Ok((set.hash() == wanted).then_some(set))
    }

    /// Every policy in one text.
    pub(super) fn text(&self) -> String {
        self.loaded.values().map(|policy| policy.canonical.clone() + "\n").collect()
    }

    pub(super) fn hash(&self) -> String {
        hash_policies(&self.loaded.values().cloned().collect::<Vec<_>>())
    }

    /// The operator's own policies: those of settings change with the settings.
    pub(super) fn own(&self) -> Self {
        let own = self.loaded.iter().filter(|(id, _)| !id.starts_with(OWN_PREFIX));
        Self { loaded: own.map(|(id, policy)| (id.clone(), policy.clone())).collect() }
    }

    /// The policies whose scope takes the action. No other can match, fire or err.
    pub(super) fn slice(&self, action: &Chain) -> Slice {
        let taken = self.loaded.values().filter(|loaded| takes(&loaded.policy.action_constraint(), action));
        Slice { policies: taken.cloned().collect() }
    }
}

/// The part of a set that an action needs.
#[derive(Debug, Clone)]
pub(super) struct Slice {
    pub(super) policies: Vec<LoadedPolicy>,
}

impl Slice {
    pub(super) fn hash(&self) -> String {
        hash_policies(&self.policies)
    }

    pub(super) fn policies(&self) -> impl Iterator<Item = &Policy> {
        self.policies.iter().map(|loaded| &loaded.policy)
    }

    pub(super) fn to_set(&self) -> Result<PolicySet, String> {
        policy_set(self.policies().cloned())
    }
}

pub(super) fn policy_set(policies: impl IntoIterator<Item = Policy>) -> Result<PolicySet, String> {
    PolicySet::from_policies(policies).map_err(|error| error.to_string())
}

/// A set as the solver needs it.
pub(super) fn compile(
    policies: impl IntoIterator<Item = Policy>,
    env: &RequestEnv,
    schema: &Schema,
) -> Result<CompiledPolicySet, String> {
    CompiledPolicySet::compile(&policy_set(policies)?, env, schema).map_err(|error| error.to_string())
}

/// The policy with one more condition before its own: where that is false, its own are not looked at and cannot err.
pub(super) fn under(policy: &Policy, condition: Option<&Value>) -> Result<Policy, String> {
    let Some(condition) = condition else { return Ok(policy.clone()) };
    let mut json = policy.to_json().map_err(|error| error.to_string())?;
    let conditions = json.get_mut("conditions").and_then(Value::as_array_mut);
    conditions.ok_or("the policy has no conditions")?.insert(0, condition.clone());
    Policy::from_json(Some(policy.id().clone()), json).map_err(|error| error.to_string())
}

/// The entities that policies name.
pub(super) fn literals<'a>(policies: impl IntoIterator<Item = &'a Policy>) -> Vec<EntityUid> {
    let mut literals: Vec<EntityUid> = policies.into_iter().flat_map(Policy::entity_literals).collect();
    literals.sort();
    literals.dedup();
    literals
}
