//! What `portcullis policy check` says of a directory that is in order.

use std::path::Path;

use crate::policy::EngineSettings;
use crate::policy::PolicyError;
use crate::policy::PolicySource;
use crate::policy::Problem;
use crate::policy::ToolFacts;
use crate::policy::blind;
use crate::policy::engine::hash;
use crate::policy::engine::hash_policies;
use crate::policy::engine::load_policies;
use crate::policy::engine::schema;
use crate::policy::idle;
use crate::policy::overruled;
use crate::policy::schema::schema_text;

/// What `portcullis policy check` shows of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The policies, sorted by id.
    pub policies: Vec<PolicySummary>,
    /// What is likely not meant, though it is valid.
    pub warnings: Vec<Problem>,
    /// The hash of the set.
    pub policy_hash: String,
    /// The hash of the schema it was checked against.
    pub schema_hash: String,
}

/// One policy in a [`Summary`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicySummary {
    /// Its `@id`.
    pub id: String,
    /// `permit` or `forbid`.
    pub effect: String,
    /// The file it is in.
    pub file: String,
    /// Whether it is only tried.
    pub shadow: bool,
    /// How often a caller may use it, as it is written.
    pub limit: Option<String>,
}

/// Reads and checks a directory as a server would that runs with it.
pub fn check_directory(path: &Path, tools: &[ToolFacts]) -> Result<Summary, PolicyError> {
    let settings = EngineSettings::alone(PolicySource::Directory(path.to_owned()));
    let text = schema_text(tools);
    let schema = schema(tools, &text)?;
    let loaded = load_policies(&settings, &schema)?;
    let blind = blind::problems(&loaded.enforced, &schema, tools);
    let overruled = overruled::problems(&loaded.enforced, &schema);
    if !blind.is_empty() {
        // A forbid of everything may be why.
        return Err(PolicyError::Invalid(overruled.into_iter().chain(blind).collect()));
    }
    let policies = loaded
        .together()
        .iter()
        .map(|policy| PolicySummary {
            id: policy.id.clone(),
            shadow: policy.is_shadow(),
            limit: policy.policy.annotation("limit").map(str::to_owned),
            effect: policy.policy.effect().to_string(),
            file: policy.file.clone(),
        })
        .collect();
    let mut warnings = loaded.warnings;
    warnings.extend(overruled);
    warnings.extend(idle::find(&loaded.enforced, &schema).iter().map(idle::Idle::problem));
    Ok(Summary {
        policies,
        warnings,
        policy_hash: hash_policies(&loaded.enforced),
        schema_hash: hash([text.as_bytes()]),
    })
}
