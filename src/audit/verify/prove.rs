//! Proofs that a record is in a log: what an auditor needs to check one record, without the log and without our code.

use std::fs::File;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use super::super::merkle::TreeHash;
use super::super::merkle::root_by_proof;
use super::super::note::Checkpoint;
use super::super::note::NoteError;
use super::super::note::SignedCheckpoint;
use super::super::note::VerifierKey;
use super::Finding;
use super::LogName;
use super::Verification;
use super::contents;
use super::file::Examined;
use super::finding::shown;
use super::line::Line;

/// What kind of file it is, so that nobody takes another one for it.
const KIND: &str = "portcullis-audit-proof";

/// The version of the form.
const VERSION: u32 = 1;

/// The most records that are proved at once; a call has a handful.
const MOST: usize = 1000;

/// The proofs of all records of one call or decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProofFile {
    kind: String,
    v: u32,
    /// The call or decision.
    pub id: String,
    /// One for each record.
    pub proofs: Vec<Proof>,
}

/// The proof of one record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// The log file that the record is in.
    pub file: String,
    /// Its place there, from 0: line number less one.
    pub index: u64,
    /// The whole line, without its newline.
    pub record: String,
    /// The RFC 6962 inclusion proof, in base64, from the leaf up.
    pub path: Vec<String>,
    /// The signed checkpoint whose tree it leads to.
    pub checkpoint: String,
}

/// A record that is proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proved {
    /// The file and line.
    pub place: String,
    /// When, as the record says.
    pub time: String,
    /// The stage.
    pub stage: String,
    /// The code.
    pub code: String,
}

/// Why there is no proof.
#[derive(Debug, thiserror::Error)]
pub enum ProveError {
    /// There is no such record.
    #[error("no call and no decision in these files has the id `{0}`")]
    Unknown(String),
    /// More records have the id than a call can have.
    #[error("more than {MOST} records have the id `{0}`")]
    TooMany(String),
    /// What the record is in is not in order.
    #[error("{} is not in order, so nothing in it can be proved: {}; run `audit verify`", .0.file, .0.fault.told().found)]
    Unsound(Box<Finding>),
    /// The record is not signed yet.
    #[error("record {line} of {file} is not signed yet: try again after the next checkpoint")]
    Uncovered {
        /// The file.
        file: String,
        /// The line.
        line: u64,
    },
    /// The file changed or could not be read again.
    #[error("cannot read {file} again: {cause}")]
    Unreadable {
        /// The file.
        file: String,
        /// What failed.
        cause: String,
    },
}

/// Why a proof is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// It is not a file of proofs.
    #[error("it is not a file of proofs: {0}")]
    Form(String),
    /// A checkpoint in it is not one, or not signed with the key.
    #[error("proof {number}: {cause}")]
    Checkpoint {
        /// Which proof, from 1.
        number: usize,
        /// Why not.
        cause: NoteError,
    },
    /// A proof does not lead to what was signed.
    #[error("proof {number}: {cause}; the record is not the one that was signed")]
    Proof {
        /// Which proof, from 1.
        number: usize,
        /// What is wrong.
        cause: &'static str,
    },
}

impl Verification {
    /// Proves every record of a call or decision from files that are in order.
    ///
    /// # Errors
    /// If there is none, or its file is not in order, or the record is not signed yet.
    pub fn prove(&self, id: &str) -> Result<ProofFile, ProveError> {
        let found = self.find();
        if let Some(finding) = found.report.findings.into_iter().next() {
            return Err(ProveError::Unsound(Box::new(finding)));
        }
        let finder = memchr::memmem::Finder::new(id.as_bytes());
        let keep = |line: &[u8]| finder.find(line).is_some() && is_of(line, id);
        let mut proofs = Vec::new();
        for log in found.logs {
            let file = log.examine(&self.keys, &found.kept, keep).map_err(ProveError::Unsound)?;
            if proofs.len() + file.contents.kept.len() > MOST {
                return Err(ProveError::TooMany(id.to_owned()));
            }
            proofs.extend(prove(file)?);
        }
        if proofs.is_empty() {
            return Err(ProveError::Unknown(id.to_owned()));
        }
        Ok(ProofFile { kind: KIND.to_owned(), v: VERSION, id: id.to_owned(), proofs })
    }
}

/// The proofs of the records that were kept from a file.
fn prove(file: Examined) -> Result<Vec<Proof>, ProveError> {
    let name = file.log.name.file();
    let Some((last, _)) = file.contents.kept.last() else { return Ok(Vec::new()) };
    if let Some(finding) = file.findings.into_iter().next() {
        return Err(ProveError::Unsound(Box::new(finding)));
    }
    let covered = file.checkpoint.filter(|(_, checkpoint)| *last < checkpoint.size);
    let Some((note, checkpoint)) = covered else {
        return Err(ProveError::Uncovered { file: name, line: last + 1 });
    };
    let places: Vec<u64> = file.contents.kept.iter().map(|(place, _)| *place).collect();
    let failed = |cause: String| ProveError::Unreadable { file: name.clone(), cause };
    let path: &PathBuf = &file.log.path;
    let paths = contents::proofs(|| File::open(path), file.bytes, checkpoint.size, &places)
        .map_err(|error| failed(error.to_string()))?;
    let note = String::from_utf8(note).map_err(|error| failed(error.to_string()))?;
    let made = file.contents.kept.into_iter().zip(paths).map(|((index, record), path)| {
        let record = String::from_utf8(record).map_err(|error| failed(error.to_string()))?;
        let path = path.iter().map(|hash| STANDARD.encode(hash.as_bytes())).collect();
        Ok(Proof { file: name.clone(), index, record, path, checkpoint: note.clone() })
    });
    made.collect()
}

/// Whether a record is of the call or the decision.
fn is_of(line: &[u8], id: &str) -> bool {
    let Ok(record) = serde_json::from_slice::<Value>(line) else { return false };
    let is = |value: Option<&Value>| value.and_then(Value::as_str) == Some(id);
    is(record.get("call")) || is(record.pointer("/decision/id"))
}

impl ProofFile {
    /// Reads a file of proofs.
    ///
    /// # Errors
    /// If it is not one.
    pub fn read(bytes: &[u8]) -> Result<Self, CheckError> {
        let file: Self =
            serde_json::from_slice(bytes).map_err(|error| CheckError::Form(error.to_string()))?;
        if file.kind != KIND || file.v != VERSION {
            return Err(CheckError::Form(format!("it is not `{KIND}` of version {VERSION}")));
        }
        if file.proofs.is_empty() {
            return Err(CheckError::Form("it proves nothing".to_owned()));
        }
        Ok(file)
    }

    /// The file as JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// Checks every proof; returns what is proved.
    ///
    /// # Errors
    /// If one of them is not good, with the number of the first.
    pub fn check(&self, key: &VerifierKey) -> Result<Vec<Proved>, CheckError> {
        let proofs = self.proofs.iter().zip(1..);
        proofs.map(|(proof, number)| proof.check(&self.id, key, number)).collect()
    }
}

impl Proof {
    fn check(&self, id: &str, key: &VerifierKey, number: usize) -> Result<Proved, CheckError> {
        let note = SignedCheckpoint::read(self.checkpoint.as_bytes());
        let checkpoint = note.and_then(|note| note.verify(key).cloned());
        let checkpoint = checkpoint.map_err(|cause| CheckError::Checkpoint { number, cause })?;
        let wrong = |cause| CheckError::Proof { number, cause };
        let line =
            Line::read(self.record.as_bytes()).map_err(|_| wrong("its record has not the form of one"))?;
        if LogName::read(&self.file).is_none_or(|name| name.origin() != checkpoint.origin) {
            return Err(wrong("its checkpoint is of another file"));
        }
        if !is_of(self.record.as_bytes(), id) {
            return Err(wrong("its record is of another call"));
        }
        if self.root(line.hash, &checkpoint) != Some(checkpoint.root) {
            return Err(wrong("it does not lead to the root of its checkpoint"));
        }
        Ok(self.proved())
    }

    fn root(&self, leaf: TreeHash, checkpoint: &Checkpoint) -> Option<TreeHash> {
        let hash = |text: &String| STANDARD.decode(text).ok().and_then(|bytes| TreeHash::from_slice(&bytes));
        let path: Vec<TreeHash> = self.path.iter().map(hash).collect::<Option<_>>()?;
        root_by_proof(leaf, self.index, checkpoint.size, &path)
    }

    fn proved(&self) -> Proved {
        let record: Value = serde_json::from_str(&self.record).unwrap_or_default();
        let text = |field: &str| record.get(field).and_then(Value::as_str).map(shown).unwrap_or_default();
        Proved {
            place: format!("{}:{}", self.file, self.index.saturating_add(1)),
            time: text("time"),
            stage: text("stage"),
            code: text("code"),
        }
    }
}
