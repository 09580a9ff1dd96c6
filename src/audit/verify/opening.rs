//! What the first and the last record of a file say of other files.

use serde::Deserialize;
use serde::Deserializer;

use super::super::merkle::TreeHash;
use super::super::note::VerifierKey;
use super::finding::RecordFault;
use super::name::LogName;

/// How many other files a first record names at most.
const MOST_HEADS: usize = 64;

/// What the first record of a file tells.
#[derive(Debug, Clone)]
pub(super) struct Opening {
    /// The key that the file's checkpoints are signed with.
    pub(super) key: VerifierKey,
    /// The file whose last record is the one before the first of this file.
    pub(super) continues: Option<Head>,
    /// Other files, as they were when this one began.
    pub(super) heads: Vec<Head>,
}

/// A whole file as another one has seen it.
#[derive(Debug, Clone)]
pub(super) struct Head {
    pub(super) file: LogName,
    pub(super) records: u64,
    pub(super) root: TreeHash,
}

#[derive(Deserialize)]
struct Record {
    checkpoint_key: String,
    // A field that is missing is not one that is null.
    #[serde(deserialize_with = "Option::deserialize")]
    continues: Option<Triple>,
    heads: Vec<Triple>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Triple {
    file: String,
    records: u64,
    root: String,
}

#[derive(Deserialize)]
struct Recovery {
    #[serde(default)]
    checkpoint_key: Option<String>,
}

#[derive(Deserialize)]
struct Closing {
    #[serde(deserialize_with = "log_name")]
    next: LogName,
}

impl Opening {
    /// Reads a first record.
    pub(super) fn read(line: &[u8]) -> Result<Self, RecordFault> {
        Self::of(line).map_err(|cause| RecordFault::Opening { cause })
    }

    fn of(line: &[u8]) -> Result<Self, String> {
        let record: Record = serde_json::from_slice(line).map_err(|error| error.to_string())?;
        if record.heads.len() > MOST_HEADS {
            return Err(format!("`heads` names more than {MOST_HEADS} files"));
        }
        let key = record.checkpoint_key.parse().map_err(|error| format!("`checkpoint_key`: {error}"))?;
        let continues = record.continues.map(Head::of).transpose()?;
        let heads = record.heads.into_iter().map(Head::of).collect::<Result<_, _>>()?;
        Ok(Self { key, continues, heads })
    }

    /// Every file it names.
    pub(super) fn named(&self) -> impl Iterator<Item = &Head> {
        self.continues.iter().chain(&self.heads)
    }
}

impl Head {
    fn of(triple: Triple) -> Result<Self, String> {
        let Triple { file, records, root } = triple;
        let name = LogName::read(&file)
            .ok_or_else(|| format!("`{}` is not the name of a log", file.escape_debug()))?;
        let root =
            TreeHash::from_hex(root.as_bytes()).ok_or_else(|| format!("the root of `{file}` is not one"))?;
        Ok(Self { file: name, records, root })
    }
}

/// The file that a last record of stage `continued` says is the next.
pub(super) fn next(line: &[u8]) -> Result<LogName, RecordFault> {
    let closing: Closing =
        serde_json::from_slice(line).map_err(|error| RecordFault::Closing { cause: error.to_string() })?;
    Ok(closing.next)
}

/// The key that a last record of stage `recovered` names: the process that recovered the file may have another than the
/// one that wrote it.
pub(super) fn recovery_key(line: &[u8]) -> Result<Option<VerifierKey>, RecordFault> {
    let closing = |cause: String| RecordFault::Closing { cause };
    let recovery: Recovery = serde_json::from_slice(line).map_err(|error| closing(error.to_string()))?;
    let key = recovery.checkpoint_key.map(|key| key.parse()).transpose();
    key.map_err(|error| closing(format!("`checkpoint_key`: {error}")))
}

fn log_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<LogName, D::Error> {
    let file = String::deserialize(deserializer)?;
    LogName::read(&file).ok_or_else(|| serde::de::Error::custom("it is not the name of a log"))
}
