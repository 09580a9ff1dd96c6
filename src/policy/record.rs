//! The proof record: what was proved, of which policies, by which solver. A server can be told to start with one only.

use std::path::Path;

use serde::Deserialize;
use serde::Serialize;

use crate::policy::PolicyError;
use crate::policy::properties::Properties;

/// The version of the file's format.
const VERSION: u32 = 1;

/// Every profile that one run of `portcullis policy prove` looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProofRecord {
    /// The version of this format.
    pub version: u32,
    /// One for each profile.
    pub proofs: Vec<Proof>,
}

/// What was found out about one profile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Proof {
    /// The profile's directory, or the name of a built-in profile.
    pub profile: String,
    /// The hash of its policies, with those that come from settings.
    pub policy_hash: String,
    /// The hash of the schema.
    pub schema_hash: String,
    /// The solver and its version.
    pub solver: String,
    /// When it was done, in UTC.
    pub time: String,
    /// How long it took.
    pub seconds: f64,
    /// Every property that was asked for.
    pub properties: Vec<Proved>,
}

/// What was found out about one property.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Proved {
    /// Its name.
    pub property: String,
    /// The hash of what it says.
    pub definition: String,
    /// Whether it holds.
    pub result: Verdict,
    /// In how many environments (kind of principal, action, kind of resource) it was asked.
    pub environments: usize,
    /// How many of those were known from an earlier run.
    pub cached: usize,
}

/// Whether a property holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// For every request there can be.
    Proven,
    /// There is a request for which it does not.
    Failed,
    /// The solver could not tell: as good as failed.
    Unknown,
}

impl Verdict {
    /// The word used in reports and records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

impl ProofRecord {
    /// A record of these proofs.
    pub fn new(proofs: Vec<Proof>) -> Self {
        Self { version: VERSION, proofs }
    }

    /// The file's text.
    pub fn to_text(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }
}

impl Proof {
    /// Whether every property holds.
    pub fn holds(&self) -> bool {
        self.properties.iter().all(|proved| proved.result == Verdict::Proven)
    }
}

/// Refuses policies of which the record does not prove all that their profile asks for.
pub(super) fn require(
    file: &Path,
    policy_hash: &str,
    schema_hash: &str,
    properties: &Properties,
) -> Result<(), PolicyError> {
    problem(file, policy_hash, schema_hash, properties).map_or(Ok(()), |problem| {
        let record = file.display().to_string();
        Err(PolicyError::Proof { problem, record })
    })
}

fn problem(file: &Path, policy_hash: &str, schema_hash: &str, properties: &Properties) -> Option<String> {
    let name = file.display();
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) => return Some(format!("cannot read `{name}`: {error}")),
    };
    let record: ProofRecord = match serde_json::from_str(&text) {
        Ok(record) => record,
        Err(error) => return Some(format!("`{name}` is no proof record: {error}")),
    };
    if record.version != VERSION {
        return Some(format!("`{name}` has version {}, and this server reads {VERSION}", record.version));
    }
    let of_set: Vec<&Proof> = record.proofs.iter().filter(|proof| proof.policy_hash == policy_hash).collect();
    if of_set.is_empty() {
        return Some(format!("`{name}` is not of these policies, whose hash is {policy_hash}"));
    }
    let Some(proof) = of_set.into_iter().find(|proof| proof.schema_hash == schema_hash) else {
        return Some(format!("`{name}` is of another version of the server: its schema has changed"));
    };
    if let Some(failed) = proof.properties.iter().find(|proved| proved.result != Verdict::Proven) {
        return Some(format!("`{}` does not hold, says `{name}`", failed.property));
    }
    let missing = properties.all.iter().find(|property| {
        let definition = property.definition();
        !proof.properties.iter().any(|proved| proved.definition == definition)
    });
    missing.map(|property| {
        format!("`{name}` says nothing of `{}` as {} has it now", property.name, properties.file.display())
    })
}
