//! What each property is about: the permits that must allow nothing, the set that must not be widened.

use std::collections::BTreeSet;
use std::path::Path;
use std::str::FromStr;

use cedar_policy::Effect;
use cedar_policy::Policy;
use cedar_policy::PolicyId;
use cedar_policy::PolicySet;
use cedar_policy::ValidationMode;
use cedar_policy::Validator;

use super::Prover;
use super::cache;
use super::model::Model;
use super::sets;
use super::sets::Set;
use crate::policy::EngineSettings;
use crate::policy::PolicyError;
use crate::policy::PolicySource;
use crate::policy::check;
use crate::policy::engine::load_policies;
use crate::policy::properties::Demand;
use crate::policy::properties::Properties;
use crate::policy::properties::Property;

/// A property with what it is compared to.
pub(super) struct Target<'a> {
    pub(super) property: &'a Property,
    pub(super) test: Test,
}

pub(super) enum Test {
    /// These permits, of which the set must allow nothing.
    Never(Vec<Policy>),
    /// The other set.
    NoWidening(Set),
    NeverErrors,
    /// Asked for each policy, not for each environment.
    NoDeadPolicies,
}

/// What a property asks for, read and checked.
pub(super) fn target<'a>(
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
    if let Some(problem) = literals.iter().find_map(check::literal) {
        return Err(problem);
    }
    let named = set
        .policies()
        .map(|policy| policy.new_id(PolicyId::new(format!("{}never:{}", check::OWN_PREFIX, policy.id()))));
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
        let base = properties.file.parent().unwrap_or_else(|| Path::new("."));
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
